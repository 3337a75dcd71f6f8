/** Indonesia, Malaysia, the Philippines, Singapore, Thailand, Vietnam. */

import { digit, isAt, isLuhn, isRepeated, toNumber, weigh } from './check-digits.ts'
import { isDay, isYymmdd, two } from './dates.ts'
import { id } from './id.ts'
import type { Recognizer } from './recognizer.ts'

export const IDS_SOUTHEAST_ASIA: readonly Recognizer[] = [
  id('id-nik', {
    basis: 'province, day of birth',
    words: ['nik', 'ktp', 'nomor induk kependudukan', 'no ktp', 'nomor ktp'],
    near: ['9999999999999999', '99.99.99.999999.9999', '999999 999999 9999'],
    valid: isIdNik,
  }),
  id('id-npwp', {
    basis: 'Luhn',
    words: ['npwp', 'nomor pokok wajib pajak', 'tax id'],
    alone: ['99.999.999.9-999.999'],
    near: ['999999999999999'],
    valid: (text) => isLuhn(text, 0, 9) && !isRepeated(text, 0, 9),
  }),
  id('my-nric', {
    basis: 'day of birth, place',
    words: ['nric', 'mykad', 'ic', 'ic number', 'kad pengenalan', 'no kp'],
    alone: ['999999-99-9999'],
    near: ['999999999999', '999999 99 9999'],
    valid: isMyNric,
  }),
  id('my-passport', {
    basis: 'form',
    words: ['pasport', 'nombor pasport', 'malaysian passport'],
    near: ['A99999999'],
    valid: (text) => isAt(text, 0, 'AHK'),
  }),
  id('ph-tin', {
    basis: 'mod 11',
    words: ['tin', 'bir', 'taxpayer identification', 'tax identification number'],
    near: ['999-999-999', '999-999-999-999', '999-999-999-99999', '999999999', '999999999999'],
    valid: (text) => weigh(text, PH_TIN) % 11 === digit(text, 8),
  }),
  id('ph-sss', {
    basis: 'form',
    words: ['sss', 'sss number', 'social security system'],
    near: ['99-9999999-9', '9999999999'],
  }),
  id('ph-philhealth', {
    basis: 'form',
    words: ['philhealth', 'philhealth number'],
    near: ['99-999999999-9', '999999999999'],
    class: 'special',
  }),
  id('ph-umid', {
    basis: 'form',
    words: ['umid', 'crn', 'common reference number'],
    near: ['9999-9999999-9', '999999999999'],
  }),
  id('ph-philsys', {
    basis: 'form',
    words: ['philsys', 'psn', 'pcn', 'philid', 'philsys number'],
    near: ['9999-9999-9999-9999', '9999-9999-9999', '9999999999999999', '999999999999'],
  }),
  id('sg-nric', {
    basis: 'mod 11',
    words: ['nric', 'fin', 'nric fin', 'uin', 'identity card'],
    alone: ['A9999999A'],
    near: ['a9999999a'],
    valid: isSgNric,
  }),
  id('th-id', {
    basis: 'mod 11',
    words: [
      'ประชาชน',
      'บัตรประชาชน',
      'เลขประจำตัว',
      'citizen id',
      'thai id',
      'thai id',
      'national id',
      'id card',
      'citizen id',
      'bat prachachon',
    ],
    alone: ['9-9999-99999-99-9', '9 9999 99999 99 9'],
    near: ['9999999999999'],
    valid: isThId,
  }),
  id('vn-cccd', {
    basis: 'place of birth',
    words: [
      'căn cước',
      'cccd',
      'số cccd',
      'cccd',
      'can cuoc',
      'căn cước công dân',
      'so cccd',
      'citizen id',
    ],
    near: ['999999999999'],
    valid: (text) => toNumber(text, 0, 3) > 0 && toNumber(text, 0, 3) < 97,
  }),
  id('vn-cmnd', {
    basis: 'form',
    words: ['cmnd', 'chung minh', 'chứng minh nhân dân', 'so cmnd'],
    near: ['999999999'],
  }),
  id('vn-mst', {
    basis: 'mod 11',
    words: ['mst', 'mã số thuế', 'tax code', 'tax id'],
    near: ['9999999999', '9999999999-999', '99.9999999.9'],
    valid: isVnMst,
  }),
]

/** Province, regency, district, day of birth (women + 40), serial number. */
export function isIdNik(text: Uint8Array): boolean {
  const day = two(text, 6)
  const province = two(text, 0)
  const known = province > 10 && province < 98 && two(text, 2) > 0 && two(text, 4) > 0
  if (!known || toNumber(text, 12, 16) === 0) return false
  return isDay(two(text, 10), two(text, 8), day > 40 ? day - 40 : day)
}

/** JPN's codes of places, without those that are not given. */
export function isMyNric(text: Uint8Array): boolean {
  return isYymmdd(text, 0) && !MY_UNUSED.includes(two(text, 6))
}

const MY_UNUSED = [0, 17, 18, 19, 20, 69, 73, 80, 81, 94, 95, 96, 97]
const PH_TIN = [9, 8, 7, 6, 5, 4, 3, 2]

/** T and G are those given since 2000 and begin four later, M those since 2022, three later. */
export function isSgNric(text: Uint8Array): boolean {
  const rest = weigh(text, SG_NRIC, 1) % 11
  if (isAt(text, 0, 'S')) return isAt(text, 8, 'JZIHGFEDCBA'.charAt(rest))
  if (isAt(text, 0, 'T')) return isAt(text, 8, 'GFEDCBAJZIH'.charAt(rest))
  if (isAt(text, 0, 'F')) return isAt(text, 8, 'XWUTRQPNMLK'.charAt(rest))
  if (isAt(text, 0, 'G')) return isAt(text, 8, 'RQPNMLKXWUT'.charAt(rest))
  return isAt(text, 0, 'M') && isAt(text, 8, 'XWUTRQPNJLK'.charAt((rest + 3) % 11))
}

const SG_NRIC = [2, 7, 6, 5, 4, 3, 2]

export function isThId(text: Uint8Array): boolean {
  if (digit(text, 0) === 0 || digit(text, 0) === 9) return false
  return (11 - (weigh(text, TH_ID) % 11)) % 10 === digit(text, 12)
}

const TH_ID = [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]

export function isVnMst(text: Uint8Array): boolean {
  if (two(text, 0) === 0 || toNumber(text, 2, 9) === 0) return false
  return 10 - (weigh(text, VN_MST) % 11) === digit(text, 9)
}

const VN_MST = [31, 29, 23, 19, 17, 13, 7, 5, 3]
