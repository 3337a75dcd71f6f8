/** Passports and licences to drive: what machines read of them (ICAO 9303), and by the name where no country is known. */

import type { Extent, Recognizer } from './recognizer.ts'
import { inNameSpellings } from './spelling.ts'

/** Characters of one line of a passport, a visa or a card: the longest is the first look to the left. */
const LINE = 44

const DRIVER = [
  ...inNameSpellings([
    ...['führerscheinnummer', 'führerschein nr', 'numéro de permis', 'permis de conduire'],
    ...['carnet de conducir', 'licencia de conducir', 'permiso de conducir', 'patente di guida'],
    ...[
      'rijbewijsnummer',
      'prawo jazdy',
      'numer prawa jazdy',
      'carta de condução',
      'cnh',
      'körkort',
    ],
    ...[
      'førerkort',
      'ajokortti',
      'driver license no',
      'driving licence number',
      'dl no',
      'dl number',
    ],
  ]),
  'driver s license',
  'driver s licence',
  'driver license',
  'drivers license',
  'driver licence',
  'driving licence',
  'driving license',
  'driver license number',
  'drivers license number',
  'fuehrerschein',
  'permis de conduire',
  'licencia de conducir',
  'patente di guida',
  'rijbewijs',
]

const LOCAL_PASSPORTS = inNameSpellings([
  ...['reisepassnummer', 'passnummer', 'reisepass nr', 'numéro de passeport', 'passeport'],
  ...['número de pasaporte', 'pasaporte', 'numero passaporto', 'passaporto', 'paspoortnummer'],
  ...['paspoort', 'numer paszportu', 'paszport', 'número do passaporte', 'passaporte'],
])

export const TRAVEL: readonly Recognizer[] = [
  {
    type: 'mrz',
    class: 'personal',
    readiness: 'on',
    words: ['mrz', 'machine readable zone'],
    shapes: [{ kind: 'anchor', literal: '<<', reach: LINE, before: 'A-Z0-9<', extent: findLine }],
    basis: 'fillers, length of the line',
  },
  {
    type: 'passport-number',
    class: 'personal',
    readiness: 'context',
    words: [
      ...['passport', 'passport number', 'passport no', 'passeport', 'reisepass', 'pasaporte'],
      ...LOCAL_PASSPORTS,
    ],
    shapes: [
      {
        kind: 'key',
        keys: [
          ...['passport', 'passport number', 'passport no', 'passport id', 'passport num'],
          ...LOCAL_PASSPORTS,
        ],
        loose: 'word',
        readiness: 'on',
        valid: isNumberLike,
      },
      {
        kind: 'pattern',
        layouts: [
          ...['A9999999', 'A99999999', 'AA999999', 'AA9999999', 'AAA999999', '999999999'],
          ...['99AA99999', 'A999A9999', 'AA99999AA'],
        ],
      },
    ],
    basis: 'name',
  },
  {
    type: 'driver-license',
    class: 'personal',
    readiness: 'on',
    words: DRIVER,
    shapes: [{ kind: 'key', keys: DRIVER, loose: 'word', valid: isNumberLike }],
    basis: 'name',
  },
  {
    type: 'us-driver-license',
    class: 'personal',
    readiness: 'context',
    words: [
      'license number',
      'licence number',
      'driver s license',
      'drivers licence',
      'driver license',
      'drivers license',
      'dl number',
      'dmv',
      'dln',
    ],
    shapes: [
      { kind: 'pattern', layouts: ['A9999999', 'A999999999999', 'A99999999', 'A999-9999-9999'] },
      {
        kind: 'pattern',
        layouts: ['A999-999-99-999-9', 'A9999-99999-99999', 'AA999999', '99999999'],
      },
      {
        kind: 'pattern',
        layouts: ['999999999', 'A999-999-999-999', 'A99-99-9999', 'AAA99AAA9999'],
      },
    ],
    basis: 'form by state',
  },
]

/** One line, or all of them written together. */
const LENGTHS = [30, 36, LINE, 72, 88, 90]
const LONGEST = 90

/**
 * A line is capitals, digits and `<` of just one of some lengths, with `<<` somewhere and five letters or digits. The first `<<` of a run
 * decides for all of it, so that no byte is read more than twice.
 */
export function findLine(
  bytes: Uint8Array,
  at: number,
  floor: number,
  limit: number,
  out: Extent,
): void {
  out.start = out.end = at
  out.reached = false
  const first = Math.max(floor, at - LINE)
  let start = at
  while (start > first && isOfLine(bytes[start - 1])) {
    start--
    if (bytes[start] === FILLER && (bytes[start + 1] === FILLER || start + 1 === at)) return
  }
  let end = at + 2
  let others = at - start
  for (; end < limit && end - start <= LONGEST && isOfLine(bytes[end]); end++) {
    if (bytes[end] !== FILLER) others++
  }
  out.reached = end === limit && end - start <= LONGEST
  if (others < 5 || !LENGTHS.includes(end - start)) return
  out.start = start
  out.end = end
}

const FILLER = 60

function isOfLine(byte: number | undefined): boolean {
  if (byte === undefined) return false
  return byte === FILLER || (byte >= 65 && byte <= 90) || (byte >= 48 && byte <= 57)
}

/** Something with digits in it, not a word or a sentence. */
function isNumberLike(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 5 || end - start > 24) return false
  let digits = 0
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0
    if (byte >= 48 && byte <= 57) digits++
    else if (!isOfNumber(byte)) return false
  }
  return digits > 2
}

/** A letter, blank, `-`, `.` or `/`. */
function isOfNumber(byte: number): boolean {
  const lower = byte | 32
  return (lower >= 97 && lower <= 122) || byte === 32 || (byte >= 45 && byte <= 47)
}
