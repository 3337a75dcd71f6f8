/** Tokens of GraphQL (specification of October 2021, section 2.1). Of a string what is between its quotes. */

export interface Token {
  readonly kind: 'name' | 'mark' | 'number' | 'string' | 'block' | 'comment'
  /** A bracket or another sign; empty for what is none. */
  readonly mark: string
  readonly start: number
  readonly end: number
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const MARKS = '!$&():=@[]{|}'
/** No number is longer. */
const MAX_NUMBER = 1024
const NAME = /[A-Za-z_][0-9A-Za-z_]*/y
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z_.])/y

export class Tokens implements Iterable<Token> {
  readonly #bytes: Buffer
  readonly #end: number
  /** Byte for byte. */
  readonly #text: string
  readonly #start: number
  /** Whether something was met that is no token; there is none behind it. */
  isBroken = false

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes
    this.#start = start
    this.#end = end
    this.#text = bytes.toString('latin1', start, end)
  }

  *[Symbol.iterator](): Generator<Token> {
    for (let at = this.#skipBlanks(this.#start); at < this.#end; ) {
      const token = this.#read(at)
      if (!token) {
        this.isBroken = true
        return
      }
      yield token
      at = this.#skipBlanks(
        token.end + (token.kind === 'string' ? 1 : token.kind === 'block' ? 3 : 0),
      )
    }
  }

  #read(at: number): Token | null {
    const letter = this.#text[at - this.#start] ?? ''
    if (MARKS.includes(letter)) return { kind: 'mark', mark: letter, start: at, end: at + 1 }
    if (letter === '"') return this.#readString(at)
    if (letter === '#') return this.#token('comment', at, this.#lineEnd(at))
    if (letter === '.') return this.#spread(at)
    return this.#match('name', NAME, at) ?? this.#match('number', NUMBER, at)
  }

  #token(kind: Token['kind'], start: number, end: number): Token {
    return { kind, mark: '', start, end }
  }

  #match(kind: 'name' | 'number', pattern: RegExp, at: number): Token | null {
    pattern.lastIndex = at - this.#start
    const [found] = pattern.exec(this.#text) ?? []
    if (found === undefined || (kind === 'number' && found.length > MAX_NUMBER)) return null
    return this.#token(kind, at, at + found.length)
  }

  #spread(at: number): Token | null {
    const isOne = this.#text.startsWith('...', at - this.#start)
    return isOne ? { kind: 'mark', mark: '...', start: at, end: at + 3 } : null
  }

  #readString(at: number): Token | null {
    const bytes = this.#bytes
    if (bytes[at + 1] === QUOTE && bytes[at + 2] === QUOTE && at + 2 < this.#end) {
      return this.#readBlock(at + 3)
    }
    for (let end = at + 1; end < this.#end; end++) {
      const byte = bytes[end]
      if (byte === QUOTE) return this.#token('string', at + 1, end)
      if (byte === 0x0a || byte === 0x0d) return null
      if (byte === BACKSLASH) end++
    }
    return null
  }

  /** Ends with three quotes that no backslash is before. */
  #readBlock(start: number): Token | null {
    let from = start - this.#start
    for (;;) {
      const found = this.#text.indexOf('"""', from)
      if (found < 0) return null
      if (found === start - this.#start || this.#text[found - 1] !== '\\') {
        return this.#token('block', start, this.#start + found)
      }
      from = found + 3
    }
  }

  #lineEnd(at: number): number {
    let end = at
    while (end < this.#end && this.#bytes[end] !== 0x0a && this.#bytes[end] !== 0x0d) end++
    return end
  }

  /** Blanks, commas, and the mark of order. */
  #skipBlanks(start: number): number {
    let at = start
    for (; at < this.#end; at++) {
      const byte = this.#bytes[at] as number
      const isMark = byte === 0xef && this.#bytes[at + 1] === 0xbb && this.#bytes[at + 2] === 0xbf
      if (isMark) at += 2
      else if (byte !== 0x20 && byte !== 0x2c && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) {
        break
      }
    }
    return Math.min(at, this.#end)
  }
}
