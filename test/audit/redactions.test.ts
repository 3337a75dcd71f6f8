/** What was taken out of flows: in the chain with the outcome it belongs to, bounded, and in the views. */

import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { AuditLog } from '../../src/audit/log.ts'
import { AuditReader } from '../../src/audit/read.ts'
import { toKeptRedactions } from '../../src/audit/redactions.ts'
import { verifyAuditLog } from '../../src/audit/verify.ts'
import type { Ending } from '../../src/model/audit-record.ts'
import type { Redaction } from '../../src/model/finding.ts'
import { temporaryFolder } from '../support/folder.ts'
import { context, decision, flow } from '../support/nouns.ts'

const AT = Date.UTC(2026, 10, 20, 12)
const ENDING: Ending = {
  outcome: 'forwarded',
  status: 200,
  dialedIp: '192.0.2.10',
  bytesOut: 300,
  bytesIn: 1200,
  error: null,
}
const SOME: readonly Redaction[] = [
  { direction: 'out', type: 'iban', path: '$.account', count: 1 },
  { direction: 'out', type: 'email', path: '$.messages[].content', count: 3 },
  { direction: 'in', type: 'email', path: '$.choices[].message.content', count: 2 },
]

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

async function write(...endings: readonly Ending[]): Promise<readonly number[]> {
  const log = new AuditLog({ path })
  const ids: number[] = []
  for (const [i, ending] of endings.entries()) {
    const id = await log.decide(decision(), false)
    log.settle({ flow: id, at: AT + i, ending })
    ids.push(id)
  }
  await log.close()
  return ids
}

/** What somebody with the file and a shell can do. */
function tamper(sql: string): void {
  const db = new Database(path)
  const triggers = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").pluck()
  for (const name of triggers.all()) db.exec(`DROP TRIGGER ${name}`)
  db.exec(sql)
  db.close()
}

describe('the views', () => {
  test('flows has sums and kinds, redactions a row for each kind and place', async () => {
    const [, some] = await write(ENDING, { ...ENDING, redactions: SOME }, ENDING)
    const columns = 'id, redactions_out, redactions_in, redaction_types'
    expect(read(`SELECT ${columns} FROM flows WHERE redactions_out > 0`)).toEqual([
      { id: some, redactions_out: 4, redactions_in: 2, redaction_types: '["email","iban"]' },
    ])
    expect(read('SELECT count(*) AS n FROM flows WHERE redactions_out = 0')).toEqual([{ n: 2 }])
    const at = '2026-11-20T12:00:00.001Z'
    expect(read('SELECT * FROM redactions')).toEqual(
      SOME.map(({ direction, type, path: where, count }) => ({
        flow: some,
        at,
        direction,
        type,
        path: where,
        count,
      })),
    )
    expect(verifyAuditLog(path)).toMatchObject({ ok: true, rows: 9, tables: { redacted: 3 } })
  })

  test('what ends with its decision is in them as well', async () => {
    const log = new AuditLog({ path })
    const blocked: Ending = { ...ENDING, outcome: 'blocked', redactions: SOME, inspection: 'full' }
    const id = await log.decide(decision({ ending: blocked }), true)
    expect(read('SELECT id, outcome, redactions_out, inspection FROM flows')).toEqual([
      { id, outcome: 'blocked', redactions_out: 4, inspection: 'full' },
    ])
    await log.close()
    expect(verifyAuditLog(path).breaks).toEqual([])
  })

  test('inspection is that of the outcome where it has one', async () => {
    await write(ENDING, { ...ENDING, inspection: 'full' })
    const log = new AuditLog({ path })
    await log.decide(decision({ context: context({ flow: flow({ inspection: 'sni' }) }) }), false)
    await log.close()
    expect(read('SELECT inspection FROM flows ORDER BY id')).toEqual([
      { inspection: 'headers' },
      { inspection: 'full' },
      { inspection: 'sni' },
    ])
  })

  test('are read by filter and by flow', async () => {
    const [, first = 0, , last = 0] = await write(ENDING, { ...ENDING, redactions: SOME }, ENDING, {
      ...ENDING,
      redactions: SOME.slice(2),
    })
    using reader = new AuditReader(path)
    const ids = (after?: number) => reader.flows({ redacted: true, after }, 10).map(({ id }) => id)
    expect(ids()).toEqual([first, last])
    expect(ids(first)).toEqual([last])
    expect(reader.flow(last)).toMatchObject({ redactions_in: 2, redaction_types: ['email'] })
    expect(reader.redactions(first)).toEqual([SOME[1], SOME[0], SOME[2]])
    expect(reader.redactions(first - 1)).toEqual([])
    expect(reader.head().isThere).toBe(true)
  })
})

