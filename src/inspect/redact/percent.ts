/** Percent-encoding (RFC 3986 section 2.1), and that of forms, where `+` is a blank. */

import { type Coding, NOT_YET, unit } from './coding.ts'
import { hexDigit } from './json-coding.ts'

const PERCENT = 0x25

export const PERCENT_CODING: Coding = { lead: PERCENT, read, write }
export const FORM_CODING: Coding = { ...PERCENT_CODING, blank: 0x2b }

function read(
  bytes: Buffer,
  at: number,
  end: number,
  isEnd: boolean,
  out: Buffer,
  to: number,
): number {
  if (at + 3 > end && !isEnd) return NOT_YET
  const high = at + 2 < end ? hexDigit(bytes[at + 1] as number) : -1
  const low = at + 2 < end ? hexDigit(bytes[at + 2] as number) : -1
  if (high < 0 || low < 0) {
    out[to] = PERCENT
    return unit(1, 1)
  }
  out[to] = high * 16 + low
  return unit(3, 1)
}

function write(text: Buffer): Buffer {
  return Buffer.from(encodeURIComponent(text.toString('utf8')))
}
