/** Days of birth: a date is one of them only where a word or a name says so. */

import { digit } from './check-digits.ts'
import type { AnchorShape, Extent, PatternShape } from './recognizer.ts'
import { inNameSpellings, inSpellings } from './spelling.ts'

const LOCAL_BIRTH_WORDS = [
  ...[
    'dob',
    'birth',
    'date of birth',
    'birthdate',
    'birthday',
    'born',
    'birth day',
    'born on',
    'bday',
  ],
  ...[
    'geburtsdatum',
    'geboren',
    'geb',
    'geburtstag',
    'date de naissance',
    'naissance',
    'né le',
    'née le',
  ],
  ...[
    'fecha de nacimiento',
    'nacimiento',
    'nacido',
    'nacida',
    'data di nascita',
    'nascita',
    'nato il',
    'nata il',
  ],
  ...['geboortedatum', 'data de nascimento', 'data nascimento', 'nascimento', 'nascido', 'nascida'],
  ...[
    'fødselsdato',
    'født',
    'födelsedatum',
    'född',
    'syntymäaika',
    'syntynyt',
    'data urodzenia',
    'urodzony',
  ],
  ...[
    'urodzona',
    'data ur',
    'geb datum',
    'geb am',
    'date naissance',
    'né e le',
    'fecha nacimiento',
    'fec nac',
  ],
  ...[
    'data nascita',
    'luogo e data di nascita',
    'geb dat',
    'gebdat',
    'data de nasc',
    'birth dt',
    'nació',
    'natus',
  ],
  ...[
    'datum narození',
    'dátum narodenia',
    'születési dátum',
    'született',
    'datum rođenja',
    'doğum tarihi',
  ],
  ...[
    'дата рождения',
    'родился',
    'родилась',
    'дата народження',
    'ημερομηνία γέννησης',
    'γεννήθηκε',
  ],
  ...['生年月日', '出生日期', '出生', '誕生日', '생년월일', 'تاريخ الميلاد', 'תאריך לידה'],
]
export const BIRTH_WORDS = inSpellings(LOCAL_BIRTH_WORDS)
export const BIRTH_NAMES = inNameSpellings(LOCAL_BIRTH_WORDS)

export const NUMERIC_DATE_SHAPES: readonly PatternShape[] = [
  {
    kind: 'pattern',
    layouts: ['9999-99-99', '9999/99/99', '9999.99.99', '9999 99 99'],
    valid: (text) => isDate(text, 0, 4, 6),
  },
  {
    kind: 'pattern',
    layouts: ['99-99-9999', '99/99/9999', '99.99.9999', '99 99 9999'],
    valid: (text) => isDate(text, 4, 0, 2) || isDate(text, 4, 2, 0),
  },
  {
    kind: 'pattern',
    layouts: ['9/9/9999', '9.9.9999', '9-9-9999'],
    valid: (text) => isYear(text, 2),
  },
  {
    kind: 'pattern',
    layouts: ['9/99/9999', '99/9/9999', '9.99.9999', '99.9.9999', '9-99-9999', '99-9-9999'],
    valid: (text) => isYear(text, 3),
  },
  {
    kind: 'pattern',
    layouts: ['9999-9-9', '9999-9-99', '9999-99-9', '9999/9/9', '9999/9/99', '9999/99/9'],
    valid: (text) => isYear(text, 0),
  },
  {
    kind: 'pattern',
    layouts: ['99/99/99', '99.99.99', '99-99-99'],
    valid: (text) => isDayOfMonth(text, 0, 2) || isDayOfMonth(text, 2, 0),
  },
  {
    kind: 'pattern',
    layouts: ['99999999'],
    valid: (text) => isDate(text, 0, 4, 6) || isDate(text, 4, 2, 0) || isDate(text, 4, 0, 2),
  },
]

function isDate(text: Uint8Array, year: number, month: number, day: number): boolean {
  return isYear(text, year) && isDayOfMonth(text, month, day)
}

function isDayOfMonth(text: Uint8Array, month: number, day: number): boolean {
  const m = digit(text, month) * 10 + digit(text, month + 1)
  const d = digit(text, day) * 10 + digit(text, day + 1)
  return m >= 1 && m <= 12 && d >= 1 && d <= 31
}

function isYear(text: Uint8Array, at: number): boolean {
  const century = digit(text, at) * 10 + digit(text, at + 1)
  return century === 19 || century === 20
}

const MONTHS = [
  ...['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september'],
  ...['october', 'november', 'december', 'jan', 'feb', 'mar', 'apr', 'jun', 'jul', 'aug', 'sep'],
  ...['sept', 'oct', 'nov', 'dec', 'januar', 'jänner', 'februar', 'märz', 'mai', 'juni', 'juli'],
  ...['oktober', 'dezember', 'janvier', 'février', 'mars', 'avril', 'juin', 'juillet', 'août'],
  ...['septembre', 'octobre', 'novembre', 'décembre', 'enero', 'febrero', 'marzo', 'abril', 'mayo'],
  ...['junio', 'julio', 'agosto', 'septiembre', 'octubre', 'noviembre', 'diciembre', 'gennaio'],
  ...['febbraio', 'aprile', 'maggio', 'giugno', 'luglio', 'settembre', 'ottobre', 'dicembre'],
  ...['janeiro', 'fevereiro', 'março', 'maio', 'junho', 'julho', 'setembro', 'outubro', 'novembro'],
  ...['dezembro', 'januari', 'februari', 'maart', 'mei', 'augustus', 'stycznia', 'lutego', 'marca'],
  ...['kwietnia', 'maja', 'czerwca', 'lipca', 'sierpnia', 'września', 'października', 'listopada'],
  ...['grudnia', 'января', 'февраля', 'марта', 'апреля', 'мая', 'июня', 'июля', 'августа'],
  ...['сентября', 'октября', 'ноября', 'декабря'],
]

