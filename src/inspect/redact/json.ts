/**
 * JSON (RFC 8259), also one text after another and with a line for each: what stands in strings, numbers and keys, each with its key. Replaces
 * within them, so that all else stays as it is to the byte, and JSON stays JSON. Where it is none, the rest is looked at as text.
 */

import { CodedText } from './coded-text.ts'
import { JSON_CODING } from './json-coding.ts'
import { JsonPath } from './json-path.ts'
import { isScalar, replaceNumber, scalarEnd } from './json-scalar.ts'
import { JsonStrings, type OpenString } from './json-strings.ts'
import { type KnownKeys, knownKeysOf } from './known-keys.ts'
import { mayBeOpaque } from './llm/opaque.ts'
import { MAX_NAME } from './pair.ts'
import type { Job, Patch, Place, Reader } from './reader.ts'
import { SignedTexts } from './signed-texts.ts'
import { TextReader } from './text.ts'

const State = {
  /** A value, or the end of a list. */
  value: 0,
  /** A key, or the end of an object. */
  key: 1,
  colon: 2,
  comma: 3,
  /** Outside of all values. */
  top: 4,
  /** A number outside of all: one only if nothing else is on its line. */
  line: 5,
} as const

/** What is longer is read as text, and as no key. */
const MAX_KEY = 4096
const MAX_SCALAR = 1024
/** What is nested deeper is read as text. */
const MAX_DEPTH = 512
/** Blanks after which nothing goes on. */
const MAX_BLANKS = 64

const NOTHING = Buffer.alloc(0)
const QUOTE = 0x22

export class JsonReader implements Reader {
  readonly #job: Job
  readonly #patch: Patch
  readonly #signed: SignedTexts
  readonly #path: JsonPath
  readonly #place: Place
  readonly #strings: JsonStrings
  readonly #known: KnownKeys
  /** Whether the last key that was read is one under which something may stand that nobody reads. */
  #mayBeOpaque = false
  #state: (typeof State)[keyof typeof State] = State.top
  /** What is undecided, or not read. */
  #bytes: Buffer = NOTHING
  /** Position of its first byte, and index of the next one to read. */
  #base = 0
  #at = 0
  #blanks = 0
  #isLineStart = true
  /** Position of a number that is one when something follows that may. */
  #scalar = -1
  #scalarEnd = -1
  #string: CodedText | null = null
  #rest: Reader | null = null
  #decided = 0

  /** @param depth texts that this one is in */
  constructor(
    job: Job,
    place: Place,
    depth: number,
    patch: Patch,
    openString: OpenString | null = null,
  ) {
    this.#job = job
    this.#place = place
    this.#signed = new SignedTexts(job, patch)
    this.#patch = this.#signed.patch
    this.#path = new JsonPath(job, place)
    this.#strings = new JsonStrings(job, this.#path, depth, this.#signed, openString)
    this.#known = knownKeysOf(job.scan)
  }

  get decided(): number {
    return this.#rest?.decided ?? Math.min(this.#decided, this.#signed.from)
  }

