/**
 * Whether letters and digits stand alone, or are a piece of something longer: a decimal number, a version, a UUID, base64, a column of
 * numbers. A pure function of a few bytes on either side.
 */

import { DIGIT, kindOf, LOWER, UPPER } from './text.ts'

/** `#123` is the number of something, and of what has to be said. */
export function isNumbered(bytes: Uint8Array, start: number): boolean {
  return start > 0 && bytes[start - 1] === 0x23
}

/** How far a neighbouring run is looked at. */
const NEIGHBOUR = 16

export const ALONE = 1
export const PIECE = 0
/** The bytes that decide are not there yet. */
export const UNDECIDED = -1

/** @param kinds of all of [start, end), its separators left out  @param more whether bytes may follow at `limit` */
export function standsAlone(
  bytes: Uint8Array,
  start: number,
  end: number,
  kinds: number,
  limit: number,
  more: boolean,
): number {
  if (start > 0 && isPieceBefore(bytes, start, kinds)) return PIECE
  if (more && end + NEIGHBOUR >= limit) {
    if (end >= limit) return UNDECIDED
    const next = bytes[end] as number
    // Only these make what is behind them matter.
    if (next === 0x2d || next === 0x5f || next === 0x2e || next === 0x20 || next === 0x2b)
      if (!isSettled(bytes, end + 1, limit)) return UNDECIDED
    if ((next === 0x2f || next === 0x40) && end + 1 >= limit) return UNDECIDED
  }
  return end < limit && isPieceBehind(bytes, end, kinds, limit) ? PIECE : ALONE
}

/** Whether the run behind ends within what is there. */
function isSettled(bytes: Uint8Array, from: number, limit: number): boolean {
  for (let at = from; at < limit; at++) if (kindOf(bytes, at) === 0) return true
  return false
}

function isPieceBefore(bytes: Uint8Array, start: number, kinds: number): boolean {
  const before = bytes[start - 1] as number
  if (before > 0x7f || start < 2) return before === 0x2b && kinds === DIGIT
  const kind = kindOf(bytes, start - 2)
  switch (before) {
    case 0x2e: // .
      return kind === DIGIT
    case 0x2d: // -
    case 0x5f: // _
      return kind !== 0 && hasDigitBefore(bytes, start - 2)
    case 0x2b: // +
      return kinds === DIGIT || kind !== 0
    case 0x2f: // /
      return kinds !== DIGIT && kind !== 0
    case 0x40: // @
      return kinds !== DIGIT
    default:
      return false
  }
}

function isPieceBehind(bytes: Uint8Array, end: number, kinds: number, limit: number): boolean {
  const behind = bytes[end] as number
  const kind = end + 1 < limit ? kindOf(bytes, end + 1) : 0
  switch (behind) {
    case 0x2e: // .
      return kind === DIGIT || (kind === LOWER && kinds === DIGIT)
    case 0x2d: // -
    case 0x5f: // _
      return kind !== 0 && hasDigitBehind(bytes, end + 1, limit)
    case 0x2b: // +
    case 0x2f: // /
      return kinds !== DIGIT && kind !== 0
    case 0x3d: // =
      return kinds !== DIGIT && (kinds & (UPPER | LOWER)) === (UPPER | LOWER)
    case 0x40: // @
      return kind !== 0
    default:
      return false
  }
}

const JOINERS = Buffer.from('-/:')

/**
 * Whether groups between blanks are a piece of a row of such groups: a table of numbers, a hex dump.
 * @param first, last lengths of the first and last group
 */
export function inColumn(
  bytes: Uint8Array,
  start: number,
  end: number,
  first: number,
  last: number,
  limit: number,
  more: boolean,
): number {
  if (end - start === first || bytes[start + first] !== 0x20) return ALONE
  if (isRowBefore(bytes, start, first)) return isTwice(bytes, start, end, limit) ? ALONE : PIECE
  if (end < limit && bytes[end] === 0x20) {
    let at = end + 1
    const most = Math.max(last, LONG) + 2
    while (at < limit && at - end <= most && kindOf(bytes, at) !== 0) at++
    if (more && at === limit) return UNDECIDED
    const twice = end + 1 + end - start
    if (more && twice > limit) return UNDECIDED
    if (isTwice(bytes, end + 1, twice, limit)) return ALONE
    const length = at - end - 1
    // The beginning of `2026-01-31` is no group of a row.
    const goesOn = at < limit && JOINERS.includes(bytes[at] as number)
    if (goesOn) return ALONE
    if (length === last && hasDigitBehind(bytes, end + 1, limit)) return PIECE
    if (length >= LONG && length < most && isNumber(bytes, end + 1, at)) return PIECE
  }
  return ALONE
}

/** Whether the same stands before it, with a blank between, and no other number before that: what is said twice is no table. */
function isTwice(bytes: Uint8Array, start: number, end: number, limit: number): boolean {
  const from = start - 1 - (end - start)
  if (from < 0 || end > limit || bytes[from] !== bytes[start] || bytes[start - 1] !== 0x20)
    return false
  if (from > 1 && bytes[from - 1] === 0x20 && kindOf(bytes, from - 2) === DIGIT) return false
  for (let at = start, other = from; at < end; at++, other++)
    if (bytes[at] !== bytes[other]) return false
  return true
}

/**
 * The same for what begins at `start`, of which the end is not known: for what is printed in groups of which the last is as long as the first,
 * `9999 9999 9999`, Diners Club, other cards.
 */
export function isSaidAgain(
  bytes: Uint8Array,
  start: number,
  limit: number,
  more: boolean,
): number {
  if (more && start + 19 > limit) return UNDECIDED
  const isSaid =
    isTwice(bytes, start, start + 19, limit) ||
    isTwice(bytes, start, start + 16, limit) ||
    isTwice(bytes, start, start + 14, limit)
  return isSaid ? ALONE : PIECE
}

/** Digits of a number that no group behind a card's is: a date has fewer. */
const LONG = 5

function isNumber(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (kindOf(bytes, at) !== DIGIT) return false
  return true
}

/** Whether a blank is before `start`, and before that a group of the same length with a digit, and blanks around it. */
export function isRowBefore(bytes: Uint8Array, start: number, length: number): boolean {
  if (start <= length || bytes[start - 1] !== 0x20) return false
  let at = start - 2
  while (at >= 0 && start - at <= length + 2 && kindOf(bytes, at) !== 0) at--
  // The end of `123-45-6789` is no group of a row.
  if (at >= 0 && (bytes[at] as number) > 0x20) return false
  return start - 2 - at === length && hasDigitBefore(bytes, start - 2)
}

function hasDigitBefore(bytes: Uint8Array, from: number): boolean {
  for (let at = from; at >= 0 && from - at < NEIGHBOUR; at--) {
    const kind = kindOf(bytes, at)
    if (kind === 0) return false
    if (kind === DIGIT) return true
  }
  return false
}

function hasDigitBehind(bytes: Uint8Array, from: number, limit: number): boolean {
  for (let at = from; at < limit && at - from < NEIGHBOUR; at++) {
    const kind = kindOf(bytes, at)
    if (kind === 0) return false
    if (kind === DIGIT) return true
  }
  return false
}
