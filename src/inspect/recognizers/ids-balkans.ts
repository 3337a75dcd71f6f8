/** Albania, Bosnia, Bulgaria, Croatia, Cyprus, Greece, Kosovo, Moldova, Montenegro, North Macedonia, Romania, Serbia, Slovenia. */

import {
  digit,
  isAt,
  isLuhn,
  isMod11x10,
  isRepeated,
  sum731,
  toNumber,
  weigh,
} from './check-digits.ts'
import { isBirthday, isDay, isDdmmyy, two } from './dates.ts'
import { id } from './id.ts'
import type { Recognizer } from './recognizer.ts'

export const IDS_BALKANS: readonly Recognizer[] = [
  id('bg-egn', {
    basis: 'mod 11, day of birth',
    words: [
      'егн',
      'граждански номер',
      'egn',
      'edinen grazhdanski nomer',
      'uniform civil number',
      'bulgarian id',
    ],
    near: ['9999999999'],
    valid: isBgEgn,
  }),
  id('bg-lnch', {
    basis: 'mod 10',
    words: ['лнч', 'lnch', 'lnc', 'lichen nomer na chuzhdenec', 'foreigner personal number'],
    near: ['9999999999'],
    valid: (text) => weigh(text, BG_LNCH) % 10 === digit(text, 9) && !isRepeated(text, 0, 10),
  }),
  id('hr-oib', {
    basis: 'mod 11,10',
    words: ['oib', 'osobni identifikacijski broj'],
    near: ['99999999999'],
    valid: (text) => isMod11x10(text, 0, 11) && !isRepeated(text, 0, 11),
  }),
  id('si-emso', jmbg(['emšo', 'enotna matična številka'], 50, 59)),
  id('ba-jmbg', jmbg(['jedinstveni matični broj', 'jmbg', 'jmb', 'matični broj'], 10, 19)),
  id('me-jmbg', jmbg(['jmbg', 'jmb', 'matični broj'], 20, 29)),
  id('hr-jmbg', jmbg(['jmbg', 'mbg', 'maticni broj gradana'], 30, 39)),
  id('mk-embg', jmbg(['ембг', 'матичен број', 'embg', 'jmbg', 'maticen broj'], 40, 49)),
  id(
    'rs-jmbg',
    jmbg(['јмбг', 'матични број', 'jmbg', 'jedinstveni matični broj', 'matični broj'], 60, 96),
  ),
  id('si-tax-id', {
    basis: 'mod 11',
    words: ['davčna številka', 'davčna', 'ddv', 'tax number'],
    near: ['99999999'],
    valid: isSiTaxId,
  }),
  id('ro-cnp', {
    basis: 'mod 11, day of birth, county',
    words: ['cnp', 'cod numeric personal', 'personal numeric code'],
    near: ['9999999999999', '9 999999 999999', '9-999999-999999'],
    valid: isRoCnp,
  }),
  id('ro-id-card', {
    basis: 'form',
    words: ['carte de identitate', 'seria', 'buletin', 'serie ci', 'id card'],
    near: ['AA999999', 'AA 999999'],
  }),
  id('gr-amka', {
    basis: 'Luhn, day of birth',
    words: ['αμκα', 'amka', 'arithmos mitroou koinonikis asfalisis', 'social security'],
    near: ['99999999999', '999999 99999', '999999-99999'],
    valid: (text) => isDdmmyy(text, 0) && isLuhn(text, 0, 11),
  }),
  id('gr-afm', {
    basis: 'mod 11',
    words: [
      'αφμ',
      'φορολογικού μητρώου',
      'afm',
      'arithmos forologikou mitroou',
      'tax number',
      'tin',
    ],
    near: ['999999999'],
    valid: (text) => isGrAfm(text),
  }),
  id('gr-id-card', {
    basis: 'form',
    words: [
      'αδτ',
      'ταυτότητα',
      'δελτίο ταυτότητας',
      'adt',
      'deltio taftotitas',
      'arithmos taftotitas',
      'tautotita',
      'id card',
    ],
    near: ['AA-999999', 'AA999999', 'AA 999999', 'A-999999', 'A999999'],
  }),
  id('cy-tic', {
    basis: 'check letter',
    words: ['αφτ', 'αφμ', 'tic', 'tin', 'afm', 'tax identification code', 'tax id'],
    near: ['99999999A'],
    valid: isCyTic,
  }),
  id('cy-id-card', {
    basis: 'form',
    words: ['deltio taftotitas', 'cyprus id', 'cypriot identity card', 'arithmos taftotitas'],
    near: ['9999999999', '9999999', '999999'],
  }),
  id('al-nid', {
    basis: 'day of birth',
    words: ['nid', 'nish', 'numri personal', 'numri i identitetit', 'nipt'],
    near: ['A99999999A'],
    valid: isAlNid,
  }),
  id('md-idnp', {
    basis: '7-3-1, first digits',
    words: ['idnp', 'cod personal', 'codul personal', 'numarul de identificare'],
    near: ['9999999999999'],
    valid: (text) => isAt(text, 0, '029') && sum731(text, 0, 12) === digit(text, 12),
  }),
  id('xk-personal-number', {
    basis: 'form',
    words: ['numri personal', 'licni broj', 'kosovo'],
    near: ['9999999999'],
    valid: (text) => digit(text, 0) > 0 && !isRepeated(text, 0, 10),
  }),
]

