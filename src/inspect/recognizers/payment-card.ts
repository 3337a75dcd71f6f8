/** Card numbers: issuer ranges with their lengths (ISO/IEC 7812, the networks' own tables), and how cards are printed and coded. */

import { digit, isLuhn, isRepeated, toNumber } from './check-digits.ts'
import type { Extent } from './recognizer.ts'

interface Range {
  /** First and last six-digit prefixes. */
  readonly from: number
  readonly to: number
  readonly lengths: readonly number[]
}

const RANGES: readonly Range[] = [
  { from: 400000, to: 499999, lengths: [13, 16, 19] }, // Visa
  { from: 510000, to: 559999, lengths: [16] }, // Mastercard
  { from: 222100, to: 272099, lengths: [16] },
  { from: 340000, to: 349999, lengths: [15] }, // American Express
  { from: 370000, to: 379999, lengths: [15] },
  { from: 300000, to: 305999, lengths: [14, 16] }, // Diners Club
  { from: 309500, to: 309599, lengths: [14, 16] },
  { from: 360000, to: 369999, lengths: [14, 16] },
  { from: 380000, to: 399999, lengths: [14, 16] },
  { from: 601100, to: 601199, lengths: [16, 19] }, // Discover
  { from: 622126, to: 622925, lengths: [16, 19] },
  { from: 644000, to: 659999, lengths: [16, 19] },
  { from: 352800, to: 358999, lengths: [16, 19] }, // JCB
  { from: 620000, to: 629999, lengths: [16, 17, 18, 19] }, // UnionPay
  { from: 810000, to: 817199, lengths: [16, 17, 18, 19] },
  { from: 500000, to: 509999, lengths: [12, 13, 14, 15, 16, 18, 19] }, // Maestro, Elo, Verve
  { from: 560000, to: 589999, lengths: [12, 13, 14, 15, 16, 18, 19] },
  { from: 630400, to: 630499, lengths: [12, 13, 14, 15, 16, 18, 19] },
  { from: 639000, to: 639099, lengths: [12, 13, 14, 15, 16, 18, 19] },
  { from: 670000, to: 679999, lengths: [12, 13, 14, 15, 16, 18, 19] },
  { from: 636200, to: 636999, lengths: [16] }, // Elo, InstaPayment, InterPayment
  { from: 600000, to: 608999, lengths: [16] }, // RuPay, Hipercard
  { from: 817200, to: 829999, lengths: [16] },
  { from: 220000, to: 220499, lengths: [16] }, // Mir
  { from: 979200, to: 979289, lengths: [16] }, // Troy
  { from: 860000, to: 860099, lengths: [16] }, // Uzcard
  { from: 986000, to: 986099, lengths: [16] }, // Humo
]

export const CARD_LAYOUTS: readonly string[] = [
  ...['9999 9999 9999 9999', '9999 999999 99999', '9999 999999 9999', '999999 9999999999999'],
  ...['9999 9999 9999 9999 999', '99999999 99999999', '9999 9999 9999 99'],
].flatMap((layout) => [layout, layout.replaceAll(' ', '-'), layout.replaceAll(' ', '.')])

export const BARE_CARD_LAYOUTS: readonly string[] = [16, 17, 18, 19].map((length) =>
  '9'.repeat(length),
)
/** The length that only American Express gives out today. */
export const SHORT_CARD_LAYOUTS: readonly string[] = ['9'.repeat(15)]

export function isShortCard(text: Uint8Array, length: number): boolean {
  const prefix = toNumber(text, 0, 2)
  return (prefix === 34 || prefix === 37) && isCard(text, length)
}

/** Lengths that nearly only numbers of other things have, those of Diners Club among them: of random digits one in three hundred is one. */
export const RARE_CARD_LAYOUTS: readonly string[] = [12, 13, 14, 15].map((length) =>
  '9'.repeat(length),
)

export function isCard(text: Uint8Array, length: number): boolean {
  if (digit(text, 0) < 2 || !isLuhn(text, 0, length) || isRepeated(text, 0, length)) return false
  const prefix = toNumber(text, 0, 6)
  for (const { from, to, lengths } of RANGES)
    if (prefix >= from && prefix <= to && lengths.includes(length)) return true
  return false
}

/** ISO/IEC 7813 track 1, from `%B` to `?`, and the last check digit. */
export function track1Extent(
  bytes: Uint8Array,
  at: number,
  _floor: number,
  limit: number,
  out: Extent,
): void {
  out.start = at
  out.end = at
  const digits = digitsEnd(bytes, at + 2, limit)
  const bound = Math.min(limit, digits + 90)
  let carets = 0
  let i = digits
  for (; i < bound; i++) {
    const byte = bytes[i] as number
    if (byte === 0x5e) carets++
    else if (byte === 0x3f || byte < 0x20 || byte > 0x5f) break
    if (i === digits && byte !== 0x5e) return
  }
  out.reached = i === limit
  if (digits - at - 2 < 12 || digits - at - 2 > 19 || carets < 2) return
  out.end = i < limit && bytes[i] === 0x3f ? i + 1 : i
}

/** ISO/IEC 7813 track 2, from `;` to `?`. */
export function track2Extent(
  bytes: Uint8Array,
  at: number,
  _floor: number,
  limit: number,
  out: Extent,
): void {
  out.start = at
  out.end = at
  const digits = digitsEnd(bytes, at + 1, limit)
  out.reached = digits === limit
  if (
    digits - at - 1 < 12 ||
    digits === limit ||
    (bytes[digits] !== 0x3d && bytes[digits] !== 0x44)
  )
    return
  const end = digitsEnd(bytes, digits + 1, limit)
  out.reached = end === limit
  if (end - digits < 8) return
  out.end = end < limit && bytes[end] === 0x3f ? end + 1 : end
}

/** At most a track's worth of digits. */
function digitsEnd(bytes: Uint8Array, from: number, limit: number): number {
  const bound = Math.min(limit, from + 20)
  let at = from
  while (at < bound && (bytes[at] as number) >= 0x30 && (bytes[at] as number) <= 0x39) at++
  return at
}
