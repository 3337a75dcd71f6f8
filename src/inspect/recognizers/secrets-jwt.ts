/** JSON Web Tokens (RFC 7519, 7515, 7516): what looks like one, and whose first part is a JOSE header. */

import { Next, reading } from './reading.ts'
import type { AnchorShape, Recognizer } from './recognizer.ts'
import { none, secret, stop, toSet } from './secret.ts'

const BASE64URL = toSet('A-Za-z0-9_-')
const ENDS = new Next(BASE64URL.map((is) => 1 - is))
const ALG = Buffer.from('"alg"')
/** Of a header that is looked into. */
const MAX_HEADER = 1024

const extent: AnchorShape['extent'] = (bytes, at, _floor, limit, out) => {
  const header = ENDS.from(bytes, at, limit)
  if (header >= limit) return header - at > MAX_HEADER ? none(out, at) : stop(out, at)
  if (bytes[header] !== 0x2e || header - at < 10 || header - at > MAX_HEADER) return none(out, at)
  if (header + 1 < limit && !mayFollow(bytes[header + 1] as number)) return none(out, at)
  if (!hasAlgorithm(bytes, at, header)) return none(out, at)
  // Three parts, or five where it is encrypted; the signature of three may be empty, and of five the key.
  let end = header
  let seen = header
  for (let part = 1; part < 5 && seen < limit && bytes[seen] === 0x2e; part++) {
    const next = endOfRun(bytes, seen + 1, limit)
    const isEmpty = next === seen + 1
    seen = next
    // A full stop behind it is not part of it.
    if (isEmpty && part !== 2 && !(part === 1 && bytes[next] === 0x2e && next < limit)) break
    end = next
  }
  if (end === header) return seen < limit ? none(out, at) : stop(out, at)
  out.start = at
  out.end = end
  out.reached = seen >= limit
}

function endOfRun(bytes: Uint8Array, from: number, limit: number): number {
  let at = from
  while (at < limit && BASE64URL[bytes[at] as number] === 1) at++
  return at
}

/** A second part, or one that is left out. */
function mayFollow(byte: number): boolean {
  return BASE64URL[byte] === 1 || byte === 0x2e
}

/** Of headers that end alike, where the last one began that names no algorithm: by the place of its bits, as what begins behind it there is a piece of it. */
const without = { text: -1, header: -1, places: 0 }

function hasAlgorithm(bytes: Uint8Array, at: number, header: number): boolean {
  if (without.text !== reading.text || without.header !== header) {
    without.text = reading.text
    without.header = header
    without.places = 0
  }
  const place = 1 << (at & 3)
  if ((without.places & place) !== 0) return false
  if (namesAlgorithm(bytes, at, header)) return true
  without.places |= place
  return false
}

/** Whether what it decodes to has the name `alg`; decoded byte by byte, without keeping it. */
function namesAlgorithm(bytes: Uint8Array, start: number, end: number): boolean {
  let bits = 0
  let held = 0
  let same = 0
  for (let i = start; i < end; i++) {
    bits = ((bits << 6) | (SIX_BITS[bytes[i] as number] as number)) & 0xffff
    held += 6
    if (held < 8) continue
    held -= 8
    const byte = (bits >> held) & 255
    same = byte === ALG[same] ? same + 1 : byte === ALG[0] ? 1 : 0
    if (same === ALG.length) return true
  }
  return false
}

const SIX_BITS = new Uint8Array(256)
const CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
for (let i = 0; i < 64; i++) SIX_BITS[CHARACTERS.charCodeAt(i)] = i

export const JWT: Recognizer = secret('jwt', 'jwt, bearer, id token', 'header decodes', [
  { kind: 'anchor', literal: 'eyJ', extent, rest: 'A-Za-z0-9_.-' },
])
