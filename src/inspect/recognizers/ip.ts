/** Addresses of machines in text, read outward from the first point or colon. */

import type { Extent } from './recognizer.ts'

/**
 * Four numbers up to 255 from the first `.` of them, on the public Internet: not one of the private, documentation and other special ranges of
 * RFC 6890, and not what stands behind a `v` or goes on with more numbers, as versions do.
 */
export function ipv4Extent(
  bytes: Uint8Array,
  at: number,
  floor: number,
  limit: number,
  out: Extent,
): void {
  out.start = at
  out.end = at
  let start = at
  while (start > floor && at - start < 4 && isDigit(bytes[start - 1] as number)) start--
  if (start === at || at - start > 3) return
  if (start > floor && isPartOfNumber(bytes[start - 1] as number)) return
  const bound = Math.min(limit, start + 17)
  PARTS.fill(0)
  let part = 0
  let digits = 0
  let i = start
  for (; i < bound; i++) {
    const byte = bytes[i] as number
    if (isDigit(byte)) {
      if (++digits > 3) return
      PARTS[part] = (PARTS[part] as number) * 10 + (byte & 15)
    } else if (byte === 0x2e && part < 3 && digits > 0) {
      part++
      digits = 0
    } else break
  }
  out.reached = i + 1 >= limit
  if (part !== 3 || digits === 0) return
  if (i < limit && (isPartOfNumber(bytes[i] as number) || bytes[i] === 0x2d)) {
    const endsSentence = bytes[i] === 0x2e && !(i + 1 < limit && isDigit(bytes[i + 1] as number))
    if (!endsSentence) return
  }
  if (!isPublic()) return
  out.start = start
  out.end = i
}

const PARTS = [0, 0, 0, 0]

function isPublic(): boolean {
  const [a = 0, b = 0, c = 0] = PARTS
  for (const part of PARTS) if (part > 255) return false
  if (a === 0 || a === 10 || a === 127 || a >= 224) return false
  if (a === 100 && b >= 64 && b <= 127) return false
  if (a === 169 && b === 254) return false
  if (a === 172 && b >= 16 && b <= 31) return false
  if (a === 192 && (b === 168 || (b === 0 && (c === 0 || c === 2)))) return false
  if (a === 198 && (b === 18 || b === 19 || (b === 51 && c === 100))) return false
  return !(a === 203 && b === 0 && c === 113)
}

const MAX_TEXT = 45

/** From a `:` that has hex digits or nothing before it. */
export function ipv6Extent(
  bytes: Uint8Array,
  at: number,
  floor: number,
  limit: number,
  out: Extent,
): void {
  out.start = at
  out.end = at
  let start = at
  while (start > floor && at - start < 4 && isHex(bytes[start - 1] as number)) start--
  if (start > floor && isWordOrColon(bytes[start - 1] as number)) return
  const bound = Math.min(limit, start + MAX_TEXT)
  let groups = 0
  let run = 0
  let gaps = 0
  let i = start
  for (; i < bound; i++) {
    const byte = bytes[i] as number
    if (isHex(byte)) {
      if (++run > 4) return
      if (run === 1) groups++
    } else if (byte === 0x3a) {
      if (run === 0 && i > start && bytes[i - 1] === 0x3a) gaps++
      run = 0
    } else break
  }
  out.reached = i === limit
  if (i < limit && isWordOrColon(bytes[i] as number)) return
  if (bytes[i - 1] === 0x3a && bytes[i - 2] !== 0x3a) i--
  const isWhole = gaps === 0 ? groups === 8 : gaps === 1 && groups >= 2 && groups <= 7
  if (isWhole) {
    out.start = start
    out.end = i
  }
}

const MAC_TEXT = 17

/** Six pairs of hex digits with `:` between them, from the first `:`. */
export function macExtent(
  bytes: Uint8Array,
  at: number,
  floor: number,
  limit: number,
  out: Extent,
): void {
  const start = at - 2
  const end = start + MAC_TEXT
  out.start = at
  out.end = at
  out.reached = false
  if (start < floor || (start > floor && isWordOrColon(bytes[start - 1] as number))) return
  let length = 0
  for (let i = start; i < end && i < limit; i++) {
    const byte = bytes[i] as number
    const isColon = (i - start) % 3 === 2
    if (isColon ? byte !== 0x3a : !isHex(byte)) return
    if (!isColon) MAC[length++] = byte
  }
  out.reached = end >= limit
  if (end > limit || (end < limit && isWordOrColon(bytes[end] as number)) || !isMac(MAC, length))
    return
  out.start = start
  out.end = end
}

const MAC = new Uint8Array(12)

/** Six pairs of hex digits, not all the same. */
export function isMac(text: Uint8Array, length: number): boolean {
  let same = true
  for (let i = 0; i < length; i++) {
    if (!isHex(text[i] as number)) return false
    if (text[i] !== text[i % 2]) same = false
  }
  return !same
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

/** A letter, a digit, a point, a dash: this is no number of its own. */
function isPartOfNumber(byte: number): boolean {
  return (
    isDigit(byte) || byte === 0x2e || byte === 0x5f || ((byte | 32) >= 0x61 && (byte | 32) <= 0x7a)
  )
}

function isHex(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || ((byte | 32) >= 0x61 && (byte | 32) <= 0x66)
}

function isWordOrColon(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) || ((byte | 32) >= 0x61 && (byte | 32) <= 0x7a) || byte === 0x3a
  )
}
