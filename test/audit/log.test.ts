import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { AuditError, holdLock } from '../../src/audit/database.ts'
import { AuditLog } from '../../src/audit/log.ts'
import { verifyAuditLog } from '../../src/audit/verify.ts'
import { AuditUnavailable } from '../../src/model/errors.ts'
import { temporaryFolder } from '../support/folder.ts'
import { context, decision, destination, flow, verdict } from '../support/nouns.ts'
import { eventually } from '../support/wait.ts'

const AT = Date.UTC(2026, 10, 20, 12)
const ENDING = {
  outcome: 'forwarded',
  status: 200,
  dialedIp: '192.0.2.10',
  bytesOut: 300,
  bytesIn: 1200,
  error: null,
} as const

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

describe('a decision', () => {
  test('is in the database, for another reader, when its number is handed out', async () => {
    const log = new AuditLog({ path })
    const id = await log.decide(decision(), false)
    expect(read('SELECT id, host, outcome FROM flows')).toEqual([
      { id, host: 'api.de.test', outcome: 'open' },
    ])
    await log.close()
  })

  test('that leaves home is handed out as well, after a sync', async () => {
    const log = new AuditLog({ path })
    const ids = await Promise.all([
      log.decide(decision(), true),
      log.decide(decision(), false),
      log.decide(decision(), true),
    ])
    expect(new Set(ids).size).toBe(3)
    expect(read('SELECT id FROM flows')).toHaveLength(3)
    await log.close()
  })

  test('with its ending is one commit: the flow is never seen open', async () => {
    const log = new AuditLog({ path })
    await log.decide(decision({ ending: { ...ENDING, outcome: 'blocked', status: 403 } }), false)
    expect(read('SELECT outcome, status FROM flows')).toEqual([{ outcome: 'blocked', status: 403 }])
    await log.close()
  })

  test('and its outcome make one row of the published view', async () => {
    const log = new AuditLog({ path })
    const evidence = [
      {
        kind: 'geoip',
        source: 's',
        asOf: '2026-06-01',
        claim: ['DE'],
        strength: 'weak',
        address: null,
        detail: 'd',
        discarded: null,
      },
    ] as const
    const row = decision({
      context: context({
        flow: flow({ agent: { id: 'ci', groups: ['a', 'b'], by: 'token' } }),
        destination: destination({ evidence, regions: ['DE', 'FR'] }),
        verdict: verdict({ rule: 'r1', because: 'art. 44' }),
      }),
    })
    const id = await log.decide(row, false)
    log.settle({ flow: id, at: AT + 25, ending: ENDING })
    await log.close()
    expect(read('SELECT * FROM flows')).toEqual([
      {
        id,
        started_at: '2026-11-20T12:00:00.000Z',
        ended_at: '2026-11-20T12:00:00.025Z',
        duration_ms: 25,
        mode: 'connect',
        client_ip: '127.0.0.1',
        agent: 'ci',
        groups: '["a","b"]',
        method: 'GET',
        scheme: 'https',
        host: 'api.de.test',
        port: 443,
        path: '/v1',
        protocol: 'HTTP/1.1',
        dialed_ip: '192.0.2.10',
        regions: '["DE","FR"]',
        placement: 'inside',
        evidence: JSON.stringify(evidence),
        action: 'allow',
        outcome: 'forwarded',
        rule: 'r1',
        because: 'art. 44',
        reason: 'DE is inside',
        hold_id: null,
        approver: null,
        status: 200,
        bytes_out: 300,
        bytes_in: 1200,
        redactions_out: 0,
        redactions_in: 0,
        redaction_types: '[]',
        inspection: 'headers',
        policy_digest: 'f'.repeat(64),
        error: null,
        parent: null,
        would: null,
        statement: null,
      },
    ])
  })

  test('keeps at most 2 KiB of a path', async () => {
    const log = new AuditLog({ path })
    await log.decide(decision({ path: `/${'x'.repeat(60_000)}` }), false)
    expect(read<{ length: number }>('SELECT length(path) AS length FROM flows')[0]?.length).toBe(
      2_049,
    )
    await log.close()
  })
})

