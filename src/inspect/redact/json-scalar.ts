/** Numbers of JSON (RFC 8259 section 6), and the three words. What replaces a number is one, or else a string. */

import { escapeJson } from './json-coding.ts'
import type { Job, Place } from './reader.ts'
import { readWhole } from './whole-text.ts'

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** @returns behind what may be a number or a word */
export function scalarEnd(bytes: Buffer, start: number): number {
  let end = start
  for (; end < bytes.length; end++) {
    const byte = bytes[end] as number
    const isDigit = byte >= 0x30 && byte <= 0x39
    const isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a
    if (!isDigit && !isLetter && byte !== 0x2d && byte !== 0x2e && byte !== 0x2b) break
  }
  return end
}

export function isScalar(bytes: Buffer, start: number, end: number): boolean {
  const first = bytes[start] as number
  // Most numbers are of digits alone.
  let i = start
  while (i < end && ((bytes[i] as number) ^ 0x30) < 10) i++
  if (i === end) return first !== 0x30 || end - start === 1
  const text = bytes.toString('latin1', start, end)
  return text === 'true' || text === 'false' || text === 'null' || NUMBER.test(text)
}

/** @returns null when nothing is found in it */
export function replaceNumber(
  job: Job,
  bytes: Buffer,
  start: number,
  end: number,
  place: Place,
): Buffer | null {
  if ((bytes[start] as number) > 0x39) return null
  let text = ''
  let done = start
  let isFound = false
  readWhole(job, bytes, start, end, place, 0, (from, to, by) => {
    isFound = true
    text += bytes.toString('latin1', done, from) + by.toString('utf8')
    done = to
  })
  if (!isFound) return null
  text += bytes.toString('latin1', done, end)
  if (NUMBER.test(text)) return Buffer.from(text)
  return Buffer.from(`"${escapeJson(Buffer.from(text)).toString('utf8')}"`)
}
