/** Waits for the PROXY protocol header on a connection from a source that is trusted to send one, and required to. */

import type { Socket } from 'node:net'
import type { IpAddress } from '../../model/address.ts'
import type { Problem } from '../../model/errors.ts'
import type { Expiring } from '../deadlines.ts'
import type { ProxyContext, Served } from '../proxy.ts'
import { readProxyHeader } from './header.ts'

/** One of these is called, once; or none, when the sender went without a word, as health checks do. The socket is paused then. */
export interface HeaderSink {
  /** What follows the header is still in the socket. @param client null where the sender speaks for itself */
  onClient(client: IpAddress | null): void
  onFault(problem: Problem): void
}

type Shared = Pick<ProxyContext, 'deadlines' | 'timeouts' | 'connections'>

export class HeaderWait implements Expiring, Served {
  readonly deadline: number
  readonly #socket: Socket
  readonly #shared: Shared
  readonly #sink: HeaderSink
  #bytes: Buffer | null = null

  constructor(socket: Socket, shared: Shared, sink: HeaderSink) {
    this.#socket = socket
    this.#shared = shared
    this.#sink = sink
    this.deadline = shared.deadlines.in(shared.timeouts.head)
    shared.deadlines.add(this)
    shared.connections.add(this)
    socket.on('error', ignore)
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('close', this.#letGo)
    socket.resume()
  }

  expire(): void {
    this.#fail('it did not come in time')
  }

  shutDown(): void {
    this.#socket.destroySoon()
  }

  #onData = (piece: Buffer): void => {
    const bytes = this.#bytes ? Buffer.concat([this.#bytes, piece]) : piece
    this.#bytes = bytes
    const reading = readProxyHeader(bytes)
    if (!reading) return
    if ('fault' in reading) return this.#fail(reading.fault)
    this.#letGo()
    this.#socket.pause()
    if (bytes.length > reading.length) this.#socket.unshift(bytes.subarray(reading.length))
    this.#sink.onClient(reading.client)
  }

  #onEnd = (): void => {
    if (this.#bytes) this.#fail('it is not whole')
    else this.#socket.destroySoon()
  }

  #fail(fault: string): void {
    this.#letGo()
    this.#socket.pause()
    this.#sink.onFault({ code: 'request-proxy-header', detail: `the PROXY header: ${fault}` })
  }

  #letGo = (): void => {
    this.#shared.deadlines.delete(this)
    this.#shared.connections.delete(this)
    this.#socket.off('data', this.#onData)
    this.#socket.off('end', this.#onEnd)
    this.#socket.off('close', this.#letGo)
  }
}

/** An error is followed by a close. */
function ignore(): void {}
