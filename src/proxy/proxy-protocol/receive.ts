/** Waits for the PROXY protocol header on a connection from a source that is trusted to send one, and required to. */

import type { Socket } from 'node:net'
import type { IpAddress } from '../../model/address.ts'
import type { Problem } from '../../model/errors.ts'
import { QuietSocket, type Waiting } from '../quiet-socket.ts'
import { readProxyHeader } from './header.ts'

/** One of these is called, once; or none, when the sender went without a word, as health checks do. The socket is paused then. */
export interface HeaderSink {
  /** What follows the header is still in the socket. @param client null where the sender speaks for itself */
  onClient(client: IpAddress | null): void
  onFault(problem: Problem): void
}

export class HeaderWait extends QuietSocket<Socket> {
  readonly #sink: HeaderSink
  #bytes: Buffer | null = null

  constructor(socket: Socket, shared: Waiting, sink: HeaderSink) {
    super(socket, shared)
    this.#sink = sink
  }

  expire(): void {
    this.#fail('it did not come in time')
  }

  protected onData(piece: Buffer): void {
    const bytes = this.#bytes ? Buffer.concat([this.#bytes, piece]) : piece
    this.#bytes = bytes
    const reading = readProxyHeader(bytes)
    if (!reading) return
    if ('fault' in reading) return this.#fail(reading.fault)
    this.letGo()
    this.socket.pause()
    if (bytes.length > reading.length) this.socket.unshift(bytes.subarray(reading.length))
    this.#sink.onClient(reading.client)
  }

  protected onEnd(): void {
    if (this.#bytes) this.#fail('it is not whole')
    else this.socket.destroySoon()
  }

  protected onGone(): void {}

  #fail(fault: string): void {
    this.letGo()
    this.socket.pause()
    this.#sink.onFault({ code: 'request-proxy-header', detail: `the PROXY header: ${fault}` })
  }
}
