/** Bytes as the scanner sees them: ASCII letters and digits make words, everything from 0x80 on is between words. */

export const DIGIT = 1
export const UPPER = 2
export const LOWER = 4
/** Any letter or digit. */
export const WORD = 7

/** Indexed by byte: DIGIT, UPPER, LOWER, or 0. */
export const KINDS: Uint8Array = kinds()

/** Separators between groups: which they are. */
export const BLANK = 1
const DASH = 2
/** One of several bytes may begin here. */
export const WIDE = 7

/** Indexed by byte: which of the separators between groups it is, from 1; 0 for none. */
export const SEPARATORS: Uint8Array = separators()

export const BACKSLASH = 0x5c
/** From here on bytes of UTF-8 begin a character of several. */
export const FIRST_OF_SEVERAL = 0xc0

/** Indexed by byte: with a backslash before it, one character in JSON; `u` has four of HEX behind it. */
export const ESCAPED: Uint8Array = toAlphabet('nrtbf"\\/')
export const HEX: Uint8Array = toAlphabet('0-9a-fA-F')

export function kindOf(bytes: Uint8Array, index: number): number {
  return KINDS[bytes[index] as number] as number
}

/** @param ranges as between the brackets of a regular expression: `A-Za-z0-9_-`; a dash at the end is a dash */
export function toAlphabet(ranges: string): Uint8Array {
  const table = new Uint8Array(256)
  for (let i = 0; i < ranges.length; i++) {
    const from = ranges.charCodeAt(i)
    const isRange = ranges[i + 1] === '-' && i + 2 < ranges.length
    const to = isRange ? ranges.charCodeAt(i + 2) : from
    if (to < from || to > 255) throw new Error(`not an alphabet: ${ranges}`)
    table.fill(1, from, to + 1)
    if (isRange) i += 2
  }
  return table
}

/** Texts may be escaped as in JSON: the `n` of `\n` is no letter. @param at of a backslash  @returns where to go on, not behind `limit` */
export function behindEscape(bytes: Uint8Array, at: number, limit: number): number {
  const next = bytes[at + 1] as number
  if (next !== 0x75) return ESCAPED[next] === 1 ? Math.min(limit, at + 2) : at + 1
  for (let i = at + 2; i < at + 6; i++)
    if (i >= limit || HEX[bytes[i] as number] !== 1) return at + 1
  return at + 6
}

/** Bytes of the longest of them. */
const WIDEST = 3

/**
 * The blanks that keep what is around them in one line (U+00A0, U+2007, U+2009, U+202F), and dashes (U+2010 to U+2013, U+2212), as programs
 * set them into numbers.
 *
 * @returns the separator's bytes times eight and which one it is like; 0 for none, UNSETTLED where that is not there yet
 */
export function wideSeparator(bytes: Uint8Array, at: number, limit: number): number {
  const second = at + 1 < limit ? bytes[at + 1] : -1
  if (bytes[at] === 0xc2) {
    if (second === -1) return UNSETTLED
    return second === 0xa0 ? (2 << 3) | BLANK : 0
  }
  if (at + WIDEST > limit) return UNSETTLED
  const third = bytes[at + 2] as number
  if (second === 0x88 && third === 0x92) return (WIDEST << 3) | DASH
  if (second !== 0x80) return 0
  if (third === 0x87 || third === 0x89 || third === 0xaf) return (WIDEST << 3) | BLANK
  return third >= 0x90 && third <= 0x93 ? (WIDEST << 3) | DASH : 0
}

export const UNSETTLED = -1

function kinds(): Uint8Array {
  const table = new Uint8Array(256)
  table.fill(DIGIT, 0x30, 0x3a)
  table.fill(UPPER, 0x41, 0x5b)
  table.fill(LOWER, 0x61, 0x7b)
  return table
}

function separators(): Uint8Array {
  const table = new Uint8Array(256)
  ;[...' -./_'].forEach((separator, index) => {
    table[separator.charCodeAt(0)] = index + 1
  })
  table[0xc2] = WIDE
  table[0xe2] = WIDE
  return table
}
