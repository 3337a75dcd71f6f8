/** Check digits of accounts and banks. */

import { digit, letter, mod97 } from './check-digits.ts'

/** ISO 9362: four letters of the party, ISO 3166 country. */
export function isBic(text: Uint8Array): boolean {
  return COUNTRIES[(letter(text, 4) << 5) | letter(text, 5)] === 1
}

const CODES =
  'AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW'
const COUNTRIES = new Uint8Array(1024)
for (const code of CODES.split(' '))
  COUNTRIES[((code.charCodeAt(0) - 65) << 5) | (code.charCodeAt(1) - 65)] = 1

/** ABA routing number: weights 3-7-1, and the Federal Reserve districts with their thrift and electronic forms. */
export function isAba(text: Uint8Array): boolean {
  const district = digit(text, 0) * 10 + digit(text, 1)
  if (district === 0 || (district > 12 && district < 21) || (district > 32 && district < 61))
    return false
  if (district > 72 && district !== 80) return false
  return weighted(text, 0, 9, ABA) % 10 === 0
}
const ABA = [3, 7, 1, 3, 7, 1, 3, 7, 1]

/** CLABE: each product modulo 10, the check digit makes the sum a multiple of 10. */
export function isClabe(text: Uint8Array): boolean {
  let sum = 0
  for (let i = 0; i < 17; i++) sum += (digit(text, i) * (CLABE[i % 3] as number)) % 10
  return (10 - (sum % 10)) % 10 === digit(text, 17) && sum > 0
}
const CLABE = [3, 7, 1]

/** CBU: two blocks with a check digit each. */
export function isCbu(text: Uint8Array): boolean {
  // Numbers of banks go up to 4xx.
  if (digit(text, 0) > 4) return false
  const bank = weighted(text, 0, 7, CBU_BANK)
  const account = weighted(text, 8, 13, CBU_ACCOUNT)
  return (
    bank > 0 &&
    account > 0 &&
    (10 - (bank % 10)) % 10 === digit(text, 7) &&
    (10 - (account % 10)) % 10 === digit(text, 21)
  )
}
const CBU_BANK = [7, 1, 3, 9, 7, 1, 3]
const CBU_ACCOUNT = [3, 9, 7, 1, 3, 9, 7, 1, 3, 9, 7, 1, 3]

/** ISO 17442. */
export function isLei(text: Uint8Array, length: number): boolean {
  return mod97(text, 0, length) === 1
}

function weighted(
  text: Uint8Array,
  start: number,
  length: number,
  weights: readonly number[],
): number {
  let sum = 0
  for (let i = 0; i < length; i++) sum += digit(text, start + i) * (weights[i] as number)
  return sum
}
