/** Bytes as the scanner sees them: ASCII letters and digits make words, everything from 0x80 on is between words. */

export const DIGIT = 1
export const UPPER = 2
export const LOWER = 4
/** Any letter or digit. */
export const WORD = 7

/** Indexed by byte: DIGIT, UPPER, LOWER, or 0. */
export const KINDS: Uint8Array = kinds()

/** Indexed by byte: which of the separators between groups it is, from 1; 0 for none. */
export const SEPARATORS: Uint8Array = separators()

export function kindOf(bytes: Uint8Array, index: number): number {
  return KINDS[bytes[index] as number] as number
}

/** @param ranges as between the brackets of a regular expression: `A-Za-z0-9_-`; a dash at the end is a dash */
export function toAlphabet(ranges: string): Uint8Array {
  const table = new Uint8Array(256)
  for (let i = 0; i < ranges.length; i++) {
    const from = ranges.charCodeAt(i)
    const isRange = ranges[i + 1] === '-' && i + 2 < ranges.length
    const to = isRange ? ranges.charCodeAt(i + 2) : from
    if (to < from || to > 255) throw new Error(`not an alphabet: ${ranges}`)
    table.fill(1, from, to + 1)
    if (isRange) i += 2
  }
  return table
}

function kinds(): Uint8Array {
  const table = new Uint8Array(256)
  table.fill(DIGIT, 0x30, 0x3a)
  table.fill(UPPER, 0x41, 0x5b)
  table.fill(LOWER, 0x61, 0x7b)
  return table
}

function separators(): Uint8Array {
  const table = new Uint8Array(256)
  ;[...' -./_'].forEach((separator, index) => {
    table[separator.charCodeAt(0)] = index + 1
  })
  return table
}
