/**
 * Whole messages out of one direction of a WebSocket (RFC 6455), however they were fragmented and however their bytes come. Strict: what
 * two readers could take for different things ends the connection. Messages are held until they are whole, up to a bound, because
 * who inspects them has to see all of them; control frames between fragments come out at once.
 */

import { isUtf8 } from 'node:buffer'
import type { Budget } from '../budget.ts'
import { applyMask, CLOSE, MAX_CONTROL_BYTES, OPCODE } from './frames.ts'
import type { Message } from './message.ts'
import { Utf8Check } from './utf8.ts'

export interface FrameFault {
  /** For the Close frame that says so (section 7.4.1). */
  readonly code: number
  readonly detail: string
}

export interface MessageSink {
  onMessage(message: Message): void
  /** Ping, pong or close. @param payload may be kept */
  onControl(opcode: number, payload: Buffer): void
  /** Nothing more is read. */
  onFault(fault: FrameFault): void
}

export interface FrameReaderOptions {
  /** Whether frames come from a client, which masks them (section 5.1). */
  readonly isMasked: boolean
  /** Bytes of the largest message. */
  readonly maxMessage: number
  /** Of messages that are held, over all connections. */
  readonly budget: Budget
}

/** Frames of one message: who sends many empty ones wants to keep us busy. */
const MAX_FRAGMENTS = 16_384
const MAX_HEADER_BYTES = 14

export class FrameReader implements Disposable {
  readonly #options: FrameReaderOptions
  readonly #sink: MessageSink
  readonly #header = Buffer.alloc(MAX_HEADER_BYTES)
  #headerBytes = 0
  /** Of the frame under way: bytes its header has; payload still to come, and come already. */
  #headerSize = 2
  #left = 0
  #got = 0
  #opcode = 0
  #isFinal = false
  readonly #mask = Buffer.alloc(4)
  readonly #control = Buffer.alloc(MAX_CONTROL_BYTES)
  /** The message under way: what it is, 0 for none; what has come of it, in a buffer that grows. */
  #kind = 0
  #held: Buffer = NOTHING
  #size = 0
  #fragments = 0
  readonly #text = new Utf8Check()
  /** Bytes taken from the budget. */
  #charged = 0
  #isPaused = false
  /** What came while paused. */
  #rest: Buffer = NOTHING
  #isOver = false

  constructor(options: FrameReaderOptions, sink: MessageSink) {
    this.#options = options
    this.#sink = sink
  }

