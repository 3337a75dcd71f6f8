/**
 * What stands in a string of JSON (RFC 8259 section 7), without its escapes. Lenient: what is no escape stands for itself, so that a text
 * which is not quite JSON is looked at all the same.
 */

import { type Coding, NOT_YET, unit } from './coding.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const U = 0x75

/** Indexed by what follows the backslash: what it stands for. */
const SIMPLE = new Uint8Array(256)
for (const [letter, byte] of [
  [0x22, 0x22],
  [0x5c, 0x5c],
  [0x2f, 0x2f],
  [0x62, 0x08],
  [0x66, 0x0c],
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
] as const)
  SIMPLE[letter] = byte

/** Bytes of an escape, and of a pair of surrogates. */
const SIZE = 6
const LONGEST = 12
const MORE = -1
const NONE = -2

export const JSON_CODING: Coding = { lead: BACKSLASH, read, write: escapeJson }

function read(
  bytes: Buffer,
  at: number,
  end: number,
  isEnd: boolean,
  out: Buffer,
  to: number,
): number {
  if (at + 1 < end) {
    const next = bytes[at + 1] as number
    const simple = SIMPLE[next] as number
    if (simple !== 0) {
      out[to] = simple
      return unit(2, 1)
    }
    const first = next === U ? hex4(bytes, at + 2, end) : NONE
    if (first >= 0) return readCode(first, bytes, at, end, isEnd, out, to)
    if (first === MORE && !isEnd) return NOT_YET
  } else if (!isEnd) return NOT_YET
  out[to] = BACKSLASH
  return unit(1, 1)
}

function readCode(
  first: number,
  bytes: Buffer,
  at: number,
  end: number,
  isEnd: boolean,
  out: Buffer,
  to: number,
): number {
  if (first < 0xd800 || first > 0xdfff) return unit(SIZE, writeUtf8(first, out, to))
  const second = first < 0xdc00 ? lowSurrogate(bytes, at + SIZE, end) : NONE
  if (second === MORE && !isEnd) return NOT_YET
  if (second < 0) return unit(SIZE, writeUtf8(0xfffd, out, to))
  const code = 0x10000 + ((first - 0xd800) << 10) + second - 0xdc00
  return unit(LONGEST, writeUtf8(code, out, to))
}

/** @returns MORE when it may become one, NONE for none */
function lowSurrogate(bytes: Buffer, at: number, end: number): number {
  if (at >= end) return MORE
  if (bytes[at] !== BACKSLASH) return NONE
  if (at + 1 >= end) return MORE
  if (bytes[at + 1] !== U) return NONE
  const code = hex4(bytes, at + 2, end)
  return code >= 0 && (code < 0xdc00 || code > 0xdfff) ? NONE : code
}

/** @returns MORE when there is not all of it, NONE when it is none */
function hex4(bytes: Buffer, at: number, end: number): number {
  let value = 0
  for (let i = at; i < at + 4; i++) {
    if (i >= end) return MORE
    const digit = hexDigit(bytes[i] as number)
    if (digit < 0) return NONE
    value = value * 16 + digit
  }
  return value
}

/** @returns how many bytes */
function writeUtf8(code: number, out: Buffer, to: number): number {
  if (code < 0x80) {
    out[to] = code
    return 1
  }
  const size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  let rest = code
  for (let i = size - 1; i > 0; i--) {
    out[to + i] = 0x80 | (rest & 0x3f)
    rest >>= 6
  }
  out[to] = rest | (size === 2 ? 0xc0 : size === 3 ? 0xe0 : 0xf0)
  return size
}

export function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

/** A text as it stands between quotes. */
export function escapeJson(text: Buffer): Buffer {
  for (const byte of text) {
    if (byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH) continue
    return Buffer.from(JSON.stringify(text.toString('utf8')).slice(1, -1))
  }
  return text
}
