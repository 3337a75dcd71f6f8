/** From what is proven about a caller to an agent of the policy: the most specific entry, in whatever order they stand. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { agentFor, type Identity } from '../../src/policy/agents.ts'
import { zoneFor } from '../../src/policy/decide.ts'
import type { AgentEntry } from '../../src/policy/document.ts'
import { ip } from '../support/nouns.ts'
import { policyOf } from './support.ts'

const ENTRIES: AgentEntry[] = [
  { id: 'crawler', zones: 'US' },
  { id: 'ci', match: { group: 'ci-runners' }, zones: 'US', groups: ['batch'] },
  { id: 'ci-here', match: { group: 'ci-runners', source: '10.1.0.0/16' } },
  { id: 'builder', match: { subject: ['build-1', 'build-2'] } },
  { id: 'builder-here', match: { subject: 'build-1', source: '10.0.0.0/8' } },
  { id: 'builder-ci', match: { subject: 'build-1', group: 'ci-runners' } },
  { id: 'net-8', match: { source: '10.0.0.0/8' } },
  { id: 'net-16', match: { source: ['10.1.0.0/16', '192.0.2.0/24'] } },
  { id: 'host', match: { source: '10.1.1.1' } },
  { id: 'six', match: { source: '2001:db8::/32' } },
  { id: 'admin', match: { subject: 'root', source: '127.0.0.1' }, zones: 'US' },
]

function who(name: string): Identity | null {
  if (name === '-') return null
  const [subject = '', ...groups] = name.split('+')
  return { subject, groups }
}

describe('the most specific entry', () => {
  test.each<[shown: string, from: string, id: string, groups: string[], by: string]>([
    // Nothing shown, nothing known of the address.
    ['-', '127.0.0.1', 'anonymous', [], 'none'],
    // By name.
    ['crawler', '127.0.0.1', 'crawler', [], 'token'],
    ['build-2', '127.0.0.1', 'builder', [], 'token'],
    // By group, with the groups of token and entry together, sorted.
    ['job-7+ci-runners', '127.0.0.1', 'ci', ['batch', 'ci-runners'], 'token'],
    [
      'job-7+zebra+ci-runners+ant',
      '127.0.0.1',
      'ci',
      ['ant', 'batch', 'ci-runners', 'zebra'],
      'token',
    ],
    // By address: the longest prefix.
    ['-', '10.2.0.1', 'net-8', [], 'source'],
    ['-', '10.1.0.1', 'net-16', [], 'source'],
    ['-', '10.1.1.1', 'host', [], 'source'],
    ['-', '192.0.2.9', 'net-16', [], 'source'],
    ['-', '2001:db8::7', 'six', [], 'source'],
    ['-', '2001:db9::7', 'anonymous', [], 'none'],
    // A name counts above a group above an address; every condition of an entry has to hold.
    ['job-7+ci-runners', '10.1.1.1', 'ci-here', ['ci-runners'], 'token'],
    ['build-1', '10.1.1.1', 'builder-here', [], 'token'],
    ['build-1', '127.0.0.1', 'builder', [], 'token'],
    ['build-1+ci-runners', '10.1.1.1', 'builder-ci', ['ci-runners'], 'token'],
    // A proven name without an entry is itself.
    ['stranger', '127.0.0.1', 'stranger', [], 'token'],
    ['stranger+friends', '127.0.0.1', 'stranger', ['friends'], 'token'],
    // The name of an entry is worth nothing without what the entry asks for.
    ['ci', '127.0.0.1', 'anonymous', [], 'none'],
    ['ci+wheel', '127.0.0.1', 'anonymous', [], 'none'],
    ['admin', '127.0.0.1', 'anonymous', [], 'none'],
    ['root', '127.0.0.1', 'admin', [], 'token'],
    ['root', '127.0.0.2', 'root', [], 'token'],
    ['builder', '127.0.0.1', 'anonymous', [], 'none'],
    ['net-8', '127.0.0.1', 'anonymous', [], 'none'],
    // Names are compared exactly.
    ['Crawler', '127.0.0.1', 'Crawler', [], 'token'],
    ['job-7+CI-runners', '127.0.0.1', 'job-7', ['CI-runners'], 'token'],
  ])('%s from %s: %s', (shown, from, id, groups, by) => {
    const policy = policyOf({ agents: ENTRIES })
    const subject = who(shown)?.subject
    // Whom the token names is kept where the policy has another name.
    const named = by === 'token' && subject !== id ? { subject } : {}
    expect(agentFor(policy, who(shown), ip(from))).toEqual({ id, groups, by, ...named })
    const reversed = policyOf({ agents: ENTRIES.toReversed() })
    expect(agentFor(reversed, who(shown), ip(from))).toEqual({ id, groups, by, ...named })
  })

  test.each<[shown: string, uid: number | undefined, from: string, id: string, by: string]>([
    ['-', 1_001, '127.0.0.1', 'one', 'uid'],
    ['-', 1_002, '127.0.0.1', 'few', 'uid'],
    ['-', 1_100, '127.0.0.1', 'many', 'uid'],
    ['-', 2_500, '127.0.0.1', 'many', 'uid'],
    ['-', 3_000, '127.0.0.1', 'here', 'source'],
    ['-', undefined, '127.0.0.1', 'here', 'source'],
    ['-', 1_001, '10.0.0.1', 'one', 'uid'],
    ['-', 3_000, '10.0.0.1', 'anonymous', 'none'],
    ['s', 1_001, '127.0.0.1', 'named', 'token'],
    ['s', 1_002, '127.0.0.1', 'few', 'token'],
    ['x+g', 1_002, '127.0.0.1', 'few', 'token'],
    ['x+g', undefined, '127.0.0.1', 'grouped', 'token'],
  ])('%s of user %s from %s: %s', (shown, uid, from, id, by) => {
    const agents: AgentEntry[] = [
      { id: 'one', match: { uid: 1_001 } },
      { id: 'few', match: { uid: '1000-1009' } },
      { id: 'many', match: { uid: ['1000-1999', 2_500] } },
      { id: 'here', match: { source: '127.0.0.1' } },
      { id: 'named', match: { uid: 1_001, subject: 's' } },
      { id: 'grouped', match: { group: 'g' } },
    ]
    const client = uid === undefined ? ip(from) : { ...ip(from), uid }
    for (const entries of [agents, agents.toReversed()]) {
      expect(agentFor(policyOf({ agents: entries }), who(shown), client)).toMatchObject({ id, by })
    }
  })

  test('equally specific ones: the first by id', () => {
    const agents = ['c', 'a', 'b'].map((id) => ({ id, match: { group: 'g' } }))
    for (const entries of [agents, agents.toReversed()]) {
      expect(agentFor(policyOf({ agents: entries }), who('x+g'), ip('127.0.0.1')).id).toBe('a')
    }
  })

  test('an entry’s zones cannot be had by its name alone', () => {
    const policy = policyOf({ agents: ENTRIES })
    for (const shown of ['ci', 'admin', 'ci+wheel']) {
      const agent = agentFor(policy, who(shown), ip('127.0.0.9'))
      expect(zoneFor(policy, agent, []).name).toBe('EEA')
    }
  })
})

test('no entry’s position changes who somebody is', () => {
  const entry = fc.record({
    subject: fc.option(fc.constantFrom('s', 't'), { nil: undefined }),
    group: fc.option(fc.constantFrom('g', 'h'), { nil: undefined }),
    source: fc.option(fc.constantFrom('10.0.0.0/8', '10.0.0.0/16', '10.0.0.1'), { nil: undefined }),
  })
  const entries = fc
    .array(entry, { maxLength: 8 })
    .map((list) =>
      list.filter((match) => Object.values(match).some((value) => value !== undefined)),
    )
    .map((list): AgentEntry[] => list.map((match, i) => ({ id: `e${i}`, match })))
  const shuffled = entries.chain((list) =>
    fc.tuple(
      fc.constant(list),
      fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length }),
    ),
  )
  fc.assert(
    fc.property(
      shuffled,
      fc.constantFrom('-', 's', 's+g', 't+g+h', 'u+h', 'e1', 'e2+g'),
      fc.constantFrom('10.0.0.1', '10.0.0.2', '10.9.0.1', '127.0.0.1'),
      ([one, other], shown, from) => {
        const agent = agentFor(policyOf({ agents: one }), who(shown), ip(from))
        expect(agentFor(policyOf({ agents: other }), who(shown), ip(from))).toEqual(agent)
      },
    ),
  )
})
