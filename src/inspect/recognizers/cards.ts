/** Cards and what is on them. */

import { toNumber } from './check-digits.ts'
import {
  BARE_CARD_LAYOUTS,
  CARD_LAYOUTS,
  isCard,
  isShortCard,
  RARE_CARD_LAYOUTS,
  SHORT_CARD_LAYOUTS,
  track1Extent,
  track2Extent,
} from './payment-card.ts'
import type { Recognizer } from './recognizer.ts'
import { inNameSpellings, inSpellings } from './spelling.ts'

const CARD_WORDS = inSpellings([
  ...['card', 'credit card', 'debit card', 'cc', 'pan', 'visa', 'mastercard', 'amex', 'discover'],
  ...[
    'maestro',
    'card number',
    'card no',
    'ccnum',
    'cardno',
    'kreditkarte',
    'kreditkartennummer',
    'karte',
  ],
  ...[
    'kartennummer',
    'tarjeta',
    'carte',
    'carte bancaire',
    'carta',
    'cartão',
    'kaart',
    'karta',
    'kort',
  ],
  ...[
    'creditcard',
    'debitcard',
    'numéro de carte',
    'numero de carte bancaire',
    'número de tarjeta',
  ],
  ...['carta di credito', 'numero carta', 'cartão de crédito', 'kaartnummer', 'creditcardnummer'],
  ...['numer karty', 'karty', 'kortnummer', 'kreditkort', 'luottokortti', 'korttinumero'],
  ...['platební karta', 'bankkarte', 'ec karte', 'hitelkártya', 'kart numarası', 'kredi kartı'],
  ...['карта', 'карты', 'κάρτα', 'カード', '信用卡', '卡号', '银行卡', '카드', 'بطاقة', 'כרטיס'],
])

/** Of the code behind a card. */
const LOCAL_CODES = [
  ...['prüfziffer', 'prüfnummer', 'kartenprüfziffer', 'sicherheitscode', 'code de sécurité'],
  ...['cryptogramme', 'cryptogramme visuel', 'código de seguridad', 'código de segurança'],
  ...[
    'codice di sicurezza',
    'beveiligingscode',
    'veiligheidscode',
    'kod bezpieczeństwa',
    'kod cvv',
  ],
  ...['kod cvc', 'säkerhetskod', 'sikkerhetskode'],
]

const EXPIRY_NAMES = inNameSpellings([
  ...[
    'good thru',
    'valid until',
    'valid to',
    'card valid thru',
    'exp',
    'card expiry date',
    'expires',
  ],
  ...['gültig bis', 'ablaufdatum', 'verfallsdatum', 'date d expiration', 'expire le', 'expire fin'],
  ...['fecha de caducidad', 'fecha de vencimiento', 'caducidad', 'vencimiento', 'data di scadenza'],
  ...['scadenza', 'vervaldatum', 'geldig tot', 'data ważności', 'ważna do', 'validade'],
  ...['data de validade', 'data de expiração', 'utgångsdatum', 'utløpsdato'],
])

export const CARDS: readonly Recognizer[] = [
  {
    type: 'payment-card',
    class: 'payment',
    readiness: 'on',
    words: CARD_WORDS,
    shapes: [
      { kind: 'pattern', layouts: [...CARD_LAYOUTS, ...BARE_CARD_LAYOUTS], valid: isCard },
      { kind: 'pattern', layouts: SHORT_CARD_LAYOUTS, valid: isShortCard },
      { kind: 'pattern', layouts: RARE_CARD_LAYOUTS, readiness: 'context', valid: isCard },
    ],
    basis: 'Luhn, issuer range with its lengths',
  },
  {
    type: 'card-track',
    class: 'payment',
    readiness: 'on',
    words: [],
    shapes: [
      { kind: 'anchor', literal: '%B', extent: track1Extent },
      { kind: 'anchor', literal: ';', next: '0-9', extent: track2Extent },
    ],
    basis: 'form of ISO/IEC 7813 tracks 1 and 2',
  },
  {
    type: 'card-security-code',
    class: 'payment',
    readiness: 'on',
    words: inSpellings([
      ...[
        'cvv',
        'cvc',
        'cvv2',
        'cvc2',
        'csc',
        'security code',
        'card verification',
        'kartenprüfnummer',
      ],
      ...LOCAL_CODES,
    ]),
    shapes: [
      {
        kind: 'key',
        keys: [
          ...['cvv', 'cvc', 'cvv2', 'cvc2', 'cav', 'csc', 'security code', 'card code'],
          ...['card verification', 'verification value', 'cvv code', 'cvc code', 'card cvc'],
          ...['card cvv', 'card security code', 'cvn', 'cvv number'],
          ...inNameSpellings(LOCAL_CODES),
        ],
        loose: 'word',
        valid: (bytes, start, end) => isDigits(bytes, start, end, 3, 4),
      },
      { kind: 'pattern', layouts: ['999', '9999'], readiness: 'context' },
    ],
    basis: 'three or four digits under a name or near a word',
  },
  {
    type: 'card-expiry',
    class: 'payment',
    readiness: 'on',
    words: [],
    shapes: [
      {
        kind: 'key',
        keys: [
          ...['card expiry', 'expiry', 'exp date', 'expiry date', 'expiration date', 'card exp'],
          ...['exp month', 'exp year', 'valid thru', 'card expiration', 'cc exp', 'expiration'],
          ...EXPIRY_NAMES,
        ],
        valid: isExpiry,
      },
      {
        kind: 'key',
        keys: [
          'card expiry',
          'expiry',
          'exp date',
          'expiry date',
          'expiration date',
          'valid thru',
          'exp',
          ...EXPIRY_NAMES,
        ],
        loose: 'word',
        valid: (bytes, start, end) => isMonthAndYear(bytes, start, end),
      },
    ],
    basis: 'MM/YY under a name',
  },
  {
    type: 'pin',
    class: 'payment',
    readiness: 'on',
    words: [],
    shapes: [
      {
        kind: 'key',
        keys: ['pin', 'pin code', 'card pin', 'pin number', 'atm pin'],
        loose: 'word',
        valid: (bytes, start, end) => isDigits(bytes, start, end, 4, 8),
      },
    ],
    basis: 'four to eight digits under a name',
  },
]

function isDigits(
  bytes: Uint8Array,
  start: number,
  end: number,
  least: number,
  most: number,
): boolean {
  if (end - start < least || end - start > most) return false
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number
    if (byte < 0x30 || byte > 0x39) return false
  }
  return true
}

/** `09/28`, `09/2028`. */
function isMonthAndYear(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start
  if ((length !== 5 && length !== 7) || (bytes[start + 2] !== 0x2f && bytes[start + 2] !== 0x2d))
    return false
  const month = toNumber(bytes, start, start + 2)
  return isExpiry(bytes, start, end) && month >= 1 && month <= 12
}

/** Digits with a slash, a dash or a blank. */
function isExpiry(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > 9) return false
  let digits = 0
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number
    if (byte >= 0x30 && byte <= 0x39) digits++
    else if (byte !== 0x2f && byte !== 0x2d && byte !== 0x20) return false
  }
  return digits >= 1 && digits <= 6
}
