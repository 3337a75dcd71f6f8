/**
 * The Huffman code of HPACK (RFC 7541 section 5.2 and appendix B), read only: what we send ourselves is not worth the work of shortening
 * it. The code is canonical, so the lengths of its codes are all there is to know.
 */

/** The length of the code of each byte, and of the end marker at last: `@` is 0, `E` is 5, `^` is 30. */
const LENGTHS =
  'MW\\\\\\\\\\\\\\X^\\\\^\\\\\\\\\\\\\\\\^\\\\\\\\\\\\\\\\\\FJJLMFHKJJHKHFFFEEEFFFFFFFGHOFLJMF' +
  'GGGGGGGGGGGGGGGGGGGGGGHGHMSMNFOEFEFEFFFEGGFFFEFGFEEFGGGGGOKNM\\TVTTVVVWVWWWWWXWXXVWXWWWWUVWVWWXVUTVVWWUWVVXUVWWUUVUW' +
  'VWWTVVVWVVWZZTSVWVYZZZ[[ZXYSUZ[[Z[XUUZZ\\[[[TXTUVUUWVVYYXXZWZ[ZZ[[[[[\\[[[[[Z^'

const SHORTEST = 5
const LONGEST = 30
const END_MARKER = 256

/** Symbols in the order of their codes. */
const SYMBOLS = new Uint16Array(257)
/** By length: the first 32 bits from which on a code is longer; where its symbols begin; its first code. */
const LIMITS = new Float64Array(LONGEST + 1)
const OFFSETS = new Uint16Array(LONGEST + 1)
const FIRST_CODES = new Uint32Array(LONGEST + 1)

let code = 0
let count = 0
for (let length = SHORTEST; length <= LONGEST; length++) {
  OFFSETS[length] = count
  FIRST_CODES[length] = code
  for (let symbol = 0; symbol <= END_MARKER; symbol++) {
    if (LENGTHS.charCodeAt(symbol) - 0x40 !== length) continue
    SYMBOLS[count++] = symbol
    code++
  }
  LIMITS[length] = code * 2 ** (32 - length)
  code *= 2
}

let scratch = Buffer.alloc(4096)

/** @returns the text as latin-1, null when these bytes are not a valid code with its padding. */
export function decodeHuffman(bytes: Buffer, start: number, end: number): string | null {
  // The shortest code has five bits.
  const most = Math.ceil(((end - start) * 8) / SHORTEST)
  if (most > scratch.length) scratch = Buffer.alloc(most * 2)
  let written = 0
  /** Bits not decoded yet, at the upper end of 32. */
  let window = 0
  let bits = 0
  let at = start
  for (;;) {
    while (bits <= 24 && at < end) {
      window = (window | ((bytes[at++] ?? 0) << (24 - bits))) >>> 0
      bits += 8
    }
    let length = SHORTEST
    while (length <= LONGEST && window >= (LIMITS[length] ?? 0)) length++
    // Too few bits for a code: they have to be padding.
    if (length > bits) break
    const index = (OFFSETS[length] ?? 0) + (window >>> (32 - length)) - (FIRST_CODES[length] ?? 0)
    const symbol = SYMBOLS[index] ?? END_MARKER
    if (symbol === END_MARKER) return null
    scratch[written++] = symbol
    window = (window << length) >>> 0
    bits -= length
  }
  // Fewer than eight bits, all of them ones (section 5.2).
  const padding = bits === 0 ? 0 : window >>> (32 - bits)
  if (bits > 7 || padding !== 2 ** bits - 1) return null
  return scratch.toString('latin1', 0, written)
}
