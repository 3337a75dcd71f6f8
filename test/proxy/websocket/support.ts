/** Frames as nobody would write them, and what two readers make of bytes: ours, and that of the `ws` package. */

import { createRequire } from 'node:module'
import type { Writable } from 'node:stream'
import fc from 'fast-check'
import { Budget } from '../../../src/proxy/budget.ts'
import { FrameReader, type FrameReaderOptions } from '../../../src/proxy/websocket/frame-reader.ts'
import { applyMask, OPCODE } from '../../../src/proxy/websocket/frames.ts'

export const { text: TEXT, binary: BINARY, close: CLOSE, ping: PING, pong: PONG } = OPCODE
export const MAX_MESSAGE = 70_000

export interface Frame {
  readonly opcode: number
  readonly payload: Buffer
  /** Default: true. */
  readonly fin?: boolean
  /** The three reserved bits. */
  readonly reserved?: number
  /** The mask; null for none. */
  readonly mask: Buffer | null
  /** What the header says of the length; default: the truth, as short as it can be said. */
  readonly length?: { readonly bytes: 0 | 2 | 8; readonly value: bigint }
}

export function toBytes({
  opcode,
  payload,
  fin = true,
  reserved = 0,
  mask,
  length,
}: Frame): Buffer {
  const size = payload.length
  const said = length ?? {
    bytes: size < 126 ? 0 : size < 0x1_0000 ? 2 : 8,
    value: BigInt(size),
  }
  const head = Buffer.alloc(2 + said.bytes)
  head[0] = (fin ? 0x80 : 0) | (reserved << 4) | opcode
  const short = said.bytes === 0 ? Number(said.value) : said.bytes === 2 ? 126 : 127
  head[1] = (mask ? 0x80 : 0) | short
  if (said.bytes === 2) head.writeUInt16BE(Number(said.value), 2)
  if (said.bytes === 8) head.writeBigUInt64BE(said.value, 2)
  const body = Buffer.from(payload)
  if (mask) applyMask(body, 0, body.length, mask, 0)
  return Buffer.concat([head, mask ?? Buffer.alloc(0), body])
}

/** What a reader has made of some bytes: `opcode payload` for each message and control frame, and the code it refused with. */
export interface Reading {
  readonly events: readonly string[]
  readonly refused: number | null
}

const show = (opcode: number, payload: Buffer): string => `${opcode} ${payload.toString('latin1')}`

/** @param pieces are copied */
export function readByUs(
  pieces: readonly Buffer[],
  isMasked: boolean,
  options: Partial<FrameReaderOptions> = {},
): Reading & { readonly held: number } {
  const budget = options.budget ?? new Budget(Number.MAX_SAFE_INTEGER)
  const events: string[] = []
  let refused: number | null = null
  const sink = {
    onMessage: ({ opcode, payload }: { opcode: number; payload: Buffer }) =>
      void events.push(show(opcode, payload)),
    onControl: (opcode: number, payload: Buffer) => void events.push(show(opcode, payload)),
    onFault: ({ code }: { code: number }) => {
      refused = code
    },
  }
  const reader = new FrameReader({ isMasked, maxMessage: MAX_MESSAGE, budget, ...options }, sink)
  for (const piece of pieces) reader.push(Buffer.from(piece))
  const held = budget.used
  reader[Symbol.dispose]()
  if (budget.used !== 0) throw new Error(`${budget.used} bytes were not given back`)
  return { events, refused, held }
}

type Receiver = Writable & {
  _write(chunk: Buffer, encoding: string, callback: (error?: Error) => void): void
}
const { Receiver } = createRequire(import.meta.url)('ws') as {
  Receiver: new (options: object) => Receiver
}

