/** For which calls leave is good: the same, or what was widened by name, and nothing that nobody was shown. */

import { expect, test } from 'vitest'
import { covers } from '../../src/holds/covers.ts'
import { toScope } from '../../src/holds/giving.ts'
import type { Breadth, Giving, Held, Hold } from '../../src/model/hold.ts'
import { question } from './support.ts'

const GIVING: Giving = { breadth: 'request', group: null, lasts: 1_000, uses: 1 }

function holdOf(held: Partial<Held> = {}, wants: Hold['wants'] = null): Hold {
  const asked = question(held)
  return {
    id: 'h-00000001',
    kind: wants ? 'access' : 'request',
    held: asked.held,
    terms: asked.terms,
    fingerprint: wants ? null : asked.fingerprint,
    requester: asked.held.agent,
    purpose: null,
    wants,
    openedAt: 0,
    expiresAt: 1_000,
    state: 'pending',
    votes: [],
    endedAt: null,
    endedBy: null,
    reason: null,
    grant: null,
  }
}

const WANTS = { startsAt: 0, expiresAt: 1_000, uses: null }

const CASES: readonly {
  readonly name: string
  readonly shown?: Partial<Held>
  readonly wants?: Hold['wants']
  readonly breadth: Breadth
  readonly group?: string
  readonly asked: Partial<Held>
  readonly want: boolean
}[] = [
  { name: 'the same request', breadth: 'request', asked: {}, want: true },
  { name: 'a path, another body', breadth: 'path', asked: { bodyDigest: 'e' }, want: true },
  { name: 'a path, another method', breadth: 'path', asked: { method: 'PUT' }, want: false },
  { name: 'a host, another method', breadth: 'host', asked: { method: 'PUT' }, want: true },
  { name: 'a host, another port', breadth: 'host', asked: { port: 8443 }, want: false },
  {
    name: 'fewer regions',
    shown: { regions: ['IE', 'US'] },
    breadth: 'host',
    asked: { regions: ['US'] },
    want: true,
  },
  { name: 'another region', breadth: 'host', asked: { regions: ['CN'] }, want: false },
  { name: 'a place nobody knows', breadth: 'host', asked: { regions: [] }, want: false },
  {
    name: 'fewer rules',
    shown: { rules: ['x', 'y'] },
    breadth: 'host',
    asked: { rules: ['x'] },
    want: true,
  },
  { name: 'one rule more', breadth: 'host', asked: { rules: ['x', 'y'] }, want: false },
  {
    name: 'a rule was shown, and now the placement alone holds it',
    breadth: 'host',
    asked: { rules: [] },
    want: false,
  },
  {
    name: 'the placement alone held it, and holds it still',
    shown: { rules: [] },
    breadth: 'host',
    asked: { rules: [] },
    want: true,
  },
  {
    name: 'the placement alone held it, and now a rule does',
    shown: { rules: [] },
    breadth: 'host',
    asked: { rules: ['x'] },
    want: false,
  },
  {
    name: 'a group that was shown',
    breadth: 'path',
    group: 'batch',
    asked: { agent: 'writer' },
    want: true,
  },
  {
    name: 'an agent of another group',
    breadth: 'path',
    group: 'batch',
    asked: { agent: 'writer', groups: [] },
    want: false,
  },
  {
    name: 'somebody at the same address who has proved nothing',
    breadth: 'host',
    asked: { proven: false },
    want: false,
  },
  {
    name: 'somebody at another address',
    shown: { proven: false },
    breadth: 'host',
    asked: { proven: false, clientIp: '127.0.0.2' },
    want: false,
  },
  {
    name: 'asked ahead for any method',
    shown: { method: null, path: null },
    wants: WANTS,
    breadth: 'host',
    asked: { method: 'DELETE' },
    want: true,
  },
  {
    name: 'asked ahead for one method at the whole host: that method',
    shown: { method: 'GET', path: null },
    wants: WANTS,
    breadth: 'host',
    asked: { method: 'GET' },
    want: true,
  },
  {
    name: 'asked ahead for one method at the whole host: no other',
    shown: { method: 'GET', path: null },
    wants: WANTS,
    breadth: 'host',
    asked: { method: 'DELETE' },
    want: false,
  },
]

test.each(CASES)('$name: $want', ({ shown, wants = null, breadth, group = null, asked, want }) => {
  const scope = toScope(holdOf(shown, wants), { ...GIVING, breadth, group })
  expect(covers(scope, question({ ...shown, ...asked }))).toBe(want)
})

test('who has asked ahead for a path has leave for it, where what is shown of it is a kind', () => {
  const ahead = holdOf({ path: '/of/jan@example.org' }, WANTS)
  const scope = toScope(ahead, { ...GIVING, breadth: 'path' })
  const asked = { ...question({ path: '/of/[EMAIL]' }), path: '/of/jan@example.org' }
  expect(covers(scope, asked)).toBe(true)
  expect(covers(scope, { ...asked, path: '/of/ann@example.org' })).toBe(false)
})
