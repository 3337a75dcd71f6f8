/** Who somebody is: names, the day of birth, what a field says of them. */

import {
  BIRTH_NAMES,
  BIRTH_WORDS,
  isBirthDate,
  MONTH_SHAPES,
  NUMERIC_DATE_SHAPES,
} from './birth-date.ts'
import {
  endOfName,
  hasLetters,
  isFullName,
  isName,
  isWrittenFullName,
  isWrittenName,
} from './person-name.ts'
import type { Recognizer } from './recognizer.ts'
import { inNameSpellings } from './spelling.ts'

const OWNERS = [
  ...['customer', 'patient', 'cardholder', 'card holder', 'account holder', 'holder', 'person'],
  ...['employee', 'recipient', 'contact', 'client', 'applicant', 'guest', 'passenger', 'member'],
  ...['student', 'beneficiary', 'legal', 'sender', 'receiver', 'payee', 'payer', 'buyer', 'seller'],
  ...['tenant', 'landlord', 'owner', 'debtor', 'creditor', 'insured', 'doctor', 'physician'],
  ...['caller', 'visitor', 'candidate', 'parent', 'guardian', 'spouse', 'traveler', 'subscriber'],
  ...['borrower', 'driver', 'emergency contact', 'contact person', 'shipping', 'billing'],
]

// biome-ignore format: a language a line
const NAME_KEYS = inNameSpellings([
  ...OWNERS.map((owner) => `${owner} name`),
  ...['first name', 'last name', 'full name', 'given name', 'family name', 'middle name', 'given names'],
  ...['maiden name', 'sur name', 'surname', 'forename', 'firstname', 'lastname', 'fullname', 'middlename'],
  ...['fname', 'lname', 'mname', 'cardholder', 'card holder', 'account holder', 'name of holder', 'name on card'],
  ...['mother s maiden name', 'preferred name', 'name of patient', 'name of customer', 'name of account holder'],
  ...['vorname', 'nachname', 'vor und nachname', 'vollständiger name', 'familienname', 'geburtsname', 'rufname', 'kundenname'],
  ...['ansprechpartner', 'kontoinhaber', 'karteninhaber', 'patientenname', 'name des patienten', 'mitarbeitername', 'empfängername'],
  ...['prénom', 'prénoms', 'nom de famille', 'nom complet', 'nom et prénom', 'nom du client', 'nom du patient', 'titulaire', 'nom de naissance'],
  ...['nom du titulaire', 'nom d usage', 'nom prénom', 'titulaire du compte', 'titulaire de la carte'],
  ...['apellido', 'apellidos', 'primer apellido', 'segundo apellido', 'nombre completo', 'nombres', 'nombre y apellidos', 'nombre de pila'],
  ...['nombre del cliente', 'nombre del paciente', 'titular', 'nombre del titular', 'apellido paterno', 'apellido materno'],
  ...['cognome', 'nome e cognome', 'cognome e nome', 'nome completo', 'nome cliente', 'intestatario', 'nominativo', 'nome del paziente'],
  ...['sobrenome', 'apelido', 'nome do cliente', 'nome do titular', 'nome do paciente', 'nome próprio', 'nome social'],
  ...['achternaam', 'voornaam', 'voornamen', 'volledige naam', 'klantnaam', 'naam klant', 'rekeninghouder', 'geboortenaam'],
  ...['imię', 'nazwisko', 'imię i nazwisko', 'imiona', 'nazwisko rodowe', 'imię pacjenta'],
  ...['förnamn', 'efternamn', 'fornavn', 'etternavn', 'fulde navn', 'fullt navn', 'efternavn', 'fullständigt namn'],
  ...['sukunimi', 'etunimi', 'koko nimi', 'příjmení', 'jméno', 'priezvisko', 'meno a priezvisko', 'vezetéknév', 'keresztnév', 'teljes név'],
  ...['soyadı', 'ad soyad', 'prezime', 'ime i prezime', 'prenume', 'nume complet', 'nume de familie', 'perekonnanimi', 'eesnimi', 'vardas', 'pavardė'],
  ...['имя', 'фамилия', 'фио', 'отчество', 'прізвище', 'όνομα', 'επώνυμο', 'ονοματεπώνυμο', 'фамилно име'],
  ...['氏名', '姓名', '名前', '名字', '성명', '이름', 'الاسم', 'שם מלא'],
])

/** Of people, and of other things. */
const ALSO_NAMES = inNameSpellings([
  ...[
    'display name',
    'patient',
    'attn',
    'attention',
    'bill to',
    'ship to',
    'deliver to',
    'signed by',
  ],
  ...[
    'employee',
    'beneficiary',

    'sold to',
    'prepared for',
    'prepared by',
    'attending physician',
  ],
])

export const PERSON: readonly Recognizer[] = [
  {
    type: 'person-name',
    class: 'personal',
    readiness: 'on',
    words: [],
    shapes: [
      { kind: 'key', keys: NAME_KEYS, valid: isName },
      { kind: 'key', keys: NAME_KEYS, loose: 'line', endOf: endOfName, valid: isWrittenName },
      { kind: 'key', keys: ['display name'], valid: isFullName },
      {
        kind: 'key',
        keys: ALSO_NAMES,
        whole: true,
        loose: 'line',
        endOf: endOfName,
        valid: isWrittenFullName,
      },
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
