/**
 * Connections to origins, and those nobody uses kept for reuse. INVARIANT: a connection is used again only for the same agent, policy,
 * placement, scheme and authority, and only while the address it leads to is among those that were judged.
 */

import type { SecureContext } from 'node:tls'
import type { Admission } from '../../admission.ts'
import type { Problem } from '../../model/errors.ts'
import type { Deadlines } from '../deadlines.ts'
import type { OriginSide } from '../exchange/sides.ts'
import { OriginConnection } from '../http1/origin-connection.ts'
import { dial } from './dial.ts'

export interface PoolOptions {
  readonly trust: SecureContext
  readonly deadlines: Deadlines
  /** Milliseconds to connect, and to keep a connection nobody uses. */
  readonly timeouts: { readonly connect: number; readonly idle: number }
  /** Our name in Via. */
  readonly pseudonym: string
}

/** Idle connections in all, and for one key. Beyond them a connection is closed instead of kept. */
const MAX_IDLE = 1_024
const MAX_IDLE_PER_KEY = 256

export class OriginPool {
  readonly #options: PoolOptions
  readonly #idle = new Map<string, OriginConnection[]>()
  #count = 0

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /** Connections nobody uses at the moment. */
  get idle(): number {
    return this.#count
  }

  /** A connection that is open and fits, last used first; null when there is none. */
  take(admission: Admission): OriginSide | null {
    const list = this.#idle.get(admission.key)
    if (!list) return null
    for (let connection = list.pop(); connection; connection = list.pop()) {
      this.#count--
      if (list.length === 0) this.#idle.delete(admission.key)
      const { address, closed } = connection
      const judged = admission.destination.addresses.some(({ text }) => text === address.text)
      if (judged && !closed) {
        connection.deadline = Number.POSITIVE_INFINITY
        return connection
      }
      connection.destroy()
    }
    return null
  }

  /** Opens a new connection. Never rejects. */
  async open(admission: Admission, signal: AbortSignal): Promise<OriginSide | Problem> {
    const { trust, timeouts, deadlines, pseudonym } = this.#options
    const { destination, flow, key } = admission
    const options = { trust, signal, timeout: timeouts.connect }
    const result = await dial(destination, flow.scheme, options)
    if (!('socket' in result)) return result
    const connection = new OriginConnection({
      ...result,
      pseudonym,
      onIdle: () => this.#keep(key, connection),
      onClose: () => {
        deadlines.delete(connection)
        this.#remove(key, connection)
      },
    })
    deadlines.add(connection)
    return connection
  }

  close(): void {
    for (const list of this.#idle.values()) for (const connection of list) connection.destroy()
    this.#idle.clear()
    this.#count = 0
  }

  #keep(key: string, connection: OriginConnection): void {
    let list = this.#idle.get(key)
    if (!list) {
      list = []
      this.#idle.set(key, list)
    }
    if (this.#count >= MAX_IDLE || list.length >= MAX_IDLE_PER_KEY) return connection.destroy()
    const { deadlines, timeouts } = this.#options
    // An origin that says when it closes is left a second earlier, so that no request meets its FIN.
    const { keepAliveSeconds } = connection
    const idle =
      keepAliveSeconds === null
        ? timeouts.idle
        : Math.min(timeouts.idle, keepAliveSeconds * 1_000 - 1_000)
    if (idle <= 0) return connection.destroy()
    connection.deadline = deadlines.in(idle)
    list.push(connection)
    this.#count++
  }

  #remove(key: string, connection: OriginConnection): void {
    const list = this.#idle.get(key)
    const at = list?.indexOf(connection) ?? -1
    if (!list || at < 0) return
    list.splice(at, 1)
    this.#count--
    if (list.length === 0) this.#idle.delete(key)
  }
}
