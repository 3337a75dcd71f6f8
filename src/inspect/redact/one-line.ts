/**
 * What is put into a line stays in it: a value that is restored may have come from a text with many, and a break of a line would be a field
 * of its own in a head, in a part or in an event.
 */

export function toOneLine(text: Buffer): Buffer {
  if (!hasControl(text)) return text
  return Buffer.from(text.toString('latin1').replace(CONTROL, ' '), 'latin1')
}

function hasControl(text: Buffer): boolean {
  for (let at = 0; at < text.length; at++) {
    const byte = text[at] as number
    if ((byte < 0x20 && byte !== 0x09) || byte === 0x7f) return true
  }
  return false
}

/** Of UTF-8 as of latin-1 these are the same bytes. */
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]+/g
