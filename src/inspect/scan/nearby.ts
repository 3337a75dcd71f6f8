/**
 * The words around a candidate. They are read when one asks, each once; so text without candidates costs nothing here, and numbers without
 * words around them little.
 */

import type { ForeignWords } from './foreign-words.ts'
import { ESCAPED, HEX, KINDS, toAlphabet } from './text.ts'
import { type WordIndex, WordReader } from './words.ts'

/** So far before a candidate a phrase may begin, and so far behind it may end, in bytes. */
export const BEFORE = 48
const BEHIND = 32
const LONGEST_PHRASE = 64
/** Of UTF-8: those above begin a character. */
const LAST_CONTINUATION = 0xbf
/** Longer runs are no words. */
const MAX_WORD = 40

/**
 * Indexed by byte: 1 where a record or a field ends, and what words said before is about something else; COMMA where one may end; FOREIGN where
 * a character of another script may begin.
 */
const FLOORS = toAlphabet('{}&')
const FOREIGN = 2
const COMMA = 0x2c
FLOORS[COMMA] = COMMA
FLOORS.fill(FOREIGN, LAST_CONTINUATION + 1)
/** A line, a quote, a brace: what follows belongs to something else. */
const ENDS_CLAUSE = toAlphabet('\n"{};[]&<')
const BACKSLASH = 0x5c
/** Further back it is not told which of them are escaped. */
const MAX_SLASHES = 6

export const UNDECIDED = -1
export const QUIET = 0
export const SPOKEN_FOR = 1

export class Nearby {
  readonly #reader: WordReader
  readonly #behindReader: WordReader
  /** Of the words that speak against a bare number. */
  readonly #plain: number
  readonly #foreign: ForeignWords | null
  /** Indexed by what words speak for: where the nearest phrase for it began and ended, and which question found it behind. */
  readonly #before: Int32Array
  readonly #beforeEnd: Int32Array
  readonly #behind: Int32Array
  #read = 0
  /** Up to where words of other scripts were read. */
  #foreignRead = 0
  #isNew = true
  /** Where the last phrase began that speaks for anything. */
  #latest = -1
  #floor = 0
  #question = 0
  #asked = 0
  #isSpokenFor = false
  /** From one to the other nothing speaks for anything. */
  #quietFrom = 0
  #quietTo = 0

  /** @param plain one more than what else words speak for */
  constructor(index: WordIndex, foreign: ForeignWords, plain: number) {
    this.#foreign = foreign.isEmpty ? null : foreign
    this.#reader = new WordReader(index, this.#foundBefore)
    this.#behindReader = new WordReader(index, this.#foundBehind)
    this.#plain = plain
    this.#before = new Int32Array(plain + 1).fill(-1)
    this.#beforeEnd = new Int32Array(plain + 1)
    this.#behind = new Int32Array(plain + 1)
  }

