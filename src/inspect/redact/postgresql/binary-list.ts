/** Lists of PostgreSQL in binary: dimensions, the type of the elements, and each element with its length. */

import type { Rewritten } from './value.ts'

const HEAD = 12
const MAX_DIMENSIONS = 6
const HAS_NULL = 4

/** Reads an element. */
export interface ElementReader {
  read(bytes: Buffer, start: number, end: number): Rewritten
}

/** @returns what stands there now; undefined for what is no list */
export function rewriteBinaryList(
  bytes: Buffer,
  start: number,
  end: number,
  readerOf: (type: number) => ElementReader,
): Rewritten | undefined {
  if (end - start < HEAD) return undefined
  const dimensions = bytes.readInt32BE(start)
  const first = start + HEAD + 8 * dimensions
  if (dimensions < 0 || dimensions > MAX_DIMENSIONS || first > end) return undefined
  const reader = readerOf(bytes.readUInt32BE(start + 8))
  const list = rewriteItems(bytes, first, end, -1, (_, values, from, to) =>
    reader.read(values, from, to),
  )
  if (list === undefined || list === 'same') return list
  const head = Buffer.from(bytes.subarray(start, first))
  if (list.hasNull) head.writeInt32BE(1, HAS_NULL)
  return Buffer.concat([head, list.bytes])
}

interface Items {
  readonly bytes: Buffer
  /** Whether one has become NULL. */
  readonly hasNull: boolean
}

/**
 * Values one after another, each with its length before it, or -1 for NULL.
 *
 * @param count how many there have to be; -1 for any
 * @returns undefined where they do not fill what they are in
 */
export function rewriteItems(
  bytes: Buffer,
  start: number,
  end: number,
  count: number,
  rewrite: (index: number, bytes: Buffer, from: number, to: number) => Rewritten,
): Items | 'same' | undefined {
  let pieces: Buffer[] | null = null
  let hasNull = false
  let done = start
  let at = start
  let index = 0
  for (; at < end; index++) {
    if (at + 4 > end || index === count) return undefined
    const size = bytes.readInt32BE(at)
    const from = at + 4
    at = from + Math.max(0, size)
    if (size < -1 || at > end) return undefined
    const now = size < 0 ? 'same' : rewrite(index, bytes, from, at)
    if (now === 'same') continue
    pieces ??= []
    pieces.push(bytes.subarray(done, from - 4), lengthOf(now))
    if (now === null) hasNull = true
    else pieces.push(now)
    done = at
  }
  if (count >= 0 && index !== count) return undefined
  if (pieces === null) return 'same'
  pieces.push(bytes.subarray(done, end))
  return { bytes: Buffer.concat(pieces), hasNull }
}

function lengthOf(value: Buffer | null): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value === null ? -1 : value.length)
  return bytes
}
