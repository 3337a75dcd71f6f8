/** What tells machines, devices, vehicles and sessions apart, and with them the people who use them. */

import { digit, isLuhn, isRepeated, letter } from './check-digits.ts'
import { ipv4Extent, ipv6Extent, isMac, macExtent } from './ip.ts'
import { Next } from './reading.ts'
import type { Recognizer } from './recognizer.ts'
import { toSet } from './secret.ts'
import { isUuid, isWrittenKey } from './secret-value.ts'
import { inNameSpellings } from './spelling.ts'
import { endOfPlate, isPlate } from './written.ts'

const PLATE_KEYS = inNameSpellings([
  ...['licence plate', 'license plate', 'number plate', 'plate number', 'registration plate'],
  ...['license plate number', 'licence plate number', 'vehicle registration', 'plate no'],
  ...['kennzeichen', 'kfz kennzeichen', 'nummernschild', 'immatriculation', 'plaque'],
  ...['plaque d immatriculation', 'matrícula', 'placa', 'targa', 'targa auto', 'kenteken'],
  ...['numer rejestracyjny', 'tablica rejestracyjna', 'registreringsnummer', 'rekisterinumero'],
  ...['spz', 'rendszám', 'госномер', '车牌号', 'ナンバープレート'],
])

const SESSION_KEYS = [
  ...['session id', 'sessionid', 'sid', 'phpsessid', 'jsessionid', 'session token', 'session key'],
  ...['sess', 'asp net session id', 'connect sid', 'session cookie', 'csrf token', 'xsrf token'],
  ...['csrftoken', 'sessid', 'session hash'],
]

export const NETWORK: readonly Recognizer[] = [
  {
    type: 'ipv4',
    class: 'personal',
    readiness: 'off',
    words: ['ip', 'ip address', 'client ip', 'remote addr'],
    shapes: [
      { kind: 'anchor', literal: '.', next: '0-9', reach: 3, before: '0-9', extent: ipv4Extent },
    ],
    basis: 'four numbers, public ranges only',
  },
  {
    type: 'ipv6',
    class: 'personal',
    readiness: 'off',
    words: ['ip', 'ip address', 'client ip', 'remote addr'],
    shapes: [
      {
        kind: 'anchor',
        literal: ':',
        next: '0-9A-Fa-f:',
        reach: 4,
        before: '0-9A-Fa-f',
        extent: ipv6Extent,
      },
    ],
    basis: 'eight groups, or `::`',
  },
  {
    type: 'mac-address',
    class: 'personal',
    readiness: 'off',
    words: ['mac', 'bssid', 'ethernet'],
    shapes: [
      { kind: 'pattern', layouts: ['xx-xx-xx-xx-xx-xx', 'xxxx.xxxx.xxxx'], valid: isMac },
      { kind: 'anchor', literal: ':', reach: 3, before: '0-9A-Za-z:', extent: macExtent },
      { kind: 'key', keys: ['mac', 'mac address', 'bssid', 'hardware address'] },
    ],
    basis: 'six pairs of hex digits, or the name of the field',
  },
  {
    type: 'imei',
    class: 'personal',
    readiness: 'context',
    words: ['imei', 'imeisv', 'device serial'],
    shapes: [
      {
        kind: 'pattern',
        layouts: ['999999999999999', '99-999999-999999-9', '99 999999 999999 9'],
        valid: (text, length) => isLuhn(text, 0, length) && !isRepeated(text, 0, length),
      },
    ],
    basis: 'Luhn, near a word',
  },
  {
    type: 'imsi',
    class: 'personal',
    readiness: 'context',
    words: ['imsi', 'subscriber identity'],
    shapes: [
      { kind: 'pattern', layouts: ['99999999999999', '999999999999999'], valid: isMobileCountry },
    ],
    basis: 'range of country codes, near a word',
  },
  {
    type: 'iccid',
    class: 'personal',
    readiness: 'context',
    words: ['iccid', 'sim', 'sim card', 'sim number'],
    shapes: [
      {
        kind: 'pattern',
        layouts: ['9999999999999999999'],
        valid: (text, length) => isTelecom(text) && isLuhn(text, 0, length),
      },
      {
        kind: 'pattern',
        layouts: ['99999999999999999999'],
        valid: (text, length) =>
          isTelecom(text) && (isLuhn(text, 0, length) || isLuhn(text, 0, length - 1)),
      },
    ],
    basis: '89, Luhn, near a word',
  },
  {
    type: 'vin',
    class: 'personal',
    readiness: 'context',
    words: ['vin', 'chassis', 'vehicle identification', 'fahrgestellnummer', 'vehicle', 'fin'],
    shapes: [{ kind: 'pattern', layouts: ['XXXXXXXXXXXXXXXXX'], valid: isVin }],
    basis: 'letters without I, O, Q, check character or a name, near a word',
  },
  {
    type: 'licence-plate',
    class: 'personal',
    readiness: 'on',
    words: [],
    shapes: [
      { kind: 'key', keys: PLATE_KEYS },
      { kind: 'key', keys: PLATE_KEYS, loose: 'line', endOf: endOfPlate, valid: isPlate },
    ],
    basis: 'the name of the field',
  },
  {
    type: 'advertising-id',
    class: 'personal',
    readiness: 'on',
    words: [],
    shapes: [
      {
        kind: 'key',
        keys: ['idfa', 'gaid', 'aaid', 'advertising id', 'ad id', 'idfv', 'android id', 'adid'],
        loose: 'word',
        valid: isId,
      },
    ],
    basis: 'the name of the field',
  },
  {
    type: 'session-id',
    class: 'secret',
    readiness: 'on',
    words: [],
    shapes: [
      { kind: 'key', keys: SESSION_KEYS, valid: isId },
      { kind: 'key', keys: SESSION_KEYS, loose: 'word', valid: isWrittenId },
      {
        kind: 'key',
        keys: ['phpsessid', 'jsessionid', 'sessionid', 'connect sid'],
        loose: 'word',
        valid: isId,
      },
      // Also what has one, and other things: `session: 12`.
      { kind: 'key', keys: ['session'], loose: 'word', valid: isWrittenId },
    ],
    basis: 'the name of the field or cookie',
  },
  {
    type: 'cookie',
    class: 'secret',
    readiness: 'on',
    words: [],
    shapes: [{ kind: 'key', keys: ['cookie', 'set cookie'], whole: true, valid: isId }],
    basis: 'the name of the field',
  },
]

