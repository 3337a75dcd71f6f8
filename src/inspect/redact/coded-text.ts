/** A text in which some bytes begin another way to write one: `%41`, `&#65;`, `""`. */

import { Layer } from './layer.ts'
import type { Patch, Reader } from './reader.ts'

export interface Coding {
  /** The byte with which such a place begins. */
  readonly lead: number
  /**
   * What stands at `at`, where the lead is. Null when more is needed to know that; never at the end. What is nothing special is itself: one
   * byte for one.
   */
  readonly read: (bytes: Buffer, at: number, isEnd: boolean) => CodedUnit | null
  /** A text as it has to be written here. */
  readonly write: (text: Buffer) => Buffer
  /** A byte that stands for a blank. */
  readonly blank?: number
}

export interface CodedUnit {
  readonly text: Buffer
  readonly size: number
}

const NOTHING = Buffer.alloc(0)

export class CodedText implements Reader {
  readonly #coding: Coding
  readonly #reader: Reader
  readonly #layer: Layer
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
    this.#read(this.#carry.length > 0 ? Buffer.concat([this.#carry, bytes]) : bytes, false)
  }

  settle(): void {
    this.#reader.settle()
  }

  end(): void {
    this.#read(this.#carry, true)
    this.#reader.end()
  }

  #read(bytes: Buffer, isEnd: boolean): void {
    const { lead, blank } = this.#coding
    this.#carry = NOTHING
    let at = bytes.indexOf(lead)
    const isPlain = at < 0 && (blank === undefined || bytes.indexOf(blank) < 0)
    if (isPlain) return this.#give(bytes, bytes.length)
    const text: Buffer[] = []
    let plain = 0
    for (; at >= 0; at = bytes.indexOf(lead, plain)) {
      this.#take(bytes.subarray(plain, at), text)
      const unit = this.#coding.read(bytes, at, isEnd)
      if (!unit) {
        this.#carry = Buffer.from(bytes.subarray(at))
        plain = bytes.length
        break
      }
      if (unit.size !== unit.text.length) {
        this.#layer.add(this.#inner, this.#outer, unit.text.length, unit.size)
      }
      text.push(unit.text)
      this.#inner += unit.text.length
      this.#outer += unit.size
      plain = at + unit.size
    }
    this.#take(bytes.subarray(plain), text)
    this.#reader.push(Buffer.concat(text))
  }

  #take(bytes: Buffer, text: Buffer[]): void {
    const { blank } = this.#coding
    const isAsItIs = blank === undefined || !bytes.includes(blank)
    text.push(isAsItIs ? bytes : (bytes.map((byte) => (byte === blank ? 0x20 : byte)) as Buffer))
    this.#inner += bytes.length
    this.#outer += bytes.length
  }

  #give(bytes: Buffer, size: number): void {
    this.#inner += size
    this.#outer += size
    if (size > 0) this.#reader.push(bytes)
  }
}
