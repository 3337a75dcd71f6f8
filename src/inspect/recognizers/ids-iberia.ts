/** Andorra, Portugal, Spain. */

import { digit, isAt, isLuhn, isRepeated, toNumber, weigh } from './check-digits.ts'
import { two } from './dates.ts'
import { id } from './id.ts'
import type { Recognizer } from './recognizer.ts'

export const IDS_IBERIA: readonly Recognizer[] = [
  id('es-dni', {
    basis: 'mod 23',
    words: ['dni', 'nif', 'documento nacional de identidad', 'documento de identidad'],
    alone: ['99999999A', '99999999-A', '99.999.999-A', '99 999 999 A', '99999999 A'],
    near: ['99999999a', '99999999-a'],
    valid: (text) => isEsLetter(text, toNumber(text, 0, 8)),
  }),
  id('es-nie', {
    basis: 'mod 23',
    words: ['nie', 'nif', 'identidad de extranjero', 'extranjero'],
    alone: ['A9999999A', 'A-9999999-A', 'A9999999-A'],
    near: ['a9999999a', 'a-9999999-a'],
    valid: (text) => isAt(text, 0, 'XYZ') && isEsLetter(text, toNie(text)),
  }),
  id('es-nss', {
    basis: 'mod 97, province',
    words: ['afiliación', 'nss', 'seguridad social', 'número de afiliación', 'naf', 'nuss'],
    alone: ['99/99999999/99', '99/9999999/99'],
    near: ['999999999999', '99 99999999 99', '99-99999999-99'],
    valid: isEsNss,
  }),
  id('es-passport', {
    basis: 'form',
    words: ['pasaporte', 'número de pasaporte', 'spanish passport'],
    near: ['AAA999999', 'AA999999'],
  }),
  id('pt-nif', {
    basis: 'mod 11',
    words: [
      'identificação fiscal',
      'nif',
      'contribuinte',
      'numero de contribuinte',
      'número de identificação fiscal',
    ],
    near: ['999999999', '999 999 999', '999.999.999'],
    valid: isPtNif,
  }),
  id('pt-cc', {
    basis: 'Luhn over letters',
    words: [
      'cartão de cidadão',
      'cartão cidadão',

      'numero de documento',
      'bilhete de identidade',
    ],
    alone: ['99999999 9 AA9', '999999999AA9', '99999999 9AA9', '99999999-9-AA9'],
    near: ['99999999 9 XX9', '999999999XX9'],
    valid: isPtCc,
  }),
  id('pt-niss', {
    basis: 'primes, mod 10',
    words: ['niss', 'segurança social', 'número de segurança social'],
    near: ['99999999999', '999 9999 9999', '9 999 999 999 9'],
    valid: isPtNiss,
  }),
  id('pt-passport', {
    basis: 'form',
    words: ['passaporte', 'numero de passaporte', 'portuguese passport'],
    near: ['AA999999', 'A999999'],
  }),
  id('ad-nrt', {
    basis: 'form',
    words: ['nrt', 'registre tributari', 'andorra'],
    near: ['A-999999-A', 'A999999A'],
    valid: isAdNrt,
  }),
]

function isEsLetter(text: Uint8Array, number: number): boolean {
  return isAt(text, 8, ES_LETTERS[number % 23] ?? '')
}

const ES_LETTERS = 'TRWAGMYFPDXBNJZSQVHLCKE'

/** X, Y and Z stand for 0, 1 and 2. */
function toNie(text: Uint8Array): number {
  return (((text[0] ?? 0) & 31) - 24) * 10_000_000 + toNumber(text, 1, 8)
}

/** Province, number, and what both leave of 97; numbers below ten million are joined to the province without their zero. */
export function isEsNss(text: Uint8Array, length: number): boolean {
  const province = two(text, 0)
  const known = (province > 0 && province <= 53) || province === 66
  if (!known || isRepeated(text, 2, length)) return false
  const check = two(text, length - 2)
  if (toNumber(text, 0, length - 2) % 97 === check) return true
  const number = toNumber(text, 2, length - 2)
  return number < 10_000_000 && (province * 10_000_000 + number) % 97 === check
}

/** Those that begin with 4 are given to foreigners as 45 only. */
export function isPtNif(text: Uint8Array): boolean {
  const first = digit(text, 0)
  if (first === 0 || (first === 4 && digit(text, 1) !== 5)) return false
  const rest = weigh(text, PT_NIF) % 11
  return digit(text, 8) === (rest < 2 ? 0 : 11 - rest)
}

const PT_NIF = [9, 8, 7, 6, 5, 4, 3, 2]

export function isPtCc(text: Uint8Array): boolean {
  return isLuhn(text, 0, 12)
}

/** 1 for persons since birth or residence, 2 for institutions: the ten digits by the primes from 29 down to 2. */
export function isPtNiss(text: Uint8Array): boolean {
  const first = digit(text, 0)
  return (first === 1 || first === 2) && 9 - (weigh(text, PT_NISS) % 10) === digit(text, 10)
}

const PT_NISS = [29, 23, 19, 17, 13, 11, 7, 5, 3, 2]

/** Persons are F (up to 699999) and E, companies A and L (from 700000 on) and others. */
export function isAdNrt(text: Uint8Array): boolean {
  const number = toNumber(text, 1, 7)
  if (isAt(text, 0, 'F')) return number < 700_000
  if (isAt(text, 0, 'AL')) return number > 699_999 && number < 800_000
  return isAt(text, 0, 'CDEGOPU')
}
