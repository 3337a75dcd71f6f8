/** Cards, accounts, wallets. */

import { createHash } from 'node:crypto'
import { getCountrySpecifications } from 'ibantools'
import type { Random } from '../random.ts'
import { modulo97, weighted, withLuhn } from './checks.ts'
import { by, fill, grouped, type Kind, until } from './kind.ts'

const BRANDS: readonly (readonly [prefix: string, length: number])[] = [
  ['4', 16],
  ['4', 16],
  ['4', 13],
  ['4', 19],
  ['51', 16],
  ['52', 16],
  ['55', 16],
  ['2221', 16],
  ['2720', 16],
  ['2500', 16],
  ['34', 15],
  ['37', 15],
  ['300', 14],
  ['36', 14],
  ['38', 14],
  ['6011', 16],
  ['65', 16],
  ['644', 16],
  ['3528', 16],
  ['3589', 16],
  ['62', 16],
  ['62', 19],
  ['5018', 16],
  ['6304', 16],
  ['6759', 16],
  ['6762', 18],
  ['2200', 16],
  ['508', 16],
  ['6079', 16],
  ['6521', 16],
  ['636297', 16],
  ['979205', 16],
]

export function card(random: Random): string {
  const [prefix, length] = random.pick(BRANDS)
  const digits = withLuhn(prefix + random.digits(length - 1 - prefix.length))
  if (length === 13) return digits
  const groups =
    length === 15
      ? [4, 6, 5]
      : length === 14
        ? [4, 6, 4]
        : length === 19
          ? random.pick([
              [4, 4, 4, 4, 3],
              [6, 13],
            ])
          : length === 18
            ? [18]
            : [4, 4, 4, 4]
  return random.pick([
    digits,
    grouped(groups, ' ', digits),
    grouped(groups, '-', digits),
    grouped(groups, '\u00a0', digits),
  ])
}

const IBANS = Object.entries(getCountrySpecifications()).filter(
  ([, { chars, bban_regexp, IBANRegistry }]) =>
    chars !== null && bban_regexp !== null && IBANRegistry,
)

export function iban(random: Random): string {
  const [country, { bban_regexp }] = random.pick(IBANS)
  const account = [...(bban_regexp as string).matchAll(/\[([^\]]+)\](?:\{(\d+)\})?/g)]
    .map(([, set = '', count = '1']) =>
      random.chars(
        set === '0-9'
          ? '0123456789'
          : set === 'A-Z'
            ? 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
            : 'ABCDEFGH0123456789',
        Number(count),
      ),
    )
    .join('')
  const check = String(98 - modulo97(`${account}${country}00`)).padStart(2, '0')
  const text = `${country}${check}${account}`
  const groups = (text.match(/.{1,4}/g) ?? []) as string[]
  return random.pick([
    text,
    text,
    groups.join(' '),
    groups.join('-'),
    text.toLowerCase(),
    groups.join('\u00a0'),
    groups.join(' ').toLowerCase(),
  ])
}

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

export function base58check(payload: Buffer): string {
  const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest()
  const bytes = Buffer.concat([payload, hash(hash(payload)).subarray(0, 4)])
  let number = BigInt(`0x${bytes.toString('hex')}`)
  let text = ''
  for (; number > 0n; number /= 58n) text = BASE58[Number(number % 58n)] + text
  for (let i = 0; bytes[i] === 0; i++) text = `1${text}`
  return text
}

function bytesOf(random: Random, length: number): Buffer {
  return Buffer.from(random.hex(length * 2), 'hex')
}

const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'

function bech32(version: number, program: Buffer): string {
  const values = [version]
  let held = 0
  let bits = 0
  for (const byte of program) {
    held = (held << 8) | byte
    for (bits += 8; bits >= 5; bits -= 5) values.push((held >> (bits - 5)) & 31)
    held &= 255
  }
  if (bits > 0) values.push((held << (5 - bits)) & 31)
  const polymod = (all: readonly number[]) => {
    let check = 1
    for (const value of all) {
      const top = check >>> 25
      check = ((check & 0x1ffffff) << 5) ^ value
      ;[0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3].forEach((generator, i) => {
        if ((top >>> i) & 1) check ^= generator
      })
    }
    return check
  }
  const check =
    polymod([3, 3, 0, 2, 3, ...values, 0, 0, 0, 0, 0, 0]) ^ (version === 0 ? 1 : 0x2bc830a3)
  for (let i = 0; i < 6; i++) values.push((check >>> (5 * (5 - i))) & 31)
  return `bc1${values.map((value) => BECH32[value]).join('')}`
}

