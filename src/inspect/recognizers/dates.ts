/**
 * Days inside of numbers: a number that begins with the 31st of February is none. There is no clock here: a day of birth is one between
 * 1850 and 2049, and where only two digits of the year are written, one in any century.
 */

import { toNumber } from './check-digits.ts'

/** @param year four digits. @param month 1–12 */
export function isBirthday(year: number, month: number, day: number): boolean {
  return year >= 1850 && year < 2050 && isDay(year, month, day)
}

/** Of a year of which two digits are known: 29 February is one in every fourth. */
export function isDay(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false
  if (month !== 2)
    return day <= (month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31)
  const leap = year % 4 === 0 && (year < 100 || year % 100 !== 0 || year % 400 === 0)
  return day <= (leap ? 29 : 28)
}

export function isDdmmyy(compact: Uint8Array, at: number): boolean {
  return isDay(two(compact, at + 4), two(compact, at + 2), two(compact, at))
}

export function isYymmdd(compact: Uint8Array, at: number): boolean {
  return isDay(two(compact, at), two(compact, at + 2), two(compact, at + 4))
}

export function isYyyymmdd(compact: Uint8Array, at: number): boolean {
  return isBirthday(toNumber(compact, at, at + 4), two(compact, at + 4), two(compact, at + 6))
}

/** The number of two digits. */
export function two(compact: Uint8Array, at: number): number {
  return toNumber(compact, at, at + 2)
}
