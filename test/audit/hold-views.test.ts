/** What the published views and the typed readers say of holds and grants. */

import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { AuditLog } from '../../src/audit/log.ts'
import { AuditReader } from '../../src/audit/read.ts'
import type { HoldEvent } from '../../src/model/hold.ts'
import { temporaryFolder } from '../support/folder.ts'
import { givenGrant, held, openedHold } from '../support/holds.ts'
import { context, decision } from '../support/nouns.ts'

const HOUR = 3_600_000
/** The views compare with the clock of the computer: what is said to come or to be over does so by hours. */
const NOW = Date.now()
const iso = (at: number) => new Date(at).toISOString()

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let path: string
let log: AuditLog
let reader: AuditReader
beforeEach(async () => {
  folder = await temporaryFolder()
  path = join(folder.path, 'audit.db')
  log = new AuditLog({ path })
  reader = new AuditReader(path)
})
afterEach(async () => {
  reader[Symbol.dispose]()
  await log.close()
  await folder[Symbol.asyncDispose]()
})

async function keep(...events: readonly HoldEvent[]): Promise<void> {
  await Promise.all(events.map((event) => log.keep(event)))
}

function opened(id: string, at: number, changes: Parameters<typeof held>[0] = {}): HoldEvent {
  const hold = openedHold({ id, openedAt: at, expiresAt: at + 2 * HOUR, held: held(changes) })
  return { kind: 'opened', at, hold }
}

function approved(
  hold: string,
  at: number,
  changes: Parameters<typeof givenGrant>[0] = {},
): HoldEvent {
  const times = { createdAt: at, expiresAt: at + 2 * HOUR }
  const grant = givenGrant({ id: `g-${hold}`, hold, ...times, ...changes })
  return { kind: 'approved', at, hold, by: 'ada', reason: 'contract 7', grant }
}

const used = (hold: string, at: number): HoldEvent => ({
  kind: 'used',
  at,
  hold,
  grant: `g-${hold}`,
})

