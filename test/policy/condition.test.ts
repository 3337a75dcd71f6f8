/** What each condition answers: yes, maybe where something is hidden or can be read two ways, no. */

import { describe, expect, test } from 'vitest'
import { ANONYMOUS } from '../../src/model/agent.ts'
import {
  type DestinationFacts,
  onAgent,
  onGroup,
  onHost,
  onMethod,
  onPlacement,
  onPort,
  onScheme,
  onZone,
  type Truth,
  toRequestFacts,
} from '../../src/policy/condition.ts'
import { compileHostPattern } from '../../src/policy/pattern.ts'
import { token } from './support.ts'

const facts = (changes: Partial<DestinationFacts> = {}): DestinationFacts => ({
  placement: 'inside',
  regions: ['DE'],
  transit: 'inside',
  creates: null,
  host: 'api.test',
  port: 443,
  scheme: 'https',
  agent: ANONYMOUS,
  ...changes,
})

describe('zone: where the data may be processed', () => {
  const nearby = { name: 'nearby', countries: new Set(['DE', 'FR']) }
  test.each<[regions: string[], truth: Truth]>([
    [['DE'], 'yes'],
    [['DE', 'FR'], 'yes'],
    [['DE', 'US'], 'maybe'],
    [['US'], 'no'],
    [['CA', 'US'], 'no'],
    [['*'], 'maybe'],
    [[], 'maybe'],
  ])('%j: %s', (regions, truth) => {
    expect(onZone(nearby).test(facts({ regions }))).toBe(truth)
  })
})

describe('method', () => {
  test.each<[wanted: string[], method: string | null, truth: Truth]>([
    [['POST'], 'POST', 'yes'],
    [['POST'], 'GET', 'no'],
    [['POST', 'PUT'], 'PUT', 'yes'],
    [['POST'], 'post', 'maybe'],
    [['POST'], 'PoSt', 'maybe'],
    [['POST'], 'POSTS', 'no'],
    [['POST'], null, 'maybe'],
  ])('%j, %s: %s', (wanted, method, truth) => {
    expect(onMethod(wanted).test(toRequestFacts({ method, path: null }))).toBe(truth)
  })
})

describe('scheme', () => {
  test.each<[wanted: string[], scheme: string, truth: Truth]>([
    [['https'], 'https', 'yes'],
    [['https'], 'http', 'no'],
    [['http', 'https'], 'http', 'yes'],
    // In a tunnel nobody looked into, it could be either.
    [['https'], 'tcp', 'maybe'],
    [['http'], 'tcp', 'maybe'],
  ])('%j, %s: %s', (wanted, scheme, truth) => {
    expect(onScheme(wanted).test(facts({ scheme }))).toBe(truth)
  })
})

describe('what is always in sight is yes or no', () => {
  const hosts = ['api.test', '*.example'].flatMap((text) => {
    const pattern = compileHostPattern(text)
    return 'value' in pattern ? [pattern.value] : []
  })
  test.each([
    ['placement', onPlacement(['outside', 'inside']), {}, 'yes'],
    ['placement', onPlacement(['outside']), {}, 'no'],
    ['placement', onPlacement(['outside']), { placement: 'unknown' }, 'no'],
    ['placement', onPlacement(['outside']), { placement: 'straddling' }, 'no'],
    ['host', onHost(hosts), {}, 'yes'],
    ['host', onHost(hosts), { host: 'a.b.example' }, 'yes'],
    ['host', onHost(hosts), { host: 'api.test.evil.test' }, 'no'],
    ['port', onPort([80, 443]), {}, 'yes'],
    ['port', onPort([80]), {}, 'no'],
    ['agent', onAgent(['anonymous']), {}, 'yes'],
    ['agent', onAgent(['ci']), {}, 'no'],
    ['agent', onAgent(['ci', 'x']), { agent: token('ci') }, 'yes'],
    ['group', onGroup(['staff']), {}, 'no'],
    ['group', onGroup(['staff', 'batch']), { agent: token('ci', 'batch') }, 'yes'],
    // An agent is not its group.
    ['group', onGroup(['ci']), { agent: token('ci') }, 'no'],
  ] as const)('%s %#', (_, condition, changes, truth) => {
    expect(condition.test(facts(changes as Partial<DestinationFacts>))).toBe(truth)
  })
})

test('each says itself aloud', () => {
  expect(onPlacement(['outside']).says).toBe('the placement is `outside`')
  expect(onPort([80, 443, 8080]).says).toBe('the port is `80`, `443` or `8080`')
  expect(onZone({ name: 'EEA, CH', countries: new Set() }).says).toBe(
    'the data may be processed in EEA, CH',
  )
})
