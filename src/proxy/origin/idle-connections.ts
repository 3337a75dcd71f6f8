/** HTTP/1.1 connections to origins that nobody uses at the moment, kept for reuse within bounds. */

import type { Deadlines } from '../deadlines.ts'
import type { OriginConnection } from '../http1/origin-connection.ts'

/** For one key. Beyond it a connection is closed instead of kept. */
const MAX_IDLE_PER_KEY = 256

export class IdleConnections {
  readonly #deadlines: Deadlines
  readonly #idleMs: number
  readonly #max: number
  readonly #byKey = new Map<string, OriginConnection[]>()
  #count = 0

  /** @param idleMs for which a connection is kept @param max kept in all; beyond it the one kept first makes room */
  constructor(deadlines: Deadlines, idleMs: number, max: number) {
    this.#max = max
    this.#deadlines = deadlines
    this.#idleMs = idleMs
  }

  get size(): number {
    return this.#count
  }

  /** The one used last that is open and fits; null when there is none. Those that do not fit are closed. */
  take(key: string, fits: (connection: OriginConnection) => boolean): OriginConnection | null {
    const list = this.#byKey.get(key)
    if (!list) return null
    for (let connection = list.pop(); connection; connection = list.pop()) {
      this.#count--
      if (list.length === 0) this.#byKey.delete(key)
      if (!connection.closed && fits(connection)) {
        connection.deadline = Number.POSITIVE_INFINITY
        return connection
      }
      connection.destroy()
    }
    return null
  }

  keep(key: string, connection: OriginConnection): void {
    const list = this.#byKey.get(key) ?? []
    if (list.length >= MAX_IDLE_PER_KEY) return connection.destroy()
    // An origin that says when it closes is left a second earlier, so that no request meets its FIN.
    const { keepAliveSeconds } = connection
    const idle =
      keepAliveSeconds === null
        ? this.#idleMs
        : Math.min(this.#idleMs, keepAliveSeconds * 1_000 - 1_000)
    if (idle <= 0) return connection.destroy()
    if (this.#count >= this.#max) this.evict(null)
    connection.deadline = this.#deadlines.in(idle)
    list.push(connection)
    this.#byKey.set(key, list)
    this.#count++
  }

  /** The connection has ended. */
  remove(key: string, connection: OriginConnection): void {
    const list = this.#byKey.get(key)
    const at = list?.indexOf(connection) ?? -1
    if (!list || at < 0) return
    list.splice(at, 1)
    this.#count--
    if (list.length === 0) this.#byKey.delete(key)
  }

  /** Ends one. @param authority that it leads to, null: any. @returns false when there is none */
  evict(authority: string | null): boolean {
    for (const [key, [first]] of this.#byKey) {
      if (!first || (authority !== null && first.authority !== authority)) continue
      this.remove(key, first)
      first.destroy()
      return true
    }
    return false
  }

  /** Ends all that wait under a key. */
  drop(key: string): void {
    // Ended ones take themselves out of the list.
    for (const connection of [...(this.#byKey.get(key) ?? [])]) connection.destroy()
  }

  close(): void {
    for (const list of this.#byKey.values()) for (const connection of list) connection.destroy()
    this.#byKey.clear()
    this.#count = 0
  }
}
