/**
 * Private keys that are written as text: PEM (RFC 7468), OpenSSH, PGP (RFC 9580), PuTTY, age, JWK. Found from the line that begins them to
 * the one that ends them; without one, as far as what stands there can belong to a key, so that half a key is found as well.
 */

import type { AnchorShape, Extent, Recognizer } from './recognizer.ts'
import { isRandom, none, prefix, secret, stop, toSet } from './secret.ts'

const BASE64 = toSet('A-Za-z0-9+/=')
const LABEL = toSet('A-Z0-9 ')
const PRIVATE = Buffer.from('PRIVATE KEY')
const BEGIN = '-----BEGIN '
const END = Buffer.from('-----END ')
const DASHES = Buffer.from('-----')

/** What a body goes on with, should its end not be in sight. */
const REST = 'A-Za-z0-9+/=\\n\\r '

/** Longest label, and longest word that is not taken for a piece of a key. */
const MAX_LABEL = 48
const MIN_PIECE = 16

const pemExtent: AnchorShape['extent'] = (bytes, at, _floor, limit, out) => {
  let end = at + BEGIN.length
  while (end < limit && end - at < MAX_LABEL && LABEL[bytes[end] as number] === 1) end++
  if (end + DASHES.length > limit) return stop(out, at)
  if (!isAt(bytes, end, limit, DASHES) || !hasPrivate(bytes, at, end)) return none(out, at)
  out.start = at
  const body = end + DASHES.length
  eatBody(bytes, body, limit, out)
  // The line alone, as programs have it.
  if (out.end === body && !out.reached) out.end = at
}

/** Reads on as long as it can be a key, each byte once. */
function eatBody(bytes: Uint8Array, from: number, limit: number, out: Extent): void {
  let at = from
  out.end = from
  out.reached = true
  while (at < limit) {
    const byte = bytes[at] as number
    if (byte === 0x2d) {
      if (!isBeginningAt(bytes, at, limit, END)) break
      return eatEnd(bytes, at, limit, out)
    }
    if (isGap(bytes, at, limit)) {
      at += byte === 0x5c ? 2 : 1
      continue
    }
    // The second half of it may be still to come.
    if (byte === 0x5c && at + 1 === limit) return
    const start = at
    while (at < limit && BASE64[bytes[at] as number] === 1) at++
    if (at === limit) {
      out.end = limit
      return
    }
    // `Proc-Type: 4,ENCRYPTED`, `Version: …`: to the end of its line.
    const header = at - start < MIN_PIECE * 2 ? headerEnd(bytes, start, limit) : 0
    if (header === UNDECIDED) return
    if (header > 0) at = header
    else if (at - start < MIN_PIECE && !isLastPiece(bytes, at, limit)) break
    out.end = at
    if (at === start) break
  }
  out.reached = at >= limit
}

/** `-----END …-----`, or as much of it as there is. */
function eatEnd(bytes: Uint8Array, at: number, limit: number, out: Extent): void {
  let end = Math.min(at + END.length, limit)
  while (end < limit && end - at < MAX_LABEL && LABEL[bytes[end] as number] === 1) end++
  while (end < limit && end - at < MAX_LABEL + 5 && bytes[end] === 0x2d) end++
  out.end = end
  out.reached = end === limit && end - at < MAX_LABEL
}

/** A blank, a line's end, or that as it is escaped. */
function isGap(bytes: Uint8Array, at: number, limit: number): boolean {
  const byte = bytes[at] as number
  if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) return true
  const next = bytes[at + 1]
  return byte === 0x5c && at + 1 < limit && (next === 0x6e || next === 0x72)
}

/** A short piece belongs to it where an end follows, or where it is padded. */
function isLastPiece(bytes: Uint8Array, at: number, limit: number): boolean {
  if (bytes[at - 1] === 0x3d) return true
  let next = at
  while (next < limit && next - at < 4 && isGap(bytes, next, limit))
    next += bytes[next] === 0x5c ? 2 : 1
  if (bytes[next] === 0x5c && next + 1 === limit) return true
  return next >= limit || bytes[next] === 0x2d
}

const UNDECIDED = -1

/** @returns the end of the line of a header field; 0 where none begins here, UNDECIDED where that is still to come */
function headerEnd(bytes: Uint8Array, start: number, limit: number): number {
  let at = start
  while (at < limit && at - start < 40 && (BASE64[bytes[at] as number] === 1 || bytes[at] === 0x2d))
    at++
  if (at === limit || (bytes[at] === 0x3a && at + 1 === limit)) return UNDECIDED
  if (at === start || bytes[at] !== 0x3a || bytes[at + 1] !== 0x20) return 0
  while (at < limit && at - start < 200 && bytes[at] !== 0x0a && bytes[at] !== 0x5c) at++
  return at
}

function hasPrivate(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at + PRIVATE.length <= end; at++)
    if (isAt(bytes, at, end, PRIVATE)) return true
  return false
}

function isAt(bytes: Uint8Array, at: number, limit: number, text: Uint8Array): boolean {
  return at + text.length <= limit && isBeginningAt(bytes, at, limit, text)
}

function isBeginningAt(bytes: Uint8Array, at: number, limit: number, text: Uint8Array): boolean {
  for (let i = 0; i < text.length && at + i < limit; i++)
    if (bytes[at + i] !== text[i]) return false
  return true
}

const MAC = Buffer.from('Private-MAC: ')
const HASH = Buffer.from('Private-Hash: ')

/** Lines of fields and of base 64, to the one with the checksum. */
const puttyExtent: AnchorShape['extent'] = (bytes, at, _floor, limit, out) => {
  out.start = at
  out.end = at
  out.reached = true
  let line = at
  let lines = 0
  while (line < limit) {
    let end = line
    let isField = false
    let isBase64 = true
    while (end < limit && bytes[end] !== 0x0a && end - line < 200) {
      if (bytes[end] === 0x3a && end - line < 30) isField = true
      if (BASE64[bytes[end] as number] !== 1 && bytes[end] !== 0x0d) isBase64 = false
      end++
    }
    const isLast = isAt(bytes, line, limit, MAC) || isAt(bytes, line, limit, HASH)
    if (!isField && (!isBase64 || end === line)) {
      out.reached = end === limit
      // The first line alone, as programs have it.
      if (lines < 2) out.end = at
      return
    }
    lines++
    out.end = end
    if (isLast) {
      out.reached = end === limit
      return
    }
    line = end + 1
  }
}

export const KEY_SECRETS: readonly Recognizer[] = [
  secret('private-key', 'private key, pem, ssh', 'begin and end', [
    { kind: 'anchor', literal: BEGIN, extent: pemExtent, rest: REST },
    { kind: 'anchor', literal: 'PuTTY-User-Key-File-', extent: puttyExtent, rest: REST },
    prefix(['AGE-SECRET-KEY-1'], 'AC-HJ-NP-Z02-9', 58),
    // The private number of an elliptic or RSA key in JSON (RFC 7518).
    {
      kind: 'key',
      keys: ['d', 'private key', 'private exponent'],
      whole: true,
      valid: (bytes, start, end) => end - start >= 43 && isKeyText(bytes, start, end),
    },
  ]),
]

const BASE64URL = toSet('A-Za-z0-9_+/=-')

function isKeyText(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (BASE64URL[bytes[i] as number] !== 1) return false
  return isRandom(bytes, start, end)
}
