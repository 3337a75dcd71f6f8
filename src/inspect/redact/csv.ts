/**
 * CSV (RFC 4180) and TSV: each field under the name of its column. What separates fields is what first does so. The names of columns may
 * be data, where the first row is one of them: they are context, and not told.
 */

import { CodedText, type Coding } from './coded-text.ts'
import type { Job, Patch, Place, Reader } from './reader.ts'
import { TextReader } from './text.ts'

const LF = 0x0a
const CR = 0x0d
const QUOTE = 0x22
const SEPARATORS = new Set([0x2c, 0x3b, 0x09, 0x7c])
const MAX_COLUMNS = 512
const MAX_NAME = 64

const QUOTED: Coding = {
  lead: QUOTE,
  read: (bytes, at, isEnd) => {
    if (at + 1 === bytes.length && !isEnd) return null
    if (bytes[at + 1] === QUOTE) return { text: bytes.subarray(at, at + 1), size: 2 }
    // The one that ends it.
    return { text: Buffer.alloc(0), size: 1 }
  },
  write: toField,
}

/** Nothing that would be another field. */
function toField(text: Buffer): Buffer {
  return Buffer.from(text.toString('utf8').replace(/[\r\n,;\t|"]/g, ' '))
}

export class CsvReader implements Reader {
  readonly #job: Job
  readonly #place: Place
  readonly #patch: Patch
  readonly #names: string[] = []
  #separator = 0
  #isFirstRow = true
  #column = 0
  /** Of a field of the first row. */
  #name = ''
  #field: CodedText | null = null
  #isQuoted = false
  /** A quote that ends it, unless another one follows. */
  #isClosing = false
  #at = 0

  constructor(job: Job, place: Place, patch: Patch) {
    this.#job = job
    this.#place = place
    this.#patch = patch
  }

  get decided(): number {
    return this.#field?.decided ?? this.#at
  }

  push(bytes: Buffer): void {
    let start = 0
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] as number
      if (!this.#field) {
        if (byte === LF || byte === CR) {
          this.#column = 0
          continue
        }
        this.#isQuoted = byte === QUOTE
        this.#open(this.#at + at + (this.#isQuoted ? 1 : 0))
        start = at + (this.#isQuoted ? 1 : 0)
        if (this.#isQuoted) continue
      }
      if (this.#isQuoted) {
        if (byte === QUOTE) this.#isClosing = !this.#isClosing
        else if (this.#isClosing) this.#isQuoted = this.#isClosing = false
        if (this.#isQuoted) continue
      }
      if (byte !== LF && byte !== CR && !this.#isSeparator(byte)) continue
      this.#give(bytes.subarray(start, at))
      this.#endField(byte)
    }
    if (this.#field) this.#give(bytes.subarray(start))
    this.#at += bytes.length
  }

  settle(): void {
    this.#field?.settle()
  }

  end(): void {
    this.#field?.end()
    this.#field = null
  }

  #isSeparator(byte: number): boolean {
    if (this.#separator === 0 && SEPARATORS.has(byte)) this.#separator = byte
    return byte === this.#separator
  }

  #give(bytes: Buffer): void {
    if (this.#isFirstRow && this.#name.length < MAX_NAME) this.#name += bytes.toString('utf8')
    this.#field?.push(bytes)
  }

  #endField(byte: number): void {
    this.#field?.end()
    this.#field = null
    if (this.#isFirstRow && this.#column < MAX_COLUMNS) {
      this.#names[this.#column] = this.#name.slice(0, MAX_NAME).replace(/^"|"$/g, '')
    }
    this.#name = ''
    this.#column++
    if (byte !== LF && byte !== CR) return
    this.#column = 0
    this.#isFirstRow = false
  }

  #open(outer: number): void {
    const key = this.#isFirstRow ? '' : (this.#names[this.#column] ?? '')
    const path = this.#place.path === 'body' ? '' : `${this.#place.path} `
    const place: Place = {
      path: `${path}column ${this.#column + 1}`,
      key,
      kind: this.#isFirstRow ? 'key' : 'text',
      context: this.#job.scan.under(key),
    }
    this.#field = new CodedText(QUOTED, outer, this.#patch, (patch) => {
      return new TextReader(this.#job, place, patch)
    })
  }
}
