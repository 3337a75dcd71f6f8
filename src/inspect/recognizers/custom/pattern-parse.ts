/**
 * A safe subset of regular expressions, over bytes: characters, classes, groups, `|`, and bounded or unbounded repetition. What needs
 * backtracking or looks around is refused with what to write instead.
 */

/** Which bytes. */
export type ByteSet = Uint8Array

export type Part =
  | { readonly kind: 'bytes'; readonly set: ByteSet }
  | { readonly kind: 'all'; readonly parts: readonly Part[] }
  | { readonly kind: 'one'; readonly parts: readonly Part[] }
  | { readonly kind: 'repeat'; readonly part: Part; readonly min: number; readonly max: number }

/** Repetition without a bound; what is found is no longer than `MAX_MATCH` anyway. */
export const MANY = Number.POSITIVE_INFINITY

const MAX_PATTERN = 500
const MAX_COUNT = 64
const MAX_DEPTH = 20

class Refused extends Error {}

export function parsePattern(
  text: string,
  ignoreCase: boolean,
): { readonly value: Part } | { readonly fault: string } {
  if (text.length > MAX_PATTERN) return { fault: `has more than ${MAX_PATTERN} characters` }
  try {
    const parser = new Parser(text, ignoreCase)
    return { value: parser.whole() }
  } catch (error) {
    if (error instanceof Refused) return { fault: `\`${text}\`: ${error.message}` }
    throw error
  }
}

class Parser {
  readonly #characters: readonly string[]
  readonly #ignoreCase: boolean
  #at = 0
  #depth = 0

  constructor(text: string, ignoreCase: boolean) {
    this.#characters = [...text]
    this.#ignoreCase = ignoreCase
  }

