/**
 * One stream of an HTTP/2 connection (RFC 9113 section 5): pieces both ways, each direction with its own flow control. What comes while
 * nobody wants it waits here, and the peer is told that there is room only as it is taken, so a stream holds a window's worth at most.
 */

import type { Fields } from '../exchange/fields.ts'
import type { MessageOut } from '../exchange/message.ts'
import { keptTrailers } from '../exchange/trailers.ts'
import type { Connection } from './connection.ts'
import { ERROR } from './frames.ts'
import type { HeaderList } from './hpack/decoder.ts'
import { Pieces } from './pieces.ts'

/** Who wants what comes on a stream. Every stream ends with one of `onEnd`, `onReset` and `onBroken`. */
export interface StreamSink {
  /** A header list other than that of a request or the trailers: an answer. @returns false when it is none */
  onHeaders(block: HeaderList, endStream: boolean): boolean
  onData(buffer: Buffer, start: number, end: number): void
  /** All that came at once was handed over. */
  onFlush(): void
  onEnd(trailers: Fields | null): void
  /**
   * @param code of RFC 9113 section 7; null when the connection ended
   * @param isFault whether it ended because the peer has broken the rules
   */
  onReset(code: number | null, detail: string, isFault: boolean): void
  /** The stream was reset by us: the peer has broken the rules, or what waits for a slow reader has become too much. */
  onBroken(fault: StreamFault): void
  /** There is room again for what goes out. */
  onDrain(): void
}

export interface StreamFault {
  readonly kind: 'rules' | 'held'
  readonly detail: string
}

/** Bytes that wait to be sent before whoever sends is asked to pause. */
const HIGH_WATER = 64 * 1024
/** Frames in a row of one stream while others may be waiting. */
const QUANTUM = 4

export class Stream implements MessageOut {
  readonly id: number
  sink: StreamSink | null = null
  /** Called once, when the stream is over in both directions. */
  onClosed: (() => void) | null = null
  /** Bytes handed to the connection: header blocks as text, payload. */
  bytes = 0
  /** The same, received. */
  received = 0
  /** What may still be sent; negative after the peer has made its windows smaller. */
  sendWindow: number
  isPaused = false
  /** END_STREAM has come, or is on its way out. */
  remoteEnded = false
  localEnded = false
  /** Reset by either side, or lost with its connection. */
  isReset = false
  /** For the session: its sink will be told to flush. */
  isTouched = false
  readonly #connection: Connection
  #recvLeft: number
  /** Payload taken that the peer was not told of yet. */
  #taken = 0
  /** Payload still to come by Content-Length; -1 when nobody said. */
  #expected = -1
  readonly #inbound = new Pieces()
  #trailersIn: Fields | null = null
  #endIsDelivered = false
  readonly #outbound = new Pieces()
  #isFull = false
  #resetAtEnd: number | null = null
  /** The body is complete, and what follows it: null for nothing. */
  #isEnding = false
  #trailersOut: readonly string[] | null = null

  constructor(connection: Connection, id: number) {
    this.#connection = connection
    this.id = id
    this.sendWindow = connection.peer.initialWindow
    this.#recvLeft = connection.streamWindow
  }

  /** Neither side has anything to say any more. */
  get isClosed(): boolean {
    return this.isReset || (this.remoteEnded && this.localEnded)
  }

  // Out.

  /** @param list names in lower case and values, in turn */
  sendHeaders(
    list: readonly string[],
    secret: ReadonlySet<number> | null,
    endStream: boolean,
  ): void {
    if (this.isReset || this.localEnded) return
    for (const text of list) this.bytes += text.length
    if (endStream) this.localEnded = true
    this.#connection.sendHeaders(this, list, secret, endStream)
  }

  payload(buffer: Buffer, start: number, end: number): void {
    if (start === end || this.isReset || this.localEnded) return
    this.#outbound.push(buffer, start, end)
    this.#connection.hold(end - start)
  }

  finish(trailers: Fields | null, nominated: readonly string[] | null): void {
    const kept = trailers ? keptTrailers(trailers, nominated) : []
    if (kept.length > 0) {
      this.#trailersOut = kept.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text))
    }
    this.#isEnding = true
  }

