/** Where money of the kinds without banks is, and the keys to it. */

import { isBitcoin, isCoin, isExtendedKey, isWif } from './base58.ts'
import { isBitcoinBech32 } from './bech32.ts'
import { isChecksummed, isEthereum } from './ethereum.ts'
import type { Recognizer } from './recognizer.ts'
import { ALNUM } from './secret.ts'

const bare = (lengths: readonly number[]) => lengths.map((length) => 'x'.repeat(length))

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
