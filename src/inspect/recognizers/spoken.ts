/** What is said of a secret in a sentence: `my password is …`, `Das Passwort lautet …`, `the API key "…"`. */

import type { AnchorShape, Extent } from './recognizer.ts'
import { byFirst } from './secret.ts'

/** @param isSaid whether a verb or a quote leads to it: without one it has to look more like what it is */
export type SpokenValid = (
  bytes: Uint8Array,
  start: number,
  end: number,
  isSaid: boolean,
) => boolean

const MAX_VALUE = 256

/** Between what it is and what it reads. */
const VERBS = byFirst([
  ...[
    'is ',
    'was ',
    'to ',
    'ist ',
    'lautet ',
    'war ',
    'est ',
    'es ',
    'é ',
    'è ',
    'er ',
    'är ',
    'on ',
  ],
  ...['to be ', 'will be ', 'has been set to ', 'set to ', 'is now ', 'is still ', 'is currently '],
  ...[
    'should be ',
    'should read ',
    'must be ',
    'was changed to ',
    'has changed to ',
    'changed to ',
  ],
  ...['reset to ', 'reads ', 'equals ', 'is set to ', 'ist jetzt ', 'lautet jetzt ', 'lautet nun '],
  ...['ist nun ', 'est maintenant ', 'es ahora ', 'agora é ', 'is nu ', 'to ', '- ', '– '],
])

/** @param nouns in lower case */
export function spoken(nouns: readonly string[], valid: SpokenValid): readonly AnchorShape[] {
  return nouns
    .flatMap((noun) => [noun, noun[0]?.toUpperCase() + noun.slice(1)])
    .map((noun) => {
      const literal = Buffer.from(`${noun} `).toString('latin1')
      return {
        kind: 'anchor',
        literal,
        extent: (bytes, at, _floor, limit, out) =>
          findValue(bytes, at, at + literal.length, limit, out, valid),
      }
    })
}

function findValue(
  bytes: Uint8Array,
  at: number,
  from: number,
  limit: number,
  out: Extent,
  valid: SpokenValid,
): void {
  out.start = at
  out.end = at
  const led = ledTo(bytes, from, limit)
  if (led === UNDECIDED) {
    out.reached = true
    return
  }
  let start = led + lengthAt(VERBS, bytes, led, limit)
  const marks = start
  while (start < limit && start - marks < 3 && isMark(bytes[start] as number)) start++
  const isSaid = start > led
  let end = start
  const bound = Math.min(limit, start + MAX_VALUE)
  while (end < bound && !isEnd(bytes[end] as number)) end++
  out.reached = end === limit
  if (end === bound && end < limit) return
  while (end > start && isPunctuation(bytes[end - 1] as number)) end--
  if (end === start || !valid(bytes, start, end, isSaid)) return
  out.start = start
  out.end = end
}

/** `for the admin account is `: what stands between, in bytes. */
const MAX_BETWEEN = 56
const UNDECIDED = -1
const BETWEEN = byFirst([
  ...[
    'for ',
    'of ',
    'on ',
    'für ',
    'zu ',
    'zum ',
    'zur ',
    'pour ',
    'du ',
    'de ',
    'para ',
    'per ',
    'voor ',
  ],
  ...['i gave', 'you asked'],
])

/** @returns where the verb begins, behind what says whose it is; `from` where nothing does */
function ledTo(bytes: Uint8Array, from: number, limit: number): number {
  if (lengthAt(BETWEEN, bytes, from, limit) === 0) return from
  const bound = Math.min(limit, from + MAX_BETWEEN)
  for (let at = from; at < bound; at++) {
    const byte = bytes[at] as number
    if (byte < 0x20 || byte === 0x3b || (byte === 0x2e && bytes[at + 1] === 0x20)) return from
    if (byte === 0x3a && bytes[at + 1] === 0x20) return at + 2
    if (byte === 0x20 && lengthAt(IS, bytes, at + 1, limit) > 0) return at + 1
  }
  return bound === limit ? UNDECIDED : from
}

const IS = byFirst(['is ', 'ist ', 'lautet ', 'est ', 'es ', 'é ', 'è ', 'was '])

/** @returns how long the longest of them is that is there, 0 for none */
function lengthAt(
  texts: readonly (readonly Uint8Array[])[],
  bytes: Uint8Array,
  at: number,
  limit: number,
): number {
  if (at >= limit) return 0
  for (const text of texts[bytes[at] as number] as readonly Uint8Array[])
    if (isThere(bytes, at, limit, text)) return text.length
  return 0
}

function isThere(bytes: Uint8Array, at: number, limit: number, text: Uint8Array): boolean {
  if (at + text.length > limit) return false
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text[i]) return false
  return true
}

/** A quote, a backtick, a star, a bracket, a `#`. */
function isMark(byte: number): boolean {
  return (
    byte === 0x22 ||
    byte === 0x27 ||
    byte === 0x60 ||
    byte === 0x2a ||
    byte === 0x28 ||
    byte === 0x23
  )
}

function isEnd(byte: number): boolean {
  return byte <= 0x20 || byte === 0x22 || byte === 0x60 || byte === 0x3c || byte === 0x5c
}

/** What ends a sentence or closes what was opened: but for `!`, with which passwords end. */
function isPunctuation(byte: number): boolean {
  return (
    byte === 0x2e ||
    byte === 0x2c ||
    byte === 0x3b ||
    byte === 0x3a ||
    byte === 0x27 ||
    byte === 0x2a ||
    byte === 0x29 ||
    byte === 0x3f
  )
}
