/** Money: what is found, and what only looks like it. */

import { describe, expect, test } from 'vitest'
import { BANK_ACCOUNTS } from '../../../src/inspect/recognizers/bank-accounts.ts'
import { CARDS } from '../../../src/inspect/recognizers/cards.ts'
import { WALLETS } from '../../../src/inspect/recognizers/wallets.ts'
import { createScanner } from '../../../src/inspect/scan/create-scanner.ts'
import { textsIn } from '../scan/scanning.ts'

const MONEY = [...CARDS, ...BANK_ACCOUNTS, ...WALLETS]
const scanner = createScanner(MONEY, { types: new Set(MONEY.map(({ type }) => type)) })

describe('found', () => {
  test.each([
    ['Visa', 'card 4111111111111111', 'payment-card 4111111111111111'],
    ['Visa with blanks', 'pay 4012 8888 8888 1881 now', 'payment-card 4012 8888 8888 1881'],
    ['Mastercard of the 2 series', '2223003122003222', 'payment-card 2223003122003222'],
    ['American Express', '3782 822463 10005', 'payment-card 3782 822463 10005'],
    ['Diners Club', 'Diners card 30569309025904', 'payment-card 30569309025904'],
    ['Diners Club in groups', 'at 3056 930902 5904', 'payment-card 3056 930902 5904'],
    ['Discover with dashes', '6011-1111-1111-1117', 'payment-card 6011-1111-1111-1117'],
    ['JCB', '3530111333300000', 'payment-card 3530111333300000'],
    ['UnionPay of 19 digits', '6212345678900000003', 'payment-card 6212345678900000003'],
    [
      'track 1',
      'x%B4111111111111111^DOE/JOHN^25121010000000000000?y',
      'card-track %B4111111111111111^DOE/JOHN^25121010000000000000?',
    ],
    ['track 2', ';4111111111111111=25121010000?', 'card-track ;4111111111111111=25121010000?'],
    ['a security code', 'cvv: 123', 'card-security-code 123'],
    ['IBAN', 'to DE89370400440532013000.', 'iban DE89370400440532013000'],
    ['IBAN as printed', 'IBAN GB29 NWBK 6016 1331 9268 19', 'iban GB29 NWBK 6016 1331 9268 19'],
    ['IBAN of Malta', 'MT84MALT011000012345MTLCAST001S', 'iban MT84MALT011000012345MTLCAST001S'],
    ['IBAN in small letters', 'to gb29nwbk60161331926819.', 'iban gb29nwbk60161331926819'],
    [
      'IBAN with blanks that do not break',
      'NO93\u00a08601\u00a01117\u00a0947',
      'iban NO93\u00a08601\u00a01117\u00a0947',
    ],
    [
      'Litecoin',
      'LaMT348PWRnrqeeWArpwQPbuanpXDZGEUz',
      'crypto-address LaMT348PWRnrqeeWArpwQPbuanpXDZGEUz',
    ],
    ['VAT of Germany', 'USt-IdNr. DE136695976', 'eu-vat DE136695976'],
    ['VAT of Belgium', 'TVA BE 0776.091.951', 'eu-vat BE 0776.091.951'],
    ['IBAN of Norway', 'NO93 8601 1117 947', 'iban NO93 8601 1117 947'],
    ['BIC', 'BIC DEUTDEFF', 'bic DEUTDEFF'],
    ['BIC with branch', 'swift: DEUTDEFF500', 'bic DEUTDEFF500'],
    ['ABA', 'routing 021000021', 'us-aba-routing 021000021'],
    ['sort code', 'sort code 12-34-56', 'uk-sort-code 12-34-56'],
    ['BSB', 'BSB 062-000', 'au-bsb 062-000'],
    ['CLABE', 'CLABE 032180000118359719', 'mx-clabe 032180000118359719'],
    ['CBU', '2850590940090418135201', 'ar-cbu 2850590940090418135201'],
    [
      'Bitcoin',
      'send to 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2',
      'bitcoin-address 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2',
    ],
    [
      'Bitcoin P2SH',
      '3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy',
      'bitcoin-address 3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy',
    ],
    [
      'bech32',
      'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4',
      'bitcoin-address bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4',
    ],
    [
      'bech32m',
      'bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0',
      'bitcoin-address bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0',
    ],
    [
      'Ethereum',
      'wallet 0x52908400098527886E0F7030069857D2E4169EE7',
      'ethereum-address 0x52908400098527886E0F7030069857D2E4169EE7',
    ],
    ['LEI', '529900T8BM49AURSDO55', 'lei 529900T8BM49AURSDO55'],
  ])('%s', (_, text, want) => {
    expect(textsIn(scanner, text)).toEqual([want])
  })
})

