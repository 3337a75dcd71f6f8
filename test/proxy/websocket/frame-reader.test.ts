/** Frames in, whole messages out; every rule of RFC 6455 that two readers could see differently, and the parser of `ws` beside ours. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Budget } from '../../../src/proxy/budget.ts'
import { FrameReader } from '../../../src/proxy/websocket/frame-reader.ts'
import { applyMask, toClose, toFrame } from '../../../src/proxy/websocket/frames.ts'
import type { Message } from '../../../src/proxy/websocket/message.ts'
import { bytewise, cut, RUNS } from '../http1/support.ts'
import {
  BINARY,
  CLOSE,
  conversation,
  type Frame,
  MAX_MESSAGE,
  PING,
  PONG,
  readByUs,
  readByWs,
  TEXT,
  toBytes,
} from './support.ts'

const MASK = Buffer.from([1, 2, 3, 4])
const HELLO = Buffer.from('hello')
const both = fc.boolean()
const cuts = fc.array(fc.nat(3_000), { maxLength: 20 })

describe('sequences that follow the protocol', () => {
  const property = fc.property(
    both.chain((isMasked) => conversation(isMasked).map((all) => ({ ...all, isMasked }))),
    cuts,
    ({ frames, events, isMasked }, places) => {
      const whole = Buffer.concat(frames.map(toBytes))
      const want = { events, refused: null }
      expect(readByUs([whole], isMasked)).toMatchObject(want)
      expect(readByUs(cut(whole, places), isMasked)).toMatchObject(want)
      if (whole.length < 2_000) expect(readByUs(bytewise(whole), isMasked)).toMatchObject(want)
      expect(readByWs([whole], isMasked)).toEqual(want)
    },
  )
  test('give the same messages however they are cut', () => {
    fc.assert(property, { numRuns: RUNS / 4 })
  })

  test('give what was written by us, masked or not', () => {
    const payload = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
    const written = fc.property(payload, both, cuts, (sent, isMasked, places) => {
      const whole = Buffer.concat(toFrame(BINARY, sent, isMasked))
      const { events } = readByUs(cut(whole, places), isMasked)
      expect(events).toEqual([`${BINARY} ${sent.toString('latin1')}`])
    })
    fc.assert(written, { numRuns: RUNS })
  })
})

describe('sequences that do not', () => {
  /** Whatever we do not refuse, `ws` takes for the same; what we refuse may have been taken up to there. */
  function compare(bytes: Buffer, isMasked: boolean): boolean {
    const ours = readByUs([bytes], isMasked)
    const theirs = readByWs([bytes], isMasked)
    expect(theirs.events.slice(0, ours.events.length)).toEqual(ours.events)
    if (theirs.refused !== null) {
      // It looks at a length when the mask has not come yet.
      expect(readByUs([bytes, Buffer.alloc(4)], isMasked).refused).not.toBeNull()
    } else if (ours.refused === null) expect(theirs.events).toEqual(ours.events)
    return ours.refused !== null
  }

  test('random bytes are refused or mean the same to `ws`, in any pieces', () => {
    const anything = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
    const property = fc.property(anything, both, cuts, (bytes, isMasked, places) => {
      compare(bytes, isMasked)
      const { events, refused } = readByUs([bytes], isMasked)
      expect(readByUs(cut(bytes, places), isMasked)).toMatchObject({ events, refused })
    })
    fc.assert(property, { numRuns: 2 * RUNS })
  })

  test('frames with one thing changed, likewise', () => {
    const change = fc.record({
      frame: fc.nat(20),
      what: fc.oneof(
        fc.record({ fin: both }),
        fc.record({ reserved: fc.nat(7) }),
        fc.record({ opcode: fc.nat(15) }),
        fc.record({ mask: fc.constantFrom(null, MASK) }),
        fc.record({
          length: fc.record({
            bytes: fc.constantFrom<2 | 8>(2, 8),
            value: fc.oneof(fc.bigInt(0n, 300n), fc.bigInt(0n, 0xffffn)),
          }),
        }),
        fc.record({
          length: fc.record({
            bytes: fc.constant(8 as const),
            value: fc.bigInt(0n, 2n ** 64n - 1n),
          }),
        }),
      ),
      byte: fc.option(fc.record({ at: fc.nat(500), xor: fc.integer({ min: 1, max: 255 }) })),
    })
    const seen = { refused: 0, taken: 0 }
    const property = fc.property(
      both.chain((isMasked) => conversation(isMasked).map(({ frames }) => ({ frames, isMasked }))),
      change,
      cuts,
      ({ frames, isMasked }, { frame, what, byte }, places) => {
        const at = frame % Math.max(1, frames.length)
        const changed = frames.map((one, i) => (i === at ? ({ ...one, ...what } as Frame) : one))
        const bytes = Buffer.concat(changed.map(toBytes))
        const place = byte ? byte.at % Math.max(1, bytes.length) : -1
        if (byte && bytes.length > 0) bytes[place] = (bytes[place] ?? 0) ^ byte.xor
        seen[compare(bytes, isMasked) ? 'refused' : 'taken']++
        const { events, refused } = readByUs([bytes], isMasked)
        expect(readByUs(cut(bytes, places), isMasked)).toMatchObject({ events, refused })
      },
    )
    fc.assert(property, { numRuns: RUNS })
    expect(Math.min(seen.refused, seen.taken)).toBeGreaterThan(RUNS / 10)
  })

  const frame = (opcode: number, payload: Buffer | string = '', more: Partial<Frame> = {}) =>
    toBytes({ opcode, payload: Buffer.from(payload), mask: null, ...more })
  const start = (opcode: number, payload: Buffer | string = '') =>
    frame(opcode, payload, { fin: false })
  const said = (bytes: 0 | 2 | 8, value: bigint) => ({ length: { bytes, value } })
  const closing = (code: number, reason: Buffer | string = '') =>
    frame(CLOSE, Buffer.concat([toClose(code, ''), Buffer.from(reason)]))

  test.each<[string, Buffer[], number]>([
    ...[1, 2, 4].map((reserved): [string, Buffer[], number] => [
      `reserved bit ${reserved}`,
      [frame(TEXT, HELLO, { reserved })],
      1002,
    ]),
    ['a reserved bit on a ping', [frame(PING, '', { reserved: 4 })], 1002],
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode): [string, Buffer[], number] => [
      `opcode ${opcode}`,
      [frame(opcode)],
      1002,
    ]),
    ['a ping in pieces', [start(PING)], 1002],
    ['a close in pieces', [start(CLOSE)], 1002],
    ['a ping of 126 bytes', [frame(PING, Buffer.alloc(126))], 1002],
    ['a close of 126 bytes', [frame(CLOSE, toClose(1000, 'x'.repeat(124)))], 1002],
    ['a continuation of nothing', [frame(0, HELLO)], 1002],
    ['a continuation after the end', [frame(TEXT, HELLO), frame(0, HELLO)], 1002],
    ['a message within another', [start(TEXT, HELLO), frame(TEXT, HELLO)], 1002],
    ['a length in two bytes that needs one', [frame(TEXT, HELLO, said(2, 5n))], 1002],
    ['a length in eight bytes that needs two', [frame(TEXT, HELLO, said(8, 5n))], 1002],
    ['a length beyond 2^63', [frame(BINARY, '', said(8, 2n ** 63n))], 1002],
    ['a length beyond 2^53', [frame(BINARY, '', said(8, 2n ** 53n))], 1002],
    ['a length that is too large', [frame(BINARY, '', said(8, 2n ** 52n))], 1009],
    [
      'pieces that are too large together',
      [start(BINARY, Buffer.alloc(MAX_MESSAGE)), frame(0, 'x')],
      1009,
    ],
    ['a text that is not UTF-8', [frame(TEXT, Buffer.from([0xc3, 0x28]))], 1007],
    ['a text that ends within a character', [frame(TEXT, Buffer.from([0xe2, 0x82]))], 1007],
    ['a text with a surrogate', [frame(TEXT, Buffer.from([0xed, 0xa0, 0x80]))], 1007],
    ['a text that begins wrongly and never ends', [start(TEXT, Buffer.from([0x61, 0xff]))], 1007],
    [
      'a character cut by two pieces, and wrong',
      [start(TEXT, Buffer.from([0xf0, 0x9f])), start(0, Buffer.from([0x98, 0x20]))],
      1007,
    ],
    ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map(
      (code): [string, Buffer[], number] => [`close code ${code}`, [closing(code)], 1002],
    ),
    ['half a close code', [frame(CLOSE, Buffer.from([3]))], 1002],
    ['a reason that is not UTF-8', [closing(1000, Buffer.from([0xff]))], 1007],
  ])('%s: refused in every cut', (_, frames, code) => {
    const whole = Buffer.concat(frames)
    expect(readByUs([whole], false).refused).toBe(code)
    if (whole.length < 1_000) expect(readByUs(bytewise(whole), false).refused).toBe(code)
  })

  test.each([
    ['a client that does not mask', frame(TEXT, HELLO), true],
    ['a server that masks', frame(TEXT, HELLO, { mask: MASK }), false],
  ])('%s', (_, bytes, isMasked) => {
    expect(readByUs([bytes], isMasked)).toMatchObject({ events: [], refused: 1002 })
  })

  test('what is wrong is refused before it has come whole', () => {
    const half = frame(TEXT, Buffer.concat([Buffer.from([0xff]), Buffer.alloc(5_000)]))
    expect(readByUs([half.subarray(0, 10)], false).refused).toBe(1007)
    const large = frame(BINARY, '', said(8, BigInt(MAX_MESSAGE + 1)))
    expect(readByUs([large], false).refused).toBe(1009)
  })

  test.each([
    1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
  ])('close code %i passes', (code) => {
    expect(readByUs([closing(code, 'grüß')], false)).toMatchObject({ refused: null })
  })

  test('nothing is read behind a close', () => {
    const { events, refused } = readByUs([closing(1000), Buffer.from('garbage')], false)
    expect(events).toHaveLength(1)
    expect(refused).toBeNull()
  })
})

