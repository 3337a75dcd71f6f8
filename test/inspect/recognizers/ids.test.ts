/**
 * Of each kind a number as its specification or those who write about it show it, and one that is none; in text, with a word where it
 * needs one. None is anybody's: they are samples, or made up.
 */

import { describe, expect, test } from 'vitest'
import { IDS } from '../../../src/inspect/recognizers/ids.ts'
import { createScanner } from '../../../src/inspect/scan/create-scanner.ts'
import { textsIn } from '../scan/scanning.ts'
import { accepts } from './accepts.ts'

/** Found by itself, and not with another check. */
const ALONE = [
  ['de-tax-id', '86 095 742 719', '86 095 742 718'],
  ['de-rvnr', '15070649C103', '15070649C104'],
  ['de-rvnr', '65 180539 W 001', '65 180539 W 002'],
  ['ch-ahv', '756.9217.0769.85', '756.9217.0769.84'],
  ['be-nn', '85.07.30-033.28', '85.07.30-033.29'],
  ['be-bis', '98.47.28-997.65', '98.47.28-997.66'],
  ['lu-matricule', '1893120105732', '1893120105733'],
  ['fi-hetu', '131052-308T', '131052-308U'],
  ['no-fnr', '151086 95088', '151086 95089'],
  ['se-personnummer', '811228-9874', '811228-9875'],
  ['es-dni', '12345678Z', '12345678A'],
  ['es-nie', 'X-1234567-L', 'X-1234567-M'],
  ['pt-cc', '00000000 0 ZZ4', '00000000 0 ZZ5'],
  ['fr-nir', '2 55 08 14 168 025 38', '2 55 08 14 168 025 39'],
  ['fr-spi', '30 23 217 600 053', '30 23 217 600 054'],
  ['it-codice-fiscale', 'RCCMNL83S18D969H', 'RCCMNL83S18D969I'],
  ['cz-rodne-cislo', '710319/2745', '710319/2746'],
  ['gb-nino', 'AB 12 34 56 C', 'QA 12 34 56 C'],
  ['gb-driving-license', 'MORGA657054SM9IJ', 'MORGA697054SM9IJ'],
  ['ie-pps', '1234567FA', '1234567EA'],
  ['us-ssn', '123-45-6789', '666-45-6789'],
  ['us-itin', '912-90-3456', '912-93-4567'],
  ['us-dea', 'F91234563', 'F91234564'],
  ['us-mbi', '1EG4-TE5-MK73', '0EG4-TE5-MK73'],
  ['ca-qc-ramq', 'BOUF 9401 1419', 'BOUF 9413 1419'],
  ['mx-curp', 'HEGG560427MVZRRL04', 'HEGG560427MVZRRL05'],
  ['mx-rfc', 'GODE561231GR8', 'GODE561231GR9'],
  ['br-cpf', '111.444.777-35', '111.444.777-36'],
  ['br-cnpj', '12.ABC.345/01DE-35', '12.ABC.345/01DE-36'],
  ['ar-cuit', '20-05536168-2', '20-05536168-3'],
  ['cl-rut', '12.531.909-2', '12.531.909-3'],
  ['kr-rrn', '971013-9019902', '971313-9019902'],
  ['cn-ric', '11010519491231002X', '110105194912310021'],
  ['tw-id', 'A123456789', 'A123456788'],
  ['th-id', '1-2345-45678-78-1', '1-2345-45678-78-2'],
  ['my-nric', '770305-02-1234', '771305-02-1234'],
  ['id-npwp', '01.312.166.0-091.000', '01.312.166.1-091.000'],
  ['sg-nric', 'S1234567D', 'S1234567E'],
  ['sg-nric', 'M1234567K', 'M1234567L'],
  ['in-aadhaar', '2341 2341 2346', '2341 2341 2347'],
  ['in-pan', 'ACUPA7085R', 'ACUXA7085R'],
  ['in-gstin', '27AAPFU0939F1ZV', '27AAPFU0939F1ZW'],
  ['pk-cnic', '34201-0891231-8', '94201-0891231-8'],
  ['ru-snils', '112-233-445 95', '112-233-445 96'],
  ['by-personal-id', '3140585A001PB1', '3140585A001PB2'],
  ['ae-emirates-id', '784-1980-1234567-8', '784-1980-1234567-9'],
  ['ke-kra-pin', 'A004416331M', 'B004416331M'],
  ['gh-card', 'GHA-719025478-1', 'GHB-719025478-1'],
  ['tz-nida', '19900107-23106-00002-98', '19901307-23106-00002-98'],
  ['au-ihi', '8003608166690503', '8003608166690504'],
  ['eu-ehic', '80276001234567890127', '80276001234567890128'],
] as const