describe('a hold', () => {
  const at = NOW - HOUR
  const end = { at: at + 9, hold: 'h' }
  test.each<[string, readonly HoldEvent[], object]>([
    ['waits', [], { state: 'pending', decided_at: null, ended_at: null, approver: null }],
    [
      'has one of two votes',
      [
        {
          kind: 'agreed',
          at: at + 5,
          hold: 'h',
          by: 'bob',
          reason: 'fine',
          giving: { breadth: 'request', group: null, lasts: HOUR, uses: 1 },
        },
      ],
      {
        state: 'pending',
        votes: [{ reviewer: 'bob', at: iso(at + 5), reason: 'fine' }],
        approver: null,
      },
    ],
    [
      'is approved',
      [approved('h', at + 9, { approvers: ['bob', 'ada'] })],
      {
        state: 'approved',
        decided_at: iso(at + 9),
        ended_at: iso(at + 9),
        ended_by: 'ada',
        approver: 'bob, ada',
        decision_reason: 'contract 7',
        grant_id: 'g-h',
        votes: [{ reviewer: 'ada', at: iso(at + 9), reason: 'contract 7' }],
      },
    ],
    [
      'is denied',
      [{ kind: 'denied', ...end, by: 'ada', reason: 'no contract' }],
      {
        state: 'denied',
        decided_at: iso(at + 9),
        ended_by: 'ada',
        approver: null,
        decision_reason: 'no contract',
        grant_id: null,
      },
    ],
    [
      'is withdrawn by its client',
      [{ kind: 'cancelled', ...end, by: null, reason: null }],
      { state: 'cancelled', decided_at: null, ended_at: iso(at + 9), ended_by: null },
    ],
    [
      'has expired',
      [{ kind: 'expired', ...end }],
      { state: 'expired', decided_at: null, ended_at: iso(at + 9) },
    ],
    [
      'was approved first, whatever is said later',
      [approved('h', at + 9), { kind: 'denied', at: at + 10, hold: 'h', by: 'eve', reason: 'x' }],
      { state: 'approved', ended_by: 'ada' },
    ],
  ])('that %s', async (_, events, want) => {
    await keep(opened('h', at), ...events)
    expect(reader.holds({}, 10)).toHaveLength(1)
    expect(reader.hold('h')).toMatchObject(want)
  })

  test('past its time has expired, whether or not that was written down', async () => {
    await keep(opened('h', NOW - 3 * HOUR))
    expect(reader.hold('h')).toMatchObject({ state: 'expired', ended_at: null })
  })

  test('says all that the reviewer was shown', async () => {
    const hold = openedHold({
      id: 'h',
      openedAt: at,
      expiresAt: NOW + HOUR,
      held: held({ classes: ['iban'], owner: 'carol', statement: 'DROP TABLE t' }),
    })
    await keep({ kind: 'opened', at, hold })
    expect(reader.hold('h')).toEqual({
      id: 'h',
      created_at: iso(at),
      decided_at: null,
      expires_at: iso(NOW + HOUR),
      state: 'pending',
      kind: 'request',
      agent: 'crawler',
      requester: 'crawler',
      method: 'POST',
      scheme: 'https',
      host: 'api.us.test',
      port: 443,
      path: '/v1/chat',
      regions: ['US'],
      placement: 'outside',
      rule: 'ask-for-us',
      reason: 'US is outside of EEA',
      votes: [],
      approver: null,
      decision_reason: null,
      grant_id: null,
      flow: null,
      ended_at: null,
      ended_by: null,
      purpose: null,
      client_ip: '192.0.2.7',
      because: 'art. 44',
      body_bytes: 120,
      body_digest: 'b'.repeat(64),
      classes: ['iban'],
      groups: ['batch'],
      owner: 'carol',
      zone: 'EEA',
      rules: ['ask-for-us'],
      evidence: ['catalogue: US'],
      approvals: [{ reviewers: null, quorum: 1 }],
      wants: null,
      seq: 1,
      statement: 'DROP TABLE t',
    })
    expect(reader.hold('h-other')).toBeNull()
  })

  test('that asks ahead says for when', async () => {
    const wants = { startsAt: NOW, expiresAt: NOW + HOUR, uses: null }
    await keep({
      kind: 'opened',
      at,
      hold: openedHold({ id: 'h', kind: 'access', wants, fingerprint: null, purpose: 'a move' }),
    })
    expect(reader.hold('h')).toMatchObject({
      kind: 'access',
      purpose: 'a move',
      wants: { starts_at: iso(NOW), expires_at: iso(NOW + HOUR), uses: null },
    })
  })

  test('names the first flow under it, and all are found by it', async () => {
    await keep(opened('h', at), opened('h-2', at))
    const waiting = { id: 'h', grant: null, approvers: [] }
    const granted = { id: 'h', grant: 'g-h', approvers: ['ada'] }
    await log.decide(decision(), false)
    const refused = await log.decide(decision({ context: context({ hold: waiting }) }), false)
    const passed = await log.decide(decision({ context: context({ hold: granted }) }), false)
    expect(reader.hold('h')?.flow).toBe(refused)
    expect(reader.hold('h-2')?.flow).toBeNull()
    expect(reader.flows({ hold: 'h' }, 10)).toMatchObject([
      { id: refused, hold_id: 'h', approver: null },
      { id: passed, hold_id: 'h', approver: 'ada' },
    ])
    expect(reader.flows({ hold: 'h', after: refused }, 10)).toHaveLength(1)
    expect(reader.flows({ hold: 'h-2' }, 10)).toEqual([])
  })
})

describe('a grant', () => {
  const at = NOW - HOUR
  const end = { at: at + 9, hold: 'h', grant: 'g-h' }
  test.each<[string, readonly HoldEvent[], object]>([
    ['is active', [approved('h', at)], { state: 'active', used: 0, ended_at: null }],
    [
      'is used once of twice',
      [approved('h', at, { uses: 2 }), used('h', at + 5)],
      { state: 'active', used: 1, uses: 2, ended_at: null },
    ],
    [
      'is used up',
      [approved('h', at, { uses: 2 }), used('h', at + 5), used('h', at + 6)],
      { state: 'used', used: 2, ended_at: iso(at + 6), ended_by: null },
    ],
    [
      'is good for as many as come',
      [approved('h', at, { uses: null }), used('h', at + 5)],
      { state: 'active', used: 1, uses: null, ended_at: null },
    ],
    [
      'is revoked',
      [approved('h', at), { kind: 'revoked', ...end, by: 'bob', reason: 'over' }],
      { state: 'revoked', ended_at: iso(at + 9), ended_by: 'bob' },
    ],
    [
      'has expired',
      [approved('h', at), { kind: 'grant-expired', ...end }],
      { state: 'expired', ended_at: iso(at + 9), ended_by: null },
    ],
    [
      'has expired, which nobody has written down yet',
      [approved('h', at, { expiresAt: NOW - HOUR / 2 })],
      { state: 'expired', ended_at: null },
    ],
  ])('that %s', async (_, events, want) => {
    await keep(opened('h', at), ...events)
    expect(reader.grants({}, 10)).toMatchObject([{ id: 'g-h', hold_id: 'h', ...want }])
  })

  test('says for which calls it is good, and who gave it why', async () => {
    await keep(opened('h', at), approved('h', at, { approvers: ['bob', 'ada'] }))
    expect(reader.grants({}, 10)).toEqual([
      {
        id: 'g-h',
        hold_id: 'h',
        created_at: iso(at),
        starts_at: iso(at),
        expires_at: iso(at + 2 * HOUR),
        state: 'active',
        breadth: 'request',
        agent: 'crawler',
        agent_group: null,
        scheme: 'https',
        host: 'api.us.test',
        port: 443,
        method: 'POST',
        path: '/v1/chat',
        regions: ['US'],
        uses: 1,
        used: 0,
        approver: 'bob, ada',
        reason: 'contract 7',
        ended_at: null,
        ended_by: null,
        client_ip: null,
        rules: ['ask-for-us'],
        seq: 2,
      },
    ])
  })
})

