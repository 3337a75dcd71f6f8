/** Who somebody is: names, the day of birth, what a field says of them. */

import {
  BIRTH_NAMES,
  BIRTH_WORDS,
  isBirthDate,
  MONTH_SHAPES,
  NUMERIC_DATE_SHAPES,
} from './birth-date.ts'
import { hasLetters, isFullName, isName, isWrittenName } from './person-name.ts'
import type { Recognizer } from './recognizer.ts'
import { inNameSpellings } from './spelling.ts'

const NAME_KEYS = inNameSpellings([
  ...['first name', 'last name', 'full name', 'given name', 'family name', 'middle name'],
  ...['maiden name', 'sur name', 'surname', 'forename', 'firstname', 'lastname', 'fullname'],
  ...['fname', 'lname', 'customer name', 'patient name', 'cardholder name', 'card holder'],
  ...['cardholder', 'account holder', 'holder name', 'person name', 'employee name'],
  ...['recipient name', 'contact name', 'client name', 'applicant name', 'guest name'],
  ...[
    'passenger name',
    'member name',
    'student name',
    'beneficiary name',
    'legal name',
    'name of holder',
  ],
  ...['name on card', 'mother s maiden name', 'preferred name'],
  ...[
    'vorname',
    'nachname',
    'vollständiger name',
    'familienname',
    'prénom',
    'nom de famille',
    'nom complet',
  ],
  ...[
    'apellido',
    'apellidos',
    'nombre completo',
    'nombres',
    'cognome',
    'sobrenome',
    'apelido',
    'nome completo',
  ],
  ...['achternaam', 'voornaam', 'imię', 'nazwisko', 'förnamn', 'efternamn', 'fornavn', 'etternavn'],
  ...['sukunimi', 'etunimi', 'příjmení', 'jméno', 'vezetéknév', 'keresztnév', 'soyadı'],
  ...['имя', 'фамилия', 'фио', 'отчество', 'прізвище', 'όνομα', 'επώνυμο', 'ονοματεπώνυμο'],
  ...['氏名', '姓名', '名前', '名字', '성명', '이름', 'الاسم', 'שם מלא'],
])

export const PERSON: readonly Recognizer[] = [
  {
    type: 'person-name',
    class: 'personal',
    readiness: 'on',
    words: [],
    shapes: [
      { kind: 'key', keys: NAME_KEYS, valid: isName },
      { kind: 'key', keys: NAME_KEYS, loose: 'line', valid: isWrittenName },
      { kind: 'key', keys: ['display name'], valid: isFullName },
    ],
    basis: 'the name of the field',
  },
  {
    type: 'date-of-birth',
    class: 'personal',
    readiness: 'context',
    words: BIRTH_WORDS,
    shapes: [
      ...NUMERIC_DATE_SHAPES,
      ...MONTH_SHAPES,
      {
        kind: 'key',
        keys: BIRTH_NAMES,
        valid: isBirthDate,
      },
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
          ...['religion', 'ethnicity', 'race', 'political opinion', 'sexual orientation'],
          ...['trade union', 'union membership', 'nationality', 'konfession'],
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
    shapes: [{ kind: 'key', keys: ['age', 'alter', 'edad'], valid: isAge }],
    basis: 'the name of the field',
  },
]

function isAge(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > 3) return false
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number
    if (byte < 0x30 || byte > 0x39) return false
  }
  return true
}
