/** Phone numbers without a library: country calling codes with the lengths of their numbers (ITU-T E.164, E.164.D of 2024-11). */

import { digit, isRepeated, toNumber } from './check-digits.ts'
import type { Extent } from './recognizer.ts'

/** Calling code to least and most digits of the national number. Where nothing is said: 7 to 12, E.164 has 15 in all. */
const LENGTHS: Readonly<Record<string, readonly [least: number, most: number]>> = {
  ...{ 1: [10, 10], 7: [10, 10], 20: [8, 10], 27: [9, 9], 30: [10, 10], 31: [9, 9], 32: [8, 9] },
  ...{ 33: [9, 9], 34: [9, 9], 36: [8, 9], 39: [6, 12], 40: [9, 9], 41: [9, 9], 43: [6, 13] },
  ...{ 44: [9, 10], 45: [8, 8], 46: [7, 10], 47: [8, 8], 48: [9, 9], 49: [6, 12], 51: [8, 9] },
  ...{
    52: [10, 11],
    53: [8, 8],
    54: [10, 11],
    55: [10, 11],
    56: [9, 9],
    57: [10, 10],
    58: [10, 10],
  },
  ...{ 60: [8, 10], 61: [9, 9], 62: [8, 12], 63: [8, 10], 64: [8, 10], 65: [8, 8], 66: [8, 9] },
  ...{
    81: [9, 10],
    82: [8, 10],
    84: [9, 10],
    86: [10, 11],
    90: [10, 10],
    91: [10, 10],
    92: [9, 10],
  },
  ...{ 247: [5, 6], 290: [4, 5], 500: [5, 5], 682: [5, 5], 690: [4, 7] },
  ...{ 93: [9, 9], 94: [9, 9], 95: [8, 10], 98: [10, 10] },
}

/** Three-digit codes in use: the others that begin like them are no countries. */
const THREE =
  '210 211 212 213 216 218 220 221 222 223 224 225 226 227 228 229 230 231 232 233 234 235 236 237 238 239 240 241 242 243 244 245 246 248 249 250 251 252 253 254 255 256 257 258 260 261 262 263 264 265 266 267 268 269 290 291 297 298 299 350 351 352 353 354 355 356 357 358 359 370 371 372 373 374 375 376 377 378 380 381 382 383 385 386 387 389 420 421 423 500 501 502 503 504 505 506 507 508 509 590 591 592 593 594 595 596 597 598 599 670 672 673 674 675 676 677 678 679 680 681 682 683 685 686 687 688 689 690 691 692 850 852 853 855 856 870 878 880 881 882 883 886 888 960 961 962 963 964 965 966 967 968 970 971 972 973 974 975 976 977 979 992 993 994 995 996 998'

/** Indexed by a calling code: least and most digits behind it; 0 for no code. */
const LEAST = new Uint8Array(1000)
const MOST = new Uint8Array(1000)
for (const code of THREE.split(' ')) {
  LEAST[Number(code)] = 6
  MOST[Number(code)] = 12
}
for (const [code, [least, most]] of Object.entries(LENGTHS)) {
  LEAST[Number(code)] = least
  MOST[Number(code)] = most
}

const MAX_DIGITS = 15
/** Digits and what is between them: `+44 (0)20 7946 0958`. */
const MAX_TEXT = 28

/** From the `+` on: digits in groups, with blank, `-`, `.`, `/` or parentheses between them. */
export function internationalPhoneExtent(
  bytes: Uint8Array,
  at: number,
  _floor: number,
  limit: number,
  out: Extent,
): void {
  out.start = at
  out.end = at
  // `a+49…` and `9+49…` are sums and base64, also where what is before was decided already.
  if (at > 0 && (isWord(bytes[at - 1] as number) || bytes[at - 1] === 0x29)) return
  const bound = Math.min(limit, at + MAX_TEXT)
  let code = 0
  let codeLength = 0
  let digits = 0
  let gap = 0
  let end = 0
  let brackets = 0
  let i = at + 1
  for (; i < bound; i++) {
    const byte = bytes[i] as number
    if (byte === 0x28) brackets++
    else if (byte === 0x29 && --brackets < 0) {
      if (gap === 0 && fits(code, codeLength, digits)) end = i
      break
    }
    if (byte < 0x30 || byte > 0x39) {
      if (gap === 0 && fits(code, codeLength, digits)) end = i
      if (digits === 0 || !isGap(byte) || ++gap > 2) break
      continue
    }
    gap = 0
    // (0) is dialled within the country only.
    if (codeLength > 0 && digits === codeLength && byte === 0x30 && bytes[i - 1] === 0x28) continue
    if (++digits > MAX_DIGITS) break
    if (codeLength > 0) continue
    code = code * 10 + (byte & 15)
    if (digits > 3 || code === 0) return
    if (LEAST[code] !== 0) codeLength = digits
  }
  if (i === bound && gap === 0 && fits(code, codeLength, digits)) end = i
  out.reached = i === limit
  if (end === 0) return
  if (code === 1 && !isNorthAmerican(bytes, at + 2, end)) return
  takeWithExtension(bytes, at, end, limit, out)
}

