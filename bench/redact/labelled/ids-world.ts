/** National numbers of the rest of the world. */

import type { Random } from '../random.ts'
import { weighted, withLuhn, withVerhoeff } from './checks.ts'
import { by, fill, form, grouped, inGroups, type Kind, spelt, until } from './kind.ts'

function ssn(random: Random): string {
  const area = 1 + random.below(898)
  return `${String(area === 666 ? 665 : area).padStart(3, '0')}${String(1 + random.below(99)).padStart(2, '0')}${String(1 + random.below(9999)).padStart(4, '0')}`
}

function itin(random: Random): string {
  return `9${random.digits(2)}${random.pick(['50', '65', '70', '88', '90', '92', '94', '99'])}${random.digits(4)}`
}

function nric(random: Random): string {
  const kind = random.pick(['S', 'T', 'F', 'G'])
  const digits = random.digits(7)
  const sum = weighted(digits, [2, 7, 6, 5, 4, 3, 2]) + (kind === 'T' || kind === 'G' ? 4 : 0)
  return `${kind}${digits}${(kind === 'S' || kind === 'T' ? 'JZIHGFEDCBA' : 'XWUTRQPNMLK')[sum % 11]}`
}

function medicare(random: Random): string {
  const head = `${2 + random.below(5)}${random.digits(7)}`
  return `${head}${weighted(head, [1, 3, 7, 9, 1, 3, 7, 9]) % 10}${1 + random.below(9)}`
}