  flush(): boolean {
    this.advance(QUANTUM)
    // Once full, it is until all was sent and `onDrain` has said so: who was asked to pause waits for that alone, whatever it still hands
    // over of what was under way.
    if (this.#outbound.bytes >= HIGH_WATER) {
      this.#isFull = true
      if (this.#connection.isOverfull)
        this.#connection.breakStream(this, ERROR.enhanceYourCalm, HELD)
    }
    return !this.#isFull
  }

  /** Sends as many frames as may be sent, up to a number. */
  advance(frames: number): void {
    if (this.isReset || this.localEnded) return
    const connection = this.#connection
    const { output } = connection
    const outbound = this.#outbound
    let left = frames
    for (let piece = outbound.first; piece; piece = outbound.first) {
      if (this.sendWindow <= 0) return
      if (left-- === 0 || !output.hasRoom) return output.wait(this)
      const room = Math.min(connection.maxFrame, output.window, this.sendWindow)
      const { buffer, start } = piece
      const end = Math.min(piece.end, start + room)
      const isWhole = end === piece.end
      const isLast = isWhole && outbound.isLast && this.#isEnding && !this.#trailersOut
      if (isLast) this.localEnded = true
      const length = end - start
      this.sendWindow -= length
      this.bytes += length
      outbound.drop(length)
      connection.hold(-length)
      connection.sendData(this, buffer, start, end, isLast)
    }
    if (this.#isEnding) this.#sendEnd()
    else if (this.#isFull) {
      this.#isFull = false
      this.sink?.onDrain()
    }
  }

  #sendEnd(): void {
    if (this.localEnded) return
    this.localEnded = true
    const trailers = this.#trailersOut
    if (trailers) this.#connection.sendHeaders(this, trailers, null, true)
    else this.#connection.sendData(this, NOTHING, 0, 0, true)
  }

  /** Once all was sent, ends the other direction too. */
  resetAtEnd(code: number): void {
    if (this.isClosed) return
    if (this.localEnded) this.reset(code)
    else this.#resetAtEnd ??= code
  }

  /** For the session: END_STREAM is on its way. */
  onLocalEnd(): void {
    if (this.#resetAtEnd !== null) this.reset(this.#resetAtEnd)
  }

  /** Ends the stream in both directions. Nothing is handed to its sink any more. */
  reset(code: number): void {
    if (this.isReset) return
    // It may be over for its connection while what has come still waits for a slow reader.
    const isOver = this.isClosed
    this.#drop()
    if (!isOver) this.#connection.sendReset(this, code)
  }

  // In.

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    if (!this.isPaused) return
    this.isPaused = false
    if (!this.#inbound.isEmpty) {
      this.#deliver()
      this.sink?.onFlush()
    }
    // Whoever got that may have paused again.
    if (this.remoteEnded && !this.isPaused) this.#deliverEnd()
  }

  /** Of a message that says how long it is: what comes has to be just that. */
  expect(length: number): void {
    this.#expected = length
  }

  /** For the session. @param length with padding @returns false when there was no room for it */
  admit(length: number): boolean {
    this.#recvLeft -= length
    return this.#recvLeft >= 0
  }

  /** For the session: padding, or payload nobody will take. */
  discard(length: number): void {
    this.#take(length)
  }

  /** For the session: `buffer[start..end]` has come. @returns false when that is more than was said */
  receive(buffer: Buffer, start: number, end: number): boolean {
    const length = end - start
    this.received += length
    if (this.#expected >= 0) {
      this.#expected -= length
      if (this.#expected < 0) return false
    }
    if (this.isPaused || !this.#inbound.isEmpty) {
      this.#inbound.push(buffer, start, end)
      this.#connection.hold(length)
    } else {
      this.sink?.onData(buffer, start, end)
      this.#take(length)
    }
    return true
  }

  /** For the session: no more will come. @returns false when that is less than was said */
  receiveEnd(trailers: Fields | null): boolean {
    this.remoteEnded = true
    this.#trailersIn = trailers
    if (this.#expected > 0) return false
    if (!this.isPaused) this.#deliverEnd()
    return true
  }

  /** For the session: the stream is over by reset or with its connection. */
  lose(code: number | null, detail: string, isFault = false): void {
    const sink = this.#drop()
    sink?.onReset(code, detail, isFault)
  }

  /** For the session, which resets it. */
  break(fault: StreamFault): void {
    const sink = this.#drop()
    sink?.onBroken(fault)
  }

  #drop(): StreamSink | null {
    const { sink } = this
    this.sink = null
    this.isReset = true
    this.#connection.hold(-this.#inbound.bytes - this.#outbound.bytes)
    this.#inbound.clear()
    this.#outbound.clear()
    return sink
  }

  #deliver(): void {
    const inbound = this.#inbound
    for (let piece = inbound.first; piece && !this.isPaused; piece = inbound.first) {
      const { buffer, start, end } = piece
      inbound.drop(end - start)
      this.#connection.hold(start - end)
      this.sink?.onData(buffer, start, end)
      this.#take(end - start)
    }
  }

  #deliverEnd(): void {
    const { sink } = this
    const trailers = this.#trailersIn
    this.#trailersIn = null
    if (!this.#endIsDelivered) sink?.onEnd(trailers)
    this.#endIsDelivered = true
  }

  /** Tells the peer of the room, once it is worth a frame. */
  #take(length: number): void {
    this.#taken += length
    if (this.remoteEnded || this.isReset || this.#taken < this.#connection.streamWindow / 2) return
    this.#connection.sendWindowUpdate(this.id, this.#taken)
    this.#recvLeft += this.#taken
    this.#taken = 0
  }
}

const NOTHING = Buffer.alloc(0)

export const HELD: StreamFault = { kind: 'held', detail: 'too much waits for slow readers' }
