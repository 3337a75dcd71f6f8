/** Another way to write a text: `\u0041` in JSON, `%41` in a form, `&#65;` in markup. Between such places one byte is one byte. */

export interface Coding {
  /** The byte with which such a place begins. */
  readonly lead: number
  /**
   * Writes what stands at `at`, where the lead is, to `out` at `to`: four bytes at most. What is nothing special stands for itself.
   * @returns how long it is on both sides, as `unit` has it; NOT_YET when more is needed to know that, never where the text ends at `end`
   */
  readonly read: (
    bytes: Buffer,
    at: number,
    end: number,
    isEnd: boolean,
    out: Buffer,
    to: number,
  ) => number
  /** A text as it has to be written here. */
  readonly write: (text: Buffer) => Buffer
  /** A byte that stands for a blank. */
  readonly blank?: number
}

export const NOT_YET = 0

/** @param size as it is written  @param said of the text, 0 to 4 */
export function unit(size: number, said: number): number {
  return (size << 3) | said
}

export function sizeOf(unit: number): number {
  return unit >> 3
}

export function saidOf(unit: number): number {
  return unit & 7
}

/** Writes all of a text to `out`, which has room for it: nothing is longer than it is written. @returns how long it is */
export function decode(
  coding: Coding,
  bytes: Buffer,
  start: number,
  end: number,
  out: Buffer,
): number {
  const { lead, blank = -1, read } = coding
  let size = 0
  let plain = 0
  for (let at = start; at < end; ) {
    const byte = bytes[at] as number
    if (byte !== lead) {
      out[size++] = byte === blank ? 0x20 : byte
      at++
      // A long way without anything: help is called for.
      if (++plain < FAR || blank >= 0) continue
      const to = leadFrom(bytes, at, end, lead)
      bytes.copy(out, size, at, to)
      size += to - at
      at = to
      continue
    }
    plain = 0
    const unit = read(bytes, at, end, true, out, size)
    at += sizeOf(unit)
    size += saidOf(unit)
  }
  return size
}

const FAR = 32

function leadFrom(bytes: Buffer, start: number, end: number, lead: number): number {
  if (start >= end) return end
  const found = bytes.subarray(start, end).indexOf(lead)
  return found < 0 ? end : start + found
}

const ASIDE = Buffer.alloc(8)

/** Goes once through a text as it is written, to tell where the parts of it are that it says. */
export class Walk {
  readonly #coding: Coding
  readonly #bytes: Buffer
  readonly #end: number
  #said = 0
  #at: number

  constructor(coding: Coding, bytes: Buffer, start: number, end: number) {
    this.#coding = coding
    this.#bytes = bytes
    this.#at = start
    this.#end = end
  }

  /** Of the first byte of something: what stands for nothing is before it. Asked for in order. */
  toStart(position: number): number {
    while (this.#at < this.#end) {
      const unit = this.#unit()
      if (this.#said + saidOf(unit) > position) break
      this.#pass(unit)
    }
    return this.#at
  }

  /** Behind the last byte of something. */
  toEnd(position: number): number {
    while (this.#at < this.#end && this.#said < position) this.#pass(this.#unit())
    return this.#at
  }

  #unit(): number {
    const isPlain = this.#bytes[this.#at] !== this.#coding.lead
    return isPlain ? PLAIN : this.#coding.read(this.#bytes, this.#at, this.#end, true, ASIDE, 0)
  }

  #pass(unit: number): void {
    this.#at += sizeOf(unit)
    this.#said += saidOf(unit)
  }
}

const PLAIN = unit(1, 1)
