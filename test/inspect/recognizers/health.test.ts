/** Health, where a name says so: what is found in texts, and what only looks like it. */

import { describe, expect, test } from 'vitest'
import { HEALTH } from '../../../src/inspect/recognizers/health.ts'
import { NETWORK } from '../../../src/inspect/recognizers/network.ts'
import { createScanner } from '../../../src/inspect/scan/create-scanner.ts'
import { textsIn } from '../scan/scanning.ts'

const scanner = createScanner([...HEALTH, ...NETWORK])

describe('found', () => {
  test.each([
    ['Diagnosis: Type 2 diabetes\nPlan: rest', 'diagnosis Type 2 diabetes'],
    ['diagnosis = "asthma"', 'diagnosis asthma'],
    ['Diagnose: Migräne', 'diagnosis Migräne'],
    ['- **Medication:** Metformin 500 mg', 'medication Metformin 500 mg'],
    ['medications:\n  - Sertraline 50 mg\n', 'medication Sertraline 50 mg'],
    ['Médicaments : Ramipril 5 mg', 'medication Ramipril 5 mg'],
    ['Blood type: AB positive', 'blood-type AB positive'],
    ['Blutgruppe: 0 Rh+', 'blood-type 0 Rh+'],
    ['numer pacjenta: 1234567', 'medical-record-number 1234567'],
    ['License plate: 7ABC123', 'licence-plate 7ABC123'],
    ['Kennzeichen: M-XY 4821, blau', 'licence-plate M-XY 4821'],
    ['sid=QykxWxnfGt291ePRCVLQLl7GJ8 ok', 'session-id QykxWxnfGt291ePRCVLQLl7GJ8'],
    [
      'session: 6f1b0c1e-8d2e-4d5c-9a7b-2f3e4d5c6b7a',
      'session-id 6f1b0c1e-8d2e-4d5c-9a7b-2f3e4d5c6b7a',
    ],
  ])('%s', (text, want) => {
    expect(textsIn(scanner, text)).toEqual([want])
  })
})

describe('not found', () => {
  test.each([
    ['the type of a field', 'diagnosis: string;'],
    ['a type of its own', 'medication: MedicationInput'],
    ['that there is none', 'Allergies: none'],
    ['a call', 'diagnosis = await diagnose(patient)'],
    ['a sentence about it', 'Medication: the dose is written by the doctor'],
    ['any blood', 'Blood type: Any'],
    ['a number of a session', 'session: 12'],
    ['a class', 'session: ClientHttp2Session'],
    ['a property', 'sessionId = params.sessionId'],
    ['a plate of another kind', 'plate number: see below'],
  ])('%s', (_, text) => {
    expect(textsIn(scanner, text)).toEqual([])
  })
})
