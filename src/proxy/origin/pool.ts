/**
 * Idle connections to origins, kept for reuse. INVARIANT: a connection is used again only for the same agent, policy, placement,
 * scheme and authority, and only while the address it leads to is among those that were judged.
 */

import type { SecureContext } from 'node:tls'
import type { Admission } from '../../enforce.ts'
import type { Problem } from '../../model/errors.ts'
import type { Deadlines, Expiring } from '../deadlines.ts'
import { OriginConnection } from './connection.ts'
import { dial } from './dial.ts'

export interface PoolOptions {
  readonly trust: SecureContext
  readonly deadlines: Deadlines
  /** Milliseconds to connect, and to keep a connection nobody uses. */
  readonly timeouts: { readonly connect: number; readonly idle: number }
}

/** Idle connections in all, and for one key. Beyond them a connection is closed instead of kept. */
const MAX_IDLE = 1_024
const MAX_IDLE_PER_KEY = 256

interface Idle extends Expiring {
  readonly connection: OriginConnection
}

export class OriginPool {
  readonly #options: PoolOptions
  readonly #idle = new Map<string, Idle[]>()
  readonly #keys = new WeakMap<Admission, string>()
  #count = 0

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /** Connections nobody uses at the moment. */
  get idle(): number {
    return this.#count
  }

  /** A connection that is open and fits, last used first; null when there is none. */
  take(admission: Admission): OriginConnection | null {
    const list = this.#idle.get(this.#keyOf(admission))
    if (!list) return null
    for (let entry = list.pop(); entry; entry = list.pop()) {
      this.#forget(entry)
      if (list.length === 0) this.#idle.delete(this.#keyOf(admission))
      const { connection } = entry
      const judged = admission.destination.addresses.some(
        (address) => address.text === connection.address.text,
      )
      if (judged && !connection.closed && !connection.socket.destroyed) return connection
      connection.destroy()
    }
    return null
  }

  /** Opens a new connection. Never rejects. */
  async open(admission: Admission, signal: AbortSignal): Promise<OriginConnection | Problem> {
    const { trust, timeouts } = this.#options
    const { destination, flow } = admission
    const options = { trust, signal, timeout: timeouts.connect }
    const result = await dial(destination, flow.scheme, options)
    if (!('socket' in result)) return result
    return new OriginConnection(result.socket, result.address, (connection) =>
      this.#remove(admission, connection),
    )
  }

  /** Takes back a connection whose exchange is complete. */
  keep(admission: Admission, connection: OriginConnection): void {
    const key = this.#keyOf(admission)
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
    const entry = {
      connection,
      deadline: deadlines.in(idle),
      expire: () => connection.destroy(),
    }
    list.push(entry)
    this.#count++
    deadlines.add(entry)
  }

  close(): void {
    for (const list of this.#idle.values()) {
      for (const entry of list) {
        this.#options.deadlines.delete(entry)
        entry.connection.destroy()
      }
    }
    this.#idle.clear()
    this.#count = 0
  }

  #remove(admission: Admission, connection: OriginConnection): void {
    const key = this.#keyOf(admission)
    const list = this.#idle.get(key)
    const at = list?.findIndex((entry) => entry.connection === connection) ?? -1
    if (!list || at < 0) return
    for (const entry of list.splice(at, 1)) this.#forget(entry)
    if (list.length === 0) this.#idle.delete(key)
  }

  #forget(entry: Idle): void {
    this.#count--
    this.#options.deadlines.delete(entry)
  }

  #keyOf(admission: Admission): string {
    let key = this.#keys.get(admission)
    if (key === undefined) {
      const { flow, destination, assessment } = admission
      const { policy, placement } = assessment
      key = [policy.digest, flow.agent.id, placement, flow.scheme, destination.authority.text].join(
        ' ',
      )
      this.#keys.set(admission, key)
    }
    return key
  }
}
