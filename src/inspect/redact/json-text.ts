/**
 * What stands in a string of JSON (RFC 8259 section 7), without its escapes. Lenient: what is no escape stands for itself, so that a text
 * which is not quite JSON is looked at all the same.
 */

import { Layer } from './layer.ts'
import type { Patch, Reader } from './reader.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** What `\b` and the like stand for. */
const SIMPLE = new Map<number, number>([
  [QUOTE, QUOTE],
  [BACKSLASH, BACKSLASH],
  [0x2f, 0x2f],
  [0x62, 0x08],
  [0x66, 0x0c],
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
])

const NOTHING = Buffer.alloc(0)

/** Bytes of a pair of surrogates. */
const LONGEST = 12

export class JsonText implements Reader {
  readonly #reader: Reader
  readonly #layer: Layer
  readonly #isClosed: boolean
  /** The beginning of an escape. */
  #carry: Buffer = NOTHING
  /** What a piece says, when there are escapes in it. */
  #text: Buffer | null = null
  #size = 0
  /** Positions behind what was read. */
  #inner = 0
  #outer: number

  /**
   * @param outer position of the first byte
   * @param isClosed whether a quote ends it; else it goes on to the end
   * @param open makes the reader of what it says
   */
  constructor(outer: number, isClosed: boolean, patch: Patch, open: (patch: Patch) => Reader) {
    this.#outer = outer
    this.#isClosed = isClosed
    this.#layer = new Layer(outer)
    this.#reader = open((start, end, by) => {
      patch(this.#layer.toStart(start), this.#layer.toEnd(end), escapeJson(by))
    })
  }

  get decided(): number {
    const position = this.#reader.decided
    this.#layer.forget(position)
    return position === this.#inner ? this.#outer : this.#layer.toStart(position)
  }

  push(bytes: Buffer): void {
    this.read(bytes, 0)
  }

  /** @returns where the quote is that ends it; -1 when that has not come */
  read(fresh: Buffer, from: number): number {
    const carried = this.#carry.length
    const bytes = carried > 0 ? Buffer.concat([this.#carry, fresh.subarray(from)]) : fresh
    let at = carried > 0 ? 0 : from
    this.#carry = NOTHING
    let plain = at
    let end = -1
    for (; at < bytes.length; at++) {
      const byte = bytes[at] as number
      if (byte === QUOTE && this.#isClosed) {
        end = carried > 0 ? at - carried + from : at
        break
      }
      if (byte !== BACKSLASH) continue
      // What it says is never longer than how it is written.
      if (!this.#text) this.#text = Buffer.allocUnsafe(bytes.length - plain)
      this.#take(bytes, plain, at)
      const size = this.#unescape(bytes, at, false)
      plain = at + size
      if (size === 0) {
        this.#carry = Buffer.from(bytes.subarray(at))
        plain = at = bytes.length
        break
      }
      at = plain - 1
    }
    this.#take(bytes, plain, at)
    this.#flush()
    return end
  }

  settle(): void {
    this.#reader.settle()
  }

  end(): void {
    const bytes = this.#carry
    this.#text = Buffer.allocUnsafe(bytes.length)
    for (let at = 0; at < bytes.length; ) at += this.#unescape(bytes, at, true)
    this.#flush()
    this.#reader.end()
  }

  #take(bytes: Buffer, start: number, end: number): void {
    if (end === start) return
    this.#inner += end - start
    this.#outer += end - start
    if (this.#text) this.#size += bytes.copy(this.#text, this.#size, start, end)
    else this.#reader.push(bytes.subarray(start, end))
  }

  #flush(): void {
    const text = this.#text?.subarray(0, this.#size)
    this.#text = null
    this.#size = 0
    if (text) this.#reader.push(text)
  }

  /** @returns the bytes it took; 0 when it may go on behind the end */
  #unescape(bytes: Buffer, at: number, isEnd: boolean): number {
    const next = bytes[at + 1]
    if (next === undefined) {
      if (!isEnd) return 0
      this.#take(bytes, at, at + 1)
      return 1
    }
    const simple = SIMPLE.get(next)
    if (simple !== undefined) return this.#unit(Buffer.of(simple), 2)
    const first = next === 0x75 ? hex4(bytes, at + 2) : -1
    if (first === null && !isEnd) return 0
    if (first === null || first < 0) {
      this.#take(bytes, at, at + 1)
      return 1
    }
    const isHigh = first >= 0xd800 && first < 0xdc00
    if (!isHigh) return this.#unit(Buffer.from(String.fromCharCode(first)), 6)
    const rest = bytes.subarray(at + 6, at + LONGEST)
    const isPair = rest.length > 1 ? rest[0] === BACKSLASH && rest[1] === 0x75 : null
    const second = isPair ? hex4(rest, 2) : -1
    const mayFollow = isPair === null ? rest.length === 0 || rest[0] === BACKSLASH : second === null
    if (mayFollow && !isEnd) return 0
    if (second === null || second < 0xdc00 || second > 0xdfff) {
      return this.#unit(Buffer.from('\ufffd'), 6)
    }
    return this.#unit(Buffer.from(String.fromCharCode(first, second)), LONGEST)
  }

  #unit(text: Buffer, size: number): number {
    this.#layer.add(this.#inner, this.#outer, text.length, size)
    this.#inner += text.length
    this.#outer += size
    if (this.#text) this.#size += text.copy(this.#text, this.#size)
    return size
  }
}

/** @returns null when there is not all of it, -1 when it is none */
function hex4(bytes: Buffer, at: number): number | null {
  let value = 0
  for (let i = at; i < at + 4; i++) {
    const byte = bytes[i]
    if (byte === undefined) return null
    const digit = hexDigit(byte)
    if (digit < 0) return -1
    value = value * 16 + digit
  }
  return value
}

export function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

/** A text as it stands between quotes. */
export function escapeJson(text: Buffer): Buffer {
  for (const byte of text) {
    if (byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH) continue
    return Buffer.from(JSON.stringify(text.toString('utf8')).slice(1, -1))
  }
  return text
}
