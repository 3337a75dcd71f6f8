/** Base58check: addresses and keys of Bitcoin and of coins made like it. Few texts get as far as a hash here. */

import { createHash } from 'node:crypto'

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const VALUES = new Int8Array(256).fill(-1)
for (let i = 0; i < BASE58.length; i++) VALUES[BASE58.charCodeAt(i)] = i

/** A version, twenty bytes, four of a double SHA-256. */
const ADDRESS = 25
/** A version, 32 bytes, perhaps a 1 for a compressed point, four of the hash. */
const KEY = 37
/** BIP 32: 78 bytes and four of the hash. */
const EXTENDED = 82

const DECODED = new Uint8Array(EXTENDED)

/** P2PKH and P2SH: version 0 or 5. */
export function isBitcoin(text: Uint8Array, length: number): boolean {
  if (text[0] !== 0x31 && text[0] !== 0x33) return false
  if (!decode(text, 0, length, ADDRESS) || (DECODED[0] !== 0 && DECODED[0] !== 5)) return false
  return hasChecksum(ADDRESS)
}

/** Dogecoin D, Litecoin L and M, Tron T, Dash X: by their version. */
const COINS: readonly number[] = [0x1e, 0x30, 0x32, 0x41, 0x4c]

export function isCoin(text: Uint8Array, length: number): boolean {
  if (!'DLMTX'.includes(String.fromCharCode(text[0] ?? 0))) return false
  return decode(text, 0, length, ADDRESS) && COINS.includes(DECODED[0] ?? 0) && hasChecksum(ADDRESS)
}

/** A private key as wallets write it: 5, or K and L for a compressed point. */
export function isWif(text: Uint8Array, length: number): boolean {
  const first = text[0]
  if (length === 51 ? first !== 0x35 : first !== 0x4b && first !== 0x4c) return false
  const size = length === 51 ? KEY : KEY + 1
  return decode(text, 0, length, size) && DECODED[0] === 0x80 && hasChecksum(size)
}

export function isExtendedKey(bytes: Uint8Array, start: number, end: number): boolean {
  return decode(bytes, start, end, EXTENDED) && hasChecksum(EXTENDED)
}

/** Fills the first `size` of DECODED. @returns false for other characters, and where it is more */
function decode(text: Uint8Array, start: number, end: number, size: number): boolean {
  DECODED.fill(0, 0, size)
  let first = size
  for (let i = start; i < end; i++) {
    let carry = VALUES[text[i] as number] ?? -1
    if (carry < 0) return false
    for (let j = size - 1; j >= first || carry > 0; j--) {
      if (j < 0) return false
      carry += (DECODED[j] as number) * 58
      DECODED[j] = carry & 255
      carry >>= 8
      if (j < first) first = j
    }
  }
  return true
}

function hasChecksum(size: number): boolean {
  const once = createHash('sha256')
    .update(DECODED.subarray(0, size - 4))
    .digest()
  const twice = createHash('sha256').update(once).digest()
  return twice.compare(DECODED, size - 4, size, 0, 4) === 0
}
