/** How people are reached and where they live: addresses, phones, names, dates of birth. */

import { emailExtent } from './email.ts'
import { internationalPhoneExtent, isNationalPhone } from './phone.ts'
import { digit, type Recognizer } from './recognizer.ts'

export const CONTACT: readonly Recognizer[] = [
  {
    type: 'email',
    class: 'personal',
    readiness: 'on',
    words: ['email', 'mail', 'mailto'],
    shapes: [
      { kind: 'anchor', literal: '@', reach: 64, before: 'A-Za-z0-9._%+-', extent: emailExtent },
    ],
    basis: 'local part, host name, top-level domain of letters',
  },
  {
    type: 'phone',
    class: 'personal',
    readiness: 'on',
    words: [
      'phone',
      'telephone',
      'tel',
      'mobile',
      'cell',
      'fax',
      'call',
      'whatsapp',
      'sms',
      'msisdn',
      'telefon',
      'handy',
      'telefono',
      'celular',
      'portable',
      'telefone',
      'contact number',
    ],
    shapes: [
      {
        kind: 'anchor',
        literal: '+',
        reach: 1,
        before: 'A-Za-z0-9',
        extent: internationalPhoneExtent,
      },
      {
        kind: 'pattern',
        layouts: [
          '999-999-9999',
          '999.999.9999',
          '999 999 9999',
          '9-999-999-9999',
          '9999 999999',
          '99999 999999',
          '999 9999 9999',
          '9999 999 9999',
          '99 99 99 99 99',
          '99.99.99.99.99',
          '999 99 99 99',
          '9999 9999',
          '99 9999 9999',
          '99 99999 9999',
          '999/9999999',
          '9999/999999',
          '9999/9999999',
          '999 9999999',
          '9999 9999999',
          '99999/99999',
          '99999 99999',
          '9999999999',
          '99999999999',
          '999-9999-9999',
          '99-9999-9999',
          '999-9999',
        ],
        readiness: 'context',
        valid: isNationalPhone,
      },
    ],
    basis: 'country calling code and length; national forms near a word',
  },
  {
    type: 'person-name',
    class: 'personal',
    readiness: 'on',
    words: [],
    shapes: [
      {
        kind: 'key',
        keys: [
          'first name',
          'last name',
          'full name',
          'given name',
          'family name',
          'middle name',
          'maiden name',
          'sur name',
          'surname',
          'forename',
          'firstname',
          'lastname',
          'fullname',
          'customer name',
          'patient name',
          'cardholder name',
          'card holder',
          'cardholder',
          'account holder',
          'holder name',
          'person name',
          'employee name',
          'recipient name',
          'contact name',
          'vorname',
          'nachname',
          'apellido',
          'apellidos',
          'prenom',
          'nom de famille',
          'cognome',
          'achternaam',
          'voornaam',
          'imie',
          'nazwisko',
        ],
        valid: isName,
      },
    ],
    basis: 'the name of the field',
  },
  {
    type: 'postal-address',
    class: 'personal',
    readiness: 'on',
    words: [],
    shapes: [
      {
        kind: 'key',
        keys: [
          'street',
          'street address',
          'address line',
          'postal address',
          'home address',
          'mailing address',
          'billing address',
          'shipping address',
          'street name',
          'strasse',
          'anschrift',
          'adresse',
          'direccion',
          'indirizzo',
        ],
        valid: hasLetters,
      },
    ],
    basis: 'the name of the field',
  },
  {
    type: 'postcode',
    class: 'personal',
    readiness: 'context',
    words: [
      'postcode',
      'post code',
      'postal code',
      'zip',
      'zip code',
      'plz',
      'postleitzahl',
      'code postal',
      'codigo postal',
    ],
    shapes: [
      {
        kind: 'pattern',
        layouts: [
          '99999',
          '99999-9999',
          '9999',
          '9999 AA',
          '99-999',
          '999 99',
          '99999-999',
          '999-9999',
          'A9A 9A9',
          'A9 9AA',
          'A99 9AA',
          'AA9 9AA',
          'AA99 9AA',
          'A9A 9AA',
          'AA9A 9AA',
          '999999',
        ],
      },
    ],
    basis: 'form, near a word',
  },
  {
    type: 'date-of-birth',
    class: 'personal',
    readiness: 'context',
    words: [
      'dob',
      'birth',
      'date of birth',
      'birthdate',
      'birthday',
      'born',
      'geburtsdatum',
      'geboren',
      'geb',
      'date de naissance',
      'fecha de nacimiento',
      'nacimiento',
      'data di nascita',
      'geboortedatum',
      'data nascimento',
      'birth day',
    ],
    shapes: [
      {
        kind: 'pattern',
        layouts: ['9999-99-99', '9999/99/99', '9999.99.99'],
        valid: (text) => isDate(text, 0, 4, 6),
      },
      {
        kind: 'pattern',
        layouts: ['99-99-9999', '99/99/9999', '99.99.9999', '99 99 9999'],
        valid: (text) => isDate(text, 4, 0, 2) || isDate(text, 4, 2, 0),
      },
      { kind: 'pattern', layouts: ['9/9/9999', '9.9.9999'], valid: (text) => isYear(text, 2) },
      {
        kind: 'pattern',
        layouts: ['9/99/9999', '99/9/9999', '9.99.9999', '99.9.9999'],
        valid: (text) => isYear(text, 3),
      },
      { kind: 'pattern', layouts: ['99999999'], valid: (text) => isDate(text, 0, 4, 6) },
      { kind: 'pattern', layouts: ['9 aaa 9999', '99 aaa 9999', '99-aaa-9999'] },
    ],
    basis: 'a date since 1900, near a word',
  },
  {
    type: 'username',
    class: 'personal',
    readiness: 'off',
    words: [],
    shapes: [
      {
        kind: 'key',
        keys: ['user name', 'username', 'login', 'login name', 'user id', 'handle', 'screen name'],
      },
    ],
    basis: 'the name of the field',
  },
  {
    type: 'gender',
    class: 'personal',
    readiness: 'off',
    words: [],
    shapes: [{ kind: 'key', keys: ['gender', 'sex', 'geschlecht', 'sexe', 'genero'] }],
    basis: 'the name of the field',
  },
  {
    type: 'special-category',
    class: 'special',
    readiness: 'off',
    words: [],
    shapes: [
      {
        kind: 'key',
        keys: [
          'religion',
          'ethnicity',
          'race',
          'political opinion',
          'sexual orientation',
          'trade union',
          'union membership',
          'nationality',
          'konfession',
        ],
        valid: hasLetters,
      },
    ],
    basis: 'the name of the field (GDPR art. 9)',
  },
  {
    type: 'age',
    class: 'personal',
    readiness: 'off',
    words: [],
    shapes: [
      {
        kind: 'key',
        keys: ['age', 'alter', 'edad'],
        valid: (bytes, start, end) => end - start <= 3 && isDigits(bytes, start, end),
      },
    ],
    basis: 'the name of the field',
  },
  {
    type: 'geo-coordinates',
    class: 'personal',
    readiness: 'context',
    words: [],
    shapes: [
      {
        kind: 'key',
        keys: [
          'latitude',
          'longitude',
          'lat',
          'lng',
          'lat lng',
          'lat lon',
          'geo location',
          'gps',
          'coordinates',
          'gps coordinates',
        ],
        valid: isCoordinates,
      },
    ],
    basis: 'four decimals or more, under a name',
  },
]

