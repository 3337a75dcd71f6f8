/**
 * Values of the same form that belong to nobody: out of ranges reserved for that where there are any, and with a checksum that fails where
 * there are none. The same value gets the same surrogate again, per key. Nothing of the value is in it but its form, and of an account
 * number the country.
 */

import { toBase32 } from './base32.ts'
import { createDraw, type Draw } from './draw.ts'
import { digest } from './keys.ts'
import { normalise } from './token.ts'

/** Tries until one is not a valid value by chance: of the weakest checksums every tenth is. */
const ROUNDS = 40

/**
 * @param isReal whether a text would be found to be of the kind: a surrogate must not
 * @returns null when every one that was tried would be
 */
export function toSurrogate(
  key: Buffer,
  type: string,
  value: string,
  isReal: (text: string) => boolean,
): string | null {
  const plain = normalise(value)
  const reserved = RESERVED[type]
  for (let round = 0; round < ROUNDS; round++) {
    const draw = createDraw(key, type, plain, round)
    if (reserved) return reserved(value, draw, key)
    const made = sameForm(value, draw)
    if (made !== value && !isReal(made)) return made
  }
  return null
}

/** Ranges that nobody has, and check digits that nothing has. */
const RESERVED: Readonly<Record<string, (value: string, draw: Draw, key: Buffer) => string>> = {
  email: (value, _draw, key) =>
    `user${toBase32(digest(key, normalise(value)), 8).toLowerCase()}@example.invalid`,
  'payment-card': toTestCard,
  'us-ssn': toUnissuedSsn,
  'phone-e164': toFictionalPhone,
  'phone-number': toFictionalPhone,
  phone: toFictionalPhone,
  iban: toImpossibleAccount,
  // RFC 5737, RFC 3849.
  ipv4: (_value, draw) => `192.0.2.${1 + draw.below(254)}`,
  ipv6: (_value, draw) => `2001:db8::${(1 + draw.below(65_535)).toString(16)}`,
}

/** Check digits are 02 to 98 (ISO 13616). */
function toImpossibleAccount(value: string, draw: Draw): string {
  const [country = 'XX'] = /^[A-Z]{2}/i.exec(value) ?? []
  return country + pour(value.slice(2), `00${digits(draw, 40)}`, draw)
}

/** A test number's first six digits (ISO/IEC 7812), and a last one that fails Luhn's check. */
function toTestCard(value: string, draw: Draw): string {
  const length = value.replace(/\D/g, '').length
  const head = `411111${digits(draw, Math.max(0, length - 7))}`
  const right = luhnDigit(head)
  return pour(value, head + ((right + 1 + draw.below(9)) % 10), draw)
}

/** Areas from 900 on are not issued, and groups below 50 are not of ITINs, which begin with 9 too. */
function toUnissuedSsn(value: string, draw: Draw): string {
  const group = String(1 + draw.below(49)).padStart(2, '0')
  return pour(value, `9${digits(draw, 2)}${group}${digits(draw, 4)}`, draw)
}

/** 555-0100 to 555-0199 in North America; elsewhere the country code 999, which is nobody's (ITU E.164). */
function toFictionalPhone(value: string, draw: Draw): string {
  const own = value.replace(/\D/g, '')
  const length = own.length
  const american = `${2 + draw.below(6)}0${1 + draw.below(9)}55501${digits(draw, 2)}`
  if (length === 10 && !value.trim().startsWith('+')) return pour(value, american, draw)
  if (length === 11 && own.startsWith('1')) return pour(value, `1${american}`, draw)
  return pour(value, `999${digits(draw, Math.max(0, length - 3))}`, draw)
}

/** Digits in place of digits, letters in place of letters of the same case; the rest stays where it was. */
function sameForm(value: string, draw: Draw): string {
  const first = value.search(/\d/)
  let i = 0
  let made = ''
  for (const character of value) {
    // A number that did not begin with zero must not begin with it now: where it stands unquoted that would be no number.
    const isLead = i === first && character !== '0'
    if (/\d/.test(character)) made += isLead ? 1 + draw.below(9) : draw.below(10)
    else if (/[a-z]/.test(character)) made += String.fromCharCode(97 + draw.below(26))
    else if (/[A-Z]/.test(character)) made += String.fromCharCode(65 + draw.below(26))
    else made += / |[-./@+():_]/.test(character) ? character : 'x'
    i += character.length
  }
  return made
}

/** Given digits in place of the digits of a form; letters drawn. */
function pour(form: string, given: string, draw: Draw): string {
  let next = 0
  return sameForm(form, draw).replace(/\d/g, (digit) => given[next++] ?? digit)
}

function digits(draw: Draw, count: number): string {
  let text = ''
  for (let i = 0; i < count; i++) text += draw.below(10)
  return text
}

/** What has to follow (ISO/IEC 7812-1 annex B). */
function luhnDigit(head: string): number {
  let sum = 0
  for (let i = 0; i < head.length; i++) {
    const digit = Number(head[head.length - 1 - i])
    sum += i % 2 === 0 ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit
  }
  return (10 - (sum % 10)) % 10
}
