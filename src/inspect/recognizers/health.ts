/**
 * Data about health that is no national number: what a record, an insurance or a file of a patient is known by, and what says something about
 * the patient. Special categories under GDPR art. 9.
 */

import { isAt, isDigitAt, isLuhn, toNumber } from './check-digits.ts'
import { id } from './id.ts'
import type { Recognizer } from './recognizer.ts'
import { inNameSpellings, inSpellings } from './spelling.ts'
import { isWrittenText } from './written.ts'

const DIAGNOSIS_KEYS = inNameSpellings([
  ...['diagnosis', 'diagnoses', 'medical condition', 'icd 10', 'icd10', 'icd', 'diagnosis code'],
  ...['icd code', 'icd 10 code', 'primary diagnosis', 'secondary diagnosis', 'health condition'],
  ...['diagnose', 'diagnosen', 'hauptdiagnose', 'diagnostic médical', 'diagnóstico', 'diagnosi'],
  ...['rozpoznanie', 'diagnoza', 'diagnoosi', 'diagnóza', 'диагноз', '诊断', '診断'],
])
const MEDICATION_KEYS = inNameSpellings([
  ...['medication', 'medications', 'prescription', 'drug name', 'allergies', 'allergy'],
  ...['current medication', 'current medications', 'prescribed medication', 'medication name'],
  ...['medikation', 'medikament', 'medikamente', 'allergien', 'médicament', 'médicaments'],
  ...['traitement', 'allergie', 'medicamento', 'medicamentos', 'medicación', 'alergias'],
  ...['farmaco', 'farmaci', 'terapia', 'medicatie', 'medicijnen', 'medicação', 'leki'],
  ...['przyjmowane leki', 'läkemedel', 'medicin', 'lääkitys', 'лекарства', '药物'],
])
const BLOOD_KEYS = inNameSpellings([
  ...['blood type', 'blood group', 'bloodtype', 'bloodgroup', 'blutgruppe', 'groupe sanguin'],
  ...['grupo sanguíneo', 'gruppo sanguigno', 'bloedgroep', 'grupa krwi', 'tipo sanguíneo'],
  ...['tipo de sangre', 'blodgrupp', 'blodtype', 'veriryhmä', 'krevní skupina', 'группа крови'],
])

