/** A text in a coding that comes in pieces. */

import { type Coding, NOT_YET, saidOf, sizeOf } from './coding.ts'
import { Layer } from './layer.ts'
import type { Patch, Reader } from './reader.ts'

const NOTHING = Buffer.alloc(0)
/** So much at once, so that little has to be known of where it lies. */
const SLICE = 16 * 1024
/** No byte. */
const NONE = -1

export class CodedText implements Reader {
  readonly #coding: Coding
  readonly #reader: Reader
  readonly #layer: Layer
  /** The beginning of a place that is written otherwise. */
  #carry: Buffer = NOTHING
  /** Positions behind what was read. */
  #inner = 0
  #outer: number

  /**
   * @param outer position of the first byte
   * @param open makes the reader of what it says
   */
  constructor(coding: Coding, outer: number, patch: Patch, open: (patch: Patch) => Reader) {
    this.#coding = coding
    this.#outer = outer
    this.#layer = new Layer(outer)
    this.#reader = open((start, end, by) =>
      patch(this.#layer.toStart(start), this.#layer.toEnd(end), coding.write(by)),
    )
  }

  get decided(): number {
    const position = this.#reader.decided
    this.#layer.forget(position)
    return position === this.#inner ? this.#outer : this.#layer.toStart(position)
  }

  push(bytes: Buffer): void {
    this.read(bytes, 0)
  }

  /** @param stop a byte that ends it. @returns where that is; -1 when it has not come */
  read(fresh: Buffer, from: number, stop = NONE): number {
    const carried = this.#carry.length
    const bytes = carried > 0 ? Buffer.concat([this.#carry, fresh.subarray(from)]) : fresh
    const shift = carried > 0 ? from - carried : 0
    this.#carry = NOTHING
    let at = from - shift - carried
    while (at < bytes.length) {
      const plain = this.#plainEnd(bytes, at, stop)
      if (plain === bytes.length || bytes[plain] === stop) {
        this.#give(bytes.subarray(at, plain), plain - at)
        return plain === bytes.length ? NONE : plain + shift
      }
      at = this.#readSlice(bytes, at, stop, false)
    }
    return NONE
  }

  settle(): void {
    this.#reader.settle()
  }

  end(): void {
    const bytes = this.#carry
    if (bytes.length > 0) this.#readSlice(bytes, 0, NONE, true)
    this.#reader.end()
  }

  #plainEnd(bytes: Buffer, start: number, stop: number): number {
    const { lead, blank = NONE } = this.#coding
    let at = start
    for (; at < bytes.length; at++) {
      const byte = bytes[at]
      if (byte === lead || byte === stop || byte === blank) break
    }
    return at
  }

  /** @returns behind what was read */
  #readSlice(bytes: Buffer, start: number, stop: number, isEnd: boolean): number {
    const { lead, blank = NONE, read } = this.#coding
    const limit = Math.min(bytes.length, start + SLICE)
    // What is decoded at the end may go over it.
    const text = Buffer.allocUnsafe(limit - start + 4)
    let size = 0
    let at = start
    while (at < limit) {
      const byte = bytes[at] as number
      if (byte === stop) break
      if (byte !== lead) {
        text[size++] = byte === blank ? 0x20 : byte
        at++
        continue
      }
      const unit = read(bytes, at, bytes.length, isEnd, text, size)
      if (unit === NOT_YET) {
        this.#carry = Buffer.from(bytes.subarray(at))
        this.#give(text.subarray(0, size), at - start)
        return bytes.length
      }
      if (sizeOf(unit) !== saidOf(unit)) {
        this.#layer.add(this.#inner + size, this.#outer + at - start, saidOf(unit), sizeOf(unit))
      }
      at += sizeOf(unit)
      size += saidOf(unit)
    }
    this.#give(text.subarray(0, size), at - start)
    return at
  }

  /** @param size as it is written */
  #give(text: Buffer, size: number): void {
    this.#inner += text.length
    this.#outer += size
    if (text.length > 0) this.#reader.push(text)
    // Knows no more than it has to.
    if (size > text.length) this.#layer.forget(this.#reader.decided)
  }
}
