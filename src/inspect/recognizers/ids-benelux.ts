/** Belgium, Luxembourg, the Netherlands. */

import { digit, isAt, isLuhn, isVerhoeffWith, toNumber, weigh } from './check-digits.ts'
import { isDay, isYyyymmdd, two } from './dates.ts'
import { id } from './id.ts'
import type { Recognizer } from './recognizer.ts'

export const IDS_BENELUX: readonly Recognizer[] = [
  id('be-nn', {
    basis: 'mod 97, day of birth',
    words: [
      'national number',
      'numéro national',
      'numéro de registre national',
      'rijksregister',
      'rijksregisternummer',
      'registre national',
      'niss',
      'insz',
      'nrn',
    ],
    alone: ['99.99.99-999.99', '999999-999-99', '99.99.99.999.99'],
    near: ['99999999999', '999999 999 99', '99 99 99 999 99'],
    valid: (text) => isBeNumber(text, two(text, 2)),
  }),
  id('be-bis', {
    basis: 'mod 97, day of birth',
    words: ['bis nummer', 'numero bis', 'bis number', 'niss', 'insz', 'rijksregister'],
    alone: ['99.99.99-999.99'],
    near: ['99999999999', '999999-999-99'],
    valid: (text) => isBeBis(text),
  }),
  id('be-id-card', {
    basis: 'mod 97',
    words: [
      'identiteitskaart',
      'carte identité',
      'carte d identité',
      'kaartnummer',
      'eid',
      'id card',
    ],
    near: ['999-9999999-99', '999999999999'],
    valid: (text) => (toNumber(text, 0, 10) % 97 || 97) === two(text, 10),
  }),
  id('be-passport', {
    basis: 'form',
    words: ['paspoort', 'passeport', 'paspoortnummer', 'belgian passport'],
    near: ['AA999999'],
  }),
  id('lu-matricule', {
    basis: 'Luhn, Verhoeff, day of birth',
    words: ['matricule', 'sécurité sociale', 'ccss', 'nin', 'sozialversicherungsnummer'],
    alone: ['9999999999999', '9999 9999 99999', '9999 99 99 99999', '99999999-99999'],
    valid: isLuMatricule,
  }),
  id('nl-bsn', {
    basis: 'mod 11',
    words: [
      'bsn',
      'burgerservicenummer',
      'sofinummer',
      'sofi',
      'burgerservice',
      'citizen service number',
    ],
    near: ['999999999', '9999.99.999', '9999 99 999', '999 999 999', '99999999'],
    valid: isNlBsn,
  }),
  id('nl-passport', {
    basis: 'form without O',
    words: ['paspoort', 'paspoortnummer', 'identiteitskaart', 'documentnummer', 'dutch passport'],
    near: ['AAXXXXXX9'],
    valid: (text) => !hasO(text),
  }),
  id('nl-driver-license', {
    basis: 'form',
    words: ['rijbewijs', 'rijbewijsnummer', 'driving licence', 'driver license'],
    near: ['9999999999'],
  }),
]

/** The last two digits are 97 less what the nine before leave, for those born since 2000 with a 2 in front. Month 0 where it is not known. */
export function isBeNumber(text: Uint8Array, month: number): boolean {
  const isDate = month === 0 ? two(text, 4) < 32 : isDay(two(text, 0), month, two(text, 4))
  if (!isDate) return false
  const number = toNumber(text, 0, 9)
  const check = two(text, 9)
  if (97 - (number % 97) === check) return true
  return two(text, 0) < 50 && 97 - ((2_000_000_000 + number) % 97) === check
}

/** Month + 20, or + 40 where the sex is known. */
export function isBeBis(text: Uint8Array): boolean {
  const month = two(text, 2)
  if (month >= 20 && month <= 32) return isBeNumber(text, month - 20)
  return month >= 40 && month <= 52 && isBeNumber(text, month - 40)
}

/** Loi du 19 juin 2013: the first check digit is Luhn's, the second Verhoeff's, both of the first eleven digits. */
export function isLuMatricule(text: Uint8Array): boolean {
  return isYyyymmdd(text, 0) && isLuhn(text, 0, 12) && isVerhoeffWith(text, 0, 11, digit(text, 12))
}

export function isNlBsn(text: Uint8Array, length: number): boolean {
  if (toNumber(text, 0, length) === 0) return false
  return weigh(text, length === 9 ? BSN_9 : BSN_8) % 11 === 0
}

const BSN_9 = [9, 8, 7, 6, 5, 4, 3, 2, -1]
const BSN_8 = [8, 7, 6, 5, 4, 3, 2, -1]

function hasO(text: Uint8Array): boolean {
  for (let at = 0; at < 9; at++) if (isAt(text, at, 'O')) return true
  return false
}
