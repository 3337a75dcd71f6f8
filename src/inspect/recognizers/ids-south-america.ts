/** South America but for Brazil. */

import { digit, isAt, isLuhn, isRepeated, weigh } from './check-digits.ts'
import { two } from './dates.ts'
import { id } from './id.ts'
import type { Recognizer } from './recognizer.ts'

const CEDULA = ['cédula', 'cédula de identidad', 'documento de identidad']

export const IDS_SOUTH_AMERICA: readonly Recognizer[] = [
  id('ar-cuit', {
    basis: 'mod 11, kind of person',
    words: ['cuit', 'cuil', 'cdi', 'clave única', 'identificación tributaria'],
    alone: ['99-99999999-9'],
    near: ['99999999999', '99 99999999 9'],
    valid: isArCuit,
  }),
  id('ar-dni', {
    basis: 'form',
    words: ['dni', 'documento nacional de identidad', 'documento'],
    near: ['99.999.999', '9.999.999', '99999999', '9999999'],
  }),
  id('bo-ci', { basis: 'form', words: CEDULA, near: ['9999999-AA', '9999999 AA', '99999999 AA'] }),
  id('cl-rut', {
    basis: 'mod 11',
    words: ['rut', 'run', 'rol unico tributario', 'rol unico nacional', 'cédula de identidad'],
    alone: ['99.999.999-X', '9.999.999-X', '99.999.999-x'],
    near: ['99999999-x', '9999999-x', '99999999x', '9999999x'],
    valid: isClRut,
  }),
  id('co-nit', {
    basis: 'mod 11',
    words: ['nit', 'rut', 'numero de identificacion tributaria', 'dian'],
    near: ['999.999.999-9', '999999999-9', '9999999999'],
    valid: (text, length) => isCoNit(text, length),
  }),
  id('co-cedula', {
    basis: 'form',
    words: ['cédula', 'cédula de ciudadanía', 'nuip', 'documento de identidad'],
    near: ['9.999.999.999', '99.999.999', '9999999999', '99999999'],
    valid: (text, length) => length === 8 || digit(text, 0) === 1,
  }),
  id('ec-cedula', {
    basis: 'Luhn, province',
    words: CEDULA,
    near: ['999999999-9', '9999999999'],
    valid: isEcCedula,
  }),
  id('pe-dni', {
    basis: 'mod 11 where the check digit is written',
    words: ['dni', 'cui', 'documento nacional de identidad'],
    near: ['99999999', '99999999-X', '99999999X'],
    valid: (text, length) => length === 8 || isPeCheck(text),
  }),
  id('py-ci', { basis: 'form', words: CEDULA, near: ['9.999.999', '9999999', '999.999'] }),
  id('uy-ci', {
    basis: 'mod 10',
    words: ['ci', 'cédula de identidad', 'documento', ...CEDULA],
    near: ['9.999.999-9', '9999999-9', '99999999'],
    valid: (text) => weigh(text, UY_CI) % 10 === 0 && !isRepeated(text, 0, 8),
  }),
  id('ve-cedula', {
    basis: 'form',
    words: CEDULA,
    near: ['A-99.999.999', 'A-99999999', 'A99999999', 'A-9999999', 'A-9.999.999'],
    valid: (text) => isAt(text, 0, 'VE'),
  }),
  id('ve-rif', {
    basis: 'mod 11, kind of person',
    words: ['rif', 'registro de informacion fiscal'],
    near: ['A-99999999-9', 'A999999999', 'A-999999999'],
    valid: isVeRif,
  }),
]

export function isArCuit(text: Uint8Array): boolean {
  if (!AR_KINDS.includes(two(text, 0))) return false
  const check = 11 - (weigh(text, AR_CUIT) % 11)
  return digit(text, 10) === (check === 11 ? 0 : check === 10 ? 9 : check)
}

const AR_KINDS = [20, 23, 24, 25, 26, 27, 30, 33, 34, 50, 51, 55]

const AR_CUIT = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]

export function isClRut(text: Uint8Array, length: number): boolean {
  let sum = 0
  for (let at = length - 2, weight = 2; at >= 0; at--, weight = weight === 7 ? 2 : weight + 1) {
    sum += digit(text, at) * weight
  }
  const check = 11 - (sum % 11)
  return isAt(
    text,
    length - 1,
    check === 11 ? '0' : check === 10 ? 'K' : '123456789'.charAt(check - 1),
  )
}

export function isCoNit(text: Uint8Array, length: number): boolean {
  let sum = 0
  for (let at = length - 2, i = 0; at >= 0; at--, i++) sum += digit(text, at) * (CO_NIT[i] ?? 0)
  const rest = sum % 11
  return digit(text, length - 1) === (rest < 2 ? rest : 11 - rest)
}

const CO_NIT = [3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71]

/** The province, or 30 and 50 for those abroad; the third digit is 6 at most, Luhn's doubling begins with the first. */
export function isEcCedula(text: Uint8Array): boolean {
  const province = two(text, 0)
  if (province === 0 || (province > 24 && province !== 30 && province !== 50)) return false
  return digit(text, 2) < 7 && isLuhn(text, 0, 10)
}

/** The check digit is written as a digit or as a letter. */
function isPeCheck(text: Uint8Array): boolean {
  const rest = weigh(text, PE_DNI) % 11
  return isAt(text, 8, '65432110987'.charAt(rest)) || isAt(text, 8, 'KJIHGFEDCBA'.charAt(rest))
}

const PE_DNI = [3, 2, 7, 6, 5, 4, 3, 2]

const UY_CI = [2, 9, 8, 7, 6, 3, 4, 1]

export function isVeRif(text: Uint8Array): boolean {
  const kind = 'VEJPG'.indexOf(String.fromCharCode((text[0] ?? 0) & 0xdf))
  if (kind < 0) return false
  const rest = ((kind + 1) * 4 + weigh(text, VE_RIF, 1)) % 11
  return digit(text, 9) === (rest < 2 ? 0 : 11 - rest)
}

const VE_RIF = [3, 2, 7, 6, 5, 4, 3, 2]
