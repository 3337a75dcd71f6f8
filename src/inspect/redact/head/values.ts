/** Single values of a head: whole, short, and often percent-encoded, some twice. Text is latin-1: one character is one byte. */

import { CodedText } from '../coded-text.ts'
import type { Coding } from '../coding.ts'
import { openText } from '../open-text.ts'
import { PERCENT_CODING } from '../percent.ts'
import type { Job, Patch, Place, Reader } from '../reader.ts'
import { Rewriting } from '../rewriting.ts'

/** @returns the value with what the job puts in place of something */
export function rewriteValue(job: Job, text: string, place: Place, coding: Coding | null): string {
  if (text === '') return text
  const rewriting = new Rewriting((patch) => open(job, text, place, coding, patch))
  rewriting.push(Buffer.from(text, 'latin1'))
  rewriting.end()
  return Buffer.concat(rewriting.take()).toString('latin1')
}

/** The coding of a field that only may be encoded. */
export function codingOf(text: string): Coding | null {
  return /%[0-9A-Fa-f]{2}/.test(text) ? PERCENT_CODING : null
}

function open(job: Job, text: string, place: Place, coding: Coding | null, patch: Patch): Reader {
  if (coding === null) return openText(job, place, 0, patch)
  // A URL in a parameter of a URL.
  const isTwice = /%25[0-9A-Fa-f]{2}/.test(text)
  const inner = isTwice ? { ...PERCENT_CODING, write: coding.write } : null
  return new CodedText(coding, 0, patch, (outer) =>
    inner
      ? new CodedText(inner, 0, outer, (within) => openText(job, place, 1, within))
      : openText(job, place, 1, outer),
  )
}
