/** Logs of older formats: read as they are, and taken over in place. Their rows are made here as the older versions made them. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Field, GENESIS, hashRow } from '../../src/audit/chain.ts'
import { AuditLog } from '../../src/audit/log.ts'
import { AuditReader } from '../../src/audit/read.ts'
import { verifyAuditLog } from '../../src/audit/verify.ts'
import { temporaryFolder } from '../support/folder.ts'
import { everyHoldEvent } from '../support/holds.ts'
import { context, decision } from '../support/nouns.ts'

const AT = Date.UTC(2026, 10, 20, 12)
/** The columns of a context before format 3, in their order. */
const CONTEXT: readonly Field[] = [
  'connect',
  '127.0.0.1',
  'anonymous',
  '[]',
  'https',
  'old.test',
  443,
  1,
  '["DE"]',
  'inside',
  '[]',
  'allow',
  1,
  null,
  null,
  'DE is inside',
  'headers',
  'f'.repeat(64),
]

const ENDING = {
  outcome: 'forwarded',
  status: 200,
  dialedIp: '192.0.2.10',
  bytesOut: 1,
  bytesIn: 2,
  error: null,
} as const

const STATEMENT = {
  ...{ connection: 1, database: 'shop', text: 'DROP TABLE t' },
  kinds: ['drop', 'drop table'],
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let path: string
beforeEach(async () => {
  folder = await temporaryFolder()
  path = join(folder.path, 'audit.db')
})
afterEach(() => folder[Symbol.asyncDispose]())

function makeOld(version: number): void {
  const db = new Database(path)
  db.pragma('journal_mode = WAL')
  db.exec(readFileSync(new URL(`./format-${Math.max(2, version)}.sql`, import.meta.url), 'utf8'))
  db.pragma(`application_id = ${0x4372646e}`)
  db.pragma(`user_version = ${version}`)
  const digest = hashRow('', 'contexts', CONTEXT)
  const insert = (table: string, row: readonly Field[]) =>
    db.prepare(`INSERT INTO ${table} VALUES (${row.map(() => '?').join(', ')})`).run(...row)
  insert('contexts', [1, digest, ...CONTEXT, ...(version < 3 ? [] : [null, null, null])])
  const hash = hashRow(GENESIS, 'decisions', [1, AT, digest, 'GET', '/old', 'HTTP/1.1'])
  insert('decisions', [1, AT, 1, 'GET', '/old', 'HTTP/1.1', hash])
  const ending = ['forwarded', 200, '192.0.2.1', 10, 20, null]
  const end = hashRow(hash, 'outcomes', [2, 1, AT, ...ending])
  insert('outcomes', [1, 2, AT, ...ending, end, ...(version < 4 ? [] : [null])])
  insert('head', [1, 2, end])
  db.close()
}

function read<T>(sql: string): T[] {
  const db = new Database(path, { readonly: true })
  try {
    return db.prepare(sql).all() as T[]
  } finally {
    db.close()
  }
}

describe.each([1, 2, 3, 4])('a log of format %i', (version) => {
  beforeEach(() => makeOld(version))

  test('is read and verified as it is, with the views of today', () => {
    const tables = { decisions: 1, outcomes: 1, redacted: 0, stated: 0, repeated: 0 }
    expect(verifyAuditLog(path)).toMatchObject({ ok: true, rows: 2, tables })
    using reader = new AuditReader(path)
    const none = {
      ...{ hold_id: null, approver: null, would: null, inspection: 'headers' },
      ...{ redactions_out: 0, redactions_in: 0, redaction_types: [] },
    }
    expect(reader.flow(1)).toMatchObject({ host: 'old.test', ...none })
    expect(reader.agents()).toMatchObject([{ id: 'anonymous', flows: 1 }])
    expect([reader.holds({}, 10), reader.grants({}, 10), reader.flows({ hold: 'h' }, 10)]).toEqual([
      [],
      [],
      [],
    ])
    expect([reader.redactions(1), reader.flows({ redacted: true }, 10)]).toEqual([[], []])
    expect(read('PRAGMA user_version')).toEqual([{ user_version: version }])
    expect(read("SELECT 1 FROM sqlite_schema WHERE name = 'stated'")).toEqual([])
  })

  test('goes on as format 5: the old rows are what they were, the new ones are in the chain', async () => {
    const before = read('SELECT seq, hash FROM decisions')
    const log = new AuditLog({ path })
    const hold = { id: 'h-00000001', grant: 'g-00000001', approvers: ['ada'] }
    const redactions = [{ direction: 'out', type: 'iban', path: '$.a', count: 2 }] as const
    const ending = { ...ENDING, redactions, inspection: 'full' } as const
    const repeated = { times: 3, rows: 4 }
    const ended = { ...ending, repeated }
    await log.decide(
      decision({ context: context({ hold }), statement: STATEMENT, ending: ended }),
      true,
    )
    for (const event of everyHoldEvent()) await log.keep(event)
    await log.close()
    expect(read('PRAGMA user_version')).toEqual([{ user_version: 5 }])
    expect(read('SELECT seq, hash FROM decisions WHERE seq = 1')).toEqual(before)
    expect(verifyAuditLog(path).breaks).toEqual([])
    expect(read('SELECT parent, statement, times, rows_in FROM statements')).toEqual([
      { parent: 1, statement: 'DROP TABLE t', ...{ times: 3, rows_in: 4 } },
    ])
    const columns = 'host, hold_id, approver, would, redactions_out, inspection'
    expect(read(`SELECT ${columns} FROM flows ORDER BY id`)).toEqual([
      {
        ...{ host: 'old.test', hold_id: null, approver: null, would: null },
        ...{ redactions_out: 0, inspection: 'headers' },
      },
      {
        ...{ host: 'api.de.test', hold_id: 'h-00000001', approver: 'ada', would: null },
        ...{ redactions_out: 2, inspection: 'full' },
      },
    ])
  })

  test('that is taken over while somebody reads it goes on to be read', async () => {
    using reader = new AuditReader(path)
    expect(reader.flow(1)).not.toBeNull()
    const log = new AuditLog({ path })
    const id = await log.decide(decision(), false)
    expect(reader.flow(id)).toMatchObject({ host: 'api.de.test' })
    await log.close()
  })

  test('is still written by the version that made it, where that runs on', async () => {
    const old = new Database(path)
    const insert = old.prepare(
      "INSERT INTO admin (seq, at, actor, action, subject, detail, hash) VALUES (?, ?, 'a', 'b', 'c', 'd', ?)",
    )
    const log = new AuditLog({ path })
    const { seq, hash } = log.head
    const next = hashRow(hash, 'admin', [seq + 1, AT, 'a', 'b', 'c', 'd'])
    insert.run(seq + 1, AT, next)
    old.prepare('UPDATE head SET seq = ?, hash = ?').run(seq + 1, next)
    old.close()
    expect(await log.decide(decision(), false)).toBe(seq + 2)
    await log.close()
    expect(verifyAuditLog(path).breaks).toEqual([])
  })

  test('has no way to get a new column filled unseen', async () => {
    await new AuditLog({ path }).close()
    const db = new Database(path)
    db.exec('DROP TRIGGER contexts_update; DROP TRIGGER outcomes_update')
    db.exec("UPDATE contexts SET would = 'hold'; UPDATE outcomes SET inspection = 'full'")
    db.close()
    expect(verifyAuditLog(path).breaks).toMatchObject([
      { seq: 1, what: 'the context of this decision was changed' },
      { seq: 2 },
    ])
  })
})

test('a log of the first days, which knew no links yet, is read and taken over as well', async () => {
  makeOld(1)
  const db = new Database(path)
  db.exec('DROP VIEW cross_region_flows; DROP VIEW destinations; DROP VIEW agents; DROP VIEW flows')
  db.exec('DROP TABLE links; DROP TABLE inventory')
  db.close()
  expect(verifyAuditLog(path)).toMatchObject({ ok: true, rows: 2 })
  using reader = new AuditReader(path)
  expect(reader.flow(1)).toMatchObject({ host: 'old.test', parent: null })
  expect(reader.holds({}, 10)).toEqual([])
  await new AuditLog({ path }).close()
  expect(read('SELECT host, parent FROM flows')).toEqual([{ host: 'old.test', parent: null }])
})