/** Found under a name or near a word. */
const NEAR = [
  ['si-emso', 'EMŠO', '0101006500006', '0101006500007'],
  ['rs-jmbg', 'JMBG', '0101981710003', '0101981710004'],
  ['ro-cnp', 'CNP', '1630615123457', '1630615123458'],
  ['za-id', 'RSA ID', '7503305044089', '7503305044088'],
  ['mt-id', 'karta tal-identità', '1234567M', '1234567D'],
  ['ru-inn', 'ИНН', '772102868820', '772102868821'],
  ['kr-rrn', '주민등록번호', '9001011234568', '9001011234569'],
  ['jp-my-number', 'マイナンバー', '123456789018', '123456789019'],
  ['gr-afm', 'ΑΦΜ', '090000045', '090000046'],
  ['at-svnr', 'svnr', '1237 010180', '1238 010180'],
  ['de-kvnr', 'Krankenversichertennummer', 'A123456780', 'A123456781'],
  ['de-id-card', 'Personalausweis', 'T220001293', 'T220001294'],
  ['de-tax-number', 'Steuernummer', '181/815/08155', '1/1/1'],
  ['be-id-card', 'carte identité', '591-1917064-58', '591-1917064-59'],
  ['nl-bsn', 'bsn', '111222333', '111222334'],
  ['dk-cpr', 'cpr', '211062-5629', '211362-5629'],
  ['is-kennitala', 'kennitala', '450401-3150', '450401-3160'],
  ['no-h-number', 'hnr', '15508610081', '15508610082'],
  ['ee-isikukood', 'isikukood', '36805280109', '36805280108'],
  ['lt-asmens-kodas', 'asmens kodas', '33309240064', '33309240065'],
  ['lv-personas-kods', 'personas kods', '161175-19997', '161175-19998'],
  ['pt-niss', 'segurança social', '11234567892', '11234567893'],
  ['hu-taj', 'TAJ', '123 456 788', '123 456 789'],
  ['hu-tax-id', 'adóazonosító jel', '8071592153', '8071592154'],
  ['pl-pesel', 'PESEL', '44051401458', '44051401459'],
  ['pl-id-card', 'dowód osobisty', 'ABS123456', 'ABS523456'],
  ['hr-oib', 'OIB', '33392005961', '33392005962'],
  ['bg-egn', 'EGN', '7523169263', '7523169264'],
  ['gr-amka', 'AMKA', '01013099997', '01013099998'],
  ['gr-afm', 'AFM', '094259216', '094259217'],
  ['cy-tic', 'TIC', '00123123T', '00123123U'],
  ['md-idnp', 'IDNP', '2000001000001', '2000001000002'],
  ['gb-nhs', 'NHS number', '943 476 5919', '943 476 5918'],
  ['gb-nino', 'National Insurance number', 'QQ 12 34 56 C', 'QZ 12 34 56 C'],
  ['gb-utr', 'UTR', '1955839661', '2955839661'],
  ['us-npi', 'NPI', '1234567893', '1234567894'],
  ['us-ein', 'EIN', '91-1144442', '07-1144442'],
  ['ca-sin', 'SIN', '130-692-544', '130-692-545'],
  ['ca-sin', 'Social Insurance Number', '130 692 544', '130 692 545'],
  ['cz-rodne-cislo', 'r.č.', '7103192745', '7103192746'],
  ['ca-bc-phn', 'PHN', '9698658215', '9698658216'],
  ['br-pis', 'PIS', '268.27649.96-0', '268.27649.96-1'],
  ['br-cnh', 'CNH', '58316794534', '58316794535'],
  ['br-titulo-eleitor', 'título de eleitor', '102385010671', '102385010672'],
  ['co-nit', 'NIT', '213.123.432-1', '213.123.432-2'],
  ['ec-cedula', 'cédula', '171430710-3', '171430710-4'],
  ['jp-my-number', 'My Number', '6214 9832 0257', '6214 9832 0258'],
  ['hk-hkid', 'HKID', 'G123456A', 'G1234561'],
  ['ng-nin', 'NIN', '12345678902', '12345678903'],
  ['il-id', 'teudat zehut', '039337423', '039337424'],
  ['tr-tckn', 'TC Kimlik No', '17291716060', '17291716061'],
  ['sa-national-id', 'iqama', '1000000008', '1000000000'],
  ['kw-civil-id', 'civil id', '288020122596', '288020122597'],
  ['eg-national-id', 'national id', '29001011234567', '29013011234567'],
  ['ir-national-id', 'kode meli', '0499370899', '0499370898'],
  ['kz-iin', 'IIN', '980124450084', '980124450085'],
  ['uz-pinfl', 'PINFL', '30101900010018', '30101900010019'],
  ['ru-inn', 'INN', '123456789047', '123456789037'],
  ['ua-rnokpp', 'RNOKPP', '1759013776', '1759013777'],
  ['au-tfn', 'TFN', '123 456 782', '123 456 783'],
  ['au-medicare', 'Medicare', '2123 45670 1', '2123 45671 1'],
  ['au-abn', 'ABN', '51 824 753 556', '51 824 753 557'],
  ['nz-ird', 'IRD', '49-091-850', '49-091-851'],
  ['nz-nhi', 'NHI', 'ZZZ0016', 'ZZZ0017'],
  ['nz-nhi', 'NHI', 'ZBN77VL', 'ZBN77VM'],
  ['nz-nhi', 'NHI', 'ALU18KZ', 'ALU18KY'],
] as const

