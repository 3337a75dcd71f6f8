/**
 * What comes in on one HTTP/2 connection (RFC 9113), whichever side of it we are: settings, flow control, header blocks, and the rules that
 * hold between frames. What opens streams and what becomes of them is for `client-session` and `origin-session`.
 */

import { Connection, type ConnectionOptions } from './connection.ts'
import { controlFault } from './control-frames.ts'
import { toTrailerFields } from './field-list.ts'
import { FrameReader, type FrameSink } from './frame-reader.ts'
import { type ConnectionFault, ERROR, FLAG, FRAME, MAX_WINDOW } from './frames.ts'
import { HeaderBlocks } from './header-blocks.ts'
import type { HeaderList } from './hpack/decoder.ts'
import { readSettings } from './peer-settings.ts'
import { ReceiveWindow } from './receive-window.ts'
import { HELD, type Stream, type StreamFault } from './stream.ts'

export abstract class Session extends Connection implements FrameSink {
  readonly #preface: Buffer | null
  readonly #reader: FrameReader
  readonly #blocks: HeaderBlocks
  readonly #window = new ReceiveWindow()
  #touched: Stream[] = []
  #data: Stream | null = null
  #dataLength = 0
  #dataGot = 0
  #prefaceLeft: number
  #hasSettings = false