describe('filters', () => {
  beforeEach(() =>
    keep(
      opened('h-1', NOW - 3 * HOUR, { agent: 'a', host: 'one.test' }),
      opened('h-2', NOW - HOUR, { agent: 'a', host: 'two.test' }),
      opened('h-3', NOW - HOUR / 2, { agent: 'b', host: 'two.test' }),
      approved('h-2', NOW - HOUR),
      approved('h-3', NOW - HOUR / 2),
      used('h-3', NOW),
    ),
  )

  test.each([
    [{}, ['h-1', 'h-2', 'h-3']],
    [{ state: 'approved' }, ['h-2', 'h-3']],
    [{ state: 'expired' }, ['h-1']],
    [{ state: 'pending' }, []],
    [{ agent: 'a' }, ['h-1', 'h-2']],
    [{ host: 'two.test' }, ['h-2', 'h-3']],
    [{ host: 'two.test', agent: 'a' }, ['h-2']],
    [{ since: iso(NOW - HOUR) }, ['h-2', 'h-3']],
    [{ since: iso(NOW) }, []],
  ] as const)('of holds: %j', (filter, want) => {
    expect(reader.holds(filter, 10).map(({ id }) => id)).toEqual(want)
  })

  test.each([
    [{}, ['g-h-2', 'g-h-3']],
    [{ state: 'active' }, ['g-h-2']],
    [{ state: 'used' }, ['g-h-3']],
    [{ agent: 'crawler', host: 'api.us.test' }, ['g-h-2', 'g-h-3']],
    [{ agent: 'a' }, []],
    [{ since: iso(NOW - HOUR / 2) }, ['g-h-3']],
  ] as const)('of grants: %j', (filter, want) => {
    expect(reader.grants(filter, 10).map(({ id }) => id)).toEqual(want)
  })

  test('the newest so many, oldest first', () => {
    expect(reader.holds({}, 2).map(({ id }) => id)).toEqual(['h-2', 'h-3'])
    expect(reader.grants({}, 1).map(({ id }) => id)).toEqual(['g-h-3'])
  })
})

test('10,000 holds: each is found through an index, however many there are', async () => {
  const events: HoldEvent[] = []
  for (let i = 0; i < 10_000; i++) {
    const id = `h-${i}`
    events.push(opened(id, NOW - 10 * HOUR))
    if (i % 3 === 0) events.push({ kind: 'expired', at: NOW - 8 * HOUR, hold: id })
    if (i % 3 === 1) events.push(approved(id, NOW - 9 * HOUR), used(id, NOW - 9 * HOUR))
  }
  events.push(opened('h-last', NOW))
  await keep(...events)
  expect(reader.holds({ state: 'pending' }, 5)).toMatchObject([{ id: 'h-last' }])
  expect(reader.holds({}, 3).map(({ id }) => id)).toEqual(['h-9998', 'h-9999', 'h-last'])
  const db = new Database(path, { readonly: true })
  const count = (sql: string) => db.prepare(sql).pluck().get()
  expect(count("SELECT count(*) FROM holds WHERE state = 'expired'")).toBe(6_667)
  expect(count("SELECT count(*) FROM grants WHERE state = 'used'")).toBe(3_333)
  for (const sql of ['SELECT * FROM holds', 'SELECT * FROM grants']) {
    for (const end of [' ORDER BY seq DESC LIMIT 9', " WHERE state = 'x'"]) {
      const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}${end}`).all() as Step[]
      // Neither a walk over all events, of which a grant may have many, nor all rows sorted.
      const walks = plan.filter(({ detail }) => /^SCAN (?!\(|json_each)/.test(detail))
      expect(walks.filter(({ detail }) => !detail.includes('USING INDEX'))).toEqual([])
      const sorts = plan.filter(({ detail }) => detail.includes('TEMP B-TREE'))
      expect(sorts.filter(({ parent }) => parent === 0)).toEqual([])
    }
  }
  db.close()
})

interface Step {
  readonly parent: number
  readonly detail: string
}
