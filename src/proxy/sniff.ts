/**
 * The first bytes of a connection, which say what it speaks: waited for with a deadline, looked at, and handed on as they came. For
 * HTTP, the common case, nothing is copied and nothing put back.
 */

import type { Channel } from './channel.ts'
import { beginsAsHttp2 } from './opening.ts'
import { PEEK_MS } from './protocol/recognise.ts'
import { QuietSocket, type Waiting } from './quiet-socket.ts'

/** What may be spoken on the proxy port. One more is one more case here and where this is called. */
export type Protocol = 'tls' | 'http' | 'http2' | 'socks4' | 'socks5'

/** ContentType handshake (RFC 8446 section 5.1): what every TLS client opens with, and no HTTP method. */
const TLS_HANDSHAKE = 0x16

/**
 * @returns what it speaks. A preface of HTTP/2 (RFC 9113 section 3.4) that comes in pieces is taken for HTTP/1.1, which refuses it: those
 * who know that a proxy speaks it send it at once.
 */
export function tellProtocol(first: Buffer): Protocol {
  if (first[0] === TLS_HANDSHAKE) return 'tls'
  if (first[0] === 5) return 'socks5'
  if (first[0] === 4) return 'socks4'
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
  /** It has said nothing for a moment: it may wait to be spoken to. Left out: that means nothing. */
  onSilence?(): void
}

/** Waits for the first byte on a socket that nobody else listens to. */
export class FirstBytes extends QuietSocket {
  readonly #then: Awaiting
  readonly #peek: NodeJS.Timeout | undefined

  constructor(socket: Channel, shared: Waiting, then: Awaiting) {
    super(socket, shared)
    this.#then = then
    if (then.onSilence) this.#peek = setTimeout(() => this.#onSilence(), PEEK_MS)
  }

  expire(): void {
    this.letGo()
    this.#then.onLate()
  }

  protected onData(first: Buffer): void {
    this.letGo()
    this.#then.onBytes(first)
  }

  protected onEnd(): void {
    this.socket.destroySoon()
  }

  protected onGone(): void {
    this.#then.onGone()
  }

  protected override letGo(): void {
    clearTimeout(this.#peek)
    super.letGo()
  }

  #onSilence(): void {
    this.letGo()
    this.#then.onSilence?.()
  }
}
