/** Where somebody lives or is. */

import { hasLetters } from './person-name.ts'
import { Next } from './reading.ts'
import type { Recognizer } from './recognizer.ts'
import { toSet } from './secret.ts'
import { inNameSpellings, inSpellings } from './spelling.ts'

// biome-ignore format: a language a line
const ADDRESS_KEYS = inNameSpellings([
  ...['street', 'street address', 'address line', 'postal address', 'home address', 'street and number'],
  ...['mailing address', 'billing address', 'shipping address', 'delivery address', 'street name', 'work address'],
  ...['residential address', 'residence address', 'permanent address', 'current address', 'registered address', 'correspondence address'],
  ...['customer address', 'patient address', 'full address', 'street line', 'street number', 'address of residence', 'previous address', 'contact address'],
  ...['straße', 'straße hausnummer', 'anschrift', 'wohnanschrift', 'wohnadresse', 'postanschrift', 'rechnungsadresse', 'lieferadresse', 'hausanschrift', 'rechnungsanschrift', 'lieferanschrift', 'meldeadresse', 'privatadresse'],
  ...['adresse', 'adresse postale', 'adresse de livraison', 'adresse de facturation', 'adresse du domicile', 'rue', 'voie', 'nom de rue'],
  ...['dirección', 'dirección de envío', 'dirección de facturación', 'dirección postal', 'domicilio', 'calle', 'domicilio fiscal'],
  ...['indirizzo', 'indirizzo di residenza', 'indirizzo di spedizione', 'indirizzo di fatturazione', 'via', 'residenza', 'domicilio'],
  ...['endereço', 'endereço de entrega', 'endereço de cobrança', 'logradouro', 'morada', 'rua'],
  ...['adres', 'woonadres', 'factuuradres', 'afleveradres', 'bezorgadres', 'postadres', 'straat', 'straatnaam'],
  ...['adres zamieszkania', 'adres zameldowania', 'adres korespondencyjny', 'adres dostawy', 'ulica'],
  ...['adressen', 'adress', 'gatuadress', 'postadress', 'gateadresse', 'adresa', 'osoite', 'katuosoite', 'lakcím', 'lakóhely', 'ulice', 'bydliště', 'cím'],
  ...['адрес', 'улица', 'διεύθυνση', '住所', '地址', '주소', 'العنوان', 'כתובת'],
])

const POSTCODE_WORDS = inSpellings([
  ...['postcode', 'post code', 'postal code', 'zip', 'zip code', 'zipcode', 'plz', 'postleitzahl'],
  ...['code postal', 'codigo postal', 'código postal', 'cap', 'cep', 'postnummer', 'postinumero'],
  ...[
    'codice postale',
    'código zip',
    'codice di avviamento postale',
    'code postale',
    'postleit zahl',
    'kodpocztowy',
  ],
  ...['kod pocztowy', 'psč', 'irányítószám', 'eircode'],
  ...['индекс', '郵便番号', '邮编', '우편번호'],
])

export const ADDRESS: readonly Recognizer[] = [
  {
    type: 'postal-address',
    class: 'personal',
    readiness: 'on',
    words: [],
    shapes: [
      { kind: 'key', keys: ADDRESS_KEYS, valid: hasLetters },
      { kind: 'key', keys: [...ADDRESS_KEYS, 'address', 'addr'], loose: 'line', valid: isStreet },
      // Addresses of hosts, wallets and mail as well: this one has a number and a word apart from it.
      { kind: 'key', keys: ['address', 'addr'], valid: isStreet },
    ],
    basis: 'the name of the field',
  },
  {
    type: 'postcode',
    class: 'personal',
    readiness: 'context',
    words: POSTCODE_WORDS,
    shapes: [
      {
        kind: 'pattern',
        layouts: [
          ...['99999', '99999-9999', '9999', '9999 AA', '9999AA', '99-999', '999 99', '99999-999'],
          ...['999-9999', '999999', 'A9A 9A9', 'A9A9A9', 'A9 9AA', 'A99 9AA', 'AA9 9AA'],
          ...['AA99 9AA', 'A9A 9AA', 'AA9A 9AA', 'A99AA', 'A999AA', 'AA99AA', 'AA999AA', 'AA9A9AA'],
          ...['AA-9999', 'AA 9999', 'A99 XXXX', 'AA-99999', '9999-999'],
        ],
      },
    ],
    basis: 'form, near a word',
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
          ...['latitude', 'longitude', 'lat', 'lng', 'lon', 'lat lng', 'lat lon', 'latlng', 'geo'],
          ...['geo location', 'geolocation', 'location', 'gps', 'coordinates', 'gps coordinates'],
          ...[
            'coords',
            'position',
            'geo point',
            'latitud',
            'longitud',
            'breitengrad',
            'längengrad',
          ],
          ...['gps location', 'gps position', 'last location', 'home location', 'koordinaten'],
          ...[
            'coordonnées gps',
            'coordenadas',
            'coordinate',
            'współrzędne',
            'location coordinates',
          ],
        ].flatMap((key) => inSpellings([key])),
        loose: 'line',
        valid: isCoordinates,
      },
    ],
    basis: 'four decimals or more, under a name',
  },
]

const NOT_OF_STREETS = new Next(toSet('@:={('))

/** A number and a word with a capital, with a blank between; not an address of a host, of mail or of money. */
function isStreet(bytes: Uint8Array, start: number, end: number): boolean {
  if (!hasLetters(bytes, start, end) || NOT_OF_STREETS.from(bytes, start, end) < end) return false
  let hasNumber = false
  let small = 0
  let hasBlank = false
  let hasCapital = false
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number
    if (byte === 0x20) hasBlank = true
    if (byte === 0x2e && i + 1 < end && isDigit(bytes[i + 1] as number)) return false
    const isWord = i === start || bytes[i - 1] === 0x20
    if (isWord && isDigit(byte)) hasNumber = true
    if (isWord && byte >= 0x61 && byte <= 0x7a && wordEnd(bytes, i, end) - i > 3) small++
    if (isWord && ((byte >= 0x41 && byte <= 0x5a) || byte > 0x7f)) hasCapital = true
    if (i === start && !hasCapital && !isDigit(byte) && !isStreetWord(bytes, start, end))
      return false
  }
  return hasNumber && hasBlank && hasCapital && small < 3 && end - start <= 100
}

const STREET_WORDS: ReadonlySet<string> = new Set(
  'rue avenue av. av boulevard bd chemin place quai via viale corso piazza calle c/ plaza paseo avda. ul. ul al. aleja os. rua travessa praça estrada apt flat'.split(
    ' ',
  ),
)

/** What streets begin with where they are written small: `rue de la Paix 3`, `ul. Polna 7`. */
function isStreetWord(bytes: Uint8Array, start: number, end: number): boolean {
  const to = wordEnd(bytes, start, end)
  return STREET_WORDS.has(
    Buffer.from(bytes.buffer, bytes.byteOffset + start, to - start).toString(),
  )
}

function wordEnd(bytes: Uint8Array, start: number, end: number): number {
  let to = start
  while (to < end && bytes[to] !== 0x20) to++
  return to
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
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
