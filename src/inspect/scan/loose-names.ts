/** `name=value`, `name: value`, `"name": "value"` inside of a text: where the name says by itself what the value is. */

import { Next } from '../recognizers/reading.ts'
import { type Bounds, NOT_YET, NOTHING } from './bounds.ts'
import { BY_NAME_ONLY, type Finds } from './finds.ts'
import { isForeign } from './foreign-words.ts'
import { NameEndings } from './name-endings.ts'
import { indexKeys, type Key, readRuns } from './names.ts'
import { toAlphabet } from './text.ts'
import type { Topic } from './topics.ts'
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
/** In a query, where another one follows. */
const ASSIGNED_LINE = LINE_VALUE.slice()
ASSIGNED_LINE[0x26] = 0
/** Blanks in front of a line. */
const MAX_INDENT = 16

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
  readonly #told = ({ what }: Topic, start: number, end: number): void => {
    if (end !== this.#nameEnd) return
    const isWhole = start === this.#nameStart
    if (isWhole || what.some((key) => this.#keys[key]?.shape.whole !== true)) this.#ending = what
  }

  #value(at: number, keys: readonly number[]): number {
    const { bytes, limit, more } = this.#bounds
    const isColon = bytes[at] === 0x3a
    const wantsLine = this.#wantLine(keys)
    let from = at + 1
    if (from < limit && bytes[from] === 0x3e) from++
    from = this.#pastBlanks(from, at + 5)
    if (more && isColon && from + MAX_INDENT + 2 > limit) {
      this.#bounds.held = at
      return NOT_YET
    }
    // `Name:`, and what it is in the next line.
    if (isColon) from = this.#pastLineEnd(from)
    const escapes = from
    while (from < limit && from - escapes < 4 && bytes[from] === 0x5c) from++
    const isEscaped = from > escapes
    const quote = from < limit && isQuote(bytes[from]) ? (bytes[from] as number) : 0
    if (quote !== 0) from++
    const isLine = quote === 0 && wantsLine
    const most = isLine ? MAX_LINE : MAX_VALUE
    const bound = Math.min(limit, from + most)
    const of = isLine ? (isColon ? LINE_VALUE : ASSIGNED_LINE) : this.#wordOf(at)
    const end =
      quote === 0 ? this.#bareEnd(from, bound, of) : this.#quotedEnd(from, bound, quote, isEscaped)
    const isEndless = end === from + most
    if (end === limit && more && !isEndless) {
      this.#bounds.held = at
      return NOT_YET
    }
    if (isLine) return this.#line(at, from, end, !isColon && escapes > at + 1, keys)
    const to = quote === 0 ? this.#trimmed(from, end) : end
    if (to === from || (quote === 0 && isLiteral(bytes, from, to))) return NOTHING
    if (!isEndless && this.#finds.covers(from, to, at)) return NOTHING
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

  /**
   * A value without quotes, with blanks in it: to the end of its line, or where something else begins there; or else its first word.
   * @param isSet with blanks around the `=`, as in a program, where one word is a variable or a type
   */
  #line(
    at: number,
    from: number,
    end: number,
    isSet: boolean,
    keys: readonly number[],
  ): typeof NOTHING {
    const { bytes } = this.#bounds
    let to = this.#trimmed(from, endOfPart(bytes, from, end))
    while (to > from && bytes[to - 1] === 0x2c) to--
    if (to === from || isLiteral(bytes, from, to)) return NOTHING
    if (this.#isFound(at, from, to, isSet, keys) || bytes[at] === 0x3a || isSet) return NOTHING
    let word = from
    while (word < to && BARE_VALUE[bytes[word] as number] === 1) word++
    if (word > from && word < to) this.#isFound(at, from, word, false, keys)
    return NOTHING
  }

  #isFound(at: number, from: number, to: number, isSet: boolean, keys: readonly number[]): boolean {
    const { bytes } = this.#bounds
    for (const key of keys) {
      const { shape, recognizer } = this.#keys[key] as Key
      const end = shape.endOf === undefined ? to : shape.endOf(bytes, from, to)
      if (end === from || (isSet && !hasBlank(bytes, from, end))) continue
      if (shape.valid !== undefined && !shape.valid(bytes, from, end)) continue
      this.#finds.add(from, end, recognizer, BY_NAME_ONLY, false, at)
      return true
    }
    return false
  }

  #wordOf(at: number): Uint8Array {
    return this.#isVariable(at) ? WHOLE_VALUE : BARE_VALUE
  }

  /** Blanks, and the stars of Markdown. */
  #pastBlanks(start: number, stop: number): number {
    const { bytes, limit } = this.#bounds
    let at = start
    while (at < limit && at < stop && (isBlank(bytes[at]) || bytes[at] === 0x2a)) at++
    return at
  }

  #pastLineEnd(start: number): number {
    const { bytes, limit } = this.#bounds
    let at = start
    if (at < limit && bytes[at] === 0x0d) at++
    if (at >= limit || bytes[at] !== 0x0a) return start
    const line = this.#pastBlanks(at + 1, at + MAX_INDENT)
    // The first of a list.
    return line + 1 < limit && bytes[line] === 0x2d && bytes[line + 1] === 0x20 ? line + 2 : line
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

const SPACES = new Next(toAlphabet(' '))

/** @returns where something else begins: a comment, the next name with its value, the next sentence, a column apart */
function endOfPart(bytes: Uint8Array, from: number, end: number): number {
  for (let at = from + 1; at < end; at++) {
    at = SPACES.from(bytes, at, end)
    if (at === end) return end
    const next = bytes[at + 1] as number
    if (at + 1 === end || next === 0x20 || next === 0x23) return at
    if (next === 0x2f && bytes[at + 2] === 0x2f) return at
    if (isNameOfNext(bytes, at + 1, end) || endsSentence(bytes, from, at, next)) return at
  }
  return end
}

/** `plan=`, `plan:` */
function isNameOfNext(bytes: Uint8Array, from: number, end: number): boolean {
  let at = from
  while (at < end && NAME[bytes[at] as number] === 1) at++
  return at > from && at < end && (bytes[at] === 0x3d || bytes[at] === 0x3a)
}

/** A full stop behind a word that is no abbreviation, and a capital behind it. */
function endsSentence(bytes: Uint8Array, from: number, at: number, next: number): boolean {
  const last = bytes[at - 1]
  if (next < 0x41 || next > 0x5a) return false
  if (last === 0x21 || last === 0x3f) return true
  let letters = 0
  for (
    let i = at - 2;
    i >= from && (isLetter(bytes[i] as number) || (bytes[i] as number) > 0x7f);
    i--
  )
    letters++
  return last === 0x2e && letters > 4
}

function hasBlank(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] === 0x20) return true
  return false
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
