/** The client's side of one exchange on an HTTP/1 connection: answers as its version of HTTP can read them. */

import type { Channel } from '../channel.ts'
import type { BodyLength, MessageOut, RequestHead, ResponseHead } from '../exchange/message.ts'
import type { ClientSide } from '../exchange/sides.ts'
import { acceptFor, keyOf, WEBSOCKET } from '../websocket/handshake.ts'
import { clientFraming, toAcceptingHead, toClientHead } from './forward.ts'
import { MessageWriter } from './message-writer.ts'

export class Http1Client implements ClientSide {
  readonly takesResets = false
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
    const framing = {
      ...clientFraming(this.#request, body, false),
      saysEmpty: body === 0 && isSilentlyEmpty(head, this.#request.method),
    }
    this.closes = framing.connection === 'close'
    const text = toClientHead(head, framing, this.#pseudonym)
    return new MessageWriter(this.#socket, framing.body, text)
  }

  accept(head: ResponseHead, upgrade: string): Channel {
    const key = upgrade === WEBSOCKET ? keyOf(this.#request) : null
    const accept = head.version === '2' && key !== null ? acceptFor(key) : null
    const channel = this.#leave()
    channel.write(toAcceptingHead(head, upgrade, accept, this.#pseudonym), 'latin1')
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

/** On a stream the end of the head can be the end of the answer; here that would be one that ends with the connection (RFC 9112 section 6.3). */
function isSilentlyEmpty({ version, status, fields }: ResponseHead, method: string): boolean {
  if (version !== '2' || fields.contentLength >= 0) return false
  return method !== 'HEAD' && status !== 204 && status !== 304
}
