/**
 * One HTTP/2 connection (RFC 9113), whichever side of it we are: frames in and out, settings, flow control, header blocks, and the rules
 * that hold between frames. What opens streams and what becomes of them is for `client-session` and `origin-session`.
 *
 * The connection's own window is opened again as soon as bytes arrive, so that no stream whose reader is slow stops another; what a
 * stream may hold is bounded by its own window, and what all hold together by a budget. A peer that makes us work without
 * asking for anything is told to calm down (section 10.5).
 */

import { type Allowance, TokenBucket } from '../../model/token-bucket.ts'
import type { Channel } from '../channel.ts'
import { linger } from '../linger.ts'
import { EndedStreams } from './ended-streams.ts'
import { toTrailerFields } from './field-list.ts'
import { FrameBuffer } from './frame-buffer.ts'
import { FrameReader, type FrameSink } from './frame-reader.ts'
import {
  type ConnectionFault,
  DEFAULT_WINDOW,
  ERROR,
  FLAG,
  FRAME,
  MAX_FRAME_BYTES,
  MAX_WINDOW,
} from './frames.ts'
import { HeaderBlocks } from './header-blocks.ts'
import type { HeaderList } from './hpack/decoder.ts'
import { HpackEncoder } from './hpack/encoder.ts'
import { type PeerSettings, readSettings } from './peer-settings.ts'
import { HELD, type Stream, type StreamFault } from './stream.ts'

export interface SessionOptions {
  readonly socket: Channel
  /** Bytes of payload that a stream may send us ahead of its reader. */
  readonly streamWindow: number
  /** Bytes that wait in all streams of all sessions. */
  readonly held: HeldBytes
  readonly maxHeadBytes: number
  /** Frames that ask for nothing; each frame of payload we send allows some more. */
  readonly noise: Allowance
  /** What the peer opens the connection with; null for nothing. */
  readonly preface: Buffer | null
  /** Milliseconds, of any clock. */
  now(): number
  /** Tells the operator of what should not have happened; it costs this connection, not the process. */
  report(where: string, error: unknown): void
}

/** Payload that waits for somebody, in either direction, over many sessions. */
export interface HeldBytes {
  used: number
  readonly limit: number
}

/** Of our window for the whole connection. */
const CONNECTION_WINDOW = 16 * 1024 * 1024
/** Frames written in one go before the socket is asked whether it can take more. */
const WRITE_BYTES = 128 * 1024
/** Bytes that a peer may leave unread before we give up on it. Payload alone never gets there. */
const MAX_UNREAD = 4 * 1024 * 1024
/** Frames that ask for nothing that may come for each frame of payload we send: two windows are opened for it, by some in halves. */
const NOISE_PER_DATA = 4

export abstract class Session implements FrameSink {
  readonly streams = new Map<number, Stream>()
  readonly peer: PeerSettings
  readonly maxFrame = MAX_FRAME_BYTES
  readonly streamWindow: number
  /** What may still be sent on the whole connection. */
  sendWindow = DEFAULT_WINDOW
  /** No frame comes or goes any more. */
  isOver = false
  protected readonly socket: Channel
  protected readonly frames = new FrameBuffer()
  /** The highest number of a stream that the peer has opened. */
  protected lastPeerStream = 0
  readonly #options: SessionOptions
  readonly #reader: FrameReader
  readonly #blocks: HeaderBlocks
  readonly #encoder = new HpackEncoder()
  readonly #noise: TokenBucket
  readonly #waiting = new Set<Stream>()
  readonly #ended = new EndedStreams()
  #touched: Stream[] = []
  #data: Stream | null = null
  #dataLength = 0
  #dataGot = 0
  #recvLeft = DEFAULT_WINDOW
  #prefaceLeft: number
  #hasSettings = false
  #needsDrain = false
  #isScheduled = false

