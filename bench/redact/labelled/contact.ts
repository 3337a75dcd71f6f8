/** People: how they are reached, where they live, when they were born. */

import {
  type CountryCode,
  getExampleNumber,
  isValidPhoneNumber,
  parsePhoneNumber,
} from 'libphonenumber-js/max'
import examples from 'libphonenumber-js/mobile/examples'
import type { Random } from '../random.ts'
import { fill, type Kind, LOWER } from './kind.ts'

const FIRST =
  'Ada Grace Alan Edsger Barbara Leslie Margaret Radia Niklaus Jean Zoë José Søren Łukasz Nguyễn Mei-Ling Αλέξανδρος Дмитрий 花子 민준'.split(
    ' ',
  )
const LAST =
  "Lovelace Hopper Turing Dijkstra Liskov Lamport Hamilton Perlman Wirth Sammet O'Brien García Müller-Lüdenscheidt Østergaard Wałęsa van-der-Berg Παπαδόπουλος Иванова 山田 김".split(
    ' ',
  )
const STREETS = [
  'Main Street',
  'Hauptstraße',
  'rue de la Paix',
  'Via Garibaldi',
  'Calle Mayor',
  'Baker Street',
  'Kungsgatan',
]
const TLDS = [
  'com',
  'org',
  'net',
  'io',
  'co.uk',
  'de',
  'fr',
  'com.br',
  'museum',
  'technology',
  'ac.jp',
  'eu',
]

export function email(random: Random): string {
  const name = random.chars(LOWER, 3 + random.below(7))
  const other = random.chars(LOWER, 3 + random.below(6))
  const local = random.pick([
    name,
    `${name}.${other}`,
    `${name}_${other}`,
    `${name}-${other}`,
    `${name}+${other}`,
    `${name[0]}.${other}${random.digits(2)}`,
    `${name.toUpperCase()}.${other.toUpperCase()}`,
    `${name}.${other}+tag.${random.digits(3)}`,
    `${name}${random.digits(4)}`,
    `${name}'${other}`,
    `${name[0]}`,
    `_${name}`,
    `${name}_`,
  ])
  const host = random.pick([
    other,
    `mail.${other}`,
    `${name}-${other}`,
    `mx1.eu.${other}`,
    `${random.digits(2)}${other}`,
    'xn--mnchen-3ya',
    'münchen',
    other.toUpperCase(),
  ])
  return `${local}@${host}.${random.pick(TLDS)}`
}

const COUNTRIES: readonly CountryCode[] = [
  'US',
  'CA',
  'GB',
  'DE',
  'FR',
  'ES',
  'IT',
  'NL',
  'BE',
  'AT',
  'CH',
  'SE',
  'NO',
  'DK',
  'FI',
  'PL',
  'CZ',
  'PT',
  'IE',
  'GR',
  'RO',
  'HU',
  'BR',
  'MX',
  'AR',
  'CL',
  'CO',
  'IN',
  'CN',
  'JP',
  'KR',
  'SG',
  'AU',
  'NZ',
  'ZA',
  'NG',
  'KE',
  'TR',
  'IL',
  'AE',
  'SA',
  'RU',
  'UA',
  'EE',
  'LT',
  'LV',
  'IS',
  'LU',
  'MT',
  'CY',
  'HR',
  'SI',
  'SK',
  'BG',
]

function number(random: Random) {
  const country = random.pick(COUNTRIES)
  const example = getExampleNumber(country, examples)
  if (example === undefined) throw new Error(`no number of ${country}`)
  for (let i = 0; i < 1000; i++) {
    const national = String(example.nationalNumber)
    const kept = Math.min(3, national.length - 5)
    const text = `+${example.countryCallingCode}${national.slice(0, kept)}${random.digits(national.length - kept)}`
    if (isValidPhoneNumber(text)) return parsePhoneNumber(text)
  }
  return example
}

function international(random: Random): string {
  const phone = number(random)
  return random.pick([
    phone.format('E.164'),
    phone.format('E.164'),
    phone.format('INTERNATIONAL'),
    phone.format('INTERNATIONAL').replaceAll(' ', '-'),
    phone.format('INTERNATIONAL').replaceAll(' ', '.'),
  ])
}

function national(random: Random): string {
  const phone = number(random)
  const text = phone.format('NATIONAL')
  return random.pick([text, text.replaceAll('-', ' '), text.replaceAll(/[^0-9]/g, '')])
}

const MONTHS = [
  'January',
  'Feb',
  'March',
  'Apr',
  'May',
  'June',
  'Jul',
  'August',
  'Sept',
  'October',
  'Nov',
  'December',
]

