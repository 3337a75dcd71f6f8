/** The United Kingdom, Ireland. */

import { areAt, digit, isAt, isDigitAt, isRepeated, toNumber, weigh } from './check-digits.ts'
import { isDdmmyy, two } from './dates.ts'
import { id } from './id.ts'
import type { Recognizer } from './recognizer.ts'

export const IDS_UK_IRELAND: readonly Recognizer[] = [
  id('gb-nino', {
    basis: 'letters in use',
    words: ['ni no', 'nino', 'national insurance', 'national insurance number', 'ni number'],
    alone: ['AA999999A', 'AA 99 99 99 A', 'AA-99-99-99-A', 'AA 999999 A', 'AA-999999-A'],
    near: ['aa999999a', 'aa 99 99 99 a'],
    valid: isGbNino,
    validNear: (text) => isGbNino(text) || isSample(text),
  }),
  id('gb-nhs', {
    basis: 'mod 11',
    words: ['nhs', 'nhs number', 'national health service', 'hsc number'],
    near: ['999 999 9999', '999-999-9999', '9999999999'],
    valid: isGbNhs,
    class: 'special',
  }),
  id('gb-chi', {
    basis: 'mod 11, day of birth',
    words: ['chi', 'chi number', 'community health index'],
    near: ['9999999999', '999999 9999', '999-999-9999', '999 999 9999'],
    valid: (text, length) => isDdmmyy(text, 0) && isGbNhs(text, length),
    class: 'special',
  }),
  id('gb-utr', {
    basis: 'mod 11',
    words: ['utr', 'unique taxpayer reference', 'taxpayer reference', 'self assessment'],
    near: ['9999999999', '99999 99999', '9999 999999'],
    valid: isGbUtr,
  }),
  id('gb-driving-license', {
    basis: 'surname, day of birth',
    words: ['driving licence', 'driver number', 'dvla', 'driving license'],
    alone: ['XXXXX999999XXXAA', 'XXXXX 999999 XXXAA'],
    valid: isGbDrivingLicense,
  }),
  id('gb-passport', {
    basis: 'form',
    words: ['passport', 'passport number', 'passport no', 'hmpo'],
    near: ['999999999', 'AA9999999'],
    valid: (text, length) => !isRepeated(text, 0, length),
  }),
  id('ie-pps', {
    basis: 'mod 23',
    words: ['pps', 'ppsn', 'personal public service', 'pps number'],
    alone: ['9999999A', '9999999AA', '9999999 A', '9999999 AA'],
    near: ['9999999a', '9999999aa'],
    valid: isIePps,
  }),
  id('ie-passport', {
    basis: 'form',
    words: ['irish passport'],
    near: ['AA9999999', 'A9999999', 'AA999999'],
  }),
  id('ie-driver-license', {
    basis: 'form',
    words: ['driving licence', 'driver number', 'driving license'],
    near: ['999999999'],
  }),
]

/** `QQ 12 34 56 C`, as samples have it: the letters are given to nobody. */
function isSample(text: Uint8Array): boolean {
  return ((text[0] as number) | 32) === 0x71 && ((text[1] as number) | 32) === 0x71
}

/** HMRC NIM39110: no D F I Q U V in front, no O in second place, and some pairs that are other systems'. */
export function isGbNino(text: Uint8Array): boolean {
  if (!isAt(text, 0, 'ABCEGHJKLMNOPRSTWXYZ') || !isAt(text, 1, 'ABCEGHJKLMNPRSTWXYZ')) return false
  if (!isAt(text, 8, 'ABCD')) return false
  for (let i = 0; i < NO_NINO.length; i += 2) {
    if (isAt(text, 0, NO_NINO[i] ?? '') && isAt(text, 1, NO_NINO[i + 1] ?? '')) return false
  }
  return true
}

const NO_NINO = 'BGGBKNNKNTTNZZ'

/** NHS data dictionary: weights 10 down to 2; a check of 10 is never given. */
export function isGbNhs(text: Uint8Array, _length: number): boolean {
  return weigh(text, NHS) % 11 === 0 && !isRepeated(text, 0, 10)
}

const NHS = [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]

/** The first digit is the check digit. */
export function isGbUtr(text: Uint8Array): boolean {
  return isAt(text, 0, '21987654321'[weigh(text, UTR, 1) % 11] ?? '')
}

const UTR = [6, 7, 8, 9, 10, 5, 4, 3, 2]

/** Five letters of the surname, filled up with 9; decade, month (women + 50), day, year; initials. How it is checked is not public. */
export function isGbDrivingLicense(text: Uint8Array): boolean {
  let filled = false
  for (let at = 0; at < 5; at++) {
    if (isDigitAt(text, at)) filled = true
    else if (filled) return false
    if (filled && (at === 0 || digit(text, at) !== 9)) return false
  }
  const month = two(text, 6) > 50 ? two(text, 6) - 50 : two(text, 6)
  const day = two(text, 8)
  if (month < 1 || month > 12 || day < 1 || day > 31) return false
  return areAt(text, 11, 13, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ9') && isDigitAt(text, 10)
}

/** The letter behind the check letter counts nine times, W nothing. */
export function isIePps(text: Uint8Array, length: number): boolean {
  let sum = weigh(text, PPS)
  if (length === 9) {
    if (!isAt(text, 8, 'ABCDEFGHIWTX')) return false
    if (!isAt(text, 8, 'WTX')) sum += 9 * ((text[8] ?? 0) & 31)
  }
  const check = sum % 23
  return toNumber(text, 0, 7) > 0 && ((text[7] ?? 0) & 31) === (check === 0 ? 23 : check)
}

const PPS = [8, 7, 6, 5, 4, 3, 2]
