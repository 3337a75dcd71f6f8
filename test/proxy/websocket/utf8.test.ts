/** Whatever is cut anywhere is judged as the whole, and refused as soon as nothing can follow that would make it UTF-8. */

import { isUtf8 } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Utf8Check } from '../../../src/proxy/websocket/utf8.ts'
import { bytewise, cut, RUNS } from '../http1/support.ts'

/** How many pieces it took to refuse; null when all of it is UTF-8. */
function refusedAt(pieces: readonly Buffer[]): number | null {
  const check = new Utf8Check()
  const at = pieces.findIndex((piece) => !check.push(piece))
  if (at >= 0) return at
  return check.end() ? null : pieces.length
}

/** Bytes as UTF-8 is made of, and near misses of it. */
const unit = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 3 }).map((text) => [...Buffer.from(text)]),
  fc.constantFrom(
    ...[
      [0xc0, 0x80],
      [0xc1, 0xbf],
      [0xe0, 0x80, 0x80],
      [0xe0, 0xa0, 0x80],
      [0xed, 0x9f, 0xbf],
    ],
    ...[
      [0xed, 0xa0, 0x80],
      [0xf0, 0x80, 0x80, 0x80],
      [0xf0, 0x90, 0x80, 0x80],
      [0xf4, 0x8f, 0xbf, 0xbf],
    ],
    ...[
      [0xf4, 0x90, 0x80, 0x80],
      [0xf5, 0x80, 0x80, 0x80],
      [0x80],
      [0xff],
      [0xe2, 0x82],
      [0xf0, 0x9f, 0x98],
    ],
  ),
  fc.array(fc.integer({ min: 0x70, max: 0xff }), { maxLength: 4 }),
)
const almost = fc.array(unit, { maxLength: 6 }).map((units) => Buffer.from(units.flat()))
const cuts = fc.array(fc.nat(30), { maxLength: 8 })

test('cut anywhere, it is UTF-8 when the whole is', () => {
  const seen = { yes: 0, no: 0 }
  const property = fc.property(almost, cuts, (bytes, places) => {
    const want = isUtf8(bytes)
    seen[want ? 'yes' : 'no']++
    expect(refusedAt(cut(bytes, places)) === null).toBe(want)
    expect(refusedAt(bytewise(bytes)) === null).toBe(want)
  })
  fc.assert(property, { numRuns: 4 * RUNS })
  expect(Math.min(seen.yes, seen.no)).toBeGreaterThan(RUNS / 4)
})

test('it is refused at the first byte behind which nothing could come to make it UTF-8', () => {
  /** Whether something can: what may complete a character has at most three bytes more. */
  const mayBecome = (bytes: Buffer) =>
    ENDS.some((end) => isUtf8(Buffer.concat([bytes, Buffer.from(end)])))
  const property = fc.property(almost, (bytes) => {
    const at = Array.from(bytes, (_, i) => i).find((i) => !mayBecome(bytes.subarray(0, i + 1)))
    const got = refusedAt(bytewise(bytes))
    expect(got).toBe(at ?? (isUtf8(bytes) ? null : bytes.length))
  })
  fc.assert(property, { numRuns: RUNS })
})

const ENDS = [
  [],
  [0x80],
  [0x80, 0x80],
  [0x80, 0x80, 0x80],
  [0xa0, 0x80],
  [0x90, 0x80, 0x80],
  [0xbf],
]

describe('a check can be used again', () => {
  test.each([
    ['after a text', [0x61]],
    ['after one that ended within a character', [0xe2, 0x82]],
  ])('%s', (_, bytes) => {
    const check = new Utf8Check()
    check.push(Buffer.from(bytes))
    check.end()
    expect(check.push(Buffer.from([0xac]))).toBe(false)
  })
})