/** Bytes of the beginning by which a month is found. */
const STEM = 3
const KNOWN: ReadonlySet<string> = new Set(MONTHS)

/** `3 May 1985`, `May 3rd, 1985`, `3. März 1985`, `3 de mayo de 1985`: found by the month. */
export const MONTH_SHAPES: readonly AnchorShape[] = [
  ...new Set(
    MONTHS.flatMap((month) => [
      month,
      month[0]?.toUpperCase() + month.slice(1),
      month.toUpperCase(),
    ])
      // Latin in capitals or with one: lower case only in the languages that write it so.
      .map((month) => Buffer.from(month).toString('latin1', 0, STEM)),
  ),
].map((literal) => ({ kind: 'anchor', literal, reach: 12, extent: monthExtent }))

/** Up to `of `, `de `, an ordinal and its day in front; day and year behind. */
export function monthExtent(
  bytes: Uint8Array,
  at: number,
  floor: number,
  limit: number,
  out: Extent,
): void {
  out.start = at
  out.end = at
  const end = wordEnd(bytes, at, Math.min(limit, at + 24))
  out.reached = end + 16 > limit
  // Most words that begin like a month have no day or year behind.
  if (!hasDigitBehind(bytes, end, limit)) return
  if (
    !KNOWN.has(
      Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at)
        .toString()
        .toLowerCase(),
    )
  )
    return
  const start = dayBefore(bytes, at, floor)
  let next = skipGap(bytes, end, limit)
  if (start === at) {
    const day = digitsEnd(bytes, next, limit)
    if (day === next || day - next > 2) return
    next = skipGap(bytes, wordEnd(bytes, day, Math.min(limit, day + 3)), limit)
  }
  const year = digitsEnd(bytes, next, limit)
  if (next === end || year - next !== 4 || !isYear(bytes, next)) return
  out.start = start
  out.end = year
}

/** Behind a gap, and perhaps ` de `. */
function hasDigitBehind(bytes: Uint8Array, end: number, limit: number): boolean {
  if (end < limit && !isGap(bytes[end] as number)) return false
  const at = skipGap(bytes, end, limit)
  return at >= limit || isDigit(bytes[at] as number)
}

/** @returns where the day before a month begins, or `at` */
function dayBefore(bytes: Uint8Array, at: number, floor: number): number {
  let start = at
  while (start > floor && isGap(bytes[start - 1] as number)) start--
  if (start > floor + 2 && isLetter(bytes[start - 1] as number)) {
    // `of`, `de`, `th`, `st`, `nd`, `rd`.
    start -= 2
    while (start > floor && isGap(bytes[start - 1] as number)) start--
    if (start > floor + 2 && isLetter(bytes[start - 1] as number)) start -= 2
  }
  let digits = 0
  while (start > floor && digits < 3 && isDigit(bytes[start - 1] as number)) {
    start--
    digits++
  }
  return digits === 1 || digits === 2 ? start : at
}

function wordEnd(bytes: Uint8Array, from: number, limit: number): number {
  let at = from
  while (at < limit && (isLetter(bytes[at] as number) || (bytes[at] as number) > 0x7f)) at++
  return at
}

/** Blanks, points, commas, dashes, and ` de `. */
function skipGap(bytes: Uint8Array, from: number, limit: number): number {
  let at = from
  while (at < limit && at - from < 3 && isGap(bytes[at] as number)) at++
  if (at + 2 < limit && bytes[at] === 0x64 && bytes[at + 1] === 0x65 && bytes[at + 2] === 0x20)
    at += 3
  return at
}

function digitsEnd(bytes: Uint8Array, from: number, limit: number): number {
  let at = from
  while (at < limit && at - from < 5 && isDigit(bytes[at] as number)) at++
  return at
}

/** Under a name that says so: a date in whatever form, with four digits of a year in it. */
export function isBirthDate(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 8 || end - start > 40) return false
  let digits = 0
  let hasYear = false
  for (let i = start; i < end; i++) {
    const isOne = isDigit(bytes[i] as number)
    digits = isOne ? digits + 1 : 0
    if (digits === 4 && isYear(bytes, i - 3)) hasYear = true
  }
  return hasYear
}

function isGap(byte: number): boolean {
  return byte === 0x20 || byte === 0x2e || byte === 0x2c || byte === 0x2d
}

function isLetter(byte: number): boolean {
  return (byte | 32) >= 0x61 && (byte | 32) <= 0x7a
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}
