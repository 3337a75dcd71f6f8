/**
 * Whole messages out of one direction of a WebSocket (RFC 6455), however they were fragmented and however their bytes come. Strict: what
 * two readers could take for different things ends the connection. Messages are held until they are whole, up to a bound, because
 * who inspects them has to see all of them; control frames between fragments come out at once.
 */

import { isUtf8 } from 'node:buffer'
import type { Budget } from '../budget.ts'
import { applyMask, CLOSE, MAX_CONTROL_BYTES, OPCODE } from './frames.ts'

export interface FrameFault {
  /** For the Close frame that says so (section 7.4.1). */
  readonly code: number
  readonly detail: string
}

export interface MessageSink {
  /** @param payload may be kept, and nobody else changes it */
  onMessage(opcode: typeof OPCODE.text | typeof OPCODE.binary, payload: Buffer): void
  /** Ping, pong or close. */
  onControl(opcode: number, payload: Buffer): void
  /** Nothing more is read. */
  onFault(fault: FrameFault): void
}

export interface FrameReaderOptions {
  /** Whether frames come from a client, which masks them (section 5.1). */
  readonly isMasked: boolean
  /** Bytes of the largest message. */
  readonly maxMessage: number
  /** Of messages that have begun and not ended, over all connections. */
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
  #control: Buffer[] = []
  /** The message under way: what it is, 0 for none; its pieces. */
  #kind = 0
  #pieces: Buffer[] = []
  #size = 0
  #charged = 0
  #fragments = 0
  #isOver = false

  constructor(options: FrameReaderOptions, sink: MessageSink) {
    this.#options = options
    this.#sink = sink
  }

  /** @param chunk becomes the reader's: payload is unmasked where it lies */
  push(chunk: Buffer): void {
    let at = 0
    while (!this.#isOver && (at < chunk.length || this.#isFrameWhole())) {
      if (this.#headerBytes < this.#headerSize) at = this.#readHeader(chunk, at)
      else at = this.#readPayload(chunk, at)
    }
    this.#charge()
  }

  /** What was held is not needed any more. */
  [Symbol.dispose](): void {
    this.#isOver = true
    this.#options.budget.give(this.#charged)
    this.#charged = 0
    this.#pieces = []
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
    this.#headerSize = 2 + (length < 126 ? 0 : length === 126 ? 2 : 8) + (isMasked ? 4 : 0)
  }

  #endHeader(): void {
    const [first = 0, second = 0] = this.#header
    const short = second & 0x7f
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
    this.#opcode = first & 0x0f
    this.#isFinal = (first & 0x80) !== 0
    this.#left = length
    this.#got = 0
    if (this.#opcode >= 8) this.#beginControl()
    else this.#beginData()
  }

  #beginControl(): void {
    const { close, ping, pong } = OPCODE
    const isKnown = this.#opcode === close || this.#opcode === ping || this.#opcode === pong
    if (!isKnown) this.#fail('a frame is of a kind that nobody knows')
    else if (!this.#isFinal || this.#left > MAX_CONTROL_BYTES) {
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
    const { maxMessage } = this.#options
    if (++this.#fragments > MAX_FRAGMENTS || this.#size + this.#left > maxMessage) {
      const detail = `a message is larger than ${maxMessage} bytes, or in too many pieces`
      this.#fail(detail, CLOSE.tooLarge)
    }
  }

  #readPayload(chunk: Buffer, from: number): number {
    const end = Math.min(from + this.#left, chunk.length)
    if (end > from) {
      if (this.#options.isMasked) applyMask(chunk, from, end, this.#mask, this.#got)
      const isWhole = from === 0 && end === chunk.length
      this.#take(isWhole ? chunk : chunk.subarray(from, end))
      this.#got += end - from
      this.#left -= end - from
    }
    if (this.#left === 0) this.#endFrame()
    return end
  }

  #take(piece: Buffer): void {
    if (this.#opcode >= 8) this.#control.push(piece)
    else {
      this.#pieces.push(piece)
      this.#size += piece.length
    }
  }

  #endFrame(): void {
    this.#headerBytes = 0
    this.#headerSize = 2
    if (this.#opcode >= 8) {
      const payload = Buffer.concat(this.#control)
      this.#control = []
      const fault = this.#opcode === OPCODE.close ? faultOfClose(payload) : null
      if (fault) return this.#fail(fault.detail, fault.code)
      if (this.#opcode === OPCODE.close) this.#isOver = true
      this.#sink.onControl(this.#opcode, payload)
    } else if (this.#isFinal) this.#endMessage()
  }

  #endMessage(): void {
    const [first = NOTHING] = this.#pieces
    const payload = this.#pieces.length > 1 ? Buffer.concat(this.#pieces) : first
    const kind = this.#kind === OPCODE.text ? OPCODE.text : OPCODE.binary
    this.#kind = 0
    this.#pieces = []
    this.#size = 0
    this.#fragments = 0
    if (kind === OPCODE.text && !isUtf8(payload)) {
      return this.#fail('a text is not UTF-8', CLOSE.invalidData)
    }
    this.#sink.onMessage(kind, payload)
  }

  /** What is held from one chunk to the next counts; what comes and goes within one does not. */
  #charge(): void {
    if (this.#isOver) return
    const { budget } = this.#options
    budget.give(this.#charged)
    this.#charged = budget.take(this.#size) ? this.#size : 0
    if (this.#charged < this.#size) this.#fail('there is no room for more messages', CLOSE.tooLarge)
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
