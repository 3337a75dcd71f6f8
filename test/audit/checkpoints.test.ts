/** The thread that copies the write-ahead log into the database: it keeps it small, may end at any time, and leaves nothing behind. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { AuditLog } from '../../src/audit/log.ts'
import { verifyAuditLog } from '../../src/audit/verify.ts'
import { temporaryFolder } from '../support/folder.ts'
import { context, decision } from '../support/nouns.ts'
import { eventually } from '../support/wait.ts'

/** The thread is started by so many commits. */
const COMMITS = 1_000
const MIB = 1_048_576
const ALONE_BYTES = 16 * MIB
const BESIDE_BYTES = 256 * MIB
/** More than the thread lets be before it stops writers for a moment. */
const MANY_BYTES = 68 * MIB
const SHARED = context()
const LONG_PATH = `/${'x'.repeat(2_000)}`

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let path: string
beforeEach(async () => {
  folder = await temporaryFolder()
  path = join(folder.path, 'audit.db')
})
afterEach(() => folder[Symbol.asyncDispose]())

/** How often the write-ahead log was begun anew: the fourth number of its header. */
function restarts(): number {
  const header = Buffer.alloc(32)
  const file = openSync(`${path}-wal`, 'r')
  readSync(file, header, 0, 32, 0)
  closeSync(file)
  return header.readUInt32BE(12)
}

/** At which size of the write-ahead log the writer helps itself. */
function writerHelpsAt({ database }: AuditLog): number {
  const [pages, bytes] = ['wal_autocheckpoint', 'page_size'].map((name) =>
    Number(database.pragma(name, { simple: true })),
  )
  return (pages ?? 0) * (bytes ?? 0)
}

async function openWithThread(): Promise<{ log: AuditLog; worker: Worker }> {
  const started = once(process, 'worker')
  const log = new AuditLog({ path })
  for (let i = 0; i < COMMITS; i++) await log.decide(decision({ context: SHARED }), false)
  const [worker] = (await started) as [Worker]
  await eventually('the thread to be there', () => writerHelpsAt(log) === BESIDE_BYTES)
  return { log, worker }
}

/** Many pages, then few, until the write-ahead log was begun anew. */
async function writeUntilRestarted(log: AuditLog): Promise<void> {
  const before = restarts()
  const row = decision({ context: SHARED, path: LONG_PATH })
  while (restarts() === before) {
    const many = statSync(`${path}-wal`).size < MANY_BYTES
    const rows = Array.from({ length: many ? 256 : 1 }, () => row)
    await Promise.all(rows.map((each) => log.decide(each, false)))
    await sleep(1)
  }
}

test('under load the write-ahead log is begun anew by the thread, before the writer has to help itself', async () => {
  const { log } = await openWithThread()
  await writeUntilRestarted(log)
  expect(writerHelpsAt(log)).toBe(BESIDE_BYTES)
  expect(statSync(`${path}-wal`).size).toBeLessThan(2 * MANY_BYTES)
  await log.close()
  expect(verifyAuditLog(path).breaks).toEqual([])
}, 60_000)

test('a thread that ends is survived: the writer makes its checkpoints itself', async () => {
  const { log, worker } = await openWithThread()
  await worker.terminate()
  expect(writerHelpsAt(log)).toBe(ALONE_BYTES)
  await writeUntilRestarted(log)
  expect(statSync(`${path}-wal`).size).toBeLessThan(2 * ALONE_BYTES)
  await log.close()
  expect(verifyAuditLog(path).breaks).toEqual([])
}, 60_000)

test('closing leaves one file, with all of it, and no thread', async () => {
  const { log, worker } = await openWithThread()
  const ended = once(worker, 'exit')
  await log.close()
  expect(await ended).toEqual([0])
  expect([existsSync(`${path}-wal`), existsSync(`${path}-shm`)]).toEqual([false, false])
  expect(verifyAuditLog(path)).toMatchObject({ ok: true, rows: COMMITS })
}, 60_000)

const WRITER = `
  import { AuditLog } from '${new URL('../../src/audit/log.ts', import.meta.url)}'
  import { context, decision } from '${new URL('../support/nouns.ts', import.meta.url)}'
  const log = new AuditLog({ path: process.argv[1] })
  const shared = context()
  for (;;) {
    const rows = Array.from({ length: 8 }, () => decision({ context: shared, path: '/${'x'.repeat(500)}' }))
    const ids = await Promise.all(rows.map((row) => log.decide(row, false)))
    process.stdout.write(ids.join(' ') + '\\n')
  }`

test('killed with SIGKILL beside its thread, it has lost no row that was handed out', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', WRITER, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const handedOut: number[] = []
  for await (const line of createInterface(child.stdout)) {
    // A line that was cut off is no number that was handed out.
    const ids = line.split(' ').map(Number)
    if (ids.length === 8) handedOut.push(...ids.slice(0, 7))
    if (handedOut.length > 3 * COMMITS * 7) child.kill('SIGKILL')
  }
  await ended
  const db = new Database(path)
  const written = new Set(db.prepare('SELECT id FROM flows').pluck().all())
  db.close()
  expect(handedOut.length).toBeGreaterThan(3 * COMMITS * 7)
  expect(handedOut.filter((id) => !written.has(id))).toEqual([])
  expect(verifyAuditLog(path).breaks).toEqual([])
  const again = new AuditLog({ path })
  await again.decide(decision(), false)
  await again.close()
  expect(verifyAuditLog(path).breaks).toEqual([])
}, 60_000)
