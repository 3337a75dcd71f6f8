/**
 * Tokens of SQL as PostgreSQL reads it (its scan.l), one after another. Works on bytes: in all encodings that servers keep text in, and in
 * those of clients that are safe, bytes of ASCII are nothing else. What the server would not read is broken, and nothing of it is guessed.
 */

import {
  BLANK,
  beginsComment,
  CLASSES,
  commentEnd,
  DIGIT,
  isWordByte,
  lineEnd,
  MARK,
  numberEnd,
  OPERATOR,
  operatorEnd,
  START,
  WORD,
} from './extents.ts'
import { keyWordAt } from './key-words.ts'
import { literalEnd } from './quoted.ts'

export const Token = {
  end: 0,
  /** A key word or a name without quotes. */
  word: 1,
  /** A name in quotes. */
  name: 2,
  /** A literal of one of the forms of strings. */
  text: 3,
  /** A string of bits, `B'…'` or `X'…'`. */
  bits: 4,
  number: 5,
  /** `$1` */
  parameter: 6,
  operator: 7,
  /** One of `( ) [ ] , ; . :` */
  mark: 8,
} as const

export type Token = (typeof Token)[keyof typeof Token]

/** Bytes of marks. */
export const Mark = {
  open: 0x28,
  close: 0x29,
  openBracket: 0x5b,
  closeBracket: 0x5d,
  comma: 0x2c,
  point: 0x2e,
  semicolon: 0x3b,
} as const

export const Form = {
  /** `'…'`, in which a backslash may be one or begin an escape: that is a setting of the server. */
  plain: 0,
  /** `E'…'` */
  escaped: 1,
  /** `U&'…'` or `U&"…"` */
  unicode: 2,
  /** `$tag$…$tag$` */
  dollar: 3,
} as const

export type Form = (typeof Form)[keyof typeof Form]

const QUOTE = 0x27
const DOUBLE_QUOTE = 0x22
const DOLLAR = 0x24
const MINUS = 0x2d
const AND = 0x26
const BACKSLASH = 0x5c

export class Lexer {
  readonly bytes: Buffer
  readonly #isConforming: boolean
  readonly #onComment: ((start: number, end: number) => void) | null
  #at = 0
  /** Where the next backslash is, if it is not before what is read. */
  #backslash = -1
  /** Null where it was not asked for. */
  #word: string | null = null
  token: Token = Token.end
  start = 0
  end = 0
  /** Of literals and names in quotes: what stands between the quotes. */
  from = 0
  to = 0
  form: Form = Form.plain
  /** Whether blanks or comments stand before it. */
  isApart = false
  /** Nothing more is read: the server would refuse all of the text. */
  isBroken = false
  /** A literal was read that ends elsewhere where backslashes begin escapes in it. */
  diverges = false

  /**
   * @param isConforming the server's `standard_conforming_strings`
   * @param onComment is told where they are
   */
  constructor(
    bytes: Buffer,
    isConforming: boolean,
    onComment: ((start: number, end: number) => void) | null = null,
  ) {
    this.bytes = bytes
    this.#isConforming = isConforming
    this.#onComment = onComment
  }

  /** What may be a key word, in lower case as the server compares it; empty for all other tokens. */
  get word(): string {
    this.#word ??= this.#readKeyWord()
    return this.#word
  }

