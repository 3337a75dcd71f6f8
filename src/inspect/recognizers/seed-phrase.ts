/**
 * The words that a wallet is restored from (BIP 39). They are words of English like any other, so they are found only behind what they are
 * called: 12, 15, 18, 21 or 24 words of three to eight small letters, and nothing between them but blanks, commas, line ends and numbers.
 */

import type { AnchorShape, Recognizer } from './recognizer.ts'

const NAMES = [
  ...['seed phrase', 'seed words', 'seed', 'recovery phrase', 'recovery seed', 'mnemonic'],
  ...['mnemonic phrase', 'secret phrase', 'backup phrase', 'wallet phrase', 'recovery words'],
  ...[
    'wallet seed',
    'secret recovery phrase',
    'bip39',
    'wiederherstellungsphrase',
    'frase semilla',
  ],
]
/** As they begin in a text; what comes between and the words is skipped. */
const LITERALS = [
  ...['seed phrase', 'Seed phrase', 'Seed Phrase', 'seed words', 'Seed words', 'wallet seed'],
  ...['recovery phrase', 'Recovery phrase', 'Recovery Phrase', 'recovery seed', 'recovery words'],
  ...[
    'mnemonic',
    'Mnemonic',
    'MNEMONIC',
    'secret phrase',
    'backup phrase',
    'Wiederherstellungsphrase',
  ],
]

const COUNTS = [12, 15, 18, 21, 24]
const MAX_WORDS = 24
/** Between what it is called and the first word. */
const MAX_GAP = 32
/** Twenty-four words with their numbers. */
const MAX_LENGTH = 400

/** As many letters as fit into a number. */
const PACKED = 6

/** No words of the list: of sentences they are. */
const SENTENCE = packed(
  'the and for are was has have been not but can may must should which from its your our',
)
const LEADS = packed('is was ist lautet est es phrase words are of my the wallet for')

/** @returns behind the last word, or `start` where there are not as many as there have to be */
function phraseEnd(bytes: Uint8Array, start: number, limit: number): number {
  let at = start
  let end = start
  let count = 0
  while (count <= MAX_WORDS) {
    const from = at
    while (at < limit && isSmall(bytes[at])) at++
    if (at - from < 3 || at - from > 8 || isWord(bytes, at, limit)) break
    if (SENTENCE.has(pack(bytes, from, at))) {
      count = 0
      break
    }
    end = at
    count++
    at = pastGap(bytes, at, limit)
  }
  read = at
  return COUNTS.includes(count) ? end : start
}

/** Up to where the last phrase was read. */
let read = 0

/** Blanks, commas, line ends also as in JSON, and `12. `. */
function pastGap(bytes: Uint8Array, start: number, limit: number): number {
  let at = start
  while (at < limit && at - start < 8) {
    const byte = bytes[at] as number
    const isEscape = byte === 0x5c && bytes[at + 1] === 0x6e
    const isGap = byte <= 0x20 || byte === 0x2c || byte === 0x2e || byte === 0x29
    if (!isGap && !isEscape && !(byte >= 0x30 && byte <= 0x39)) break
    at += isEscape ? 2 : 1
  }
  return at
}

/** @returns where the first word begins that is not one of those that lead to it */
function firstWord(bytes: Uint8Array, start: number, limit: number): number {
  let at = start
  while (at < limit && at - start < MAX_GAP) {
    if (!isSmall(bytes[at])) {
      at++
      continue
    }
    let to = at
    while (to < limit && isSmall(bytes[to])) to++
    if (!LEADS.has(pack(bytes, at, to))) return at
    at = to
  }
  return at
}

function anchor(literal: string): AnchorShape {
  return {
    kind: 'anchor',
    literal,
    extent: (bytes, at, _floor, limit, out) => {
      const stop = Math.min(limit, at + literal.length + MAX_GAP + MAX_LENGTH)
      const from = firstWord(bytes, at + literal.length, stop)
      const end = phraseEnd(bytes, from, stop)
      out.reached = stop === limit && read >= limit
      out.start = end > from ? from : at
      out.end = end > from ? end : at
    },
  }
}

function isPhrase(bytes: Uint8Array, start: number, end: number): boolean {
  const from = pastGap(bytes, start, end)
  const last = phraseEnd(bytes, from, end)
  return last > from && pastGap(bytes, last, end) === end
}

function isSmall(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x61 && byte <= 0x7a
}

function isWord(bytes: Uint8Array, at: number, limit: number): boolean {
  const byte = at < limit ? (bytes[at] as number) : 0
  return (
    byte > 0x7f || byte === 0x27 || byte === 0x2d || byte === 0x5f || (byte >= 0x41 && byte <= 0x5a)
  )
}

/** Small letters as a number, so that to look a word up makes no string; 0 for longer ones. */
function pack(bytes: Uint8Array, start: number, end: number): number {
  if (end - start > PACKED) return 0
  let all = 0
  for (let at = start; at < end; at++) all = (all << 5) | ((bytes[at] as number) & 31)
  return all
}

function packed(words: string): ReadonlySet<number> {
  return new Set(words.split(' ').map((word) => pack(Buffer.from(word), 0, word.length)))
}

export const SEED_PHRASE: Recognizer = {
  type: 'crypto-seed-phrase',
  class: 'secret',
  readiness: 'on',
  words: [],
  shapes: [{ kind: 'key', keys: NAMES, valid: isPhrase }, ...LITERALS.map(anchor)],
  basis: 'the name, number and form of the words',
}
