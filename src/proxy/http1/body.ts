/**
 * Where a message body ends (RFC 9112 section 6.3), and the chunked coding (section 7.1). The reader moves payload to
 * the front of the buffer it came in and never copies it elsewhere; the writer makes new framing, so chunk
 * sizes, extensions and other oddities of one side never reach the other.
 */

import type { Fields } from '../exchange/fields.ts'
import { type BodyLength, UNTIL_CLOSE, UNTOLD } from '../exchange/message.ts'
import { parseFields } from './field-lines.ts'

/** Chunk extensions and trailers of one body; a sender of more wants to cost us work, not to tell us something. */
const MAX_LINE_BYTES = 16 * 1024

type State =
  | 'size' // at least one hex digit still to come
  | 'size-more'
  | 'extension'
  | 'size-lf'
  | 'data'
  | 'data-cr'
  | 'data-lf'
  | 'trailer'

/** Finds the end of one body in a stream of buffers. */
export class BodyReader {
  /** The body is complete. */
  done: boolean
  /** The chunked coding was broken; nothing more may be read. */
  broken = false
  /** After `read`: where the payload lies in that buffer. */
  start = 0
  end = 0
  /** Trailer fields of a chunked body, once done; null when there were none. */
  trailers: Fields | null = null

  readonly #length: BodyLength
  #state: State = 'size'
  /** Payload bytes still to come, in this chunk or in the whole body. */
  #left: number
  #digits = 0
  /** What has come of an extension or a trailer field, and the bytes of all of them. */
  #line = ''
  #lineBytes = 0
  /** Whole lines of the trailer section. */
  #trailer = ''

  constructor(length: BodyLength) {
    this.#length = length
    this.#left = Math.max(length, 0)
    this.done = length === 0
  }

  /**
   * Takes what belongs to the body from `buffer[from..]`. The payload is then `buffer[start..end]`.
   *
   * @returns the index after the last byte that belongs to the body.
   */
  read(buffer: Buffer, from: number): number {
    this.start = from
    if (this.#length === UNTOLD) return this.#readChunked(buffer, from)
    const taken =
      this.#length === UNTIL_CLOSE
        ? buffer.length - from
        : Math.min(this.#left, buffer.length - from)
    this.end = from + taken
    if (this.#length !== UNTIL_CLOSE) {
      this.#left -= taken
      this.done = this.#left === 0
    }
    return this.end
  }

  #readChunked(buffer: Buffer, from: number): number {
    let at = from
    let end = from
    while (at < buffer.length && !this.done && !this.broken) {
      if (this.#state === 'data') {
        const next = Math.min(at + this.#left, buffer.length)
        if (end !== at) buffer.copyWithin(end, at, next)
        end += next - at
        this.#left -= next - at
        at = next
        if (this.#left === 0) this.#state = 'data-cr'
      } else if (this.#state === 'extension' || this.#state === 'trailer') {
        at = this.#readLine(buffer, at)
      } else {
        this.#step(buffer[at] ?? 0)
        at++
      }
    }
    this.end = end
    return at
  }

  /** One byte of framing. */
  #step(byte: number): void {
    switch (this.#state) {
      case 'size':
      case 'size-more': {
        const digit = hexDigit(byte)
        if (digit >= 0 && this.#digits < 12) {
          this.#left = this.#left * 16 + digit
          this.#digits++
          this.#state = 'size-more'
        } else if (this.#state === 'size-more' && byte === CR) this.#state = 'size-lf'
        else if (this.#state === 'size-more' && byte === SEMICOLON) this.#state = 'extension'
        else this.broken = true
        break
      }
      case 'size-lf':
        if (byte !== LF) this.broken = true
        this.#endSize()
        break
      case 'data-cr':
        if (byte !== CR) this.broken = true
        else this.#state = 'data-lf'
        break
      case 'data-lf':
        if (byte !== LF) this.broken = true
        else this.#state = 'size'
        break
      case 'data':
      case 'extension':
      case 'trailer':
        break
      default:
        this.#state satisfies never
    }
  }

  #endSize(): void {
    this.#state = this.#left === 0 ? 'trailer' : 'data'
    this.#digits = 0
  }

  /** An extension or a trailer field up to its LF, or as much of it as there is. */
  #readLine(buffer: Buffer, from: number): number {
    const lf = buffer.indexOf(LF, from)
    const end = lf < 0 ? buffer.length : lf + 1
    this.#line += buffer.toString('latin1', from, end)
    this.#lineBytes += end - from
    if (this.#lineBytes > MAX_LINE_BYTES) this.broken = true
    else if (lf >= 0) this.#endLine()
    return end
  }

  #endLine(): void {
    const line = this.#line
    this.#line = ''
    if (this.#state === 'extension') {
      if (!EXTENSIONS.test(line)) this.broken = true
      this.#endSize()
      return
    }
    this.#trailer += line
    if (!line.endsWith('\r\n')) this.broken = true
    else if (line === '\r\n') this.#endTrailers()
  }

  #endTrailers(): void {
    const fields = parseFields(this.#trailer, 0)
    // Framing that comes behind the body it frames was meant for another reader.
    if ('code' in fields || fields.chunked || fields.contentLength >= 0) this.broken = true
    else {
      this.done = true
      this.trailers = fields.list.length > 0 ? fields : null
    }
  }
}

/** From behind the first `;` to the line end: RFC 9112 section 7.1.1 without its optional white space. */
const EXTENSIONS = (() => {
  const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
  const quoted = String.raw`"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"`
  const extension = `${token}(?:=(?:${token}|${quoted}))?`
  return new RegExp(String.raw`^${extension}(?:;${extension})*\r\n$`)
})()

const CR = 13
const LF = 10
const SEMICOLON = 59

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
