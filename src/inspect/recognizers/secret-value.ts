/**
 * What can be a password or a key where a name says that one stands there, and what only holds its place: `${DB_PASSWORD}`, `***`,
 * `your-api-key`, `changeme`, a type, a call in a program, a sentence about passwords.
 */

import { Next } from './reading.ts'
import { byFirst, distinct, isMixed, toSet } from './secret.ts'

/** Whole values, in lower case, that are none. */
const NONE: ReadonlySet<string> = new Set([
  ...['true', 'false', 'null', 'none', 'nil', 'undefined', 'nan', 'yes', 'no', 'on', 'off', 'n/a'],
  ...[
    'string',
    'str',
    'text',
    'number',
    'object',
    'any',
    'bytes',
    'bool',
    'boolean',
    'required',
    'uint8array',
  ],
  ...['optional', 'password', 'passwd', 'pass', 'pwd', 'secret', 'token', 'key', 'apikey', 'unset'],
  ...[
    'changeme',
    'change_me',
    'change-me',
    'placeholder',
    'example',
    'redacted',
    'removed',
    'todo',
  ],
  ...['masked', 'hidden', 'encrypted', 'empty', 'default', 'basic', 'bearer', 'plain', 'auto'],
  ...[
    'prompt',
    'file',
    'env',
    'self',
    'this',
    'invalid',
    'expired',
    'missing',
    'incorrect',
    'wrong',
  ],
])
/** By their first byte, a bit for each length that they have. */
const LENGTHS_OF_NONE = new Uint32Array(256)
for (const text of NONE) {
  const first = text.charCodeAt(0)
  LENGTHS_OF_NONE[first] = (LENGTHS_OF_NONE[first] as number) | (1 << text.length)
}
/** How it begins tells of a longer value as well. */
const MOST_READ = 64

/** What a value begins with that is filled in by something else; by its first byte. */
const BEGINNINGS = byFirst([
  ...['${', '$(', '{{', '<', '%(', '#{', '[', '@', '!!', 'process.env', 'os.environ', 'os.getenv'],
  ...[
    'env.',
    'env:',
    'secrets.',
    'vault:',
    'op://',
    'arn:',
    'ref+',
    'your',
    'my-',
    'my_',
    'example',
  ],
  ...['pii_', 'hash_', 'file:', 'kms:', 'ssm:', 'sops', 'enc[', 'data:'],
])

/** Phrases of sentences, in lower case. */
const PHRASES: readonly Uint8Array[] = [
  ...[' must', ' should', ' is ', ' are ', ' be ', ' your ', ' not ', ' the ', ' to ', ' for '],
  ...[' required', ' at least', ' and ', ' or ', ' a '],
].map((text) => Buffer.from(text))

function isSentence(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    at = SPACES.from(bytes, at, end)
    for (const phrase of PHRASES) if (startsWith(bytes, at, end, phrase)) return true
  }
  return false
}

/** A password under a name of its own: anything that is not a placeholder or a sentence. */
export function isPassword(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start
  if (length < 4 || length > 256 || isPlaceholder(bytes, start, end)) return false
  return !isSentence(bytes, start, end)
}

/** The same within a text or a program, where a word alone is more likely a type, a variable or a word. */
export function isWrittenPassword(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 5) return false
  if (!has(DIGITS, bytes, start, end) && !has(SIGNS, bytes, start, end)) return false
  return isPassword(bytes, start, end) && !isCode(bytes, start, end)
}

/** The same in a sentence; where nothing leads to it but the word before, with what only passwords have. */
export function isSpokenPassword(
  bytes: Uint8Array,
  start: number,
  end: number,
  isSaid: boolean,
): boolean {
  if (!has(DIGITS, bytes, start, end) || !isWrittenPassword(bytes, start, end)) return false
  if (isSaid) return true
  if (end - start < 8 || !has(LETTERS, bytes, start, end)) return false
  if (has(SIGNS, bytes, start, end)) return true
  return !isIdentifier(bytes, start, end) && isMixed(bytes, start, end)
}

/** A key in a sentence; where nothing leads to it but the word before, no hash either. */
export function isSpokenKey(
  bytes: Uint8Array,
  start: number,
  end: number,
  isSaid: boolean,
): boolean {
  if (!isWrittenKey(bytes, start, end) || bytes.subarray(start, end).includes(0x28)) return false
  return isSaid || (end - start >= 20 && isMixed(bytes, start, end))
}

/** A key or token: long, without blanks, of letters and digits. */
export function isKey(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start
  if (length < 12 || length > 8192 || has(BLANKS, bytes, start, end)) return false
  if (!has(DIGITS, bytes, start, end) || !has(LETTERS, bytes, start, end)) return false
  if (isPlaceholder(bytes, start, end)) return false
  if (isUuid(bytes, start, end) || isCode(bytes, start, end)) return false
  const most = Math.min(end, start + MOST_READ)
  return distinct(bytes, start, most) >= (length >= 20 ? 8 : 6)
}

/** The same within a text or a program: not the name of a type or a variable either. */
export function isWrittenKey(bytes: Uint8Array, start: number, end: number): boolean {
  return isKey(bytes, start, end) && !isIdentifier(bytes, start, end)
}

