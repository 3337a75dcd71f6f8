/** Estonia, Latvia, Lithuania. */

import { digit, weigh } from './check-digits.ts'
import { isBirthday, two } from './dates.ts'
import { id } from './id.ts'
import type { Recognizer } from './recognizer.ts'

export const IDS_BALTICS: readonly Recognizer[] = [
  id('ee-isikukood', {
    basis: 'two-step mod 11, day of birth',
    words: ['isikukood', 'personal identification code', 'estonian id'],
    near: ['99999999999'],
    valid: isEeIsikukood,
  }),
  id('lt-asmens-kodas', {
    basis: 'two-step mod 11, day of birth',
    words: ['a k', 'asmens kodas', 'personal code', 'lithuanian id'],
    near: ['99999999999'],
    valid: isLtAsmensKodas,
  }),
  id('lv-personas-kods', {
    basis: 'mod 11, day of birth; new ones by form',
    words: ['p k', 'personas kods', 'personal code', 'latvian id'],
    near: ['999999-99999', '99999999999'],
    valid: isLvPersonasKods,
  }),
  id('ee-passport', {
    basis: 'form',
    words: ['passi number', 'dokumendi number', 'estonian passport'],
    near: ['AA9999999', 'A9999999'],
  }),
  id('lt-passport', {
    basis: 'form',
    words: ['paso numeris', 'pasas', 'lithuanian passport'],
    near: ['99999999'],
  }),
  id('lv-passport', {
    basis: 'form',
    words: ['pases numurs', 'pase', 'latvian passport'],
    near: ['AA9999999'],
  }),
]

/** The first digit is sex and century: 1 and 2 of the 19th, up to 7 and 8. */
export function isEeIsikukood(text: Uint8Array): boolean {
  const first = digit(text, 0)
  if (first < 1 || first > 6) return false
  const century = 1800 + Math.floor((first - 1) / 2) * 100
  const isDate = isBirthday(century + two(text, 1), two(text, 3), two(text, 5))
  return isDate && balticCheck(text) === digit(text, 10)
}

/** As in Estonia; 9 is for those whose day of birth was not known. */
export function isLtAsmensKodas(text: Uint8Array): boolean {
  return digit(text, 0) === 9 ? balticCheck(text) === digit(text, 10) : isEeIsikukood(text)
}

function balticCheck(text: Uint8Array): number {
  const first = weigh(text, BALTIC_FIRST) % 11
  return first < 10 ? first : (weigh(text, BALTIC_SECOND) % 11) % 10
}

const BALTIC_FIRST = [1, 2, 3, 4, 5, 6, 7, 8, 9, 1]
const BALTIC_SECOND = [3, 4, 5, 6, 7, 8, 9, 1, 2, 3]

/** Those given since July 2017 begin with 32 to 39 and tell nothing; nothing about a check digit of theirs is published. */
export function isLvPersonasKods(text: Uint8Array): boolean {
  const day = two(text, 0)
  if (day >= 32) return day < 40
  const year = 1800 + digit(text, 6) * 100 + two(text, 4)
  if (!isBirthday(year, two(text, 2), day)) return false
  return ((1 + weigh(text, LV)) % 11) % 10 === digit(text, 10)
}

const LV = [10, 5, 8, 4, 2, 1, 6, 3, 7, 9]
