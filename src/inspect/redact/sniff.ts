/** What a body is by its first bytes, where what it says of itself does not say, or is not to be believed. */

import { isAscii } from 'node:buffer'

/** Bytes by which it is told whether something is text. */
export const SNIFFED = 512

/** Of what says that it is text, so many: streams do not wait long. */
export const SNIFFED_OF_TEXT = 8

/** Files of which nobody reads the letters, by how they begin. */
const MAGIC = [
  '\x1f\x8b\x08',
  // zlib, as it is written with four levels but one of which it could be a text.
  '\x78\x01',
  '\x78\x9c',
  '\x78\xda',
  'PK\x03\x04',
  '%PDF-',
  '\x89PNG',
  '\xff\xd8\xff',
  'GIF8',
  'RIFF',
  '\x28\xb5\x2f\xfd',
  '7z\xbc\xaf',
  'BZh',
  '\x7fELF',
  'OggS',
  'ID3',
  'wOF',
  '\x00asm',
].map((text) => Buffer.from(text, 'latin1'))

const LONG_MAGIC = MAGIC.filter(({ length }) => length > 2)

/** Of bytes that are no text, at most one in so many. */
const RARE = 20

export function isBinary(bytes: Buffer): boolean {
  if (hasMagic(bytes) || bytes.includes(0)) return true
  return countOf(NOTHING, bytes) * RARE > bytes.length || isForeign(bytes)
}

/**
 * Whether what says that it is text turns out to be none: a byte of zero anywhere, as other ways to write text have them, or a beginning that
 * looks like none. In pieces.
 */
export class TextCheck {
  readonly #isUtf8: boolean
  #first: Buffer | null = Buffer.alloc(0)

  /** @param isUtf8 whether it can be written in no other way, as JSON (RFC 8259 section 8.1) */
  constructor(isUtf8: boolean) {
    this.#isUtf8 = isUtf8
  }

  /** @returns whether it is sure now that it is none */
  push(bytes: Buffer): boolean {
    if (bytes.includes(0)) return true
    if (this.#first === null) return false
    this.#first = Buffer.concat([this.#first, bytes.subarray(0, SNIFFED - this.#first.length)])
    return this.#first.length === SNIFFED && this.end()
  }

  /** That was all. */
  end(): boolean {
    const first = this.#first
    this.#first = null
    if (first === null) return false
    return isOdd(first) || (this.#isUtf8 && isForeign(first))
  }
}

/** Of a short text, so many say nothing. */
const FEW = 3

/** Too many that stand for nothing. */
function isOdd(bytes: Buffer): boolean {
  // Nearly all has none.
  if (!ANY_ODD.test(bytes.toString('latin1'))) return false
  const odd = countOf(NOTHING, bytes)
  return odd >= FEW && odd * RARE > bytes.length
}

function isForeign(bytes: Buffer): boolean {
  return !isAscii(bytes) && countOf(HIGH, bytes) * 3 > bytes.length && !isUtf8(bytes)
}

function countOf(table: Uint8Array, bytes: Buffer): number {
  let count = 0
  for (let at = 0; at < bytes.length; at++) count += table[bytes[at] as number] as number
  return count
}

const ANY_ODD = /[\x00-\x06\x0e-\x1a\x1c\x1d\x1f]/
/** Control characters that no text has. */
const NOTHING = new Uint8Array(256).fill(1, 0, 0x20)
for (const byte of Buffer.from('\x07\b\t\n\v\f\r\x1b\x1e', 'latin1')) NOTHING[byte] = 0
const HIGH = new Uint8Array(256).fill(1, 0x80)

/** Whether what says that it is text begins like a file, or with every other byte zero as in UTF-16 and UTF-32. */
export function isNoText(bytes: Buffer): boolean {
  const isWide = (first: number) => bytes[first] === 0 && bytes[first + 2] === 0
  return hasMagic(bytes) || isWide(0) || isWide(1)
}

/** Whether it begins like one of them, and not by chance: of random bytes one in millions does. */
export function isFile(bytes: Buffer): boolean {
  return hasOneOf(LONG_MAGIC, bytes)
}

/** Whether it begins like one of them. */
export function hasMagic(bytes: Buffer): boolean {
  return hasOneOf(MAGIC, bytes)
}

function hasOneOf(magics: readonly Buffer[], bytes: Buffer): boolean {
  for (const magic of magics) {
    let same = 0
    while (same < magic.length && bytes[same] === magic[same]) same++
    if (same === magic.length) return true
  }
  return false
}

/** The last character may be cut. */
function isUtf8(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
    return true
  } catch {
    return false
  }
}

/** `a=b&c=d` and nothing else. */
export function isForm(bytes: Buffer): boolean {
  return /^[\w.%+[\]*-]{1,100}=[^\s<>{}"]*$/.test(bytes.toString('latin1').trimEnd())
}

/** `<a`, `<!`, `<?`. */
export function isMarkup(bytes: Buffer): boolean {
  return /^(?:\xef\xbb\xbf)?\s*<[A-Za-z!?]/.test(bytes.toString('latin1', 0, 64))
}
