/** What a literal of SQL says, and where in the text each byte of that stands. */

import { Form } from './lexer.ts'
import { nextPiece } from './quoted.ts'

const QUOTE = 0x27
const BACKSLASH = 0x5c
const PLUS = 0x2b

export interface Literal {
  readonly text: Buffer
  /** Of each byte of it, and of its end, the position in what it was written in. Null where it stands there as it is. */
  readonly at: Int32Array | null
}

/**
 * @param from, to what stands between its quotes
 * @param hasEscapes how backslashes of a plain one are read
 * @param mark what escapes begin with in one of the form `U&'…'`
 */
export function decodeLiteral(
  bytes: Buffer,
  from: number,
  to: number,
  form: Form,
  hasEscapes = form === Form.escaped,
  mark = BACKSLASH,
): Literal {
  const body = bytes.subarray(from, to)
  if (form === Form.dollar) return { text: body, at: null }
  const joined = join(body, from, hasEscapes)
  return form === Form.unicode ? decodeUnicode(joined, from, mark) : joined
}

/** Pieces and quotes, and escapes of those that have them. */
function join(body: Buffer, from: number, hasEscapes: boolean): Literal {
  const isPlain = !body.includes(QUOTE) && !(hasEscapes && body.includes(BACKSLASH))
  if (isPlain) return { text: body, at: null }
  const writing = new Writing(body.length, (at) => from + at)
  for (let i = 0; i < body.length; ) {
    const byte = body[i] as number
    if (byte === QUOTE) {
      const next = nextPiece(body, i)
      if (body[i + 1] === QUOTE) writing.add(QUOTE, i)
      i = next < 0 ? i + 1 : next
    } else if (byte === BACKSLASH && hasEscapes) i = readEscape(body, i, writing)
    else writing.add(byte, i++)
  }
  return writing.end(body.length)
}

/** An escape may begin in one piece and end in the next. */
function decodeUnicode({ text, at }: Literal, from: number, mark: number): Literal {
  if (!text.includes(mark)) return { text, at }
  const writing = new Writing(text.length, (i) => (at === null ? from + i : (at[i] as number)))
  for (let i = 0; i < text.length; ) {
    const byte = text[i] as number
    if (byte === mark) i = readUnicode(text, i, writing)
    else writing.add(byte, i++)
  }
  return writing.end(text.length)
}

class Writing {
  readonly #text: Buffer
  readonly #at: Int32Array
  readonly #toPosition: (at: number) => number
  #size = 0
  /** The first half of a character that is written in two. */
  #high = 0

  /** @param toPosition where a byte of what is read stands */
  constructor(size: number, toPosition: (at: number) => number) {
    this.#text = Buffer.allocUnsafe(size)
    this.#at = new Int32Array(size + 1)
    this.#toPosition = toPosition
  }

  add(byte: number, at: number): void {
    this.#high = 0
    this.#text[this.#size] = byte
    this.#at[this.#size++] = this.#toPosition(at)
  }

  /** A character; takes no more bytes than its escape. */
  addCode(code: number, at: number): void {
    const isLow = code >= 0xdc00 && code <= 0xdfff && this.#high > 0
    const whole = isLow ? 0x10000 + ((this.#high - 0xd800) << 10) + code - 0xdc00 : code
    const isHigh = code >= 0xd800 && code <= 0xdbff
    if (!isHigh) for (const byte of Buffer.from(toCharacter(whole))) this.add(byte, at)
    this.#high = isHigh ? code : 0
  }

  end(at: number): Literal {
    this.#at[this.#size] = this.#toPosition(at)
    return { text: this.#text.subarray(0, this.#size), at: this.#at.subarray(0, this.#size + 1) }
  }
}

function toCharacter(code: number): string {
  return String.fromCodePoint(code > 0x10ffff ? 0xfffd : code)
}

const SIMPLE: ReadonlyMap<number, number> = new Map([
  [0x62, 0x08],
  [0x66, 0x0c],
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
])

/** `\n`, `\101`, `\x41`, `\u0041`, `\U00000041`. @returns behind it */
function readEscape(body: Buffer, at: number, writing: Writing): number {
  const next = body[at + 1]
  if (next === undefined) return at + 1
  const letters = next === 0x78 ? 2 : next === 0x75 ? 4 : next === 0x55 ? 8 : 0
  if (letters > 0) {
    const end = digitsEnd(body, at + 2, letters, 16)
    const isWhole = letters === 2 ? end > at + 2 : end === at + 2 + letters
    if (isWhole) {
      const code = Number.parseInt(body.toString('latin1', at + 2, end), 16)
      if (letters === 2) writing.add(code, at)
      else writing.addCode(code, at)
      return end
    }
  }
  const end = digitsEnd(body, at + 1, 3, 8)
  if (end > at + 1) {
    writing.add(Number.parseInt(body.toString('latin1', at + 1, end), 8) & 0xff, at)
    return end
  }
  writing.add(SIMPLE.get(next) ?? next, at)
  return at + 2
}

/** `\0041`, `\+000041`, `\\`. @returns behind it */
function readUnicode(body: Buffer, at: number, writing: Writing): number {
  const next = body[at + 1]
  if (next === body[at]) {
    writing.add(next as number, at)
    return at + 2
  }
  const start = next === PLUS ? at + 2 : at + 1
  const size = next === PLUS ? 6 : 4
  const end = digitsEnd(body, start, size, 16)
  if (end !== start + size) {
    writing.add(body[at] as number, at)
    return at + 1
  }
  writing.addCode(Number.parseInt(body.toString('latin1', start, end), 16), at)
  return end
}

function digitsEnd(body: Buffer, start: number, max: number, radix: 8 | 16): number {
  let at = start
  while (at < Math.min(body.length, start + max) && isDigit(body[at] as number, radix)) at++
  return at
}

function isDigit(byte: number, radix: 8 | 16): boolean {
  if (byte >= 0x30 && byte <= 0x37) return true
  const letter = byte | 0x20
  return radix === 16 && (byte === 0x38 || byte === 0x39 || (letter >= 0x61 && letter <= 0x66))
}
