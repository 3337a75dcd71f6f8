/** Bech32 and bech32m (BIP 173 and 350): addresses of Bitcoin. */

const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const BECH32_VALUES = new Int8Array(128).fill(-1)
for (let i = 0; i < BECH32.length; i++) {
  BECH32_VALUES[BECH32.charCodeAt(i)] = i
  BECH32_VALUES[BECH32.toUpperCase().charCodeAt(i)] = i
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