/** Eight characters or more, with a digit or a letter of either case. */
function isId(_bytes: Uint8Array, start: number, end: number): boolean {
  return end - start >= 8
}

/** What no id is written with. */
const NOT_OF_ID = new Next(toSet('A-Za-z0-9._%+/=:~-').map((is) => 1 - is))

/** In a text: long, with letters and digits, or a UUID. */
function isWrittenId(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 16 || NOT_OF_ID.from(bytes, start, end) < end) return false
  return isWrittenKey(bytes, start, end) || isUuid(bytes, start, end)
}

/** ITU-T E.212: the first digit is a region, 2 to 7. */
function isMobileCountry(text: Uint8Array): boolean {
  return digit(text, 0) >= 2 && digit(text, 0) <= 7
}

function isTelecom(text: Uint8Array): boolean {
  return digit(text, 0) === 8 && digit(text, 1) === 9
}

const VIN_WEIGHTS = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]
/** By letter from A: I, O and Q do not occur. */
const VIN_VALUES = [1, 2, 3, 4, 5, 6, 7, 8, -1, 1, 2, 3, 4, 5, -1, 7, -1, 9, 2, 3, 4, 5, 6, 7, 8, 9]

/** ISO 3779; the check character at 9 is used in North America only, so a digit or X there has to fit where the region says so. */
function isVin(text: Uint8Array): boolean {
  let sum = 0
  let digits = 0
  for (let i = 0; i < 17; i++) {
    const isDigit = (text[i] as number) < 0x3a
    if (isDigit) digits++
    const value = isDigit ? digit(text, i) : (VIN_VALUES[letter(text, i)] as number)
    if (value < 0) return false
    sum += value * (VIN_WEIGHTS[i] as number)
  }
  if (digits < 4 || digits === 17) return false
  const isNorthAmerican = (text[0] as number) >= 0x31 && (text[0] as number) <= 0x35
  const rest = sum % 11
  return !isNorthAmerican || text[8] === (rest === 10 ? 0x58 : 0x30 + rest)
}
