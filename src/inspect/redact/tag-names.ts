/** Names of tags and of attributes, by which what stands in them is known. */

import { type KnownKey, type KnownKeys, knownNamesOf } from './known-keys.ts'
import type { Job } from './reader.ts'

const LT = 0x3c
const EQUALS = 0x3d
const SLASH = 0x2f
/** Of a tag the beginning, of what is before a value the end: names are within that. */
const MAX_NAME = 64
const NOTHING = Buffer.alloc(0)

export class TagNames {
  readonly #job: Job
  readonly #known: KnownKeys
  /** The last tag that has ended; null for none, and for `</a>`, which is nothing's name. */
  tag: KnownKey | null = null
  /** The element that the last tag has ended; null for none. */
  closed: KnownKey | null = null
  /** What is known of the tag from earlier pieces: how it begins, and what came last. */
  #head: Buffer = NOTHING
  #tail: Buffer = NOTHING
  /** Index where the tag begins, and what may be the name of the next value: 0 where that was in an earlier piece. */
  #start = 0
  #from = 0

  constructor(job: Job) {
    this.#job = job
    this.#known = knownNamesOf(job.scan)
  }

  /** @param at where its `<` is */
  beginTag(at: number): void {
    this.#head = this.#tail = NOTHING
    this.#start = this.#from = at
  }

  /** @param at where its `>` is  @param wantsClosed whether anybody wants to know of the end of an element */
  endTag(bytes: Buffer, at: number, wantsClosed: boolean): void {
    const isWhole = this.#head.length === 0
    const all = isWhole ? bytes : this.#headUpTo(bytes, at)
    const start = isWhole ? this.#start : 0
    const end = isWhole ? Math.min(at, start + MAX_NAME) : all.length
    const isEnd = all[start + 1] === SLASH
    this.tag = this.closed = null
    if (isEnd && !wantsClosed) return
    const name = all[start] === LT ? this.#nameFrom(all, start + (isEnd ? 2 : 1), end) : null
    if (isEnd) this.closed = name
    else this.tag = name
  }

  #nameFrom(bytes: Buffer, start: number, end: number): KnownKey | null {
    if (start >= end || LETTERS[bytes[start] as number] !== 1) return null
    let to = start
    while (to < end && NAMES[bytes[to] as number] === 1) to++
    return this.#get(bytes, start, to)
  }

  /** @param at where the quote is that begins its value. @returns null for none */
  attribute(bytes: Buffer, at: number): KnownKey | null {
    const isWhole = this.#tail.length === 0
    const all = isWhole ? bytes : Buffer.concat([this.#tail, bytes.subarray(0, at)])
    const end = isWhole ? at : all.length
    const start = Math.max(isWhole ? this.#from : 0, end - MAX_NAME)
    let to = blanksBefore(all, start, end)
    if (to === start || all[to - 1] !== EQUALS) return null
    to = blanksBefore(all, start, to - 1)
    let from = to
    while (from > start && NAMES[all[from - 1] as number] === 1) from--
    return from === to ? null : this.#get(all, from, to)
  }

  /** @param at behind its quote */
  endValue(at: number): void {
    this.#tail = NOTHING
    this.#from = at
  }

  /** More of the tag is in the next piece. @param at up to where it was read */
  keep(bytes: Buffer, at: number): void {
    const last = bytes.subarray(Math.max(this.#from, at - MAX_NAME), at)
    const tail = Buffer.concat([this.#tail, last]).subarray(-MAX_NAME)
    this.keepTag(bytes, at)
    this.#tail = tail
  }

  /** The same where it ended in a value. */
  keepTag(bytes: Buffer, at: number): void {
    this.#head = this.#headUpTo(bytes, at)
    this.#tail = NOTHING
    this.#start = this.#from = 0
  }

  #headUpTo(bytes: Buffer, at: number): Buffer {
    if (this.#head.length >= MAX_NAME) return this.#head
    return Buffer.concat([this.#head, bytes.subarray(this.#start, at)]).subarray(0, MAX_NAME)
  }

  #get(bytes: Buffer, start: number, end: number): KnownKey {
    const known = this.#known.get(bytes, start, end)
    if (known) return known
    const text = bytes.toString('latin1', start, end)
    return this.#known.add(bytes, start, end, text, this.#job.scan.under(text))
  }
}

function blanksBefore(bytes: Buffer, start: number, end: number): number {
  let at = end
  while (at > start && BLANKS[bytes[at - 1] as number] === 1) at--
  return at
}

const LETTERS = table('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ')
const NAMES = table('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:.-')
const BLANKS = table(' \t\n\v\f\r\xa0')

function table(letters: string): Uint8Array {
  const out = new Uint8Array(256)
  for (const byte of Buffer.from(letters, 'latin1')) out[byte] = 1
  return out
}