test.each(['4012 8888 8888 1881', '3056 930902 5904', '3782 822463 10005'])(
  'the same card twice, with a blank between: %s',
  (card) => {
    expect(textsIn(scanner, `take ${card} ${card} now`)).toEqual([
      `payment-card ${card}`,
      `payment-card ${card}`,
    ])
  },
)

test('a row of numbers stays one, whatever is said twice in it', () => {
  const card = '4012 8888 8888 1881'
  expect(textsIn(scanner, `1234 5678 ${card} ${card} 1234`)).toEqual([])
})

const SEED = 'river candy lamp window tiger orange picnic garden velvet mango canoe puzzle'

test.each([
  ['behind its name', `my seed phrase is ${SEED}.`, SEED],
  ['in a line of its own', `Recovery phrase:\n${SEED}\n`, SEED],
  ['of twice as many words', `mnemonic = "${SEED} ${SEED}"`, `${SEED} ${SEED}`],
  ['with commas', `Mnemonic: ${SEED.replaceAll(' ', ', ')}`, SEED.replaceAll(' ', ', ')],
])('words of a wallet: %s', (_, text, want) => {
  expect(textsIn(scanner, text)).toEqual([`crypto-seed-phrase ${want}`])
})

test('words of a wallet, by the name of the field', () => {
  expect(textsIn(scanner, SEED, 'mnemonic')).toEqual([`crypto-seed-phrase ${SEED}`])
  expect(textsIn(scanner, SEED, 'description')).toEqual([])
})

test.each([
  ['eleven', `seed phrase: ${SEED.replace('river ', '')}`],
  ['thirteen', `seed phrase: ${SEED} basket`],
  [
    'a sentence',
    'The seed phrase is twelve words that every wallet shows when you first open the app',
  ],
  [
    'a sentence of twelve',
    'mnemonic: every good boy does fine helps people who learn the lines well',
  ],
  ['without a name', SEED],
])('no words of a wallet: %s', (_, text) => {
  expect(textsIn(scanner, text)).toEqual([])
})

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const base58 = (length: number) =>
  Array.from({ length }, (_, i) => BASE58[(i * 37 + i * i * 11 + 5) % 58]).join('')

test('addresses of Monero and Solana, where a word says so', () => {
  const monero = `4${base58(94)}`
  expect(textsIn(scanner, `Monero address: ${monero}`)).toEqual([`monero-address ${monero}`])
  expect(textsIn(scanner, `XMR ${monero}, please`)).toEqual([`monero-address ${monero}`])
  expect(textsIn(scanner, monero, 'xmrAddress')).toEqual([`monero-address ${monero}`])
  expect(textsIn(scanner, `see ${monero}`)).toEqual([])
  const solana = base58(44)
  expect(textsIn(scanner, `my Solana wallet is ${solana}.`)).toEqual([`solana-address ${solana}`])
  expect(textsIn(scanner, `see ${solana}`)).toEqual([])
})

test('a key of Bitcoin, as wallets and BIP 32 write it', () => {
  // The examples of the formats' descriptions; put together here, so that nobody takes this file for a wallet.
  const wif = ['5HueCGU8rMjxEXxiPuD5BD', 'ku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ'].join('')
  expect(textsIn(scanner, `take ${wif} now`)).toEqual([`crypto-private-key ${wif}`])
  expect(textsIn(scanner, `take ${wif.replace('5Hue', '5Huf')} now`)).toEqual([])
  const bip32 = [
    'xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq',
    '3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi',
  ].join('')
  expect(textsIn(scanner, `take ${bip32} now`)).toEqual([`crypto-private-key ${bip32}`])
})

test('an address of Ethereum by itself, with the checksum of EIP-55', () => {
  const right = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'
  expect(textsIn(scanner, `see ${right}.`)).toEqual([`ethereum-address ${right}`])
  expect(textsIn(scanner, `see ${right.replace('5aAeb', '5aaeb')}.`)).toEqual([])
  expect(textsIn(scanner, `see ${right.toLowerCase()}.`)).toEqual([])
})

describe('not found', () => {
  test.each([
    ['a wrong check digit', '4111111111111112'],
    ['no issuer', '1234567812345670'],
    ['all the same', '0000000000000000'],
    ['a timestamp in milliseconds', '1764504000000'],
    ['14 digits that may be of Diners Club, without a word', '30569309025904'],
    ['an IBAN with a wrong check', 'DE89370400440532013001'],
    ['an IBAN of a wrong length', 'DE8937040044053201300'],
    ['capitals', 'INTERNET DOCUMENTS'],
    ['an ABA without a word', '021000021'],
    ['base58 without its check', '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3'],
    ['bech32 without its check', 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5'],
    ['a commit', '0x52908400098527886e0f7030069857d2e4169ee7'],
    ['cvv that is none', 'cvv: none'],
  ])('%s', (_, text) => {
    expect(textsIn(scanner, text)).toEqual([])
  })
})
