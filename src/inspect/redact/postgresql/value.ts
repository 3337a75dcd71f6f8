/**
 * One value of a row, in either format, under the name of its column. Texts stay texts and JSON stays JSON; of what is of another type nothing
 * can be taken out, so that becomes NULL.
 */

import { isUtf8 } from 'node:buffer'
import { JsonReader } from '../json.ts'
import { MarkupReader } from '../markup.ts'
import { readText } from '../open-text.ts'
import { namedPlace } from '../place.ts'
import type { Job, Patch, Place, Reader } from '../reader.ts'
import { isBinary } from '../sniff.ts'
import { readWhole } from '../whole-text.ts'
import { rewriteBinaryList } from './binary-list.ts'
import { Changes } from './changes.ts'
import { rendererOf, toPlain } from './render.ts'
import { readTextList } from './text-list.ts'
import { isTextInBinary, JSONB, type Reading, readingOf } from './types.ts'

/** Whose values they are: a column of a result, or a parameter. */
export interface Column {
  /** Empty for none. */
  readonly name: string
  /** Number of its type; 0 for what is not known. */
  readonly type: number
  readonly isBinary: boolean
}

/** What became of a value: it stays, or this stands there now; null for NULL. */
export type Rewritten = Buffer | null | 'same'

const NOTHING = Buffer.alloc(0)
/** Types of elements that are kept; one list has one. */
const MAX_ELEMENTS = 16
const BACKSLASH = 0x5c
const X = 0x78
/** The version with which JSONB begins in binary. */
const VERSION = 1
const FLOATS: ReadonlySet<number> = new Set([700, 701, 1700])

export class ValueReader {
  readonly #job: Job
  /** Of this nothing but whether something is found counts. */
  readonly #asking: Job
  readonly #place: Place
  readonly #column: Column
  readonly #reading: Reading
  readonly #isElement: boolean
  readonly #changes = new Changes()
  readonly #elements = new Map<number, ValueReader>()

  constructor(job: Job, column: Column, isElement = false) {
    const { name, type } = column
    const replace: Job['replace'] = (...found) => (job.replace(...found) === null ? null : NOTHING)
    const root: Place = { path: 'body', key: '', kind: 'text', context: job.scan.under('') }
    this.#job = job
    this.#asking = { ...job, replace }
    this.#column = column
    this.#isElement = isElement
    this.#reading = readingOf(type)
    const isNumber = this.#reading === 'typed' || this.#reading === 'list'
    this.#place = namedPlace(job, root, name, isNumber ? 'number' : 'text')
  }

  read(bytes: Buffer, start: number, end: number): Rewritten {
    if (start === end) return 'same'
    const { isBinary, type } = this.#column
    switch (this.#reading) {
      case 'text':
        if (isBinary && !isTextInBinary(type)) return this.#readBytes(bytes, start, end)
        return this.#readText(bytes, start, end)
      case 'json':
        return this.#readJson(bytes, start, end)
      case 'xml':
        return this.#readBy(this.#openXml, bytes, start, start, end)
      case 'bytes':
        return isBinary ? this.#readBytes(bytes, start, end) : this.#readHex(bytes, start, end)
      case 'texts':
        return isBinary ? this.#readList(bytes, start, end) : this.#readTexts(bytes, start, end)
      case 'list':
        return isBinary ? this.#readList(bytes, start, end) : this.#ask(bytes, start, end)
      case 'typed':
        return isBinary ? this.#render(bytes, start, end) : this.#readTyped(bytes, start, end)
      default:
        return this.#reading satisfies never
    }
  }

