/**
 * Connections of HTTP/1.1 to origins: opened, lent to one exchange at a time, kept for the next. One on which somebody has authenticated for
 * all that follows is used again only by the client connection that did.
 */

import type { Admission } from '../../admission.ts'
import type { Problem } from '../../model/errors.ts'
import { OriginConnection } from '../http1/origin-connection.ts'
import type { Opened, OriginDialler } from './dialler.ts'
import { IdleConnections } from './idle-connections.ts'
import type { Owner } from './owner.ts'
import type { PoolOptions } from './pool.ts'
import type { OriginProtocols } from './protocols.ts'
import type { OriginSlots } from './slots.ts'
import { isJudged } from './way.ts'

export interface ConnectionsOptions extends PoolOptions {
  readonly dialler: OriginDialler
  readonly slots: OriginSlots
  readonly protocols: OriginProtocols
}

export class OriginConnections {
  readonly #options: ConnectionsOptions
  readonly #idle: IdleConnections

  constructor(options: ConnectionsOptions) {
    const { deadlines, timeouts, limits } = options
    this.#options = options
    this.#idle = new IdleConnections(deadlines, timeouts.originIdle, limits.originIdle)
  }

  /** How many nobody uses. */
  get size(): number {
    return this.#idle.size
  }

  /** One that is open and fits; null when there is none. */
  take(admission: Admission, user: Owner | null): OriginConnection | null {
    const key = this.#options.dialler.keyOf(admission)
    return this.#take(admission, user, key)
  }

  /** One that belongs to the user alone. */
  takeOwn(admission: Admission, user: Owner | null): OriginConnection | null {
    if (!user?.hasAny) return null
    const key = this.#options.dialler.keyOf(admission)
    return user.owns(key) ? this.#take(admission, user, user.keyFor(key)) : null
  }

  #take(admission: Admission, user: Owner | null, key: string): OriginConnection | null {
    const connection = this.#idle.take(key, ({ address }) => isJudged(admission, address))
    if (connection) connection.user = user
    return connection
  }

  /** A new one, or one that has become free meanwhile. Never rejects. */
  async open(
    admission: Admission,
    user: Owner | null,
    signal: AbortSignal,
  ): Promise<OriginConnection | Problem> {
    const { deadlines, timeouts, dialler, protocols } = this.#options
    const giveUpAt = deadlines.in(timeouts.originWait)
    const asking = { offer: HTTP1, shares: true, signal }
    for (;;) {
      const patience = giveUpAt - deadlines.now
      const dialed = await dialler.dial(admission, { ...asking, patience })
      if (dialed !== 'reuse') {
        if (!('code' in dialed)) return this.#toConnection(admission, dialed, user)
        if (dialed.code === 'tls-no-protocol') {
          protocols.refusesHttp1(admission.destination.authority.text)
        }
        return dialed
      }
      const idle = this.take(admission, user)
      if (idle) return idle
    }
  }

  /** One that was opened for whoever comes first. */
  add(admission: Admission, opened: Opened): void {
    this.#idle.keep(opened.key, this.#toConnection(admission, opened, null))
  }

  /** Ends one that nobody uses. @param authority that it leads to, null: any. @returns false when there is none */
  evict(authority: string | null): boolean {
    return this.#idle.evict(authority)
  }

  /** The client connection is over: what belongs to it alone ends. */
  disown(owner: Owner): void {
    for (const key of owner.release()) this.#idle.drop(key)
  }

  close(): void {
    this.#idle.close()
  }

  #toConnection(
    { destination }: Admission,
    { key, socket, address }: Opened,
    user: Owner | null,
  ): OriginConnection {
    const { deadlines, pseudonym, limits, report } = this.#options
    const connection: OriginConnection = new OriginConnection({
      socket,
      authority: destination.authority.text,
      address,
      pseudonym,
      maxHeadBytes: limits.head,
      report,
      onHttp2: () => this.#options.protocols.refusesHttp1(destination.authority.text),
      onIdle: () => this.#keep(key, connection),
      onClose: () => {
        deadlines.delete(connection)
        this.#idle.remove(keyIn(key, connection), connection)
      },
    })
    connection.user = user
    deadlines.add(connection)
    socket.resume()
    return connection
  }

  #keep(key: string, connection: OriginConnection): void {
    const { isBound, user } = connection
    if (isBound) {
      if (user?.claim(key)) this.#idle.keep(user.keyFor(key), connection)
      else connection.destroy()
      // First it waits there, then the one who waits is told.
    } else this.#idle.keep(key, connection)
    const { authority } = connection
    if (!this.#options.slots.offer(authority, isBound ? '' : key)) connection.destroy()
  }
}

/** Where it waits to be used again. */
function keyIn(key: string, { isBound, user }: OriginConnection): string {
  return isBound && user ? user.keyFor(key) : key
}

const HTTP1 = ['http/1.1']