  #readKeyWord(): string {
    if (this.token !== Token.word) return ''
    return keyWordAt(this.bytes, this.start, this.end)
  }

  /** The byte of a mark; 0 for all other tokens. */
  get mark(): number {
    return this.token === Token.mark ? (this.bytes[this.start] as number) : 0
  }

  /** @returns whether there is another one */
  next(): boolean {
    this.#word = null
    if (this.isBroken || !this.#skip()) return this.#stop()
    this.start = this.#at
    const byte = this.bytes[this.#at] as number
    const of = CLASSES[byte] as number
    if (of === MARK && !this.#isNumber(this.#at)) return this.#end(Token.mark, this.#at + 1)
    if (of === START) return this.#readWord(byte)
    if (of === DIGIT || of === MARK) return this.#end(Token.number, numberEnd(this.bytes, this.#at))
    if (of === OPERATOR) return this.#end(Token.operator, operatorEnd(this.bytes, this.#at))
    if (byte === QUOTE) return this.#readText(this.#at + 1, Form.plain)
    if (byte === DOUBLE_QUOTE) return this.#readName(this.#at + 1, Form.plain)
    if (byte === DOLLAR) return this.#readDollar()
    // No other byte begins anything.
    return this.#break()
  }

  #end(token: Token, end: number): true {
    this.token = token
    this.#at = this.end = end
    return true
  }

  #stop(): false {
    this.token = Token.end
    this.start = this.end = this.bytes.length
    return false
  }

  #break(): false {
    this.isBroken = true
    return this.#stop()
  }

  /** Blanks and comments. @returns whether anything follows */
  #skip(): boolean {
    const { bytes } = this
    const start = this.#at
    let at = start
    for (; at < bytes.length; ) {
      const byte = bytes[at] as number
      if (CLASSES[byte] === BLANK) {
        at++
        continue
      }
      if (!beginsComment(bytes, at)) break
      const end = byte === MINUS ? lineEnd(bytes, at) : commentEnd(bytes, at)
      if (end < 0) return this.#break()
      this.#onComment?.(at, end)
      at = end
    }
    this.isApart = at > start
    this.#at = at
    return at < bytes.length
  }

  #readWord(byte: number): boolean {
    const { bytes } = this
    const at = this.#at
    const second = bytes[at + 1]
    const letter = byte | 0x20
    if (second === QUOTE) {
      // e, n, b, x
      if (letter === 0x65) return this.#readText(at + 2, Form.escaped)
      if (letter === 0x6e) return this.#readText(at + 2, Form.plain)
      if (letter === 0x62 || letter === 0x78) return this.#readBits(at + 2)
    }
    // u
    if (letter === 0x75 && second === AND) {
      if (bytes[at + 2] === QUOTE) return this.#readText(at + 3, Form.unicode)
      if (bytes[at + 2] === DOUBLE_QUOTE) return this.#readName(at + 3, Form.unicode)
    }
    let end = at + 1
    while (end < bytes.length && isWordByte(bytes[end] as number)) end++
    return this.#end(Token.word, end)
  }

  #readText(from: number, form: Form): boolean {
    // Without standard strings the server does not take this form.
    if (form === Form.unicode && !this.#isConforming) return this.#break()
    const hasEscapes = form === Form.escaped || (form === Form.plain && !this.#isConforming)
    const end = literalEnd(this.bytes, from, hasEscapes)
    this.#noteOther(from, end, form)
    if (end < 0) return this.#break()
    this.#setInside(from, end - 1, form)
    return this.#end(Token.text, end)
  }

  /** Looks where a literal would end without standard strings, until the two do not agree. */
  #noteOther(from: number, end: number, form: Form): void {
    if (form !== Form.plain || !this.#isConforming || this.diverges) return
    if (this.#backslash < from) this.#backslash = indexOf(this.bytes, BACKSLASH, from)
    if (end >= 0 && this.#backslash >= end) return
    this.diverges = literalEnd(this.bytes, from, true) !== end
  }

  #readBits(from: number): boolean {
    const end = literalEnd(this.bytes, from, false)
    if (end < 0) return this.#break()
    this.#setInside(from, end - 1, Form.plain)
    return this.#end(Token.bits, end)
  }

  #readName(from: number, form: Form): boolean {
    const { bytes } = this
    let quote = bytes.indexOf(DOUBLE_QUOTE, from)
    while (quote >= 0 && bytes[quote + 1] === DOUBLE_QUOTE) {
      quote = bytes.indexOf(DOUBLE_QUOTE, quote + 2)
    }
    // The server takes no empty name.
    if (quote <= from) return this.#break()
    this.#setInside(from, quote, form)
    return this.#end(Token.name, quote + 1)
  }

  /** `$1`, or a literal between dollars. */
  #readDollar(): boolean {
    const { bytes } = this
    const start = this.#at
    let at = start + 1
    if (CLASSES[bytes[at] ?? 0] === DIGIT) {
      while (CLASSES[bytes[at] ?? 0] === DIGIT) at++
      return this.#end(Token.parameter, at)
    }
    while (at < bytes.length && ((CLASSES[bytes[at] as number] as number) & WORD) !== 0) at++
    if (bytes[at] !== DOLLAR) return this.#break()
    const tag = bytes.subarray(start, at + 1)
    const close = bytes.indexOf(tag, at + 1)
    if (close < 0) return this.#break()
    this.#setInside(at + 1, close, Form.dollar)
    return this.#end(Token.text, close + tag.length)
  }

  #setInside(from: number, to: number, form: Form): void {
    this.from = from
    this.to = to
    this.form = form
  }

  /** Whether a point begins a number. */
  #isNumber(at: number): boolean {
    return this.bytes[at] === Mark.point && CLASSES[this.bytes[at + 1] ?? 0] === DIGIT
  }
}

/** @returns the end of all where there is none */
function indexOf(bytes: Buffer, byte: number, from: number): number {
  const found = bytes.indexOf(byte, from)
  return found < 0 ? bytes.length : found
}