function isName(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start <= 80 && hasLetters(bytes, start, end)
}

function hasLetters(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > 200) return false
  let letters = 0
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number
    if (byte > 0x7f || ((byte | 32) >= 0x61 && (byte | 32) <= 0x7a)) letters++
  }
  return letters >= 2
}

function isDigits(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number
    if (byte < 0x30 || byte > 0x39) return false
  }
  return true
}

/** Numbers with signs, points, commas and blanks, of which one has four decimals. */
function isCoordinates(bytes: Uint8Array, start: number, end: number): boolean {
  let decimals = -1
  let most = 0
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number
    if (byte >= 0x30 && byte <= 0x39) {
      if (decimals >= 0) most = Math.max(most, ++decimals)
    } else if (byte === 0x2e) decimals = 0
    else if (byte === 0x2c || byte === 0x20 || byte === 0x2d || byte === 0x3b) decimals = -1
    else return false
  }
  return most >= 4 && end - start <= 64
}

function isDate(text: Uint8Array, year: number, month: number, day: number): boolean {
  const m = digit(text, month) * 10 + digit(text, month + 1)
  const d = digit(text, day) * 10 + digit(text, day + 1)
  return isYear(text, year) && m >= 1 && m <= 12 && d >= 1 && d <= 31
}

function isYear(text: Uint8Array, at: number): boolean {
  const century = digit(text, at) * 10 + digit(text, at + 1)
  return century === 19 || century === 20
}
