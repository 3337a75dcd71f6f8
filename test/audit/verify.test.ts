import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { GENESIS, hashRow } from '../../src/audit/chain.ts'
import { AuditLog } from '../../src/audit/log.ts'
import { verifyAuditLog } from '../../src/audit/verify.ts'
import { temporaryFolder } from '../support/folder.ts'
import { decision } from '../support/nouns.ts'

const AT = Date.UTC(2026, 10, 20, 12)
const ENDING = {
  outcome: 'forwarded',
  status: 200,
  dialedIp: '192.0.2.10',
  bytesOut: 1,
  bytesIn: 2,
  error: null,
} as const
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let path: string

beforeEach(async () => {
  folder = await temporaryFolder()
  path = join(folder.path, 'audit.db')
  const log = new AuditLog({ path })
  for (let i = 0; i < 4; i++) {
    const id = await log.decide(decision({ path: `/${i}` }), false)
    log.settle({ flow: id, at: AT + 1, ending: ENDING })
  }
  await log.close()
  // A command's: the last row of all.
  const command = new AuditLog({ path })
  await command.note({ at: AT, actor: 'root', action: 'ca-rotate', subject: 'x', detail: '' })
  await command.close()
})
afterEach(() => folder[Symbol.asyncDispose]())

/** What somebody with the file and a shell can do. */
function tamper(...sql: string[]): void {
  const db = new Database(path)
  for (const { name } of db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
    .all() as { name: string }[]) {
    db.exec(`DROP TRIGGER ${name}`)
  }
  for (const statement of sql) db.exec(statement)
  db.close()
}

test('an untouched log is intact, and says where it ends', () => {
  const result = verifyAuditLog(path)
  expect(result).toMatchObject({ ok: true, rows: 9, breaks: [], head: { seq: 9 } })
  expect(result.head.hash).toMatch(/^[0-9a-f]{64}$/)
})

describe('every change shows', () => {
  test.each([
    ['a path is changed', ["UPDATE decisions SET path = '/other' WHERE seq = 1"]],
    ['a time is changed', ['UPDATE decisions SET at = at + 1 WHERE seq = 1']],
    ['a method is removed', ['UPDATE decisions SET method = NULL WHERE seq = 1']],
    ['an outcome is changed', ["UPDATE outcomes SET outcome = 'blocked' WHERE flow = 1"]],
    ['bytes are changed', ['UPDATE outcomes SET bytes_out = 0 WHERE flow = 1']],
    [
      'an outcome is given to another flow',
      [
        'DELETE FROM outcomes WHERE flow = 1',
        'UPDATE outcomes SET flow = 1 WHERE flow = (SELECT max(flow) FROM outcomes)',
      ],
    ],
    ['the host of all decisions is changed', ["UPDATE contexts SET host = 'other.test'"]],
    ['the place of all decisions is changed', ['UPDATE contexts SET regions = \'["FR"]\'']],
    [
      'a context is changed, its digest too',
      ["UPDATE contexts SET host = 'other.test', digest = 'x'"],
    ],
    [
      'a decision is moved to another context',
      [
        "INSERT INTO contexts SELECT 99, 'y', mode, client_ip, agent, groups, scheme, 'other.test', port, located, regions, placement, evidence, action, enforced, rule, because, reason, inspection, policy_digest, hold_id, approver, would FROM contexts LIMIT 1",
        'UPDATE decisions SET context = 99 WHERE seq = 1',
      ],
    ],
    ['the context of a decision is removed', ['PRAGMA foreign_keys = OFF', 'DELETE FROM contexts']],
    ['a decision is removed', ['PRAGMA foreign_keys = OFF', 'DELETE FROM decisions WHERE seq = 1']],
    ['an outcome is removed', ['DELETE FROM outcomes WHERE flow = 1']],
    ['the last row is cut off', ['DELETE FROM admin']],
    ['an admin action is changed', ["UPDATE admin SET actor = 'nobody'"]],
    ['a hash is changed', [`UPDATE decisions SET hash = '${'0'.repeat(64)}' WHERE seq = 1`]],
    [
      'two rows change places',
      [
        'PRAGMA foreign_keys = OFF',
        'UPDATE decisions SET seq = 900 WHERE seq = 1',
        'UPDATE decisions SET seq = 1 WHERE seq = (SELECT min(seq) FROM decisions)',
      ],
    ],
    [
      'the end is said to have been elsewhere',
      ['UPDATE head SET seq = 1, hash = (SELECT hash FROM decisions WHERE seq = 1)'],
    ],
    ['the noted end has another hash', ["UPDATE head SET hash = 'x'"]],
    [
      'a row is added behind the end',
      ["INSERT INTO admin VALUES (10, 1, 'a', 'b', 'c', 'd', 'e')"],
    ],
  ])('%s', (_, sql) => {
    tamper(...sql)
    const result = verifyAuditLog(path)
    expect(result.ok).toBe(false)
    expect(result.breaks.length).toBeGreaterThan(0)
  })

  test('also an outcome that belongs to nothing, though it is in the chain', async () => {
    const log = new AuditLog({ path })
    log.settle({ flow: 4_711, at: AT, ending: ENDING })
    await log.close()
    expect(verifyAuditLog(path)).toMatchObject({
      ok: false,
      breaks: [{ seq: 10, what: 'the outcome of a flow that was never decided' }],
    })
  })

  test('also that a decision was cut off, the last row of all', async () => {
    const log = new AuditLog({ path })
    const flow = await log.decide(decision(), false)
    await log.close()
    tamper('PRAGMA foreign_keys = OFF', `DELETE FROM decisions WHERE seq = ${flow}`)
    expect(verifyAuditLog(path).breaks).toMatchObject([{ seq: flow }])
  })

  test('the break is named where it is', () => {
    const [target] = new Database(path, { readonly: true })
      .prepare('SELECT seq FROM decisions ORDER BY seq DESC LIMIT 1')
      .pluck()
      .all() as number[]
    tamper(`UPDATE decisions SET path = '/other' WHERE seq = ${target}`)
    expect(verifyAuditLog(path).breaks.map((each) => each.seq)).toEqual([target])
  })
})

