/** The Czech Republic, Hungary, Poland, Slovakia. */

import { digit, isRepeated, toNumber, weigh, weighValues } from './check-digits.ts'
import { isDay, isYymmdd, two } from './dates.ts'
import { id } from './id.ts'
import type { Recognizer } from './recognizer.ts'

export const IDS_CENTRAL_EUROPE: readonly Recognizer[] = [
  id('cz-rodne-cislo', {
    basis: 'mod 11, day of birth',
    words: [
      'rč',
      'r č',
      'rc',
      'rodné číslo',
      'rodné č',
      'rodn',
      'birth number',
      'cislo pojistence',
    ],
    alone: ['999999/9999'],
    near: ['9999999999', '999999/999', '999999 9999'],
    valid: isRodneCislo,
  }),
  id('cz-id-card', {
    basis: 'form',
    words: ['občanský průkaz', 'číslo op', 'cislo obcanskeho prukazu', 'id card'],
    near: ['999999999', '999999AA99'],
  }),
  id('cz-passport', {
    basis: 'form',
    words: ['číslo pasu', 'cestovni pas', 'czech passport'],
    near: ['99999999'],
  }),
  id('sk-rodne-cislo', {
    basis: 'mod 11, day of birth',
    words: ['rč', 'r č', 'rc', 'rodné číslo', 'rodné č', 'rodn', 'rodne c', 'slovak birth number'],
    alone: ['999999/9999'],
    near: ['9999999999', '999999/999', '999999 9999'],
    valid: isRodneCislo,
  }),
  id('sk-id-card', {
    basis: 'form',
    words: ['občiansky preukaz', 'číslo op', 'cislo obcianskeho preukazu', 'id card'],
    near: ['AA999999'],
  }),
  id('hu-taj', {
    basis: 'mod 10, weights 3 and 7',
    words: [
      'társadalombiztosítási',
      'taj',
      'taj szám',
      'tarsadalombiztositasi',
      'tb szam',
      'social security',
    ],
    near: ['999 999 999', '999-999-999', '999999999'],
    valid: isHuTaj,
    class: 'special',
  }),
  id('hu-tax-id', {
    basis: 'mod 11, first digit 8',
    words: ['adóazonosító', 'adóazonosító jel', 'adoszam', 'tax id', 'tin'],
    near: ['9999999999', '9 999 999 999'],
    valid: isHuTaxId,
  }),
  id('hu-personal-id', {
    basis: 'mod 11, day of birth',
    words: ['személyi szám', 'szemelyi azonosito', 'personal id'],
    near: ['9-999999-9999', '9 999999 9999', '99999999999'],
    valid: isHuPersonalId,
  }),
  id('hu-id-card', {
    basis: 'form',
    words: ['személyi igazolvány', 'szemelyigazolvany', 'okmanyazonosito', 'id card'],
    near: ['999999AA', 'AA999999'],
  }),
  id('pl-pesel', {
    basis: 'mod 10, day of birth',
    words: ['pesel', 'nr pesel', 'numer pesel'],
    near: ['99999999999', '999999-99999', '999999 99999'],
    valid: isPlPesel,
  }),
  id('pl-id-card', {
    basis: '7-3-1',
    words: ['dowód', 'dowód osobisty', 'dowodu', 'nr dowodu', 'seria i numer', 'id card'],
    near: ['AAA999999', 'AAA 999999', 'AAA-999999'],
    valid: (text) => weighValues(text, PL_CARD) % 10 === 0,
  }),
  id('pl-passport', {
    basis: '7-3-1',
    words: ['paszport', 'nr paszportu', 'numer paszportu', 'polish passport'],
    near: ['AA9999999', 'AA 9999999'],
    valid: (text) => weighValues(text, PL_PASSPORT) % 10 === 0,
  }),
  id('pl-nip', {
    basis: 'mod 11',
    words: ['nip', 'numer identyfikacji podatkowej', 'nr nip'],
    near: ['999-999-99-99', '999-99-99-999', '9999999999', '999 999 99 99'],
    valid: (text) => weigh(text, PL_NIP) % 11 === 0 && !isRepeated(text, 0, 10),
  }),
]

/**
 * Women: month + 50; where a day is used up: month + 20, since 2004. Nine digits until 1953, without a check digit; in some of those until 1985
 * the digit is 0 for a rest of 10.
 */
export function isRodneCislo(text: Uint8Array, length: number): boolean {
  const month = (two(text, 2) % 50) % 20
  const short = two(text, 0)
  const year = short + (length === 10 && short < 54 ? 2000 : 1900)
  if (length === 9 && short > 53) return false
  if (two(text, 2) > 82 || !isDay(year, month, two(text, 4))) return false
  if (length === 9) return toNumber(text, 6, 9) > 0
  const rest = toNumber(text, 0, 9) % 11
  return rest === digit(text, 9) || (rest === 10 && digit(text, 9) === 0 && year < 1986)
}

export function isHuTaj(text: Uint8Array): boolean {
  return weigh(text, HU_TAJ) % 10 === digit(text, 8) && !isRepeated(text, 0, 9)
}

const HU_TAJ = [3, 7, 3, 7, 3, 7, 3, 7]

/** 8, the days since 1867, a serial number, the check digit. */
export function isHuTaxId(text: Uint8Array): boolean {
  return digit(text, 0) === 8 && weigh(text, HU_TAX) % 11 === digit(text, 9)
}

const HU_TAX = [1, 2, 3, 4, 5, 6, 7, 8, 9]

/** Weights rise for those born until 1996 and fall since. */
export function isHuPersonalId(text: Uint8Array): boolean {
  if (digit(text, 0) === 0 || !isYymmdd(text, 1)) return false
  const check = digit(text, 10)
  return weigh(text, HU_RISING) % 11 === check || weigh(text, HU_FALLING) % 11 === check
}

const HU_RISING = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
const HU_FALLING = [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]

/** The century is in the month: + 20 since 2000, + 80 before 1900. */
export function isPlPesel(text: Uint8Array): boolean {
  const month = two(text, 2)
  const century = month > 80 ? 1800 : month > 40 ? 0 : month > 20 ? 2000 : 1900
  if (century === 0 || !isDay(century + two(text, 0), month % 20, two(text, 4))) return false
  return weigh(text, PL_PESEL) % 10 === 0
}

const PL_PESEL = [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]

/** The check digit is the first, and has a weight itself. */
const PL_CARD = [7, 3, 1, 9, 7, 3, 1, 7, 3]
const PL_PASSPORT = [7, 3, 9, 1, 7, 3, 1, 7, 3]
const PL_NIP = [6, 5, 7, 2, 3, 4, 5, 6, 7, -1]
