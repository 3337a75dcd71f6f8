/** Rows of a process that serves, through a real pipe into a real log. */

import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { AuditLog } from '../../src/audit/log.ts'
import { AuditClient } from '../../src/audit/remote/client.ts'
import { type AuditServer, serveAudit } from '../../src/audit/remote/server.ts'
import { readLines } from '../../src/audit/remote/wire.ts'
import { verifyAuditLog } from '../../src/audit/verify.ts'
import type { Ending } from '../../src/model/audit-record.ts'
import { AuditUnavailable } from '../../src/model/errors.ts'
import type { Redaction } from '../../src/model/finding.ts'
import { temporaryFolder } from '../support/folder.ts'
import { context, decision, flow } from '../support/nouns.ts'
import { eventually } from '../support/wait.ts'

const AT = Date.UTC(2026, 10, 20, 12)
const ENDING: Ending = {
  outcome: 'forwarded',
  status: 200,
  dialedIp: '192.0.2.10',
  bytesOut: 300,
  bytesIn: 1200,
  error: null,
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let log: AuditLog
let path: string
let server: Server
let served: AuditServer
let near: Socket
let client: AuditClient
let decided: unknown[]
let errors: unknown[]
beforeEach(async () => {
  folder = await temporaryFolder()
  path = join(folder.path, 'audit.db')
  log = new AuditLog({ path })
  decided = []
  errors = []
  server = createServer().listen(join(folder.path, 'pipe'))
  await once(server, 'listening')
  near = connect(join(folder.path, 'pipe'))
  const [far] = (await once(server, 'connection')) as [Socket]
  served = serveAudit(far, {
    log,
    now: () => AT + 5,
    onDecision: (id, { authority }, to) => decided.push([id, authority?.text, to]),
    onInterrupted: () => {},
    onError: (error) => errors.push(error),
  })
  client = new AuditClient(near)
})
afterEach(async () => {
  near.destroy()
  server.close()
  await log.close()
  await folder[Symbol.asyncDispose]()
})

function read<T>(sql: string): T[] {
  const db = new Database(path, { readonly: true })
  try {
    return db.prepare(sql).all() as T[]
  } finally {
    db.close()
  }
}

test('a decision has its number only when its row is there; its outcome follows', async () => {
  const id = await client.decide(decision({ path: '/a\u2028\ud800"\n' }), true)
  expect(read('SELECT id, outcome, path FROM flows')).toMatchObject([{ id, outcome: 'open' }])
  expect(decided).toEqual([[id, expect.any(String), '/a\u2028\ud800"\n']])
  expect(served.open).toBe(1)
  client.settle({ flow: id, at: AT, ending: ENDING })
  await eventually('the outcome', () => served.open === 0)
  await client.close()
  expect(await served.gone).toBe(0)
  await eventually('the row', () => read('SELECT 1 FROM outcomes').length === 1)
  expect(read('SELECT id, outcome, status FROM flows')).toMatchObject([
    { id, outcome: 'forwarded', status: 200 },
  ])
  expect(verifyAuditLog(path).breaks).toEqual([])
  expect(errors).toEqual([])
})

test('rows under one context share it, with those of the log itself too', async () => {
  const shared = context()
  await log.decide(decision({ context: shared }), false)
  await Promise.all([1, 2, 3].map(() => client.decide(decision({ context: shared }), false)))
  await client.decide(
    decision({ context: context({ flow: flow({ clientIp: '192.0.2.9' }) }) }),
    false,
  )
  expect(read('SELECT count(*) AS n FROM contexts')).toEqual([{ n: 2 }])
})

test('whose leave a call had, and what it would have met, come over with it', async () => {
  const hold = { id: 'h-00000001', grant: 'g-00000001', approvers: ['ada', 'bob'] }
  const id = await client.decide(decision({ context: context({ hold }) }), true)
  await client.decide(decision({ context: context({ would: 'hold' }) }), true)
  expect(read('SELECT hold_id, approver, would FROM flows ORDER BY id')).toEqual([
    { hold_id: 'h-00000001', approver: 'ada, bob', would: null },
    { hold_id: null, approver: null, would: 'would_hold' },
  ])
  expect(read('SELECT hold, flow FROM held')).toEqual([{ hold: 'h-00000001', flow: id }])
  expect(verifyAuditLog(path).breaks).toEqual([])
})

test('what was taken out comes over with the end, no more of it than is kept', async () => {
  const redactions = Array.from({ length: 1_000 }, (_, i) => ({
    ...{ direction: i % 2 ? 'in' : 'out', type: 'iban', path: `$.${i}`, count: 1 },
  })) as readonly Redaction[]
  let longest = 0
  const write = near.write.bind(near)
  near.write = (line: string) => {
    longest = Math.max(longest, line.length)
    return write(line)
  }
  const id = await client.decide(decision(), false)
  client.settle({ flow: id, at: AT, ending: { ...ENDING, redactions, inspection: 'full' } })
  const blocked: Ending = { ...ENDING, outcome: 'blocked', redactions: redactions.slice(0, 2) }
  await client.decide(decision({ ending: blocked }), false)
  await client.close()
  await eventually('the rows', () => read('SELECT 1 FROM outcomes').length === 2)
  expect(
    read('SELECT outcome, redactions_out, redactions_in, inspection FROM flows ORDER BY id'),
  ).toEqual([
    { outcome: 'forwarded', redactions_out: 500, redactions_in: 500, inspection: 'full' },
    { outcome: 'blocked', redactions_out: 1, redactions_in: 1, inspection: 'headers' },
  ])
  expect(read('SELECT count(*) AS n FROM redactions')).toEqual([{ n: 202 }])
  expect(longest).toBeLessThan(20_000)
  expect(verifyAuditLog(path).breaks).toEqual([])
})

test('more contexts than are remembered at a time', async () => {
  const count = 10_050
  const ids = await Promise.all(
    Array.from({ length: count }, (_, i) => {
      const clientIp = `10.0.${i >> 8}.${i & 255}`
      return client.decide(decision({ context: context({ flow: flow({ clientIp }) }) }), false)
    }),
  )
  const again = context({ flow: flow({ clientIp: '10.0.0.0' }) })
  await client.decide(decision({ context: again }), false)
  expect(new Set(ids).size).toBe(count)
  expect(read('SELECT count(*) AS n FROM contexts')).toEqual([{ n: count }])
  expect(read(`SELECT count(*) AS n FROM flows WHERE client_ip = '10.0.0.0'`)).toEqual([{ n: 2 }])
  expect(errors).toEqual([])
})

test('notes come back when they are written', async () => {
  await client.note({ at: AT, actor: 'cordon', action: 'test', subject: 's', detail: 'd' })
  expect(read('SELECT action, subject, detail FROM admin')).toEqual([
    { action: 'test', subject: 's', detail: 'd' },
  ])
})

describe('when one side is gone', () => {
  test('flows without an end have failed', async () => {
    const [first = 0, second = 0] = await Promise.all([
      client.decide(decision(), false),
      client.decide(decision(), false),
    ])
    const blocked: Ending = { ...ENDING, outcome: 'blocked' }
    await client.decide(decision({ ending: blocked }), false)
    client.settle({ flow: first, at: AT, ending: ENDING })
    await eventually('the outcome', () => served.open === 1)
    near.destroy()
    expect(await served.gone).toBe(1)
    await eventually('the end', () => read('SELECT 1 FROM outcomes').length === 3)
    expect(read(`SELECT id, error FROM flows WHERE outcome = 'failed'`)).toEqual([
      { id: second, error: 'interrupted' },
    ])
  })

  test('a decision that was on its way has failed, too', async () => {
    const pending = client.decide(decision(), true)
    pending.catch(() => {})
    // Sent, and not yet answered.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    near.destroy()
    await served.gone
    await expect(pending).rejects.toThrow(AuditUnavailable)
    await eventually('its end', () => {
      const flows = read<{ outcome: string }>('SELECT outcome FROM flows')
      return flows.every(({ outcome }) => outcome !== 'open')
    })
  })

  test('there are no numbers any more', async () => {
    near.destroy()
    await once(near, 'close')
    await expect(client.decide(decision(), false)).rejects.toThrow(AuditUnavailable)
    await expect(
      client.note({ at: AT, actor: 'a', action: 'b', subject: 'c', detail: 'd' }),
    ).rejects.toThrow(AuditUnavailable)
    await client.close()
  })
})

test('a log that cannot be written refuses here as well', async () => {
  const other = new Database(path)
  other.exec('BEGIN IMMEDIATE')
  await expect(client.decide(decision(), false)).rejects.toThrow(AuditUnavailable)
  other.exec('ROLLBACK')
  other.close()
})

test('what is no batch ends the connection', async () => {
  near.write('{"contexts":[],"decisions":[[1,99,0,null,null,"x",0,null]]}\n')
  expect(await served.gone).toBe(0)
  expect(errors).toHaveLength(1)
})

test('lines are put together from however many pieces, and told apart within one', async () => {
  const channel = new PassThrough()
  const lines: string[] = []
  readLines(channel, (line) => lines.push(line))
  // Searched from its beginning with every piece, this one would take minutes.
  const piece = 'x'.repeat(64 * 1024)
  for (let i = 0; i < 2_000; i++) channel.write(piece)
  channel.write('\na\n\nb')
  channel.end('\n')
  await once(channel, 'end')
  expect(lines.map(({ length }) => length)).toEqual([2_000 * piece.length, 1, 0, 1])
})

test('what was said on a connection comes with its decision, and how often with its end', async () => {
  const connection = await client.decide(decision(), false)
  const statement = { connection, database: null, text: 'CONFIG SET', kinds: ['config'] }
  const id = await client.decide(decision({ statement }), false)
  client.settle({ flow: id, at: AT, ending: { ...ENDING, repeated: { times: 7, rows: 0 } } })
  await client.close()
  await served.gone
  const columns = 'id, parent, statement, times'
  await eventually('the outcome', () => read('SELECT 1 FROM repeated')[0] ?? null)
  expect(read(`SELECT ${columns} FROM statements`)).toEqual([
    { id, parent: connection, statement: 'CONFIG SET', times: 7 },
  ])
  expect(verifyAuditLog(path).breaks).toEqual([])
})