  constructor(options: SessionOptions) {
    const { socket, streamWindow, maxHeadBytes } = options
    this.#options = options
    this.peer = {
      initialWindow: DEFAULT_WINDOW,
      maxStreams: Number.POSITIVE_INFINITY,
      isOrigin: options.preface === null,
      connectProtocol: false,
    }
    this.socket = socket
    this.streamWindow = streamWindow
    this.#noise = new TokenBucket(options.noise, options.now())
    this.#reader = new FrameReader(this)
    this.#blocks = new HeaderBlocks(maxHeadBytes)
    this.#prefaceLeft = options.preface?.length ?? 0
    socket.on('data', this.#onSocketData)
    socket.on('drain', this.#onSocketDrain)
    socket.on('end', this.#onSocketEnd)
    socket.on('error', this.#onSocketError)
    socket.on('close', this.#onSocketClose)
  }

  /** A header list that begins a stream, or belongs to one in other ways than as its trailers. */
  protected abstract onHeaders(stream: number, block: HeaderList, endStream: boolean): void
  /** The peer has reset one of its or our streams. */
  protected abstract onPeerReset(stream: Stream, code: number): void
  /** A stream was reset by us because the peer broke the rules on it. */
  protected abstract onPeerBroke(): void
  protected abstract onGoAway(lastStream: number, code: number): void
  /** A stream is over. */
  protected abstract onStreamClosed(stream: Stream): void
  protected abstract onSettings(): void
  /** A header block has begun and not ended with its first frame. */
  protected abstract onBlockOpen(): void
  /** The connection has ended. Called once; all streams were told. @param fault of the peer; null for none */
  protected abstract onOver(fault: ConnectionFault | null): void
  /** Whether that stream was never opened, and not by the peer either. */
  protected abstract isIdle(stream: number): boolean

  /** Milliseconds, of the clock of the options. */
  protected now(): number {
    return this.#options.now()
  }

  /** Opens the connection's window. To be called once, behind SETTINGS. */
  protected widen(): void {
    this.frames.windowUpdate(0, CONNECTION_WINDOW - DEFAULT_WINDOW)
    this.#recvLeft = CONNECTION_WINDOW
  }

  /** Whether a header block has begun and not ended: the peer owes us the rest. */
  protected get isInBlock(): boolean {
    return this.#blocks.isOpen
  }

  /** Ends the connection with what went wrong; streams are told. */
  protected fail(fault: ConnectionFault): void {
    if (this.isOver) return
    this.frames.goAway(this.lastPeerStream, fault.code)
    this.end(fault.detail, fault)
  }

  /** Ends the connection once what was written is sent. */
  protected end(detail: string, fault: ConnectionFault | null = null): void {
    if (this.isOver) return
    this.isOver = true
    this.#reader.stop()
    for (const stream of this.streams.values()) {
      stream.lose(null, detail, fault !== null)
      stream.onClosed?.()
    }
    this.streams.clear()
    this.#waiting.clear()
    this.#write()
    linger(this.socket)
    this.onOver(fault)
  }

  destroy(): void {
    this.end('the connection was closed')
    this.socket.destroy()
  }

  // For streams: out.

  /** Whether a frame of payload may be handed over now. */
  get hasRoom(): boolean {
    return !this.#needsDrain && this.sendWindow > 0 && this.frames.size < WRITE_BYTES
  }

  /** The stream has more to send than it could. */
  wait(stream: Stream): void {
    this.#waiting.add(stream)
    if (this.hasRoom) this.schedule()
  }

  sendHeaders(
    stream: Stream,
    list: readonly string[],
    secret: ReadonlySet<number> | null,
    endStream: boolean,
  ): void {
    if (this.isOver) return
    this.frames.headers(stream.id, list, secret, endStream, this.#encoder, this.maxFrame)
    this.#sent(stream)
  }

  sendData(stream: Stream, buffer: Buffer, start: number, end: number, isLast: boolean): void {
    if (this.isOver) return
    this.sendWindow -= end - start
    this.frames.data(stream.id, buffer, start, end, isLast)
    this.#noise.give(NOISE_PER_DATA)
    this.#sent(stream)
  }

  sendReset(stream: Stream, code: number): void {
    if (this.isOver) return
    this.frames.reset(stream.id, code)
    this.#ended.addReset(stream.id)
    this.#sent(stream)
  }

  sendWindowUpdate(stream: number, increment: number): void {
    if (this.isOver) return
    this.frames.windowUpdate(stream, increment)
    this.schedule()
  }

  #sent(stream: Stream): void {
    if (stream.isClosed) this.#forget(stream)
    else if (stream.localEnded) stream.onLocalEnd()
    this.schedule()
  }

  /** Payload has come to wait in a stream, or does not wait any more. */
  hold(bytes: number): void {
    this.#options.held.used += bytes
  }

  /** Whether more waits, over all sessions, than may. */
  get isOverfull(): boolean {
    const { used, limit } = this.#options.held
    return used > limit
  }

  /** Has everything written once this turn of work is done. */
  protected schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    process.nextTick(this.#flush)
  }

  #flush = (): void => {
    this.#isScheduled = false
    try {
      this.#send()
    } catch (error) {
      this.#break(error)
    }
  }

  #send(): void {
    while (!this.isOver && this.frames.size > 0) {
      this.#write()
      if (this.#needsDrain) return
      this.#advanceWaiting()
    }
    // What came up after the end is for nobody: it must not be waited for.
    if (this.isOver) return
    if (this.#waiting.size > 0) this.#advanceWaiting()
    if (this.frames.size > 0) this.schedule()
  }

  #write(): void {
    const { socket } = this
    const parts = this.frames.take()
    const [first] = parts
    if (!first || socket.destroyed) return
    let flowing: boolean
    if (parts.length === 1) flowing = socket.write(first)
    else {
      socket.cork()
      flowing = true
      for (const part of parts) flowing = socket.write(part)
      socket.uncork()
    }
    this.#needsDrain = !flowing
    if (socket.writableLength > MAX_UNREAD) this.end('the peer does not read')
  }

  /** One frame of each stream in turn, as long as there is room. */
  #advanceWaiting(): void {
    while (this.hasRoom) {
      const [stream] = this.#waiting
      if (!stream) return
      this.#waiting.delete(stream)
      stream.advance(1)
    }
  }

  // From the socket.

  #onSocketData = (chunk: Buffer): void => {
    try {
      this.#take(chunk)
    } catch (error) {
      this.#break(error)
    }
  }

  #break(error: unknown): void {
    this.#options.report('HTTP/2', error)
    this.destroy()
  }

  #take(chunk: Buffer): void {
    this.#reader.push(this.#prefaceLeft > 0 ? this.#skipPreface(chunk) : chunk)
    const touched = this.#touched
    if (touched.length === 0) return
    this.#touched = []
    for (const stream of touched) {
      stream.isTouched = false
      stream.sink?.onFlush()
    }
  }

