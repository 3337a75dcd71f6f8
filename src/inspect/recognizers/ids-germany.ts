/** Germany. */

import { areAt, digit, isAt, isMod11x10, isRepeated, sum731 } from './check-digits.ts'
import { two } from './dates.ts'
import { id } from './id.ts'
import type { Recognizer } from './recognizer.ts'

export const IDS_GERMANY: readonly Recognizer[] = [
  id('de-tax-id', {
    basis: 'mod 11,10, one digit twice or thrice',
    words: [
      'id nr',
      'steuer id',
      'steueridentifikationsnummer',
      'identifikationsnummer',
      'idnr',
      'tax id',
      'tin',
    ],
    alone: ['99 999 999 999'],
    near: ['99999999999', '99/999/999/999'],
    valid: isDeTaxId,
  }),
  id('de-tax-number', {
    basis: 'number of the state',
    words: ['st nr', 'steuernummer', 'steuer nr', 'stnr', 'tax number'],
    near: ['99/999/99999', '999/999/99999', '999/9999/9999', '9999999999999'],
    valid: isDeTaxNumber,
  }),
  id('de-rvnr', {
    basis: 'weights of the VKVV, area, day of birth',
    words: [
      'sv nummer',
      'rv nummer',
      'rvnr',
      'rentenversicherung',
      'rentenversicherungsnummer',
      'sozialversicherungsnummer',
      'svnr',
    ],
    alone: ['99999999A999', '99 999999 A 999', '99 999999 A 99 9'],
    near: ['99999999a999'],
    valid: isDeRvnr,
  }),
  id('de-kvnr', {
    basis: 'Luhn with the letter as two digits',
    words: [
      'kvnr',
      'krankenversichertennummer',
      'krankenversicherung',
      'versichertennummer',
      'krankenkasse',
    ],
    near: ['A999999999', 'a999999999', 'A 999 999 999'],
    valid: isDeKvnr,
    class: 'special',
  }),
  id('de-id-card', {
    basis: '7-3-1, letters in use',
    words: [
      'perso',
      'personalausweis nr',
      'personalausweis',
      'personalausweisnummer',
      'ausweisnummer',
      'ausweis',
      'id card',
    ],
    near: ['XXXXXXXXX9', 'XXXXXXXXX9A', 'XXXXXXXXX'],
    valid: isDeIdCard,
  }),
  id('de-passport', {
    basis: '7-3-1, letters in use',
    words: ['reisepass', 'reisepassnummer', 'passnummer', 'pass nr', 'german passport'],
    near: ['AXXXXXXXX9', 'AXXXXXXXX9A', 'AXXXXXXXX'],
    valid: (text, length) => isAt(text, 0, 'CFGHJK') && isDeIdCard(text, length),
  }),
  id('de-driver-license', {
    basis: 'form',
    words: [
      'führerschein',
      'fuehrerschein',
      'führerscheinnummer',
      'fuehrerscheinnummer',
      'fahrerlaubnis',
    ],
    near: ['A99XXXXXX9X', 'X999XXXXX9X'],
  }),
]

/** § 139b AO: of the first ten digits one occurs twice or thrice, though not three times in a row, the others once at most. */
export function isDeTaxId(text: Uint8Array): boolean {
  if (digit(text, 0) === 0) return false
  let once = 0
  let more = 0
  let repeats = 0
  for (let at = 0; at < 10; at++) {
    const bit = 1 << digit(text, at)
    if ((once & bit) !== 0) {
      more |= bit
      repeats++
    }
    once |= bit
    if (at > 1 && isRepeated(text, at - 2, at + 1)) return false
  }
  const isOne = (more & (more - 1)) === 0
  return isOne && (repeats === 1 || repeats === 2) && isMod11x10(text, 0, 11)
}

/** Ten or eleven digits as an office writes them, or the 13 of the whole country, which begin with the state. */
export function isDeTaxNumber(text: Uint8Array, length: number): boolean {
  if (isRepeated(text, 0, length)) return false
  if (length !== 13) return true
  const first = digit(text, 0)
  const state = first === 5 || first === 9 ? first : two(text, 0)
  return DE_STATES.includes(state) && digit(text, 4) === 0
}

const DE_STATES: readonly number[] = [5, 9, 10, 11, 21, 22, 23, 24, 26, 27, 28, 30, 31, 32, 40, 41]

/** § 2 VKVV: area, day of birth, first letter of the name, serial number, check digit. */
export function isDeRvnr(text: Uint8Array): boolean {
  const month = two(text, 4)
  if (month < 1 || month > 12 || two(text, 2) > 31 || !isDeArea(two(text, 0))) return false
  let sum = 0
  for (let at = 0, i = 0; at < 11; at++) {
    if (at !== 8) {
      sum += digitsOf(digit(text, at) * (DE_RVNR[i++] ?? 0))
      continue
    }
    const ordinal = (text[8] ?? 0) & 31
    sum += digitsOf(Math.floor(ordinal / 10) * (DE_RVNR[i++] ?? 0))
    sum += digitsOf((ordinal % 10) * (DE_RVNR[i++] ?? 0))
  }
  return sum % 10 === digit(text, 11)
}

const DE_RVNR = [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1]

/** Of the pension insurance: 02–40 with gaps, 42–82, and 89. */
function isDeArea(area: number): boolean {
  return area < 42 ? DE_AREAS.includes(area) : area <= 82 || area === 89
}

const DE_AREAS: readonly number[] = [
  2, 3, 4, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 23, 24, 25, 26, 28, 29, 38, 39, 40,
]

function digitsOf(number: number): number {
  return Math.floor(number / 10) + (number % 10)
}

/** § 290 SGB V, annex 1. */
export function isDeKvnr(text: Uint8Array): boolean {
  const ordinal = (text[0] ?? 0) & 31
  let sum = Math.floor(ordinal / 10) + digitsOf((ordinal % 10) * 2)
  for (let at = 1; at < 9; at++) sum += digitsOf(digit(text, at) * (at % 2 === 1 ? 1 : 2))
  return sum % 10 === digit(text, 9)
}

/** The number with or without its check digit, and the D that may follow. */
export function isDeIdCard(text: Uint8Array, length: number): boolean {
  if (!areAt(text, 0, 9, '0123456789CFGHJKLMNPRTVWXYZ') || isRepeated(text, 1, 9)) return false
  if (length === 9) return !areAt(text, 0, 9, 'CFGHJKLMNPRTVWXYZ')
  return sum731(text, 0, 9) === digit(text, 9) && (length === 10 || isAt(text, 10, 'D'))
}
