/** Australia, New Zealand. */

import {
  areAt,
  digit,
  isAt,
  isDigitAt,
  isLuhn,
  isRepeated,
  toNumber,
  value,
  weigh,
} from './check-digits.ts'
import { two } from './dates.ts'
import { id } from './id.ts'
import type { Recognizer } from './recognizer.ts'

export const IDS_OCEANIA: readonly Recognizer[] = [
  id('au-tfn', {
    basis: 'mod 11',
    words: ['tfn', 'tax file number', 'tax file'],
    near: ['999 999 999', '999999999', '999-999-999', '99999999'],
    valid: isAuTfn,
  }),
  id('au-medicare', {
    basis: 'mod 10, first digit',
    words: ['medicare', 'medicare number', 'medicare card'],
    near: ['9999 99999 9', '9999999999', '9999-99999-9', '99999999999', '9999 99999 9 9'],
    valid: isAuMedicare,
    class: 'special',
  }),
  id('au-ihi', {
    basis: 'Luhn, 80036',
    words: ['ihi', 'individual healthcare identifier', 'healthcare identifier'],
    alone: ['9999999999999999', '9999 9999 9999 9999'],
    valid: (text) => toNumber(text, 0, 5) === 80036 && isLuhn(text, 0, 16),
    class: 'special',
  }),
  id('au-abn', {
    basis: 'mod 89',
    words: ['abn', 'australian business number'],
    near: ['99 999 999 999', '99999999999'],
    valid: isAuAbn,
  }),
  id('au-acn', {
    basis: 'mod 10',
    words: ['acn', 'australian company number'],
    near: ['999 999 999', '999999999'],
    valid: (text) => (10 - (weigh(text, ACN) % 10)) % 10 === digit(text, 8),
  }),
  id('au-crn', {
    basis: 'form',
    words: ['crn', 'centrelink', 'customer reference number'],
    near: ['999 999 999A', '999999999A', '999-999-999A'],
  }),
  id('au-passport', {
    basis: 'form',
    words: ['australian passport'],
    near: ['A9999999', 'AA9999999'],
  }),
  id('au-driver-license', {
    basis: 'form',
    words: ['driver licence', 'drivers licence', 'driver license'],
    near: ['99999999', '999999999', '9999999999', '9999AA', '999999'],
    valid: (text, length) => !isRepeated(text, 0, length),
  }),
  id('nz-ird', {
    basis: 'mod 11',
    words: ['ird', 'ird number', 'inland revenue', 'inland revenue number'],
    near: ['999-999-999', '99-999-999', '999999999', '99999999', '999 999 999', '99 999 999'],
    valid: isNzIrd,
  }),
  id('nz-nhi', {
    basis: 'mod 11; mod 24 of the new ones',
    words: ['nhi', 'national health index', 'nhi number', 'health index'],
    near: ['AAA9999', 'AAA99AA'],
    valid: isNzNhi,
    class: 'special',
  }),
  id('nz-passport', {
    basis: 'form',
    words: ['new zealand passport'],
    near: ['AA999999'],
  }),
  id('nz-driver-license', {
    basis: 'form',
    words: ['driver licence', 'drivers licence', 'driver license', 'nzta'],
    near: ['AA999999'],
  }),
]

/** Of the old ones of eight digits two readings are about, both are taken. */
export function isAuTfn(text: Uint8Array, length: number): boolean {
  if (isRepeated(text, 0, length)) return false
  if (length === 9) return weigh(text, TFN) % 11 === 0
  return weigh(text, TFN_8) % 11 === 0 || weigh(text, TFN_8_PADDED) % 11 === 0
}

const TFN = [1, 4, 3, 7, 5, 8, 6, 9, 10]
const TFN_8 = [1, 4, 3, 7, 5, 8, 6, 9]
/** As if a 0 stood in front of the last. */
const TFN_8_PADDED = [1, 4, 3, 7, 5, 8, 6, 10]

/** Eight digits, the first 2–6, check digit, issue, and perhaps who of those on the card. */
export function isAuMedicare(text: Uint8Array): boolean {
  return (
    isAt(text, 0, '23456') && weigh(text, MEDICARE) % 10 === digit(text, 8) && digit(text, 9) > 0
  )
}

const MEDICARE = [1, 3, 7, 9, 1, 3, 7, 9]

/** One less in the first place. */
export function isAuAbn(text: Uint8Array): boolean {
  return two(text, 0) > 9 && (weigh(text, ABN) - 10) % 89 === 0
}

const ABN = [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]
const ACN = [8, 7, 6, 5, 4, 3, 2, 1]

/** Between 10 and 150 million; where the first weights end in 10, the second are tried. */
export function isNzIrd(text: Uint8Array, length: number): boolean {
  const number = toNumber(text, 0, length)
  if (number < 10_000_000 || number > 150_000_000) return false
  const from = length - 9
  const first = (11 - (weighFrom(text, IRD, from) % 11)) % 11
  const check = first < 10 ? first : (11 - (weighFrom(text, IRD_2, from) % 11)) % 11
  return check === digit(text, length - 1)
}

const IRD = [3, 2, 7, 6, 5, 4, 3, 2]
const IRD_2 = [7, 4, 3, 2, 5, 2, 7, 6]

/** As if the number had zeros in front. */
function weighFrom(text: Uint8Array, weights: readonly number[], from: number): number {
  let sum = 0
  for (let i = Math.max(0, -from); i < 8; i++) sum += digit(text, from + i) * (weights[i] ?? 0)
  return sum
}

/** HISO 10046: letters without I and O count 1–24. Of the new form mod 24 and, as revised, mod 23 are taken. */
export function isNzNhi(text: Uint8Array): boolean {
  if (!areAt(text, 0, 3, NHI)) return false
  let sum = 0
  for (let at = 0; at < 6; at++) {
    if (at === 5 && !isDigitAt(text, 5) && !isAt(text, 5, NHI)) return false
    sum += (isDigitAt(text, at) ? digit(text, at) : nhiValue(text, at)) * (7 - at)
  }
  if (isDigitAt(text, 6)) return sum % 11 > 0 && (11 - (sum % 11)) % 10 === digit(text, 6)
  const check = nhiValue(text, 6)
  return check === 24 - (sum % 24) || check === 23 - (sum % 23)
}

const NHI = 'ABCDEFGHJKLMNPQRSTUVWXYZ'

function nhiValue(text: Uint8Array, at: number): number {
  const ordinal = value(text, at) - 9
  return ordinal - (ordinal > 15 ? 2 : ordinal > 9 ? 1 : 0)
}