function aba(random: Random): string {
  for (;;) {
    const text = random.pick(['0', '1', '2', '3']) + random.digits(8)
    const district = Number(text.slice(0, 2))
    const isGiven = (district > 0 && district < 13) || (district > 20 && district < 33)
    if (isGiven && weighted(text, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0) return text
  }
}

// biome-ignore format: one line a kind
export const MONEY_KINDS: readonly Kind[] = [
  { type: 'payment-card', words: ['card', 'credit card', 'Visa', 'Kreditkarte', 'carte bancaire', 'tarjeta', 'carta di credito', 'cartão', 'карта', 'カード番号', '信用卡', '카드번호'], bare: true, keys: ['card number', 'cc', 'pan', 'card', 'credit card number', 'cardno', 'cc number', 'credit card'], make: card },
  { type: 'iban', words: ['IBAN', 'account', 'Konto', 'compte', 'cuenta', 'счёт'], bare: true, keys: ['iban', 'bank account', 'account', 'konto', 'beneficiary iban'], make: iban },
  {
    type: 'bic',
    words: ['BIC', 'SWIFT', 'SWIFT code'],
    bare: false,
    keys: ['bic', 'swift', 'swift code', 'bank bic'],
    make: (random) => `${random.chars('ABCDEFGHIJKLMNOPRSTUVWXYZ', 4)}${random.pick(['DE', 'FR', 'GB', 'US', 'CH', 'JP', 'NL'])}${random.pick(['FF', '2L', '33', 'MM'])}${random.pick(['', 'XXX', '500'])}`,
  },
  { type: 'us-aba-routing', words: ['routing number', 'ABA', 'RTN', 'ABA routing'], bare: false, keys: ['routing number', 'aba', 'routing', 'bank routing number', 'rtn'], make: aba },
  { type: 'us-bank-account', words: ['bank account', 'account number', 'checking account', 'acct'], bare: false, keys: ['account number', 'bank account number', 'acct no', 'bank account'], make: (random) => random.digits(8 + random.below(6)).replace(/^0/, '7') },
  { type: 'uk-sort-code', words: ['sort code'], bare: false, keys: ['sort code', 'sortcode', 'bank sort code'], make: (random) => fill(random.pick(['99-99-99', '999999']), random) },
  { type: 'au-bsb', words: ['BSB'], bare: false, keys: ['bsb', 'bsb number'], make: (random) => fill(random.pick(['999-999', '999999']), random) },
  { type: 'mx-clabe', words: ['CLABE', 'CLABE interbancaria'], bare: false, keys: ['clabe', 'cuenta clabe'], make: until('99999999999999999 9'.replace(' ', ''), by('MX', 'clabe')) },
  { type: 'ar-cbu', words: ['CBU'], bare: true, keys: ['cbu'], make: until(`{0}${'9'.repeat(21)}`, by('AR', 'cbu')) },
  { type: 'card-security-code', words: ['CVV', 'CVC', 'security code'], bare: false, keys: ['cvv', 'cvc', 'cvv2', 'security code', 'card cvv'], make: (random) => random.digits(3) },
  { type: 'card-expiry', words: ['expiry date', 'expires', 'valid thru', 'exp'], bare: false, keyed: true, keys: ['expiry', 'exp date', 'card expiry', 'expiration date', 'valid thru'], make: (random) => `${String(1 + random.below(12)).padStart(2, '0')}/${random.pick(['27', '2028', '29'])}` },
  { type: 'pin', words: ['PIN'], bare: false, keyed: true, keys: ['pin', 'card pin', 'pin code'], make: (random) => random.digits(4) },
  {
    type: 'bitcoin-address',
    words: ['bitcoin', 'BTC', 'wallet'],
    bare: true,
    keys: ['btc address', 'wallet', 'bitcoin address', 'address'],
    make: (random) => random.pick([() => base58check(Buffer.concat([Buffer.from([random.pick([0, 5])]), bytesOf(random, 20)])), () => bech32(0, bytesOf(random, 20)), () => bech32(1, bytesOf(random, 32))])(),
  },
  { type: 'ethereum-address', words: ['ethereum', 'ETH', 'wallet address'], bare: false, keys: ['eth address', 'wallet', 'ethereum address', 'wallet address'], make: (random) => `0x${random.hex(40)}` },
  {
    type: 'crypto-private-key',
    words: ['private key', 'WIF'],
    bare: true,
    keys: ['wif', 'private key', 'btc private key'],
    make: (random) =>
      random.pick([
        () => base58check(Buffer.concat([Buffer.from([0x80]), bytesOf(random, 32)])),
        () => base58check(Buffer.concat([Buffer.from([0x80]), bytesOf(random, 32), Buffer.from([1])])),
        () => base58check(Buffer.concat([Buffer.from('0488ade4', 'hex'), bytesOf(random, 41), Buffer.from([0]), bytesOf(random, 32)])),
      ])(),
  },
  {
    type: 'eu-vat',
    words: ['VAT', 'VAT number', 'USt-IdNr.', 'TVA', 'NIF-IVA', 'P.IVA'],
    bare: false,
    keys: ['vat', 'vat number', 'vat id', 'ust id', 'tax number', 'tva'],
    make: (random) =>
      random.pick([
        () => `DE${until('999999999', by('DE', 'vat'))(random)}`,
        () => `FR${until('99999999999', by('FR', 'tva'))(random)}`,
        () => until('{ATU}99999999', by('AT', 'uid'))(random),
        () => `NL${until('999999999{B}99', by('NL', 'btw'))(random)}`,
        () => `IT${until('99999999999', by('IT', 'iva'))(random)}`,
        () => `BE${until('{0}999999999', by('BE', 'vat'))(random)}`,
        () => `GB${until('999999999', by('GB', 'vat'))(random)}`,
        () => `PL${until('9999999999', by('PL', 'nip'))(random)}`,
        () => `DK${until('99999999', by('DK', 'cvr'))(random)}`,
        () => `SE${until('999999999901', by('SE', 'vat'))(random)}`,
      ])(),
  },
  {
    type: 'lei',
    words: ['LEI'],
    bare: false,
    keys: ['lei'],
    make: (random) => {
      const head = fill('9999{00}XXXXXXXXXXXX', random)
      return `${head}${String(98 - modulo97(`${head}00`)).padStart(2, '0')}`
    },
  },
  { type: 'us-ein', words: ['EIN', 'employer identification number'], bare: false, keys: ['ein', 'fein', 'employer id'], make: until('99-9999999', by('US', 'ein')) },
]