export const HEALTH: readonly Recognizer[] = [
  id('eu-ehic', {
    basis: 'Luhn, 80, country',
    words: [
      'ehic',
      'european health insurance',

      'ceam',
      'evkk',
      'krankenversicherungskarte',
    ],
    alone: ['99999999999999999999', '99999 99999 99999 99999'],
    near: ['9999999999 9999999999', '9999 9999 9999 9999 9999'],
    valid: (text) => toNumber(text, 0, 2) === 80 && isEhicCountry(text) && isLuhn(text, 0, 20),
    class: 'special',
  }),
  {
    type: 'medical-record-number',
    class: 'special',
    readiness: 'context',
    words: inSpellings(
      [
        ...['mrn', 'medical record', 'medical record number', 'patient id', 'patient number'],
        ...[
          'patient no',
          'patient identifier',
          'chart number',
          'chart no',
          'patientid',
          'hospital number',
        ],
        ...['patientennummer', 'patienten id', 'fallnummer', 'patienten nr', 'numéro de patient'],
        ...['numéro de dossier', 'n° patient', 'identifiant patient', 'historia clínica', 'nhc'],
        ...['número de paciente', 'número de historia', 'numero paziente', 'cartella clinica'],
        ...[
          'patiëntnummer',
          'patientnummer',
          'numer pacjenta',
          'nr pacjenta',
          'número do paciente',
        ],
        ...['prontuário', 'número do utente', 'patientnr', 'potilasnumero'],
      ].map((word) => word.replaceAll('°', '')),
    ),
    shapes: [
      { kind: 'pattern', layouts: ['999999', '9999999', '99999999', '999999999', '9999999999'] },
      { kind: 'pattern', layouts: ['A999999', 'A9999999', 'AA999999', 'AA9999999', 'AAA999999'] },
      {
        kind: 'pattern',
        layouts: ['AAA-999999', 'AAA-9999999', '99-99-99', '999-99-99', 'A-999999'],
      },
      {
        kind: 'key',
        keys: ['mrn', 'medical record number', 'patient id', 'patient number'],
        loose: 'word',
      },
    ],
    basis: 'name',
  },
  {
    type: 'health-insurance-number',
    class: 'special',
    readiness: 'context',
    words: [
      ...['member id', 'insurance id', 'policy number', 'subscriber id', 'health plan'],
      ...['health insurance', 'member number', 'group number', 'insurance number'],
      ...['versichertennummer', 'versicherungsnummer'],
    ],
    shapes: [
      { kind: 'pattern', layouts: ['AAA999999999', 'AAA99999999', 'A99999999', 'A999999999'] },
      { kind: 'pattern', layouts: ['AAA999A99999', 'AAAA999999999'] },
      {
        kind: 'key',
        keys: [
          'health insurance number',
          'health plan id',
          'health insurance id',
          'insurance member id',
        ],
        loose: 'word',
      },
    ],
    basis: 'name',
  },
  {
    type: 'diagnosis',
    class: 'special',
    readiness: 'on',
    words: ['diagnosis', 'diagnose', 'icd'],
    shapes: [
      { kind: 'key', keys: DIAGNOSIS_KEYS },
      { kind: 'key', keys: DIAGNOSIS_KEYS, loose: 'line', valid: isWrittenText },
    ],
    basis: 'name',
  },
  {
    type: 'icd-10-code',
    class: 'special',
    readiness: 'context',
    words: ['icd', 'icd 10', 'icd10', 'diagnosis', 'diagnose', 'diagnosis code'],
    shapes: [
      {
        kind: 'pattern',
        layouts: ['A99', 'A99.9', 'A99.99', 'A9X.XXX', 'A9X.XXXX'],
        valid: isIcd10,
      },
    ],
    basis: 'chapter',
  },
  {
    type: 'medication',
    class: 'special',
    readiness: 'on',
    words: ['medication', 'prescription', 'rx'],
    shapes: [
      { kind: 'key', keys: MEDICATION_KEYS },
      { kind: 'key', keys: MEDICATION_KEYS, loose: 'line', valid: isWrittenText },
    ],
    basis: 'name',
  },
  {
    type: 'us-ndc',
    class: 'special',
    readiness: 'off',
    words: ['ndc', 'national drug code', 'drug code'],
    shapes: [
      {
        kind: 'pattern',
        layouts: ['9999-9999-99', '99999-999-99', '99999-9999-9', '99999-9999-99'],
      },
    ],
    basis: 'form',
  },
  {
    type: 'blood-type',
    class: 'special',
    readiness: 'on',
    words: ['blood type', 'blood group', 'blutgruppe', 'groupe sanguin'],
    shapes: [
      {
        kind: 'key',
        keys: BLOOD_KEYS,
        loose: 'line',
        valid: isBloodType,
      },
    ],
    basis: 'name',
  },
]

/** `A+`, `0 neg`, `AB positive`, `B Rh+`. */
function isBloodType(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > 16 || !isAt(bytes, start, 'ABO0')) return false
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString()
  return /^(?:AB|[ABO0]) ?(?:Rh\w* ?)?\(?(?:[+−-]|pos|neg|positive?|negative?|positiv|negativ|positivo|negativo|plus|minus)?\)?(?: Rh\w*)?[+−-]?$/i.test(
    text,
  )
}

/** ISO 3166-1 numeric of the countries that issue it. */
function isEhicCountry(text: Uint8Array): boolean {
  return EHIC_COUNTRIES.includes(toNumber(text, 2, 5))
}

const EHIC_COUNTRIES = [
  40, 56, 100, 191, 196, 203, 208, 233, 246, 250, 276, 300, 348, 352, 372, 380, 428, 438, 440, 442,
  470, 528, 578, 616, 620, 642, 703, 705, 724, 752, 756, 807, 826, 688, 499,
]

/** Chapters are A to Z but for U, which is in use for special purposes only. */
export function isIcd10(text: Uint8Array): boolean {
  return isAt(text, 0, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') && isDigitAt(text, 1)
}
