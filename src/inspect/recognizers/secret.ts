/** What recognisers of secrets have in common: how they are said, and what tells a random string from one that only holds its place. */

import type { Readiness } from '../../model/finding.ts'
import type { AnchorShape, Extent, PrefixShape, Recognizer, Shape } from './recognizer.ts'

export const ALNUM = 'A-Za-z0-9'
export const HEX = 'a-f0-9'
export const BASE64 = 'A-Za-z0-9+/='
export const BASE64URL = 'A-Za-z0-9_-'

export function secret(
  type: string,
  words: string,
  basis: string,
  shapes: readonly Shape[],
  readiness: Readiness = 'on',
): Recognizer {
  return { type, class: 'secret', readiness, words: words.split(', '), shapes, basis }
}

/** A literal and so many of an alphabet, random as keys are. */
export function prefix(
  prefixes: readonly string[],
  alphabet: string,
  min: number,
  max = min,
  valid: PrefixShape['valid'] = (bytes, _start, end) => isRandom(bytes, end - min, end),
): PrefixShape {
  return { kind: 'prefix', prefixes, alphabet, min, max, valid }
}

/** A run of one alphabet within a sequence. */
export interface Run {
  readonly alphabet: string
  readonly min: number
  readonly max: number
}

export function run(alphabet: string, min: number, max = min): Run {
  return { alphabet, min, max }
}

/**
 * A literal, and runs with something fixed between them: `SG.` 22 `.` 43. For what a prefix cannot say, because what separates the runs may
 * also follow the whole, as a full stop does.
 *
 * @param from what of it is found: all, or only what follows the literal
 */
export function sequence(
  literal: string,
  separator: string,
  runs: readonly Run[],
  from: 'all' | 'behind' = 'all',
): AnchorShape {
  const size = Buffer.byteLength(literal)
  const steps = runs.map(({ alphabet, min, max }) => ({ set: toSet(alphabet), min, max }))
  const between = separator.charCodeAt(0)
  const extent: AnchorShape['extent'] = (bytes, at, _floor, limit, out) => {
    let end = at + size
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i] as (typeof steps)[number]
      if (i > 0) {
        if (end >= limit) return stop(out, at)
        if (bytes[end] !== between) return none(out, at)
        end++
      }
      const start = end
      while (end < limit && end - start <= step.max && step.set[bytes[end] as number] === 1) end++
      const isOver = end - start > step.max
      if (isOver || (end < limit && end - start < step.min)) return none(out, at)
      if (end - start < step.min) return stop(out, at)
    }
    if (!isRandom(bytes, at + size, end)) return none(out, at)
    out.start = from === 'all' ? at : at + size
    out.end = end
    out.reached = end === limit
  }
  return { kind: 'anchor', literal, extent, rest: runs.at(-1)?.alphabet ?? ALNUM }
}

/** Nothing here. */
export function none(out: Extent, at: number): void {
  out.start = at
  out.end = at
  out.reached = false
}

/** Nothing as far as can be seen; what comes may change that. */
export function stop(out: Extent, at: number): void {
  out.start = at
  out.end = at
  out.reached = true
}

/** Ranges as between the brackets of a regular expression, as a table of bytes. */
export function toSet(ranges: string): Uint8Array {
  const set = new Uint8Array(256)
  const alphabet = new RegExp(`[${ranges.replaceAll('\\', '\\\\')}]`)
  for (let byte = 0; byte < 128; byte++) if (alphabet.test(String.fromCharCode(byte))) set[byte] = 1
  return set
}

/** Texts by their first byte, the longest first: most of what is none of them is told by that. */
export function byFirst(texts: readonly string[]): readonly (readonly Uint8Array[])[] {
  const all = texts.map((text) => Buffer.from(text)).sort((a, b) => b.length - a.length)
  return Array.from({ length: 256 }, (_, byte) => all.filter(([first]) => first === byte))
}

const SEEN = new Uint8Array(256)

/** Different bytes, counted without anything to clean up but what was touched. */
export function distinct(bytes: Uint8Array, start: number, end: number): number {
  let count = 0
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number
    if (SEEN[byte] === 0) count++
    SEEN[byte] = 1
  }
  for (let i = start; i < end; i++) SEEN[bytes[i] as number] = 0
  return count
}

/** Capitals, small letters and digits, as random strings of such a length have, in no order. */
export function isMixed(bytes: Uint8Array, start: number, end: number): boolean {
  let digits = 0
  let upper = 0
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number
    if (byte >= 0x30 && byte <= 0x39) digits++
    else if (byte >= 0x41 && byte <= 0x5a) upper++
  }
  const lower = end - start - digits - upper
  return digits > 0 && upper > 1 && lower > 1 && isRandom(bytes, start, end)
}

/**
 * As many different characters as one of a thousand random hexadecimal strings of that length has less of; and not one character time and
 * again: `xxxxxxxx`, `00000000` hold a place.
 */
export function isRandom(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start
  const least = length >= 32 ? 9 : length >= 20 ? 7 : length >= 12 ? 5 : 3
  let same = 1
  for (let i = start + 1; i < end && same < 6; i++) same = bytes[i] === bytes[i - 1] ? same + 1 : 1
  return same < 6 && distinct(bytes, start, Math.min(end, start + 256)) >= least
}