describe('a head noted outside', () => {
  test('is found in the chain that grew since', async () => {
    const { head } = verifyAuditLog(path)
    const log = new AuditLog({ path })
    await log.decide(decision(), false)
    await log.close()
    expect(verifyAuditLog(path, { expect: head }).ok).toBe(true)
  })

  test('is missed when the end was cut off and made anew, which the chain alone cannot show', async () => {
    const { head } = verifyAuditLog(path)
    const previous = new Database(path, { readonly: true })
      .prepare('SELECT seq, hash FROM outcomes ORDER BY seq DESC LIMIT 1')
      .get() as { seq: number; hash: string }
    tamper('DELETE FROM admin', `UPDATE head SET seq = ${previous.seq}, hash = '${previous.hash}'`)
    const log = new AuditLog({ path })
    await log.note({ at: AT, actor: 'root', action: 'nothing', subject: '', detail: '' })
    await log.close()
    expect(verifyAuditLog(path).ok).toBe(true)
    expect(verifyAuditLog(path, { expect: head })).toMatchObject({
      ok: false,
      breaks: [{ seq: head.seq, what: 'the expected row is not there' }],
    })
  })
})

describe('the text that is hashed', () => {
  test('is the documented one, so that anybody can recompute it', async () => {
    const { createHash } = await import('node:crypto')
    const text = `${GENESIS}t5:admini1:1t3:grün0:`.replace('t3:grü', 't4:grü')
    const expected = createHash('sha256').update(text, 'utf8').digest('hex')
    expect(hashRow(GENESIS, 'admin', [1, 'grü', null])).toBe(expected)
  })

  test.each([
    [
      ['ab', 'c'],
      ['a', 'bc'],
    ],
    [['1'], [1]],
    [[null], ['']],
    [['n0:'], [null]],
    [['a', null], ['a']],
  ])('%j and %j never have the same', (a, b) => {
    expect(hashRow(GENESIS, 't', a)).not.toBe(hashRow(GENESIS, 't', b))
  })
})
