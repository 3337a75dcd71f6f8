/** Russia, Ukraine, Belarus, the Caucasus and Central Asia. */

import { digit, isAt, isRepeated, sum731, toNumber, weigh } from './check-digits.ts'
import { isBirthday, isDdmmyy, isYymmdd, isYyyymmdd, two } from './dates.ts'
import { id } from './id.ts'
import type { Recognizer } from './recognizer.ts'

export const IDS_EASTERN_EUROPE: readonly Recognizer[] = [
  id('ru-inn', {
    basis: 'two mod 11',
    words: ['инн', 'inn', 'taxpayer number', 'tax id', 'nalogoplatelshchik'],
    near: ['999999999999'],
    valid: isRuInn,
  }),
  id('ru-snils', {
    basis: 'mod 101',
    words: ['снилс', 'snils', 'strahovoy nomer', 'pension insurance'],
    alone: ['999-999-999 99', '999-999-999-99'],
    near: ['99999999999'],
    valid: isRuSnils,
  }),
  id('ru-passport', {
    basis: 'region',
    words: [
      'passport',
      'паспорт',
      'серия и номер',
      'pasport',
      'seriya',
      'passport rf',
      'zagranpasport',
      'russian passport',
    ],
    near: ['9999 999999', '99 99 999999', '9999999999', '99 9999999'],
    valid: (text) => two(text, 0) > 0,
  }),
  id('ru-oms', {
    basis: 'form',
    words: ['полис', 'омс', 'oms', 'polis', 'enp', 'polis oms'],
    near: ['9999999999999999', '9999 9999 9999 9999'],
    class: 'special',
  }),
  id('ua-rnokpp', {
    basis: 'mod 11',
    words: [
      'рнокпп',
      'іпн',
      'ідентифікаційний код',
      'rnokpp',
      'ipn',
      'inn',
      'rntrc',
      'tax number',
      'identifikatsiynyy kod',
    ],
    near: ['9999999999'],
    valid: isUaRnokpp,
  }),
  id('ua-unzr', {
    basis: 'day of birth',
    words: ['унзр', 'unzr', 'unikalnyy nomer zapysu', 'record number'],
    near: ['99999999-99999', '9999999999999'],
    valid: (text) => isYyyymmdd(text, 0),
  }),
  id('ua-passport', {
    basis: 'form',
    words: ['паспорт', 'pasport', 'ukrainian passport'],
    near: ['999999999', 'AA999999'],
  }),
  id('by-personal-id', {
    basis: '7-3-1, day of birth',
    words: [
      'идентификационный номер',
      'личный номер',
      'identifikatsionnyy nomer',
      'identification number',
      'lichnyy nomer',
      'personal number',
    ],
    alone: ['9999999A999AA9'],
    valid: isByPersonalId,
  }),
  id('kz-iin', {
    basis: 'mod 11, day of birth',
    words: ['иин', 'жсн', 'iin', 'zhsn', 'individual identification number', 'iin bin'],
    near: ['999999999999'],
    valid: isKzIin,
  }),
  id('kg-pin', {
    basis: 'day of birth',
    words: ['пин', 'инн', 'pin', 'inn', 'personal number', 'kyrgyz'],
    near: ['99999999999999'],
    valid: (text) => isAt(text, 0, '12') && isDdmmyyyy(text, 1),
  }),
  id('uz-pinfl', {
    basis: '7-3-1, day of birth',
    words: ['пинфл', 'pinfl', 'jshshir', 'zhshshir', 'personal number'],
    near: ['99999999999999'],
    valid: (text) =>
      isAt(text, 0, '123456') && isDdmmyy(text, 1) && sum731(text, 0, 13) === digit(text, 13),
  }),
  id('ge-personal-number', {
    basis: 'form',
    words: ['piradi nomeri', 'personal number', 'georgian id', 'piradi'],
    near: ['99999999999'],
    valid: (text) => !isRepeated(text, 0, 11),
  }),
  id('am-psn', {
    basis: 'sex and century',
    words: ['psn', 'hvhh', 'social card', 'public services number'],
    near: ['9999999999'],
    valid: (text) => isAt(text, 0, '12345678'),
  }),
  id('az-fin', {
    basis: 'form',
    words: ['fin kod', 'finkod', 'şəxsiyyət vəsiqəsi'],
    near: ['9XXXXXX', 'XXXXXX9', 'XXX9XXX'],
  }),
]

export function isRuInn(text: Uint8Array): boolean {
  if (isRepeated(text, 0, 12)) return false
  const first = (weigh(text, INN) % 11) % 10
  return first === digit(text, 10) && (weigh(text, INN_2) % 11) % 10 === digit(text, 11)
}

const INN = [7, 2, 4, 10, 3, 5, 9, 4, 6, 8]
const INN_2 = [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]

/** Numbers up to 001-001-998 have no check. */
export function isRuSnils(text: Uint8Array): boolean {
  if (toNumber(text, 0, 9) <= 1_001_998) return false
  return (weigh(text, SNILS) % 101) % 100 === two(text, 9)
}

const SNILS = [9, 8, 7, 6, 5, 4, 3, 2, 1]

export function isUaRnokpp(text: Uint8Array): boolean {
  const rest = weigh(text, RNOKPP) % 11
  return ((rest + 11) % 11) % 10 === digit(text, 9) && !isRepeated(text, 0, 10)
}

const RNOKPP = [-1, 5, 7, 9, 4, 6, 10, 5, 7]

/** Sex and century, day of birth, region, serial number, citizenship, check digit. */
export function isByPersonalId(text: Uint8Array): boolean {
  if (!isAt(text, 0, '123456') || !isDdmmyy(text, 1) || !isAt(text, 7, 'ABCHKEM')) return false
  const citizen = isAt(text, 11, 'P') ? 'B' : isAt(text, 11, 'B') ? 'AI' : ''
  return isAt(text, 12, citizen) && sum731(text, 0, 13) === digit(text, 13)
}

/** The seventh digit is sex and century; where the first weights leave 10 the second are tried. */
export function isKzIin(text: Uint8Array): boolean {
  const seventh = digit(text, 6)
  if (seventh < 1 || seventh > 6) return false
  const century = 1800 + Math.floor((seventh - 1) / 2) * 100
  if (!isYymmdd(text, 0) || !isBirthday(century + two(text, 0), two(text, 2), two(text, 4)))
    return false
  const first = weigh(text, IIN) % 11
  const check = first < 10 ? first : weigh(text, IIN_2) % 11
  return check === digit(text, 11)
}

const IIN = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
const IIN_2 = [3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2]

function isDdmmyyyy(text: Uint8Array, at: number): boolean {
  return isBirthday(toNumber(text, at + 4, at + 8), two(text, at + 2), two(text, at))
}
