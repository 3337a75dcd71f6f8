/** Crockford's base 32: letters and digits that people and models do not mistake for one another (no I, L, O, U). */

export const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** Five bits a character, from the first bit on. */
export function toBase32(bytes: Uint8Array, characters: number): string {
  let text = ''
  let bits = 0
  let held = 0
  let next = 0
  while (text.length < characters) {
    if (held < 5) {
      bits = ((bits << 8) | (bytes[next++] ?? 0)) & 0xffff
      held += 8
    }
    held -= 5
    text += ALPHABET[(bits >> held) & 31]
  }
  return text
}

/** As read by somebody who was told the alphabet: any case, O for 0, I and L for 1. */
export function foldBase32(text: string): string {
  return text.toUpperCase().replaceAll('O', '0').replace(/[IL]/g, '1')
}
