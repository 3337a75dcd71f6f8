/** What waits in a stream: the same bytes in the same order, in few pieces, however they came. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EndedStreams } from '../../../src/proxy/http2/ended-streams.ts'
import { Pieces } from '../../../src/proxy/http2/pieces.ts'

/** Takes up to so many bytes off the next piece. */
function take(pieces: Pieces, most: number): Buffer {
  const { first } = pieces
  if (!first) return Buffer.alloc(0)
  const end = Math.min(first.end, first.start + most)
  // As the proxy does it: what was taken is used after it is dropped.
  const bytes = first.buffer.subarray(first.start, end)
  pieces.drop(bytes.length)
  return bytes
}

describe('pieces', () => {
  test('come out as they went in, whenever some are taken in between', () => {
    const step = fc.oneof(
      fc.record({
        put: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 20_000 })),
      }),
      fc.record({ take: fc.integer({ min: 1, max: 17_000 }) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const pieces = new Pieces()
        const put: Buffer[] = []
        const taken: Buffer[] = []
        for (const [i, one] of steps.entries()) {
          if ('put' in one) {
            // In the middle of a larger buffer, as it comes from a socket.
            const buffer = Buffer.alloc(one.put + 20, i)
            pieces.push(buffer, 10, 10 + one.put)
            put.push(buffer.subarray(10, 10 + one.put))
          } else taken.push(take(pieces, one.take))
          const left = Buffer.concat(put).length - Buffer.concat(taken).length
          expect(pieces.bytes).toBe(left)
        }
        while (!pieces.isEmpty) taken.push(take(pieces, 16_384))
        expect(Buffer.concat(taken).equals(Buffer.concat(put))).toBe(true)
        expect(pieces.first).toBeNull()
      }),
      { numRuns: 300 },
    )
  })

  test('a hundred thousand of one byte are a few', () => {
    const pieces = new Pieces()
    const byte = Buffer.of(1)
    for (let i = 0; i < 100_000; i++) pieces.push(byte, 0, 1)
    let count = 0
    for (; !pieces.isEmpty; count++) take(pieces, Number.POSITIVE_INFINITY)
    expect(count).toBeLessThan(20)
  })

  test('cleared, nothing waits', () => {
    const pieces = new Pieces()
    pieces.push(Buffer.alloc(10), 0, 10)
    expect([pieces.isLast, pieces.isEmpty]).toEqual([true, false])
    pieces.clear()
    expect([pieces.bytes, pieces.isEmpty]).toEqual([0, true])
  })
})

test('streams that have ended are remembered for a while, within bounds', () => {
  const ended = new EndedStreams()
  for (let id = 1; id < 2_001; id += 2) {
    ended.addClosed(id)
    if (id % 4 === 1) ended.addReset(id)
  }
  expect([ended.wasOpen(1_999), ended.wasOpen(2_001), ended.wasOpen(1)]).toEqual([
    true,
    false,
    false,
  ])
  expect([ended.wasReset(1_997), ended.wasReset(1_999), ended.wasReset(1)]).toEqual([
    true,
    false,
    false,
  ])
})
