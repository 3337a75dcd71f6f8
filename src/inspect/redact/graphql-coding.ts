/** How strings of GraphQL are written (specification of October 2021, section 2.9.4): as those of JSON with one escape more, and in blocks. */

import { type Coding, unit } from './coding.ts'
import { JSON_CODING } from './json-coding.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
/** Digits of `\u{…}`, of which those in front may be zeros. */
const MAX_DIGITS = 32

export const STRING_CODING: Coding = {
  ...JSON_CODING,
  read(bytes, at, end, isEnd, out, to) {
    if (bytes[at + 1] !== 0x75 || bytes[at + 2] !== 0x7b) {
      return JSON_CODING.read(bytes, at, end, isEnd, out, to)
    }
    const written = bytes.toString('latin1', at + 3, Math.min(end, at + 3 + MAX_DIGITS + 1))
    const [all = '', digits = ''] = /^([0-9A-Fa-f]+)\}/.exec(written) ?? []
    const code = Number.parseInt(digits, 16)
    if (!(code <= 0x10_ffff)) {
      out[to] = BACKSLASH
      return unit(1, 1)
    }
    return unit(3 + all.length, out.write(String.fromCodePoint(code), to, 'utf8'))
  },
}

/** Between three quotes: only three quotes have to be written another way, and what stands there must not run into those at the end. */
export const BLOCK_CODING: Coding = {
  lead: BACKSLASH,
  read(bytes, at, end, _, out, to) {
    const isQuotes = at + 3 < end && [1, 2, 3].every((step) => bytes[at + step] === QUOTE)
    if (!isQuotes) {
      out[to] = BACKSLASH
      return unit(1, 1)
    }
    out.fill(QUOTE, to, to + 3)
    return unit(4, 3)
  },
  write(text) {
    const plain = text.toString('utf8')
    const isSafe = !/"""|^"|["\\]$/.test(plain)
    return isSafe
      ? text
      : Buffer.from(`${plain.replaceAll('"', "'")}${/\\$/.test(plain) ? ' ' : ''}`)
  },
}
