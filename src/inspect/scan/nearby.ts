/**
 * The words around a candidate. Runs with letters are only noted as they go by; their words are read when a candidate asks, each once. So
 * text without candidates costs nothing here, and numbers without words around them as good as nothing.
 */

import { kindOf, WORD } from './text.ts'
import { type WordIndex, WordReader } from './words.ts'

/** So far before a candidate a phrase may begin, and so far behind it may end, in bytes. */
export const BEFORE = 48
export const BEHIND = 32
/** Runs that are remembered: no more can lie within BEFORE. */
const REMEMBERED = 32
/** Longer runs are no words. */
const MAX_WORD = 40

export class Nearby {
  readonly #reader: WordReader
  readonly #behindReader: WordReader
  /** Indexed by what words speak for: where the last phrase for it began, and when it was found behind. */
  readonly #before: Int32Array
  readonly #behind: Int32Array
  readonly #starts = new Int32Array(REMEMBERED)
  readonly #ends = new Int32Array(REMEMBERED)
  #noted = 0
  #read = 0
  #query = 0
  /** Where the last phrase began that speaks for anything. */
  #latest = -1
  /** What words said before here is about something else: the record or the field ended. */
  floor = 0

  /** @param size how many things words can speak for */
  constructor(index: WordIndex, size: number) {
    this.#reader = new WordReader(index, this.#foundBefore)
    this.#behindReader = new WordReader(index, this.#foundBehind)
    this.#before = new Int32Array(size).fill(-1)
    this.#behind = new Int32Array(size)
  }

  reset(): void {
    this.#noted = 0
    this.#read = 0
    this.floor = 0
    if (this.#latest !== -1) this.#before.fill(-1)
    this.#latest = -1
    this.#reader.forget()
  }

  /** A run with letters went by. */
  note(start: number, end: number): void {
    if (end - start > MAX_WORD) return
    const slot = this.#noted++ & (REMEMBERED - 1)
    this.#starts[slot] = start
    this.#ends[slot] = end
  }

  /** Reads what went by before `start`. @returns whether any word speaks for anything there */
  look(bytes: Uint8Array, start: number): boolean {
    if (this.#read !== this.#noted) this.#catchUp(bytes, start)
    return this.#latest >= start - BEFORE && this.#latest >= this.floor
  }

  #catchUp(bytes: Uint8Array, start: number): void {
    const first = Math.max(this.#read, this.#noted - REMEMBERED)
    for (let index = first; index < this.#noted; index++) {
      const slot = index & (REMEMBERED - 1)
      const from = this.#starts[slot] as number
      if (from < start - BEFORE) continue
      this.#reader.read(bytes, from, this.#ends[slot] as number)
    }
    this.#read = this.#noted
  }

  readonly #foundBefore = (what: readonly number[], phraseStart: number): void => {
    if (phraseStart > this.#latest) this.#latest = phraseStart
    for (const each of what) this.#before[each] = phraseStart
  }

  /** After `look`: where the nearest phrase for it begins before `start`, or -1. */
  before(what: number, start: number): number {
    const at = this.#before[what] as number
    return at >= this.floor && at >= start - BEFORE ? at : -1
  }

  /** Reads what follows `end`. @returns false where bytes that decide are not there yet */
  lookBehind(bytes: Uint8Array, end: number, limit: number, more: boolean): boolean {
    this.#query++
    this.#behindReader.forget()
    const stop = Math.min(limit, end + BEHIND)
    let at = end
    while (at < stop) {
      const byte = bytes[at] as number
      if (kindOf(bytes, at) === 0) {
        if (endsClause(byte)) return true
        if (byte === 0x2c && at + 1 < limit && bytes[at + 1] !== 0x20) return true
        at++
        continue
      }
      const from = at
      while (at < stop && (kindOf(bytes, at) & WORD) !== 0) at++
      if (at === stop) break
      // The name of what comes next: `id=1, ssn=2`.
      const next = bytes[at]
      if (next === 0x3d || next === 0x3a) return true
      this.#behindReader.read(bytes, from, at)
    }
    return !(more && limit < end + BEHIND)
  }

  readonly #foundBehind = (what: readonly number[]): void => {
    for (const each of what) this.#behind[each] = this.#query
  }

  /** After `lookBehind`. */
  behind(what: number): boolean {
    return this.#behind[what] === this.#query
  }
}

/** A line, a quote, a brace: what follows belongs to something else. */
function endsClause(byte: number): boolean {
  return (
    byte === 0x0a ||
    byte === 0x22 ||
    byte === 0x7b ||
    byte === 0x7d ||
    byte === 0x3b ||
    byte === 0x5b ||
    byte === 0x5d ||
    byte === 0x26 ||
    byte === 0x3c
  )
}
