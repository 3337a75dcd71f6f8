/**
 * Waits until what was committed would survive a power cut. In WAL mode a commit has reached the `-wal` file when it returns; one
 * `fdatasync` of that file makes every commit so far durable. Done here, off the event loop, instead of by SQLite within the
 * commit, it stops nobody else, and all who wait share it.
 */

import { closeSync, fdatasync, openSync } from 'node:fs'
import { AuditUnavailable } from '../model/errors.ts'

export class StableStorage {
  readonly #fd: number
  #running: Promise<void> | null = null
  #next: Promise<void> | null = null

  /** @param path the `-wal` file; SQLite keeps it as long as a connection is open. */
  constructor(path: string) {
    this.#fd = openSync(path, 'r+')
  }

  /** Resolves when everything written before this call is on stable storage. */
  sync(): Promise<void> {
    if (!this.#running) {
      this.#running = this.#run()
      return this.#running
    }
    // The one under way may have begun before the latest commit: share the one after it.
    this.#next ??= this.#running.then(
      () => this.#continue(),
      () => this.#continue(),
    )
    return this.#next
  }

  close(): void {
    closeSync(this.#fd)
  }

  #continue(): Promise<void> {
    this.#next = null
    this.#running = this.#run()
    return this.#running
  }

  #run(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      fdatasync(this.#fd, (error) => {
        if (error) reject(new AuditUnavailable(`the log could not be synced: ${error.message}`))
        else resolve()
      })
    }).finally(() => {
      if (!this.#next) this.#running = null
    })
  }
}
