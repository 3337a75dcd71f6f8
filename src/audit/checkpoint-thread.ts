/** The thread of checkpoints.ts. Its data is the path of the database; it says that it is there, and any message ends it. */

import { parentPort, workerData } from 'node:worker_threads'
import { openForCheckpoints, type WriteAheadLog } from './database.ts'

/** How often it is looked, in milliseconds. */
const CHECK_MS = 100
/** Pages that are worth copying. */
const PAGES = 4_000
/**
 * Pages in the write-ahead log that are too many. A writer begins at its start again once all of it is copied, which under load never is at
 * the moment when somebody writes: the rest is then copied while nobody may. Some milliseconds; whoever wants to commit tries again.
 */
const MAX_PAGES = 16_000

const database = openForCheckpoints(String(workerData))
const timer = setInterval(check, CHECK_MS)

parentPort?.once('message', () => {
  clearInterval(timer)
  database.close()
})
parentPort?.postMessage('ready')

function check(): void {
  if (waiting(database.look()) < PAGES) return
  let log = database.copy()
  if (log.pages < MAX_PAGES) return
  // More may have come meanwhile than anybody should wait for. What does not get less is what a reader needs: to stop writers is no help.
  for (let before = log.pages; waiting(log) >= PAGES && waiting(log) < before; ) {
    before = waiting(log)
    log = database.copy()
  }
  if (waiting(log) < PAGES) database.restart()
}

function waiting({ pages, copied }: WriteAheadLog): number {
  return pages - copied
}
