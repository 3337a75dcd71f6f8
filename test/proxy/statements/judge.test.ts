/** Statements of one connection before the real spine and a real log; who answers, and where hosts are, is what the test says. */

import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { AuditLog } from '../../../src/audit/log.ts'
import { verifyAuditLog } from '../../../src/audit/verify.ts'
import { createEnforcer } from '../../../src/enforce.ts'
import { NO_INSPECTOR } from '../../../src/inspector.ts'
import { ANONYMOUS } from '../../../src/model/agent.ts'
import type { Problem } from '../../../src/model/errors.ts'
import type { HoldQuestion } from '../../../src/model/hold.ts'
import type { Policy } from '../../../src/policy/compile.ts'
import type { RuleEntry } from '../../../src/policy/document.ts'
import type { Kinds } from '../../../src/policy/redaction.ts'
import { type HoldAnswer, NO_DECODER, NO_LEDGER, NO_METER, NO_OUTLINE } from '../../../src/ports.ts'
import { Deadlines } from '../../../src/proxy/deadlines.ts'
import { type Said, StatementJudge } from '../../../src/proxy/statements/judge.ts'
import type { Permit } from '../../../src/release.ts'
import { policyOf, rule } from '../../policy/support.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { authority, destination, flow, ip } from '../../support/nouns.ts'
import { eventually } from '../../support/wait.ts'

const NO_HEAD = { target: '', fields: [], header: () => [] }
const TO = authority('db.test:5432')

let time = 1_000_000
const deadlines = new Deadlines({ now: () => time }, () => {})
afterAll(() => deadlines.close())

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let log: AuditLog
let path: string
let inForce: Policy
let asked: HoldQuestion[]
let answer: () => HoldAnswer
let identified: typeof ANONYMOUS | Problem
let ended: number
let lease: AbortController

beforeEach(async () => {
  folder = await temporaryFolder()
  path = join(folder.path, 'audit.db')
  log = new AuditLog({ path })
  asked = []
  answer = () => ({ kind: 'unavailable' })
  identified = ANONYMOUS
  ended = 0
  lease = new AbortController()
})
afterEach(() => folder[Symbol.asyncDispose]())

const enforcer = createEnforcer({
  clock: { now: () => 1_000 },
  resolver: {
    resolve: async () => ({
      addresses: [ip('192.0.2.1')],
      cnames: [],
      source: 't',
      validUntil: 9e9,
    }),
  },
  locator: {
    locate: (to) => destination({ authority: to }),
    wantsBody: () => false,
    read: () => null,
    refine: (to) => to,
    watchAnswer: () => null,
  },
  decoder: NO_DECODER,
  outline: NO_OUTLINE,
  inspector: NO_INSPECTOR,
  holds: {
    ask: async (question) => {
      asked.push(question)
      return answer()
    },
  },
  audit: {
    decide: (record, durable) => log.decide(record, durable),
    settle: (record) => log.settle(record),
    note: (record) => log.note(record),
  },
  ledger: NO_LEDGER,
  meter: NO_METER,
  policy: () => inForce,
  report: (_, error) => {
    throw error
  },
})

async function open(rules: readonly RuleEntry[]): Promise<StatementJudge> {
  inForce = policyOf({ home: 'EEA', rules })
  const admission = await enforcer.admit(flow({ scheme: 'tcp', inspection: 'full' }), TO)
  const line = { method: null, path: null, protocol: 'postgresql' }
  const gone = () => new AbortController().signal
  const waiting = {
    ...{ wire: null, telling: [], head: null, body: null, nonce: '', waited: 0 },
    gone,
  }
  const released = await enforcer.releaseOrWait(admission, line, waiting)
  if (released === 'again' || 'refusal' in released) throw new Error('the connection is refused')
  return judgeOn(released.permit)
}

function judgeOn(connection: Permit, isUnread = false): StatementJudge {
  return new StatementJudge({
    context: { enforcer, policy: () => inForce, deadlines },
    connection,
    protocol: 'postgresql',
    dialedIp: '192.0.2.1',
    unread: { out: isUnread, in: isUnread },
    identify: async () => identified,
    gone: () => new AbortController().signal,
    onLeaseEnd: () => ended++,
  })
}

const say = (text: string, ...kinds: string[]): Said => ({
  ...{ text, database: 'shop' },
  kinds: new Set(kinds),
})
const SELECT = say('SELECT * FROM t WHERE id = ?', 'select')
const DROP = say('DROP TABLE t', 'drop table', 'drop')

async function pass(judge: StatementJudge, said: Said) {
  const released = judge.known(said) ?? (await judge.judge(said))
  if ('refusal' in released) throw new Error(released.refusal.detail)
  released.times++
  return released
}

async function close(): Promise<readonly Record<string, unknown>[]> {
  await log.close()
  expect(verifyAuditLog(path).breaks).toEqual([])
  const db = new Database(path, { readonly: true })
  const rows = db.prepare('SELECT * FROM statements ORDER BY id').all()
  db.close()
  return rows as Record<string, unknown>[]
}

