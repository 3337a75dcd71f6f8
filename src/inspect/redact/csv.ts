/** CSV (RFC 4180) and TSV: each field under the name of its column. Unless it is said, what separates fields is what first does so. */

import { CodedText } from './coded-text.ts'
import { type Coding, NOT_YET, unit } from './coding.ts'
import { Columns, MAX_NAME_SIZE } from './columns.ts'
import type { Job, Patch, Place, Reader } from './reader.ts'
import { TextReader } from './text.ts'
import { readWhole } from './whole-text.ts'

const LF = 0x0a
const CR = 0x0d
const QUOTE = 0x22
const SEPARATORS = new Uint8Array(256)
for (const byte of Buffer.from(',;\t|')) SEPARATORS[byte] = 1
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

/** What is known of it before it comes. */
export interface CsvForm {
  /** What separates fields; -1 for what first does so. */
  readonly separator: number
  /** Of columns that are known; empty for none. */
  readonly names: readonly string[]
  readonly hasHeader: boolean
  /** Whether a quote within a field has a meaning: then nothing is read from there on. */
  readonly isStrict: boolean
}

const OPEN_FORM: CsvForm = { separator: -1, names: [], hasHeader: true, isStrict: false }

function isLineEnd(byte: number | undefined): boolean {
  return byte === LF || byte === CR
}

export class CsvReader implements Reader {
  readonly #job: Job
  readonly #patch: Patch
  readonly #columns: Columns
  readonly #isStrict: boolean
  #separator: number
  /** Of a field that began in an earlier piece. */
  #name: Buffer = NOTHING
  /** A field that began in an earlier piece. */
  #field: CodedText | null = null
  #isQuoted = false
  /** A quote that ends it, unless another one follows. */
  #isClosing = false
  /** Whether there are quotes in what was looked through last. */
  #hasQuotes = false
  /** Nothing more is read. */
  #isLost = false
  #at = 0

  constructor(job: Job, place: Place, patch: Patch, form: CsvForm = OPEN_FORM) {
    this.#job = job
    this.#columns = new Columns(job, place, form.names, form.hasHeader)
    this.#isStrict = form.isStrict
    this.#separator = form.separator
    this.#patch = patch
  }

  get decided(): number {
    return this.#field?.decided ?? this.#at
  }

  push(bytes: Buffer): void {
    let at = this.#field ? this.#readOn(bytes) : 0
    while (at < bytes.length && !this.#isLost) {
      const byte = bytes[at] as number
      if (byte === LF || byte === CR) {
        this.#columns.endRow()
        at++
        continue
      }
      this.#isQuoted = byte === QUOTE
      const start = this.#isQuoted ? at + 1 : at
      const end = this.#endFrom(bytes, start)
      this.#columns.enter()
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
    this.#columns.leave(isLineEnd(bytes[end]), this.#name, 0, this.#name.length)
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
      } else if (byte === QUOTE && this.#isStrict) {
        this.#isLost = true
        this.#job.findings.addUnscannable('malformed', this.#columns.place.path)
        return at
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
    const { place } = this.#columns
    readWhole(this.#job, bytes, start, end, place, this.#at, this.#patch, QUOTED, isPlain)
    this.#columns.leave(isLineEnd(bytes[end]), bytes, start, end)
  }

  #give(bytes: Buffer): void {
    if (this.#name.length < MAX_NAME_SIZE) {
      this.#name = Buffer.concat([this.#name, bytes.subarray(0, MAX_NAME_SIZE)])
    }
    this.#field?.push(bytes)
  }

  #open(outer: number): void {
    const { place } = this.#columns
    this.#field = new CodedText(QUOTED, outer, this.#patch, (patch) => {
      return new TextReader(this.#job, place, patch)
    })
  }
}
