/** Literals between single quotes: where they end. Pieces with nothing but blanks and a new line between them are one literal. */

const QUOTE = 0x27
const BACKSLASH = 0x5c
const MINUS = 0x2d

/**
 * @param from behind the quote that begins it
 * @param hasEscapes whether a backslash takes what follows with it
 * @returns behind the quote that ends it; -1 where there is none
 */
export function literalEnd(bytes: Buffer, from: number, hasEscapes: boolean): number {
  let at = from
  for (;;) {
    const quote = hasEscapes ? quoteBehindEscapes(bytes, at) : bytes.indexOf(QUOTE, at)
    if (quote < 0) return -1
    const more = nextPiece(bytes, quote)
    if (more < 0) return quote + 1
    at = more
  }
}

function quoteBehindEscapes(bytes: Buffer, start: number): number {
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) return at
    if (byte === BACKSLASH) at++
  }
  return -1
}

/** @returns where a literal goes on behind a quote: another one stands for itself, or begins the next piece; -1 where it ends */
export function nextPiece(bytes: Buffer, quote: number): number {
  if (bytes[quote + 1] === QUOTE) return quote + 2
  let isNewLine = false
  for (let at = quote + 1; at < bytes.length; at++) {
    const byte = bytes[at] as number
    if (byte === 0x0a || byte === 0x0d) isNewLine = true
    else if (byte === MINUS && bytes[at + 1] === MINUS) {
      while (at + 1 < bytes.length && bytes[at + 1] !== 0x0a && bytes[at + 1] !== 0x0d) at++
    } else if (byte !== 0x20 && (byte < 0x09 || byte > 0x0d)) {
      return byte === QUOTE && isNewLine ? at + 1 : -1
    }
  }
  return -1
}