const granted = (uses = 0): HoldAnswer => ({
  ...{ kind: 'granted', hold: `h-0000000${uses}`, grant: `g-0000000${uses}`, approvers: ['ada'] },
  lease: lease.signal,
})

test('the same statement is one row however often it comes, another database or other data another', async () => {
  const judge = await open([])
  for (let i = 0; i < 1_000; i++) (await pass(judge, SELECT)).rows += 2
  await pass(judge, { ...SELECT, database: 'hr' })
  await pass(judge, { ...SELECT, data: new Set(['iban']) })
  judge.end()
  expect(await close()).toMatchObject([
    { statement: SELECT.text, database: 'shop', times: 1_000, rows_in: 2_000, parent: 1 },
    { statement: SELECT.text, database: 'hr', times: 1 },
    { statement: SELECT.text, database: 'shop', times: 1, outcome: 'forwarded', action: 'allow' },
  ])
})

test('a rule about one statement refuses it, by any of its words, and nothing else; each try is a row', async () => {
  const judge = await open([rule('no-drop', 'block', { statement: 'drop' })])
  await pass(judge, SELECT)
  for (let i = 0; i < 2; i++) {
    expect(await judge.judge(DROP)).toMatchObject({ refusal: { code: 'rule-no-drop' } })
  }
  expect(judge.known(DROP)).toBeNull()
  judge.end()
  expect(await close()).toMatchObject([
    { outcome: 'forwarded' },
    { outcome: 'blocked', rule: 'no-drop', kinds: '["drop","drop table"]', times: 0 },
    { outcome: 'blocked' },
  ])
})

test('what is held shows its kind and text, goes once for each leave, and leave that ends ends the connection', async () => {
  const judge = await open([rule('ask', 'hold', { statement: 'drop table' })])
  let uses = 0
  answer = () => granted(++uses)
  const first = await pass(judge, DROP)
  expect(asked).toMatchObject([
    { held: { method: 'DROP TABLE', path: '/shop', statement: DROP.text, rules: ['ask'] } },
  ])
  expect([first.isOnce, judge.known(DROP)]).toEqual([true, null])
  judge.settle(first)
  await pass(judge, DROP)
  expect(uses).toBe(2)
  lease.abort()
  expect(ended).toBe(1)
  judge.end()
  expect(await close()).toMatchObject([
    { times: 1, hold_id: 'h-00000001', approver: 'ada' },
    { times: 1, hold_id: 'h-00000002' },
  ])
})

test('a person decides about that text, at that database, and about it again only once', async () => {
  const judge = await open([rule('ask', 'hold', { statement: 'drop table' })])
  answer = () => ({ kind: 'pending', hold: 'h-00000001', expiresAt: 5_000 })
  for (const said of [DROP, DROP, { ...DROP, text: 'DROP TABLE u' }, { ...DROP, database: 'hr' }]) {
    expect(await judge.judge(said)).toMatchObject({ refusal: { code: 'hold-pending' } })
  }
  const [one, same, ...others] = asked.map(({ fingerprint }) => fingerprint)
  expect(same).toBe(one)
  expect(new Set([one, ...others]).size).toBe(3)
})

test('leave for the connection settles what is held for the same reason, and nothing else', async () => {
  answer = () => granted(1)
  const all = await open([
    rule('all', 'hold', { host: 'db.test' }),
    rule('ask', 'hold', { statement: 'drop' }),
  ])
  expect(asked).toHaveLength(1)
  const released = await pass(all, SELECT)
  expect([released.isOnce, asked.length]).toEqual([false, 1])
  expect(all.known(SELECT)).toBe(released)
  answer = () => ({ kind: 'denied', hold: 'h-00000002', reason: 'no' })
  expect(await all.judge(DROP)).toMatchObject({ refusal: { code: 'hold-denied' } })
  all.end()
  expect(await close()).toMatchObject([
    { hold_id: 'h-00000001', approver: 'ada', outcome: 'forwarded' },
    { hold_id: 'h-00000002', approver: null, outcome: 'denied' },
  ])
})

test('another policy judges anew, and so does who else is there', async () => {
  const judge = await open([])
  await pass(judge, SELECT)
  inForce = policyOf({ home: 'EEA', rules: [rule('no', 'block', { statement: 'select' })] })
  expect(judge.known(SELECT)).toBeNull()
  expect(await judge.judge(SELECT)).toMatchObject({ refusal: { code: 'rule-no' } })
  identified = { code: 'token-revoked', detail: 'it was revoked' }
  expect(await judge.judge(DROP)).toMatchObject({ refusal: { code: 'token-revoked' } })
  judge.end()
  expect(await close()).toMatchObject([
    { outcome: 'forwarded', times: 1 },
    { outcome: 'blocked' },
    { outcome: 'blocked', error: 'token-revoked' },
  ])
})

