/** Characters of UTF-8 as those who compare words see them: without case, a blank for any blank. */

/** Set by `readCharacter`. */
export const character = { code: 0, size: 0 }

/** @returns false where it is cut off by `limit`; sets the folded code point and its bytes; what is no UTF-8 is a character of one byte */
export function readCharacter(bytes: Uint8Array, at: number, limit: number): boolean {
  const first = bytes[at] as number
  character.size = 1
  character.code = first
  if (first < 0x80) {
    if (first >= 0x41 && first <= 0x5a) character.code = first | 32
    else if (first === 0x0a || first === 0x0d || first === 0x09) character.code = 0x20
    return true
  }
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1
  if (at + size > limit) return false
  let code = size === 1 ? first : first & (0x7f >> size)
  for (let i = 1; i < size; i++) code = (code << 6) | ((bytes[at + i] as number) & 0x3f)
  character.size = size
  character.code = size === 1 || code > 0x10ffff ? 0xfffd : fold(code)
  return true
}

/** Lower case, where that is one character. */
export function fold(code: number): number {
  if (code === 0xa0) return 0x20
  const lower = String.fromCodePoint(code).toLowerCase()
  return lower.length === String.fromCodePoint(code).length ? (lower.codePointAt(0) ?? code) : code
}

/** A letter or digit of any script. */
export function isWordCode(code: number): boolean {
  if (code < 0x80) return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39)
  return /[\p{L}\p{N}\p{M}]/u.test(String.fromCodePoint(code))
}

/** The ways the first two characters of a folded text can be written, one byte per character, for the scanner to look for. */
export function beginningsOf(text: string): string[] {
  const [first = '', second = ''] = [...text]
  return spellings(first).flatMap((one) =>
    spellings(second).map((two) => Buffer.from(one + two).toString('latin1')),
  )
}

function spellings(text: string): string[] {
  if (text === ' ') return [' ', '\n', '\t']
  const upper = text.toUpperCase()
  return upper === text || [...upper].length !== 1 ? [text] : [text, upper]
}
