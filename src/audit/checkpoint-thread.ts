/** The thread of checkpoints.ts. Its data is the path of the database; it says that it is there, and any message ends it. */

import { parentPort, workerData } from 'node:worker_threads'
import { openForCheckpoints, type WriteAheadLog } from './database.ts'

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

const database = openForCheckpoints(String(workerData))
const timer = setInterval(check, CHECK_MS)

parentPort?.once('message', () => {
  clearInterval(timer)
  database.close()
})
parentPort?.postMessage('ready')

function check(): void {
  if (waiting(database.look()) < ENOUGH_BYTES) return
  let log = database.copy()
  if (log.bytes < MAX_BYTES) return
  // More may have come meanwhile than anybody should wait for. What does not get less is what a reader needs: to stop writers is no help.
  for (let before = log.bytes; waiting(log) >= ENOUGH_BYTES && waiting(log) < before; ) {
    before = waiting(log)
    log = database.copy()
  }
  if (waiting(log) < ENOUGH_BYTES) database.restart()
}

function waiting({ bytes, copied }: WriteAheadLog): number {
  return bytes - copied
}
