/** Austria, Liechtenstein, Switzerland. */

import { digit, toNumber, weigh } from './check-digits.ts'
import { isDay, two } from './dates.ts'
import { id } from './id.ts'
import type { Recognizer } from './recognizer.ts'

export const IDS_ALPS: readonly Recognizer[] = [
  id('at-svnr', {
    basis: 'mod 11, day of birth',
    words: [
      'sv nummer',
      'sv nr',
      'svnr',
      'vsnr',
      'sozialversicherung',
      'sozialversicherungsnummer',
      'versicherungsnummer',
    ],
    near: ['9999 999999', '9999-999999', '9999999999'],
    valid: isAtSvnr,
  }),
  id('at-tax-id', {
    basis: 'Luhn',
    words: ['abgabenkontonummer', 'steuernummer', 'tin', 'tax id'],
    near: ['99-999/9999', '99 999/9999', '999999999'],
    valid: isAtTaxId,
  }),
  id('ch-ahv', {
    basis: 'EAN-13, 756',
    words: ['social security number', 'ahv', 'avs', 'ahvn', 'navs', 'sozialversicherungsnummer'],
    alone: ['999.9999.9999.99', '999 9999 9999 99'],
    near: ['9999999999999'],
    valid: isChAhv,
  }),
  id('ch-passport', {
    basis: 'form',
    words: ['schweizer pass', 'swiss passport', 'passeport suisse', 'passaporto svizzero'],
    near: ['A9999999', 'AXA99999'],
  }),
  id('li-peid', {
    basis: 'form',
    words: ['peid', 'personenidentifikationsnummer'],
    near: ['999999999999', '99999999', '9999999', '999999', '99999'],
  }),
]

/** Three digits from 100 on, the check digit, then the day; months 13 to 15 are for days whose numbers are used up. */
export function isAtSvnr(text: Uint8Array): boolean {
  const month = two(text, 6)
  const isDate = month > 12 ? month <= 15 : isDay(two(text, 8), month, two(text, 4))
  return digit(text, 0) > 0 && isDate && weigh(text, AT_SVNR) % 11 === digit(text, 3)
}

const AT_SVNR = [3, 7, 9, 0, 5, 8, 4, 2, 1, 6]

function isAtTaxId(text: Uint8Array): boolean {
  let sum = 0
  for (let at = 0; at < 8; at++) {
    const doubled = digit(text, at) * (at % 2 === 1 ? 2 : 1)
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return toNumber(text, 0, 2) > 2 && (10 - (sum % 10)) % 10 === digit(text, 8)
}

export function isChAhv(text: Uint8Array): boolean {
  return toNumber(text, 0, 3) === 756 && weigh(text, EAN13) % 10 === 0
}

const EAN13 = [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]
