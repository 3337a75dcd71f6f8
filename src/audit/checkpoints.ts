/**
 * Checkpoints: what was committed is copied from the write-ahead log into the database, so that the former does not grow without end. That
 * syncs two files, which takes milliseconds: a thread with a connection of its own does it (checkpoint-thread.js), while the one that
 * serves traffic goes on writing. Should the thread end, for whatever reason, the connection that writes does it again by itself.
 */

import { Worker } from 'node:worker_threads'
import { type AuditDatabase, checkpointEvery } from './database.ts'

/** A log that writes less than this many commits, such as a command's, needs no thread. */
const COMMITS_BEFORE = 1_000
const MIB = 1_048_576
/** Size of the write-ahead log at which the writer helps itself: without the thread, and beside it, if that does not keep up. */
const ALONE_BYTES = 16 * MIB
const BESIDE_BYTES = 256 * MIB
/** How long the thread may take to close its connection, in milliseconds. */
const CLOSE_MS = 2_000

export class Checkpoints {
  readonly #path: string
  readonly #db: AuditDatabase
  #commits = 0
  #worker: Worker | null = null
  #ended: Promise<void> | null = null

  /** @param db the connection that writes. */
  constructor(path: string, db: AuditDatabase) {
    this.#path = path
    this.#db = db
    checkpointEvery(db, ALONE_BYTES)
  }

  /** To be called after each commit. */
  onCommit(): void {
    if (++this.#commits === COMMITS_BEFORE) this.#start()
  }

  /** Ends the thread; what it has not copied is copied when the last connection closes. */
  async close(): Promise<void> {
    const worker = this.#worker
    if (!worker) return
    worker.postMessage('close')
    const timer = setTimeout(() => worker.terminate(), CLOSE_MS)
    await this.#ended
    clearTimeout(timer)
  }

  #start(): void {
    const worker = new Worker(new URL('./checkpoint-thread.js', import.meta.url), {
      workerData: this.#path,
      name: 'audit-checkpoints',
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
    })
    worker.unref()
    this.#worker = worker
    worker.once('message', () => this.#helpAt(BESIDE_BYTES))
    worker.on('error', () => {})
    this.#ended = new Promise((resolve) => {
      worker.once('exit', () => {
        this.#worker = null
        this.#helpAt(ALONE_BYTES)
        resolve()
      })
    })
  }

  #helpAt(bytes: number): void {
    if (this.#db.open) checkpointEvery(this.#db, bytes)
  }
}
