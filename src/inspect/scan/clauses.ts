/** Where a clause ends: what stands behind that belongs to something else. Each byte is looked at once, however many candidates stand in a row. */

import type { Bounds } from './bounds.ts'
import { BACKSLASH, behindEscape, KINDS, toAlphabet } from './text.ts'

/** A line, a quote, a brace. */
const ENDS_CLAUSE = toAlphabet('\n"{};[]&<')
const COMMA = 0x2c

export class Clauses {
  readonly #bounds: Bounds
  /** In [from, to) none ends. */
  #from = 0
  #to = 0
  /** Whether one ends at `#to`. */
  #isOver = false

  constructor(bounds: Bounds) {
    this.#bounds = bounds
  }

  reset(): void {
    this.#from = -1
    this.#to = -1
  }

  endsAt(at: number): boolean {
    const { bytes, limit } = this.#bounds
    return at < limit && ENDS_CLAUSE[bytes[at] as number] === 1
  }

  /** @returns where the clause ends that goes on at `from`, or `stop` where that is not before it */
  endOf(from: number, stop: number): number {
    if (from < this.#from || from > this.#to) {
      this.#from = from
      this.#to = from
      this.#isOver = false
    }
    if (!this.#isOver && this.#to < stop) this.#read(stop)
    return this.#isOver ? Math.min(this.#to, stop) : stop
  }

  #read(stop: number): void {
    const { bytes, limit } = this.#bounds
    let at = this.#to
    while (at < stop) {
      this.#to = at
      const byte = bytes[at] as number
      if (KINDS[byte] === 0) {
        this.#isOver = ends(bytes, at, limit)
        if (this.#isOver) return
        at = byte === BACKSLASH ? behindEscape(bytes, at, limit) : at + 1
        continue
      }
      while (at < stop && KINDS[bytes[at] as number] !== 0) at++
      // It may go on.
      if (at === stop) return
      // The name of what comes next: `id=1, ssn=2`.
      this.#isOver = bytes[at] === 0x3d || bytes[at] === 0x3a
      if (this.#isOver) return
    }
    this.#to = at
  }
}

function ends(bytes: Uint8Array, at: number, limit: number): boolean {
  const byte = bytes[at] as number
  if (ENDS_CLAUSE[byte] === 1) return true
  if (at + 1 >= limit) return false
  if (byte === COMMA) return bytes[at + 1] !== 0x20
  return endsSentence(byte) && isBlank(bytes[at + 1] as number)
}

export function endsSentence(byte: number): boolean {
  return byte === 0x2e || byte === 0x21 || byte === 0x3f
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d
}
