/**
 * The words around a candidate. Runs with letters are only noted as they go by; their words are read when a candidate asks, each once. So
 * text without candidates costs nothing here, and numbers without words around them as good as nothing.
 */

import type { ForeignWords } from './foreign-words.ts'
import { kindOf, WORD } from './text.ts'
import { type WordIndex, WordReader } from './words.ts'

/** So far before a candidate a phrase may begin, and so far behind it may end, in bytes. */
export const BEFORE = 48
export const BEHIND = 32
/** Runs that are remembered: no more can lie within BEFORE. */
const REMEMBERED = 32
const LONGEST_PHRASE = 64
/** Of UTF-8: those above begin a character. */
const LAST_CONTINUATION = 0xbf
/** Longer runs are no words. */
const MAX_WORD = 40

export class Nearby {
  readonly #reader: WordReader
  readonly #behindReader: WordReader
  readonly #foreign: ForeignWords | null
  /** Indexed by what words speak for: where the last phrase for it began and ended, and when it was found behind. */
  readonly #before: Int32Array
  readonly #beforeEnd: Int32Array
  readonly #behind: Int32Array
  readonly #starts = new Int32Array(REMEMBERED)
  readonly #ends = new Int32Array(REMEMBERED)
  #noted = 0
  #read = 0
  /** Up to where words of other scripts were read. */
  #foreignRead = 0
  #query = 0
  /** Where the last phrase began that speaks for anything. */
  #latest = -1
  /** What words said before here is about something else: the record or the field ended. */
  floor = 0

  /** @param size how many things words can speak for */
  constructor(index: WordIndex, foreign: ForeignWords, size: number) {
    this.#foreign = foreign.isEmpty ? null : foreign
    this.#reader = new WordReader(index, this.#foundBefore)
    this.#behindReader = new WordReader(index, this.#foundBehind)
    this.#before = new Int32Array(size).fill(-1)
    this.#beforeEnd = new Int32Array(size)
    this.#behind = new Int32Array(size)
  }

  reset(): void {
    this.#noted = 0
    this.#read = 0
    this.#foreignRead = 0
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
    if (this.#foreign !== null && this.#foreignRead < start) this.#readForeign(bytes, start)
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

  #readForeign(bytes: Uint8Array, start: number): void {
    for (let at = Math.max(this.#foreignRead, start - BEFORE); at < start; at++)
      if ((bytes[at] as number) > LAST_CONTINUATION)
        this.#foreign?.read(bytes, at, start, this.#foundBefore)
    // What `start` is in the middle of is read again.
    let read = start
    while (read > 0 && start - read < BEFORE && isOfForeign(bytes[read - 1] as number)) read--
    this.#foreignRead = read
  }

  /** Of phrases that end together the longest is told last. */
  readonly #foundBefore = (what: readonly number[], phraseStart: number, end: number): void => {
    if (phraseStart > this.#latest) this.#latest = phraseStart
    for (const each of what) {
      if ((this.#before[each] as number) >= 0 && end < (this.#beforeEnd[each] as number)) continue
      this.#before[each] = phraseStart
      this.#beforeEnd[each] = end
    }
  }

  /** After `look`: how near a phrase for it is before `start`, more the nearer it ends and the longer it is; -1 for none. */
  before(what: number, start: number): number {
    const at = this.#before[what] as number
    if (at < this.floor || at < start - BEFORE) return -1
    const end = this.#beforeEnd[what] as number
    return end * LONGEST_PHRASE + Math.min(end - at, LONGEST_PHRASE - 1)
  }

  /** Whether the phrase that is as near as this ends behind `at`. */
  isBehind(nearness: number, at: number): boolean {
    return Math.floor(nearness / LONGEST_PHRASE) > at
  }

  /** Whether the phrase that is as near as this ends at most so many bytes before `start`. */
  isWithin(nearness: number, start: number, bytes: number): boolean {
    return nearness >= 0 && Math.floor(nearness / LONGEST_PHRASE) >= start - bytes
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
        if (endsSentence(byte) && at + 1 < limit && isBlank(bytes[at + 1] as number)) return true
        if (byte > LAST_CONTINUATION) this.#foreign?.read(bytes, at, stop, this.#foundBehind)
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

function isOfForeign(byte: number): boolean {
  return byte > 0x7f || byte === 0x20
}

export function endsSentence(byte: number): boolean {
  return byte === 0x2e || byte === 0x21 || byte === 0x3f
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d
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
