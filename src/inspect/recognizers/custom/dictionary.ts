/**
 * Exact values of a customer, e.g. of a table of employees, which neither the configuration nor its readers get to see: keyed hashes of
 * values of one to a few words. A quicker keyed hash tells nearly all words that are in none of them.
 */

import { createHmac, hash } from 'node:crypto'
import type { AnchorShape, Shape } from '../recognizer.ts'
import type { Compiled } from './custom.ts'
import type { Dictionary } from './document.ts'
import { beginningsOf, character, fold, isWordCode, readCharacter } from './words.ts'

const MAX_VALUES = 1_000_000
const MAX_WORDS = 6
/** UTF-8 bytes of a value. */
const MAX_BYTES = 128
const MIN_CHARACTERS = 4
/** Bytes of a hash that are kept. */
const HASH = 12
/** Bits of the filter for each value. */
const BITS = 16

/** @returns why a value cannot be in a dictionary, without saying it; null where it can */
export function faultOfValue(value: string): string | null {
  const folded = foldValue(value)
  if ([...folded].length < MIN_CHARACTERS) return `has fewer than ${MIN_CHARACTERS} characters`
  if (folded.split(' ').length > MAX_WORDS) return `has more than ${MAX_WORDS} words`
  if (Buffer.byteLength(folded) > MAX_BYTES) return `has more than ${MAX_BYTES} bytes`
  return null
}

/** @returns a dictionary of them, or which value cannot be in one */
export function hashDictionary(values: readonly string[], key: Buffer): Compiled<Dictionary> {
  if (values.length > MAX_VALUES) return { fault: `there are more than ${MAX_VALUES} values` }
  for (const [i, value] of values.entries()) {
    const fault = faultOfValue(value)
    if (fault !== null) return { fault: `value ${i + 1} ${fault}` }
  }
  const pads = toPads(key)
  const folded = [...new Set(values.map(foldValue))]
  const beginnings = new Set(folded.map((value) => [...value].slice(0, 2).join('')))
  const words = folded.reduce((most, value) => Math.max(most, value.split(' ').length), 1)
  const filter = new Uint8Array(2 ** Math.ceil(Math.log2(Math.max(64, folded.length * BITS))) / 8)
  const seed = seedOf(key)
  for (const value of folded) {
    let quick = seed
    for (const each of value) quick = mix(quick, each.codePointAt(0) ?? 0)
    setBit(filter, quick)
  }
  return {
    value: {
      beginnings: [...beginnings].sort(),
      words,
      hashes: folded.map((value) => hashOf(pads, value)).sort(),
      filter: Buffer.from(filter).toString('base64url'),
    },
  }
}

export function compileDictionary(
  { beginnings, words, hashes, filter: text }: Dictionary,
  key: Buffer,
): Compiled<readonly Shape[]> {
  const filter = Buffer.from(text, 'base64url')
  if (hashes.length === 0) return { fault: 'there are no values' }
  if (filter.length < 8 || (filter.length & (filter.length - 1)) !== 0)
    return { fault: 'the filter is damaged' }
  if (!Number.isInteger(words) || words < 1 || words > MAX_WORDS)
    return { fault: `values have 1 to ${MAX_WORDS} words` }
  const short = beginnings.find((beginning) => [...beginning].length !== 2)
  if (short !== undefined) return { fault: `\`${short}\` is not two characters` }
  const extent = look(new Set(hashes), filter, words, key)
  const literals = new Set(beginnings.flatMap(beginningsOf))
  return {
    value: [...literals].map((literal) => ({ kind: 'anchor', literal, extent, rest: 'A-Za-z0-9' })),
  }
}

/** The longest run of whole words from there on whose hash is known. */
function look(
  hashes: ReadonlySet<string>,
  filter: Uint8Array,
  words: number,
  key: Buffer,
): AnchorShape['extent'] {
  const seed = seedOf(key)
  const pads = toPads(key)
  return (bytes, at, _floor, limit, out) => {
    out.start = at
    out.end = at
    out.reached = false
    let quick = seed
    let end = at
    let left = words
    let isWord = false
    let isBlank = false
    while (end - at <= MAX_BYTES) {
      const isEnd = end >= limit || !readCharacter(bytes, end, limit)
      const { code, size } = character
      if (isEnd || (isWord && !isWordCode(code))) {
        if (hasBit(filter, quick) && hashes.has(hashOf(pads, foldValue(textOf(bytes, at, end)))))
          out.end = end
        if (isEnd) {
          out.reached = true
          return
        }
      }
      if (code === 0x20 && (isBlank || --left === 0)) return
      isBlank = code === 0x20
      isWord = isWordCode(code)
      quick = mix(quick, code)
      end += size
    }
  }
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8')
}

function foldValue(value: string): string {
  if (PLAIN.test(value)) return value.toLowerCase()
  const plain = value.normalize('NFC').replace(/\s+/gu, ' ').trim()
  return [...plain].map((each) => String.fromCodePoint(fold(each.codePointAt(0) ?? 0))).join('')
}

/** ASCII with single blanks between words. */
const PLAIN = /^[!-~]+(?: [!-~]+)*$/

function hashOf({ inner, outer }: Pads, value: string): string {
  const digest = hash('sha256', Buffer.concat([inner, Buffer.from(value)]), 'buffer')
  return hash('sha256', Buffer.concat([outer, digest]), 'buffer')
    .subarray(0, HASH)
    .toString('base64url')
}

/** What HMAC (RFC 2104) hashes before the value, and before the hash of that. Many values are hashed at once: made once. */
interface Pads {
  readonly inner: Buffer
  readonly outer: Buffer
}

const BLOCK = 64

function toPads(key: Buffer): Pads {
  const block = Buffer.alloc(BLOCK)
  key.copy(block)
  const pad = (by: number) => Buffer.from(block.map((byte) => byte ^ by))
  return { inner: pad(0x36), outer: pad(0x5c) }
}

function seedOf(key: Buffer): number {
  return createHmac('sha256', key).update('filter').digest().readInt32LE(0)
}

function mix(hash: number, code: number): number {
  const mixed = Math.imul(hash ^ code, 0x85ebca6b)
  return mixed ^ (mixed >>> 13)
}

function setBit(filter: Uint8Array, hash: number): void {
  const bit = hash & (filter.length * 8 - 1)
  filter[bit >> 3] = (filter[bit >> 3] as number) | (1 << (bit & 7))
}

function hasBit(filter: Uint8Array, hash: number): boolean {
  const bit = hash & (filter.length * 8 - 1)
  return ((filter[bit >> 3] as number) & (1 << (bit & 7))) !== 0
}
