/** Mexico, Central America and the Caribbean. */

import { digit, isAt, isLuhn, isRepeated, toNumber, value, weigh } from './check-digits.ts'
import { isDay, isDdmmyy, isYymmdd, two } from './dates.ts'
import { id } from './id.ts'
import type { Recognizer } from './recognizer.ts'

const CEDULA = ['cédula', 'cédula de identidad', 'documento de identidad']

export const IDS_CENTRAL_AMERICA: readonly Recognizer[] = [
  id('cr-cedula', {
    basis: 'form',
    words: CEDULA,
    near: ['9-9999-9999', '99-9999-9999', '999999999', '9999999999'],
    valid: (text, length) => (length === 9 ? digit(text, 0) > 0 : digit(text, 0) === 0),
  }),
  id('cu-ni', {
    basis: 'day of birth',
    words: ['carné de identidad', 'número de identidad', 'carnet'],
    near: ['99999999999'],
    valid: (text) => isYymmdd(text, 0),
  }),
  id('do-cedula', {
    basis: 'Luhn',
    words: CEDULA,
    near: ['999-9999999-9', '99999999999'],
    valid: (text) => isLuhn(text, 0, 11) && !isRepeated(text, 0, 11),
  }),
  id('gt-cui', {
    basis: 'mod 11, place of birth',
    words: ['cui', 'dpi', 'documento personal de identificacion', 'código único'],
    alone: ['9999 99999 9999'],
    near: ['9999999999999', '9999-99999-9999'],
    valid: isGtCui,
  }),
  id('hn-dni', {
    basis: 'form',
    words: ['dni', 'identidad', 'tarjeta de identidad', 'rnp'],
    near: ['9999-9999-99999', '9999999999999'],
    valid: (text) => two(text, 0) > 0 && two(text, 0) < 19 && isAt(text, 4, '12'),
  }),
  id('mx-curp', {
    basis: 'mod 10, day of birth, state',
    words: ['curp', 'clave unica de registro'],
    alone: ['AAAA999999AAAAAAX9'],
    near: ['aaaa999999aaaaaax9'],
    valid: isMxCurp,
  }),
  id('mx-rfc', {
    basis: 'mod 11, day',
    words: ['rfc', 'registro federal de contribuyentes'],
    alone: ['AAAA999999XXX', 'AAAA-999999-XXX'],
    near: ['AAA999999XXX', 'AAA-999999-XXX'],
    valid: isMxRfc,
  }),
  id('ni-cedula', {
    basis: 'day of birth',
    words: CEDULA,
    alone: ['999-999999-9999A'],
    near: ['9999999999999A'],
    valid: (text) => isDdmmyy(text, 3),
  }),
  id('pa-cedula', {
    basis: 'form',
    words: CEDULA,
    near: ['9-999-9999', '9-999-999', '99-999-9999'],
  }),
  id('sv-dui', {
    basis: 'mod 10',
    words: ['dui', 'documento unico de identidad'],
    near: ['99999999-9', '999999999'],
    valid: (text) => (10 - (weigh(text, SV_DUI) % 10)) % 10 === digit(text, 8),
  }),
  id('sv-nit', {
    basis: 'mod 11, day of birth',
    words: ['nit', 'numero de identificacion tributaria'],
    near: ['9999-999999-999-9', '99999999999999'],
    valid: isSvNit,
  }),
]

export function isGtCui(text: Uint8Array): boolean {
  const towns = GT_TOWNS[two(text, 9) - 1]
  if (towns === undefined || two(text, 11) === 0 || two(text, 11) > towns) return false
  return (weigh(text, GT_CUI) % 11) % 10 === digit(text, 8)
}

const GT_CUI = [2, 3, 4, 5, 6, 7, 8, 9]

/** Towns of each department. */
const GT_TOWNS = [17, 8, 16, 16, 14, 14, 19, 8, 24, 21, 9, 30, 33, 21, 8, 17, 14, 5, 11, 11, 7, 17]

/** Characters in the order of the RENAPO, Ñ among them though it is never written: letters behind N count one more. */
function curpValue(text: Uint8Array, at: number): number {
  const byte = text[at] ?? 0
  if (byte < 58) return byte - 48
  const ordinal = byte & 31
  return ordinal + 9 + (ordinal > 14 ? 1 : 0)
}

export function isMxCurp(text: Uint8Array): boolean {
  if (!isYymmdd(text, 4) || !isAt(text, 10, 'HMX') || !isMxState(text)) return false
  let sum = 0
  for (let at = 0; at < 17; at++) sum += curpValue(text, at) * (18 - at)
  return (10 - (sum % 10)) % 10 === digit(text, 17)
}

function isMxState(text: Uint8Array): boolean {
  for (let i = 0; i < MX_STATES.length; i += 2) {
    if (isAt(text, 11, MX_STATES[i] ?? '') && isAt(text, 12, MX_STATES[i + 1] ?? '')) return true
  }
  return false
}

const MX_STATES = 'ASBCBSCCCHCLCMCSDFDGGRGTHGJCMCMNMSNENLNTOCPLQRQTSLSPSRTCTLTSVZYNZS'

/**
 * Four letters and three characters behind the day for persons; three letters for companies, which count one place later. Older programs
 * leave `&` out of the order of letters, so that those behind N count one less.
 */
export function isMxRfc(text: Uint8Array, length: number): boolean {
  if (!isYymmdd(text, length - 9) || !isAt(text, length - 1, '0123456789A')) return false
  if (!isAt(text, length - 3, '123456789ABCDEFGHIJKLMNOPQRSTUV') || isAt(text, length - 2, '0')) {
    return false
  }
  let sum = length === 12 ? 37 * 13 : 0
  let old = length === 12 ? 36 * 13 : 0
  for (let at = 0; at < length - 1; at++) {
    sum += curpValue(text, at) * (length - at)
    old += value(text, at) * (length - at)
  }
  return (
    isAt(text, length - 1, RFC.charAt(sum % 11)) || isAt(text, length - 1, RFC.charAt(old % 11))
  )
}

const RFC = '0A987654321'

const SV_DUI = [9, 8, 7, 6, 5, 4, 3, 2]

function isSvNit(text: Uint8Array): boolean {
  if (!isAt(text, 0, '019') || !isDay(two(text, 8), two(text, 6), two(text, 4))) return false
  const old = toNumber(text, 10, 13) <= 100
  const sum = weigh(text, old ? SV_OLD : SV_NIT)
  return (old ? (sum % 11) % 10 : (11 - (sum % 11)) % 10) === digit(text, 13)
}

const SV_OLD = [14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]

const SV_NIT = [2, 7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]
