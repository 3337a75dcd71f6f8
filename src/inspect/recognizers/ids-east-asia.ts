/** China, Japan, Korea, Taiwan; with Hong Kong and Macau. */

import { digit, isAt, isLetterAt, isMod11x2, isRepeated, toNumber, weigh } from './check-digits.ts'
import { isBirthday, isYyyymmdd, two } from './dates.ts'
import { id } from './id.ts'
import { IDS_HONG_KONG } from './ids-hong-kong.ts'
import type { Recognizer } from './recognizer.ts'

export const IDS_EAST_ASIA: readonly Recognizer[] = [
  id('cn-ric', {
    basis: 'mod 11-2, day of birth, region',
    words: [
      '身份证',
      '身分证',
      '身份証',
      '公民身份',
      '证件号',
      'shenfenzheng',
      'resident id',
      'id card',
      'id number',
      'shenfen',
    ],
    alone: ['999999999999999999', '99999999999999999A'],
    near: ['99999999999999999a', '999999 99999999 999X'],
    valid: isCnRic,
  }),
  id('cn-passport', {
    basis: 'form',
    words: ['护照', 'huzhao', 'chinese passport'],
    near: ['A99999999', 'AA9999999'],
    valid: (text) => isAt(text, 0, 'EGDSPH'),
  }),
  ...IDS_HONG_KONG,
  id('jp-my-number', {
    basis: 'mod 11',
    words: [
      'マイナンバー',
      '個人番号',
      'my number',
      'mynumber',
      'individual number',
      'kojin bango',
      'maina',
    ],
    near: ['9999 9999 9999', '9999-9999-9999', '999999999999'],
    valid: isJpMyNumber,
  }),
  id('jp-passport', {
    basis: 'form',
    words: ['パスポート', '旅券', 'ryoken', 'japanese passport'],
    near: ['AA9999999'],
  }),
  id('jp-driver-license', {
    basis: 'form',
    words: [
      '免許証',
      '免許',
      'unten menkyo',
      'menkyo',
      'driver license',
      'drivers license',
      'driving license',
    ],
    near: ['999999999999', '9999 9999 9999'],
  }),
  id('kr-rrn', {
    basis: 'mod 11 until 2020, day of birth',
    words: [
      '주민등록번호',
      '주민번호',
      '주민등록',
      'rrn',
      'jumin',
      'resident registration',
      'resident registration number',
    ],
    alone: ['999999-9999999'],
    near: ['9999999999999', '999999 9999999'],
    valid: isKrRrn,
  }),
  id('kr-frn', {
    basis: 'mod 11 until 2020, day of birth',
    words: [
      '외국인등록번호',
      'frn',
      'arc',
      'alien registration',
      'foreigner registration',
      'foreign registration',
    ],
    alone: ['999999-9999999'],
    near: ['9999999999999', '999999 9999999'],
    valid: isKrFrn,
  }),
  id('kr-passport', {
    basis: 'form',
    words: ['여권', 'yeogwon', 'korean passport'],
    near: ['A99999999', 'A999A9999'],
    valid: (text) => isAt(text, 0, 'MSRODG'),
  }),
  id('kr-driver-license', {
    basis: 'region',
    words: ['운전면허', 'driver license', 'drivers license', 'driving license', 'myeonheo'],
    near: ['99-99-999999-99', '999999999999'],
    valid: (text) => two(text, 0) > 10 && two(text, 0) < 29,
  }),
  id('tw-id', {
    basis: 'mod 10 with the letter',
    words: [
      '身分證',
      '身份證',
      '統一證號',
      'national id',
      'shenfenzheng',
      'taiwan id',
      'arc',
      'ui number',
      'id number',
    ],
    alone: ['A999999999'],
    near: ['a999999999', 'AA99999999'],
    valid: isTwId,
  }),
]

/** GB 11643-1999: six digits of the place, the day, a serial number. */
export function isCnRic(text: Uint8Array): boolean {
  if (isLetterAt(text, 17) && !isAt(text, 17, 'X')) return false
  return CN_REGIONS.includes(two(text, 0)) && isYyyymmdd(text, 6) && isMod11x2(text, 0, 18)
}

/** Provinces, and those of Taiwan, Hong Kong and Macau: 71, 81–83; 91 is abroad. */
const CN_REGIONS = [
  11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52,
  53, 54, 61, 62, 63, 64, 65, 71, 81, 82, 83, 91,
]

/** Ordinance 85 of 2014, article 5. */
export function isJpMyNumber(text: Uint8Array): boolean {
  const rest = weigh(text, MY_NUMBER) % 11
  return digit(text, 11) === (rest < 2 ? 0 : 11 - rest) && !isRepeated(text, 0, 12)
}

const MY_NUMBER = [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]

/** Sex and century behind the day: 1–4, 9 and 0 for citizens. Since October 2020 what follows is random, without a check digit. */
export function isKrRrn(text: Uint8Array): boolean {
  const kind = digit(text, 6)
  if (kind > 4 && kind < 9) return false
  const century = kind === 9 || kind === 0 ? 1800 : kind < 3 ? 1900 : 2000
  if (!isBirthday(century + two(text, 0), two(text, 2), two(text, 4))) return false
  if (isKrRandom(text, century)) return true
  return two(text, 7) < 97 && (11 - (weigh(text, RRN) % 11)) % 10 === digit(text, 12)
}

/** 5–8 for foreigners; two are added to the sum, by most. */
export function isKrFrn(text: Uint8Array): boolean {
  const kind = digit(text, 6)
  if (kind < 5 || kind > 8) return false
  const century = kind < 7 ? 1900 : 2000
  if (!isBirthday(century + two(text, 0), two(text, 2), two(text, 4))) return false
  const sum = weigh(text, RRN) % 11
  const check = digit(text, 12)
  return isKrRandom(text, century) || (13 - sum) % 10 === check || (11 - sum) % 10 === check
}

function isKrRandom(text: Uint8Array, century: number): boolean {
  return century === 2000 && toNumber(text, 0, 4) >= 2010
}

const RRN = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]

/** Region; 1 and 2 for citizens, 8 and 9 for foreigners, whose older ones have A to D there. */
export function isTwId(text: Uint8Array): boolean {
  const region = 'ABCDEFGHJKLMNPQRSTUVXYWZIO'.indexOf(String.fromCharCode((text[0] ?? 0) & 0xdf))
  if (region < 0 || !isAt(text, 1, '1289ABCD')) return false
  const second = isLetterAt(text, 1) ? ((text[1] ?? 0) & 31) - 1 : digit(text, 1)
  const sum = Math.floor(region / 10) + 1 + (region % 10) * 9 + second * 8 + weigh(text, TW_ID, 2)
  return sum % 10 === 0
}

const TW_ID = [7, 6, 5, 4, 3, 2, 1, 1]
