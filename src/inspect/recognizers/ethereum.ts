/** Addresses of Ethereum: forty hex digits, in upper and lower case as a checksum says (EIP-55). */

/** `0x` and forty hex digits, not all the same. */
export function isEthereum(bytes: Uint8Array, start: number, end: number): boolean {
  let same = 0
  for (let i = start + 2; i < end; i++) {
    if (nibble(bytes[i] as number) < 0) return false
    if (bytes[i] === bytes[start + 2]) same++
  }
  return same < 30
}

const LOWERED = new Uint8Array(40)

/** Letters are capitals where the hash of the address in lower case has a digit from 8 on. */
export function isChecksummed(bytes: Uint8Array, start: number, end: number): boolean {
  let upper = 0
  let lower = 0
  for (let i = 0; i < 40; i++) {
    const byte = bytes[start + 2 + i] as number
    if (nibble(byte) < 0) return false
    if (byte >= 0x41 && byte <= 0x46) upper++
    else if (byte >= 0x61) lower++
    LOWERED[i] = byte < 0x3a ? byte : byte | 32
  }
  if (upper === 0 || lower === 0 || end - start !== 42) return false
  keccak256(LOWERED)
  for (let i = 0; i < 40; i++) {
    const byte = bytes[start + 2 + i] as number
    if (byte < 0x3a) continue
    const bits = ((STATE[i >> 3] as number) >>> (((i >> 1) & 3) * 8 + ((i & 1) === 0 ? 4 : 0))) & 15
    if (bits > 7 !== byte < 0x60) return false
  }
  return true
}

function nibble(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 32
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}

/** Keccak-f[1600] on halves of its lanes: low, high, low, high… Node has SHA-3 only, which pads otherwise. */
const STATE = new Int32Array(50)
const RATE = 136
const PARITY = new Int32Array(10)
const MOVED = new Int32Array(50)

/** Bits by which each lane is turned, and where it goes, lane 0 staying (FIPS 202, 3.2.2 and 3.2.3). */
const TURNS = [
  1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44,
]
const PLACES = [
  10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1,
]

const ROUNDS = roundConstants()

/** FIPS 202, 3.2.5: bits of a shift register. */
function roundConstants(): Int32Array {
  const constants = new Int32Array(48)
  let register = 1
  for (let round = 0; round < 24; round++)
    for (let j = 0; j < 7; j++) {
      if ((register & 1) === 1) {
        const bit = 2 ** j - 1
        const half = round * 2 + (bit > 31 ? 1 : 0)
        constants[half] = (constants[half] as number) ^ (1 << (bit & 31))
      }
      register = (register << 1) ^ ((register >> 7) * 0x171)
    }
  return constants
}

/** Of a message shorter than the rate; the hash is the beginning of STATE. */
function keccak256(message: Uint8Array): void {
  STATE.fill(0)
  for (let i = 0; i < message.length; i++) mix(i, message[i] as number)
  mix(message.length, 0x01)
  mix(RATE - 1, 0x80)
  for (let round = 0; round < 24; round++) permute(round)
}

function mix(at: number, byte: number): void {
  STATE[at >> 2] = (STATE[at >> 2] as number) ^ (byte << ((at & 3) * 8))
}

function permute(round: number): void {
  for (let x = 0; x < 10; x++) {
    let parity = 0
    for (let y = 0; y < 50; y += 10) parity ^= STATE[x + y] as number
    PARITY[x] = parity
  }
  for (let x = 0; x < 5; x++) {
    const left = ((x + 4) % 5) * 2
    const right = ((x + 1) % 5) * 2
    const low = ((PARITY[right] as number) << 1) | ((PARITY[right + 1] as number) >>> 31)
    const high = ((PARITY[right + 1] as number) << 1) | ((PARITY[right] as number) >>> 31)
    for (let y = 0; y < 50; y += 10) {
      STATE[y + x * 2] = (STATE[y + x * 2] as number) ^ (PARITY[left] as number) ^ low
      STATE[y + x * 2 + 1] = (STATE[y + x * 2 + 1] as number) ^ (PARITY[left + 1] as number) ^ high
    }
  }
  MOVED[0] = STATE[0] as number
  MOVED[1] = STATE[1] as number
  let from = 1
  for (let i = 0; i < 24; i++) {
    const to = PLACES[i] as number
    turn(from, to, TURNS[i] as number)
    from = to
  }
  for (let y = 0; y < 50; y += 10)
    for (let x = 0; x < 10; x++) {
      const next = y + ((x + 2) % 10)
      const behind = y + ((x + 4) % 10)
      STATE[y + x] =
        (MOVED[y + x] as number) ^ (~(MOVED[next] as number) & (MOVED[behind] as number))
    }
  STATE[0] = (STATE[0] as number) ^ (ROUNDS[round * 2] as number)
  STATE[1] = (STATE[1] as number) ^ (ROUNDS[round * 2 + 1] as number)
}

/** A lane of STATE, turned left, to its place in MOVED. */
function turn(from: number, to: number, bits: number): void {
  const isSwapped = bits >= 32
  const low = STATE[from * 2 + (isSwapped ? 1 : 0)] as number
  const high = STATE[from * 2 + (isSwapped ? 0 : 1)] as number
  const by = bits & 31
  MOVED[to * 2] = by === 0 ? low : (low << by) | (high >>> (32 - by))
  MOVED[to * 2 + 1] = by === 0 ? high : (high << by) | (low >>> (32 - by))
}
