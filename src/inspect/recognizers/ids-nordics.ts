/** Denmark, the Faroe Islands, Finland, Iceland, Norway, Sweden. */

import { digit, isAt, isLuhn, toNumber, weigh } from './check-digits.ts'
import { isBirthday, isDay, isDdmmyy, two } from './dates.ts'
import { id } from './id.ts'
import type { Recognizer } from './recognizer.ts'

export const IDS_NORDICS: readonly Recognizer[] = [
  id('dk-cpr', {
    basis: 'day of birth',
    words: ['cpr', 'cpr nummer', 'personnummer', 'cprnr', 'civil registration'],
    near: ['999999-9999', '9999999999', '999999 9999'],
    valid: isDkCpr,
  }),
  id('fo-ptal', {
    basis: 'day of birth',
    words: ['p tal', 'ptal', 'faroese', 'foroya'],
    near: ['999999-999', '999999999'],
    valid: (text) => isDdmmyy(text, 0),
  }),
  id('fi-hetu', {
    basis: 'mod 31, day of birth',
    words: [
      'hetu',
      'henkilötunnus',
      'sosiaaliturvatunnus',
      'personbeteckning',
      'personal identity code',
    ],
    alone: ['999999-999X', '999999A999X'],
    near: ['999999-999x', '999999a999x'],
    valid: isFiHetu,
  }),
  id('is-kennitala', {
    basis: 'mod 11, day of birth',
    words: ['kennitala', 'kt', 'kennitolu'],
    near: ['999999-9999', '9999999999'],
    valid: isIsKennitala,
  }),
  id('no-fnr', {
    basis: 'two mod 11, day of birth',
    words: [
      'national identity number',
      'fødselsnummer',
      'fødselsnr',
      'fnr',
      'personnummer',
      'd nummer',
      'foedselsnummer',
    ],
    alone: ['999999 99999'],
    near: ['99999999999', '999999-99999', '99 99 99 99999'],
    valid: (text) => isNoNumber(text, two(text, 2)),
  }),
  id('no-h-number', {
    basis: 'two mod 11, day of birth',
    words: ['h nummer', 'hnr', 'hjelpenummer', 'felles hjelpenummer', 'fødselsnummer', 'fnr'],
    near: ['99999999999', '999999 99999'],
    valid: (text) => isNoNumber(text, two(text, 2) - 40),
    class: 'special',
  }),
  id('se-personnummer', {
    basis: 'Luhn, day of birth',
    words: ['personnummer', 'samordningsnummer', 'personnr', 'pnr', 'personal identity number'],
    alone: ['999999-9999', '99999999-9999'],
    near: ['999999-9999', '99999999-9999', '9999999999', '999999999999'],
    valid: isSeAlone,
    validNear: isSePersonnummer,
  }),
  id('se-passport', {
    basis: 'form',
    words: ['passnummer', 'pass nr', 'svenskt pass', 'swedish passport'],
    near: ['99999999', 'AA999999'],
  }),
]

/** The check digit has been given up in 2007: the day and its century are all that is left. */
export function isDkCpr(text: Uint8Array): boolean {
  const year = two(text, 4)
  const seventh = digit(text, 6)
  const since2000 =
    seventh > 3 && (year < 37 || (seventh !== 4 && seventh !== 9 && year < 58)) ? 2000 : 1900
  const century = seventh > 4 && seventh < 9 && year > 57 ? 1800 : since2000
  return isBirthday(century + year, two(text, 2), two(text, 0))
}

export function isFiHetu(text: Uint8Array, length: number): boolean {
  if (!isDdmmyy(text, 0) || (length === 11 && !isAt(text, 6, 'ABCDEFUVWXY'))) return false
  const serial = toNumber(text, length - 4, length - 1)
  const rest = (toNumber(text, 0, 6) * 1000 + serial) % 31
  return serial > 0 && isAt(text, length - 1, HETU[rest] ?? '')
}

const HETU = '0123456789ABCDEFHJKLMNPRSTUVWXY'

/** Days from 41 to 71 are those of companies. */
export function isIsKennitala(text: Uint8Array): boolean {
  const century = digit(text, 9)
  if (century !== 9 && century !== 0 && century !== 8) return false
  const year = (century === 9 ? 1900 : century === 8 ? 1800 : 2000) + two(text, 4)
  return isDay(year, two(text, 2), two(text, 0) % 40) && weigh(text, KENNITALA) % 11 === 0
}

const KENNITALA = [3, 2, 7, 6, 5, 4, 3, 2, 1]

/** Day + 40 for those without a place to live (D number); month + 40 for those known to hospitals only (H number). */
export function isNoNumber(text: Uint8Array, month: number): boolean {
  const day = two(text, 0)
  const century = noCentury(two(text, 4), toNumber(text, 6, 9))
  if (century === 0) return false
  const year = century + two(text, 4)
  if (!isDay(year, month, day > 40 ? day - 40 : day)) return false
  return weigh(text, NO_FIRST) % 11 === 0 && weigh(text, NO_SECOND) % 11 === 0
}

function noCentury(year: number, serial: number): number {
  if (serial < 500) return 1900
  if (serial < 750 && year >= 55) return 1800
  if (year < 40) return 2000
  return serial >= 900 ? 1900 : 0
}

const NO_FIRST = [3, 7, 6, 1, 8, 9, 4, 5, 2, 1]
const NO_SECOND = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]

/** Ten digits, or twelve with the century; day + 60 for those who are not registered (samordningsnummer). */
export function isSePersonnummer(text: Uint8Array, length: number): boolean {
  const at = length - 10
  const day = two(text, at + 4)
  const month = two(text, at + 2)
  const year = at === 0 ? two(text, 0) : toNumber(text, 0, 4)
  const isDate = at === 0 ? isDay : isBirthday
  return isDate(year, month, day > 60 ? day - 60 : day) && isLuhn(text, at, length)
}

/** What has a day of the last years in front is rather a build or an order than a child, and those of a hundred years have a `+`. */
function isSeAlone(text: Uint8Array, length: number): boolean {
  const year = two(text, length - 10)
  return (year < 13 || year > 29) && isSePersonnummer(text, length)
}
