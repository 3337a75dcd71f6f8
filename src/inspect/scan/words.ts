/**
 * Context words: single words and phrases of recognisers, found by hash in names and in text. A word in text is a piece of a run of
 * letters and digits, split where case or kind changes: `customerSSN2` is `customer`, `ssn`.
 */

import { DIGIT, KINDS, LOWER, UPPER } from './text.ts'

/** Words of a phrase at most. */
export const MAX_PHRASE = 4
/** Between two words of a phrase, in bytes. */
const MAX_GAP = 3

/** Hash of a phrase to what it speaks for. Small integers, so that looking one up allocates nothing. */
export type WordIndex = ReadonlyMap<number, readonly number[]>

/** @param phrases what each number goes by; lower-case ASCII */
export function indexWords(phrases: Iterable<readonly [phrase: string, what: number]>): WordIndex {
  const index = new Map<number, number[]>()
  for (const [phrase, what] of phrases) {
    for (const form of formsOf(phrase)) {
      const hash = hashPhrase(form)
      const known = index.get(hash)
      if (known === undefined) index.set(hash, [what])
      else if (!known.includes(what)) known.push(what)
    }
  }
  return index
}

/** As written, in one word, and in the plural. */
function formsOf(phrase: string): readonly string[] {
  if (!/^[a-z0-9]+( [a-z0-9]+)*$/.test(phrase) || phrase.split(' ').length > MAX_PHRASE)
    throw new Error(`not a phrase: ${phrase}`)
  const forms = [phrase, phrase.replaceAll(' ', '')]
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

/** Reads the words of runs one after another, and tells for each the phrases that end with it. */
export class WordReader {
  readonly #index: WordIndex
  readonly #hashes = new Int32Array(MAX_PHRASE)
  readonly #starts = new Int32Array(MAX_PHRASE)
  #count = 0
  #lastEnd = 0

  constructor(index: WordIndex) {
    this.#index = index
  }

  forget(): void {
    this.#count = 0
  }

  /** Reads one run of letters and digits. @param found called with what the phrases speak for, and where they begin */
  read(
    bytes: Uint8Array,
    start: number,
    end: number,
    found: (what: readonly number[], phraseStart: number, end: number) => void,
  ): void {
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
        if (next === DIGIT || (kind === LOWER && next === UPPER)) break
        // The last capital of several belongs to the word that follows: SSNNumber.
        if (next === UPPER && at > from && isLower(bytes, at + 1, end)) break
        if (next === LOWER && kind === UPPER && at - from > 1) break
        hash = hashByte(hash, bytes[at] as number)
        kind = next
        at++
      }
      this.#add(hash, from, at, found)
    }
  }

  #add(
    hash: number,
    start: number,
    end: number,
    found: (what: readonly number[], phraseStart: number, end: number) => void,
  ): void {
    if (this.#count > 0 && start - this.#lastEnd > MAX_GAP) this.#count = 0
    const { hashes, starts } = { hashes: this.#hashes, starts: this.#starts }
    for (let i = MAX_PHRASE - 1; i > 0; i--) {
      hashes[i] = hashes[i - 1] as number
      starts[i] = starts[i - 1] as number
    }
    hashes[0] = hash
    starts[0] = start
    if (this.#count < MAX_PHRASE) this.#count++
    this.#lastEnd = end
    for (let length = 1; length <= this.#count; length++) {
      let phrase = hashes[length - 1] as number
      for (let i = length - 2; i >= 0; i--) phrase = hashPair(phrase, hashes[i] as number)
      const what = this.#index.get(phrase)
      if (what !== undefined) found(what, starts[length - 1] as number, end)
    }
  }
}

function isLower(bytes: Uint8Array, index: number, end: number): boolean {
  return index < end && KINDS[bytes[index] as number] === LOWER
}
