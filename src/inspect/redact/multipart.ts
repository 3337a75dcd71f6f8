/**
 * Bodies in parts (RFC 2046 section 5.1, RFC 7578): each part as what it says it is, under its name. No boundary is broken, and no part
 * says a length that it has no more.
 */

import { parseContentType } from './content-type.ts'
import { toOneLine } from './one-line.ts'
import { openPart } from './open-body.ts'
import { readText } from './open-text.ts'
import { Patches } from './patches.ts'
import { PERCENT_CODING } from './percent.ts'
import { namedPlace } from './place.ts'
import type { Job, Patch, Place, Reader } from './reader.ts'
import { TextReader } from './text.ts'

const LF = 0x0a
const CR = 0x0d
const DASH = 0x2d
const NOTHING = Buffer.alloc(0)
/** Of the fields of one part. */
const MAX_FIELDS = 16 * 1024

const FOLD = /\r?\n(?=[ \t])/g

type State = 'body' | 'delimiter' | 'fields'

export class MultipartReader implements Reader {
  readonly #job: Job
  readonly #place: Place
  readonly #patch: Patch
  readonly #depth: number
  readonly #boundary: Buffer
  #state: State = 'body'
  /** What was not read. */
  #bytes: Buffer
  #base = -2
  /** Behind the lines of fields that were looked through. */
  #seen = 0
  /** A part, what comes before the first or behind the last one, and where it begins. */
  #part: Reader
  #partBase = 0
  #isOver = false

  constructor(job: Job, place: Place, boundary: string, depth: number, patch: Patch) {
    this.#job = job
    this.#place = place
    this.#patch = patch
    this.#depth = depth
    this.#boundary = Buffer.from(`--${boundary}`, 'latin1')
    // The first boundary may be all there is before.
    this.#bytes = Buffer.from('\r\n')
    this.#part = new TextReader(job, place, this.#shift(0))
  }

