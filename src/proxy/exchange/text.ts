/** Characters of HTTP as tables, and walking over them. Text is latin-1: one character is one byte. */

/** RFC 9110 section 5.6.2. */
export const TOKEN = toTable(
  "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
)
/** RFC 9110 section 5.5: HTAB, SP, visible characters and obs-text. */
export const VALUE = toTable(range(0x20, 0x7e), '\t', range(0x80, 0xff))
/** Visible characters of ASCII; a fragment never belongs in a request (RFC 9112 section 3.2). */
export const TARGET = toTable(range(0x21, 0x22), range(0x24, 0x7e))

/** The first index from `at` whose character is not in the table. */
export function skip(table: Uint8Array, text: string, at: number): number {
  let i = at
  while (table[text.charCodeAt(i)] === 1) i++
  return i
}

/** Digits that a method may have: it is nothing to say a number of somebody in. */
const MAX_METHOD_DIGITS = 4

/** @returns where the method ends (RFC 9110 section 9.1: a token); `from` where none begins that could be one */
export function skipMethod(text: string, from: number): number {
  const end = skip(TOKEN, text, from)
  let digits = 0
  for (let i = from; i < end; i++) if (isDigit(text.charCodeAt(i))) digits++
  return digits > MAX_METHOD_DIGITS ? from : end
}

/**
 * A copy. What V8 cuts from a string keeps the whole of it alive, and names and credentials outlive their head: in the
 * cache of the resolver, in a tunnel, in a queue.
 */
export function detach(text: string): string {
  return ` ${text}`.slice(1)
}

/** Without SP and HTAB at both ends; nothing else is white space here. */
export function trimBlanks(text: string): string {
  let from = 0
  let to = text.length
  while (isBlank(text.charCodeAt(from))) from++
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

export function isBlank(code: number): boolean {
  return code === SP || code === HTAB
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

const SP = 32
const HTAB = 9

function toTable(...parts: string[]): Uint8Array {
  const table = new Uint8Array(256)
  for (const character of parts.join('')) table[character.charCodeAt(0)] = 1
  return table
}

function range(from: number, to: number): string {
  return String.fromCharCode(...Array.from({ length: to - from + 1 }, (_, i) => from + i))
}
