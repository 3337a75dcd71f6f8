/** Canada, the United States. */

import { digit, isAt, isLuhn, isRepeated, toNumber, weigh } from './check-digits.ts'
import { isDay, two } from './dates.ts'
import { id } from './id.ts'
import type { Recognizer } from './recognizer.ts'

export const IDS_NORTH_AMERICA: readonly Recognizer[] = [
  id('us-ssn', {
    basis: 'areas, groups and serials that are given',
    words: [
      'social security no',
      'ssn',
      'social security',
      'social security number',
      'soc sec',

      'tin',
      'tax id',
    ],
    alone: ['999-99-9999'],
    near: ['999 99 9999', '999.99.9999', '999999999'],
    valid: isUsSsn,
  }),
  id('us-itin', {
    basis: 'groups that are given',
    words: ['itin', 'individual taxpayer', 'taxpayer identification', 'tin', 'tax id'],
    alone: ['999-99-9999'],
    near: ['999 99 9999', '999999999'],
    valid: isUsItin,
  }),
  id('us-ein', {
    basis: 'prefixes that are given',
    words: [
      'employer id',
      'ein',
      'fein',
      'employer identification',
      'federal tax id',
      'tax id',
      'tin',
    ],
    near: ['99-9999999', '999999999'],
    valid: (text) => isUsEinPrefix(two(text, 0)),
  }),
  id('us-ptin', {
    basis: 'form',
    words: ['ptin', 'preparer tax identification', 'preparer'],
    near: ['A99999999', 'A-99999999'],
    valid: (text) => isAt(text, 0, 'P'),
  }),
  id('us-npi', {
    basis: 'Luhn with 80840',
    words: ['npi', 'national provider', 'provider identifier', 'provider id'],
    near: ['9999999999', '9999-999-999', '9999 999 999'],
    valid: isUsNpi,
  }),
  id('us-dea', {
    basis: 'mod 10, letters in use',
    words: ['dea', 'dea number', 'drug enforcement', 'prescriber'],
    alone: ['AA9999999', 'A99999999'],
    near: ['aa9999999'],
    valid: isUsDea,
  }),
  id('us-mbi', {
    basis: 'classes of characters by place',
    words: ['mbi', 'medicare', 'medicare beneficiary', 'beneficiary identifier'],
    alone: ['9AX9AX9AA99', '9AX9-AX9-AA99'],
    near: ['9ax9ax9aa99', '9AX9 AX9 AA99'],
    valid: isUsMbi,
    class: 'special',
  }),
  id('us-passport', {
    basis: 'form',
    words: ['passport', 'passport number', 'passport no', 'passport card'],
    near: ['999999999', 'A99999999'],
    valid: (text, length) => !isRepeated(text, 1, length),
  }),
  id('us-alien-number', {
    basis: 'form',
    words: ['alien number', 'alien registration', 'uscis', 'uscis number'],
    near: ['A999999999', 'A99999999', 'A-999999999', 'A999-999-999', '999-999-999', '999999999'],
    valid: (text) => isAt(text, 0, 'A0123456789'),
  }),
  id('ca-sin', {
    basis: 'Luhn',
    words: [
      ...['sin', 'nas', 'social insurance', 'assurance sociale', 'social insurance number'],
      ...['canadian sin', 'sin number', 'numéro d assurance sociale'],
    ],
    near: ['999-999-999', '999 999 999', '999999999'],
    valid: (text) => isAt(text, 0, '12345679') && isLuhn(text, 0, 9) && !isRepeated(text, 0, 9),
  }),
  id('ca-bc-phn', {
    basis: 'mod 11, first digit 9',
    words: ['phn', 'personal health number', 'care card', 'bc services card'],
    near: ['9999999999', '9999 999 999', '9999-999-999'],
    valid: (text) =>
      digit(text, 0) === 9 && (11 - (weigh(text, BC_PHN, 1) % 11)) % 11 === digit(text, 9),
    class: 'special',
  }),
  id('ca-on-ohip', {
    basis: 'Luhn',
    words: ['ohip', 'ontario health', 'health card', 'health number', 'carte sante'],
    near: ['9999999999', '9999-999-999', '9999 999 999', '9999-999-999-AA', '9999-999-999 AA'],
    valid: (text) => isLuhn(text, 0, 10) && digit(text, 0) > 0,
    class: 'special',
  }),
  id('ca-qc-ramq', {
    basis: 'day of birth',
    words: ['ramq', 'assurance maladie', 'health insurance number', 'carte soleil'],
    alone: ['AAAA 9999 9999'],
    near: ['AAAA99999999', 'AAAA-9999-9999'],
    valid: (text) => isDay(two(text, 4), two(text, 6) % 50, two(text, 8)) && two(text, 6) < 63,
    class: 'special',
  }),
  id('ca-passport', {
    basis: 'form',
    words: ['passport', 'passeport', 'passport number', 'numéro de passeport'],
    near: ['AA999999', 'A999999AA'],
  }),
  id('ca-driver-license', {
    basis: 'form',
    words: ['driver licence', 'drivers licence', 'driver license', 'permis de conduire'],
    near: ['A9999-99999-99999', 'A99999999999999', 'A9999-999999-99', 'A999999999999', '9999999'],
  }),
]

/** Randomised since 2011: no check digit, but 000, 666 and 9xx, group 00 and serial 0000 are never given. */
export function isUsSsn(text: Uint8Array): boolean {
  const area = toNumber(text, 0, 3)
  if (area === 0 || area === 666 || area > 899) return false
  return two(text, 3) > 0 && toNumber(text, 5, 9) > 0 && !isRepeated(text, 0, 9)
}

/** IRS publication 1915: 9xx with the groups 50–65, 70–88, 90–92, 94–99. */
export function isUsItin(text: Uint8Array): boolean {
  if (digit(text, 0) !== 9) return false
  const group = two(text, 3)
  if (group < 50 || (group > 65 && group < 70)) return false
  return group !== 89 && group !== 93
}

/** IRS, "How EINs are assigned": all but these. */
export function isUsEinPrefix(prefix: number): boolean {
  return prefix > 0 && !NO_EIN.includes(prefix)
}

const NO_EIN = [7, 8, 9, 17, 18, 19, 28, 29, 49, 69, 70, 78, 79, 89, 96, 97]

/** 45 CFR 162.406: 24 is what 80840, the prefix of the issuer, adds to the sum. */
export function isUsNpi(text: Uint8Array): boolean {
  return (digit(text, 0) === 1 || digit(text, 0) === 2) && isLuhn(text, 0, 10, 24)
}

/** Kind of registrant, first letter of the name (or 9), six digits, check digit. */
export function isUsDea(text: Uint8Array): boolean {
  if (!isAt(text, 0, 'ABCDEFGHJKLMPRSTUX') || isRepeated(text, 2, 9)) return false
  if (!isAt(text, 1, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ9')) return false
  const odd = digit(text, 2) + digit(text, 4) + digit(text, 6)
  const even = digit(text, 3) + digit(text, 5) + digit(text, 7)
  return (odd + 2 * even) % 10 === digit(text, 8)
}

/** CMS, "Understanding the MBI": 1–9, then letters without S L O I B Z. */
export function isUsMbi(text: Uint8Array): boolean {
  if (digit(text, 0) === 0) return false
  for (let at = 1; at < 9; at++) if (isAt(text, at, 'SLOIBZ')) return false
  return true
}

const BC_PHN = [2, 4, 8, 5, 10, 9, 7, 3]
