/** Addresses of Bitcoin (base58check; bech32 and bech32m of BIP 173 and 350) and Ethereum. Few texts get as far as a hash here. */

import { createHash } from 'node:crypto'

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const BASE58_VALUES = new Int8Array(128).fill(-1)
for (let i = 0; i < BASE58.length; i++) BASE58_VALUES[BASE58.charCodeAt(i)] = i

const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const BECH32_VALUES = new Int8Array(128).fill(-1)
for (let i = 0; i < BECH32.length; i++) {
  BECH32_VALUES[BECH32.charCodeAt(i)] = i
  BECH32_VALUES[BECH32.toUpperCase().charCodeAt(i)] = i
}

const DECODED = new Uint8Array(25)

/** P2PKH and P2SH: version 0 or 5, twenty bytes, four of a double SHA-256. */
export function isBitcoin(text: Uint8Array, length: number): boolean {
  if (text[0] !== 0x31 && text[0] !== 0x33) return false
  DECODED.fill(0)
  for (let i = 0; i < length; i++) {
    let carry = BASE58_VALUES[text[i] as number] ?? -1
    if (carry < 0) return false
    for (let j = 24; j >= 0; j--) {
      carry += (DECODED[j] as number) * 58
      DECODED[j] = carry & 255
      carry >>= 8
    }
    if (carry !== 0) return false
  }
  if (DECODED[0] !== 0 && DECODED[0] !== 5) return false
  const once = createHash('sha256').update(DECODED.subarray(0, 21)).digest()
  const twice = createHash('sha256').update(once).digest()
  return twice.compare(DECODED, 21, 25, 0, 4) === 0
}

const GENERATORS = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]
const BECH32_CONSTANT = 1
const BECH32M_CONSTANT = 0x2bc830a3

/** `bc1…`: the checksum of BIP 173 for version 0, of BIP 350 for those behind. */
export function isBitcoinBech32(bytes: Uint8Array, start: number, end: number): boolean {
  let check = 1
  const step = (value: number): void => {
    const top = check >>> 25
    check = ((check & 0x1ffffff) << 5) ^ value
    for (let i = 0; i < 5; i++) if (((top >>> i) & 1) === 1) check ^= GENERATORS[i] as number
  }
  const first = (bytes[start] as number) | 32
  const second = (bytes[start + 1] as number) | 32
  step(first >> 5)
  step(second >> 5)
  step(0)
  step(first & 31)
  step(second & 31)
  for (let i = start + 3; i < end; i++) {
    const value = BECH32_VALUES[bytes[i] as number] ?? -1
    if (value < 0) return false
    step(value)
  }
  const version = BECH32_VALUES[bytes[start + 3] as number]
  return check === (version === 0 ? BECH32_CONSTANT : BECH32M_CONSTANT)
}

/** `0x` and forty hex digits, not all the same. */
export function isEthereum(bytes: Uint8Array, start: number, end: number): boolean {
  let same = 0
  for (let i = start + 2; i < end; i++) {
    const byte = bytes[i] as number
    const lower = byte | 32
    if (!(byte >= 0x30 && byte <= 0x39) && !(lower >= 0x61 && lower <= 0x66)) return false
    if (byte === bytes[start + 2]) same++
  }
  return same < 30
}
