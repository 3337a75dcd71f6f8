/** France, Italy, Malta. */

import { digit, isAt, isLetterAt, mod97, toNumber, value } from './check-digits.ts'
import { isDay, two } from './dates.ts'
import { id } from './id.ts'
import type { Recognizer } from './recognizer.ts'

export const IDS_FRANCE_ITALY: readonly Recognizer[] = [
  id('fr-nir', {
    basis: 'mod 97, sex and month',
    words: [
      'numéro de sécu',
      'sécu',
      'nir',
      'insee',
      'sécurité sociale',
      'numéro de sécurité sociale',
      'nss',
      'carte vitale',
    ],
    near: ['999999999999999'],
    alone: [
      '9 99 99 99 999 999 99',
      '9 99 99 9X 999 999 99',
      '999999X99999999',
      '9999999999999 99',
      '999999X999999 99',
      '9.99.99.99.999.999.99',
    ],
    valid: isFrNir,
  }),
  id('fr-spi', {
    basis: 'mod 511',
    words: ['numéro fiscal', 'spi', 'impôts', 'référence fiscale', 'identifiant fiscal', 'tax id'],
    alone: ['99 99 999 999 999'],
    near: ['9999999999999'],
    valid: isFrSpi,
  }),
  id('fr-id-card', {
    basis: 'form',
    words: ['carte d identité', 'carte nationale d identite', 'carte identité', 'cni', 'cnie'],
    near: ['999999999999', 'XXXXXXXXX'],
    valid: (text, length) => length === 12 || hasDigitAndLetter(text, 9),
  }),
  id('fr-passport', {
    basis: 'form',
    words: ['passeport', 'numéro de passeport', 'french passport'],
    near: ['99AA99999'],
  }),
  id('fr-driver-license', {
    basis: 'form',
    words: ['permis de conduire', 'permis', 'numero de permis'],
    near: ['999999999999', '99AA99999'],
  }),
  id('it-codice-fiscale', {
    basis: 'check letter, day of birth',
    words: ['c f', 'codice fiscale', 'cf', 'cod fisc', 'fiscal code'],
    alone: ['AAAAAAXXAXXAXXXA', 'AAA AAA XXAXX AXXXA', 'aaaaaa99a99a999a'],
    near: ['aaaaaaxxaxxaxxxa'],
    valid: isItCodiceFiscale,
  }),
  id('it-id-card', {
    basis: 'form',
    words: ['carta d identita', 'carta identita', 'cie', 'documento di identita', 'id card'],
    near: ['AA99999AA', 'AA9999999', '9999999AA'],
  }),
  id('it-passport', {
    basis: 'form',
    words: ['passaporto', 'numero di passaporto', 'italian passport'],
    near: ['AA9999999'],
  }),
  id('it-driver-license', {
    basis: 'form',
    words: ['patente', 'patente di guida', 'numero patente', 'driving licence'],
    near: ['AA9999999A', 'A9XXXXXXXA'],
  }),
  id('mt-id', {
    basis: 'letter',
    words: ['karta tal identità', 'karta tal identita', 'identity card', 'id card', 'maltese'],
    near: ['9999999A', '999999A', '99999A'],
    valid: (text, length) => isAt(text, length - 1, 'MGAPLHBZ'),
  }),
]

/** Sex 1 or 2 (3, 4, 7, 8 while registration lasts), month 1–12 or 20 where it is not known; Corsica is 2A and 2B. */
export function isFrNir(text: Uint8Array): boolean {
  const month = two(text, 3)
  if (!isAt(text, 0, '123478') || ((month < 1 || month > 12) && month !== 20)) return false
  let rest = mod97(text, 0, 5)
  if (isLetterAt(text, 6)) {
    if (digit(text, 5) !== 2 || !isAt(text, 6, 'AB')) return false
    rest = (rest * 100 + (isAt(text, 6, 'A') ? 19 : 18)) % 97
  } else rest = mod97(text, 5, 7, rest)
  return 97 - mod97(text, 7, 13, rest) === two(text, 13)
}

export function isFrSpi(text: Uint8Array): boolean {
  const number = toNumber(text, 0, 10)
  return digit(text, 0) < 4 && number > 0 && number % 511 === toNumber(text, 10, 13)
}

function hasDigitAndLetter(text: Uint8Array, length: number): boolean {
  let letters = 0
  for (let at = 0; at < length; at++) if (isLetterAt(text, at)) letters++
  return letters > 0 && letters < length
}

/** Letters may stand for digits where two people would have the same code (omocodia): L M N P Q R S T U V. */
export function isItCodiceFiscale(text: Uint8Array): boolean {
  const month = 'ABCDEHLMPRST'.indexOf(String.fromCharCode((text[8] ?? 0) & 0xdf)) + 1
  const day = toOmocode(text, 9) * 10 + toOmocode(text, 10)
  const year = toOmocode(text, 6) * 10 + toOmocode(text, 7)
  if (!isDay(year, month, day > 40 ? day - 40 : day)) return false
  for (let at = 12; at < 15; at++) if (toOmocode(text, at) > 9) return false
  let sum = 0
  for (let at = 0; at < 15; at++) {
    const number = value(text, at)
    const ordinal = number > 9 ? number - 10 : number
    sum += at % 2 === 0 ? (IT_ODD[ordinal] ?? 0) : ordinal
  }
  return (sum % 26) + 10 === value(text, 15)
}

/** 0–9, or 100 for what stands for none. */
function toOmocode(text: Uint8Array, at: number): number {
  if (!isLetterAt(text, at)) return digit(text, at)
  const index = 'LMNPQRSTUV'.indexOf(String.fromCharCode((text[at] ?? 0) & 0xdf))
  return index < 0 ? 100 : index
}

/** What characters in odd places count; digits as the first ten letters. */
const IT_ODD = [
  1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
]
