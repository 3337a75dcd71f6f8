/** What was said on connections to databases: in the chain with the decision and the outcome it belongs to, and in the view. */

import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { AuditLog } from '../../src/audit/log.ts'
import { AuditReader } from '../../src/audit/read.ts'
import { verifyAuditLog } from '../../src/audit/verify.ts'
import type { Ending } from '../../src/model/audit-record.ts'
import { temporaryFolder } from '../support/folder.ts'
import { context, decision, flow } from '../support/nouns.ts'

const AT = Date.UTC(2026, 10, 20, 12)
const WITHOUT: Ending = {
  outcome: 'forwarded',
  status: null,
  dialedIp: '192.0.2.10',
  bytesOut: 300,
  bytesIn: 1200,
  error: null,
}
const ENDING: Ending = { ...WITHOUT, repeated: { times: 12, rows: 340 } }
const TEXT = 'INSERT INTO people VALUES (?, ?)'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let path: string
beforeEach(async () => {
  folder = await temporaryFolder()
  path = join(folder.path, 'audit.db')
})
afterEach(() => folder[Symbol.asyncDispose]())

/** A connection, one statement on it that went, one that was refused, and a call besides. */
async function write(text = TEXT): Promise<readonly [connection: number, statement: number]> {
  const log = new AuditLog({ path })
  const of = context({ flow: flow({ scheme: 'tcp', inspection: 'full' }) })
  const line = { context: of, method: null, path: null, protocol: 'postgresql' }
  const connection = await log.decide(decision(line), false)
  const statement = { connection, database: 'shop', text, kinds: ['insert', 'insert into'] }
  const said = { ...line, method: 'INSERT', path: '/shop', statement }
  const id = await log.decide(decision(said), false)
  const ending = { ...ENDING, outcome: 'blocked', repeated: { times: 0, rows: 0 } } as const
  await log.decide(decision({ ...said, ending }), false)
  await log.decide(decision(), false)
  log.settle({ flow: id, at: AT + 5, ending: ENDING })
  await log.close()
  return [connection, id]
}

function read<T>(sql: string): T[] {
  const db = new Database(path, { readonly: true })
  try {
    return db.prepare(sql).all() as T[]
  } finally {
    db.close()
  }
}

/** What somebody with the file and a shell can do. */
function tamper(sql: string): void {
  const db = new Database(path)
  const triggers = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").pluck()
  for (const name of triggers.all()) db.exec(`DROP TRIGGER ${name}`)
  db.exec(sql)
  db.close()
}

test('the view has a row for each, with what became of it; the flow is a child of its connection', async () => {
  const [parent, id] = await write()
  const columns = 'id, parent, database, statement, kinds, times, rows_in, bytes_in, outcome'
  const said = { parent, database: 'shop', statement: TEXT, kinds: '["insert","insert into"]' }
  expect(read(`SELECT ${columns} FROM statements`)).toEqual([
    { id, ...said, ...{ times: 12, rows_in: 340, bytes_in: 1200, outcome: 'forwarded' } },
    { id: id + 2, ...said, ...{ times: 0, rows_in: 0, bytes_in: 1200, outcome: 'blocked' } },
  ])
  expect(read('SELECT id, parent, method, path FROM flows WHERE parent IS NOT NULL')).toEqual([
    { id, parent, method: 'INSERT', path: '/shop' },
    { id: id + 2, parent, method: 'INSERT', path: '/shop' },
  ])
  expect(verifyAuditLog(path)).toMatchObject({ ok: true, tables: { stated: 2, repeated: 2 } })
  using reader = new AuditReader(path)
  expect(reader.head().isThere).toBe(true)
})

test('what was sent and came is counted once, with the connection', async () => {
  const [connection] = await write()
  const log = new AuditLog({ path })
  log.settle({ flow: connection, at: AT, ending: { ...WITHOUT, bytesOut: 900, bytesIn: 9_000 } })
  await log.close()
  const sums = [{ flows: 4, bytes_out: 900, bytes_in: 9_000 }]
  expect(read('SELECT flows, bytes_out, bytes_in FROM destinations')).toEqual(sums)
  expect(read('SELECT flows, bytes_out, bytes_in FROM agents')).toEqual(sums)
})

test('a statement that is longer than people read is cut', async () => {
  const [, id] = await write('x'.repeat(10_000))
  expect(read(`SELECT length(statement) AS n FROM statements WHERE id = ${id}`)).toEqual([
    { n: 2_049 },
  ])
  expect(verifyAuditLog(path).ok).toBe(true)
})

describe('every change shows', () => {
  test.each([
    ['the text', "UPDATE stated SET statement = 'SELECT ?'"],
    ['what it does', "UPDATE stated SET kinds = '[]'"],
    ['the database', 'UPDATE stated SET database = NULL'],
    ['the connection', 'UPDATE stated SET connection = 2'],
    ['how often', 'UPDATE repeated SET times = 1 WHERE times = 12'],
    ['how much came', 'UPDATE repeated SET rows = 1 WHERE rows = 340'],
    ['a statement that is gone', 'DELETE FROM stated WHERE flow = 2'],
    ['a count that is gone', 'DELETE FROM repeated WHERE flow = 2'],
    ['a statement more', "INSERT INTO stated VALUES (1, 99, 1, NULL, 'x', '[]', 'x')"],
  ])('%s', async (_, sql) => {
    await write()
    expect(verifyAuditLog(path).ok).toBe(true)
    tamper(sql)
    expect(verifyAuditLog(path).ok).toBe(false)
  })
})