  /** Nobody can say what it says. */
  #leave(): Rewritten {
    this.#job.findings.addUnscannable('binary', this.#place.path)
    return 'same'
  }

  #readText(bytes: Buffer, start: number, end: number): Rewritten {
    const changes = this.#changes
    changes.clear()
    readText(this.#job, bytes, start, end, this.#place, 0, 0, changes.patch, null)
    return changes.isEmpty ? 'same' : changes.apply(bytes, start, end)
  }

  #readJson(bytes: Buffer, start: number, end: number): Rewritten {
    const hasVersion = this.#column.isBinary && this.#column.type === JSONB
    if (hasVersion && bytes[start] !== VERSION) return this.#leave()
    const from = hasVersion ? start + 1 : start
    return this.#readBy(this.#openJson, bytes, start, from, end)
  }

  readonly #openJson = (patch: Patch) => new JsonReader(this.#job, this.#place, 0, patch)
  readonly #openXml = (patch: Patch) => new MarkupReader(this.#job, this.#place, patch)

  #readBy(
    open: (patch: Patch) => Reader,
    bytes: Buffer,
    start: number,
    from: number,
    end: number,
  ): Rewritten {
    const changes = this.#changes
    changes.clear()
    changes.base = from
    const reader = open(changes.patch)
    reader.push(bytes.subarray(from, end))
    reader.end()
    return changes.isEmpty ? 'same' : changes.apply(bytes, start, end)
  }

  /** Bytes that are a text are read as one. */
  #readBytes(bytes: Buffer, start: number, end: number): Rewritten {
    const value = bytes.subarray(start, end)
    return !isUtf8(value) || isBinary(value) ? this.#leave() : this.#readText(bytes, start, end)
  }

  /** `\x68656c6c6f`, or with escapes as older servers write it. */
  #readHex(bytes: Buffer, start: number, end: number): Rewritten {
    if (bytes[start] !== BACKSLASH || bytes[start + 1] !== X) return this.#ask(bytes, start, end)
    const value = Buffer.from(bytes.toString('latin1', start + 2, end), 'hex')
    if (value.length * 2 !== end - start - 2) return this.#leave()
    if (value.length === 0) return 'same'
    const now = this.#readBytes(value, 0, value.length)
    return now === 'same' || now === null ? now : Buffer.from(`\\x${now.toString('hex')}`)
  }

  #readTexts(bytes: Buffer, start: number, end: number): Rewritten {
    const changes = this.#changes
    changes.clear()
    if (!readTextList(this.#job, bytes, start, end, this.#place, changes.patch)) {
      return this.#ask(bytes, start, end)
    }
    return changes.isEmpty ? 'same' : changes.apply(bytes, start, end)
  }

  #readList(bytes: Buffer, start: number, end: number): Rewritten {
    // A list has no lists in it, but dimensions.
    if (this.#isElement) return this.#leave()
    return rewriteBinaryList(bytes, start, end, this.#elementOf) ?? this.#leave()
  }

  readonly #elementOf = (type: number): ValueReader => {
    const known = this.#elements.get(type)
    if (known) return known
    const reader = new ValueReader(this.#job, { ...this.#column, type }, true)
    if (this.#elements.size < MAX_ELEMENTS) this.#elements.set(type, reader)
    return reader
  }

  /** Numbers are looked at as they would be without an exponent and zeros behind the point. */
  #readTyped(bytes: Buffer, start: number, end: number): Rewritten {
    if (!FLOATS.has(this.#column.type)) return this.#ask(bytes, start, end)
    const text = bytes.toString('latin1', start, end)
    return /[.eE]/.test(text) ? this.#askText(toPlain(text)) : this.#ask(bytes, start, end)
  }

  #render(bytes: Buffer, start: number, end: number): Rewritten {
    const text = rendererOf(this.#column.type)?.(bytes, start, end) ?? null
    return text === null ? this.#leave() : this.#askText(text)
  }

  #askText(text: string): Rewritten {
    const bytes = Buffer.from(text)
    return this.#ask(bytes, 0, bytes.length)
  }

  /** Whether anything is found in it: then it cannot stay. */
  #ask(bytes: Buffer, start: number, end: number): Rewritten {
    const changes = this.#changes
    changes.clear()
    readWhole(this.#asking, bytes, start, end, this.#place, 0, changes.patch)
    return changes.isEmpty ? 'same' : null
  }
}
