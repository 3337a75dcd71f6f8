/**
 * JSON (RFC 8259), also one text after another and with a line for each: what stands in strings, numbers and keys, each with its key. Replaces
 * within them, so that all else stays as it is to the byte, and JSON stays JSON. Where it is none, the rest is looked at as text.
 */

import { JsonPath } from './json-path.ts'
import { isScalar, replaceNumber, scalarEnd } from './json-scalar.ts'
import { escapeJson, JsonText } from './json-text.ts'
import { KnownKeys } from './known-keys.ts'
import { isSpecial, openText } from './open-text.ts'
import type { Job, Patch, Place, Reader } from './reader.ts'
import { readWhole, TextReader } from './text.ts'

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

/** For those who know more of an API: another reader for a string. */
export type OpenString = (path: JsonPath, patch: Patch) => Reader | null

export class JsonReader implements Reader {
  readonly #job: Job
  readonly #patch: Patch
  readonly #depth: number
  readonly #path: JsonPath
  readonly #place: Place
  readonly #openString: OpenString | null
  readonly #known = new KnownKeys()
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
  #string: JsonText | null = null
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
    this.#depth = depth
    this.#patch = patch
    this.#path = new JsonPath(job, place)
    this.#openString = openString
  }

  get decided(): number {
    return this.#rest?.decided ?? this.#decided
  }

  push(bytes: Buffer): void {
    if (this.#rest) return this.#rest.push(bytes)
    this.#bytes = this.#bytes.length > 0 ? Buffer.concat([this.#bytes, bytes]) : bytes
    this.#read(false)
    if (this.#rest) return
    const cut = Math.max(0, Math.min(this.#decided - this.#base, this.#at))
    this.#bytes = this.#string ? NOTHING : Buffer.from(this.#bytes.subarray(cut))
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
    this.#decided = this.#base + this.#bytes.length
  }

  #read(isEnd: boolean): void {
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

  #readString(string: JsonText): void {
    const quote = string.read(this.#bytes, this.#at)
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
    if (byte === 0x22) return this.#startString()
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
    this.#path.leave()
    this.#endValue()
    return true
  }

  #endValue(): void {
    this.#state = this.#path.depth > 0 ? State.comma : State.top
    this.#isLineStart = false
  }

  #startString(): boolean {
    const bytes = this.#bytes
    const start = this.#at + 1
    const string = this.#openString && this.#openKnown(this.#openString, start)
    this.#decided = this.#base + start
    this.#at = start
    if (string) {
      this.#string = string
      return true
    }
    let end = start
    while (end < bytes.length && bytes[end] !== 0x22 && bytes[end] !== 0x5c) end++
    if (bytes[end] !== 0x22 || isSpecial(bytes, start, end)) {
      this.#string = this.#openText(start, this.#path.text)
      return true
    }
    if (end > start) {
      readWhole(this.#job, bytes, start, end, this.#path.text, this.#base, this.#patchJson)
    }
    this.#endString(end)
    return true
  }

  #openKnown(openString: OpenString, start: number): JsonText | null {
    let reader: Reader | null = null
    const string = new JsonText(this.#base + start, true, this.#patch, (patch) => {
      reader = openString(this.#path, patch)
      return reader ?? new TextReader(this.#job, this.#place, patch)
    })
    return reader ? string : null
  }

  #openText(start: number, place: Place): JsonText {
    return new JsonText(this.#base + start, true, this.#patch, (patch) =>
      openText(this.#job, place, this.#depth + 1, patch),
    )
  }

  readonly #patchJson: Patch = (start, end, by) => this.#patch(start, end, escapeJson(by))

  #readKey(isEnd: boolean): boolean {
    const bytes = this.#bytes
    const start = this.#at + 1
    const limit = Math.min(bytes.length, start + MAX_KEY)
    let end = start
    let isEscaped = false
    for (; end < limit && bytes[end] !== 0x22; end++) {
      if (bytes[end] !== 0x5c) continue
      isEscaped = true
      end++
    }
    if (end >= limit) {
      if (limit === bytes.length && !isEnd) return false
      this.#path.setKey('')
      this.#decided = this.#base + start
      this.#at = start
      this.#string = this.#openText(start, this.#path.name)
      return true
    }
    const known = this.#known.get(bytes, start, end)
    if (known) this.#path.setKey(known.text, known.context)
    else this.#lookAtKey(isEscaped, start, end)
    this.#endString(end)
    return true
  }

  #lookAtKey(isEscaped: boolean, start: number, end: number): void {
    const text = this.#bytes.toString('utf8', start, end)
    this.#path.setKey('')
    let isFound = false
    const patch: Patch = (from, to, by) => {
      isFound = true
      this.#patch(from, to, by)
    }
    const reader = new JsonText(this.#base + start, true, patch, (inner) =>
      openText(this.#job, this.#path.name, this.#depth + 1, inner),
    )
    reader.push(this.#bytes.subarray(start, end))
    reader.end()
    this.#path.setKey(isFound ? '*' : isEscaped ? toKey(text) : text)
    if (!isFound) this.#known.add(this.#bytes, start, end, this.#path.key, this.#path.context)
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
    this.#scalar = -1
    const rest = new JsonText(
      this.#decided,
      false,
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
