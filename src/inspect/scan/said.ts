/** What is said in a text, phrase by phrase: read forward from where somebody asks, each byte once, and kept for as long as anybody is near. */

import type { Bounds } from './bounds.ts'
import type { ForeignWords } from './foreign-words.ts'
import type { ContextWords } from './names.ts'
import { BACKSLASH, behindEscape, FIRST_OF_SEVERAL, KINDS } from './text.ts'
import type { Topic } from './topics.ts'
import { WordReader } from './words.ts'

/** More phrases than can stand around a candidate. */
const KEPT = 512
const MASK = KEPT - 1
/** Longer runs are no words. */
export const MAX_WORD = 40

export class Said {
  readonly #bounds: Bounds
  readonly #words: ContextWords
  readonly #reader: WordReader
  readonly #topics: Topic[] = []
  readonly #starts = new Int32Array(KEPT)
  readonly #ends = new Int32Array(KEPT)
  readonly #runs = new Int32Array(KEPT)
  /** Whether letters follow it; of words never. */
  readonly #goesOn = new Uint8Array(KEPT)
  /** Where the run or the character begins that is being read. */
  #run = 0
  /** How many phrases were said, of which the last KEPT are there. */
  count = 0
  /** Up to where it is read. */
  to = 0

  constructor(words: ContextWords, bounds: Bounds) {
    this.#bounds = bounds
    this.#words = words
    this.#reader = new WordReader(words.latin, this.#told)
  }

  reset(): void {
    this.count = 0
    this.to = 0
    this.#reader.forget()
  }

  /** Reads up to `end`, where no run goes on. @param from what is before it is passed over, unless it was read */
  read(from: number, end: number): void {
    const { bytes, limit } = this.#bounds
    const { foreign } = this.#words
    let at = Math.max(from, this.to)
    while (at < end) {
      const byte = bytes[at] as number
      if (KINDS[byte] !== 0) {
        this.#run = at
        at = this.#reader.readText(bytes, at, end, MAX_WORD)
      } else if (byte === BACKSLASH) at = behindEscape(bytes, at, limit)
      else {
        if (byte >= FIRST_OF_SEVERAL) this.#readForeign(foreign, at)
        at++
      }
    }
    this.to = at
  }

  #readForeign(foreign: ForeignWords, at: number): void {
    const { bytes, limit } = this.#bounds
    this.#run = at
    foreign.read(bytes, at, limit, this.#toldForeign)
  }

  readonly #told = (topic: Topic, start: number, end: number): void =>
    this.#keep(topic, start, end, 0)

  readonly #toldForeign = (topic: Topic, start: number, end: number, goesOn: boolean): void =>
    this.#keep(topic, start, end, goesOn ? 1 : 0)

  #keep(topic: Topic, start: number, end: number, goesOn: number): void {
    const i = this.count++ & MASK
    this.#topics[i] = topic
    this.#starts[i] = start
    this.#ends[i] = end
    this.#runs[i] = this.#run
    this.#goesOn[i] = goesOn
  }

  /** Whether it is a phrase where it ends: letters that follow it are what is looked for, or one word with it. */
  isPhrase(i: number, before: number): boolean {
    return this.#goesOn[i & MASK] === 0 || this.end(i) === before
  }

  /** @param i from `first` up to `count` */
  topic(i: number): Topic {
    return this.#topics[i & MASK] as Topic
  }

  start(i: number): number {
    return this.#starts[i & MASK] as number
  }

  end(i: number): number {
    return this.#ends[i & MASK] as number
  }

  /** Where the run begins that the last word is in, or the first character of another script: never before that of the phrase before. */
  run(i: number): number {
    return this.#runs[i & MASK] as number
  }

  get first(): number {
    return Math.max(0, this.count - KEPT)
  }
}
