/**
 * One HTTP/2 connection (RFC 9113), as its streams and whoever opens them see it: what goes out, who waits for it, and how it ends. What
 * comes in, and the rules that hold between frames, are for `session`.
 *
 * What all streams of all connections hold together is bounded by a budget. A peer that makes us work without asking for anything is told
 * to calm down (section 10.5).
 */

import { type Allowance, TokenBucket } from '../../model/token-bucket.ts'
import type { Channel } from '../channel.ts'
import { linger } from '../linger.ts'
import { EndedStreams } from './ended-streams.ts'
import type { FrameBuffer } from './frame-buffer.ts'
import { type ConnectionFault, DEFAULT_WINDOW, ERROR, MAX_FRAME_BYTES } from './frames.ts'
import { HpackEncoder } from './hpack/encoder.ts'
import { Output, type OutputKeeper } from './output.ts'
import type { PeerSettings } from './peer-settings.ts'
import type { Stream, StreamFault } from './stream.ts'

export interface ConnectionOptions {
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

/** Frames that ask for nothing that may come for each frame of payload we send: two windows are opened for it, by some in halves. */
const NOISE_PER_DATA = 4

export abstract class Connection implements OutputKeeper {
  readonly streams = new Map<number, Stream>()
  readonly peer: PeerSettings
  readonly maxFrame = MAX_FRAME_BYTES
  readonly streamWindow: number
  readonly output: Output
  /** No frame comes or goes any more. */
  isOver = false
  protected readonly socket: Channel
  /** On their way out. */
  protected readonly frames: FrameBuffer
  protected readonly encoder = new HpackEncoder()
  protected readonly ended = new EndedStreams()
  /** The highest number of a stream that the peer has opened. */
  protected lastPeerStream = 0
  readonly #options: ConnectionOptions
  readonly #noise: TokenBucket

  constructor(options: ConnectionOptions) {
    const { socket, streamWindow } = options
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
    this.output = new Output(socket, this)
    this.frames = this.output.frames
    socket.on('end', this.#onSocketEnd)
    socket.on('error', this.#onSocketError)
    socket.on('close', this.#onSocketClose)
  }

  /** Nothing that comes is of interest any more. */
  protected abstract stopReading(): void
  /** A stream was reset by us because the peer broke the rules on it. */
  protected abstract onPeerBroke(): void
  /** A stream is over. */
  protected abstract onStreamClosed(stream: Stream): void
  /** The connection has ended. Called once; all streams were told. @param fault of the peer; null for none */
  protected abstract onOver(fault: ConnectionFault | null): void

  /** Milliseconds, of the clock of the options. */
  protected now(): number {
    return this.#options.now()
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
    this.stopReading()
    for (const stream of this.streams.values()) {
      stream.lose(null, detail, fault !== null)
      stream.onClosed?.()
    }
    this.streams.clear()
    this.output.end()
    linger(this.socket)
    this.onOver(fault)
  }

  destroy(): void {
    this.end('the connection was closed')
    this.socket.destroy()
  }

  onUnread(): void {
    this.end('the peer does not read')
  }

  /** A defect of ours costs this connection. */
  onDefect(error: unknown): void {
    this.#options.report('HTTP/2', error)
    this.destroy()
  }

  // For streams.

  sendHeaders(
    stream: Stream,
    list: readonly string[],
    secret: ReadonlySet<number> | null,
    endStream: boolean,
  ): void {
    if (this.isOver) return
    this.frames.headers(stream.id, list, secret, endStream, this.encoder, this.maxFrame)
    this.#sent(stream)
  }

  sendData(stream: Stream, buffer: Buffer, start: number, end: number, isLast: boolean): void {
    if (this.isOver) return
    this.output.window -= end - start
    this.frames.data(stream.id, buffer, start, end, isLast)
    this.#noise.give(NOISE_PER_DATA)
    this.#sent(stream)
  }

  sendReset(stream: Stream, code: number): void {
    if (this.isOver) return
    this.frames.reset(stream.id, code)
    this.ended.addReset(stream.id)
    this.#sent(stream)
  }

  sendWindowUpdate(stream: number, increment: number): void {
    if (this.isOver) return
    this.frames.windowUpdate(stream, increment)
    this.schedule()
  }

  #sent(stream: Stream): void {
    if (stream.isClosed) this.forget(stream)
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
    this.output.schedule()
  }

  /** Resets the stream for what the peer does on it. */
  breakStream(stream: Stream, code: number, fault: StreamFault): void {
    if (stream.isReset) return
    stream.break(fault)
    this.sendReset(stream, code)
    this.onPeerBroke()
  }

  /** Something has come that asks for nothing. */
  protected countNoise(): void {
    if (!this.#noise.take(this.now())) this.fail(TOO_NOISY)
  }

  /** The stream is over in both directions. */
  protected forget(stream: Stream): void {
    if (!this.streams.delete(stream.id)) return
    this.ended.addClosed(stream.id)
    this.output.forget(stream)
    stream.onClosed?.()
    this.onStreamClosed(stream)
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
}

const TOO_NOISY: ConnectionFault = {
  code: ERROR.enhanceYourCalm,
  detail: 'too many frames that ask for nothing',
}