  #skipPreface(chunk: Buffer): Buffer {
    const { preface } = this.#options
    const from = (preface?.length ?? 0) - this.#prefaceLeft
    const taken = Math.min(this.#prefaceLeft, chunk.length)
    this.#prefaceLeft -= taken
    if (preface?.compare(chunk, 0, taken, from, from + taken) !== 0) {
      this.fail({ code: ERROR.protocol, detail: 'the connection does not begin as HTTP/2' })
    }
    return chunk.subarray(taken)
  }

  #onSocketDrain = (): void => {
    this.#needsDrain = false
    this.#flush()
  }

  #onSocketEnd = (): void => {
    this.end('the peer closed the connection')
  }

  #onSocketError = (): void => {
    this.socket.destroy()
  }

  #onSocketClose = (): void => {
    this.end('the connection was lost')
  }

  // From the reader.

  onFault(fault: ConnectionFault): void {
    this.fail(fault)
  }

  onDataBegin(id: number, length: number): void {
    if (this.isOver) return
    if (this.#isOutOfPlace(FRAME.data)) return
    this.#recvLeft -= length
    if (this.#recvLeft < 0) {
      return this.fail({ code: ERROR.flowControl, detail: 'more than the connection may send' })
    }
    if (this.#recvLeft < CONNECTION_WINDOW / 2) {
      this.sendWindowUpdate(0, CONNECTION_WINDOW - this.#recvLeft)
      this.#recvLeft = CONNECTION_WINDOW
    }
    const stream = this.streams.get(id)
    this.#data = stream ?? null
    this.#dataLength = length
    this.#dataGot = 0
    if (!stream) return this.#onLateData(id)
    if (stream.remoteEnded) {
      return this.breakStream(stream, ERROR.streamClosed, broken('DATA after its end'))
    }
    if (stream.admit(length)) return
    this.breakStream(stream, ERROR.flowControl, broken('more than the stream may send'))
  }

  onData(buffer: Buffer, start: number, end: number): void {
    const stream = this.#data
    if (this.isOver || !stream || stream.isReset) return
    this.#dataGot += end - start
    if (stream.isPaused && this.isOverfull) {
      return this.breakStream(stream, ERROR.enhanceYourCalm, HELD)
    }
    if (!stream.receive(buffer, start, end)) {
      this.breakStream(stream, ERROR.protocol, broken('more body than Content-Length says'))
    } else this.#touch(stream)
  }

  #touch(stream: Stream): void {
    if (stream.isTouched) return
    stream.isTouched = true
    this.#touched.push(stream)
  }

  onDataEnd(endStream: boolean): void {
    const stream = this.#data
    this.#data = null
    if (this.isOver || !stream || stream.isReset) return
    if (this.#dataGot < this.#dataLength) stream.discard(this.#dataLength - this.#dataGot)
    if (endStream) this.#endStream(stream, null)
    else if (this.#dataGot === 0) this.#countNoise()
  }

  onFrame(type: number, flags: number, id: number, payload: Buffer): void {
    if (this.isOver || this.#isOutOfPlace(type, id)) return
    switch (type) {
      case FRAME.headers:
        return this.#onHeadersFrame(flags, id, payload)
      case FRAME.continuation:
        return this.#onBlock(this.#blocks.continue(flags, payload))
      case FRAME.priority:
        return this.#onPriority(id, payload)
      case FRAME.reset:
        return this.#onReset(id, payload)
      case FRAME.settings:
        return this.#onSettings(flags, id, payload)
      case FRAME.pushPromise:
        return this.fail({ code: ERROR.protocol, detail: 'a push that nobody allowed' })
      case FRAME.ping:
        return this.#onPing(flags, id, payload)
      case FRAME.goAway:
        return this.#onGoAway(id, payload)
      case FRAME.windowUpdate:
        return this.#onWindowUpdate(id, payload)
      default:
        // Section 5.5: what is not known is ignored.
        return this.#countNoise()
    }
  }

  /** Between the frames of a header block nothing else may come (section 6.10); before SETTINGS nothing at all (section 3.4). */
  #isOutOfPlace(type: number, id = 0): boolean {
    const isSettings = type === FRAME.settings
    const isContinuation = type === FRAME.continuation
    if (
      (this.#hasSettings || isSettings) &&
      (this.#blocks.isOpen ? isContinuation && id === this.#blocks.stream : !isContinuation)
    ) {
      return false
    }
    this.fail({ code: ERROR.protocol, detail: 'a frame is not where it may be' })
    return true
  }

  #onHeadersFrame(flags: number, id: number, payload: Buffer): void {
    if (id === 0) return this.fail({ code: ERROR.protocol, detail: 'HEADERS belong to no stream' })
    this.#onBlock(this.#blocks.begin(flags, id, payload))
    if (this.isInBlock && !this.isOver) this.onBlockOpen()
  }

  #onBlock(result: HeaderList | ConnectionFault | null): void {
    if (result === null) return
    if ('code' in result) return this.fail(result)
    const { stream: id, endStream } = this.#blocks
    const stream = this.streams.get(id)
    if (!stream) return this.onHeaders(id, result, endStream)
    if (stream.remoteEnded) {
      return this.breakStream(stream, ERROR.streamClosed, broken('HEADERS after its end'))
    }
    for (const text of result.list) stream.received += text.length
    if (stream.sink?.onHeaders(result, endStream)) {
      if (endStream) this.#endStream(stream, null)
      else this.#touch(stream)
      return
    }
    const trailers = endStream ? toTrailerFields(result) : null
    if (trailers) return this.#endStream(stream, trailers)
    this.breakStream(stream, ERROR.protocol, broken('its headers are malformed'))
  }

  #endStream(stream: Stream, trailers: ReturnType<typeof toTrailerFields>): void {
    if (!stream.receiveEnd(trailers && trailers.list.length > 0 ? trailers : null)) {
      this.breakStream(stream, ERROR.protocol, broken('less body than Content-Length says'))
    } else if (stream.isClosed) this.#forget(stream)
  }

  /** Nobody heeds it any more (section 5.3.2). */
  #onPriority(id: number, payload: Buffer): void {
    if (id === 0)
      return this.fail({ code: ERROR.protocol, detail: 'PRIORITY belongs to no stream' })
    if (payload.length !== 5) return this.fail(WRONG_SIZE)
    this.#countNoise()
  }

  #onReset(id: number, payload: Buffer): void {
    if (payload.length !== 4) return this.fail(WRONG_SIZE)
    const stream = this.streams.get(id)
    if (!stream) return this.#onUnknown(id, 'RST_STREAM')
    const code = payload.readUInt32BE(0)
    stream.lose(code, 'the peer took it back')
    this.#forget(stream)
    this.onPeerReset(stream, code)
  }

  #onSettings(flags: number, id: number, payload: Buffer): void {
    const isAck = (flags & FLAG.ack) !== 0
    if (id !== 0) return this.fail({ code: ERROR.protocol, detail: 'SETTINGS belong to a stream' })
    if (isAck ? payload.length > 0 : payload.length % 6 !== 0) return this.fail(WRONG_SIZE)
    if (isAck) return this.#countNoise()
    const before = this.peer.initialWindow
    const result = readSettings(payload, this.peer)
    if ('code' in result) return this.fail(result)
    if (result.tableSize !== null) this.#encoder.allow(result.tableSize)
    if (this.#hasSettings) this.#countNoise()
    this.#hasSettings = true
    if (this.isOver) return
    this.frames.settingsAck()
    this.schedule()
    const change = this.peer.initialWindow - before
    for (const stream of change === 0 ? [] : this.streams.values())
      this.#widenStream(stream, change)
    if (!this.isOver) this.onSettings()
  }

  #onPing(flags: number, id: number, payload: Buffer): void {
    if (id !== 0) return this.fail({ code: ERROR.protocol, detail: 'PING belongs to a stream' })
    if (payload.length !== 8) return this.fail(WRONG_SIZE)
    this.#countNoise()
    if ((flags & FLAG.ack) !== 0 || this.isOver) return
    this.frames.ping(payload, true)
    this.schedule()
  }

  #onGoAway(id: number, payload: Buffer): void {
    if (id !== 0) return this.fail({ code: ERROR.protocol, detail: 'GOAWAY belongs to a stream' })
    if (payload.length < 8) return this.fail(WRONG_SIZE)
    this.#countNoise()
    this.onGoAway(payload.readUInt32BE(0) & MAX_WINDOW, payload.readUInt32BE(4))
  }

  #onWindowUpdate(id: number, payload: Buffer): void {
    if (payload.length !== 4) return this.fail(WRONG_SIZE)
    this.#countNoise()
    const increment = payload.readUInt32BE(0) & MAX_WINDOW
    if (id === 0) {
      this.sendWindow += increment
      if (increment === 0) this.fail({ code: ERROR.protocol, detail: 'a window grows by nothing' })
      else if (this.sendWindow > MAX_WINDOW) this.fail(TOO_WIDE)
      else if (this.#waiting.size > 0) this.schedule()
      return
    }
    const stream = this.streams.get(id)
    if (!stream) return this.#onUnknown(id, 'WINDOW_UPDATE')
    if (increment === 0) {
      return this.breakStream(stream, ERROR.protocol, broken('a window grows by nothing'))
    }
    this.#widenStream(stream, increment)
  }

  #widenStream(stream: Stream, change: number): void {
    stream.sendWindow += change
    if (stream.sendWindow > MAX_WINDOW) {
      this.breakStream(stream, ERROR.flowControl, broken(TOO_WIDE.detail))
    } else if (change > 0) stream.advance(1)
  }

  /** Something for a stream that is not there: over, which may cross on the way, or never opened, which may not. */
  #onUnknown(id: number, what: string): void {
    if (id === 0 || this.isIdle(id)) {
      return this.fail({
        code: ERROR.protocol,
        detail: `${what} for a stream that was never opened`,
      })
    }
    if (!this.#ended.wasReset(id)) this.#countNoise()
  }

  /** DATA for a stream that is over: its sender has to learn of that (section 6.1), unless we have told it already. */
  #onLateData(id: number): void {
    this.#onUnknown(id, 'DATA')
    if (this.isOver || this.#ended.wasReset(id)) return
    this.frames.reset(id, ERROR.streamClosed)
    this.schedule()
  }

  /**
   * HEADERS for a stream that is not there: over, an error unless we have reset it and the peer could not know (section 5.1), or passed
   * over, which is one too (section 5.1.1).
   */
  protected onClosedStream(id: number): void {
    if (this.#ended.wasReset(id)) return this.#countNoise()
    const code = this.#ended.wasOpen(id) ? ERROR.streamClosed : ERROR.protocol
    this.fail({ code, detail: 'HEADERS for a stream that is over' })
  }

  /** Resets the stream for what the peer does on it. */
  breakStream(stream: Stream, code: number, fault: StreamFault): void {
    if (stream.isReset) return
    stream.break(fault)
    this.sendReset(stream, code)
    this.onPeerBroke()
  }

  #countNoise(): void {
    if (!this.#noise.take(this.now())) this.fail(TOO_NOISY)
  }

  #forget(stream: Stream): void {
    if (!this.streams.delete(stream.id)) return
    this.#ended.addClosed(stream.id)
    this.#waiting.delete(stream)
    stream.onClosed?.()
    this.onStreamClosed(stream)
  }
}

function broken(detail: string): StreamFault {
  return { kind: 'rules', detail }
}

const WRONG_SIZE: ConnectionFault = { code: ERROR.frameSize, detail: 'a frame has a wrong size' }
const TOO_WIDE: ConnectionFault = { code: ERROR.flowControl, detail: 'a window is too large' }
const TOO_NOISY: ConnectionFault = {
  code: ERROR.enhanceYourCalm,
  detail: 'too many frames that ask for nothing',
}