  push(bytes: Buffer): void {
    if (this.#rest) return this.#rest.push(bytes)
    this.#bytes = this.#bytes.length > 0 ? Buffer.concat([this.#bytes, bytes]) : bytes
    this.#read(false)
    if (this.#rest) return
    if (this.#decided - this.#signed.from > this.#job.limits.event) this.#signed.settle(false)
    const cut = Math.max(0, Math.min(this.#decided - this.#base, this.#at))
    const isAll = this.#string !== null || cut === this.#bytes.length
    this.#bytes = isAll ? NOTHING : Buffer.from(this.#bytes.subarray(cut))
    this.#base += this.#string ? this.#at : cut
    this.#at -= this.#string ? this.#at : cut
  }

  settle(): void {
    this.#rest?.settle()
    this.#string?.settle()
    if (this.#string) this.#decided = this.#string.decided
  }

  end(): void {
    if (!this.#rest) this.#read(true)
    if (this.#rest) return this.#rest.end()
    this.#string?.end()
    this.#acceptScalar()
    this.#signed.settle(false)
    this.#decided = this.#base + this.#bytes.length
  }

  #read(isEnd: boolean): void {
    this.#strings.begin(this.#bytes, this.#base)
    while (!this.#rest && this.#at < this.#bytes.length) {
      if (this.#string) {
        this.#readString(this.#string)
        continue
      }
      const byte = this.#bytes[this.#at] as number
      if (byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) || byte === 0x1e) this.#readBlank(byte)
      else if (!this.#readToken(byte, isEnd)) break
      else this.#blanks = 0
    }
  }

  #readString(string: CodedText): void {
    const quote = string.read(this.#bytes, this.#at, QUOTE)
    if (quote < 0) {
      this.#at = this.#bytes.length
      this.#decided = string.decided
      return
    }
    string.end()
    this.#string = null
    this.#endString(quote)
  }

  #endString(quote: number): void {
    this.#at = quote + 1
    this.#decided = this.#base + this.#at
    if (this.#signed.isReading) this.#signed.endText()
    if (this.#state === State.key) this.#state = State.colon
    else this.#endValue()
  }

  #readBlank(byte: number): void {
    this.#at++
    if (byte === 0x0a || byte === 0x0d || byte === 0x1e) {
      this.#isLineStart = true
      if (this.#state === State.line) {
        this.#acceptScalar()
        this.#state = State.top
      }
    }
    if (++this.#blanks < MAX_BLANKS) return
    this.#acceptScalar()
    if (this.#state === State.line) this.#state = State.top
    this.#decided = this.#base + this.#at
  }

  /** @returns whether it was all there */
  #readToken(byte: number, isEnd: boolean): boolean {
    switch (this.#state) {
      case State.top:
        if (byte === 0xef && this.#base + this.#at === 0) return this.#readMark(isEnd)
        return this.#readValue(byte, isEnd)
      case State.value:
        if (byte === 0x5d && !this.#path.isInObject) return this.#leave()
        return this.#readValue(byte, isEnd)
      case State.key:
        if (byte === 0x7d) return this.#leave()
        return byte === 0x22 ? this.#readKey(isEnd) : this.#fail()
      case State.colon:
        return byte === 0x3a ? this.#step(State.value) : this.#fail()
      case State.comma:
        if (byte === (this.#path.isInObject ? 0x7d : 0x5d)) return this.#leave()
        if (byte !== 0x2c) return this.#fail()
        this.#path.next()
        return this.#step(this.#path.isInObject ? State.key : State.value)
      case State.line:
        return this.#fail()
      default:
        return this.#state satisfies never
    }
  }

  /** A byte order mark. */
  #readMark(isEnd: boolean): boolean {
    if (this.#bytes.length < 3) return isEnd && this.#fail()
    if (this.#bytes[1] !== 0xbb || this.#bytes[2] !== 0xbf) return this.#fail()
    this.#at = 3
    return true
  }

  #readValue(byte: number, isEnd: boolean): boolean {
    if (byte === 0x22) return this.#startString(isEnd)
    if (byte === 0x7b || byte === 0x5b) {
      if (this.#path.depth === MAX_DEPTH) return this.#fail()
      this.#path.enter(byte === 0x7b)
      return this.#step(byte === 0x7b ? State.key : State.value)
    }
    if (this.#state === State.top && !this.#isLineStart) return this.#fail()
    const end = scalarEnd(this.#bytes, this.#at)
    if (end === this.#at || end - this.#at > MAX_SCALAR) return this.#fail()
    if (end === this.#bytes.length && !isEnd) return false
    if (!isScalar(this.#bytes, this.#at, end)) return this.#fail()
    this.#decided = this.#base + this.#at
    this.#scalar = this.#decided
    this.#scalarEnd = this.#base + end
    this.#at = end
    this.#state = this.#path.depth > 0 ? State.comma : State.line
    return true
  }

  /** What stands between two values is decided when something follows that may. */
  #step(state: (typeof State)[keyof typeof State]): true {
    this.#acceptScalar()
    this.#decided = this.#base + this.#at
    this.#at++
    this.#state = state
    return true
  }

  #leave(): true {
    this.#step(State.comma)
    if (this.#path.depth === this.#signed.depth) this.#signed.settle(this.#path.isMarked)
    this.#path.leave()
    this.#endValue()
    return true
  }

  #endValue(): void {
    this.#state = this.#path.depth > 0 ? State.comma : State.top
    this.#isLineStart = false
  }

  #startString(isEnd: boolean): boolean {
    const start = this.#at + 1
    // What says what another value is has to be there as a whole.
    const isShort = this.#bytes.length - start <= MAX_NAME
    if (this.#path.isName && !isEnd && isShort && this.#strings.endFrom(start) < 0) return false
    this.#decided = this.#base + start
    this.#at = start
    const end = this.#strings.readValue(start, this.#mayBeOpaque)
    if (end < 0) this.#string = this.#strings.opened
    else this.#endString(end)
    return true
  }

  #readKey(isEnd: boolean): boolean {
    const bytes = this.#bytes
    const start = this.#at + 1
    const end = this.#strings.endFrom(start)
    if (end < 0 || end - start > MAX_KEY) {
      if (end < 0 && bytes.length - start <= MAX_KEY && !isEnd) return false
      this.#path.setKey('')
      this.#mayBeOpaque = false
      this.#decided = this.#base + start
      this.#at = start
      this.#strings.openKey(start)
      this.#string = this.#strings.opened
      return true
    }
    const known = this.#known.get(bytes, start, end)
    if (known) {
      this.#path.setKey(known.text, known.context, known.part)
      this.#mayBeOpaque = known.mayBeOpaque
    } else this.#lookAtKey(bytes, start, end)
    this.#endString(end)
    return true
  }

  #lookAtKey(bytes: Buffer, start: number, end: number): void {
    const text = bytes.toString('utf8', start, end)
    const { isEscaped } = this.#strings
    this.#path.setKey('')
    let isData = false
    const isFound = this.#strings.read(start, end, this.#path.name, (from, to, by) => {
      isData = true
      this.#patch(from, to, by)
    })
    const key = isData ? '*' : isEscaped ? toKey(text) : text
    this.#path.setKey(key)
    this.#mayBeOpaque = mayBeOpaque(key)
    // Of a text in a key more counts than the key; `read` says of one that something may be in it.
    if (!isEscaped && !isFound) this.#known.add(bytes, start, end, text, this.#job.scan.under(text))
  }

  #acceptScalar(): void {
    if (this.#scalar < 0) return
    const start = this.#scalar - this.#base
    const end = this.#scalarEnd - this.#base
    this.#scalar = -1
    const by = replaceNumber(this.#job, this.#bytes, start, end, this.#path.number)
    if (by) this.#patch(this.#base + start, this.#base + end, by)
    this.#decided = this.#base + end
  }

  /** It is not JSON: what is undecided, and the rest. */
  #fail(): false {
    this.#signed.settle(false)
    this.#scalar = -1
    const rest = new CodedText(
      JSON_CODING,
      this.#decided,
      this.#patch,
      (patch) => new TextReader(this.#job, this.#place, patch),
    )
    this.#rest = rest
    rest.push(this.#bytes.subarray(this.#decided - this.#base))
    this.#bytes = NOTHING
    return false
  }
}

/** @param text with escapes */
function toKey(text: string): string {
  try {
    return String(JSON.parse(`"${text}"`))
  } catch {
    return text
  }
}
