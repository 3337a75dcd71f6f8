/** `name=value`, `name: value`, `"name": "value"` inside of a text: where the name says by itself what the value is. */

import { type Bounds, NOT_YET, NOTHING } from './bounds.ts'
import { BY_NAME_ONLY, type Finds } from './finds.ts'
import { isForeign } from './foreign-words.ts'
import { NameEndings } from './name-endings.ts'
import { indexKeys, type Key, readRuns } from './names.ts'
import { toAlphabet } from './text.ts'
import { formsOf, WordReader } from './words.ts'

/** Of a name, and of a value before it is one without an end. */
const MAX_NAME = 48
const MAX_VALUE = 1024
/** Of a value that goes to the end of its line. */
const MAX_LINE = 160

const NAME = toAlphabet('A-Za-z0-9_.\x80-\xff-')
const SPACED_NAME = toAlphabet('A-Za-z0-9_. \x80-\xff-')
const BARE_VALUE = new Uint8Array(256).fill(1)
for (const end of ' \t\r\n,;&"\'`<>(){}[]\\') BARE_VALUE[end.charCodeAt(0)] = 0
/** In a file of variables, where only a blank ends one. */
const WHOLE_VALUE = new Uint8Array(256).fill(1)
for (const end of ' \t\r\n"\'`\\') WHOLE_VALUE[end.charCodeAt(0)] = 0
const LINE_VALUE = new Uint8Array(256).fill(1)
for (const end of '\t\r\n;|"`<>{}[]\\') LINE_VALUE[end.charCodeAt(0)] = 0

export class LooseNames {
  readonly #keys: readonly Key[]
  readonly #reader: WordReader
  readonly #bounds: Bounds
  readonly #finds: Finds
  readonly #endings: NameEndings
  /** The name that is being read, and the keys that it ends with. */
  #nameStart = 0
  #nameEnd = 0
  #ending: readonly number[] | null = null
  /** Up to where the last value without quotes goes, and of what. */
  #valueEnd = 0
  #valueOf: Uint8Array = BARE_VALUE

  constructor(keys: readonly Key[], bounds: Bounds, finds: Finds) {
    this.#keys = keys.filter(({ shape }) => shape.loose !== undefined)
    this.#reader = new WordReader(indexKeys(this.#keys), this.#told)
    this.#bounds = bounds
    this.#finds = finds
    const phrases = this.#keys.flatMap(({ shape }) => shape.keys)
    this.#endings = new NameEndings(phrases.filter((key) => !isForeign(key)).flatMap(formsOf))
  }

  begin(): void {
    this.#valueEnd = 0
  }

