/** The client's side of one exchange on an HTTP/1 connection: answers as its version of HTTP can read them. */

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
  readonly #leave: () => Channel

  /** @param leave lets go of the socket, and gives it with what has come and was not read */
  constructor(socket: Channel, request: RequestHead, pseudonym: string, leave: () => Channel) {
    this.#socket = socket
    this.#leave = leave
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

  accept(head: ResponseHead, upgrade: string): Channel {
    const framing = { body: 0, connection: null, upgrade } as const
    const channel = this.#leave()
    channel.write(toClientHead(head, framing, this.#pseudonym), 'latin1')
    return channel
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