describe('every change shows', () => {
  test.each([
    ['a count', "UPDATE redacted SET count = 1 WHERE type = 'email'"],
    ['a kind', "UPDATE redacted SET type = 'phone' WHERE type = 'iban'"],
    ['a place', "UPDATE redacted SET path = '$.b' WHERE type = 'iban'"],
    ['a direction', "UPDATE redacted SET direction = 'in'"],
    ['the flow', 'UPDATE redacted SET flow = 1'],
    ['a row that is gone', "DELETE FROM redacted WHERE type = 'iban'"],
    ['all rows gone', 'DELETE FROM redacted'],
    ['a row more', "INSERT INTO redacted VALUES (99, 1, 'out', 'iban', '$', 1, 'x')"],
    ['how much was seen', "UPDATE outcomes SET inspection = 'full' WHERE flow = 1"],
    ['that all was seen', 'UPDATE outcomes SET inspection = NULL'],
  ])('%s', async (_, sql) => {
    await write(ENDING, { ...ENDING, redactions: SOME, inspection: 'full' })
    expect(verifyAuditLog(path).ok).toBe(true)
    tamper(sql)
    expect(verifyAuditLog(path).ok).toBe(false)
  })

  test('also what was taken out of a flow that never ended, though it is in the chain', async () => {
    const [, id = 0] = await write(ENDING, { ...ENDING, redactions: SOME })
    tamper(`DELETE FROM outcomes WHERE flow = ${id}`)
    const whats = verifyAuditLog(path).breaks.map(({ what }) => what)
    expect(whats).toContain('what was taken out of a flow that has not ended')
  })
})

describe('one flow has so many rows', () => {
  const many = (count: number, types: number, direction: Redaction['direction'] = 'out') =>
    Array.from({ length: count }, (_, i) => ({
      direction,
      type: `kind-${i % types}`,
      path: `$.items.k${Math.floor(i / types)}`,
      count: 2,
    }))

  test.each([
    ['up to 200 as they are', many(200, 4), 200, 0],
    ['of more the others are together, by kind', many(1_000, 4), 200, 4],
    ['and by direction', [...many(500, 3), ...many(500, 3, 'in')], 200, 6],
    ['more kinds than rows', many(500, 250), 200, 1],
    ['the same place again is no row more', [...many(150, 3), ...many(150, 3)], 150, 0],
  ])('%s', async (_, redactions, rows, rest) => {
    const [id = 0] = await write({ ...ENDING, redactions })
    using reader = new AuditReader(path)
    const kept = reader.redactions(id)
    expect(kept.length).toBe(rows)
    const isRest = ({ path: where }: Redaction) => where === '…'
    if (rest > 1) expect(kept.filter(isRest)).toHaveLength(rest)
    for (const direction of ['out', 'in'] as const) {
      const sum = (of: readonly Redaction[]) =>
        of.reduce((all, one) => all + (one.direction === direction ? one.count : 0), 0)
      expect(sum(kept)).toBe(sum(redactions))
    }
    expect(verifyAuditLog(path).breaks).toEqual([])
  })

  test('a path is cut to 200 characters; what differs behind that is together', async () => {
    const long = (end: string) => `$.${'k'.repeat(400)}${end}`
    const redactions = ['a', 'b'].map((end) => ({ ...(SOME[0] as Redaction), path: long(end) }))
    const [id = 0] = await write({ ...ENDING, redactions })
    using reader = new AuditReader(path)
    expect(reader.redactions(id)).toEqual([
      { ...SOME[0], path: `${long('').slice(0, 199)}…`, count: 2 },
    ])
  })

  test('what is kept is kept as it is', () => {
    const kept = toKeptRedactions(many(1_000, 4))
    expect(toKeptRedactions(kept)).toEqual(kept)
  })
})

test('an outcome that is written again brings nothing twice', async () => {
  const log = new AuditLog({ path })
  const id = await log.decide(decision(), false)
  const ending = { ...ENDING, redactions: SOME }
  for (let i = 0; i < 3; i++) log.settle({ flow: id, at: AT, ending })
  await log.decide(decision(), false)
  log.settle({ flow: id, at: AT, ending })
  await log.decide(decision(), false)
  await log.close()
  expect(read('SELECT count(*) AS n FROM redactions')).toEqual([{ n: 3 }])
  expect(verifyAuditLog(path).breaks).toEqual([])
})

test('many flows in one commit', async () => {
  const log = new AuditLog({ path })
  const ids = await Promise.all(Array.from({ length: 150 }, () => log.decide(decision(), false)))
  for (const [i, id] of ids.entries()) {
    log.settle({ flow: id, at: AT, ending: i % 3 ? ENDING : { ...ENDING, redactions: SOME } })
  }
  await log.close()
  expect(read('SELECT sum(redactions_out) AS n FROM flows')).toEqual([{ n: 200 }])
  expect(verifyAuditLog(path).breaks).toEqual([])
})