function myNumber(random: Random): string {
  const head = `${1 + random.below(9)}${random.digits(10)}`
  const rest = weighted(head, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
  return `${head}${rest < 2 ? 0 : 11 - rest}`
}

// biome-ignore format: one line a kind
export const WORLD_KINDS: readonly Kind[] = [
  { type: 'us-ssn', words: ['SSN', 'Social Security number', 'social security no.', 'SS#'], bare: true, keys: ['ssn', 'social security number', 'customer ssn', 'applicant ssn', 'social'], make: (random) => grouped([3, 2, 4], '-', ssn(random)) },
  {
    type: 'us-ssn',
    words: ['SSN', 'Social Security number', 'social security'],
    bare: false,
    keys: ['ssn', 'social security number', 'employee ssn'],
    make: (random) => {
      const text = ssn(random)
      return random.pick([text, grouped([3, 2, 4], ' ', text)])
    },
  },
  { type: 'us-itin', words: ['ITIN', 'taxpayer identification number'], bare: true, keys: ['itin', 'taxpayer id'], make: (random) => grouped([3, 2, 4], '-', itin(random)) },
  { type: 'ca-sin', words: ['SIN', 'Social Insurance Number', 'NAS', "numéro d'assurance sociale"], bare: false, keys: ['sin', 'social insurance number', 'nas'], make: spelt(until('{5}99999999', by('CA', 'sin')), ...inGroups([3, 3, 3], ' ', '-')) },
  { type: 'ca-bc-phn', words: ['PHN', 'personal health number'], bare: false, keys: ['phn', 'personal health number'], make: until('{9}999999999', by('CA', 'bc_bhn')) },
  {
    type: 'ca-on-ohip',
    words: ['OHIP', 'health card'],
    bare: false,
    keys: ['ohip', 'health card number'],
    make: (random) => {
      const text = withLuhn(`${1 + random.below(9)}${random.digits(8)}`)
      return random.pick([text, grouped([4, 3, 3], '-', text)])
    },
  },
  { type: 'mx-curp', words: ['CURP'], bare: true, keys: ['curp'], make: until('{GOMC}YYMMDD{HDFRRN}{0}9', by('MX', 'curp')) },
  { type: 'mx-rfc', words: ['RFC'], bare: true, keys: ['rfc'], make: until('{GODE}YYMMDD{A}9{9}', (text) => by('MX', 'rfc')(text)) },
  {
    type: 'br-cpf',
    words: ['CPF'],
    bare: true,
    keys: ['cpf', 'cpf cliente'],
    make: (random) => {
      const text = until('99999999999', by('BR', 'cpf'))(random)
      return `${grouped([3, 3, 3], '.', text)}-${text.slice(9)}`
    },
  },
  { type: 'br-cpf', words: ['CPF', 'CPF do cliente'], bare: false, keys: ['cpf'], make: until('99999999999', by('BR', 'cpf')) },
  {
    type: 'br-cnpj',
    words: ['CNPJ'],
    bare: true,
    keys: ['cnpj'],
    make: (random) => {
      const text = until('99999999{0001}99', by('BR', 'cnpj'))(random)
      return `${grouped([2, 3, 3], '.', text)}/${text.slice(8, 12)}-${text.slice(12)}`
    },
  },
  {
    type: 'br-pis',
    words: ['PIS', 'PIS/PASEP', 'NIS'],
    bare: false,
    keys: ['pis', 'pis pasep'],
    make: (random) => {
      const head = `1${random.digits(9)}`
      const rest = weighted(head, [3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) % 11
      const text = `${head}${rest < 2 ? 0 : 11 - rest}`
      return random.pick([text, `${text.slice(0, 3)}.${text.slice(3, 8)}.${text.slice(8, 10)}-${text[10]}`])
    },
  },
  { type: 'br-cns', words: ['CNS', 'cartão SUS', 'cartão nacional de saúde'], bare: false, keys: ['cns', 'cartao sus'], make: until('{7}99999999999999', (text) => weighted(text, [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0) },
  { type: 'ar-cuit', words: ['CUIT', 'CUIL'], bare: true, keys: ['cuit', 'cuil'], make: (random) => grouped([2, 8, 1], '-', until('{20}999999999', by('AR', 'cuit'))(random)) },
  {
    type: 'ar-dni',
    or: ['es-dni', 'pe-dni'],
    words: ['DNI'],
    bare: false,
    keys: ['dni', 'numero documento'],
    make: (random) => {
      const text = `${20 + random.below(30)}${random.digits(6)}`
      return random.pick([text, grouped([2, 3, 3], '.', text)])
    },
  },
  {
    type: 'cl-rut',
    words: ['RUT', 'RUN'],
    bare: true,
    keys: ['rut', 'run'],
    make: (random) => {
      const text = until('{1}9999999X', by('CL', 'run'))(random)
      return `${grouped([2, 3, 3], '.', text)}-${text.slice(8)}`
    },
  },
  {
    type: 'co-nit',
    words: ['NIT'],
    bare: false,
    keys: ['nit'],
    make: (random) => {
      const text = until('{9}999999999', by('CO', 'nit'))(random)
      return random.pick([`${text.slice(0, 9)}-${text[9]}`, `${grouped([3, 3, 3], '.', text)}-${text[9]}`])
    },
  },
  { type: 'ec-cedula', words: ['cédula', 'cédula de identidad'], bare: false, keys: ['cedula'], make: until('{17}99999999', by('EC', 'ci')) },
  {
    type: 'uy-ci',
    words: ['cédula', 'CI', 'cédula de identidad'],
    bare: false,
    keys: ['cedula', 'ci'],
    make: (random) => {
      const text = until('{4}9999999', by('UY', 'cedula'))(random)
      return `${text[0]}.${text.slice(1, 4)}.${text.slice(4, 7)}-${text[7]}`
    },
  },
  { type: 'do-cedula', words: ['cédula'], bare: false, keys: ['cedula'], make: (random) => grouped([3, 7, 1], '-', until('{001}99999999', by('DO', 'cedula'))(random)) },
  { type: 've-rif', words: ['RIF'], bare: false, keys: ['rif'], make: (random) => grouped([1, 8, 1], '-', until('{V}999999999', by('VE', 'rif'))(random)) },
  { type: 'cn-ric', words: ['身份证', '身份证号', 'ID card', 'resident ID'], bare: true, keys: ['id card', 'shenfenzheng', '身份证号'], make: until('{110101}YYYYMMDD9999', by('CN', 'ric')) },
  {
    type: 'jp-my-number',
    words: ['My Number', 'マイナンバー', '個人番号', 'individual number'],
    bare: false,
    keys: ['my number', 'mynumber', 'individual number'],
    make: (random) => {
      const text = myNumber(random)
      return random.pick([text, grouped([4, 4, 4], ' ', text), grouped([4, 4, 4], '-', text)])
    },
  },
  { type: 'kr-rrn', words: ['주민등록번호', 'RRN', 'resident registration number'], bare: true, keys: ['rrn', 'jumin', '주민등록번호'], make: (random) => grouped([6, 7], '-', until('YYMMDD{1}999999', by('KR', 'rrn'))(random)) },
  { type: 'tw-id', words: ['身分證字號', 'national ID', 'Taiwan ID', '身分證'], bare: true, keys: ['national id', 'taiwan id'], make: until('A{1}99999999', by('TW', 'natid')) },
  {
    type: 'hk-hkid',
    words: ['HKID', '香港身份證', 'Hong Kong ID'],
    bare: true,
    keys: ['hkid', 'hkid number'],
    make: (random) => {
      const text = until('A999999X', by('HK', 'hkid'))(random)
      return `${text.slice(0, 7)}(${text[7]})`
    },
  },
  {
    type: 'in-aadhaar',
    words: ['Aadhaar', 'Aadhaar number', 'UID', 'आधार'],
    bare: false,
    keys: ['aadhaar', 'aadhaar number', 'uid'],
    make: (random) => {
      const text = withVerhoeff(`${2 + random.below(8)}${random.digits(10)}`)
      return random.pick([text, grouped([4, 4, 4], ' ', text), grouped([4, 4, 4], '-', text)])
    },
  },
  { type: 'in-pan', words: ['PAN', 'PAN card', 'permanent account number'], bare: true, keys: ['pan', 'pan number', 'pan card'], make: form('AAA{P}A9999A') },
  {
    type: 'in-gstin',
    words: ['GSTIN', 'GST number'],
    bare: true,
    keys: ['gstin', 'gst number'],
    make: (random) => {
      const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'
      const head = fill('{27}AAA{P}A9999A{1Z}', random)
      const sum = [...head].reduce((total, char, i) => {
        const value = alphabet.indexOf(char) * (i % 2 === 0 ? 1 : 2)
        return total + Math.floor(value / 36) + (value % 36)
      }, 0)
      return `${head}${alphabet[(36 - (sum % 36)) % 36]}`
    },
  },
  { type: 'in-passport', or: ['passport-number', 'au-passport'], words: ['Indian passport', 'passport number'], bare: false, keys: ['passport', 'passport no'], make: form('{Z}9999999') },
  { type: 'pk-cnic', words: ['CNIC'], bare: true, keys: ['cnic'], make: until('{42101}-9999999-9', by('PK', 'cnic')) },
  { type: 'sg-nric', words: ['NRIC', 'FIN', 'NRIC/FIN'], bare: true, keys: ['nric', 'nric fin'], make: nric },
  { type: 'my-nric', words: ['MyKad', 'NRIC', 'IC number'], bare: true, keys: ['mykad', 'nric', 'ic number'], make: form('YYMMDD-{14}-9999') },
  { type: 'th-id', words: ['Thai ID', 'เลขประจำตัวประชาชน', 'citizen ID'], bare: false, keys: ['thai id', 'citizen id', 'national id'], make: spelt(until('1999999999999', by('TH', 'idnr')), ...inGroups([1, 4, 5, 2, 1], '-')) },
  { type: 'id-nik', words: ['NIK', 'nomor KTP', 'KTP'], bare: false, keys: ['nik', 'no ktp', 'ktp'], make: form('{317301}DDMMYY{0}999') },
  {
    type: 'id-npwp',
    words: ['NPWP'],
    bare: true,
    keys: ['npwp'],
    make: (random) => {
      const head = random.digits(8)
      const text = `${withLuhn(head)}${random.digits(6)}`
      return `${text.slice(0, 2)}.${text.slice(2, 5)}.${text.slice(5, 8)}.${text[8]}-${text.slice(9, 12)}.${text.slice(12)}`
    },
  },
  { type: 'vn-cccd', words: ['CCCD', 'căn cước công dân'], bare: false, keys: ['cccd', 'so cccd'], make: form('{001}{1}9{1}999999') },
  { type: 'au-tfn', words: ['TFN', 'tax file number'], bare: false, keys: ['tfn', 'tax file number'], make: spelt(until('{1}99999999', by('AU', 'tfn')), ...inGroups([3, 3, 3], ' ')) },
  {
    type: 'au-medicare',
    words: ['Medicare', 'Medicare card', 'Medicare number'],
    bare: false,
    keys: ['medicare', 'medicare number', 'medicare card number'],
    make: (random) => {
      const text = medicare(random)
      return random.pick([text, grouped([4, 5, 1], ' ', text), grouped([4, 5, 1], '-', text)])
    },
  },
  {
    type: 'au-abn',
    words: ['ABN'],
    bare: false,
    keys: ['abn'],
    make: spelt(
      until('99999999999', (text) => text[0] !== '0' && by('AU', 'abn')(text)),
      ...inGroups([2, 3, 3, 3], ' '),
    ),
  },
  { type: 'nz-ird', words: ['IRD', 'IRD number'], bare: false, keys: ['ird', 'ird number'], make: spelt(until('{1}{0}9999999', by('NZ', 'ird')), ...inGroups([3, 3, 3], '-')) },
  {
    type: 'nz-nhi',
    words: ['NHI', 'NHI number'],
    bare: false,
    keys: ['nhi', 'nhi number'],
    make: (random) => {
      for (;;) {
        const letters = random.chars('ABCDEFGHJKLMNPQRSTUVWXYZ', 3)
        const digits = random.digits(3)
        const text = letters + digits
        const sum = [...text].reduce((total, char, i) => total + (i < 3 ? 'ABCDEFGHJKLMNPQRSTUVWXYZ'.indexOf(char) + 1 : Number(char)) * (7 - i), 0) % 11
        if (sum > 0) return `${text}${(11 - sum) % 10}`
      }
    },
  },
  { type: 'tr-tckn', words: ['TC kimlik no', 'T.C. Kimlik No', 'TCKN', 'kimlik numarası'], bare: false, keys: ['tckn', 'tc kimlik no', 'tc kimlik'], make: until('{1}9999999999', by('TR', 'tckimlik')) },
  { type: 'il-id', words: ['teudat zehut', 'תעודת זהות', 'Israeli ID'], bare: false, keys: ['teudat zehut', 'israeli id'], make: until('{3}99999999', by('IL', 'idnr')) },
  {
    type: 'ae-emirates-id',
    words: ['Emirates ID', 'رقم الهوية'],
    bare: true,
    keys: ['emirates id'],
    make: (random) => {
      const text = withLuhn(`784${1950 + random.below(55)}${random.digits(7)}`)
      return random.pick([text, grouped([3, 4, 7, 1], '-', text)])
    },
  },
  { type: 'sa-national-id', words: ['Iqama', 'Saudi ID', 'national ID'], bare: false, keys: ['iqama', 'saudi id', 'national id'], make: (random) => withLuhn(`1${random.digits(8)}`) },
  { type: 'eg-national-id', words: ['national ID', 'الرقم القومي', 'Egyptian ID'], bare: false, keys: ['national id', 'egyptian id'], make: form('{2}YYMMDD{01}99999') },
  { type: 'za-id', words: ['RSA ID', 'South African ID', 'ID number', 'identity number'], bare: false, keys: ['id number', 'sa id', 'identity number', 'rsa id number'], make: spelt(until('YYMMDD{5}999{0}{8}9', by('ZA', 'idnr')), ...inGroups([6, 4, 3], ' ')) },
  { type: 'ng-nin', words: ['NIN', 'NIN number'], bare: false, keys: ['nin', 'nimc nin'], make: (random) => withVerhoeff(`${1 + random.below(9)}${random.digits(9)}`) },
  { type: 'ke-kra-pin', words: ['KRA PIN'], bare: true, keys: ['kra pin'], make: form('{A0}99999999A') },
]