/** One number for all of former Yugoslavia: day of birth, region, serial number. The region tells whose it is. */
function jmbg(words: readonly string[], from: number, to: number) {
  return {
    basis: 'mod 11, day of birth, region',
    words,
    near: ['9999999999999'],
    valid: (text: Uint8Array) => two(text, 7) >= from && two(text, 7) <= to && isJmbg(text),
  }
}

export function isJmbg(text: Uint8Array): boolean {
  const year = toNumber(text, 4, 7)
  if (!isBirthday(year + (year < 800 ? 2000 : 1000), two(text, 2), two(text, 0))) return false
  return ((11 - (weigh(text, JMBG) % 11)) % 11) % 10 === digit(text, 12)
}

const JMBG = [7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]

/** Month + 40 since 2000, + 20 before 1900. */
export function isBgEgn(text: Uint8Array): boolean {
  const month = two(text, 2)
  const century = month > 40 ? 2000 : month > 20 ? 1800 : 1900
  const short = month > 40 ? month - 40 : month > 20 ? month - 20 : month
  if (!isDay(century + two(text, 0), short, two(text, 4))) return false
  return (weigh(text, BG_EGN) % 11) % 10 === digit(text, 9)
}

const BG_EGN = [2, 4, 8, 5, 10, 9, 7, 3, 6]
const BG_LNCH = [21, 19, 17, 13, 11, 9, 7, 3, 1]

export function isSiTaxId(text: Uint8Array): boolean {
  const check = 11 - (weigh(text, SI_TAX) % 11)
  return digit(text, 0) > 0 && check < 11 && check % 10 === digit(text, 7)
}

const SI_TAX = [8, 7, 6, 5, 4, 3, 2]

/** Sex and century, day of birth, county; 7 and 8 are residents, 9 other foreigners; 3 and 4 were born before 1900. */
export function isRoCnp(text: Uint8Array): boolean {
  const first = digit(text, 0)
  const century = first === 5 || first === 6 ? 2000 : 1900
  const short = two(text, 1)
  const isDate = first > 6 ? isDay : isBirthday
  if (
    first === 0 ||
    first === 3 ||
    first === 4 ||
    !isDate(first > 6 ? short : century + short, two(text, 3), two(text, 5))
  ) {
    return false
  }
  const county = two(text, 7)
  if (county === 0 || county > 52 || county === 49 || county === 50) return false
  const rest = weigh(text, RO_CNP) % 11
  return (rest === 10 ? 1 : rest) === digit(text, 12)
}

const RO_CNP = [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]

export function isGrAfm(text: Uint8Array): boolean {
  return !isRepeated(text, 0, 9) && (weigh(text, GR_AFM) % 11) % 10 === digit(text, 8)
}

const GR_AFM = [256, 128, 64, 32, 16, 8, 4, 2]

/** Digits in odd places count something else. */
export function isCyTic(text: Uint8Array): boolean {
  if (!isAt(text, 0, '09')) return false
  let sum = 0
  for (let at = 0; at < 8; at++) {
    sum += at % 2 === 0 ? (CY_ODD[digit(text, at)] ?? 0) : digit(text, at)
  }
  return ((text[8] ?? 0) & 31) - 1 === sum % 26
}

const CY_ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21]

/** Decade as a letter, A for 1900; women month + 50. */
function isAlNid(text: Uint8Array): boolean {
  const month = two(text, 2)
  return isAt(text, 0, 'ABCDEFGHIJKLMN') && isDay(digit(text, 1), month % 50, two(text, 4))
}
