/** Turkey, Israel, Egypt, Iran, Iraq and the Gulf. */

import { digit, isAt, isLuhn, isRepeated, toNumber, weigh } from './check-digits.ts'
import { isBirthday, isDay, two } from './dates.ts'
import { id } from './id.ts'
import type { Recognizer } from './recognizer.ts'

const CIVIL_ID = ['civil id', 'national id', 'raqam alhuwiya']

export const IDS_MIDDLE_EAST: readonly Recognizer[] = [
  id('tr-tckn', {
    basis: 'two sums mod 10',
    words: [
      'kimlik numarası',
      't c kimlik',
      'tckn',
      'tc kimlik',
      'kimlik no',
      'tc no',
      't c kimlik no',
      'kimlik numarasi',
      'tc',
    ],
    near: ['99999999999', '999 999 999 99'],
    valid: isTrTckn,
  }),
  id('tr-passport', {
    basis: 'form',
    words: ['pasaport', 'pasaport no', 'turkish passport'],
    near: ['A99999999', 'AA9999999'],
    valid: (text) => isAt(text, 0, 'UTSZ'),
  }),
  id('tr-vkn', {
    basis: 'mod 10 of powers of two',
    words: ['vkn', 'vergi kimlik', 'vergi no', 'vergi numarasi'],
    near: ['9999999999'],
    valid: isTrVkn,
  }),
  id('il-id', {
    basis: 'Luhn',
    words: [
      'תעודת זהות',

      'מספר זהות',
      'teudat zehut',
      'mispar zehut',
      'id number',
      'israeli id',
      'tehudat zehut',
    ],
    near: ['999999999', '99999999-9', '9-9999999-9'],
    valid: (text) => isLuhn(text, 0, 9) && !isRepeated(text, 0, 9),
  }),
  id('il-passport', {
    basis: 'form',
    words: ['דרכון', 'darkon', 'israeli passport'],
    near: ['99999999', '9999999'],
  }),
  id('ae-emirates-id', {
    basis: 'Luhn, 784, year',
    words: ['رقم الهوية', 'الهوية الإماراتية', 'emirates id', 'eid', 'uae id', ...CIVIL_ID],
    alone: ['999-9999-9999999-9', '999999999999999', '999 9999 9999999 9'],
    valid: isAeId,
  }),
  id('sa-national-id', {
    basis: 'Luhn, first digit',
    words: ['رقم الهوية', 'الإقامة', 'هوية', 'iqama', 'saudi id', 'hawiya', 'muqeem', ...CIVIL_ID],
    near: ['9999999999'],
    valid: (text) => isAt(text, 0, '12') && isLuhn(text, 0, 10),
  }),
  id('kw-civil-id', {
    basis: 'mod 11, day of birth',
    words: ['الرقم المدني', 'paci', 'kuwait id', ...CIVIL_ID],
    near: ['999999999999'],
    valid: isKwCivilId,
  }),
  id('qa-qid', {
    basis: 'century',
    words: ['qid', 'qatar id', 'qatari id', ...CIVIL_ID],
    near: ['99999999999'],
    valid: (text) => isAt(text, 0, '23'),
  }),
  id('bh-cpr', {
    basis: 'month of birth',
    words: ['cpr', 'bahrain id', 'personal number', ...CIVIL_ID],
    near: ['999999999'],
    valid: (text) => two(text, 2) > 0 && two(text, 2) < 13,
  }),
  id('om-civil-number', {
    basis: 'form',
    words: ['oman id', 'omani id', 'civil number', ...CIVIL_ID],
    near: ['99999999', '999999999'],
  }),
  id('jo-national-number', {
    basis: 'form',
    words: ['jordan id', 'national number', 'raqam watani', ...CIVIL_ID],
    near: ['9999999999'],
    valid: (text) => isAt(text, 0, '29'),
  }),
  id('eg-national-id', {
    basis: 'day of birth, governorate',
    words: [
      'الرقم القومي',
      'رقم قومي',
      'egyptian id',
      'national id',
      'raqam qawmi',
      'id number',
      'nid',
    ],
    near: ['99999999999999'],
    valid: isEgNationalId,
  }),
  id('ir-national-id', {
    basis: 'mod 11',
    words: [
      'کد ملی',
      'شماره ملی',
      'kart e melli',
      'code melli',
      'kode meli',
      'codemelli',
      'national code',
      'national id',
    ],
    near: ['9999999999', '999-999999-9'],
    valid: isIrNationalId,
  }),
  id('iq-national-id', {
    basis: 'form',
    words: ['iraqi id', 'iraq id', 'national card', 'national id'],
    near: ['999999999999'],
    valid: (text) => isAt(text, 0, '12'),
  }),
]

export function isTrTckn(text: Uint8Array): boolean {
  const odd = weigh(text, TR_ODD)
  const even = weigh(text, TR_EVEN)
  if (digit(text, 0) === 0 || (odd * 7 - even + 100) % 10 !== digit(text, 9)) return false
  return (odd + even + digit(text, 9)) % 10 === digit(text, 10)
}

const TR_ODD = [1, 0, 1, 0, 1, 0, 1, 0, 1]
const TR_EVEN = [0, 1, 0, 1, 0, 1, 0, 1]

export function isTrVkn(text: Uint8Array): boolean {
  let sum = 0
  for (let at = 0; at < 9; at++) {
    const number = (digit(text, at) + 9 - at) % 10
    sum += number === 0 ? 0 : (number * 2 ** (9 - at)) % 9 || 9
  }
  return (10 - (sum % 10)) % 10 === digit(text, 9) && !isRepeated(text, 0, 10)
}

/** 784 is the country, then the year of birth. */
export function isAeId(text: Uint8Array): boolean {
  const year = toNumber(text, 3, 7)
  return toNumber(text, 0, 3) === 784 && year > 1899 && year < 2050 && isLuhn(text, 0, 15)
}

/** Century 2 or 3, day of birth, serial number; a check of 10 is never given. */
export function isKwCivilId(text: Uint8Array): boolean {
  if (!isAt(text, 0, '23')) return false
  const year = 1700 + digit(text, 0) * 100 + two(text, 1)
  if (!isBirthday(year, two(text, 3), two(text, 5))) return false
  return 11 - (weigh(text, KW) % 11) === digit(text, 11)
}

const KW = [2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]

/** Century 2 or 3, day of birth, governorate 01–35 or 88. How the last digit is made is not published. */
export function isEgNationalId(text: Uint8Array): boolean {
  const governorate = two(text, 7)
  if (!isAt(text, 0, '23') || governorate === 0) return false
  if (governorate > 35 && governorate !== 88) return false
  return isDay(1700 + digit(text, 0) * 100 + two(text, 1), two(text, 3), two(text, 5))
}

export function isIrNationalId(text: Uint8Array): boolean {
  if (isRepeated(text, 0, 10) || toNumber(text, 3, 9) === 0) return false
  const rest = weigh(text, IR) % 11
  return digit(text, 9) === (rest < 2 ? rest : 11 - rest)
}

const IR = [10, 9, 8, 7, 6, 5, 4, 3, 2]
