/** A connection from which nothing has come that anybody could serve: waited on with a deadline, and let go of once something has. */

import type { Problem } from '../model/errors.ts'
import type { RequestLine } from '../model/flow.ts'
import type { Channel } from './channel.ts'
import type { Expiring } from './deadlines.ts'
import type { ProxyContext, Served } from './proxy.ts'

export type Waiting = Pick<ProxyContext, 'deadlines' | 'timeouts' | 'connections'>

/** Once let go of, the socket has no listeners of ours, but one that keeps its errors from ending the process. */
export abstract class QuietSocket<S extends Channel = Channel> implements Expiring, Served {
  readonly deadline: number
  protected readonly socket: S
  readonly #shared: Waiting

  /** @param socket nobody else listens to it */
  constructor(socket: S, shared: Waiting) {
    this.socket = socket
    this.#shared = shared
    this.deadline = shared.deadlines.in(shared.timeouts.head)
    shared.deadlines.add(this)
    shared.connections.add(this)
    socket.on('error', ignore)
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('close', this.#onClose)
    socket.resume()
  }

  protected abstract onData(piece: Buffer): void
  /** The other side has said goodbye. */
  protected abstract onEnd(): void
  /** The connection is gone; it was let go of. */
  protected abstract onGone(): void
  abstract expire(): void

  shutDown(): void {
    this.socket.destroySoon()
  }

  protected letGo(): void {
    this.#shared.deadlines.delete(this)
    this.#shared.connections.delete(this)
    this.socket.off('data', this.#onData)
    this.socket.off('end', this.#onEnd)
    this.socket.off('close', this.#onClose)
  }

  #onData = (piece: Buffer): void => this.onData(piece)

  #onEnd = (): void => this.onEnd()

  #onClose = (): void => {
    this.letGo()
    this.onGone()
  }
}

/** An error is followed by a close. */
function ignore(): void {}

/** For a connection that stays silent. */
export const TOO_LATE: Problem = {
  code: 'request-timeout',
  detail: 'no whole request head came in time',
}
export const UNREAD: RequestLine = { method: null, path: null, protocol: 'HTTP/1.1' }
