/**
 * Frames out of a stream of bytes (RFC 9113 section 4.1), in whatever pieces they come. DATA is handed on as it arrives, everything else
 * whole. Only form is looked at here; what a frame means at its time is for the session.
 */

import {
  type ConnectionFault,
  ERROR,
  FLAG,
  FRAME,
  FRAME_HEADER_BYTES,
  MAX_FRAME_BYTES,
} from './frames.ts'

export interface FrameSink {
  /** A whole frame other than DATA. */
  onFrame(type: number, flags: number, stream: number, payload: Buffer): void
  /** A DATA frame begins. @param length of its payload, padding included: what it counts for flow control */
  onDataBegin(stream: number, length: number): void
  /** A piece of it: `buffer[start..end]`, without padding. */
  onData(buffer: Buffer, start: number, end: number): void
  onDataEnd(endStream: boolean): void
  onFault(fault: ConnectionFault): void
}

export class FrameReader {
  readonly #sink: FrameSink
  /** What has come of a header, or of the payload of a frame that is handed on whole. */
  #held: Buffer = Buffer.allocUnsafe(FRAME_HEADER_BYTES)
  #heldBytes = 0
  #hasHeader = false
  #length = 0
  #type = 0
  #flags = 0
  #stream = 0
  /** Of a DATA frame: whether the length of its padding is still to come; payload and padding to come. */
  #wantsPadding = false
  #dataLeft = 0
  #paddingLeft = 0
  #isStopped = false

  constructor(sink: FrameSink) {
    this.#sink = sink
  }

  /** Nothing more is read, not even the rest of what `push` has got. */
  stop(): void {
    this.#isStopped = true
  }

  /** @param chunk is handed on in part, so it may not change any more. */
  push(chunk: Buffer): void {
    let at = 0
    while (!this.#isStopped) {
      if (!this.#hasHeader) {
        at = this.#readHeader(chunk, at)
        if (!this.#hasHeader || this.#isStopped) return
      }
      if (this.#type === FRAME.data) {
        at = this.#readData(chunk, at)
        if (this.#hasHeader) return
      } else {
        const end = at + this.#length - this.#heldBytes
        if (end > chunk.length) return this.#hold(chunk, at)
        this.#endFrame(chunk, at, end)
        at = end
      }
    }
  }

  #readHeader(chunk: Buffer, from: number): number {
    let header = chunk
    let start = from
    let end = from + FRAME_HEADER_BYTES
    if (this.#heldBytes > 0 || end > chunk.length) {
      const taken = Math.min(FRAME_HEADER_BYTES - this.#heldBytes, chunk.length - from)
      chunk.copy(this.#held, this.#heldBytes, from, from + taken)
      this.#heldBytes += taken
      if (this.#heldBytes < FRAME_HEADER_BYTES) return from + taken
      header = this.#held
      start = 0
      end = from + taken
      this.#heldBytes = 0
    }
    this.#length =
      ((header[start] ?? 0) << 16) | ((header[start + 1] ?? 0) << 8) | (header[start + 2] ?? 0)
    this.#type = header[start + 3] ?? 0
    this.#flags = header[start + 4] ?? 0
    this.#stream = header.readUInt32BE(start + 5) & 0x7fff_ffff
    if (this.#length > MAX_FRAME_BYTES) this.#fail(ERROR.frameSize, 'a frame is too large')
    else {
      this.#hasHeader = true
      if (this.#type === FRAME.data) this.#beginData()
    }
    return end
  }

  #beginData(): void {
    this.#wantsPadding = (this.#flags & FLAG.padded) !== 0
    this.#dataLeft = this.#length
    this.#paddingLeft = 0
    if (this.#stream === 0) return this.#fail(ERROR.protocol, 'DATA belongs to no stream')
    if (this.#wantsPadding && this.#length === 0) {
      return this.#fail(ERROR.frameSize, 'a padded frame has no length of padding')
    }
    this.#sink.onDataBegin(this.#stream, this.#length)
  }

  /** @returns the index after what was taken; the frame is over once there is no header any more. */
  #readData(chunk: Buffer, from: number): number {
    let at = from
    if (this.#wantsPadding && at < chunk.length) {
      const padding = chunk[at++] ?? 0
      this.#wantsPadding = false
      this.#paddingLeft = padding
      this.#dataLeft = this.#length - 1 - padding
      if (this.#dataLeft < 0) {
        this.#fail(ERROR.protocol, 'there is more padding than frame')
        return at
      }
    }
    const end = Math.min(at + this.#dataLeft, chunk.length)
    if (!this.#wantsPadding && end > at) {
      this.#dataLeft -= end - at
      this.#sink.onData(chunk, at, end)
      at = end
    }
    const skipped = Math.min(this.#paddingLeft, chunk.length - at)
    if (this.#dataLeft === 0) {
      this.#paddingLeft -= skipped
      at += skipped
    }
    if (!this.#wantsPadding && this.#dataLeft === 0 && this.#paddingLeft === 0) {
      this.#hasHeader = false
      this.#sink.onDataEnd((this.#flags & FLAG.endStream) !== 0)
    }
    return at
  }

  #hold(chunk: Buffer, at: number): void {
    if (this.#length > this.#held.length) {
      const grown = Buffer.allocUnsafe(this.#length)
      this.#held.copy(grown, 0, 0, this.#heldBytes)
      this.#held = grown
    }
    this.#heldBytes += chunk.copy(this.#held, this.#heldBytes, at)
  }

  #endFrame(chunk: Buffer, at: number, end: number): void {
    this.#hasHeader = false
    let payload = chunk.subarray(at, end)
    if (this.#heldBytes > 0) {
      this.#hold(chunk.subarray(0, end), at)
      // Copied: what is held is used again, and the session may keep header blocks.
      payload = Buffer.from(this.#held.subarray(0, this.#length))
      this.#heldBytes = 0
      this.#held = Buffer.allocUnsafe(FRAME_HEADER_BYTES)
    }
    this.#sink.onFrame(this.#type, this.#flags, this.#stream, payload)
  }

  #fail(code: number, detail: string): void {
    this.#isStopped = true
    this.#sink.onFault({ code, detail })
  }
}
