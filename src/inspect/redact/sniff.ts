/** What a body is by its first bytes, where what it says of itself does not say, or is not to be believed. */

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
  let odd = 0
  for (const byte of bytes) if (isNothing(byte)) odd++
  return odd * RARE > bytes.length || isForeign(bytes)
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
    return first !== null && (isOdd(first) || (this.#isUtf8 && isForeign(first)))
  }
}

/** Of a short text, so many say nothing. */
const FEW = 3

/** Too many that stand for nothing. */
function isOdd(bytes: Buffer): boolean {
  let odd = 0
  for (const byte of bytes) if (isNothing(byte)) odd++
  return odd >= FEW && odd * RARE > bytes.length
}

function isNothing(byte: number): boolean {
  return byte < 0x20 && (byte < 0x07 || byte > 0x0d) && byte !== 0x1b && byte !== 0x1e
}

function isForeign(bytes: Buffer): boolean {
  return !isUtf8(bytes) && highBytes(bytes) * 3 > bytes.length
}

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

function highBytes(bytes: Buffer): number {
  let count = 0
  for (const byte of bytes) if (byte >= 0x80) count++
  return count
}

/** `a=b&c=d` and nothing else. */
export function isForm(bytes: Buffer): boolean {
  return /^[\w.%+[\]*-]{1,100}=[^\s<>{}"]*$/.test(bytes.toString('latin1').trimEnd())
}

/** `<a`, `<!`, `<?`. */
export function isMarkup(bytes: Buffer): boolean {
  return /^(?:\xef\xbb\xbf)?\s*<[A-Za-z!?]/.test(bytes.toString('latin1', 0, 64))
}
