/** Events of holds as rows: written once, read back as they were, in the chain with everything else. */

import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseHoldEvent, toHoldEventRow } from '../../src/audit/hold-events.ts'
import { AuditLog } from '../../src/audit/log.ts'
import { AuditReader } from '../../src/audit/read.ts'
import { verifyAuditLog } from '../../src/audit/verify.ts'
import { AuditUnavailable } from '../../src/model/errors.ts'
import type { HoldEvent } from '../../src/model/hold.ts'
import { temporaryFolder } from '../support/folder.ts'
import { everyHoldEvent, givenGrant, held, openedHold } from '../support/holds.ts'
import { context, decision } from '../support/nouns.ts'

const AT = Date.UTC(2026, 10, 20, 12)

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let path: string
beforeEach(async () => {
  folder = await temporaryFolder()
  path = join(folder.path, 'audit.db')
})
afterEach(() => folder[Symbol.asyncDispose]())

function read<T>(sql: string): T[] {
  const db = new Database(path, { readonly: true })
  try {
    return db.prepare(sql).all() as T[]
  } finally {
    db.close()
  }
}

describe('a row', () => {
  test.each(everyHoldEvent().map((event) => [event.kind, event] as const))(
    'of `%s` says what the event said, and nothing is lost',
    (_, event) => {
      expect(parseHoldEvent(toHoldEventRow(event))).toEqual(event)
    },
  )

  test('that was written before statements were read has none', () => {
    const event: HoldEvent = { kind: 'opened', at: AT, hold: openedHold() }
    const now = toHoldEventRow(event)
    const then = { ...now, detail: now.detail.replace('"statement":null,', '') }
    expect(then.detail).not.toContain('statement')
    expect(parseHoldEvent(then)).toEqual(event)
  })

  const row = toHoldEventRow({ kind: 'opened', at: AT, hold: openedHold() })
  const detail = JSON.parse(row.detail)
  test.each([
    ['a kind nobody knows', { ...row, kind: 'forgotten' }, '`kind`'],
    ['no JSON', { ...row, detail: '{' }, 'no JSON'],
    ['a grant where none can be', { ...row, grant_id: 'g-1' }, '`grant_id` is set'],
    ['nobody who asked', { ...row, actor: null }, '`actor` is not text'],
    ['half a millisecond', { ...row, at: 0.5 }, '`at` is not an integer'],
    ['a field more', withDetail({ ...detail, more: 1 }), '`detail.more` is unknown'],
    [
      'a field less',
      withDetail({ ...detail, wants: undefined }),
      '`detail.wants` is not an object',
    ],
    [
      'a text for a number',
      withDetail({ ...detail, held: { ...detail.held, port: '443' } }),
      '`detail.held.port` is not an integer',
    ],
    [
      'a text for a list',
      withDetail({ ...detail, held: { ...detail.held, regions: 'US' } }),
      '`detail.held.regions` is not a list',
    ],
    [
      'a placement there is not',
      withDetail({ ...detail, held: { ...detail.held, placement: 'near' } }),
      '`detail.held.placement` is not one of',
    ],
  ])('with %s is not understood', (_, changed, message) => {
    expect(() => parseHoldEvent(changed)).toThrow(message)
  })

  function withDetail(changed: object) {
    return { ...row, detail: JSON.stringify(changed) }
  }
})

describe('an event', () => {
  test('is in the database when its promise resolves, and in the chain', async () => {
    const log = new AuditLog({ path })
    for (const event of everyHoldEvent()) await log.keep(event)
    expect(read('SELECT seq, hold, grant_id, kind, actor FROM hold_events LIMIT 4')).toEqual([
      { seq: 1, hold: 'h-00000001', grant_id: null, kind: 'opened', actor: 'crawler' },
      { seq: 2, hold: 'h-00000002', grant_id: null, kind: 'opened', actor: 'crawler' },
      { seq: 3, hold: 'h-00000001', grant_id: null, kind: 'agreed', actor: 'bob' },
      { seq: 4, hold: 'h-00000001', grant_id: 'g-00000001', kind: 'approved', actor: 'ada' },
    ])
    await log.close()
    const count = everyHoldEvent().length
    using reader = new AuditReader(path)
    expect(reader.head()).toEqual({ seq: count, isThere: true })
    expect(verifyAuditLog(path)).toMatchObject({ ok: true, tables: { hold_events: count } })
  })

  test('shares its commit with decisions of the same turn, in their order', async () => {
    const log = new AuditLog({ path })
    const before = log.decide(decision(), false)
    const kept = log.keep({ kind: 'expired', at: AT, hold: 'h-1' })
    const after = log.decide(decision(), false)
    await kept
    expect([await before, await after]).toEqual([1, 3])
    expect(read('SELECT seq FROM hold_events')).toEqual([{ seq: 2 }])
    await log.close()
    expect(verifyAuditLog(path).breaks).toEqual([])
  })

  test.each<[string, HoldEvent]>([
    ['half a millisecond', { kind: 'expired', at: AT + 0.5, hold: 'h-1' }],
    [
      'what a row has no place for',
      {
        kind: 'opened',
        at: AT,
        hold: openedHold({ held: { ...held(), outline: 'not to be written' } as never }),
      },
    ],
    [
      'the grant of another hold',
      { kind: 'approved', at: AT, hold: 'h-2', by: 'ada', reason: null, grant: givenGrant() },
    ],
  ])('with %s is refused alone: nobody could read it back', async (_, event) => {
    const log = new AuditLog({ path })
    const other = log.decide(decision(), false)
    await expect(log.keep(event)).rejects.toThrow()
    expect(await other).toBe(1)
    expect(log.problem).toBeNull()
    expect(read('SELECT * FROM hold_events')).toEqual([])
    await log.close()
  })

  test('that cannot be written is refused', async () => {
    const log = new AuditLog({ path })
    const other = new Database(path)
    other.exec('BEGIN IMMEDIATE')
    await expect(log.keep({ kind: 'expired', at: AT, hold: 'h-1' })).rejects.toBeInstanceOf(
      AuditUnavailable,
    )
    other.exec('ROLLBACK')
    other.close()
    await log.close()
  })
})