/** Sets the extent, unless a word goes on there: `x123`, ` ext. 123` belong to it. */
function takeWithExtension(
  bytes: Uint8Array,
  start: number,
  end: number,
  limit: number,
  out: Extent,
): void {
  const to = extensionEnd(bytes, end, limit)
  if (to + MAX_EXTENSION >= limit) out.reached = true
  if (to < limit && isWord(bytes[to] as number)) return
  out.start = start
  out.end = to
}

/** ` ext. ` and six digits. */
const MAX_EXTENSION = 12

/** @returns `end` where there is none */
function extensionEnd(bytes: Uint8Array, end: number, limit: number): number {
  let at = end
  if (at < limit && bytes[at] === 0x20) at++
  if (isLetterAt(bytes, at, limit, 0x78)) at++
  else if (
    isLetterAt(bytes, at, limit, 0x65) &&
    isLetterAt(bytes, at + 1, limit, 0x78) &&
    isLetterAt(bytes, at + 2, limit, 0x74)
  )
    at += 3
  else return end
  if (at < limit && bytes[at] === 0x2e) at++
  if (at < limit && bytes[at] === 0x20) at++
  const from = at
  while (at < limit && at - from < 7 && isDigit(bytes[at] as number)) at++
  return at === from || at - from > 6 ? end : at
}

/** @param letter in lower case */
function isLetterAt(bytes: Uint8Array, at: number, limit: number, letter: number): boolean {
  return at < limit && ((bytes[at] as number) | 32) === letter
}

function fits(code: number, codeLength: number, digits: number): boolean {
  const national = digits - codeLength
  return codeLength > 0 && national >= (LEAST[code] ?? 0) && national <= (MOST[code] ?? 0)
}

/** The area code begins with 2 to 9. So does the exchange, but in the numbers that people make up: `555-123-4567`. */
function isNorthAmerican(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start
  while (at < end && !isDigit(bytes[at] as number)) at++
  return at < end && (bytes[at] as number) > 0x31
}

/** The same; a 1 or 001 may stand in front. Not all the same digit. */
export function isNorthAmericanPhone(text: Uint8Array, length: number): boolean {
  const at = length - 10
  return (
    (at === 0 || (digit(text, at - 1) === 1 && toNumber(text, 0, at) === 1)) &&
    digit(text, at) > 1 &&
    !isRepeated(text, at, length)
  )
}

/** With an extension in the last group: `999-999-9999x123`. */
export function isExtendedPhone(text: Uint8Array, length: number): boolean {
  let at = length
  while (at > 0 && isDigit(text[at - 1] as number)) at--
  return at > 9 && (text[at - 1] as number) === 0x78 && isNorthAmericanPhone(text, at - 1)
}

/** What stands near a word for phones: with 00 in front as many digits as E.164 has, else no more than a country's; twelve with the trunk's 0. */
export function isNationalPhone(text: Uint8Array, length: number): boolean {
  if (isRepeated(text, 0, length) || (length === 8 && isYears(text))) return false
  if (length <= 11) return true
  return digit(text, 0) === 0 && (length === 12 || digit(text, 1) === 0)
}

/** `1989-2022` */
function isYears(text: Uint8Array): boolean {
  const [from, to] = [toNumber(text, 0, 4), toNumber(text, 4, 8)]
  return from >= 1900 && from < 2100 && to >= 1900 && to < 2100
}

/** Lengths of the groups that numbers are written in; none that dates are written in. */
const GROUPS: readonly (readonly number[])[] = compositions()