  constructor(options: ConnectionOptions) {
    super(options)
    this.#preface = options.preface
    this.#prefaceLeft = options.preface?.length ?? 0
    this.#reader = new FrameReader(this)
    this.#blocks = new HeaderBlocks(options.maxHeadBytes)
    options.socket.on('data', this.#onSocketData)
  }

  /** A header list that begins a stream, or belongs to one in other ways than as its trailers. */
  protected abstract onHeaders(stream: number, block: HeaderList, endStream: boolean): void
  /** The peer has reset one of its or our streams. */
  protected abstract onPeerReset(stream: Stream, code: number): void
  protected abstract onGoAway(lastStream: number, code: number): void
  protected abstract onSettings(): void
  /** A header block has begun and not ended with its first frame. */
  protected abstract onBlockOpen(): void
  /** Whether that stream was never opened, and not by the peer either. */
  protected abstract isIdle(stream: number): boolean

  /** Opens the connection's window. To be called once, behind SETTINGS. */
  protected widen(): void {
    this.frames.windowUpdate(0, this.#window.open())
  }

  /** Whether a header block has begun and not ended: the peer owes us the rest. */
  protected get isInBlock(): boolean {
    return this.#blocks.isOpen
  }

  protected stopReading(): void {
    this.#reader.stop()
  }

  #onSocketData = (chunk: Buffer): void => {
    try {
      this.#take(chunk)
    } catch (error) {
      this.onDefect(error)
    }
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
    const preface = this.#preface
    const from = (preface?.length ?? 0) - this.#prefaceLeft
    const taken = Math.min(this.#prefaceLeft, chunk.length)
    this.#prefaceLeft -= taken
    if (preface?.compare(chunk, 0, taken, from, from + taken) !== 0) {
      this.fail({ code: ERROR.protocol, detail: 'the connection does not begin as HTTP/2' })
    }
    return chunk.subarray(taken)
  }

  // From the reader.

  onFault(fault: ConnectionFault): void {
    this.fail(fault)
  }

  onDataBegin(id: number, length: number): void {
    if (this.isOver) return
    if (this.#isOutOfPlace(FRAME.data)) return
    if (!this.#window.take(length)) {
      return this.fail({ code: ERROR.flowControl, detail: 'more than the connection may send' })
    }
    if (this.#window.isLow) this.sendWindowUpdate(0, this.#window.open())
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
    else if (this.#dataGot === 0) this.countNoise()
  }

  onFrame(type: number, flags: number, id: number, payload: Buffer): void {
    if (this.isOver || this.#isOutOfPlace(type, id)) return
    const fault = controlFault(type, flags, id, payload.length)
    if (fault) return this.fail(fault)
    switch (type) {
      case FRAME.headers:
        return this.#onHeadersFrame(flags, id, payload)
      case FRAME.continuation:
        return this.#onBlock(this.#blocks.continue(flags, payload))
      case FRAME.priority:
        // Nobody heeds it any more (section 5.3.2).
        return this.countNoise()
      case FRAME.reset:
        return this.#onReset(id, payload)
      case FRAME.settings:
        return this.#onSettings(flags, payload)
      case FRAME.pushPromise:
        return this.fail({ code: ERROR.protocol, detail: 'a push that nobody allowed' })
      case FRAME.ping:
        return this.#onPing(flags, payload)
      case FRAME.goAway:
        return this.#onGoAway(payload)
      case FRAME.windowUpdate:
        return this.#onWindowUpdate(id, payload)
      default:
        // Section 5.5: what is not known is ignored.
        return this.countNoise()
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
    } else if (stream.isClosed) this.forget(stream)
  }

  #onReset(id: number, payload: Buffer): void {
    const stream = this.streams.get(id)
    if (!stream) return this.#onUnknown(id, 'RST_STREAM')
    const code = payload.readUInt32BE(0)
    stream.lose(code, 'the peer took it back')
    this.forget(stream)
    this.onPeerReset(stream, code)
  }

  #onSettings(flags: number, payload: Buffer): void {
    if ((flags & FLAG.ack) !== 0) return this.countNoise()
    const before = this.peer.initialWindow
    const result = readSettings(payload, this.peer)
    if ('code' in result) return this.fail(result)
    if (result.tableSize !== null) this.encoder.allow(result.tableSize)
    if (this.#hasSettings) this.countNoise()
    this.#hasSettings = true
    if (this.isOver) return
    this.frames.settingsAck()
    this.schedule()
    const change = this.peer.initialWindow - before
    for (const stream of change === 0 ? [] : this.streams.values())
      this.#widenStream(stream, change)
    if (!this.isOver) this.onSettings()
  }

  #onPing(flags: number, payload: Buffer): void {
    this.countNoise()
    if ((flags & FLAG.ack) !== 0 || this.isOver) return
    this.frames.ping(payload, true)
    this.schedule()
  }

  #onGoAway(payload: Buffer): void {
    this.countNoise()
    this.onGoAway(payload.readUInt32BE(0) & MAX_WINDOW, payload.readUInt32BE(4))
  }

  #onWindowUpdate(id: number, payload: Buffer): void {
    this.countNoise()
    const increment = payload.readUInt32BE(0) & MAX_WINDOW
    if (id === 0) {
      if (increment === 0) this.fail({ code: ERROR.protocol, detail: 'a window grows by nothing' })
      else if (!this.output.widen(increment)) this.fail(TOO_WIDE)
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
    if (!this.ended.wasReset(id)) this.countNoise()
  }

  /** DATA for a stream that is over: its sender has to learn of that (section 6.1), unless we have told it already. */
  #onLateData(id: number): void {
    this.#onUnknown(id, 'DATA')
    if (this.isOver || this.ended.wasReset(id)) return
    this.frames.reset(id, ERROR.streamClosed)
    this.schedule()
  }

  /**
   * HEADERS for a stream that is not there: over, an error unless we have reset it and the peer could not know (section 5.1), or passed
   * over, which is one too (section 5.1.1).
   */
  protected onClosedStream(id: number): void {
    if (this.ended.wasReset(id)) return this.countNoise()
    const code = this.ended.wasOpen(id) ? ERROR.streamClosed : ERROR.protocol
    this.fail({ code, detail: 'HEADERS for a stream that is over' })
  }
}

function broken(detail: string): StreamFault {
  return { kind: 'rules', detail }
}

const TOO_WIDE: ConnectionFault = { code: ERROR.flowControl, detail: 'a window is too large' }