  /**
   * Other finds may lie in the value: so what ends is told, and passed over by nobody.
   * @param at of `=` or `:`  @returns NOTHING, behind what was found without an end, or NOT_YET
   */
  match(at: number): number {
    const { bytes } = this.#bounds
    let end = at
    if (end > 0 && (bytes[end - 1] === 0x3a || bytes[end - 1] === 0x20)) end--
    if (end > 0 && isQuote(bytes[end - 1])) end--
    if (end > 0 && bytes[end - 1] === 0x5c) end--
    // `**Name**:` in Markdown.
    while (end > 0 && at - end < 3 && bytes[end - 1] === 0x2a) end--
    while (end > 0 && isDigit(bytes[end - 1])) end--
    if (!this.#endings.has(bytes, end)) return NOTHING
    this.#nameEnd = end
    this.#nameStart = this.#startOf(NAME, at, end)
    this.#ending = null
    readRuns(this.#reader, bytes, this.#startOf(SPACED_NAME, at, end), end)
    return this.#ending === null ? NOTHING : this.#value(at, this.#ending)
  }

  #startOf(alphabet: Uint8Array, at: number, end: number): number {
    const { bytes } = this.#bounds
    let start = end
    while (start > 0 && at - start < MAX_NAME && alphabet[bytes[start - 1] as number] === 1) start--
    while (start < end && !isLetter(bytes[start] as number)) start++
    return start
  }

  /** Longer phrases are told later, and say more. */
  readonly #told = (what: readonly number[], start: number, end: number): void => {
    if (end !== this.#nameEnd) return
    const isWhole = start === this.#nameStart
    if (isWhole || what.some((key) => this.#keys[key]?.shape.whole !== true)) this.#ending = what
  }

  #value(at: number, keys: readonly number[]): number {
    const { bytes, limit, more } = this.#bounds
    let from = at + 1
    if (from < limit && bytes[from] === 0x3e) from++
    while (from < limit && from - at < 5 && (isBlank(bytes[from]) || bytes[from] === 0x2a)) from++
    const escapes = from
    while (from < limit && from - escapes < 4 && bytes[from] === 0x5c) from++
    const isEscaped = from > escapes
    const quote = from < limit && isQuote(bytes[from]) ? (bytes[from] as number) : 0
    if (quote !== 0) from++
    const isLine = quote === 0 && bytes[at] === 0x3a && this.#wantLine(keys)
    // `type MemberName = Identifier`: a program's, where what it is called says nothing of what it is.
    if (quote === 0 && !isLine && escapes > at + 1 && this.#wantLine(keys)) return NOTHING
    const most = isLine ? MAX_LINE : MAX_VALUE
    const bound = Math.min(limit, from + most)
    const end =
      quote === 0
        ? this.#bareEnd(
            from,
            bound,
            isLine ? LINE_VALUE : this.#isVariable(at) ? WHOLE_VALUE : BARE_VALUE,
          )
        : this.#quotedEnd(from, bound, quote, isEscaped)
    const isEndless = end === from + most
    if (end === limit && more && !isEndless) {
      this.#bounds.held = at
      return NOT_YET
    }
    if (isLine && isEndless) return NOTHING
    const to = quote === 0 ? this.#trimmed(from, end) : end
    if (to === from || (quote === 0 && isLiteral(bytes, from, to))) return NOTHING
    for (const key of keys) {
      const { shape, recognizer } = this.#keys[key] as Key
      if (shape.valid !== undefined && !shape.valid(bytes, from, to)) continue
      this.#finds.add(from, isEndless ? end : to, recognizer, BY_NAME_ONLY, isEndless, at)
      if (!isEndless) return NOTHING
      this.#bounds.open = { recognizer, eats: BARE_VALUE }
      return end
    }
    return NOTHING
  }

  #wantLine(keys: readonly number[]): boolean {
    return keys.some((key) => this.#keys[key]?.shape.loose === 'line')
  }

  /** `NAME=value`: nothing in lower case, nothing between. */
  #isVariable(at: number): boolean {
    const { bytes } = this.#bounds
    if (this.#nameEnd !== at || bytes[at] !== 0x3d) return false
    for (let i = this.#nameStart; i < at; i++) if ((bytes[i] as number) >= 0x61) return false
    return true
  }

  #bareEnd(from: number, bound: number, of: Uint8Array): number {
    const { bytes } = this.#bounds
    let at = this.#valueOf === of ? Math.max(from, Math.min(this.#valueEnd, bound)) : from
    while (at < bound && of[bytes[at] as number] === 1) at++
    this.#valueEnd = at
    this.#valueOf = of
    return at
  }

  /** Without the full stop of a sentence, and the blanks before the end of a line. */
  #trimmed(from: number, end: number): number {
    const { bytes } = this.#bounds
    let to = end
    while (
      to > from &&
      (bytes[to - 1] === 0x2e ||
        bytes[to - 1] === 0x3a ||
        isBlank(bytes[to - 1]) ||
        bytes[to - 1] === 0x2a)
    )
      to--
    return to
  }

  #quotedEnd(from: number, bound: number, quote: number, isEscaped: boolean): number {
    const { bytes } = this.#bounds
    for (let at = from; at < bound; at++) {
      const byte = bytes[at]
      if (byte === quote || byte === 0x0a) return at
      if (byte !== 0x5c) continue
      if (isEscaped) return at
      at++
    }
    return bound
  }
}

/** `null`, `true`, `false`: nothing is in them. */
function isLiteral(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > 9) return false
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
  return /^(null|true|false|none|undefined|nil|nan)$/i.test(text)
}

function isQuote(byte: number | undefined): boolean {
  return byte === 0x22 || byte === 0x27 || byte === 0x60
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09
}

function isLetter(byte: number): boolean {
  return (byte | 32) >= 0x61 && (byte | 32) <= 0x7a
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39
}
