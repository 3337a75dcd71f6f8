/**
 * The words around a candidate. They are read when one asks, each once; so text without candidates costs nothing here, and numbers without
 * words around them little.
 */

import type { Bounds } from './bounds.ts'
import { Clauses } from './clauses.ts'
import type { ContextWords } from './names.ts'
import { MAX_WORD, Said } from './said.ts'
import { BACKSLASH, KINDS, toAlphabet } from './text.ts'
import { addBits, type Bits, hasBit, meet, type Topic, toBits } from './topics.ts'

/** So far before a candidate a phrase may begin, and so far behind it may end, in bytes. */
export const BEFORE = 48
const BEHIND = 32

/** Indexed by byte: 1 where a record or a field ends, and what words said before is about something else; COMMA where one may end. */
const FLOORS = toAlphabet('{}&')
const COMMA = 0x2c
FLOORS[COMMA] = COMMA
/** Further back it is not told which of them are escaped. */
const MAX_SLASHES = 6

export const UNDECIDED = -1
export const QUIET = 0
export const SPOKEN_FOR = 1

export class Nearby {
  readonly #bounds: Bounds
  readonly #said: Said
  readonly #clauses: Clauses
  /** Of the words that speak against a bare number. */
  readonly #plain: number
  /** For what `look` was asked, and up to where floors are known. */
  #asked = -1
  #known = 0
  #floor = 0
  #isSpokenFor = false
  /** Phrases before it, the nearest first: those that end last, and of these the longest. */
  readonly #topics: Topic[] = []
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  count = 0
  /** Where the nearest phrase ends that says that a bare number is no one's; -1 for none. */
  plainEnd = -1
  #plainStart = -1
  /** Phrases behind it. */
  readonly #behind: Topic[] = []
  #countBehind = 0
  /** What they speak for. */
  readonly #bitsBehind: Bits

  /** @param plain one more than what else words speak for */
  constructor(words: ContextWords, plain: number, bounds: Bounds) {
    this.#bounds = bounds
    this.#said = new Said(words, bounds)
    this.#clauses = new Clauses(bounds)
    this.#plain = plain
    this.#bitsBehind = toBits([plain])
  }

  reset(): void {
    this.#said.reset()
    this.#clauses.reset()
    this.#asked = -1
    this.#known = 0
    this.#floor = 0
  }

  /** Reads what is before `start`, where no run goes on. @returns whether any word speaks for anything there */
  look(start: number): boolean {
    if (start === this.#asked) return this.#isSpokenFor
    this.#asked = start
    if (this.#known < start) this.#catchUp(start)
    this.#gather(start)
    return this.#isSpokenFor
  }

  #catchUp(start: number): void {
    const { bytes } = this.#bounds
    const least = Math.max(this.#known, start - BEFORE)
    let at = start
    for (; at > least; at--) {
      const kind = FLOORS[bytes[at - 1] as number]
      if (kind !== 0 && (kind !== COMMA || splits(bytes, at - 1))) break
    }
    if (at > least) this.#floor = at - 1
    else if (least > this.#known) at = Math.max(this.#known, firstWord(bytes, least))
    this.#said.read(at, start)
    this.#known = start
  }

  #gather(start: number): void {
    const said = this.#said
    const least = Math.max(this.#floor, start - BEFORE)
    const { first } = said
    this.count = 0
    this.plainEnd = -1
    this.#isSpokenFor = false
    for (let i = said.count - 1; i >= first && said.run(i) >= least - MAX_WORD; i--)
      if (said.end(i) <= start && said.start(i) >= least && said.isPhrase(i, start))
        this.#keep(said.topic(i), said.start(i), said.end(i))
  }

  #keep(topic: Topic, start: number, end: number): void {
    if (hasBit(topic.bits, this.#plain)) {
      if (end > this.plainEnd || (end === this.plainEnd && start < this.#plainStart)) {
        this.plainEnd = end
        this.#plainStart = start
      }
      if (topic.what.length === 1) return
    }
    this.#isSpokenFor = true
    let i = this.count++
    for (; i > 0 && this.#isNearer(start, end, i - 1); i--) {
      this.#topics[i] = this.#topics[i - 1] as Topic
      this.#starts[i] = this.#starts[i - 1] as number
      this.#ends[i] = this.#ends[i - 1] as number
    }
    this.#topics[i] = topic
    this.#starts[i] = start
    this.#ends[i] = end
  }

  #isNearer(start: number, end: number, than: number): boolean {
    const other = this.#ends[than] as number
    return end > other || (end === other && start < (this.#starts[than] as number))
  }

  /** After `look`. @param i below `count`, from the nearest on */
  topic(i: number): Topic {
    return this.#topics[i] as Topic
  }

  end(i: number): number {
    return this.#ends[i] as number
  }

  /** Whether what says that a bare number is no one's is said behind that, or is the longer of two. */
  isOutdone(i: number): boolean {
    return this.plainEnd !== -1 && this.#isNearer(this.#plainStart, this.plainEnd, i)
  }

  /** After `look`. */
  speaksFor(what: number): boolean {
    for (let i = 0; i < this.count; i++)
      if (hasBit((this.#topics[i] as Topic).bits, what)) return true
    return false
  }

  /** Reads what follows `end`. @returns whether any word speaks for anything there, or UNDECIDED */
  lookBehind(end: number): number {
    if (this.#clauses.endsAt(end)) return QUIET
    const { limit, more } = this.#bounds
    const stop = Math.min(limit, end + BEHIND)
    const over = this.#clauses.endOf(end, stop)
    if (over === stop && more && limit < end + BEHIND) return UNDECIDED
    const to = over < stop || (stop === limit && !more) ? over : this.#runBefore(stop, end)
    this.#said.read(0, to)
    return this.#gatherBehind(end, to, stop) ? SPOKEN_FOR : QUIET
  }

  #gatherBehind(end: number, to: number, stop: number): boolean {
    const said = this.#said
    const { first } = said
    this.#countBehind = 0
    for (let i = said.count - 1; i >= first && said.run(i) >= end; i--) {
      if (said.start(i) < end || said.run(i) >= to || said.end(i) > stop || !said.isPhrase(i, stop))
        continue
      this.#behind[this.#countBehind++] = said.topic(i)
    }
    return this.#countBehind > 0
  }

  /** After `lookBehind`. @returns what words behind speak for, where any of that is in `bits` */
  behindFor(bits: Bits): Bits | null {
    let i = 0
    while (i < this.#countBehind && !meet((this.#behind[i] as Topic).bits, bits)) i++
    if (i === this.#countBehind) return null
    const all = this.#bitsBehind.fill(0)
    for (i = 0; i < this.#countBehind; i++) addBits(all, (this.#behind[i] as Topic).bits)
    return all
  }

  /** @returns where the run begins that is cut at `at`, or may be */
  #runBefore(at: number, least: number): number {
    const { bytes } = this.#bounds
    let from = at
    while (from > least && KINDS[bytes[from - 1] as number] !== 0) from--
    return from
  }
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
