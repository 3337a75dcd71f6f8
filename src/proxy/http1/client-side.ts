/** The client's side of one exchange on an HTTP/1 connection: answers as its version of HTTP can read them. */

import type { Duplex } from 'node:stream'
import type { Channel } from '../channel.ts'
import type { BodyLength, MessageOut, RequestHead, ResponseHead } from '../exchange/message.ts'
import type { ClientSide } from '../exchange/sides.ts'
import { clientFraming, toClientHead } from './forward.ts'
import { MessageWriter } from './message-writer.ts'

export class Http1Client implements ClientSide {
  /** Whether the connection ends with the answer that was begun. */
  closes = false
  readonly #socket: Channel
  readonly #request: RequestHead
  readonly #pseudonym: string

  constructor(socket: Channel, request: RequestHead, pseudonym: string) {
    this.#socket = socket
    this.#request = request
    this.#pseudonym = pseudonym
  }

  interim(head: ResponseHead): void {
    // An HTTP/1.0 client does not know them (RFC 9110 section 15.2).
    if (this.#request.version === '1.0') return
    const framing = { body: 0, connection: null } as const
    this.#socket.write(toClientHead(head, framing, this.#pseudonym), 'latin1')
  }

  answer(head: ResponseHead, body: BodyLength): MessageOut {
    const framing = clientFraming(this.#request, body, false)
    this.closes = framing.connection === 'close'
    const text = toClientHead(head, framing, this.#pseudonym)
    return new MessageWriter(this.#socket, framing.body, text)
  }

  accept(): Duplex {
    throw new Error('no other protocol was asked for')
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  get isPaused(): boolean {
    return this.#socket.isPaused()
  }
}
