/**
 * The form of tokens that stand for a value and lead back to it: `PII_EMAIL_7Q3KXW`. Letters, digits and `_` only: brackets would be escaped,
 * dropped or taken for markup on the way. Derived from a key and the value, so that the same text is redacted to the same bytes again
 * and caches of prompts keep their hits. The last character is a check of the ones before.
 */

import { ALPHABET, toBase32 } from './base32.ts'
import { digest } from './keys.ts'

const PREFIX = 'PII_'

/** Of the name of a kind, so that no token is longer than what is held back for it. */
const MAX_TYPE = 14

/** Characters that come from the value, and how many more may when two values would have the same. */
const DATA = 5
const MAX_EXTRA = 3
/** More characters that tell a spelling that is not the plain one: `4111 1111…` from `4111…`. */
const SPELLING = 2

/** Of what follows the head. */
export const MIN_BODY = DATA + 1
export const MAX_BODY = DATA + MAX_EXTRA + SPELLING + 1

/** `PII_EMAIL_` */
export function toHead(type: string): string {
  return `${PREFIX}${toTypeName(type).slice(0, MAX_TYPE).replace(/_+$/, '')}_`
}

/** `us-ssn` as it stands in tokens, labels and hashes: `US_SSN`. */
export function toTypeName(type: string): string {
  return type.toUpperCase().replace(/[^A-Z0-9]+/g, '_')
}

/**
 * The token of a value, and the longer ones to take instead where that is another value's.
 *
 * @param key of the agent it is for
 */
export function* candidateTokens(key: Buffer, type: string, value: string): Generator<string> {
  const plain = normalise(value)
  const data = toBase32(digest(key, type, plain), DATA + MAX_EXTRA)
  const spelling = plain === value ? '' : toBase32(digest(key, 'spelling', type, value), SPELLING)
  const head = toHead(type)
  for (let extra = 0; extra <= MAX_EXTRA; extra++) {
    const body = data.slice(0, DATA + extra) + spelling
    yield head + body + checkCharacter(head + body)
  }
}

/** Finds any one wrong character, and most that are swapped: every weight is odd, so none is lost modulo 32. */
export function checkCharacter(text: string): string {
  let sum = 0
  for (let i = 0; i < text.length; i++) sum += text.charCodeAt(i) * (2 * i + 1)
  return ALPHABET[sum & 31] ?? ''
}

/** Spellings of one value: case of an address, separators of a number. */
export function normalise(value: string): string {
  const text = value.normalize('NFC')
  if (/^[\d\s().+/-]+$/.test(text)) return text.replace(/[^\d+]/g, '')
  if (text.includes('@')) return text.toLowerCase()
  return text.replace(/\s+/g, ' ').trim()
}
