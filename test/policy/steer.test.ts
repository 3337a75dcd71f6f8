/** Names with several addresses, some inside the zone and some not. */

import { describe, expect, test } from 'vitest'
import { ANONYMOUS } from '../../src/model/agent.ts'
import type { Place } from '../../src/model/destination.ts'
import type { Placement } from '../../src/model/placement.ts'
import type { Regions } from '../../src/model/region.ts'
import { assess } from '../../src/policy/decide.ts'
import { type Answers, steer } from '../../src/policy/steer.ts'
import { destination, ip } from '../support/nouns.ts'
import { ask, policyOf, rule } from './support.ts'

const EU = { name: 'EU', countries: new Set(['DE', 'FR']) }

/** A destination with one address for each set. */
function mixed(...all: Regions[]) {
  const places: Place[] = all.map((regions, i) => ({
    address: ip(`192.0.2.${i + 1}`),
    regions,
    network: regions,
  }))
  return destination({
    addresses: places.map(({ address }) => address),
    places,
    regions: [...new Set(all.flat())].sort(),
    evidence: places.map(({ address, regions }) => ({
      kind: 'table',
      source: 't',
      asOf: null,
      claim: regions,
      strength: 'strong',
      address: address.text,
      detail: 'd',
      discarded: null,
    })),
  })
}

describe('steering keeps the addresses inside', () => {
  test.each<[string, Regions[], string[], Regions]>([
    ['one of two', [['DE'], ['US']], ['192.0.2.1'], ['DE']],
    ['the second', [['US'], ['FR']], ['192.0.2.2'], ['FR']],
    ['two of three', [['DE'], ['US'], ['FR']], ['192.0.2.1', '192.0.2.3'], ['DE', 'FR']],
    ['not one that may be outside', [['DE'], ['DE', 'US']], ['192.0.2.1'], ['DE']],
    ['not one that nobody knows', [['DE'], []], ['192.0.2.1'], ['DE']],
    ['all are inside', [['DE'], ['FR']], ['192.0.2.1', '192.0.2.2'], ['DE', 'FR']],
    ['none is', [['US'], ['CA']], ['192.0.2.1', '192.0.2.2'], ['CA', 'US']],
    ['none surely', [['DE', 'US'], ['*']], ['192.0.2.1', '192.0.2.2'], ['*', 'DE', 'US']],
  ])('%s', (_, all, kept, regions) => {
    const steered = steer(mixed(...all), EU)
    expect(steered.addresses.map(({ text }) => text)).toEqual(kept)
    expect(steered.regions).toEqual(regions)
    expect(steered.addresses.length + steered.dropped.length).toBe(all.length)
  })

  test('the others are on record', () => {
    const { dropped, evidence, why } = steer(mixed(['DE'], ['US']), EU)
    expect(dropped.map(({ address }) => address.text)).toEqual(['192.0.2.2'])
    expect(evidence.map(({ discarded }) => discarded)).toEqual([
      null,
      'not dialled: other addresses are inside the zone',
    ])
    expect(why).toContain('only 192.0.2.1 may be dialled')
  })
})

describe('what a mixed answer counts as', () => {
  test.each<[Answers, Regions[], Placement]>([
    ['any', [['DE'], ['US']], 'straddling'],
    ['strict', [['DE'], ['US']], 'outside'],
    ['strict', [['DE'], ['DE', 'US']], 'straddling'],
    ['strict', [['DE'], ['FR']], 'inside'],
    ['strict', [['US'], ['CA']], 'outside'],
  ])('%s, %j: %s', (answers, all, placement) => {
    const policy = policyOf({ home: ['DE', 'FR'] }, { answers })
    const asking = { agent: ANONYMOUS, scheme: 'https', creates: null }
    expect(assess(policy, asking, mixed(...all)).placement).toBe(placement)
  })
})

describe('rules on the way and on what is created', () => {
  const transit = policyOf({ rules: [rule('way', 'block', { transit: ['outside', 'unknown'] })] })
  test.each<[Regions, string]>([
    [['DE'], 'allow'],
    [['US'], 'block'],
    [[], 'block'],
    [['DE', 'US'], 'allow'],
  ])('the way lies in %j: %s', (network, action) => {
    expect(ask(transit, { regions: ['DE'], network }).action).toBe(action)
  })

  const creates = policyOf({ rules: [rule('abroad', 'block', { creates: 'outside' })] })
  test.each<[Regions | null | 'unseen', string]>([
    [null, 'allow'],
    [['DE'], 'allow'],
    [['US'], 'block'],
    [[], 'allow'],
    // Inside a tunnel that is not looked into, it could be anything.
    ['unseen', 'block'],
  ])('a request that creates in %j: %s', (where, action) => {
    expect(ask(creates, { regions: ['DE'], creates: where }).action).toBe(action)
  })

  test('a permission is not given for what is out of sight', () => {
    const policy = policyOf({ rules: [rule('here', 'allow', { creates: 'inside' })] })
    expect(ask(policy, { regions: ['US'], creates: ['DE'] }).action).toBe('allow')
    expect(ask(policy, { regions: ['US'], creates: 'unseen' }).action).toBe('block')
  })
})