  whole(): Part {
    const part = this.#choice()
    if (this.#at < this.#characters.length) throw new Refused('a `)` without a `(`')
    return part
  }

  #choice(): Part {
    const parts = [this.#sequence()]
    while (this.#take('|')) parts.push(this.#sequence())
    return parts.length === 1 ? (parts[0] as Part) : { kind: 'one', parts }
  }

  #sequence(): Part {
    const parts: Part[] = []
    for (;;) {
      const next = this.#peek()
      if (next === undefined || next === '|' || next === ')') break
      parts.push(this.#repeated())
    }
    if (parts.length === 0) throw new Refused('an empty alternative or group')
    return { kind: 'all', parts }
  }

  #repeated(): Part {
    const part = this.#atom()
    const count = this.#count()
    if (count === null) return part
    if (this.#peek() === '?' || this.#peek() === '+')
      throw new Refused('lazy and possessive repetition is not needed: the longest match is found')
    if (this.#count() !== null) throw new Refused('a repetition of a repetition')
    const [min, max] = count
    if (max === MANY && hasMany(part))
      throw new Refused(
        'an unbounded repetition within another; give one of them a bound, e.g. `{1,20}`',
      )
    return { kind: 'repeat', part, min, max }
  }

  #count(): readonly [number, number] | null {
    if (this.#take('*')) return [0, MANY]
    if (this.#take('+')) return [1, MANY]
    if (this.#take('?')) return [0, 1]
    if (this.#peek() !== '{') return null
    const rest = this.#characters.slice(this.#at, this.#at + 12).join('')
    const match = /^\{(\d{1,3})(,(\d{0,3}))?\}/.exec(rest)
    if (!match) throw new Refused('a `{` that begins no count; write `\\{`')
    this.#at += match[0].length
    const min = Number(match[1])
    const max = match[2] === undefined ? min : match[3] ? Number(match[3]) : MANY
    if (min > MAX_COUNT || (max !== MANY && max > MAX_COUNT))
      throw new Refused(`a count above ${MAX_COUNT}`)
    if (max < min || max === 0) throw new Refused('a count that goes backwards or is nothing')
    return [min, max]
  }

  #atom(): Part {
    const next = this.#next()
    switch (next) {
      case '(':
        return this.#group()
      case '[':
        return bytes(this.#class())
      case '.':
        return bytes(setOf((byte) => byte !== 0x0a && byte !== 0x0d))
      case '\\':
        return this.#escape()
      case '^':
      case '$':
        throw new Refused(
          `\`${next}\`: a pattern is found anywhere, as a whole word; write \`\\${next}\` for the character`,
        )
      case '*':
      case '+':
      case '?':
      case '{':
        throw new Refused(`nothing before \`${next}\` to repeat`)
      default:
        return this.#character(next)
    }
  }

  #group(): Part {
    if (this.#take('?')) {
      const kind = this.#next()
      const after = this.#peek()
      if (kind === '=' || kind === '!' || (kind === '<' && (after === '=' || after === '!')))
        throw new Refused('lookaround; use `near` for words that have to be close by')
      if (kind === '<' || kind === 'P') throw new Refused('named groups; write `(?:…)`')
      if (kind !== ':') throw new Refused('flags; use `ignore_case`')
    }
    if (++this.#depth > MAX_DEPTH) throw new Refused(`groups more than ${MAX_DEPTH} deep`)
    const part = this.#choice()
    if (!this.#take(')')) throw new Refused('a `(` without a `)`')
    this.#depth--
    return part
  }

  #escape(): Part {
    const next = this.#next()
    if (/[1-9]/.test(next) || next === 'k') throw new Refused('backreferences')
    if (next === 'b') {
      // Whole words are what is found in any case.
      if (this.#at === 2 || this.#at === this.#characters.length) return { kind: 'all', parts: [] }
      throw new Refused('`\\b` within a pattern')
    }
    return bytes(this.#escaped(next))
  }

  #escaped(name: string): ByteSet {
    const known = ESCAPES[name]
    if (known) return known
    if (/[A-Za-z0-9]/.test(name)) throw new Refused(`\`\\${name}\` is not known`)
    return this.#single(name)
  }

  #class(): ByteSet {
    const isNegated = this.#take('^')
    const set = new Uint8Array(256)
    let isFirst = true
    while (isFirst || this.#peek() !== ']') {
      isFirst = false
      const from = this.#next()
      const low = from === '\\' ? this.#escaped(this.#next()) : this.#single(from)
      const upTo = this.#characters[this.#at + 1]
      if (this.#peek() === '-' && upTo !== ']' && upTo !== undefined) {
        this.#at++
        const to = this.#next()
        const high = to === '\\' ? this.#escaped(this.#next()) : this.#single(to)
        this.#addRange(set, low, high)
      } else for (let byte = 0; byte < 256; byte++) set[byte] = (set[byte] ?? 0) | (low[byte] ?? 0)
    }
    this.#at++
    return isNegated ? setOf((byte) => set[byte] !== 1) : set
  }

  #addRange(set: ByteSet, low: ByteSet, high: ByteSet): void {
    const first = low.indexOf(1)
    const last = high.lastIndexOf(1)
    const isOne = count(low) <= 2 && count(high) <= 2
    if (!isOne || low.lastIndexOf(1) > last) throw new Refused('a range that goes backwards')
    // Without case both ends are two characters: the upper-case range, then the lower-case one.
    for (let byte = first; byte <= high.indexOf(1); byte++) set[byte] = 1
    for (let byte = low.lastIndexOf(1); byte <= last; byte++) set[byte] = 1
  }

  /** One character of ASCII, in both cases where that is wanted. */
  #single(text: string): ByteSet {
    const code = text.codePointAt(0) ?? 0
    if (code > 0x7f) throw new Refused(`\`${text}\` in a class: only ASCII can stand there`)
    const set = new Uint8Array(256)
    set[code] = 1
    if (this.#ignoreCase && /[A-Za-z]/.test(text)) set[code ^ 0x20] = 1
    return set
  }

  #character(text: string): Part {
    if ((text.codePointAt(0) ?? 0) < 0x80) return bytes(this.#single(text))
    const spellings = this.#ignoreCase ? [text.toLowerCase(), text.toUpperCase()] : [text]
    const parts = [...new Set(spellings)].map((spelling): Part => {
      const each = [...Buffer.from(spelling)].map((byte) => bytes(setOf((other) => other === byte)))
      return { kind: 'all', parts: each }
    })
    return { kind: 'one', parts }
  }

  #peek(): string | undefined {
    return this.#characters[this.#at]
  }

  #next(): string {
    const next = this.#characters[this.#at++]
    if (next === undefined) throw new Refused('ends too early')
    return next
  }

  #take(text: string): boolean {
    if (this.#peek() !== text) return false
    this.#at++
    return true
  }
}

function bytes(set: ByteSet): Part {
  return { kind: 'bytes', set }
}

function hasMany(part: Part): boolean {
  if (part.kind === 'repeat') return part.max === MANY || hasMany(part.part)
  return part.kind !== 'bytes' && part.parts.some(hasMany)
}

function count(set: ByteSet): number {
  return set.reduce((sum, bit) => sum + bit, 0)
}

function setOf(has: (byte: number) => boolean): ByteSet {
  return Uint8Array.from({ length: 256 }, (_, byte) => (has(byte) ? 1 : 0))
}

const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39
const isWord = (byte: number) =>
  isDigit(byte) || byte === 0x5f || ((byte | 32) >= 0x61 && (byte | 32) <= 0x7a)
const isBlank = (byte: number) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)

const ESCAPES: Readonly<Record<string, ByteSet>> = {
  d: setOf(isDigit),
  D: setOf((byte) => !isDigit(byte)),
  w: setOf(isWord),
  W: setOf((byte) => !isWord(byte)),
  s: setOf(isBlank),
  S: setOf((byte) => !isBlank(byte)),
  t: setOf((byte) => byte === 0x09),
  n: setOf((byte) => byte === 0x0a),
  r: setOf((byte) => byte === 0x0d),
}
