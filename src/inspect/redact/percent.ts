/** Percent-encoding (RFC 3986 section 2.1), and that of forms, where `+` is a blank. */

import type { CodedUnit, Coding } from './coded-text.ts'
import { hexDigit } from './json-text.ts'

const PERCENT = 0x25

export const PERCENT_CODING: Coding = { lead: PERCENT, read, write }
export const FORM_CODING: Coding = { ...PERCENT_CODING, blank: 0x2b }

function read(bytes: Buffer, at: number, isEnd: boolean): CodedUnit | null {
  if (at + 3 > bytes.length && !isEnd) return null
  const high = hexDigit(bytes[at + 1] ?? 0)
  const low = hexDigit(bytes[at + 2] ?? 0)
  if (high < 0 || low < 0) return { text: bytes.subarray(at, at + 1), size: 1 }
  return { text: Buffer.of(high * 16 + low), size: 3 }
}

function write(text: Buffer): Buffer {
  return Buffer.from(encodeURIComponent(text.toString('utf8')))
}
