/** Flows of every length in one commit: refused ones end in it, others began earlier, some are still under way. */

import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { AuditLog } from '../../src/audit/log.ts'
import { verifyAuditLog } from '../../src/audit/verify.ts'
import type { Ending } from '../../src/model/audit-record.ts'
import { temporaryFolder } from '../support/folder.ts'
import { decision } from '../support/nouns.ts'

const AT = Date.UTC(2026, 10, 20, 12)
const ENDING: Ending = {
  outcome: 'forwarded',
  status: 200,
  dialedIp: '192.0.2.10',
  bytesOut: 300,
  bytesIn: 1200,
  error: null,
}
const REFUSED: Ending = { ...ENDING, outcome: 'blocked', status: 403, dialedIp: null }

test.each([1, 3, 7, 8, 9, 15, 16, 17, 40])('%i refused among others', async (count) => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'audit.db')
  const problems: (string | null)[] = []
  const log = new AuditLog({ path, onHealth: (problem) => problems.push(problem) })
  const earlier = await Promise.all(
    Array.from({ length: count }, () => log.decide(decision(), false)),
  )
  for (const flow of earlier) log.settle({ flow, at: AT, ending: ENDING })
  const mixed = Array.from({ length: 2 * count }, (_, i) =>
    log.decide(decision(i % 2 === 0 ? { ending: REFUSED } : {}), false),
  )
  await Promise.all(mixed)
  await log.close()
  expect(problems).toEqual([])
  const db = new Database(path, { readonly: true })
  const counts = db.prepare('SELECT outcome, count(*) AS n FROM flows GROUP BY outcome').all()
  db.close()
  expect(counts).toEqual([
    { outcome: 'blocked', n: count },
    { outcome: 'forwarded', n: count },
    { outcome: 'open', n: count },
  ])
  expect(verifyAuditLog(path).breaks).toEqual([])
})

test('a flow that is said to end twice has ended once, and the log goes on', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'audit.db')
  const log = new AuditLog({ path })
  const flow = await log.decide(decision(), false)
  log.settle({ flow, at: AT, ending: ENDING })
  log.settle({ flow, at: AT, ending: REFUSED })
  await log.decide(decision(), false)
  log.settle({ flow, at: AT, ending: REFUSED })
  const last = await log.decide(decision(), false)
  log.settle({ flow: last, at: AT, ending: ENDING })
  await log.close()
  const db = new Database(path, { readonly: true })
  const outcomes = db.prepare('SELECT outcome FROM flows ORDER BY id').pluck().all()
  db.close()
  expect(outcomes).toEqual(['forwarded', 'open', 'forwarded'])
  expect(verifyAuditLog(path).breaks).toEqual([])
})
