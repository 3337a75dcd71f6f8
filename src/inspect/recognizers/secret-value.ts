/**
 * What can be a password or a key where a name says that one stands there, and what only holds its place: `${DB_PASSWORD}`, `***`,
 * `your-api-key`, `changeme`, a type, a call in a program, a sentence about passwords.
 */

import { distinct, isMixed } from './secret.ts'

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
const LONGEST_NONE = 11

/** What a value begins with that is filled in by something else. */
const BEGINNINGS: readonly Uint8Array[] = [
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
].map((text) => Buffer.from(text))

/** Phrases of sentences, in lower case. */
const PHRASES: readonly Uint8Array[] = [
  ...[' must', ' should', ' is ', ' are ', ' be ', ' your ', ' not ', ' the ', ' to ', ' for '],
  ...[' required', ' at least', ' and ', ' or ', ' a '],
].map((text) => Buffer.from(text))

/** A password under a name of its own: anything that is not a placeholder or a sentence. */
export function isPassword(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start
  if (length < 4 || length > 256 || isPlaceholder(bytes, start, end)) return false
  return !PHRASES.some((phrase) => includes(bytes, start, end, phrase))
}

/** The same within a text or a program, where a word alone is more likely a type, a variable or a word. */
export function isWrittenPassword(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 5 || !isPassword(bytes, start, end)) return false
  const kinds = kindsOf(bytes, start, end)
  if (isCode(bytes, start, end)) return false
  return (kinds & DIGIT) !== 0 || (kinds & OTHER) !== 0
}

/** The same in a sentence; where nothing leads to it but the word before, with what only passwords have. */
export function isSpokenPassword(
  bytes: Uint8Array,
  start: number,
  end: number,
  isSaid: boolean,
): boolean {
  if (!isWrittenPassword(bytes, start, end)) return false
  const kinds = kindsOf(bytes, start, end)
  if (isSaid) return (kinds & DIGIT) !== 0
  if (end - start < 8 || (kinds & DIGIT) === 0 || (kinds & LETTER) === 0) return false
  return (kinds & OTHER) !== 0 || (!isIdentifier(bytes, start, end) && isMixed(bytes, start, end))
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
  if (length < 12 || length > 8192 || isPlaceholder(bytes, start, end)) return false
  const kinds = kindsOf(bytes, start, end)
  if ((kinds & BLANK) !== 0 || (kinds & DIGIT) === 0 || (kinds & LETTER) === 0) return false
  if (isUuid(bytes, start, end) || isCode(bytes, start, end)) return false
  return distinct(bytes, start, Math.min(end, start + 256)) >= (length >= 20 ? 8 : 6)
}

/** The same within a text or a program: not the name of a type or a variable either. */
export function isWrittenKey(bytes: Uint8Array, start: number, end: number): boolean {
  return isKey(bytes, start, end) && !isIdentifier(bytes, start, end)
}

export function isPlaceholder(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start
  if (distinct(bytes, start, Math.min(end, start + 64)) <= 1) return true
  if (length <= LONGEST_NONE && NONE.has(toLower(bytes, start, end))) return true
  for (const beginning of BEGINNINGS) if (startsWith(bytes, start, end, beginning)) return true
  // `$NAME`, `%NAME%`, and what somebody has masked already.
  if (bytes[start] === 0x24 && isName(bytes, start + 1, end)) return true
  if (bytes[start] === 0x25 && bytes[end - 1] === 0x25) return true
  let stars = 0
  for (let i = start; i < end && stars < 3; i++) stars = isFiller(bytes[i]) ? stars + 1 : 0
  return stars >= 3
}

const DIGIT = 1
const LETTER = 2
const BLANK = 4
const OTHER = 8

function kindsOf(bytes: Uint8Array, start: number, end: number): number {
  let kinds = 0
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number
    if (byte >= 0x30 && byte <= 0x39) kinds |= DIGIT
    else if (isLetter(byte)) kinds |= LETTER
    else if (byte === 0x20 || byte === 0x09 || byte === 0x0a) kinds |= BLANK
    else if (byte !== 0x2e && byte !== 0x5f && byte !== 0x2d) kinds |= OTHER
  }
  return kinds
}

/** A call, a path or a name with dots in front of a word: `config.secret`, `getToken()`, `/run/secrets/db`. */
function isCode(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start]
  if (first === 0x2c || first === 0x29 || first === 0x3b || first === 0x5d) return true
  // Base 64 may begin like a path.
  if (
    (first === 0x2f && !isMixed(bytes, start, end)) ||
    (first === 0x2e && bytes[start + 1] === 0x2f)
  )
    return true
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number
    if (byte === 0x28 && i > start && isLetter(bytes[i - 1] as number) && bytes[end - 1] === 0x29)
      return true
    if (byte === 0x3a && bytes[i + 1] === 0x2f && i + 1 < end) return true
  }
  return isDotted(bytes, start, end)
}

/** Words with dots between them, and nothing else: `config.auth.secret`, `keys_1.ApiKeys`. */
function isDotted(bytes: Uint8Array, start: number, end: number): boolean {
  let dots = 0
  for (let i = start; i < end; i++) if (bytes[i] === 0x2e) dots++
  return dots > 0 && isIdentifier(bytes, start, end)
}

/** Words written together, `CachedX509Token`: letters mostly, and the same kind of them for some while. */
function isIdentifier(bytes: Uint8Array, start: number, end: number): boolean {
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
    } else if (isLetter(byte)) kind = byte < 0x60 ? OTHER : LETTER
    else if (byte !== 0x5f && byte !== 0x2e && byte !== 0x24) return false
    // A capital and small letters are one word.
    if (kind !== before && before !== 0 && !(before === OTHER && kind === LETTER)) changes++
    run = !isLetter(byte) ? 0 : kind === before ? run + 1 : 1
    const added = run > 3 ? 1 : run === 3 ? 3 : 0
    if (kind === LETTER) {
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

/** `*`, `•` (its last byte), and a row of `x`. */
function isFiller(byte: number | undefined): boolean {
  return byte === 0x2a || byte === 0x78 || byte === 0x58
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

function includes(bytes: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  for (let at = start; at + text.length <= end; at++)
    if (startsWith(bytes, at, end, text)) return true
  return false
}
