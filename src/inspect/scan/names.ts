/**
 * Names that texts stand under: keys, fields, columns, tags, and `name=` inside of a text. A name hints at recognisers by its words, and
 * may say by how it ends that any value under it belongs to one.
 */

import type { KeyShape, Recognizer } from '../recognizers/recognizer.ts'
import { ForeignWords } from './foreign-words.ts'
import type { Context } from './scanner.ts'
import type { Topic } from './topics.ts'
import { indexWords, type WordIndex, WordReader } from './words.ts'

/** Names that are kept with what they mean. */
const MAX_KNOWN = 4096
/** Of a longer name only the end is read. */
const MAX_NAME = 96

export interface Key {
  readonly recognizer: number
  readonly shape: KeyShape
  readonly on: boolean
}

/** Words that say a bare number or token under them is no one's. */
const PLAIN: readonly string[] = [
  ...['uuid', 'guid', 'hash', 'sha', 'md', 'digest', 'checksum', 'crc', 'etag', 'integrity'],
  ...['commit', 'revision', 'version', 'trace id', 'span id', 'trace', 'request id', 'timestamp'],
  ...['time', 'offset', 'size', 'bytes', 'length', 'duration', 'embedding', 'seed', 'nonce'],
  ...['created', 'updated', 'expires', 'snowflake', 'ts', 'tweet id', 'build', 'fingerprint'],
]

/** What the words of recognisers speak for, and behind them one number that stands for PLAIN. */
export interface ContextWords {
  readonly latin: WordIndex
  readonly foreign: ForeignWords
}

export function indexContextWords(recognizers: readonly Recognizer[]): ContextWords {
  const words = recognizers.flatMap(({ words }, index) =>
    words.map((word) => [word, index] as const),
  )
  const plain = PLAIN.map((word) => [word, recognizers.length] as const)
  return { latin: indexWords([...words, ...plain]), foreign: new ForeignWords(words) }
}

export class Names {
  readonly #size: number
  readonly #keys: readonly Key[]
  readonly #words: WordReader
  readonly #ends: WordReader
  readonly #foreign: ForeignWords
  readonly #foreignEnds: ForeignWords
  readonly #known = new Map<string, Context>()
  readonly #labels = new Map<string, Context>()
  /** Of the name that is being read. */
  #hinted = new Uint8Array(0)
  #any = false
  #plain = false
  #ending: { key: number; start: number; end: number }[] = []

  constructor(keys: readonly Key[], { latin, foreign }: ContextWords, size: number) {
    this.#keys = keys
    this.#size = size
    this.#words = new WordReader(latin, this.#hint)
    this.#ends = new WordReader(indexKeys(keys), this.#endsWith)
    this.#foreign = foreign
    this.#foreignEnds = new ForeignWords(phrasesOf(keys))
  }

  under(name: string, isLabel = false): Context {
    const all = isLabel ? this.#labels : this.#known
    const known = all.get(name)
    if (known !== undefined) return known
    if (all.size >= MAX_KNOWN) all.clear()
    const context = isLabel ? this.#asLabel(this.#read(name)) : this.#read(name)
    all.set(name, context)
    return context
  }

  /** Only what is found under such names in texts, too. */
  #asLabel({ keys, ...more }: Context): Context {
    const loose = keys?.filter((key) => this.#keys[key]?.shape.loose !== undefined) ?? []
    return { ...more, keys: loose.length > 0 ? loose : null }
  }

  #read(name: string): Context {
    const bytes = Buffer.from(toAscii(name.slice(-MAX_NAME)), 'latin1')
    this.#hinted = new Uint8Array(this.#size)
    this.#any = false
    this.#plain = false
    this.#ending = []
    readRuns(this.#words, bytes)
    readRuns(this.#ends, bytes)
    const foreign = this.#readForeign(Buffer.from(name.slice(-MAX_NAME)))
    const firstWord = bytes.findIndex((byte) => isLetter(byte))
    const lastWord = bytes.findLastIndex((byte) => isLetter(byte)) + 1
    const latin = this.#ending
      .filter(({ end }) => end === lastWord)
      .filter(({ key, start }) => start === firstWord || this.#keys[key]?.shape.whole !== true)
      // The longest phrase says most: `date of birth` before `birth`.
      .sort((a, b) => a.start - b.start || a.key - b.key)
      .map(({ key }) => key)
    const keys = [...foreign, ...latin]
    return {
      hinted: this.#any ? this.#hinted : null,
      keys: keys.length === 0 ? null : keys,
      plain: this.#plain,
    }
  }

  /** @returns the keys that a name of another script ends with */
  #readForeign(bytes: Uint8Array): readonly number[] {
    const limit = bytes.length
    const keys: number[] = []
    for (let at = 0; at < limit; at++) {
      if ((bytes[at] as number) < 0xc0) continue
      this.#foreign.read(bytes, at, limit, (topic, _start, _end, goesOn) => {
        if (!goesOn) this.#hint(topic)
      })
      this.#foreignEnds.read(bytes, at, limit, (topic, _start, end) => {
        if (end === limit) keys.push(...topic.what)
      })
    }
    return keys
  }

  readonly #endsWith = ({ what }: Topic, start: number, end: number): void => {
    for (const key of what) this.#ending.push({ key, start, end })
  }

  readonly #hint = ({ what }: Topic): void => {
    for (const each of what) {
      if (each === this.#size) this.#plain = true
      else {
        this.#hinted[each] = 1
        this.#any = true
      }
    }
  }
}

export function indexKeys(keys: readonly Key[]): WordIndex {
  return indexWords(phrasesOf(keys))
}

function phrasesOf(keys: readonly Key[]): readonly (readonly [string, number])[] {
  return keys.flatMap(({ shape }, index) => shape.keys.map((key) => [key, index] as const))
}

/** Accents are left out: `Straße` is `strase` only where it says so itself. */
function toAscii(name: string): string {
  const plain = name
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .replaceAll('ß', 'ss')
  return plain.replace(/[^\x00-\x7f]/g, '\x80')
}

export function readRuns(reader: WordReader, bytes: Uint8Array, from = 0, to = bytes.length): void {
  reader.forget()
  let at = from
  while (at < to) {
    if (!isWord(bytes[at] as number)) {
      at++
      continue
    }
    const start = at
    while (at < to && isWord(bytes[at] as number)) at++
    reader.read(bytes, start, at)
  }
}

function isWord(byte: number): boolean {
  return isLetter(byte) || isDigit(byte)
}

function isLetter(byte: number): boolean {
  return (byte | 32) >= 0x61 && (byte | 32) <= 0x7a
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}
