/** Machines, devices, vehicles, sessions; health. */

import { withLuhn } from './checks.ts'
import { ALNUM, fill, form, grouped, type Kind, UPPER } from './kind.ts'

// biome-ignore format: one line a kind
export const NETWORK_KINDS: readonly Kind[] = [
  { type: 'ipv4', words: ['IP', 'IP address'], bare: false, keys: ['ip', 'ip address', 'client ip', 'remote addr', 'source ip'], make: (random) => random.pick([`8.${random.below(255)}.${random.below(255)}.${1 + random.below(254)}`, `93.${random.below(255)}.${random.below(255)}.${1 + random.below(254)}`]) },
  { type: 'ipv6', words: ['IP', 'IPv6'], bare: false, keys: ['ip', 'ipv6', 'client ip'], make: (random) => random.pick([`2a02:${random.hex(4)}:${random.hex(4)}::${random.hex(3)}`, `2001:4860:${random.hex(4)}:${random.hex(4)}:${random.hex(4)}:${random.hex(4)}:${random.hex(4)}:${random.hex(4)}`]) },
  { type: 'mac-address', words: ['MAC', 'MAC address'], bare: false, keys: ['mac', 'mac address', 'bssid'], make: (random) => random.pick([grouped([2, 2, 2, 2, 2, 2], ':', random.hex(12)), grouped([2, 2, 2, 2, 2, 2], '-', random.hex(12).toUpperCase()), grouped([4, 4, 4], '.', random.hex(12))]) },
  {
    type: 'imei',
    words: ['IMEI'],
    bare: false,
    keys: ['imei', 'device imei', 'imei number'],
    make: (random) => {
      const text = withLuhn(`35${random.digits(12)}`)
      return random.pick([text, grouped([2, 6, 6, 1], '-', text), grouped([2, 6, 6, 1], ' ', text)])
    },
  },
  { type: 'imsi', words: ['IMSI'], bare: false, keys: ['imsi', 'subscriber imsi'], make: (random) => `${random.pick(['262', '310', '234'])}${random.digits(12)}` },
  { type: 'iccid', words: ['ICCID', 'SIM'], bare: false, keys: ['iccid', 'sim', 'sim number'], make: (random) => withLuhn(`89${random.digits(16)}`) },
  { type: 'vin', words: ['VIN', 'chassis number', 'Fahrgestellnummer'], bare: false, keys: ['vin', 'vehicle vin', 'chassis number'], make: (random) => fill('{W}{V}{W}XXX99X9X999999', random).replace(/[IOQ]/g, 'K') },
  { type: 'licence-plate', words: [], bare: false, keyed: true, keys: ['license plate', 'licence plate', 'plate number', 'kennzeichen', 'number plate'], make: (random) => fill(random.pick(['{B}-AA 9999', 'AA99 AAA', '9AAA999', 'AA-999-AA']), random) },
  { type: 'advertising-id', words: [], bare: false, keyed: true, keys: ['idfa', 'gaid', 'advertising id', 'android id'], make: (random) => random.uuid() },
  { type: 'session-id', words: [], bare: false, keyed: true, keys: ['session id', 'phpsessid', 'jsessionid', 'sid', 'session'], make: (random) => random.pick([random.hex(32), random.chars(ALNUM, 26), random.uuid()]) },
  { type: 'medical-record-number', words: ['MRN', 'medical record number', 'patient ID', 'Patientennummer'], bare: false, keys: ['mrn', 'medical record number', 'patient id', 'patient mrn'], make: (random) => fill(random.pick(['99999999', '9999999', '{MRN-}999999', 'A9999999', '99-99-99']), random) },
  { type: 'diagnosis', or: ['icd-10-code'], words: [], bare: false, keyed: true, keys: ['diagnosis', 'diagnosis code', 'icd10', 'medical condition'], make: (random) => random.pick(['E11.9', 'I10', 'Type 2 diabetes', 'F32.1', 'asthma']) },
  { type: 'blood-type', words: [], bare: false, keyed: true, keys: ['blood type', 'blood group', 'blutgruppe'], make: (random) => random.pick(['A+', 'O-', 'AB positive', 'B-']) },
  { type: 'medication', words: [], bare: false, keyed: true, keys: ['medication', 'prescription', 'allergies'], make: (random) => random.pick(['Metformin 500 mg', 'Sertraline', 'Penicillin']) },
  { type: 'eu-ehic', words: ['EHIC', 'European health insurance card'], bare: true, keys: ['ehic', 'ehic number'], make: (random) => withLuhn(`80${random.pick(['276', '040', '250', '380', '724', '528'])}${random.digits(14)}`) },
  {
    type: 'us-mbi',
    words: ['Medicare', 'MBI', 'Medicare number'],
    bare: true,
    keys: ['mbi', 'medicare number', 'medicare id'],
    make: (random) => {
      const text = fill('99999999999', random).split('')
      const letters = 'ACDEFGHJKMNPQRTUVWXY'
      for (const at of [1, 4, 7, 8]) text[at] = random.chars(letters, 1)
      for (const at of [2, 5]) text[at] = random.chars(`${letters}0123456789`, 1)
      text[0] = String(1 + random.below(9))
      const joined = text.join('')
      return random.pick([joined, grouped([4, 3, 4], '-', joined)])
    },
  },
  { type: 'us-npi', words: ['NPI', 'provider NPI'], bare: false, keys: ['npi', 'provider npi', 'npi number'], make: (random) => withLuhn(`80840${random.pick(['1', '2'])}${random.digits(8)}`).slice(5) },
  {
    type: 'us-dea',
    words: ['DEA', 'DEA number'],
    bare: true,
    keys: ['dea', 'dea number'],
    make: (random) => {
      const digits = random.digits(6)
      const odd = Number(digits[0]) + Number(digits[2]) + Number(digits[4])
      const even = Number(digits[1]) + Number(digits[3]) + Number(digits[5])
      return `${random.pick(['A', 'B', 'F', 'M'])}${random.chars(UPPER, 1)}${digits}${(odd + 2 * even) % 10}`
    },
  },
  { type: 'mrz', words: ['MRZ'], bare: true, keys: ['mrz'], make: (random) => fill(`{P<UTO}AAAAAAAA{<<}AAAA{<}AAAA`, random).padEnd(44, '<') },
  { type: 'us-passport', or: ['passport-number', 'gb-passport'], words: ['US passport', 'passport number', 'passport no.'], bare: false, keys: ['passport', 'passport number', 'passport no'], make: form('{5}99999999') },
  {
    type: 'us-driver-license',
    or: ['driver-license', 'ca-driver-license'],
    words: ["driver's license", 'DL number', 'driver license'],
    bare: false,
    keys: ['driver license', 'drivers license number', 'dl number', 'license number'],
    make: (random) => fill(random.pick(['A9999999', 'A99999999', 'A999-9999-9999', 'A9999-99999-99999']), random),
  },
]