export function date(random: Random): string {
  const text = fill('YYYYMMDD', random)
  const year = text.slice(0, 4)
  const month = text.slice(4, 6)
  const day = text.slice(6)
  return random.pick([
    `${year}-${month}-${day}`,
    `${day}.${month}.${year}`,
    `${day}/${month}/${year}`,
    `${month}/${day}/${year}`,
    `${year}/${month}/${day}`,
    `${day}-${month}-${year}`,
    `${Number(day)}.${Number(month)}.${year}`,
    `${Number(month)}/${Number(day)}/${year}`,
    `${year}${month}${day}`,
    `${Number(day)} ${MONTHS[Number(month) - 1]} ${year}`,
    `${MONTHS[Number(month) - 1]} ${Number(day)}, ${year}`,
    `${year}.${month}.${day}`,
    `${day}/${month}/${year.slice(2)}`,
  ])
}

// biome-ignore format: one line a kind
export const CONTACT_KINDS: readonly Kind[] = [
  { type: 'email', words: ['e-mail', 'email', 'Mail', 'correo electrónico', 'adresse e-mail', 'почта', 'メール', '邮箱'], bare: true, keys: ['email', 'email address', 'e mail', 'user email', 'contact', 'mail', 'from', 'recipient'], make: email },
  { type: 'phone', words: ['phone', 'tel.', 'mobile', 'Telefon', 'Handynummer', 'téléphone', 'teléfono', 'telefone', 'телефон', '電話', '电话', '전화번호', 'τηλέφωνο'], bare: true, keys: ['phone', 'phone number', 'mobile', 'tel', 'telephone', 'contact phone', 'msisdn', 'cell phone'], make: international },
  {
    type: 'phone',
    words: ['phone', 'phone number', 'tel', 'mobile', 'call', 'Telefon', 'Telefonnummer', 'téléphone', 'número de teléfono', 'telefone', 'cellulare', 'телефон', '電話番号', '手机', '전화'],
    bare: false,
    keys: ['phone', 'phone number', 'mobile', 'mobile number', 'tel', 'telephone', 'home phone', 'fax'],
    make: national,
  },
  {
    type: 'person-name',
    words: [],
    bare: false,
    keyed: true,
    keys: ['first name', 'last name', 'full name', 'given name', 'family name', 'surname', 'customer name', 'patient name', 'cardholder name', 'vorname', 'nachname', 'prenom', 'apellidos', 'fname', 'lname', 'display name', 'account holder', 'middle name', 'employee name', 'contact name'],
    make: (random) => random.pick([() => random.pick(FIRST), () => random.pick(LAST), () => `${random.pick(FIRST)} ${random.pick(LAST)}`])(),
  },
  {
    type: 'postal-address',
    words: [],
    bare: false,
    keyed: true,
    keys: ['address', 'street', 'street address', 'address line 1', 'home address', 'billing address', 'shipping address', 'mailing address', 'postal address', 'addr', 'adresse', 'strasse', 'direccion', 'residential address', 'delivery address'],
    make: (random) => random.pick([`${1 + random.below(300)} ${random.pick(STREETS)}`, `${random.pick(STREETS)} ${1 + random.below(99)}, ${random.digits(5)} Springfield`]),
  },
  {
    type: 'postcode',
    words: ['postcode', 'zip code', 'PLZ', 'Postleitzahl', 'code postal', 'código postal', 'CAP'],
    bare: false,
    keys: ['postcode', 'postal code', 'zip', 'zip code', 'plz', 'billing zip', 'shipping postcode'],
    make: (random) => fill(random.pick(['99999', '99999-9999', '{SW}9A 9{AA}', '{EC}9A 9{BN}', '{M}9 9{AE}', '{K}9{A} 9{B}9', '9999 {AB}']), random),
  },
  {
    type: 'date-of-birth',
    words: ['date of birth', 'DOB', 'born', 'birthday', 'Geburtsdatum', 'geboren am', 'date de naissance', 'né le', 'fecha de nacimiento', 'nacido el', 'data di nascita', 'data de nascimento', 'geboortedatum', 'дата рождения', '生年月日', '出生日期', '생년월일', 'ημερομηνία γέννησης'],
    bare: false,
    keys: ['dob', 'date of birth', 'birth date', 'birthday', 'born', 'birthdate', 'geburtsdatum', 'patient dob'],
    make: date,
  },
  {
    type: 'geo-coordinates',
    words: [],
    bare: false,
    keyed: true,
    keys: ['lat lng', 'coordinates', 'gps', 'location', 'geo', 'latitude', 'longitude'],
    make: (random) => random.pick([`${(random.next() * 90).toFixed(5)}, ${(random.next() * 180).toFixed(5)}`, `${(random.next() * 90).toFixed(6)},${(-random.next() * 180).toFixed(6)}`]),
  },
]