const scanner = createScanner(IDS)

describe('found by itself', () => {
  test.each(ALONE)('%s: %s', (type, valid, invalid) => {
    expect(accepts(type, valid, 'alone')).toBe(true)
    expect(accepts(type, invalid)).toBe(false)
    expect(textsIn(scanner, `It is ${valid}, they say.`).join()).toContain(valid)
    expect(textsIn(scanner, `It is ${invalid}, they say.`)).not.toContain(`${type} ${invalid}`)
  })
})

describe('found where a word says so', () => {
  test.each(NEAR)('%s: %s %s', (type, word, valid, invalid) => {
    expect(accepts(type, valid)).toBe(true)
    expect(accepts(type, invalid)).toBe(false)
    expect(textsIn(scanner, `${word}: ${valid}.`).join()).toContain(valid)
    expect(textsIn(scanner, `${word}: ${invalid}.`)).not.toContain(`${type} ${invalid}`)
    expect(textsIn(scanner, `It is ${valid}, they say.`)).not.toContain(`${type} ${valid}`)
  })
})

test.each([
  ['card A123456(3) of Hong Kong', ['hk-hkid A123456(3)']],
  ['AB987654(3)', ['hk-hkid AB987654(3)']],
  ['G123456(A)', ['hk-hkid G123456(A)']],
  ['A123456(4)', []],
  ['xA123456(3)', []],
  ['A123456(3', []],
  ['f(123456(3))', []],
])('in brackets: %s', (text, want) => {
  expect(textsIn(scanner, text)).toEqual(want)
})

describe('what is rather something else', () => {
  test.each([
    'build 20261129-9468, 20251130-1015, 20240229-2380',
    'order 241129-4528 and 250101-1238',
    'id 402138682313, 392024432735, 284880845680',
    'at 1700000000000, 1708012345678',
    'ratio 0.12345678901, 7.5603014253644',
  ])('%s', (text) => {
    expect(textsIn(scanner, text)).toEqual([])
  })
})

describe('what machines read of documents', () => {
  test.each([
    'P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<',
    'L898902C36UTO7408122F1204159ZE184226B<<<<<10',
    'I<UTOD231458907<<<<<<<<<<<<<<<',
    '7408122F1204159UTO<<<<<<<<<<<6',
    'ERIKSSON<<ANNA<MARIA<<<<<<<<<<',
    'I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<',
  ])('%s', (line) => {
    expect(textsIn(scanner, `scan:\n${line}\n`)).toEqual([`mrz ${line}`])
  })

  test.each([
    'cat <<EOF',
    '<<<<<<< HEAD',
    'x << 3',
    'a<<B<<C',
    `${'<'.repeat(44)}`,
    `AB${'<'.repeat(60)}`,
  ])('%s is none', (text) => {
    expect(textsIn(scanner, text)).toEqual([])
  })
})

describe('all of them', () => {
  test('each type is there once, and has words', () => {
    const types = IDS.map(({ type }) => type)
    expect(new Set(types).size).toBe(types.length)
    expect(IDS.filter(({ words }) => words.length === 0)).toEqual([])
    expect(types.length).toBeGreaterThan(200)
  })

  test('there is one of every country of the EEA, and of those the readers of the docs look for', () => {
    const countries = new Set(IDS.map(({ type }) => type.slice(0, 2)))
    const wanted =
      'at be bg hr cy cz dk ee fi fr de gr hu ie it lv lt lu mt nl pl pt ro sk si es se is li no ' +
      'gb ch us ca au nz in br mx ar cl co jp kr cn tw hk sg th my id ph vn pk tr il za ng ke eg ru ua'
    expect(wanted.split(' ').filter((country) => !countries.has(country))).toEqual([])
  })
})
