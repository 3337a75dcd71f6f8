/** A small file of ours that others change while we run: looked at again at most twice in a second, and read only when it is another one. */

import { statSync } from 'node:fs'

const CHECK_MS = 500

export class WatchedFile<T> {
  readonly #path: string
  readonly #clock: { now(): number }
  readonly #read: (path: string) => T
  #checkedAt = Number.NEGATIVE_INFINITY
  #stamp: string | null = null
  #state: { readonly value: T } | { readonly fault: string } = { fault: 'it was not read' }

  /** @param read may throw; nobody knows then what the file says, until it is changed */
  constructor(path: string, clock: { now(): number }, read: (path: string) => T) {
    this.#path = path
    this.#clock = clock
    this.#read = read
  }

  /** What it says, or why that cannot be told. Never throws. */
  get state(): { readonly value: T } | { readonly fault: string } {
    const now = this.#clock.now()
    // The clock may have been set back meanwhile.
    if (now >= this.#checkedAt && now - this.#checkedAt < CHECK_MS) return this.#state
    this.#checkedAt = now
    try {
      const stat = statSync(this.#path, { bigint: true, throwIfNoEntry: false })
      const stamp = stat ? `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}` : ''
      if (stamp === this.#stamp) return this.#state
      this.#state = { value: this.#read(this.#path) }
      this.#stamp = stamp
    } catch (error) {
      this.#state = { fault: (error as Error).message }
      this.#stamp = null
    }
    return this.#state
  }
}
