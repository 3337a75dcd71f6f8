/** Where money of the kinds without banks is, and the keys to it. */

import { isBitcoin, isCoin, isExtendedKey, isWif } from './base58.ts'
import { isBitcoinBech32 } from './bech32.ts'
import { isChecksummed, isEthereum } from './ethereum.ts'
import type { Recognizer } from './recognizer.ts'
import { ALNUM, isMixed, toSet } from './secret.ts'
import { SEED_PHRASE } from './seed-phrase.ts'
import { spoken } from './spoken.ts'

const bare = (lengths: readonly number[]) => lengths.map((length) => 'x'.repeat(length))

const BASE58 = toSet('1-9A-HJ-NP-Za-km-z')

function isBase58(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (BASE58[bytes[at] as number] !== 1) return false
  return isMixed(bytes, start, end)
}

/** A public key of 32 bytes. */
function isSolana(text: Uint8Array, length: number): boolean {
  return isBase58(text, 0, length)
}

/** Network byte and two keys: `4` or `8` first; with a payment id longer. */
function isMonero(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start
  const first = bytes[start]
  return (
    (length === 95 || length === 106) &&
    (first === 0x34 || first === 0x38) &&
    isBase58(bytes, start, end)
  )
}

const MONERO = ['monero', 'xmr', 'monero address', 'xmr address', 'monero wallet', 'xmr wallet']

export const WALLETS: readonly Recognizer[] = [
  {
    type: 'bitcoin-address',
    class: 'payment',
    readiness: 'on',
    words: ['btc', 'bitcoin', 'wallet'],
    shapes: [
      {
        kind: 'pattern',
        layouts: bare([26, 27, 28, 29, 30, 31, 32, 33, 34, 35]),
        valid: isBitcoin,
      },
      {
        kind: 'prefix',
        prefixes: ['bc1', 'BC1', 'tb1'],
        alphabet: ALNUM,
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
    words: ['eth', 'ethereum', 'wallet', 'erc20', 'wallet address', 'metamask', 'usdt', 'usdc'],
    shapes: [
      { kind: 'prefix', prefixes: ['0x'], alphabet: ALNUM, min: 40, max: 40, valid: isEthereum },
      {
        kind: 'prefix',
        prefixes: ['0x'],
        alphabet: ALNUM,
        min: 40,
        max: 40,
        readiness: 'on',
        valid: isChecksummed,
      },
    ],
    basis: 'forty hex digits, near a word; by itself with the checksum of EIP-55',
  },
  {
    type: 'crypto-address',
    class: 'payment',
    readiness: 'on',
    words: [
      'litecoin',
      'ltc',
      'dogecoin',
      'doge',
      'tron',
      'trx',
      'dash',
      'wallet',
      'wallet address',
    ],
    shapes: [{ kind: 'pattern', layouts: bare([33, 34]), valid: isCoin }],
    basis: 'base58check of Litecoin, Dogecoin, Tron, Dash',
  },
  {
    type: 'solana-address',
    class: 'payment',
    readiness: 'context',
    words: ['solana', 'sol address', 'sol wallet', 'phantom', 'spl token', 'sol'],
    shapes: [{ kind: 'pattern', layouts: bare([42, 43, 44]), valid: isSolana }],
    basis: 'base 58 of 32 bytes, near a word',
  },
  {
    type: 'monero-address',
    class: 'payment',
    readiness: 'on',
    words: [],
    shapes: [
      { kind: 'key', keys: [...MONERO, 'wallet', 'wallet address', 'address'], valid: isMonero },
      { kind: 'key', keys: [...MONERO, 'wallet', 'address'], loose: 'word', valid: isMonero },
      ...spoken([...MONERO, 'XMR', 'wallet'], isMonero),
    ],
    basis: 'length, base 58, behind a word',
  },
  SEED_PHRASE,
  {
    type: 'crypto-private-key',
    class: 'secret',
    readiness: 'on',
    words: ['wif', 'private key', 'xprv', 'wallet'],
    shapes: [
      { kind: 'pattern', layouts: bare([51, 52]), valid: isWif },
      {
        kind: 'prefix',
        prefixes: ['xprv', 'yprv', 'zprv', 'tprv'],
        alphabet: ALNUM,
        min: 107,
        max: 107,
        valid: isExtendedKey,
      },
    ],
    basis: 'base58check of WIF and BIP 32',
  },
]
