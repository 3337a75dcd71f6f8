/** Single values of a head: whole, short, and often percent-encoded, some twice. Text is latin-1: one character is one byte. */

import { CodedText } from '../coded-text.ts'
import type { Coding } from '../coding.ts'
import { toOneLine } from '../one-line.ts'
import { openText, readText } from '../open-text.ts'
import { PERCENT_CODING } from '../percent.ts'
import type { Job, Patch, Place } from '../reader.ts'

/** Where nearly all values lie while they are looked at. */
const ROOM = Buffer.alloc(4096)

/** @returns the value with what the job puts in place of something; the very same where that is nothing */
export function rewriteValue(job: Job, text: string, place: Place, coding: Coding | null): string {
  const { length } = text
  if (length === 0) return text
  const bytes = length <= ROOM.length ? ROOM : Buffer.allocUnsafe(length)
  bytes.write(text, 0, 'latin1')
  let left = ''
  let done = -1
  const patch: Patch = (start, end, by) => {
    left += text.slice(Math.max(done, 0), start) + toOneLine(by).toString('latin1')
    done = end
  }
  const depth = coding ? 1 : 0
  if (coding && isTwice(text)) readTwice(job, bytes.subarray(0, length), place, coding, patch)
  else readText(job, bytes, 0, length, place, depth, 0, patch, coding)
  return done < 0 ? text : left + text.slice(done)
}

/** The coding of a field that only may be encoded. */
export function codingOf(text: string): Coding | null {
  return text.includes('%') && /%[0-9A-Fa-f]{2}/.test(text) ? PERCENT_CODING : null
}

/** As a URL in a parameter of a URL is. */
function isTwice(text: string): boolean {
  return text.includes('%25') && /%25[0-9A-Fa-f]{2}/.test(text)
}

function readTwice(job: Job, bytes: Buffer, place: Place, coding: Coding, patch: Patch): void {
  const within = { ...PERCENT_CODING, write: coding.write }
  const reader = new CodedText(
    coding,
    0,
    patch,
    (outer) => new CodedText(within, 0, outer, (inner) => openText(job, place, 1, inner)),
  )
  reader.push(bytes)
  reader.end()
}
