/** Hong Kong, Macau. */

import { isAt, isDigitAt, value } from './check-digits.ts'
import { id } from './id.ts'
import type { AnchorShape, Extent, Recognizer } from './recognizer.ts'

const HK_PLAIN = id('hk-hkid', {
  basis: 'mod 11',
  words: [
    '身份證',
    '香港身份證',
    'hkid',
    'hong kong id',
    'hong kong identity',
    'identity card',
    'id card',
  ],
  near: ['A999999X', 'AA999999X', 'A999999-X', 'A999999 X', 'a999999x'],
  valid: isHkId,
})

/** Printed with the check digit in brackets, which nothing else has: found by itself then. */
const HK_HKID: Recognizer = {
  ...HK_PLAIN,
  readiness: 'on',
  shapes: [
    ...[...'0123456789A'].map(
      (check): AnchorShape => ({
        kind: 'anchor',
        literal: `(${check})`,
        reach: 8,
        before: 'A-Z0-9',
        extent: findHkId,
      }),
    ),
    ...HK_PLAIN.shapes,
  ],
}

export const IDS_HONG_KONG: readonly Recognizer[] = [
  HK_HKID,
  id('mo-id', {
    basis: 'form',
    words: ['澳門身份證', 'macau id', 'macao id', 'birp', 'bir', 'bilhete de identidade'],
    near: ['9/999999/9', '99999999', '9999999-9'],
    valid: (text) => isAt(text, 0, '157'),
  }),
]

/** Letters, six digits, and in brackets behind `at` the check digit. */
export function findHkId(
  bytes: Uint8Array,
  at: number,
  floor: number,
  limit: number,
  out: Extent,
): void {
  out.start = out.end = at
  out.reached = false
  let start = at
  while (start > floor && start > at - 6 && isDigitAt(bytes, start - 1)) start--
  if (at - start !== 6) return
  while (start > floor && start > at - 8 && isCapitalAt(bytes, start - 1)) start--
  const length = at - start
  if (length === 6 || (start > floor && isWordAt(bytes, start - 1))) return
  out.reached = limit < at + 3
  if (out.reached || bytes[at + 2] !== 0x29) return
  for (let i = 0; i < length; i++) HK_TEXT[i] = bytes[start + i] ?? 0
  HK_TEXT[length] = bytes[at + 1] ?? 0
  if (!isHkId(HK_TEXT, length + 1)) return
  out.start = start
  out.end = at + 3
}

const HK_TEXT = new Uint8Array(9)

function isCapitalAt(bytes: Uint8Array, at: number): boolean {
  const byte = bytes[at] ?? 0
  return byte >= 65 && byte <= 90
}

function isWordAt(bytes: Uint8Array, at: number): boolean {
  const byte = (bytes[at] ?? 0) | 32
  return isDigitAt(bytes, at) || (byte >= 97 && byte <= 122) || byte === 127
}

/** One letter or two; a blank in front of one counts 36. */
export function isHkId(text: Uint8Array, length: number): boolean {
  let sum = length === 8 ? 36 * 9 : 0
  for (let at = 0, weight = length; at < length - 1; at++, weight--) sum += value(text, at) * weight
  return isAt(text, length - 1, '0A987654321'.charAt(sum % 11))
}
