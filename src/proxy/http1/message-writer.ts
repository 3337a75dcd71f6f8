/**
 * One message on its way to one socket: head, payload, end. What is handed over between two flushes goes out in one write,
 * because a TLS record and a system call cost more than a small copy, at the end of the turn. Framing is made here, never copied.
 */

import type { Channel } from '../channel.ts'
import type { Fields } from '../exchange/fields.ts'
import { type BodyLength, type MessageOut, UNTOLD } from '../exchange/message.ts'
import { toLastChunk } from './forward.ts'
import { gather } from './gathering.ts'

/** Up to this many bytes are put together in one buffer; more is written piece by piece. */
const COPY_LIMIT = 16 * 1024

export class MessageWriter implements MessageOut {
  bytes = 0
  readonly #socket: Channel
  readonly #length: BodyLength
  #parts: (string | Buffer)[] = []
  #size = 0

  constructor(socket: Channel, length: BodyLength, head: string) {
    this.#socket = socket
    this.#length = length
    this.#add(head)
  }

  payload(buffer: Buffer, start: number, end: number): void {
    if (start === end) return
    const part = start === 0 && end === buffer.length ? buffer : buffer.subarray(start, end)
    if (this.#length === UNTOLD) {
      this.#add(`${part.length.toString(16)}\r\n`)
      this.#add(part)
      this.#add('\r\n')
    } else this.#add(part)
  }

  finish(trailers: Fields | null, nominated: readonly string[] | null): void {
    if (this.#length === UNTOLD) this.#add(toLastChunk(trailers, nominated))
  }

  flush(): boolean {
    const parts = this.#parts
    if (parts.length === 0) return true
    const size = this.#size
    this.#parts = []
    this.#size = 0
    this.bytes += size
    gather(this.#socket)
    if (parts.length > 1 && size <= COPY_LIMIT) return this.#socket.write(join(parts, size))
    let flowing = true
    for (const part of parts) flowing = write(this.#socket, part)
    return flowing
  }

  #add(part: string | Buffer): void {
    this.#parts.push(part)
    this.#size += part.length
  }
}

function write(socket: Channel, part: string | Buffer): boolean {
  return typeof part === 'string' ? socket.write(part, 'latin1') : socket.write(part)
}

function join(parts: readonly (string | Buffer)[], size: number): Buffer {
  const whole = Buffer.allocUnsafe(size)
  let at = 0
  for (const part of parts) {
    if (typeof part === 'string') whole.write(part, at, 'latin1')
    else part.copy(whole, at)
    at += part.length
  }
  return whole
}
