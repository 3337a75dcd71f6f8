/** Lists of texts as PostgreSQL writes them: `{a,"b \"c\"",NULL}`, also in each other and with bounds, `[0:1]={a,b}`. */

import { type Coding, NOT_YET, unit } from '../coding.ts'
import { readText } from '../open-text.ts'
import type { Job, Patch, Place } from '../reader.ts'
import { Changes } from './changes.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN = 0x7b
const CLOSE = 0x7d
const COMMA = 0x2c
const QUOTED = Buffer.from('"')
const BOUNDS = /^(?:\[[+-]?\d+:[+-]?\d+\])+=$/
/** The longest of those. */
const MAX_BOUNDS = 256

/** Between quotes. */
const ELEMENT: Coding = {
  lead: BACKSLASH,
  read: (bytes, at, end, isEnd, out, to) => {
    if (at + 1 >= end && !isEnd) return NOT_YET
    if (at + 1 >= end) return unit(1, 0)
    out[to] = bytes[at + 1] as number
    return unit(2, 1)
  },
  write: (text) => Buffer.from(text.toString('utf8').replace(/["\\]/g, '\\$&')),
}

/** @returns whether it is such a list; where not, nothing of it was looked at that is not before what is none */
export function readTextList(
  job: Job,
  bytes: Buffer,
  start: number,
  end: number,
  place: Place,
  patch: Patch,
): boolean {
  let at = bytes.indexOf(OPEN, start)
  if (at < 0 || at >= end) return false
  if (at > start && !isBounds(bytes, start, at)) return false
  let depth = 0
  while (at < end) {
    const byte = bytes[at] as number
    if (byte === OPEN) depth++
    else if (byte === CLOSE) {
      if (--depth === 0) return at + 1 === end
    } else if (byte === QUOTE) {
      const close = quoteFrom(bytes, at + 1, end)
      if (close < 0) return false
      const isPlain = bytes.subarray(at + 1, close).indexOf(BACKSLASH) < 0
      readText(job, bytes, at + 1, close, place, 0, 0, patch, ELEMENT, isPlain)
      at = close
    } else if (byte !== COMMA) {
      const close = bareEnd(bytes, at, end)
      readBare(job, bytes, at, close, place, patch)
      at = close - 1
    }
    at++
  }
  return false
}

function isBounds(bytes: Buffer, start: number, end: number): boolean {
  return end - start <= MAX_BOUNDS && BOUNDS.test(bytes.toString('latin1', start, end))
}

function quoteFrom(bytes: Buffer, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    if (bytes[at] === QUOTE) return at
    if (bytes[at] === BACKSLASH) at++
  }
  return -1
}

function bareEnd(bytes: Buffer, start: number, end: number): number {
  let at = start
  for (; at < end; at++) {
    const byte = bytes[at]
    if (byte === COMMA || byte === CLOSE || byte === OPEN || byte === QUOTE) break
    if (byte === BACKSLASH) at++
  }
  return Math.min(at, end)
}

/** One without quotes; what stands there then has some. */
function readBare(
  job: Job,
  bytes: Buffer,
  start: number,
  end: number,
  place: Place,
  patch: Patch,
): void {
  const changes = new Changes()
  readText(job, bytes, start, end, place, 0, 0, changes.patch, null)
  if (changes.isEmpty) return
  const text = ELEMENT.write(changes.apply(bytes, start, end))
  patch(start, end, Buffer.concat([QUOTED, text, QUOTED]))
}
