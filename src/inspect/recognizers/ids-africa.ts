/** Africa but for Egypt. */

import {
  digit,
  isAt,
  isLetterAt,
  isLuhn,
  isVerhoeff,
  toNumber,
  weigh,
  weighValues,
} from './check-digits.ts'
import { isDdmmyy, isYymmdd, isYyyymmdd, two } from './dates.ts'
import { id } from './id.ts'
import type { Recognizer } from './recognizer.ts'

const NATIONAL_ID = ['national id', 'national id number', 'identity number']
const IDENTITE = ['carte nationale', 'carte d identité', 'cin', 'cni', 'numéro d identité', 'nin']

export const IDS_AFRICA: readonly Recognizer[] = [
  id('za-id', {
    basis: 'Luhn, day of birth',
    words: ['rsa id', 'sa id', 'south african id', 'identity number', 'id number'],
    alone: ['999999 9999 99 9', '999999 9999 999'],
    near: ['9999999999999', '999999-9999-999', '999999 9999999'],
    valid: isZaId,
  }),
  id('za-tax-number', {
    basis: 'Luhn',
    words: ['sars', 'tax reference', 'income tax number', 'tax number'],
    near: ['9999999999', '9999/999/99/9', '999/9999/999'],
    valid: (text) => isAt(text, 0, '01239') && isLuhn(text, 0, 10),
  }),
  id('ng-nin', {
    basis: 'Verhoeff',
    words: ['nin', 'nimc', 'national identification number', 'national identity number'],
    near: ['99999999999', '9999 999 9999'],
    valid: (text) => isVerhoeff(text, 0, 11),
  }),
  id('ng-bvn', {
    basis: 'form',
    words: ['bvn', 'bank verification', 'bank verification number'],
    near: ['99999999999'],
    valid: (text) => isAt(text, 0, '2') && isAt(text, 1, '2'),
  }),
  id('ke-kra-pin', {
    basis: 'form',
    words: ['kra', 'kra pin', 'tax pin', 'itax'],
    alone: ['A999999999A'],
    near: ['a999999999a'],
    valid: (text) => isAt(text, 0, 'AP') && digit(text, 1) === 0,
  }),
  id('ke-national-id', {
    basis: 'form',
    words: ['kitambulisho', 'kenyan id', 'huduma', 'maisha', ...NATIONAL_ID],
    near: ['99999999', '9999999'],
  }),
  id('gh-card', {
    basis: 'form',
    words: ['ghana card', 'ghanacard', 'nia', 'gha'],
    alone: ['AAA-999999999-9'],
    near: ['AAA9999999999'],
    valid: (text) => isAt(text, 0, 'G') && isAt(text, 1, 'H') && isAt(text, 2, 'A'),
  }),
  id('gh-tin', {
    basis: 'mod 11',
    words: ['tin', 'gra', 'tax identification number'],
    near: ['A999999999X'],
    valid: isGhTin,
  }),
  id('ma-cin', {
    basis: 'form',
    words: ['cnie', ...IDENTITE],
    near: ['AA999999', 'A999999', 'AA99999'],
  }),
  id('tn-cin', { basis: 'form', words: ['bitaqa', ...IDENTITE], near: ['99999999'] }),
  id('dz-nin', {
    basis: 'form',
    words: ['numéro d identification nationale', 'nin', 'nif'],
    near: ['999999999999999999'],
    valid: (text) => isAt(text, 0, '12'),
  }),
  id('ly-nid', {
    basis: 'sex and year of birth',
    words: ['raqam watani', ...NATIONAL_ID],
    near: ['999999999999'],
    valid: (text) =>
      isAt(text, 0, '12') && toNumber(text, 1, 5) > 1899 && toNumber(text, 1, 5) < 2050,
  }),
  id('sn-nin', {
    basis: 'sex',
    words: IDENTITE,
    near: ['9 999 9999 99999', '9999999999999'],
    valid: isSenegal,
  }),
  id('tz-nida', {
    basis: 'day of birth',
    words: ['nida', 'nin', 'kitambulisho cha taifa'],
    alone: ['99999999-99999-99999-99'],
    near: ['99999999999999999999'],
    valid: (text) => isYyyymmdd(text, 0),
  }),
  id('ug-nin', {
    basis: 'form',
    words: ['nin', 'nira', 'national identification number'],
    near: ['AAXXXXXXXXXXXX'],
    valid: (text) => isAt(text, 0, 'CA') && isAt(text, 1, 'MF') && !isLetterAt(text, 2),
  }),
  id('rw-nid', {
    basis: 'year of birth',
    words: ['indangamuntu', 'nida', ...NATIONAL_ID],
    near: ['9 9999 9 9999999 9 99', '9999999999999999'],
    valid: (text) =>
      isAt(text, 0, '123') && toNumber(text, 1, 5) > 1899 && toNumber(text, 1, 5) < 2050,
  }),
  id('zw-national-id', {
    basis: 'form',
    words: ['zimbabwe id', ...NATIONAL_ID],
    near: ['99-999999 A 99', '99-9999999 A 99', '99-999999A99', '99-9999999A99', '99999999A99'],
  }),
  id('zm-nrc', {
    basis: 'form',
    words: ['nrc', 'national registration', 'national registration card'],
    near: ['999999/99/9'],
  }),
  id('mu-nic', {
    basis: 'mod 17, day of birth',
    words: ['nic', 'mauritius id', ...NATIONAL_ID],
    near: ['A9999999999999', 'A999999999999A'],
    valid: isMuNic,
  }),
  id('bw-omang', {
    basis: 'form',
    words: ['omang', 'botswana id'],
    near: ['999999999'],
    valid: (text) => isAt(text, 4, '12'),
  }),
  id('na-id', {
    basis: 'day of birth',
    words: ['namibian id', 'namibia id', ...NATIONAL_ID],
    near: ['99999999999', '999999 99999'],
    valid: (text) => isYymmdd(text, 0),
  }),
  id('mz-bi', { basis: 'form', words: ['bi', 'bilhete de identidade'], near: ['999999999999A'] }),
  id('ao-bi', {
    basis: 'form',
    words: ['bi', 'bilhete de identidade'],
    near: ['999999999AA999', '999999999 AA 999'],
  }),
  id('et-fayda', {
    basis: 'form',
    words: ['fayda', 'fayda number'],
    near: ['9999 9999 9999', '999999999999'],
  }),
]

/** Day of birth, serial number (sex), citizen 0 or resident 1 (refugee 2), 8 or 9, check digit. */
export function isZaId(text: Uint8Array): boolean {
  return isYymmdd(text, 0) && isAt(text, 10, '01') && isLuhn(text, 0, 13)
}

export function isGhTin(text: Uint8Array): boolean {
  if (!isAt(text, 0, 'PCGQV') || two(text, 1) !== 0) return false
  return isAt(text, 10, '0123456789X'.charAt(weigh(text, GH_TIN, 1) % 11))
}

const GH_TIN = [1, 2, 3, 4, 5, 6, 7, 8, 9]

function isSenegal(text: Uint8Array): boolean {
  return isAt(text, 0, '12')
}

/** First letter of the surname, day of birth, serial number, check character. */
export function isMuNic(text: Uint8Array): boolean {
  const check = (17 - (weighValues(text, MU_NIC) % 17)) % 17
  return isDdmmyy(text, 1) && isAt(text, 13, '0123456789ABCDEFG'.charAt(check))
}

const MU_NIC = [14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]