export function isPlaceholder(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start] as number
  if (isRepeated(bytes, start, Math.min(end, start + MOST_READ))) return true
  if (isNone(bytes, start, end)) return true
  const beginnings = BEGINNINGS[lower(first)] as readonly Uint8Array[]
  for (const beginning of beginnings) if (startsWith(bytes, start, end, beginning)) return true
  // `$NAME`, `%NAME%`, and what somebody has masked already.
  if (first === 0x24 && isName(bytes, start + 1, end)) return true
  if (first === 0x25 && bytes[end - 1] === 0x25) return true
  return MASKS.from(bytes, start, end) + 3 <= end
}

function isRepeated(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start + 1
  while (at < end && bytes[at] === bytes[start]) at++
  return at >= end
}

function isNone(bytes: Uint8Array, start: number, end: number): boolean {
  const lengths = LENGTHS_OF_NONE[lower(bytes[start] as number)] as number
  const length = end - start
  return length < 32 && ((lengths >>> length) & 1) === 1 && NONE.has(toLower(bytes, start, end))
}

const DIGITS = new Next(toSet('0-9'))
const LETTERS = new Next(toSet('A-Za-z'))
const BLANKS = new Next(Uint8Array.from({ length: 256 }, (_, byte) => isBlank(byte)))
/** Neither letters, digits, blanks nor `.`, `_`, `-`. */
const SIGNS = new Next(Uint8Array.from({ length: 256 }, (_, byte) => 1 - isPlain(byte)))
/** What no name in a program has. */
const NOT_OF_NAMES = new Next(toSet('A-Za-z0-9_.$').map((is) => 1 - is))
const SPACES = new Next(toSet(' '))
const DOTS = new Next(toSet('.'))
/** `*`, `•` (its last byte), and a row of `x`. */
const FILLERS = toSet('*xX')
const MASKS = new Next(
  FILLERS,
  (bytes, at) => FILLERS[bytes[at + 1] as number] === 1 && FILLERS[bytes[at + 2] as number] === 1,
)
const CALLS = new Next(toSet('A-Za-z'), (bytes, at) => bytes[at + 1] === 0x28)
const SCHEMES = new Next(toSet(':'), (bytes, at) => bytes[at + 1] === 0x2f)

function isBlank(byte: number): number {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a ? 1 : 0
}

function isPlain(byte: number): number {
  if (isBlank(byte) === 1 || isLetter(byte)) return 1
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x2e || byte === 0x5f || byte === 0x2d ? 1 : 0
}

function has(what: Next, bytes: Uint8Array, start: number, end: number): boolean {
  return what.from(bytes, start, end) < end
}

/** A call, a path or a name with dots in front of a word: `config.secret`, `getToken()`, `/run/secrets/db`. */
function isCode(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start]
  if (first === 0x2c || first === 0x29 || first === 0x3b || first === 0x5d) return true
  // Base 64 may begin like a path.
  if (
    (first === 0x2f && !isMixed(bytes, start, Math.min(end, start + MOST_READ))) ||
    (first === 0x2e && bytes[start + 1] === 0x2f)
  )
    return true
  if (bytes[end - 1] === 0x29 && CALLS.from(bytes, start, end) + 1 < end) return true
  if (SCHEMES.from(bytes, start, end) + 1 < end) return true
  return has(DOTS, bytes, start, end) && isIdentifier(bytes, start, end)
}

const DIGIT = 1
const LOWER = 2
const UPPER = 4

/** Words written together, `CachedX509Token`: letters mostly, and the same kind of them for some while. */
function isIdentifier(bytes: Uint8Array, start: number, end: number): boolean {
  if (has(NOT_OF_NAMES, bytes, start, end)) return false
  let digits = 0
  let changes = 0
  let before = 0
  /** Letters of the same kind that follow each other, and how many stand with two more. */
  let run = 0
  let inSmall = 0
  let inCapitals = 0
  let hasSmall = false
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number
    let kind = before
    if (byte >= 0x30 && byte <= 0x39) {
      digits++
      kind = DIGIT
    } else if (isLetter(byte)) kind = byte < 0x60 ? UPPER : LOWER
    // A capital and small letters are one word.
    if (kind !== before && before !== 0 && !(before === UPPER && kind === LOWER)) changes++
    run = !isLetter(byte) ? 0 : kind === before ? run + 1 : 1
    const added = run > 3 ? 1 : run === 3 ? 3 : 0
    if (kind === LOWER) {
      hasSmall = true
      inSmall += added
    } else inCapitals += added
    before = kind
  }
  const length = end - start
  return digits <= 4 && changes <= length * 0.3 && (hasSmall ? inSmall : inCapitals) * 3 >= length
}

export function isUuid(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === 36 && bytes[start + 8] === 0x2d && bytes[start + 13] === 0x2d
}

/** Upper-case letters, digits and `_`: a variable of the environment. */
function isName(bytes: Uint8Array, start: number, end: number): boolean {
  if (start >= end) return false
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number
    const isUpper = byte >= 0x41 && byte <= 0x5a
    if (!isUpper && byte !== 0x5f && !(i > start && byte >= 0x30 && byte <= 0x39)) return false
  }
  return true
}

function isLetter(byte: number): boolean {
  return (byte | 32) >= 0x61 && (byte | 32) <= 0x7a
}

function toLower(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  for (let i = start; i < end; i++) text += String.fromCharCode(lower(bytes[i] as number))
  return text
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 32 : byte
}

function startsWith(bytes: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  if (end - start < text.length) return false
  for (let i = 0; i < text.length; i++)
    if (lower(bytes[start + i] as number) !== text[i]) return false
  return true
}
