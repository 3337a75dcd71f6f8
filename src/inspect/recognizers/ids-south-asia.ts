/** Bangladesh, India, Nepal, Pakistan, Sri Lanka. */

import {
  digit,
  isAt,
  isDigitAt,
  isLuhn,
  isRepeated,
  isVerhoeff,
  toNumber,
  value,
} from './check-digits.ts'
import { two } from './dates.ts'
import { id } from './id.ts'
import type { Recognizer } from './recognizer.ts'

export const IDS_SOUTH_ASIA: readonly Recognizer[] = [
  id('in-aadhaar', {
    basis: 'Verhoeff',
    words: ['uid', 'uidai', 'आधार', 'aadhaar', 'aadhar', 'adhaar', 'uidai'],
    alone: ['9999 9999 9999', '9999-9999-9999'],
    near: ['999999999999'],
    valid: isInAadhaar,
  }),
  id('in-vid', {
    basis: 'Verhoeff',
    words: ['virtual id', 'aadhaar'],
    near: ['9999 9999 9999 9999', '9999-9999-9999-9999', '9999999999999999'],
    valid: isInAadhaar,
  }),
  id('in-pan', {
    basis: 'kind of holder',
    words: [
      'pan',
      'permanent account number',
      'पैन',
      'pan',
      'permanent account number',
      'pan card',
      'income tax',
    ],
    alone: ['AAAAA9999A'],
    near: ['aaaaa9999a'],
    valid: isInPan,
  }),
  id('in-gstin', {
    basis: 'mod 36, state',
    words: ['gstin', 'gst', 'gst number', 'goods and services tax'],
    alone: ['99AAAAA9999AXXX'],
    valid: isInGstin,
  }),
  id('in-voter-id', {
    basis: 'Luhn',
    words: ['epic', 'voter id', 'voter', 'election commission', 'elector'],
    near: ['AAA9999999', 'AAA-9999999'],
    valid: (text) => isLuhn(text, 3, 10),
  }),
  id('in-passport', {
    basis: 'form',
    words: ['indian passport', 'passport', 'passport number', 'passport no'],
    near: ['A9999999', 'A-9999999', 'A99 99999'],
    valid: (text) => !isAt(text, 0, 'QXZ') && digit(text, 1) > 0,
  }),
  id('in-driver-license', {
    basis: 'state',
    words: ['driving licence', 'driving license', 'dl number', 'dl no'],
    near: ['AA99 99999999999', 'AA9999999999999', 'AA-9999999999999', 'AA-99-9999-9999999'],
  }),
  id('in-abha', {
    basis: 'form',
    words: ['abha', 'health id', 'ayushman bharat', 'abha number'],
    near: ['99-9999-9999-9999', '99999999999999'],
    class: 'special',
  }),
  id('pk-cnic', {
    basis: 'province',
    words: ['cnic', 'nicop', 'nadra', 'national identity card', 'shanakhti'],
    alone: ['99999-9999999-9'],
    near: ['9999999999999'],
    valid: (text) => isAt(text, 0, '1234567') && digit(text, 12) > 0,
  }),
  id('bd-nid', {
    basis: 'form',
    words: ['nid', 'national id', 'voter id', 'jatiya porichoy'],
    near: ['9999999999', '999 999 9999', '9999999999999', '99999999999999999'],
    valid: (text, length) => length < 17 || isAt(text, 0, '12'),
  }),
  id('lk-nic', {
    basis: 'day of the year',
    words: ['nic', 'national identity card', 'nic number', 'sri lanka id'],
    alone: ['999999999A'],
    near: ['999999999a', '999999999999'],
    valid: isLkNic,
  }),
  id('np-citizenship', {
    basis: 'form',
    words: ['nagarikta', 'citizenship number', 'citizenship no', 'national id'],
    near: ['99-99-99-99999', '99-99-99-999999', '999-999-999-9'],
  }),
]

/** 12 digits, and the 16 of a virtual one; not from 0 or 1 on, and no palindrome. */
export function isInAadhaar(text: Uint8Array, length: number): boolean {
  if (digit(text, 0) < 2 || isRepeated(text, 0, length) || !isVerhoeff(text, 0, length))
    return false
  for (let at = 0; at < length / 2; at++) if (text[at] !== text[length - 1 - at]) return true
  return false
}

/** The fourth letter: P for persons, others for firms and the like. */
export function isInPan(text: Uint8Array): boolean {
  return isAt(text, 3, 'PCHABGJLFTK') && toNumber(text, 5, 9) > 0
}

/** State, PAN, how manieth of that PAN, Z, check character. */
export function isInGstin(text: Uint8Array): boolean {
  const state = two(text, 0)
  if (state === 0 || (state > 38 && state !== 97) || !isAt(text, 13, 'Z')) return false
  if (!isAt(text, 5, 'PCHABGJLFTK') || isAt(text, 12, '0')) return false
  let sum = 0
  for (let at = 0; at < 14; at++) {
    const product = value(text, at) * (at % 2 === 0 ? 1 : 2)
    sum += Math.floor(product / 36) + (product % 36)
  }
  return (36 - (sum % 36)) % 36 === value(text, 14)
}

/** Year and day of the year, women + 500; V or X behind the older ones. */
export function isLkNic(text: Uint8Array, length: number): boolean {
  const at = length === 10 ? 2 : 4
  if (length === 10 && !isAt(text, 9, 'VX')) return false
  if (length === 12 && !isAt(text, 0, '12')) return false
  const day = toNumber(text, at, at + 3) % 500
  return isDigitAt(text, 0) && day > 0 && day < 367 && toNumber(text, at, at + 3) < 867
}