describe('the views', () => {
  test('cross_region_flows has what was not wholly inside, and not what was never located', async () => {
    const log = new AuditLog({ path })
    const rows = [
      context(),
      context({ verdict: verdict({ placement: 'outside', action: 'block' }) }),
      context({ verdict: verdict({ placement: 'straddling', action: 'hold' }) }),
      context({ verdict: verdict({ placement: 'unknown', action: 'block' }) }),
      context({ destination: null, verdict: verdict({ placement: 'unknown', action: 'block' }) }),
    ]
    for (const each of rows) await log.decide(decision({ context: each }), false)
    expect(read('SELECT placement FROM cross_region_flows ORDER BY id')).toEqual([
      { placement: 'outside' },
      { placement: 'straddling' },
      { placement: 'unknown' },
    ])
    await log.close()
  })

  test('destinations counts by host, agent and place; agents by agent', async () => {
    const log = new AuditLog({ path })
    const ids = [
      await log.decide(decision(), false),
      await log.decide(decision({ at: AT + 5 }), false),
    ]
    for (const id of ids) log.settle({ flow: id, at: AT + 10, ending: ENDING })
    await log.close()
    const sums = { flows: 2, forwarded: 2, bytes_out: 600, bytes_in: 2400 }
    const seen = { first_seen: '2026-11-20T12:00:00.000Z', last_seen: '2026-11-20T12:00:00.005Z' }
    expect(read('SELECT * FROM destinations')).toEqual([
      { host: 'api.de.test', agent: 'anonymous', regions: '["DE"]', ...seen, ...sums },
    ])
    expect(read('SELECT * FROM agents')).toEqual([
      { id: 'anonymous', ...seen, ...sums, refused: 0 },
    ])
  })

  test.each(['holds', 'grants', 'redactions'])('%s has no rows at first', async (view) => {
    await new AuditLog({ path }).close()
    expect(read(`SELECT * FROM ${view}`)).toEqual([])
  })

  test('admin_actions has what was noted', async () => {
    const log = new AuditLog({ path })
    await log.note({ at: AT, actor: 'root', action: 'token-issue', subject: 'ci', detail: 'x' })
    await log.close()
    expect(read('SELECT * FROM admin_actions')).toEqual([
      {
        id: 1,
        at: '2026-11-20T12:00:00.000Z',
        actor: 'root',
        action: 'token-issue',
        subject: 'ci',
        detail: 'x',
      },
    ])
  })
})

describe('the log is append-only', () => {
  test.each([
    'UPDATE decisions SET path = NULL',
    'DELETE FROM decisions',
    "UPDATE outcomes SET outcome = 'blocked'",
    'DELETE FROM outcomes',
    "UPDATE contexts SET host = 'x'",
    'DELETE FROM contexts',
    'DELETE FROM admin',
    "UPDATE hold_events SET actor = 'x'",
    'DELETE FROM hold_events',
    "UPDATE held SET hold = 'x'",
    'DELETE FROM held',
    'UPDATE redacted SET count = 0',
    'DELETE FROM redacted',
  ])('%s is refused', async (sql) => {
    const log = new AuditLog({ path })
    const hold = { id: 'h-1', grant: null, approvers: [] }
    const id = await log.decide(decision({ context: context({ hold }) }), false)
    const redactions = [{ direction: 'out', type: 'iban', path: '$', count: 1 }] as const
    log.settle({ flow: id, at: AT, ending: { ...ENDING, redactions } })
    await log.note({ at: AT, actor: 'a', action: 'b', subject: 'c', detail: 'd' })
    await log.keep({ kind: 'expired', at: AT, hold: 'h-1' })
    await log.close()
    const db = new Database(path)
    expect(() => db.exec(sql)).toThrow('append-only')
    db.close()
  })
})

describe('when nothing can be written', () => {
  test('decisions are refused, the operator is told, and it recovers by itself', async () => {
    const told: (string | null)[] = []
    const log = new AuditLog({ path, onHealth: (problem) => told.push(problem) })
    const other = new Database(path)
    other.exec('BEGIN IMMEDIATE')
    await expect(log.decide(decision(), false)).rejects.toBeInstanceOf(AuditUnavailable)
    expect(log.problem).not.toBeNull()
    other.exec('ROLLBACK')
    other.close()
    await eventually('the log to work again', () => log.problem === null)
    expect(told.at(0)).toContain('locked')
    expect(told.at(-1)).toBeNull()
    await log.decide(decision(), false)
    expect(read('SELECT count(*) AS n FROM flows')).toEqual([{ n: 1 }])
    await log.close()
    expect(verifyAuditLog(path).ok).toBe(true)
  })

  test('outcomes wait for better times', async () => {
    const log = new AuditLog({ path })
    const id = await log.decide(decision(), false)
    const other = new Database(path)
    other.exec('BEGIN IMMEDIATE')
    log.settle({ flow: id, at: AT, ending: ENDING })
    await eventually('the log to give up', () => log.problem)
    other.exec('ROLLBACK')
    other.close()
    await eventually(
      'the outcome',
      () => read<{ outcome: string }>('SELECT outcome FROM flows')[0]?.outcome === 'forwarded',
    )
    await log.close()
  })

  test.each([
    ['removed', (file: string) => rmSync(file)],
    ['moved away', (file: string) => renameSync(file, `${file}.old`)],
    [
      'replaced',
      (file: string) => {
        rmSync(file)
        writeFileSync(file, '')
      },
    ],
  ])('a file that was %s is noticed, because nobody would ever read its rows', async (_, spoil) => {
    const log = new AuditLog({ path })
    await log.decide(decision(), false)
    spoil(path)
    await eventually('the log to notice', () => log.problem)
    await expect(log.decide(decision(), false)).rejects.toBeInstanceOf(AuditUnavailable)
    await log.close()
  })
})

