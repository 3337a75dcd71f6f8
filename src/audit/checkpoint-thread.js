/**
 * The thread of checkpoints.ts. Its data is the path of a database that is open already; it says that it is there, and any message ends it.
 * In plain JavaScript, and with nothing of ours: a thread that has to strip types first takes 10 MB and 90 ms more.
 */

import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'

/** How often it is looked, in milliseconds. */
const CHECK_MS = 100
const MIB = 1_048_576
/** So much is worth copying. */
const ENOUGH_BYTES = 16 * MIB
/**
 * A write-ahead log that is too large. A writer begins at its start again once all of it is copied, which under load never is at
 * the moment when somebody writes: the rest is then copied while nobody may. Some milliseconds; whoever wants to commit tries again.
 */
const MAX_BYTES = 64 * MIB
/** How long a commit that is being made is waited for, and, while nobody may write, a reader. */
const BUSY_MS = 20

const database = new Database(workerData, { fileMustExist: true, timeout: BUSY_MS })
database.pragma('synchronous = NORMAL')
const pageBytes = database.pragma('page_size', { simple: true })
const timer = setInterval(check, CHECK_MS)

parentPort.once('message', () => {
  clearInterval(timer)
  database.close()
})
parentPort.postMessage('ready')

function check() {
  if (checkpoint('NOOP').waiting < ENOUGH_BYTES) return
  let log = checkpoint('PASSIVE')
  if (log.bytes < MAX_BYTES) return
  // More may have come meanwhile than anybody should wait for. What does not get less is what a reader needs: to stop writers is no help.
  for (let before = log.bytes; log.waiting >= ENOUGH_BYTES && log.waiting < before; ) {
    before = log.waiting
    log = checkpoint('PASSIVE')
  }
  if (log.waiting < ENOUGH_BYTES) checkpoint('RESTART')
}

/**
 * `NOOP` only looks, `PASSIVE` copies what it can without stopping anybody, `RESTART` all of it while nobody writes.
 * What the write-ahead log then holds, in bytes, and how many of them are not in the database yet.
 */
function checkpoint(mode) {
  const [{ log, checkpointed }] = database.pragma(`wal_checkpoint(${mode})`)
  return { bytes: log * pageBytes, waiting: (log - checkpointed) * pageBytes }
}