test('of many different statements the ones that were used last are known, and all have their row', async () => {
  const judge = await open([])
  for (let i = 0; i < 600; i++) {
    await pass(judge, say(`SELECT c${i} FROM t`, 'select'))
    await pass(judge, SELECT)
  }
  expect(judge.known(say('SELECT c0 FROM t', 'select'))).toBeNull()
  expect(judge.known(say('SELECT c599 FROM t', 'select'))).not.toBeNull()
  expect(judge.known(SELECT)?.times).toBe(600)
  judge.end()
  const rows = await close()
  expect(rows).toHaveLength(601)
  expect(rows.every(({ outcome }) => outcome === 'forwarded')).toBe(true)
})

test('a text that is too long to be kept is told from others by all of it', async () => {
  const judge = await open([])
  const long = `SELECT ${'?, '.repeat(5_000)}`
  await pass(judge, say(`${long} 1`, 'select'))
  expect(judge.known(say(`${long} 2`, 'select'))).toBeNull()
  judge.end()
  const [row] = await close()
  expect(String(row?.statement)).toMatch(/^SELECT [?, ]+… \(SHA-256 [0-9a-f]{64}\)$/)
})

test('who is there is asked again after a while: a token that is revoked ends what goes on with it', async () => {
  const judge = await open([])
  const first = await pass(judge, SELECT)
  expect(judge.known(SELECT)).toBe(first)
  time += 10_000
  await eventually('the clock', () => deadlines.now >= time)
  expect(judge.known(SELECT)).toBeNull()
  // The same that was there: nothing is written anew.
  expect(await pass(judge, SELECT)).toBe(first)
  expect(judge.known(SELECT)).toBe(first)
  time += 10_000
  await eventually('the clock', () => deadlines.now >= time)
  identified = { code: 'token-revoked', detail: 'it was revoked' }
  expect(judge.known(SELECT)).toBeNull()
  expect(await judge.judge(SELECT)).toMatchObject({ refusal: { code: 'token-revoked' } })
  judge.end()
  expect(await close()).toMatchObject([{ times: 2 }, { error: 'token-revoked', times: 0 }])
})

test('what goes on under leave needs it however much is said meanwhile, and under another policy', async () => {
  const judge = await open([rule('ask', 'hold', { statement: 'drop table' })])
  answer = () => granted(1)
  const [over] = [await pass(judge, DROP), await pass(judge, DROP)]
  for (let i = 0; i < 600; i++) await pass(judge, say(`SELECT c${i} FROM t`, 'select'))
  inForce = policyOf({ home: 'EEA' })
  await pass(judge, SELECT)
  // One of the two is over, the other is not.
  judge.settle(over)
  expect(ended).toBe(0)
  lease.abort()
  expect(ended).toBe(1)
  judge.end()
  await close()
})

test('leave that is over ends nothing', async () => {
  const judge = await open([rule('ask', 'hold', { statement: 'drop table' })])
  answer = () => granted(1)
  judge.settle(await pass(judge, DROP))
  lease.abort()
  expect(ended).toBe(0)
  judge.end()
  await close()
})

test('where nobody reads what a rule takes out, a person is asked for the connection, and not for each statement', async () => {
  const kinds = new Map([['email', { class: 'personal', readiness: 'on' }]]) as unknown as Kinds
  const redact = { id: 'mask', because: 'b', when: { host: 'db.test' }, redact: { out: 'email' } }
  inForce = policyOf(
    { home: 'EEA', rules: [redact], redaction: { on_unscannable: { out: 'hold' } } },
    { kinds },
  )
  answer = () => granted(1)
  const admission = await enforcer.admit(flow({ scheme: 'tcp', inspection: 'full' }), TO)
  const line = { method: null, path: null, protocol: 'redis' }
  const inspected = await enforcer.inspect(admission, line, null, NO_HEAD)
  const gone = () => new AbortController().signal
  const nobody = { wire: null, telling: [], head: null, body: null, nonce: '', waited: 0, gone }
  const released = await enforcer.releaseOrWait(admission, inspected.line, nobody)
  if (released === 'again' || 'refusal' in released) throw new Error('refused')
  expect(asked).toMatchObject([{ held: { rules: ['mask'] } }])
  const judge = judgeOn(released.permit, true)
  expect((await pass(judge, SELECT)).isOnce).toBe(false)
  expect(judge.known(SELECT)).not.toBeNull()
  expect(asked).toHaveLength(1)
  judge.end()
  expect(await close()).toMatchObject([{ times: 1, approver: 'ada', action: 'hold' }])
})

test('a connection that ends while it is decided leaves nothing open', async () => {
  const judge = await open([rule('ask', 'hold', { statement: 'drop table' })])
  answer = () => granted(1)
  const [passing, held] = [judge.judge(SELECT), judge.judge(DROP)]
  judge.end()
  await Promise.all([passing, held])
  lease.abort()
  expect(ended).toBe(0)
  expect(await close()).toMatchObject([
    { outcome: 'cancelled', times: 0 },
    { outcome: 'cancelled', times: 0 },
  ])
})