describe('several writers', () => {
  test('an operator’s command and the proxy write one chain', async () => {
    const log = new AuditLog({ path })
    for (let i = 0; i < 5; i++) {
      await log.decide(decision(), false)
      const other = new AuditLog({ path })
      await other.note({
        at: AT,
        actor: 'root',
        action: 'token-issue',
        subject: `a${i}`,
        detail: '',
      })
      await other.close()
    }
    await log.decide(decision(), false)
    await log.close()
    expect(verifyAuditLog(path)).toMatchObject({ ok: true, rows: 11 })
  })

  test('it goes on behind a decision that the log has not noted as its end yet', async () => {
    const log = new AuditLog({ path })
    const flow = await log.decide(decision(), false)
    const noted = () => read<{ seq: number }>('SELECT seq FROM head')[0]?.seq
    expect(noted()).toBeLessThan(flow)
    expect(verifyAuditLog(path)).toMatchObject({ ok: true, head: { seq: flow } })
    const other = new AuditLog({ path })
    await other.note({ at: AT, actor: 'root', action: 'token-issue', subject: 'a', detail: '' })
    await other.close()
    const last = await log.decide(decision(), false)
    expect(last).toBe(flow + 2)
    await eventually('the end to be noted', () => noted() === last)
    await log.close()
    expect(verifyAuditLog(path)).toMatchObject({ ok: true, rows: 3 })
  })

  test('only one process holds the lock, and it is free when that one lets go', () => {
    const lock = join(folder.path, 'proxy.lock')
    const first = holdLock(lock)
    expect(() => holdLock(lock)).toThrow('another cordon is running')
    first[Symbol.dispose]()
    holdLock(lock)[Symbol.dispose]()
  })
})

test('flows an earlier run left open are closed, later ones are not touched', async () => {
  const first = new AuditLog({ path })
  await first.note({ at: AT, actor: 'cordon', action: 'start', subject: '', detail: '' })
  const open = await first.decide(decision(), false)
  const ended = await first.decide(decision(), false)
  first.settle({ flow: ended, at: AT, ending: ENDING })
  await first.close()
  const second = new AuditLog({ path })
  expect(second.closeInterrupted(AT + 99)).toHaveLength(1)
  await second.note({ at: AT + 99, actor: 'cordon', action: 'start', subject: '', detail: '' })
  expect(second.closeInterrupted(AT + 99)).toEqual([])
  await second.close()
  expect(read('SELECT id, outcome, error FROM flows ORDER BY id')).toEqual([
    { id: open, outcome: 'failed', error: 'interrupted' },
    { id: ended, outcome: 'forwarded', error: null },
  ])
  expect(verifyAuditLog(path).ok).toBe(true)
})

test('many outcomes are written with the next decision, few when their time has come', async () => {
  const log = new AuditLog({ path })
  const ids = await Promise.all(Array.from({ length: 70 }, () => log.decide(decision(), false)))
  const ended = () => read("SELECT id FROM flows WHERE outcome = 'forwarded'").length
  for (const flow of ids.slice(0, 65)) log.settle({ flow, at: AT, ending: ENDING })
  await log.decide(decision(), false)
  expect(ended()).toBe(65)
  for (const flow of ids.slice(65)) log.settle({ flow, at: AT, ending: ENDING })
  expect(log.queued).toBe(5)
  await eventually('the others', () => ended() === 70)
  await log.close()
  expect(verifyAuditLog(path)).toMatchObject({ ok: true, rows: 141 })
})

describe('a file that is no audit log is left as it is', () => {
  test.each([
    ['garbage', () => writeFileSync(path, 'x'.repeat(5000))],
    ['another database', () => new Database(path).exec('CREATE TABLE t (a)').close()],
    [
      'another format',
      () => {
        const db = new Database(path)
        db.pragma(`application_id = ${0x4372646e}`)
        db.pragma('user_version = 99')
        db.exec('CREATE TABLE t (a)').close()
      },
    ],
    ['a folder that does not exist', () => (path = join(folder.path, 'no/such/audit.db'))],
  ])('%s', (_, prepare) => {
    prepare()
    const before = existsSync(path) ? new Uint8Array(0).length : null
    expect(() => new AuditLog({ path })).toThrow(AuditError)
    expect(existsSync(path) ? 0 : null).toBe(before)
    expect(existsSync(`${path}-wal`)).toBe(false)
  })
})
