/** Numbers for value added tax (Directive 2006/112/EC, article 215, and those of its neighbours): the country, then what it gives out. */

import { isAt, isDigitAt, isLuhn, isMod11x10, isRepeated, toNumber, weigh } from './check-digits.ts'

/** Behind the country: `n` a digit, `a` a letter, `c` either, capitals as they are. */
const FORMS: Readonly<Record<string, readonly string[]>> = {
  AT: ['Unnnnnnnn'],
  BE: ['nnnnnnnnnn'],
  BG: ['nnnnnnnnn', 'nnnnnnnnnn'],
  CY: ['nnnnnnnna'],
  CZ: ['nnnnnnnn', 'nnnnnnnnn', 'nnnnnnnnnn'],
  DE: ['nnnnnnnnn'],
  DK: ['nnnnnnnn'],
  EE: ['nnnnnnnnn'],
  EL: ['nnnnnnnnn'],
  GR: ['nnnnnnnnn'],
  ES: ['cnnnnnnnc'],
  FI: ['nnnnnnnn'],
  FR: ['ccnnnnnnnnn'],
  GB: ['nnnnnnnnn', 'nnnnnnnnnnnn'],
  XI: ['nnnnnnnnn', 'nnnnnnnnnnnn'],
  HR: ['nnnnnnnnnnn'],
  HU: ['nnnnnnnn'],
  IE: ['ncnnnnna', 'nnnnnnnaa'],
  IT: ['nnnnnnnnnnn'],
  LT: ['nnnnnnnnn', 'nnnnnnnnnnnn'],
  LU: ['nnnnnnnn'],
  LV: ['nnnnnnnnnnn'],
  MT: ['nnnnnnnn'],
  NL: ['nnnnnnnnnBnn'],
  NO: ['nnnnnnnnn', 'nnnnnnnnnMVA'],
  PL: ['nnnnnnnnnn'],
  PT: ['nnnnnnnnn'],
  RO: ['nnnnnn', 'nnnnnnn', 'nnnnnnnn', 'nnnnnnnnn', 'nnnnnnnnnn'],
  SE: ['nnnnnnnnnnnn'],
  SI: ['nnnnnnnn'],
  SK: ['nnnnnnnnnn'],
  CH: ['Ennnnnnnnn'],
}

/** As written together, and with a blank or a dash behind the country. */
export const VAT_LAYOUTS: readonly string[] = [
  ...[...new Set(Object.values(FORMS).flat())].flatMap((form) => {
    const layout = form
      .replaceAll(/[A-Z]/g, 'A')
      .replaceAll('n', '9')
      .replaceAll('a', 'A')
      .replaceAll('c', 'X')
    return [
      `AA${layout}`,
      `AA ${layout}`,
      `AA-${layout}`,
      `AA${layout}`.replaceAll('A', 'a').replaceAll('X', 'x'),
    ]
  }),
  ...['AA 999 999 999', 'AA 999 9999 99', 'AA 9999 999 999', 'AA 9999.999.999', 'AA9999.999.999'],
  ...[
    'AA 99 999999999',
    'AA 99 999 999 999',
    'AA XX 999 999 999',
    'AA 99 99 99 99',
    'AA999 9999 99',
  ],
  ...[
    'AAA-999.999.999',
    'AAA 999.999.999',
    'AA 999999999 A99',
    'AA999999999 A99',
    'AA 999 999 99 99',
  ],
]

export function isVat(text: Uint8Array, length: number): boolean {
  const country = String.fromCharCode((text[0] ?? 0) & 0xdf, (text[1] ?? 0) & 0xdf)
  const forms = FORMS[country]
  if (forms === undefined || isRepeated(text, 2, length)) return false
  if (!forms.some((form) => hasForm(text, length, form))) return false
  return CHECKS[country]?.(text, length) ?? true
}

function hasForm(text: Uint8Array, length: number, form: string): boolean {
  if (form.length !== length - 2) return false
  for (let i = 0; i < form.length; i++) {
    const char = form[i] as string
    const isDigit = isDigitAt(text, i + 2)
    if (char === 'c') continue
    if (char === 'n' ? !isDigit : char === 'a' ? isDigit : !isAt(text, i + 2, char)) return false
  }
  return true
}

const CHECKS: Readonly<Record<string, (text: Uint8Array, length: number) => boolean>> = {
  BE: (text) => 97 - (toNumber(text, 2, 10) % 97) === toNumber(text, 10, 12),
  DE: (text, length) => isMod11x10(text, 2, length),
  DK: (text) => weigh(text, [2, 7, 6, 5, 4, 3, 2, 1], 2) % 11 === 0,
  HR: (text, length) => isMod11x10(text, 2, length),
  IT: (text, length) => isLuhn(text, 2, length),
  PL: (text) => weigh(text, [6, 5, 7, 2, 3, 4, 5, 6, 7, -1], 2) % 11 === 0,
  SE: (text) => isLuhn(text, 2, 12),
}