/** @param pieces are copied */
export function readByWs(pieces: readonly Buffer[], isMasked: boolean): Reading {
  const events: string[] = []
  let refused: number | null = null
  const receiver = new Receiver({ isServer: isMasked, maxPayload: MAX_MESSAGE })
  receiver.on('message', (data: Buffer, isBinary: boolean) =>
    events.push(show(isBinary ? BINARY : TEXT, data)),
  )
  receiver.on('ping', (data: Buffer) => events.push(show(PING, data)))
  receiver.on('pong', (data: Buffer) => events.push(show(PONG, data)))
  receiver.on('conclude', (code: number, reason: Buffer) => {
    const said = Buffer.alloc(2)
    said.writeUInt16BE(code)
    events.push(show(CLOSE, code === 1005 ? reason : Buffer.concat([said, reason])))
  })
  for (const piece of pieces) {
    // Without the queue of a Writable, all of this happens before the call returns.
    if (refused === null) {
      receiver._write(Buffer.from(piece), 'buffer', (error) => {
        if (error) refused = Object.values(statusOf(error))[0] ?? 0
      })
    }
  }
  return { events, refused }
}

/** It keeps the code under a symbol. */
function statusOf(error: Error): Record<string, number> {
  const [symbol] = Object.getOwnPropertySymbols(error)
  return { code: (error as unknown as Record<symbol, number>)[symbol as symbol] ?? 0 }
}

const mask = fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => Buffer.from(bytes))
const payload = (maxLength: number) =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes))

const control = fc.oneof(
  fc.record({ opcode: fc.constantFrom<number>(PING, PONG), payload: payload(125) }),
)

const aMessage = fc.oneof(
  fc.record({
    opcode: fc.constant<number>(TEXT),
    payload: fc.string({ unit: 'binary', maxLength: 200 }).map((text) => Buffer.from(text)),
  }),
  fc.record({ opcode: fc.constant<number>(BINARY), payload: payload(400) }),
  fc.record({
    opcode: fc.constant<number>(BINARY),
    payload: fc.constantFrom(125, 126, 127, 65_535, 65_536).map((size) => Buffer.alloc(size, 7)),
  }),
)

const aClose = fc.record({
  code: fc.constantFrom(1000, 1001, 1003, 1011, 1014, 3000, 4999),
  reason: fc.string({ unit: 'binary', maxLength: 30 }),
})

/** A sequence of frames as RFC 6455 has it, in bytes, and what there is in it. */
export function conversation(isMasked: boolean): fc.Arbitrary<{
  readonly frames: readonly Frame[]
  readonly events: readonly string[]
}> {
  const sent = fc.record({
    message: aMessage,
    /** Where it is cut, as parts of its length, and control frames between the pieces. */
    cuts: fc.array(fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), control }), {
      maxLength: 4,
    }),
  })
  const masks = fc.infiniteStream(mask)
  const all = fc.record({
    list: fc.array(sent, { maxLength: 5 }),
    close: fc.option(aClose),
    masks,
  })
  return all.map(({ list, close, masks: keys }) => {
    const frames: Frame[] = []
    const events: string[] = []
    const add = (frame: Omit<Frame, 'mask'>) => {
      const [key] = keys.take(1)
      frames.push({ ...frame, mask: isMasked ? (key ?? Buffer.alloc(4)) : null })
    }
    for (const { message, cuts } of list) {
      const places = cuts.map(({ at }) => Math.floor(at * message.payload.length)).sort(byNumber)
      const ends = [...places, message.payload.length]
      let start = 0
      for (const [i, end] of ends.entries()) {
        const isLast = i === ends.length - 1
        const opcode = i === 0 ? message.opcode : OPCODE.continuation
        add({ opcode, payload: message.payload.subarray(start, end), fin: isLast })
        start = end
        const between = cuts[i]
        if (!between) continue
        add(between.control)
        events.push(show(between.control.opcode, between.control.payload))
      }
      events.push(show(message.opcode, message.payload))
    }
    if (close) {
      const reason = Buffer.from(close.reason)
      const said = Buffer.alloc(2 + Math.min(reason.length, 0))
      said.writeUInt16BE(close.code)
      const whole = Buffer.concat([said, reason])
      if (whole.length <= 125) {
        add({ opcode: CLOSE, payload: whole })
        events.push(show(CLOSE, whole))
      }
    }
    return { frames, events }
  })
}

const byNumber = (a: number, b: number): number => a - b
