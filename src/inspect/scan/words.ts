/**
 * Context words: single words and phrases of recognisers, found by hash in names and in text. A word in text is a piece of a run of
 * letters and digits, split where case or kind changes: `customerSSN2` is `customer`, `ssn`.
 */

import { isForeign } from './foreign-words.ts'
import { DIGIT, KINDS, LOWER, UPPER } from './text.ts'
import { setBit, type Topic, Topics } from './topics.ts'

/** Words of a phrase at most. */
export const MAX_PHRASE = 4
/** Between two words of a phrase, in bytes: two letters with accents. */
export const MAX_GAP = 4

/** Phrases by hash. Nearly all words are told to be in none by one bit. */
export interface WordIndex {
  /** A bit for each phrase, and for each beginning of one: a word or more. */
  readonly sieve: Uint32Array
  readonly begun: Uint32Array
  /** Hashes in a table with open addressing, and for each the index of its topic. */
  readonly hashes: Int32Array
  readonly places: Uint16Array
  readonly topics: readonly Topic[]
}

/** Bits of a sieve. */
const BITS = 0x10000
/** Places in the table for each phrase, at least. */
const ROOM = 4
const NO_PHRASE = -1

/** @param phrases what each number goes by; lower-case ASCII, or of another script and left to `ForeignWords` */
export function indexWords(phrases: Iterable<readonly [phrase: string, what: number]>): WordIndex {
  const known = new Map<number, number[]>()
  const sieve = new Uint32Array(BITS / 32)
  const begun = new Uint32Array(BITS / 32)
  for (const [phrase, what] of phrases) {
    if (isForeign(phrase)) continue
    for (const form of formsOf(phrase)) {
      const words = form.split(' ').map(hashWord)
      const hash = words.reduce(hashPair)
      setBit(sieve, hash & (BITS - 1))
      const numbers = known.get(hash)
      if (numbers === undefined) known.set(hash, [what])
      else if (!numbers.includes(what)) numbers.push(what)
      for (let i = 1; i < words.length; i++)
        setBit(begun, words.slice(0, i).reduce(hashPair) & (BITS - 1))
    }
  }
  return { ...toTable(known), sieve, begun }
}

function toTable(
  known: ReadonlyMap<number, readonly number[]>,
): Omit<WordIndex, 'sieve' | 'begun'> {
  const size = 2 ** Math.ceil(Math.log2(known.size * ROOM + 1))
  const hashes = new Int32Array(size).fill(NO_PHRASE)
  const places = new Uint16Array(size)
  const made = new Topics()
  const topics: Topic[] = []
  const indexes = new Map<Topic, number>()
  for (const [hash, what] of known) {
    const topic = made.of(what)
    const index = indexes.get(topic) ?? topics.push(topic) - 1
    indexes.set(topic, index)
    let at = hash & (size - 1)
    while (hashes[at] !== NO_PHRASE) at = (at + 1) & (size - 1)
    hashes[at] = hash
    places[at] = index
  }
  if (topics.length > 0xffff) throw new Error('too many words')
  return { hashes, places, topics }
}

/** As written, in one word, in the plural; short ones also as `C.F.` and `d_o_b`. */
export function formsOf(phrase: string): readonly string[] {
  if (!/^[a-z0-9]+( [a-z0-9]+)*$/.test(phrase) || phrase.split(' ').length > MAX_PHRASE)
    throw new Error(`not a phrase: ${phrase}`)
  const isShort = phrase.length > 2 && phrase.length <= MAX_PHRASE && !phrase.includes(' ')
  const isVaried = new Set(phrase).size === phrase.length
  const letters = isShort && isVaried ? [[...phrase].join(' ')] : []
  const forms = [phrase, phrase.replaceAll(' ', ''), ...letters]
  // Names and text lose their digits.
  const plain = forms.map((form) => form.replace(/[0-9]+/g, '')).filter((form) => form !== '')
  return [...new Set(plain.flatMap((form) => [form.trim(), `${form.trim()}s`]))]
}

function hashWord(word: string): number {
  let hash = SEED
  for (let i = 0; i < word.length; i++) hash = hashByte(hash, word.charCodeAt(i))
  return hashEnd(hash)
}

const SEED = 5381

function hashByte(hash: number, byte: number): number {
  return ((hash << 5) - hash + (byte | 32)) | 0
}

