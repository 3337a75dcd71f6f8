/**
 * Tokens in answers, for the scanner to find in whatever format they stand: as issued, in other case, with `-`, a blank or `\_` for `_`. Only
 * their form and check character are known here; whether one was issued to the agent, `restoreText` says.
 */

import type { AnchorShape, Recognizer } from '../recognizers/recognizer.ts'
import { foldBase32 } from './base32.ts'
import { MAX_HELD } from './restorer.ts'
import { checkCharacter, MAX_BODY, MIN_BODY } from './token.ts'

/** The longest that ends with its check character. */
const extent: AnchorShape['extent'] = (bytes, at, _floor, limit, out) => {
  out.start = at
  out.end = at
  const stop = Math.min(limit, at + MAX_HELD)
  let head = ''
  let i = at
  while (i < stop) {
    const from = i
    while (i < stop && isAlphanumeric(bytes[i] as number)) i++
    const word = Buffer.from(bytes.buffer, bytes.byteOffset + from, i - from).toString('latin1')
    // The next one begins: its letters are not this one's.
    if (head !== '' && word.toUpperCase() === 'PII') {
      i = from
      break
    }
    if (head !== '') {
      const body = foldBase32(word)
      for (let size = Math.min(MAX_BODY, body.length); size >= MIN_BODY; size--) {
        if (checkCharacter(head + body.slice(0, size - 1)) !== body[size - 1]) continue
        out.end = from + size
        break
      }
    }
    head += `${word.toUpperCase()}_`
    let slashes = 0
    while (i < stop && bytes[i] === 0x5c && slashes < 3) {
      i++
      slashes++
    }
    const isSeparator = i < stop && SEPARATORS.has(bytes[i] as number)
    if (word === '' || (i < stop && !isSeparator)) break
    i++
  }
  out.reached = i >= limit && limit < at + MAX_HELD
}

const SEPARATORS: ReadonlySet<number> = new Set(Buffer.from('_- \n'))

function isAlphanumeric(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || ((byte | 32) >= 0x61 && (byte | 32) <= 0x7a)
}

export const ISSUED_TOKEN: Recognizer = {
  type: 'issued-token',
  class: 'personal',
  readiness: 'on',
  words: [],
  shapes: ['PII', 'pii', 'Pii'].map((literal) => ({
    kind: 'anchor',
    literal,
    extent,
    rest: 'A-Za-z0-9_',
  })),
  basis: 'issued before',
}