  reset(): void {
    this.#read = 0
    this.#foreignRead = 0
    this.#floor = 0
    this.#latest = -1
    this.#quietTo = 0
    this.#reader.forget()
    if (this.#isNew) return
    this.#before.fill(-1)
    this.#isNew = true
  }

  /** Reads what is before `start`, where no run goes on. @returns whether any word speaks for anything there */
  look(bytes: Uint8Array, start: number): boolean {
    if (this.#read < start) this.#catchUp(bytes, start)
    return this.#latest >= start - BEFORE && this.#latest >= this.#floor
  }

  #catchUp(bytes: Uint8Array, start: number): void {
    const least = Math.max(this.#read, start - BEFORE)
    let at = start
    let isForeign = false
    for (; at > least; at--) {
      const kind = FLOORS[bytes[at - 1] as number]
      if (kind === 0) continue
      if (kind === FOREIGN) isForeign = true
      else if (kind !== COMMA || splits(bytes, at - 1)) break
    }
    if (at > least) this.#floor = at - 1
    else if (least > this.#read) at = Math.max(this.#read, firstWord(bytes, least))
    while (at < start) {
      const byte = bytes[at] as number
      if (KINDS[byte] !== 0) at = this.#reader.readText(bytes, at, start, MAX_WORD)
      else at = byte === BACKSLASH ? behindEscape(bytes, at, start) : at + 1
    }
    const foreign = this.#foreign
    if (foreign !== null && (isForeign || (bytes[this.#read - 1] ?? 0) > 0x7f))
      this.#readForeign(foreign, bytes, start)
    this.#read = start
  }

  #readForeign(foreign: ForeignWords, bytes: Uint8Array, start: number): void {
    for (let at = Math.max(this.#foreignRead, start - BEFORE); at < start; at++)
      if ((bytes[at] as number) > LAST_CONTINUATION)
        foreign.read(bytes, at, start, this.#foundBefore)
    // What `start` is in the middle of is read again.
    let read = start
    while (read > 0 && start - read < BEFORE && isOfForeign(bytes[read - 1] as number)) read--
    this.#foreignRead = read
  }

  /** Of phrases that end together the longest is told last. */
  readonly #foundBefore = (what: readonly number[], start: number, end: number): void => {
    this.#isNew = false
    for (const each of what) {
      if (each !== this.#plain && start > this.#latest) this.#latest = start
      if ((this.#before[each] as number) >= 0 && end < (this.#beforeEnd[each] as number)) continue
      this.#before[each] = start
      this.#beforeEnd[each] = end
    }
  }

  /** After `look`: how near a phrase for it is before `start`, more the nearer it ends and the longer it is; -1 for none. */
  before(what: number, start: number): number {
    const at = this.#before[what] as number
    if (at < this.#floor || at < start - BEFORE) return -1
    const end = this.#beforeEnd[what] as number
    return end * LONGEST_PHRASE + Math.min(end - at, LONGEST_PHRASE - 1)
  }

  /** The same for words that say a bare number is no one's. */
  plainly(start: number): number {
    return this.before(this.#plain, start)
  }

  /** Whether the phrase that is as near as this ends behind `at`. */
  isBehind(nearness: number, at: number): boolean {
    return Math.floor(nearness / LONGEST_PHRASE) > at
  }

  /** Whether the phrase that is as near as this ends at most so many bytes before `start`. */
  isWithin(nearness: number, start: number, bytes: number): boolean {
    return nearness >= 0 && Math.floor(nearness / LONGEST_PHRASE) >= start - bytes
  }

  /** Reads what follows `end`. @returns whether any word speaks for anything there, or UNDECIDED */
  lookBehind(bytes: Uint8Array, end: number, limit: number, more: boolean): number {
    if (end < limit && ENDS_CLAUSE[bytes[end] as number] === 1) return QUIET
    this.#question++
    this.#asked = end
    this.#isSpokenFor = false
    const goesOn = end >= this.#quietFrom && end < this.#quietTo
    if (!goesOn) {
      this.#behindReader.forget()
      this.#quietFrom = end
      this.#quietTo = end
    }
    const stop = Math.min(limit, end + BEHIND)
    const isOver = this.#readBehind(bytes, stop, limit, stop === limit && !more)
    if (!isOver && more && limit < end + BEHIND) return UNDECIDED
    if (!this.#isSpokenFor) return QUIET
    this.#quietTo = 0
    return SPOKEN_FOR
  }

  /** @returns whether a clause or the text is over */
  #readBehind(bytes: Uint8Array, stop: number, limit: number, isEnd: boolean): boolean {
    let at = this.#quietTo
    let isForeign = false
    while (at < stop) {
      // A phrase of another script may go on behind `stop`.
      if (!isForeign) this.#quietTo = at
      const byte = bytes[at] as number
      if (KINDS[byte] === 0) {
        if (ENDS_CLAUSE[byte] === 1) return true
        if (byte === COMMA && at + 1 < limit && bytes[at + 1] !== 0x20) return true
        if (endsSentence(byte) && at + 1 < limit && isBlank(bytes[at + 1] as number)) return true
        if (byte > LAST_CONTINUATION && this.#foreign !== null) {
          isForeign = true
          this.#foreign.read(bytes, at, stop, this.#foundBehind)
        }
        at = byte === BACKSLASH ? behindEscape(bytes, at, stop) : at + 1
        continue
      }
      const start = at
      while (at < stop && KINDS[bytes[at] as number] !== 0) at++
      if (at === stop && !isEnd) return false
      // The name of what comes next: `id=1, ssn=2`.
      if (at < stop && (bytes[at] === 0x3d || bytes[at] === 0x3a)) return true
      this.#behindReader.readText(bytes, start, at, BEHIND)
    }
    if (!isForeign) this.#quietTo = at
    return isEnd
  }

  readonly #foundBehind = (what: readonly number[], start: number): void => {
    if (start < this.#asked) return
    for (const each of what) this.#behind[each] = this.#question
    this.#isSpokenFor = true
  }

  /** After `lookBehind`. */
  behind(what: number): boolean {
    return this.#behind[what] === this.#question
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

/** @returns where the run or the escape begins that `at` is in, no further back than a word is long */
function firstWord(bytes: Uint8Array, at: number): number {
  if (at <= 0) return 0
  let from = at
  while (from > 0 && at - from <= MAX_WORD && KINDS[bytes[from - 1] as number] !== 0) from--
  let slashes = 0
  while (slashes < from && slashes < MAX_SLASHES && bytes[from - 1 - slashes] === BACKSLASH)
    slashes++
  return slashes % 2 === 0 ? from : from - 1
}

/** Whether what follows a comma is another field: a quote or a line is next to it. */
function splits(bytes: Uint8Array, at: number): boolean {
  const next = bytes[at + 1]
  return (at > 0 && bytes[at - 1] === 0x22) || next === 0x22 || next === 0x0a || next === 0x0d
}

/** Texts may be escaped as in JSON: the `n` of `\n` is no letter. @returns where to go on, not behind `limit` */
function behindEscape(bytes: Uint8Array, at: number, limit: number): number {
  const next = bytes[at + 1] as number
  if (next !== 0x75) return ESCAPED[next] === 1 ? Math.min(limit, at + 2) : at + 1
  for (let i = at + 2; i < at + 6; i++)
    if (i >= limit || HEX[bytes[i] as number] !== 1) return at + 1
  return at + 6
}