describe('decisions under a hold', () => {
  const hold = { id: 'h-00000001', grant: 'g-00000001', approvers: ['ada', 'bob'] }

  test('say whose leave they had, and what they would have met', async () => {
    const log = new AuditLog({ path })
    await log.decide(decision({ context: context({ hold }) }), true)
    await log.decide(decision({ context: context({ would: 'block' }) }), true)
    await log.decide(decision({ context: context({ would: 'hold' }) }), true)
    await log.decide(decision(), true)
    await log.close()
    expect(read('SELECT hold_id, approver, would FROM flows ORDER BY id')).toEqual([
      { hold_id: 'h-00000001', approver: 'ada, bob', would: null },
      { hold_id: null, approver: null, would: 'would_block' },
      { hold_id: null, approver: null, would: 'would_hold' },
      { hold_id: null, approver: null, would: null },
    ])
    expect(verifyAuditLog(path).breaks).toEqual([])
  })
})

describe('a change of what people decided shows', () => {
  beforeEach(async () => {
    const log = new AuditLog({ path })
    await log.decide(decision(), false)
    for (const event of everyHoldEvent()) await log.keep(event)
    const hold = { id: 'h-00000001', grant: 'g-00000001', approvers: ['ada'] }
    await log.decide(decision({ context: context({ hold }) }), true)
    await log.close()
    expect(verifyAuditLog(path).ok).toBe(true)
  })

  test.each([
    ['another has approved', "UPDATE hold_events SET actor = 'eve' WHERE kind = 'approved'", 5],
    [
      'another is said to have given the grant',
      "UPDATE hold_events SET detail = replace(detail, 'ada', 'eve') WHERE kind = 'approved'",
      5,
    ],
    [
      'the reason is another',
      `UPDATE hold_events SET detail = '{"reason":"fine"}' WHERE kind = 'denied'`,
      9,
    ],
    [
      'the grant is longer',
      "UPDATE hold_events SET detail = json_set(detail, '$.grant.expiresAt', 9e15) WHERE kind = 'approved'",
      5,
    ],
    ['a denial is gone', "DELETE FROM hold_events WHERE kind = 'denied'", 10],
    [
      'a revocation is another thing',
      "UPDATE hold_events SET kind = 'used' WHERE kind = 'revoked'",
      7,
    ],
    [
      'the flow had leave of another',
      "UPDATE contexts SET approver = 'eve' WHERE approver = 'ada'",
      13,
    ],
    ['the flow had no leave', 'UPDATE contexts SET hold_id = NULL, approver = NULL', 13],
    [
      'an older flow had leave',
      "UPDATE contexts SET hold_id = 'h-00000001' WHERE hold_id IS NULL",
      1,
    ],
    [
      'an older flow would have been held',
      "UPDATE contexts SET would = 'hold' WHERE hold_id IS NULL",
      1,
    ],
    ['a flow is hidden from its hold', 'DELETE FROM held', 13],
    ['a flow is shown under another hold', "INSERT INTO held VALUES ('h-00000002', 1)", 1],
  ])('%s', (_, sql, seq) => {
    const db = new Database(path)
    for (const name of db
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
      .pluck()
      .all()) {
      db.exec(`DROP TRIGGER ${name}`)
    }
    expect(db.prepare(sql).run().changes).toBeGreaterThan(0)
    db.close()
    const result = verifyAuditLog(path)
    expect(result.ok).toBe(false)
    expect(result.breaks[0]?.seq).toBe(seq)
  })
})
