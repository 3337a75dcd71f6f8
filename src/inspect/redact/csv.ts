/**
 * CSV (RFC 4180) and TSV: each field under the name of its column. What separates fields is what first does so. The names of columns may
 * be data, where the first row is one of them: they are context, and not told.
 */

import type { Context } from '../scan/scanner.ts'
import { CodedText } from './coded-text.ts'
import { type Coding, NOT_YET, unit } from './coding.ts'
import type { Job, Kind, Patch, Place, Reader } from './reader.ts'
import { TextReader } from './text.ts'
import { readWhole } from './whole-text.ts'

const LF = 0x0a
const CR = 0x0d
const QUOTE = 0x22
const SEPARATORS = new Uint8Array(256)
for (const byte of Buffer.from(',;\t|')) SEPARATORS[byte] = 1
const MAX_COLUMNS = 512
const MAX_NAME = 64
/** Bytes of a name of that many letters. */
const MAX_NAME_SIZE = 4 * MAX_NAME
const NOTHING = Buffer.alloc(0)

const QUOTED: Coding = {
  lead: QUOTE,
  read: (bytes, at, end, isEnd, out, to) => {
    if (at + 1 >= end && !isEnd) return NOT_YET
    // The one that ends it stands for nothing.
    if (at + 1 >= end || bytes[at + 1] !== QUOTE) return unit(1, 0)
    out[to] = QUOTE
    return unit(2, 1)
  },
  write: toField,
}

/** Nothing that would be another field. */
function toField(text: Buffer): Buffer {
  return Buffer.from(text.toString('utf8').replace(/[\r\n,;\t|"]/g, ' '))
}

export class CsvReader implements Reader {
  readonly #job: Job
  readonly #place: ColumnPlace
  readonly #patch: Patch
  readonly #names: string[] = []
  readonly #contexts: Context[] = []
  readonly #nameless: Context
  #separator = -1
  #isFirstRow = true
  /** Of a field of the first row that began in an earlier piece. */
  #name: Buffer = NOTHING
  /** A field that began in an earlier piece. */
  #field: CodedText | null = null
  #isQuoted = false
  /** A quote that ends it, unless another one follows. */
  #isClosing = false
  /** Whether there are quotes in what was looked through last. */
  #hasQuotes = false
  #at = 0

  constructor(job: Job, place: Place, patch: Patch) {
    this.#job = job
    this.#nameless = job.scan.under('')
    this.#place = new ColumnPlace(place, this.#nameless)
    this.#patch = patch
  }

  get decided(): number {
    return this.#field?.decided ?? this.#at
  }

  push(bytes: Buffer): void {
    let at = this.#field ? this.#readOn(bytes) : 0
    while (at < bytes.length) {
      const byte = bytes[at] as number
      if (byte === LF || byte === CR) {
        this.#place.column = 0
        at++
        continue
      }
      this.#isQuoted = byte === QUOTE
      const start = this.#isQuoted ? at + 1 : at
      const end = this.#endFrom(bytes, start)
      this.#enter()
      if (end === bytes.length) {
        this.#open(this.#at + start)
        this.#give(bytes.subarray(start))
        break
      }
      this.#readField(bytes, start, end)
      at = end + 1
    }
    this.#at += bytes.length
  }

  settle(): void {
    this.#field?.settle()
  }

  end(): void {
    this.#field?.end()
    this.#field = null
  }

  /** A field that began in an earlier piece. @returns behind what ends it */
  #readOn(bytes: Buffer): number {
    const end = this.#endFrom(bytes, 0)
    this.#give(bytes.subarray(0, end))
    if (end === bytes.length) return end
    this.#field?.end()
    this.#field = null
    this.#endField(bytes[end] as number, this.#name)
    this.#name = NOTHING
    return end + 1
  }

  /** @returns where the byte is that ends the field; the end of all when it has not come */
  #endFrom(bytes: Buffer, start: number): number {
    this.#hasQuotes = false
    for (let at = start; at < bytes.length; at++) {
      const byte = bytes[at] as number
      if (byte === QUOTE) this.#hasQuotes = true
      if (this.#isQuoted) {
        if (byte === QUOTE) this.#isClosing = !this.#isClosing
        else if (this.#isClosing) this.#isQuoted = this.#isClosing = false
        if (this.#isQuoted) continue
      }
      if (byte === this.#separator || byte === LF || byte === CR) return at
      if (this.#separator < 0 && SEPARATORS[byte] === 1) {
        this.#separator = byte
        return at
      }
    }
    return bytes.length
  }

  #readField(bytes: Buffer, start: number, end: number): void {
    const isPlain = !this.#hasQuotes
    readWhole(this.#job, bytes, start, end, this.#place, this.#at, this.#patch, QUOTED, isPlain)
    const isNamed = this.#isFirstRow && this.#place.column < MAX_COLUMNS
    this.#endField(bytes[end] as number, isNamed ? bytes.subarray(start, end) : NOTHING)
  }

  #give(bytes: Buffer): void {
    if (this.#isFirstRow && this.#name.length < MAX_NAME_SIZE) {
      this.#name = Buffer.concat([this.#name, bytes.subarray(0, MAX_NAME_SIZE)])
    }
    this.#field?.push(bytes)
  }

  /** @param byte what ends it */
  #endField(byte: number, name: Buffer): void {
    const { column } = this.#place
    if (this.#isFirstRow && column < MAX_COLUMNS) {
      const text = name.toString('utf8', 0, MAX_NAME_SIZE).slice(0, MAX_NAME)
      this.#names[column] = text.replace(/^"|"$/g, '')
      this.#contexts[column] = this.#job.scan.under(this.#names[column])
    }
    if (byte === LF || byte === CR) {
      this.#place.column = 0
      this.#isFirstRow = false
    } else this.#place.column++
  }

  #enter(): void {
    const place = this.#place
    const isFirst = this.#isFirstRow
    place.kind = isFirst ? 'key' : 'text'
    place.key = isFirst ? '' : (this.#names[place.column] ?? '')
    place.context = (isFirst ? null : this.#contexts[place.column]) ?? this.#nameless
  }

  #open(outer: number): void {
    this.#field = new CodedText(QUOTED, outer, this.#patch, (patch) => {
      return new TextReader(this.#job, this.#place, patch)
    })
  }
}

/** Where the field is that is read. */
class ColumnPlace implements Place {
  readonly #parent: Place
  column = 0
  key = ''
  kind: Kind = 'text'
  context: Context

  constructor(parent: Place, context: Context) {
    this.#parent = parent
    this.context = context
  }

  get path(): string {
    const { path } = this.#parent
    return `${path === 'body' ? '' : `${path} `}column ${this.column + 1}`
  }
}
