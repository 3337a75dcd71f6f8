/**
 * Context words: single words and phrases of recognisers, found by hash in names and in text. A word in text is a piece of a run of
 * letters and digits, split where case or kind changes: `customerSSN2` is `customer`, `ssn`.
 */

import { isForeign } from './foreign-words.ts'
import { DIGIT, KINDS, LOWER, UPPER } from './text.ts'

/** Words of a phrase at most. */
export const MAX_PHRASE = 4
/** Between two words of a phrase, in bytes: two letters with accents. */
const MAX_GAP = 4

/** Hash of a phrase to what it speaks for. Small integers, so that looking one up allocates nothing. */
export type WordIndex = ReadonlyMap<number, readonly number[]>

/** @param phrases what each number goes by; lower-case ASCII, or of another script and left to `ForeignWords` */
export function indexWords(phrases: Iterable<readonly [phrase: string, what: number]>): WordIndex {
  const index = new Map<number, number[]>()
  for (const [phrase, what] of phrases) {
    if (isForeign(phrase)) continue
    for (const form of formsOf(phrase)) {
      const hash = hashPhrase(form)
      const known = index.get(hash)
      if (known === undefined) index.set(hash, [what])
      else if (!known.includes(what)) known.push(what)
    }
  }
  return index
}

/** As written, in one word, in the plural; short ones also as `C.F.` and `d_o_b`. */
function formsOf(phrase: string): readonly string[] {
  if (!/^[a-z0-9]+( [a-z0-9]+)*$/.test(phrase) || phrase.split(' ').length > MAX_PHRASE)
    throw new Error(`not a phrase: ${phrase}`)
  const letters =
    phrase.length <= MAX_PHRASE && !phrase.includes(' ') ? [[...phrase].join(' ')] : []
  const forms = [phrase, phrase.replaceAll(' ', ''), ...letters]
  // Names and text lose their digits.
  const plain = forms.map((form) => form.replace(/[0-9]+/g, '')).filter((form) => form !== '')
  return [...new Set(plain.flatMap((form) => [form.trim(), `${form.trim()}s`]))]
}

function hashPhrase(phrase: string): number {
  return phrase
    .split(' ')
    .map((word) => {
      let hash = SEED
      for (let i = 0; i < word.length; i++) hash = hashByte(hash, word.charCodeAt(i))
      return hash
    })
    .reduce(hashPair)
}

const SEED = 5381
/** Below 2^30: a small integer for V8. */
const MASK = 0x3fff_ffff

function hashByte(hash: number, byte: number): number {
  return (Math.imul(hash, 33) ^ (byte | 32)) & MASK
}

function hashPair(left: number, right: number): number {
  return (Math.imul(left, 31) + right) & MASK
}

/** Told for each phrase: what it speaks for, where it begins and ends. */
export type Told = (what: readonly number[], start: number, end: number) => void

/** Bits of a hash by which nearly all words are known not to be in an index. */
const SIEVE = 0x3fff

/** Reads the words of runs one after another, and tells for each the phrases that end with it. */
export class WordReader {
  readonly #index: WordIndex
  readonly #sieve = new Uint8Array(SIEVE + 1)
  readonly #told: Told
  /** Hashes and starts of the phrases that end with the last word, by how many words they have. */
  #count = 0
  #lastEnd = 0
  #hash1 = 0
  #hash2 = 0
  #hash3 = 0
  #start1 = 0
  #start2 = 0
  #start3 = 0

  constructor(index: WordIndex, told: Told) {
    this.#index = index
    this.#told = told
    for (const hash of index.keys()) this.#sieve[hash & SIEVE] = 1
  }

  forget(): void {
    this.#count = 0
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
      this.#add(hash, from, at)
    }
  }

  #add(hash: number, start: number, end: number): void {
    if (start - this.#lastEnd > MAX_GAP) this.#count = 0
    const count = this.#count
    const hash2 = hashPair(this.#hash1, hash)
    const hash3 = hashPair(this.#hash2, hash)
    this.#tell(hash, start, end)
    if (count > 0) this.#tell(hash2, this.#start1, end)
    if (count > 1) this.#tell(hash3, this.#start2, end)
    if (count > 2) this.#tell(hashPair(this.#hash3, hash), this.#start3, end)
    this.#hash3 = hash3
    this.#start3 = this.#start2
    this.#hash2 = hash2
    this.#start2 = this.#start1
    this.#hash1 = hash
    this.#start1 = start
    this.#count = count < MAX_PHRASE - 1 ? count + 1 : count
    this.#lastEnd = end
  }

  #tell(hash: number, start: number, end: number): void {
    if (this.#sieve[hash & SIEVE] === 0) return
    const what = this.#index.get(hash)
    if (what !== undefined) this.#told(what, start, end)
  }
}

function isLower(bytes: Uint8Array, index: number, end: number): boolean {
  return index < end && KINDS[bytes[index] as number] === LOWER
}