describe('what is held', () => {
  const piece = (payload: Buffer, opcode = 0) =>
    toBytes({ opcode, payload, fin: false, mask: null })

  test('is bounded over all connections', () => {
    const budget = new Budget(10_000)
    budget.take(6_000)
    const reader = readerFor(budget)
    reader.push(piece(Buffer.alloc(3_000), BINARY))
    expect(reader.refused).toBeNull()
    reader.push(piece(Buffer.alloc(3_000)))
    expect(reader.refused).toBe(1009)
    expect(budget.used).toBe(6_000)
  })

  test('a header that promises much holds nothing', () => {
    const promise = toBytes({
      opcode: BINARY,
      payload: Buffer.alloc(10),
      mask: null,
      length: { bytes: 8, value: BigInt(MAX_MESSAGE) },
    })
    expect(readByUs([promise], false).held).toBeLessThan(100)
  })

  test('small pieces hold what they are, not what they came with', () => {
    const noise = toBytes({ opcode: PONG, payload: Buffer.alloc(125), mask: null })
    const budget = new Budget(1_000_000)
    const messages: Message[] = []
    const reader = readerFor(budget, (message) => messages.push(message))
    for (let i = 0; i < 200; i++) {
      reader.push(Buffer.concat([piece(HELLO, i ? 0 : BINARY), ...Array<Buffer>(100).fill(noise)]))
    }
    expect(budget.used).toBeLessThanOrEqual(2_000)
    reader.push(toBytes({ opcode: 0, payload: HELLO, mask: null }))
    const [message] = messages
    expect(message?.payload.length).toBe(201 * HELLO.length)
    expect(message?.payload.buffer.byteLength).toBeLessThanOrEqual(2_010)
  })

  test('empty pieces are counted', () => {
    const empty = piece(Buffer.alloc(0))
    const sent = Buffer.concat([piece(HELLO, TEXT), ...Array<Buffer>(16_384).fill(empty)])
    expect(readByUs([sent], false).refused).toBe(1009)
  })

  test('a message that waits counts until it does not', () => {
    const budget = new Budget(1_000_000)
    const reader = readerFor(budget, (message) => message.payload.length > 0 && reader.pause())
    const end = toBytes({ opcode: 0, payload: HELLO, mask: null })
    const ping = toBytes({ opcode: PING, payload: HELLO, mask: null })
    reader.push(Buffer.concat([piece(HELLO, TEXT), end, ping]))
    expect(reader.seen).toEqual([`${TEXT} hellohello`])
    expect(budget.used).toBeGreaterThanOrEqual(10)
    reader.push(ping)
    expect(reader.seen).toHaveLength(1)
    reader.resume()
    expect(reader.seen).toEqual([`${TEXT} hellohello`, `${PING} hello`, `${PING} hello`])
    expect(budget.used).toBe(0)
  })

  class Watched extends FrameReader {
    seen: string[] = []
    refused: number | null = null
  }

  function readerFor(budget: Budget, onMessage: (message: Message) => void = () => {}): Watched {
    const reader: Watched = new Watched(
      { isMasked: false, maxMessage: MAX_MESSAGE, budget },
      {
        onMessage(message) {
          reader.seen.push(`${message.opcode} ${message.payload}`)
          onMessage(message)
        },
        onControl: (opcode, payload) => reader.seen.push(`${opcode} ${payload}`),
        onFault: ({ code }) => {
          reader.refused = code
        },
      },
    )
    return reader
  }
})

describe('masking', () => {
  test('is what section 5.3 says, wherever the bytes lie', () => {
    const property = fc.property(
      fc.integer({ min: 0, max: 600 }),
      fc.nat(9),
      fc.nat(9),
      fc.nat(9),
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      (size, before, behind, offset, mask) => {
        const bytes = Buffer.alloc(before + size + behind)
        for (let i = 0; i < bytes.length; i++) bytes[i] = i * 31
        const want = bytes.map((byte, i) => {
          const isInside = i >= before && i < before + size
          return isInside ? byte ^ (mask[(i - before + offset) % 4] ?? 0) : byte
        })
        applyMask(bytes, before, before + size, Buffer.from(mask), offset)
        expect(bytes).toEqual(Buffer.from(want))
      },
    )
    fc.assert(property, { numRuns: RUNS })
  })

  test('each frame has a mask of its own (section 5.3)', () => {
    const masks = new Set<string>()
    for (let i = 0; i < 5_000; i++) {
      const [frame = Buffer.alloc(6)] = toFrame(PING, Buffer.alloc(0), true)
      masks.add(frame.toString('hex', 2, 6))
    }
    expect(masks.size).toBeGreaterThan(4_990)
  })
})
