/** Where an e-mail address around an `@` begins and ends: RFC 5321's dot-string and a host name, which may have letters of other scripts (RFC 5890). */

import type { Extent } from './recognizer.ts'

const MAX_LOCAL = 64
const MAX_DOMAIN = 253

const LETTER = 1
const DIGIT = 2
const LOCAL = 4

const KINDS = new Uint8Array(256)
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz')
  KINDS[char.charCodeAt(0)] = LETTER
for (const char of '0123456789') KINDS[char.charCodeAt(0)] = DIGIT
for (const char of "._%+-'") KINDS[char.charCodeAt(0)] = LOCAL

const UNDERSCORE = 0x5f

export function emailExtent(
  bytes: Uint8Array,
  at: number,
  floor: number,
  limit: number,
  out: Extent,
): void {
  extentAround(bytes, at, 1, floor, limit, out)
}

/** The same around `%40`, as it stands in URLs. */
export function encodedEmailExtent(
  bytes: Uint8Array,
  at: number,
  floor: number,
  limit: number,
  out: Extent,
): void {
  extentAround(bytes, at, 3, floor, limit, out)
}

/** @param size of the sign */
function extentAround(
  bytes: Uint8Array,
  at: number,
  size: number,
  floor: number,
  limit: number,
  out: Extent,
): void {
  out.start = at
  out.end = at
  let start = at
  while (start > floor && at - start < MAX_LOCAL && KINDS[bytes[start - 1] as number] !== 0) start--
  while (start < at && (KINDS[bytes[start] as number] as number) === LOCAL) start++
  if (start === at || bytes[at - 1] === 0x2e) return
  const end = domainEnd(bytes, at + size, limit, out)
  if (end === 0 || isService(bytes, start, at) || isPassword(bytes, start, floor)) return
  // One that begins with `_`, unless it is set between two of them.
  const isSlanted = end < limit && bytes[end] === UNDERSCORE
  out.start = start > floor && bytes[start - 1] === UNDERSCORE && !isSlanted ? start - 1 : start
  out.end = end
}

/** @returns behind the top-level domain, or 0 */
function domainEnd(bytes: Uint8Array, from: number, limit: number, out: Extent): number {
  const bound = Math.min(limit, from + MAX_DOMAIN + 1)
  let label = from
  let end = 0
  let isName = true
  let at = from
  for (; at < bound; at++) {
    const byte = bytes[at] as number
    const kind = KINDS[byte] as number
    if (kind === LETTER || (byte > 0x7f && goesOn(bytes, label, at))) continue
    if (kind === DIGIT || byte === 0x2d) {
      isName = false
      continue
    }
    if (byte !== 0x2e) break
    if (at === label) return end
    if (isName && label > from && at - label >= 2) end = at
    label = at + 1
    isName = true
  }
  out.reached = at === limit
  if ((isName || isEncoded(bytes, label, at)) && label > from && at - label >= 2) {
    return at - label <= 24 ? at : end
  }
  // `me@example.com.` ends a sentence; `me@example.c0m` and `a@1.2` are none.
  return at === label ? end : 0
}

/** `ü` and `ж` go on with a label; what is written without blanks and follows `com` is text: `me@example.com。` */
function goesOn(bytes: Uint8Array, label: number, at: number): boolean {
  const byte = bytes[at] as number
  if (byte < 0xc0) return true
  return byte < 0xe0 ? byte !== 0xc2 : at === label || (bytes[at - 1] as number) > 0x7f
}

/** `xn--p1ai`. */
function isEncoded(bytes: Uint8Array, label: number, end: number): boolean {
  return end - label > 5 && ((bytes[label] as number) | 32) === 0x78 && bytes[label + 2] === 0x2d
}

/** `git@host:path` is how code is fetched, not a person. */
function isService(bytes: Uint8Array, start: number, at: number): boolean {
  return (
    at - start === 3 &&
    bytes[start] === 0x67 &&
    bytes[start + 1] === 0x69 &&
    bytes[start + 2] === 0x74
  )
}

/** `//user:` in front: that is the password of a URL. */
function isPassword(bytes: Uint8Array, start: number, floor: number): boolean {
  if (start <= floor || bytes[start - 1] !== 0x3a) return false
  let at = start - 1
  while (at > floor && KINDS[bytes[at - 1] as number] !== 0) at--
  return at > floor + 1 && bytes[at - 1] === 0x2f && bytes[at - 2] === 0x2f
}
