/**
 * The first bytes of a connection, which say what it speaks: waited for with a deadline, looked at, and handed on as they came. For
 * HTTP, the common case, nothing is copied and nothing put back.
 */

import type { Problem } from '../model/errors.ts'
import type { RequestLine } from '../model/flow.ts'
import type { Channel } from './channel.ts'
import type { Expiring } from './deadlines.ts'
import { beginsAsHttp2 } from './opening.ts'
import type { ProxyContext, Served } from './proxy.ts'

/** What may be spoken on the proxy port. One more is one more case here and where this is called. */
export type Protocol = 'tls' | 'http' | 'http2'

/** ContentType handshake (RFC 8446 section 5.1): what every TLS client opens with, and no HTTP method. */
const TLS_HANDSHAKE = 0x16

/**
 * @returns what it speaks. A preface of HTTP/2 (RFC 9113 section 3.4) that comes in pieces is taken for HTTP/1.1, which refuses it: those
 * who know that a proxy speaks it send it at once.
 */
export function tellProtocol(first: Buffer): Protocol {
  if (first[0] === TLS_HANDSHAKE) return 'tls'
  return first[0] === LETTER_P && beginsAsHttp2(first) ? 'http2' : 'http'
}

const LETTER_P = 0x50

/** One of these is called, once. The socket has no listeners of ours then, but one that keeps its errors from ending the process. */
export interface Awaiting {
  /** The first piece. It is no longer in the socket: give it to whoever listens next, or put it back. */
  onBytes(first: Buffer): void
  /** The client went without a word. */
  onGone(): void
  /** It was silent for too long, and is still there. */
  onLate(): void
}

type Shared = Pick<ProxyContext, 'deadlines' | 'timeouts' | 'connections'>

/** Waits for the first byte on a socket that nobody else listens to. */
export class FirstBytes implements Expiring, Served {
  readonly deadline: number
  readonly #socket: Channel
  readonly #shared: Shared
  readonly #then: Awaiting

  constructor(socket: Channel, shared: Shared, then: Awaiting) {
    this.#socket = socket
    this.#shared = shared
    this.#then = then
    this.deadline = shared.deadlines.in(shared.timeouts.head)
    shared.deadlines.add(this)
    shared.connections.add(this)
    socket.on('error', ignore)
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('close', this.#onClose)
    socket.resume()
  }

  expire(): void {
    this.#letGo()
    this.#then.onLate()
  }

  shutDown(): void {
    this.#socket.destroySoon()
  }

  #onData = (first: Buffer): void => {
    this.#letGo()
    this.#then.onBytes(first)
  }

  #onEnd = (): void => {
    this.#socket.destroySoon()
  }

  #onClose = (): void => {
    this.#letGo()
    this.#then.onGone()
  }

  #letGo(): void {
    this.#shared.deadlines.delete(this)
    this.#shared.connections.delete(this)
    this.#socket.off('data', this.#onData)
    this.#socket.off('end', this.#onEnd)
    this.#socket.off('close', this.#onClose)
  }
}

/** For a connection that stays silent. */
export const TOO_LATE: Problem = {
  code: 'request-timeout',
  detail: 'no whole request head came in time',
}
export const UNREAD: RequestLine = { method: null, path: null, protocol: 'HTTP/1.1' }

/** An error is followed by a close. */
function ignore(): void {}
