/** Accounts, the banks that hold them, and the numbers of those who pay tax on what they sell. */

import { isAba, isBic, isCbu, isClabe, isLei } from './bank-codes.ts'
import { IBAN_LAYOUTS, isIban } from './iban.ts'
import type { Recognizer } from './recognizer.ts'
import { inSpellings } from './spelling.ts'
import { isVat, VAT_LAYOUTS } from './vat.ts'

const ACCOUNT_WORDS = inSpellings([
  ...['account', 'account number', 'acct', 'account no', 'konto', 'kontonummer', 'bankverbindung'],
  ...[
    'cuenta',
    'compte',
    'conto',
    'conta',
    'rekening',
    'rachunek',
    'счёт',
    'счет',
    '口座',
    '账户',
    '계좌',
  ],
])

export const BANK_ACCOUNTS: readonly Recognizer[] = [
  {
    type: 'iban',
    class: 'payment',
    readiness: 'on',
    words: ['iban', ...ACCOUNT_WORDS],
    shapes: [{ kind: 'pattern', layouts: IBAN_LAYOUTS, valid: isIban }],
    basis: 'mod 97-10, form by country',
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
      ...['bank account', 'account number', 'acct', 'acct no', 'checking account'],
      ...['savings account', 'account no', 'bank acct', 'bank account number', 'bank account no'],
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
    shapes: [{ kind: 'pattern', layouts: ['99999-999', '999999999'] }],
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
    type: 'eu-vat',
    class: 'personal',
    readiness: 'context',
    words: inSpellings([
      ...[
        'vat',
        'vat number',
        'vat id',
        'vat no',
        'vatin',
        'ust',
        'ust id',
        'ust idnr',
        'u st id',
        'uid',
      ],
      ...[
        'umsatzsteuer',
        'umsatzsteuer id',
        'umsatzsteueridentifikationsnummer',
        'tva',
        'iva',
        'p iva',
        'piva',
      ],
      ...[
        'partita iva',
        'btw',
        'btw nummer',
        'nif iva',
        'moms',
        'momsnummer',
        'cvr',
        'dph',
        'dič',
        'dic',
        'pdv',
        'ddv',
      ],
      ...['alv', 'áfa', 'nip', 'kdv', 'tax number', 'tax id', 'ндс', 'φπα'],
    ]),
    shapes: [{ kind: 'pattern', layouts: VAT_LAYOUTS, valid: isVat }],
    basis: 'country, form by country, check digits of the large ones',
  },
]
