/** Where tokens of SQL end that say it themselves: words, numbers, operators, comments. */

const MINUS = 0x2d
const SLASH = 0x2f
const STAR = 0x2a
const DOLLAR = 0x24
const POINT = 0x2e

export const BLANK = 1
export const START = 2
export const DIGIT = 4
export const OPERATOR = 8
export const MARK = 16
export const WORD = START | DIGIT
/** Indexed by byte: what a token may be that begins with it. */
export const CLASSES = new Uint8Array(256)
for (const byte of Buffer.from(' \t\r\n\f\v')) CLASSES[byte] = BLANK
for (const byte of Buffer.from('~!@#^&|`?+-*/%<>=')) CLASSES[byte] = OPERATOR
for (const byte of Buffer.from('()[],;.:')) CLASSES[byte] = MARK
CLASSES.fill(DIGIT, 0x30, 0x3a)
CLASSES.fill(START, 0x41, 0x5b)
CLASSES.fill(START, 0x61, 0x7b)
CLASSES.fill(START, 0x80)
CLASSES[0x5f] = START

/** Whether a word goes on with it. */
export function isWordByte(byte: number): boolean {
  return ((CLASSES[byte] as number) & WORD) !== 0 || byte === DOLLAR
}

/** @returns behind a number, without its sign */
export function numberEnd(bytes: Buffer, start: number): number {
  if (bytes[start] === 0x30) {
    const end = radixEnd(bytes, start)
    if (end > 0) return end
  }
  let at = digitsEnd(bytes, start)
  // `1..2` are two numbers.
  if (bytes[at] === POINT && bytes[at + 1] !== POINT) at = digitsEnd(bytes, at + 1)
  if (((bytes[at] ?? 0) | 0x20) !== 0x65) return at
  const sign = bytes[at + 1]
  const digits = at + (sign === 0x2b || sign === MINUS ? 2 : 1)
  return CLASSES[bytes[digits] ?? 0] === DIGIT ? digitsEnd(bytes, digits) : at
}

/** An operator ends where a comment begins. */
export function operatorEnd(bytes: Buffer, start: number): number {
  let at = start + 1
  while (CLASSES[bytes[at] ?? 0] === OPERATOR && !beginsComment(bytes, at)) at++
  return at
}

/** With `_` between them, as later servers take them. */
function digitsEnd(bytes: Buffer, start: number): number {
  let at = start
  for (; at < bytes.length; at++) {
    if (CLASSES[bytes[at] as number] === DIGIT) continue
    if (bytes[at] !== 0x5f || at === start || CLASSES[bytes[at + 1] ?? 0] !== DIGIT) break
  }
  return at
}

/** `0x1F`, `0o17`, `0b1`. @returns 0 where it is none */
function radixEnd(bytes: Buffer, start: number): number {
  const letter = (bytes[start + 1] ?? 0) | 0x20
  if (letter !== 0x78 && letter !== 0x6f && letter !== 0x62) return 0
  let at = start + 2
  while (at < bytes.length && isDigitOf(letter, bytes[at] as number)) at++
  return at > start + 2 ? at : 0
}

function isDigitOf(letter: number, byte: number): boolean {
  if (byte === 0x5f) return true
  if (letter === 0x62) return byte === 0x30 || byte === 0x31
  if (letter === 0x6f) return byte >= 0x30 && byte <= 0x37
  const lower = byte | 0x20
  return CLASSES[byte] === DIGIT || (lower >= 0x61 && lower <= 0x66)
}

/** `--` or a slash and a star. */
export function beginsComment(bytes: Buffer, at: number): boolean {
  const byte = bytes[at]
  if (byte === MINUS) return bytes[at + 1] === MINUS
  return byte === SLASH && bytes[at + 1] === STAR
}

/** @returns where the line ends, or the text */
export function lineEnd(bytes: Buffer, start: number): number {
  let at = start
  while (at < bytes.length && bytes[at] !== 0x0a && bytes[at] !== 0x0d) at++
  return at
}

/** Comments nest. @returns -1 where it has no end */
export function commentEnd(bytes: Buffer, start: number): number {
  let depth = 0
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === SLASH && bytes[at + 1] === STAR) {
      depth++
      at++
    } else if (byte === STAR && bytes[at + 1] === SLASH) {
      at++
      if (--depth === 0) return at + 1
    }
  }
  return -1
}
