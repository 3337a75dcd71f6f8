/** Money: cards and what is on them, bank accounts, addresses of cryptocurrencies. */

import { isAba, isBic, isCbu, isClabe, isLei } from './bank-codes.ts'
import { isBitcoin, isBitcoinBech32, isEthereum } from './crypto-address.ts'
import { IBAN_LAYOUTS, isIban } from './iban.ts'
import {
  BARE_CARD_LAYOUTS,
  CARD_LAYOUTS,
  isCard,
  RARE_CARD_LAYOUTS,
  track1Extent,
  track2Extent,
} from './payment-card.ts'
import type { Recognizer } from './recognizer.ts'

const ACCOUNT_WORDS = [
  'account',
  'account number',
  'acct',
  'account no',
  'konto',
  'kontonummer',
  'cuenta',
  'compte',
  'conto',
]

export const FINANCIAL: readonly Recognizer[] = [
  {
    type: 'payment-card',
    class: 'payment',
    readiness: 'on',
    words: [
      'card',
      'credit card',
      'debit card',
      'cc',
      'pan',
      'visa',
      'mastercard',
      'amex',
      'discover',
      'maestro',
      'card number',
      'card no',
      'ccnum',
      'kreditkarte',
      'karte',
      'tarjeta',
      'carte',
      'carta',
    ],
    shapes: [
      { kind: 'pattern', layouts: [...CARD_LAYOUTS, ...BARE_CARD_LAYOUTS], valid: isCard },
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
      { kind: 'anchor', literal: ';', extent: track2Extent },
    ],
    basis: 'form of ISO/IEC 7813 tracks 1 and 2',
  },
  {
    type: 'card-security-code',
    class: 'payment',
    readiness: 'on',
    words: [],
    shapes: [
      {
        kind: 'key',
        keys: [
          'cvv',
          'cvc',
          'cvv2',
          'cvc2',
          'cav',
          'csc',
          'security code',
          'card code',
          'card verification',
          'verification value',
          'cvv code',
          'cvc code',
          'card cvc',
          'card cvv',
          'card security code',
        ],
        loose: true,
        valid: (bytes, start, end) => isDigits(bytes, start, end, 3, 4),
      },
    ],
    basis: 'three or four digits under a name',
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
          'card expiry',
          'expiry',
          'exp date',
          'expiry date',
          'expiration date',
          'card exp',
          'exp month',
          'exp year',
          'valid thru',
          'card expiration',
          'cc exp',
        ],
        valid: isExpiry,
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
        loose: true,
        valid: (bytes, start, end) => isDigits(bytes, start, end, 4, 8),
      },
    ],
    basis: 'four to eight digits under a name',
  },
  {
    type: 'iban',
    class: 'payment',
    readiness: 'on',
    words: ['iban', ...ACCOUNT_WORDS],
    shapes: [{ kind: 'pattern', layouts: IBAN_LAYOUTS, valid: isIban }],
    basis: 'mod 97-10, length by country',
  },
  {
    type: 'bic',
    class: 'payment',
    readiness: 'context',
    words: ['bic', 'swift', 'swift code', 'bic code'],
    shapes: [{ kind: 'pattern', layouts: ['AAAAAAXX', 'AAAAAAXXXXX'], valid: isBic }],
    basis: 'country code, near a word',
  },
  {
    type: 'us-aba-routing',
    class: 'payment',
    readiness: 'context',
    words: ['routing', 'aba', 'rtn', 'routing number', 'transit routing'],
    shapes: [{ kind: 'pattern', layouts: ['999999999', '9999-9999-9'], valid: isAba }],
    basis: 'weights 3-7-1, district',
  },
  {
    type: 'us-bank-account',
    class: 'payment',
    readiness: 'context',
    words: [
      'bank account',
      'account number',
      'acct',
      'acct no',
      'checking account',
      'savings account',
      'account no',
      'bank acct',
    ],
    shapes: [
      {
        kind: 'pattern',
        layouts: [8, 9, 10, 11, 12, 13, 14, 15, 16, 17].map((length) => '9'.repeat(length)),
      },
    ],
    basis: 'length, near a word',
  },
  {
    type: 'uk-sort-code',
    class: 'payment',
    readiness: 'context',
    words: ['sort code', 'sortcode'],
    shapes: [
      {
        kind: 'pattern',
        layouts: ['99-99-99', '99 99 99', '999999', '99-99-99 99999999', '99 99 99 99999999'],
      },
    ],
    basis: 'form, near a word',
  },
  {
    type: 'au-bsb',
    class: 'payment',
    readiness: 'context',
    words: ['bsb'],
    shapes: [{ kind: 'pattern', layouts: ['999-999', '999 999', '999999'] }],
    basis: 'form, near a word',
  },
  {
    type: 'ca-transit',
    class: 'payment',
    readiness: 'context',
    words: ['transit', 'transit number', 'institution number'],
    shapes: [{ kind: 'pattern', layouts: ['99999-999', '099999999'.replace(/./g, '9')] }],
    basis: 'form, near a word',
  },
  {
    type: 'mx-clabe',
    class: 'payment',
    readiness: 'context',
    words: ['clabe', 'cuenta', 'clabe interbancaria'],
    shapes: [
      {
        kind: 'pattern',
        layouts: ['9'.repeat(18), '999 999 99999999999 9', '999-999-99999999999-9'],
        valid: isClabe,
      },
    ],
    basis: 'weights 3-7-1',
  },
  {
    type: 'ar-cbu',
    class: 'payment',
    readiness: 'on',
    words: ['cbu', 'cvu', 'cuenta'],
    shapes: [
      {
        kind: 'pattern',
        layouts: ['9'.repeat(22), '99999999 99999999999999', '99999999-99999999999999'],
        valid: isCbu,
      },
    ],
    basis: 'two check digits',
  },
  {
    type: 'lei',
    class: 'payment',
    readiness: 'off',
    words: ['lei', 'legal entity'],
    shapes: [{ kind: 'pattern', layouts: [`${'X'.repeat(18)}99`], valid: isLei }],
    basis: 'mod 97-10',
  },
  {
    type: 'bitcoin-address',
    class: 'payment',
    readiness: 'on',
    words: ['btc', 'bitcoin', 'wallet'],
    shapes: [
      {
        kind: 'pattern',
        layouts: [26, 27, 28, 29, 30, 31, 32, 33, 34, 35].map((length) => 'x'.repeat(length)),
        valid: isBitcoin,
      },
      {
        kind: 'prefix',
        prefixes: ['bc1', 'BC1', 'tb1'],
        alphabet: 'A-Za-z0-9',
        min: 11,
        max: 71,
        valid: isBitcoinBech32,
      },
    ],
    basis: 'base58check, bech32 and bech32m',
  },
  {
    type: 'ethereum-address',
    class: 'payment',
    readiness: 'context',
    words: ['eth', 'ethereum', 'wallet', 'erc20', 'wallet address'],
    shapes: [
      {
        kind: 'prefix',
        prefixes: ['0x'],
        alphabet: 'A-Za-z0-9',
        min: 40,
        max: 40,
        valid: isEthereum,
      },
    ],
    basis: 'forty hex digits, near a word',
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
