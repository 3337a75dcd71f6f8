/**
 * The first bytes of a connection that may speak anything: which protocol it is, or that the client says nothing, because it waits for
 * the server to speak. INVARIANT: what may still become TLS or HTTP is waited for, and never passed for something else.
 */

import type { Socket } from 'node:net'
import type { Protocol } from '../../model/flow.ts'
import { PEEK_MS, recognise } from '../protocol/recognise.ts'
import { QuietSocket, type Waiting } from '../quiet-socket.ts'

/** One of these is called, once. The socket is paused, and has no listeners of ours then, but one that keeps its errors from ending the process. */
export interface FirstWordsThen {
  /** @param first all that came; no longer in the socket */
  onProtocol(protocol: Protocol, first: Buffer): void
  /** It waits. */
  onSilence(): void
  onGone(): void
  /** Too little came for too long, and the client is still there. */
  onLate(): void
}

export class FirstWords extends QuietSocket<Socket> {
  readonly #then: FirstWordsThen
  #first: Buffer = Buffer.alloc(0)
  #peek: NodeJS.Timeout | undefined

  /**
   * @param first what came already; null for nothing
   * @param hasServerFirst whether silence may mean that the server speaks first
   */
  constructor(
    socket: Socket,
    shared: Waiting,
    { first, hasServerFirst }: { readonly first: Buffer | null; readonly hasServerFirst: boolean },
    then: FirstWordsThen,
  ) {
    super(socket, shared)
    this.#then = then
    if (first) this.onData(first)
    else if (hasServerFirst) this.#listenFor()
  }

  expire(): void {
    this.#finish()
    this.#then.onLate()
  }

  protected onData(piece: Buffer): void {
    clearTimeout(this.#peek)
    this.#first = this.#first.length === 0 ? piece : Buffer.concat([this.#first, piece])
    const recognised = recognise(this.#first)
    if (recognised.protocol !== null) return this.#say(recognised.protocol)
    const { candidates } = recognised
    if (!candidates.includes('tls') && !candidates.includes('http')) this.#listenFor()
  }

  protected onEnd(): void {
    this.socket.destroySoon()
  }

  protected onGone(): void {
    clearTimeout(this.#peek)
    this.#then.onGone()
  }

  #listenFor(): void {
    this.#peek = setTimeout(() => {
      if (this.#first.length > 0) return this.#say('unknown')
      this.#finish()
      this.#then.onSilence()
    }, PEEK_MS)
  }

  #say(protocol: Protocol): void {
    this.#finish()
    this.#then.onProtocol(protocol, this.#first)
  }

  #finish(): void {
    clearTimeout(this.#peek)
    this.letGo()
    this.socket.pause()
  }
}