  get decided(): number {
    if (this.#state !== 'body') return Math.max(0, this.#base)
    return Math.max(0, this.#partBase + this.#part.decided)
  }

  push(bytes: Buffer): void {
    this.#bytes = this.#bytes.length > 0 ? Buffer.concat([this.#bytes, bytes]) : bytes
    this.#read(false)
    this.#bytes = Buffer.from(this.#bytes)
  }

  settle(): void {
    this.#part.settle()
  }

  end(): void {
    this.#read(true)
    if (this.#state === 'body') this.#give(this.#bytes.length)
    else this.#openRest()
    this.#part.end()
    this.#base += this.#bytes.length
  }

  #read(isEnd: boolean): void {
    let isMore = true
    while (isMore) {
      if (this.#state === 'body') isMore = this.#readBody()
      else if (this.#state === 'delimiter') isMore = this.#readDelimiter(isEnd)
      else isMore = this.#readFields()
    }
  }

  /** Up to the line break before a boundary, which belongs to that. */
  #readBody(): boolean {
    const found = this.#isOver ? -1 : this.#findBoundary()
    if (found < 0) {
      const kept = this.#isOver ? 0 : this.#boundary.length + 1
      this.#give(Math.max(0, this.#bytes.length - kept))
      return false
    }
    this.#give(found)
    this.#part.end()
    this.#state = 'delimiter'
    return true
  }

  /** @returns where the line break before it begins */
  #findBoundary(): number {
    const bytes = this.#bytes
    let at = bytes.indexOf(this.#boundary)
    for (; at >= 0; at = bytes.indexOf(this.#boundary, at + 1)) {
      // What begins with it is empty: the line break belongs to the fields.
      if (at === 0) return 0
      if (bytes[at - 1] !== LF) continue
      return bytes[at - 2] === CR ? at - 2 : at - 1
    }
    return -1
  }

  #readDelimiter(isEnd: boolean): boolean {
    const bytes = this.#bytes
    const start = bytes.indexOf(this.#boundary) + this.#boundary.length
    if (bytes.length < start + 2 && !isEnd) return false
    const isLast = bytes[start] === DASH && bytes[start + 1] === DASH
    const end = bytes.indexOf(LF, start)
    if (end < 0 && !isEnd && bytes.length - start < MAX_FIELDS) return false
    const behind = bytes.toString('latin1', start + (isLast ? 2 : 0), end < 0 ? undefined : end)
    // Some take it for a boundary, and others for a line of the part.
    if (behind.trim() !== '') this.#job.findings.addUnscannable('malformed', this.#place.path)
    if (!isLast && end < 0) {
      if (isEnd) return false
      this.#openRest()
      return true
    }
    this.#drop(isLast ? start + 2 : end + 1)
    this.#state = 'fields'
    if (isLast) {
      this.#isOver = true
      this.#openRest()
    }
    return true
  }

  #readFields(): boolean {
    const end = this.#endOfFields()
    if (end < 0) {
      if (this.#bytes.length > MAX_FIELDS) this.#openRest()
      return this.#state === 'body'
    }
    const fields = this.#bytes.subarray(0, end)
    const { name, contentType, isCoded } = this.#readField(fields)
    this.#drop(end)
    this.#partBase = this.#base
    this.#state = 'body'
    const place = namedPlace(this.#job, this.#place, name)
    // A part without content begins with the line break that belongs to the boundary.
    const patch = this.#shift(this.#base)
    this.#part = openPart(this.#job, contentType, place, this.#depth + 1, patch)
    if (isCoded) this.#job.findings.addUnscannable('binary', place.path)
    return true
  }

  /** @returns behind the blank line; -1 when that has not come */
  #endOfFields(): number {
    for (const { start, end, next } of linesOf(this.#bytes, this.#seen)) {
      if (start === end) return next
      this.#seen = next
    }
    return -1
  }

  #readField(fields: Buffer): { name: string; contentType: string | null; isCoded: boolean } {
    const patches = new Patches()
    let name = ''
    let contentType: string | null = null
    let isCoded = false
    for (const { start, end, next } of fieldsOf(fields)) {
      const line = fields.toString('utf8', start, end).replace(FOLD, ' ')
      const value = line.slice(line.indexOf(':') + 1).trim()
      if (/^content-length\s*:/i.test(line)) {
        patches.add(this.#base + start, this.#base + next, NOTHING)
        continue
      }
      if (/^content-disposition\s*:/i.test(line)) name = parseContentType(value).param('name') ?? ''
      if (/^content-type\s*:/i.test(line)) contentType = value
      if (/^content-transfer-encoding\s*:/i.test(line)) isCoded = /base64|quoted/i.test(value)
      // `filename*=UTF-8''…` (RFC 8187).
      const coding = /\*\s*=/.test(line) ? PERCENT_CODING : null
      const patch: Patch = (from, to, by) => patches.add(from, to, toOneLine(by))
      readText(this.#job, fields, start, end, this.#place, 1, this.#base, patch, coding)
    }
    patches.give(this.#patch)
    return { name, contentType, isCoded }
  }

  /** Not as it should be: what follows is text. */
  #openRest(): void {
    this.#state = 'body'
    this.#partBase = Math.max(0, this.#base)
    this.#part = new TextReader(this.#job, this.#place, this.#shift(this.#partBase))
    this.#isOver = true
    this.#give(this.#bytes.length)
  }

  #give(size: number): void {
    if (size === 0) return
    // What was put before the body is none of it.
    const skipped = Math.max(0, Math.min(size, -this.#base))
    this.#part.push(this.#bytes.subarray(skipped, size))
    this.#drop(size)
  }

  #drop(size: number): void {
    this.#bytes = this.#bytes.subarray(size)
    this.#base += size
    this.#seen = 0
  }

  #shift(base: number): Patch {
    return (start, end, by) =>
      this.#patch(base + start, base + end, by.includes(this.#boundary) ? NOTHING : by)
  }
}

/** A line that begins with a blank goes on with the one before (RFC 5322 section 2.2.3). */
function* fieldsOf(bytes: Buffer): Generator<Line> {
  let field: Line | null = null
  for (const line of linesOf(bytes)) {
    const isMore = bytes[line.start] === 0x20 || bytes[line.start] === 0x09
    if (field && !isMore) yield field
    field = { ...line, start: field && isMore ? field.start : line.start }
  }
  if (field) yield field
}

interface Line {
  readonly start: number
  readonly end: number
  readonly next: number
}

function* linesOf(bytes: Buffer, from = 0): Generator<Line> {
  let start = from
  for (let at = bytes.indexOf(LF, start); at >= 0; at = bytes.indexOf(LF, start)) {
    yield { start, end: at > start && bytes[at - 1] === CR ? at - 1 : at, next: at + 1 }
    start = at + 1
  }
}