/** Below 2^30: a small integer for V8. */
function hashEnd(hash: number): number {
  return (hash ^ (hash >>> 15)) & 0x3fff_ffff
}

function hashPair(left: number, right: number): number {
  return (Math.imul(left, 0x9e3b) + right) & 0x3fff_ffff
}

function isIn(sieve: Uint32Array, hash: number): boolean {
  return (((sieve[(hash & (BITS - 1)) >>> 5] as number) >>> (hash & 31)) & 1) === 1
}

/** Told for each phrase: what it speaks for, where it begins and ends. */
export type Told = (topic: Topic, start: number, end: number) => void

/** Reads the words of runs one after another, and tells for each the phrases that end with it, the longest last. */
export class WordReader {
  readonly #index: WordIndex
  readonly #told: Told
  /** Beginnings of phrases that end with the last word, the shortest first: hashes, and where they begin. */
  readonly #hashes = new Int32Array(MAX_PHRASE)
  readonly #starts = new Int32Array(MAX_PHRASE)
  #count = 0
  #lastEnd = 0

  constructor(index: WordIndex, told: Told) {
    this.#index = index
    this.#told = told
  }

  forget(): void {
    this.#count = 0
  }

  /** Reads the run that begins there, unless it has a digit or is longer than `longest`. @returns its end */
  readText(bytes: Uint8Array, start: number, limit: number, longest: number): number {
    const first = bytes[start] as number
    let hash = hashByte(SEED, first)
    let kinds = 0
    let at = start + 1
    for (; at < limit; at++) {
      const byte = bytes[at] as number
      const kind = KINDS[byte] as number
      if (kind === 0) break
      kinds |= kind
      hash = hashByte(hash, byte)
    }
    const all = kinds | (KINDS[first] as number)
    if ((all & DIGIT) !== 0 || at - start > longest) return at
    // Nearly all runs are one word.
    if (kinds !== (UPPER | LOWER) && (kinds !== UPPER || all === UPPER))
      this.#add(hashEnd(hash), start, at)
    else this.read(bytes, start, at)
    return at
  }

  /** Reads one run of letters and digits. */
  read(bytes: Uint8Array, start: number, end: number): void {
    let at = start
    while (at < end) {
      let kind = KINDS[bytes[at] as number] as number
      if (kind === DIGIT) {
        at++
        continue
      }
      const from = at
      let hash = hashByte(SEED, bytes[at] as number)
      at++
      while (at < end) {
        const next = KINDS[bytes[at] as number] as number
        if (next !== LOWER) {
          if (next === DIGIT || kind === LOWER) break
          // The last capital of several belongs to the word that follows: SSNNumber.
          if (isLower(bytes, at + 1, end)) break
        } else if (kind === UPPER && at - from > 1) break
        hash = hashByte(hash, bytes[at] as number)
        kind = next
        at++
      }
      this.#add(hashEnd(hash), from, at)
    }
  }

  #add(hash: number, start: number, end: number): void {
    const { begun } = this.#index
    const count = start - this.#lastEnd > MAX_GAP ? 0 : this.#count
    this.#count = 0
    this.#lastEnd = end
    this.#tell(hash, start, end)
    // Each moves up by one at most, behind the one that begins here.
    let longer = hash
    let from = start
    for (let i = 0; ; i++) {
      const shorter = this.#hashes[i] as number
      const before = this.#starts[i] as number
      if (isIn(begun, longer) && this.#count < MAX_PHRASE - 1) {
        this.#hashes[this.#count] = longer
        this.#starts[this.#count++] = from
      }
      if (i === count) return
      longer = hashPair(shorter, hash)
      from = before
      this.#tell(longer, from, end)
    }
  }

  #tell(hash: number, start: number, end: number): void {
    const { sieve, hashes, places, topics } = this.#index
    if (!isIn(sieve, hash)) return
    const mask = hashes.length - 1
    for (let at = hash & mask; hashes[at] !== NO_PHRASE; at = (at + 1) & mask)
      if (hashes[at] === hash) return this.#told(topics[places[at] as number] as Topic, start, end)
  }
}

function isLower(bytes: Uint8Array, index: number, end: number): boolean {
  return index < end && KINDS[bytes[index] as number] === LOWER
}
