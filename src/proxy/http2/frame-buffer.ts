/** Frames on their way out, put together until the next flush: many small ones leave in one write. */

import { ERROR, FLAG, FRAME, FRAME_HEADER_BYTES, SETTING } from './frames.ts'
import { HpackEncoder } from './hpack/encoder.ts'

/** Of the pieces that small things are written into. */
const SLAB_BYTES = 16 * 1024
/** Payload up to this is copied beside its header; larger ones go out from where they lie. */
const COPY_LIMIT = 4 * 1024

export class FrameBuffer {
  #slab: Buffer = NOTHING
  /** What of the slab is filled, and from where on it is not in `#parts` yet. */
  #at = 0
  #from = 0
  #parts: Buffer[] = []
  #size = 0

  /** Bytes that wait. */
  get size(): number {
    return this.#size + this.#at - this.#from
  }

  /** Everything so far, in order. */
  take(): readonly Buffer[] {
    this.#cut()
    const parts = this.#parts
    this.#parts = []
    this.#size = 0
    return parts
  }

  /** HEADERS, with as many CONTINUATION as it takes. @param list names in lower case and values, in turn */
  headers(
    stream: number,
    list: readonly string[],
    secret: ReadonlySet<number> | null,
    endStream: boolean,
    encoder: HpackEncoder,
    maxFrame: number,
  ): void {
    const first = endStream ? FLAG.endStream : 0
    this.#reserve(HpackEncoder.bound(list) + FRAME_HEADER_BYTES)
    const start = this.#at
    this.#at += FRAME_HEADER_BYTES
    encoder.encode(list, secret, this)
    const length = this.#at - start - FRAME_HEADER_BYTES
    if (length <= maxFrame) {
      return this.#writeHeader(start, length, FRAME.headers, first | FLAG.endHeaders, stream)
    }
    const block = Buffer.from(this.#slab.subarray(start + FRAME_HEADER_BYTES, this.#at))
    this.#at = start
    for (let at = 0; at < block.length; at += maxFrame) {
      const end = Math.min(at + maxFrame, block.length)
      const flags = (at === 0 ? first : 0) | (end === block.length ? FLAG.endHeaders : 0)
      const type = at === 0 ? FRAME.headers : FRAME.continuation
      this.#frame(end - at, type, flags, stream)
      this.#payload(block, at, end)
    }
  }

  /** DATA with `buffer[start..end]`; the bytes may not change any more. */
  data(stream: number, buffer: Buffer, start: number, end: number, endStream: boolean): void {
    this.#frame(end - start, FRAME.data, endStream ? FLAG.endStream : 0, stream)
    this.#payload(buffer, start, end)
  }

  reset(stream: number, code: number): void {
    this.#frame(4, FRAME.reset, 0, stream)
    this.#uint32(code)
  }

  windowUpdate(stream: number, increment: number): void {
    this.#frame(4, FRAME.windowUpdate, 0, stream)
    this.#uint32(increment)
  }

  settings(values: Partial<Record<keyof typeof SETTING, number>>): void {
    const entries = Object.entries(values) as [keyof typeof SETTING, number][]
    this.#frame(entries.length * 6, FRAME.settings, 0, 0)
    for (const [name, value] of entries) {
      this.#at = this.#slab.writeUInt16BE(SETTING[name], this.#at)
      this.#uint32(value)
    }
  }

  settingsAck(): void {
    this.#frame(0, FRAME.settings, FLAG.ack, 0)
  }

  ping(payload: Buffer, isAck: boolean): void {
    this.#frame(8, FRAME.ping, isAck ? FLAG.ack : 0, 0)
    this.#payload(payload, 0, 8)
  }

  goAway(lastStream: number, code: number = ERROR.none): void {
    this.#frame(8, FRAME.goAway, 0, 0)
    this.#uint32(lastStream)
    this.#uint32(code)
  }

  /** Bytes as they are. */
  raw(bytes: Buffer): void {
    this.#reserve(bytes.length)
    this.#payload(bytes, 0, bytes.length)
  }

  /** A number of HPACK (RFC 7541 section 5.1). For the encoder, inside `headers`: there is room. */
  integer(first: number, prefix: number, value: number): void {
    const slab = this.#slab
    const mask = 2 ** prefix - 1
    if (value < mask) {
      slab[this.#at++] = first | value
      return
    }
    slab[this.#at++] = first | mask
    let left = value - mask
    while (left >= 0x80) {
      slab[this.#at++] = (left & 0x7f) | 0x80
      left = Math.floor(left / 0x80)
    }
    slab[this.#at++] = left
  }

  /** A string of HPACK, latin-1. For the encoder, like `integer`. */
  text(text: string): void {
    this.integer(0, 7, text.length)
    this.#at += this.#slab.write(text, this.#at, 'latin1')
  }

  #frame(length: number, type: number, flags: number, stream: number): void {
    this.#reserve(FRAME_HEADER_BYTES + Math.min(length, COPY_LIMIT))
    this.#writeHeader(this.#at, length, type, flags, stream)
    this.#at += FRAME_HEADER_BYTES
  }

  #writeHeader(at: number, length: number, type: number, flags: number, stream: number): void {
    const slab = this.#slab
    slab[at] = length >>> 16
    slab[at + 1] = length >>> 8
    slab[at + 2] = length
    slab[at + 3] = type
    slab[at + 4] = flags
    slab[at + 5] = stream >>> 24
    slab[at + 6] = stream >>> 16
    slab[at + 7] = stream >>> 8
    slab[at + 8] = stream
  }

  #uint32(value: number): void {
    this.#at = this.#slab.writeUInt32BE(value, this.#at)
  }

  #payload(buffer: Buffer, start: number, end: number): void {
    const length = end - start
    if (length <= COPY_LIMIT) {
      buffer.copy(this.#slab, this.#at, start, end)
      this.#at += length
      return
    }
    this.#cut()
    this.#parts.push(buffer.subarray(start, end))
    this.#size += length
  }

  /** Makes sure that so many bytes fit into what is left of the slab. */
  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#slab.length) return
    this.#cut()
    this.#slab = Buffer.allocUnsafeSlow(Math.max(bytes, SLAB_BYTES))
    this.#at = 0
    this.#from = 0
  }

  /** What was filled since the last cut becomes a part; the rest of the slab stays in use. */
  #cut(): void {
    if (this.#at === this.#from) return
    this.#parts.push(this.#slab.subarray(this.#from, this.#at))
    this.#size += this.#at - this.#from
    this.#from = this.#at
  }
}

const NOTHING = Buffer.alloc(0)
