/** Check digits that several kinds share, on the compact text that `valid` gets: letters and digits, no separators. */

import { digit, letter } from './recognizer.ts'

/** ISO/IEC 7812-1 annex B. */
export function luhn(text: Uint8Array, length: number): boolean {
  let sum = 0
  for (let i = length - 1, doubled = false; i >= 0; i--, doubled = !doubled) {
    let value = digit(text, i)
    if (doubled) {
      value *= 2
      if (value > 9) value -= 9
    }
    sum += value
  }
  return sum % 10 === 0
}

/** ISO/IEC 7064 mod 97-10 over [from, length) and then [0, from): letters are 10…35. */
export function mod97(text: Uint8Array, length: number, from: number): number {
  return mod97Of(text, 0, from, mod97Of(text, from, length, 0))
}

function mod97Of(text: Uint8Array, start: number, end: number, before: number): number {
  let rest = before
  for (let i = start; i < end; i++) {
    const isDigit = (text[i] ?? 0) < 0x3a
    const value = isDigit ? digit(text, i) : letter(text, i) + 10
    rest = (rest * (isDigit ? 10 : 100) + value) % 97
  }
  return rest
}

export function isAllSame(text: Uint8Array, length: number): boolean {
  for (let i = 1; i < length; i++) if (text[i] !== text[0]) return false
  return true
}

/** The number that the digits from `start` make. */
export function numberAt(text: Uint8Array, start: number, length: number): number {
  let value = 0
  for (let i = start; i < start + length; i++) value = value * 10 + digit(text, i)
  return value
}