function compositions(): (readonly number[])[] {
  const all: (readonly number[])[] = [[7], [8], [9], [10], [11], [12], [13], [14]]
  for (let first = 1; first <= 6; first++)
    for (let second = 2; second <= 9; second++) {
      if (second > 2) all.push([first, second])
      for (let third = 2; third <= 4; third++) {
        all.push([first, second, third])
        for (let fourth = 2; fourth <= 4; fourth++) {
          all.push([first, second, third, fourth])
          if (fourth === 2) all.push([first, second, third, fourth, 2])
        }
      }
    }
  return all.filter((groups) => {
    const digits = groups.reduce((sum, group) => sum + group)
    const isTooEven = groups.length > 2 && groups.slice(1).some((group) => group > 4)
    const isDate = ['4,2,2', '2,2,4', '1,2,4', '2,1,4'].includes(groups.join())
    const isAbroad = groups[0] === 4 && digits > 11 && digits < 15
    const hasTrunk = digits === 12 && (groups[0] ?? 0) > 2
    return (
      digits > 6 &&
      (digits < 12 || isAbroad || hasTrunk || groups.length === 1) &&
      !isTooEven &&
      !isDate
    )
  })
}

/** Blanks and dashes, also mixed with what stands behind the area code; points only where versions and addresses have none. */
export const NATIONAL_LAYOUTS: readonly string[] = GROUPS.flatMap((groups) => {
  const [first = '', ...rest] = groups.map((length) => '9'.repeat(length))
  if (rest.length === 0) return [first]
  const separators = ['  ', '--', '- ', ' -', '/ ', ...(rest.length > 1 ? ['..'] : ['/'])]
  const isAddress = rest.length === 3
  return separators
    .filter(
      (pair) =>
        !(pair === '..' && isAddress) &&
        !(pair.length > 1 && rest.length === 1 && pair[0] !== pair[1]),
    )
    .map(([one = '', other = '']) => first + one + rest.join(other))
}).concat(['9 999 999-99-99', '999 999-99-99', '99 999-99-99', '9-999-999-99-99'])

/** Up to five digits of an extension. */
export const EXTENDED_LAYOUTS: readonly string[] = [6, 7, 8, 9, 10].flatMap((length) => {
  const last = 'x'.repeat(length)
  return [`999-999-${last}`, `999.999.${last}`, `9-999-999-${last}`, `999-999-999-${last}`]
})

/** `(11) 97043-0236`, `(0)30 123456`, `8 (912) 123-45-67`: digits in brackets, and groups behind. */
export function areaCodeExtent(
  bytes: Uint8Array,
  at: number,
  floor: number,
  limit: number,
  out: Extent,
): void {
  out.start = at
  out.end = at
  let digits = 0
  let i = at + 1
  while (i < limit && digits < 6 && isDigit(bytes[i] as number)) {
    i++
    digits++
  }
  const area = digits
  out.reached = i === limit
  if (area === 0 || area > 5 || i === limit || bytes[i] !== 0x29) return
  const bound = Math.min(limit, i + 20)
  let end = 0
  let gap = 0
  for (i++; i < bound; i++) {
    const byte = bytes[i] as number
    if (isDigit(byte)) {
      digits++
      gap = 0
      continue
    }
    if (gap === 0) end = i
    if (byte === 0x28 || byte === 0x29 || !isGap(byte) || ++gap > 1) break
  }
  if (i === bound && gap === 0) end = i
  out.reached = i === limit
  if (digits < 7 || digits > 11) return
  takeWithExtension(bytes, trunkStart(bytes, at, floor), end, limit, out)
}

/** The same, as in North America. */
export function northAmericanExtent(
  bytes: Uint8Array,
  at: number,
  floor: number,
  limit: number,
  out: Extent,
): void {
  areaCodeExtent(bytes, at, floor, limit, out)
  let length = 0
  for (let i = at; i < out.end && !isLetterAt(bytes, i, out.end, 0x78); i++)
    if (isDigit(bytes[i] as number)) length++
  if (length === 10 && bytes[at + 4] === 0x29 && isNorthAmerican(bytes, at + 1, out.end)) return
  out.start = at
  out.end = at
}

/** `8 ` or `1-` in front of the bracket. */
function trunkStart(bytes: Uint8Array, at: number, floor: number): number {
  let start = at
  if (start > floor && (bytes[start - 1] === 0x20 || bytes[start - 1] === 0x2d)) start--
  const isTrunk = start > floor && (bytes[start - 1] === 0x38 || bytes[start - 1] === 0x31)
  const isAlone = isTrunk && (start - 1 === floor || !isWord(bytes[start - 2] as number))
  return isAlone ? start - 1 : at
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

function isGap(byte: number): boolean {
  return (
    byte === 0x20 ||
    byte === 0x2d ||
    byte === 0x2e ||
    byte === 0x28 ||
    byte === 0x29 ||
    byte === 0x2f
  )
}

function isWord(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || ((byte | 32) >= 0x61 && (byte | 32) <= 0x7a)
}
