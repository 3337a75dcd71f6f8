/** Numbers of JSON (RFC 8259 section 6), and the three words. What replaces a number is one, or else a string. */

import { escapeJson } from './json-coding.ts'
import type { Job, Place } from './reader.ts'
import { isClean, readWhole } from './whole-text.ts'

const ZERO = 0x30
const NINE = 0x39
const MINUS = 0x2d
const PLUS = 0x2b
const POINT = 0x2e
const E = 0x65
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** Letters and digits, `+`, `-`, `.`. */
const SCALAR = new Uint8Array(256)
for (const byte of Buffer.from('+-.')) SCALAR[byte] = 1
SCALAR.fill(1, ZERO, NINE + 1)
  .fill(1, 0x41, 0x5b)
  .fill(1, 0x61, 0x7b)

/** @returns behind what may be a number or a word */
export function scalarEnd(bytes: Buffer, start: number): number {
  let end = start
  for (; end < bytes.length; end++) {
    if (SCALAR[bytes[end] as number] !== 1) break
  }
  return end
}

export function isScalar(bytes: Buffer, start: number, end: number): boolean {
  const first = bytes[start] as number
  if (first > 0x39) return isWord(bytes.toString('latin1', start, end))
  let at = first === MINUS ? start + 1 : start
  const whole = digitsEnd(bytes, at, end)
  if (whole === at || (bytes[at] === ZERO && whole > at + 1)) return false
  at = whole
  if (at < end && bytes[at] === POINT) {
    const fraction = digitsEnd(bytes, at + 1, end)
    if (fraction === at + 1) return false
    at = fraction
  }
  if (at < end && ((bytes[at] as number) | 0x20) === E) {
    const sign = bytes[at + 1]
    const from = at + (sign === PLUS || sign === MINUS ? 2 : 1)
    at = digitsEnd(bytes, from, end)
    if (at <= from) return false
  }
  return at === end
}

function isWord(text: string): boolean {
  return text === 'true' || text === 'false' || text === 'null'
}

function digitsEnd(bytes: Buffer, start: number, end: number): number {
  let at = start
  while (at < end && (bytes[at] as number) >= ZERO && (bytes[at] as number) <= NINE) at++
  return at
}

/** @returns null when nothing is found in it */
export function replaceNumber(
  job: Job,
  bytes: Buffer,
  start: number,
  end: number,
  place: Place,
): Buffer | null {
  if ((bytes[start] as number) > NINE) return null
  const plainEnd = withoutZeros(bytes, start, end)
  return isClean(job, bytes, start, plainEnd, place)
    ? null
    : replaceIn(job, bytes, start, plainEnd, place)
}

/** `4111111111111111.0` is a whole number that was kept as a decimal. @returns the end of its digits */
function withoutZeros(bytes: Buffer, start: number, end: number): number {
  let at = end
  while (at > start && bytes[at - 1] === ZERO) at--
  return at < end && bytes[at - 1] === POINT ? at - 1 : end
}

function replaceIn(
  job: Job,
  bytes: Buffer,
  start: number,
  end: number,
  place: Place,
): Buffer | null {
  let text = ''
  let done = start
  let isChanged = false
  readWhole(job, bytes, start, end, place, 0, (from, to, by) => {
    isChanged = true
    text += bytes.toString('latin1', done, from) + by.toString('utf8')
    done = to
  })
  if (!isChanged) return null
  text += bytes.toString('latin1', done, end)
  if (NUMBER.test(text)) return Buffer.from(text)
  return Buffer.from(`"${escapeJson(Buffer.from(text)).toString('utf8')}"`)
}
