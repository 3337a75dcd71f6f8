/**
 * Check digits of numbers that people and things are known by. All read bytes in place: ASCII, separators gone (`compact`), and none allocates: they run on every run of digits of every body.
 *
 * Sources: ISO/IEC 7064 (mod 97-10, mod 11-2, mod 11,10), ISO/IEC 7812-1 annex B (Luhn), ICAO 9303 part 3 (7-3-1), J. Verhoeff 1969.
 */

/** Of the byte of a digit; 0…9 where the layout says `9`. */
export function digit(compact: Uint8Array, at: number): number {
  return (compact[at] ?? 0) & 15
}

/** 0–9 of a digit, 10–35 of a letter in either case, 0 of `<`, as in ICAO 9303. */
export function value(compact: Uint8Array, at: number): number {
  const byte = compact[at] ?? 0
  return byte > 64 ? (byte & 31) + 9 : byte < 58 ? byte & 15 : 0
}

/** A letter as 0…25, either case. */
export function letter(compact: Uint8Array, at: number): number {
  return ((compact[at] ?? 0) & 31) - 1
}

export function isDigitAt(compact: Uint8Array, at: number): boolean {
  const byte = compact[at] ?? 0
  return byte >= 48 && byte <= 57
}

export function isLetterAt(compact: Uint8Array, at: number): boolean {
  return (compact[at] ?? 0) > 64
}

/** Whether it is one of some letters or digits, in either case. @param among in upper case */
export function isAt(compact: Uint8Array, at: number, among: string): boolean {
  const byte = compact[at] ?? 0
  const upper = byte > 96 ? byte - 32 : byte
  for (let i = 0; i < among.length; i++) if (among.charCodeAt(i) === upper) return true
  return false
}

/** The same for every character of a part. */
export function areAt(compact: Uint8Array, from: number, to: number, among: string): boolean {
  for (let at = from; at < to; at++) if (!isAt(compact, at, among)) return false
  return true
}

/** The number that digits write, of up to 15 of them. */
export function toNumber(compact: Uint8Array, from: number, to: number): number {
  let number = 0
  for (let at = from; at < to; at++) number = number * 10 + digit(compact, at)
  return number
}

/** Whether it is one and the same character again and again: a placeholder. */
export function isRepeated(compact: Uint8Array, from: number, to: number): boolean {
  for (let at = from + 1; at < to; at++) if (compact[at] !== compact[from]) return false
  return true
}

/** Σ digit × weight, from the digit at `from` on. */
export function weigh(compact: Uint8Array, weights: readonly number[], from = 0): number {
  let sum = 0
  for (let i = 0; i < weights.length; i++) sum += digit(compact, from + i) * (weights[i] ?? 0)
  return sum
}

/** The same with {@link value}: letters count as 10–35. */
export function weighValues(compact: Uint8Array, weights: readonly number[], from = 0): number {
  let sum = 0
  for (let i = 0; i < weights.length; i++) sum += value(compact, from + i) * (weights[i] ?? 0)
  return sum
}

/** Luhn, the last character its check digit; letters count as 10–35, their double less 9. */
export function isLuhn(compact: Uint8Array, from: number, to: number, sum = 0): boolean {
  for (let at = to - 1, double = false; at >= from; at--, double = !double) {
    let number = value(compact, at)
    if (double) {
      number *= 2
      if (number > 9) number -= 9
    }
    sum += number
  }
  return sum % 10 === 0
}

/** What is left of the number that the characters write, divided by 97; letters are two digits. ISO 7064 wants 1. */
export function mod97(compact: Uint8Array, from: number, to: number, rest = 0): number {
  for (let at = from; at < to; at++) {
    const number = value(compact, at)
    rest = (rest * (number > 9 ? 100 : 10) + number) % 97
  }
  return rest
}

/** ISO 7064 mod 11,10, the last digit its check digit. */
export function isMod11x10(compact: Uint8Array, from: number, to: number): boolean {
  let rest = 10
  for (let at = from; at < to - 1; at++) {
    const sum = (rest + digit(compact, at)) % 10
    rest = ((sum === 0 ? 10 : sum) * 2) % 11
  }
  return (rest + digit(compact, to - 1)) % 10 === 1
}

/** ISO 7064 mod 11-2, the last character its check character, `X` for 10. */
export function isMod11x2(compact: Uint8Array, from: number, to: number): boolean {
  let rest = 0
  for (let at = from; at < to - 1; at++) rest = ((rest + digit(compact, at)) * 2) % 11
  const check = compact[to - 1] === 88 ? 10 : digit(compact, to - 1)
  return (rest + check) % 11 === 1
}

/** What the weights 7, 3, 1 sum up to, modulo 10: the check digit of ICAO 9303. */
export function sum731(compact: Uint8Array, from: number, to: number): number {
  let sum = 0
  for (let at = from, i = 0; at < to; at++, i++) {
    sum += value(compact, at) * (i % 3 === 0 ? 7 : i % 3 === 1 ? 3 : 1)
  }
  return sum % 10
}

/** Verhoeff, the last digit its check digit. */
export function isVerhoeff(compact: Uint8Array, from: number, to: number): boolean {
  return isVerhoeffWith(compact, from, to - 1, digit(compact, to - 1))
}

/** Verhoeff, the check digit standing elsewhere. */
export function isVerhoeffWith(
  compact: Uint8Array,
  from: number,
  to: number,
  check: number,
): boolean {
  let state = check
  for (let at = to - 1, i = 1; at >= from; at--, i++) {
    const moved = PERMUTED[(i % 8) * 10 + digit(compact, at)] ?? 0
    state = PRODUCT[state * 10 + moved] ?? 0
  }
  return state === 0
}

/** Multiplication in the dihedral group of order 10. */
const PRODUCT = Uint8Array.from(
  '0123456789' +
    '1234067895' +
    '2340178956' +
    '3401289567' +
    '4012395678' +
    '5987604321' +
    '6598710432' +
    '7659821043' +
    '8765932104' +
    '9876543210',
  Number,
)

/** Verhoeff's permutation, applied 0 to 7 times. */
const PERMUTED = Uint8Array.from(
  '0123456789' +
    '1576283094' +
    '5803796142' +
    '8916043527' +
    '9453126870' +
    '4286573901' +
    '2793806415' +
    '7046913258',
  Number,
)