  /** @param chunk becomes the reader's: payload is unmasked where it lies */
  push(chunk: Buffer): void {
    if (this.#isOver) return
    if (this.#rest.length > 0) this.#rest = Buffer.concat([this.#rest, chunk])
    else if (this.#isPaused) this.#rest = chunk
    else this.#read(chunk)
  }

  /**
   * Nothing is read until `resume`, and what was handed over last still counts: it is in use. The source has to be paused as well.
   */
  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    if (!this.#isPaused || this.#isOver) return
    this.#isPaused = false
    if (this.#kind === 0) this.#charge(0)
    const rest = this.#rest
    this.#rest = NOTHING
    this.#read(rest)
  }

  /** What was held is not needed any more, and nothing more is read. */
  [Symbol.dispose](): void {
    this.#isOver = true
    this.#charge(0)
    this.#held = NOTHING
    this.#rest = NOTHING
  }

  #read(chunk: Buffer): void {
    let at = 0
    while (!this.#isOver && (at < chunk.length || this.#isFrameWhole())) {
      if (this.#isPaused) {
        this.#rest = chunk.subarray(at)
        return
      }
      if (this.#headerBytes < this.#headerSize) at = this.#readHeader(chunk, at)
      else at = this.#readPayload(chunk, at)
    }
  }

  /** A frame without payload is whole with its header. */
  #isFrameWhole(): boolean {
    return this.#headerBytes === this.#headerSize && this.#left === 0
  }

  #readHeader(chunk: Buffer, from: number): number {
    const taken = Math.min(this.#headerSize - this.#headerBytes, chunk.length - from)
    chunk.copy(this.#header, this.#headerBytes, from, from + taken)
    this.#headerBytes += taken
    if (this.#headerBytes < this.#headerSize) return from + taken
    if (this.#headerSize === 2) this.#beginHeader()
    if (!this.#isOver && this.#headerBytes === this.#headerSize) this.#endHeader()
    return from + taken
  }

  #beginHeader(): void {
    const [first = 0, second = 0] = this.#header
    const length = second & 0x7f
    const isMasked = (second & 0x80) !== 0
    if ((first & 0x70) !== 0) return this.#fail('it uses an extension that nobody offered')
    if (isMasked !== this.#options.isMasked) {
      return this.#fail(isMasked ? 'a server does not mask' : 'a client has to mask')
    }
    this.#opcode = first & 0x0f
    this.#isFinal = (first & 0x80) !== 0
    if (this.#opcode >= 8) this.#beginControl(length)
    else this.#beginData()
    this.#headerSize = 2 + (length < 126 ? 0 : length === 126 ? 2 : 8) + (isMasked ? 4 : 0)
  }

  #beginControl(length: number): void {
    const { close, ping, pong } = OPCODE
    const isKnown = this.#opcode === close || this.#opcode === ping || this.#opcode === pong
    if (!isKnown) this.#fail('a frame is of a kind that nobody knows')
    else if (!this.#isFinal || length > MAX_CONTROL_BYTES) {
      this.#fail('a control frame is fragmented or too long')
    }
  }

  #beginData(): void {
    if (this.#opcode > OPCODE.binary) return this.#fail('a frame is of a kind that nobody knows')
    const isContinuation = this.#opcode === OPCODE.continuation
    if (isContinuation !== (this.#kind !== 0)) {
      return this.#fail(
        isContinuation ? 'a message goes on that has not begun' : 'a message begins within another',
      )
    }
    if (!isContinuation) this.#kind = this.#opcode
  }

  #endHeader(): void {
    const short = (this.#header[1] ?? 0) & 0x7f
    let length = short
    if (short === 126) length = this.#header.readUInt16BE(2)
    else if (short === 127) {
      // Two readers may differ on numbers above 2^53.
      if ((this.#header[2] ?? 0) > 0 || (this.#header[3] ?? 0) > 0x1f) {
        return this.#fail('a frame has a length it may not have')
      }
      length = Number(this.#header.readBigUInt64BE(2))
    }
    if ((short === 126 && length < 126) || (short === 127 && length < 0x1_0000)) {
      return this.#fail('a length is written longer than it has to be')
    }
    if (this.#options.isMasked) this.#header.copy(this.#mask, 0, this.#headerSize - 4)
    this.#left = length
    this.#got = 0
    if (this.#opcode >= 8) return
    const { maxMessage } = this.#options
    if (++this.#fragments > MAX_FRAGMENTS || this.#size + length > maxMessage) {
      const detail = `a message is larger than ${maxMessage} bytes, or in too many pieces`
      this.#fail(detail, CLOSE.tooLarge)
    }
  }

  #readPayload(chunk: Buffer, from: number): number {
    const end = Math.min(from + this.#left, chunk.length)
    if (this.#options.isMasked) applyMask(chunk, from, end, this.#mask, this.#got)
    const isFirst = this.#got === 0
    this.#got += end - from
    this.#left -= end - from
    const isWhole = this.#left === 0
    if (isWhole) {
      this.#headerBytes = 0
      this.#headerSize = 2
    }
    if (this.#opcode >= 8) {
      chunk.copy(this.#control, this.#got - (end - from), from, end)
      if (isWhole) this.#endControl(Buffer.from(this.#control.subarray(0, this.#got)))
    } else this.#takeData(chunk.subarray(from, end), isFirst, isWhole && this.#isFinal)
    return end
  }

  #endControl(payload: Buffer): void {
    if (this.#opcode === OPCODE.close) {
      const fault = faultOfClose(payload)
      if (fault) return this.#fail(fault.detail, fault.code)
      this[Symbol.dispose]()
    }
    this.#sink.onControl(this.#opcode, payload)
  }

  /** @param isLast of its message */
  #takeData(piece: Buffer, isFirst: boolean, isLast: boolean): void {
    const isText = this.#kind === OPCODE.text
    if (isText && !(this.#text.push(piece) && (!isLast || this.#text.end()))) {
      return this.#fail('a text is not UTF-8', CLOSE.invalidData)
    }
    // Most messages come whole: they are handed over from where they lie.
    const isAlone = isLast && isFirst && this.#size === 0
    if (!isAlone && !this.#hold(piece)) return
    if (!isLast) return
    const payload = isAlone ? piece : this.#held.subarray(0, this.#size)
    this.#kind = 0
    this.#held = NOTHING
    this.#size = 0
    this.#fragments = 0
    this.#sink.onMessage({ opcode: isText ? OPCODE.text : OPCODE.binary, payload })
    if (!this.#isPaused) this.#charge(0)
  }

  /** Copied, so that what is held is what counts, however small the pieces. @returns false when there is no room */
  #hold(piece: Buffer): boolean {
    const size = this.#size + piece.length
    if (size > this.#held.length) {
      // Room for what has come and as much again, if there is; not for what a header promises.
      const known = this.#isFinal ? size + this.#left : this.#options.maxMessage
      let grown = Math.max(size, Math.min(2 * size, known))
      if (!this.#charge(grown)) {
        grown = size
        if (!this.#charge(grown)) {
          this.#fail('there is no room for more messages', CLOSE.tooLarge)
          return false
        }
      }
      const held = Buffer.allocUnsafeSlow(grown)
      this.#held.copy(held, 0, 0, this.#size)
      this.#held = held
    }
    piece.copy(this.#held, this.#size)
    this.#size = size
    return true
  }

  /** Of the budget, for this reader. @returns false when there is no such room */
  #charge(bytes: number): boolean {
    const { budget } = this.#options
    budget.give(this.#charged)
    const isTaken = budget.take(bytes)
    this.#charged = isTaken ? bytes : 0
    return isTaken
  }

  #fail(detail: string, code: number = CLOSE.protocolError): void {
    this[Symbol.dispose]()
    this.#sink.onFault({ code, detail })
  }
}

/** Section 5.5.1, and the codes of section 7.4 that may be on the wire. */
function faultOfClose(payload: Buffer): FrameFault | null {
  if (payload.length === 0) return null
  const code = payload.length === 1 ? 0 : payload.readUInt16BE(0)
  const isDefined = code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)
  if (!isDefined && !(code >= 3000 && code <= 4999)) {
    return { code: CLOSE.protocolError, detail: 'a close code is not one that may be sent' }
  }
  return isUtf8(payload.subarray(2))
    ? null
    : { code: CLOSE.invalidData, detail: 'the reason for closing is not UTF-8' }
}

const NOTHING = Buffer.alloc(0)
