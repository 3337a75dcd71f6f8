/**
 * Rows of COPY in its text format: a line each, fields between tabs or another byte, a backslash for what would be one of those and for NULL,
 * which is `\N`. Each field under the name of its column.
 */

import { CodedText } from '../coded-text.ts'
import { type Coding, NOT_YET, unit } from '../coding.ts'
import { type Columns, MAX_NAME_SIZE } from '../columns.ts'
import { hexDigit } from '../json-coding.ts'
import type { Job, Patch, Reader } from '../reader.ts'
import { TextReader } from '../text.ts'
import { readWhole } from '../whole-text.ts'

const LF = 0x0a
const CR = 0x0d
const BACKSLASH = 0x5c
const X = 0x78
const NOTHING = Buffer.alloc(0)

export class CopyTextReader implements Reader {
  readonly #job: Job
  readonly #patch: Patch
  readonly #delimiter: number
  readonly #coding: Coding
  readonly #columns: Columns
  /** A field that began in an earlier piece, and of one of the first row what was there of it. */
  #field: CodedText | null = null
  #name: Buffer = NOTHING
  #isEscaped = false
  #hasEscapes = false
  #at = 0

  constructor(job: Job, columns: Columns, delimiter: number, patch: Patch) {
    this.#job = job
    this.#columns = columns
    this.#delimiter = delimiter
    this.#coding = codingFor(delimiter)
    this.#patch = patch
  }

  get decided(): number {
    return this.#field?.decided ?? this.#at
  }

  push(bytes: Buffer): void {
    let at = this.#field ? this.#readOn(this.#field, bytes) : 0
    while (at < bytes.length) {
      const end = this.#endFrom(bytes, at)
      this.#columns.enter()
      if (end === bytes.length) {
        this.#field = this.#open(this.#at + at)
        this.#field.push(bytes.subarray(at))
        this.#name = Buffer.from(bytes.subarray(at, at + MAX_NAME_SIZE))
        break
      }
      this.#readField(bytes, at, end)
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

  /** @returns behind what ends it */
  #readOn(field: CodedText, bytes: Buffer): number {
    const end = this.#endFrom(bytes, 0)
    const more = bytes.subarray(0, end)
    field.push(more)
    if (this.#name.length < MAX_NAME_SIZE) {
      this.#name = Buffer.concat([this.#name, more.subarray(0, MAX_NAME_SIZE)])
    }
    if (end === bytes.length) return end
    field.end()
    this.#field = null
    this.#columns.leave(bytes[end] !== this.#delimiter, this.#name, 0, this.#name.length)
    this.#name = NOTHING
    return end + 1
  }

  /** @returns where the byte is that ends the field; the end of all when it has not come */
  #endFrom(bytes: Buffer, start: number): number {
    this.#hasEscapes = false
    let isEscaped = this.#isEscaped
    let at = start
    for (; at < bytes.length; at++) {
      const byte = bytes[at] as number
      if (isEscaped) isEscaped = false
      else if (byte === BACKSLASH) {
        isEscaped = true
        this.#hasEscapes = true
      } else if (byte === this.#delimiter || byte === LF || byte === CR) break
    }
    this.#isEscaped = isEscaped
    return at
  }

  #readField(bytes: Buffer, start: number, end: number): void {
    const { place } = this.#columns
    const isPlain = !this.#hasEscapes
    readWhole(this.#job, bytes, start, end, place, this.#at, this.#patch, this.#coding, isPlain)
    this.#columns.leave(bytes[end] !== this.#delimiter, bytes, start, end)
  }

  #open(outer: number): CodedText {
    const { place } = this.#columns
    return new CodedText(this.#coding, outer, this.#patch, (patch) => {
      return new TextReader(this.#job, place, patch)
    })
  }
}

const SIMPLE: ReadonlyMap<number, number> = new Map(
  [...'bfnrtv'].map((letter, i) => [letter.charCodeAt(0), [8, 12, 10, 13, 9, 11][i] ?? 0]),
)

function codingFor(delimiter: number): Coding {
  const unsafe = new Set([BACKSLASH, LF, CR, 0x09, 0, delimiter])
  return {
    lead: BACKSLASH,
    read: readEscape,
    // Nothing that would be another field.
    write: (text) => Buffer.from(text.map((byte) => (unsafe.has(byte) ? 0x20 : byte))),
  }
}

/** `\t`, `\101`, `\x41`; what is none of them stands for itself. */
function readEscape(
  bytes: Buffer,
  at: number,
  end: number,
  isEnd: boolean,
  out: Buffer,
  to: number,
): number {
  if (at + 1 >= end) return isEnd ? unit(1, 0) : NOT_YET
  const next = bytes[at + 1] as number
  const isHex = next === X
  const first = at + (isHex ? 2 : 1)
  const [most, radix] = isHex ? [2, 16] : [3, 8]
  let value = 0
  let digits = first
  for (; digits < Math.min(end, first + most); digits++) {
    const digit = hexDigit(bytes[digits] as number)
    if (digit < 0 || digit >= radix) break
    value = value * radix + digit
  }
  if (digits === end && digits < first + most && !isEnd && (isHex || digits > first)) return NOT_YET
  const isNumber = digits > first
  out[to] = isNumber ? value : (SIMPLE.get(next) ?? next)
  return isNumber ? unit(digits - at, 1) : unit(2, 1)
}
