/** The bytes of a stream as a socket, for what is spoken inside a tunnel (RFC 9113 section 8.5, RFC 8441). */

import { Duplex } from 'node:stream'
import type { Fields } from '../exchange/fields.ts'
import { ERROR } from './frames.ts'
import type { Stream, StreamFault, StreamSink } from './stream.ts'

export class StreamSocket extends Duplex implements StreamSink {
  readonly #stream: Stream
  #written: (() => void) | null = null

  constructor(stream: Stream) {
    super({ allowHalfOpen: true, autoDestroy: true, emitClose: true })
    this.#stream = stream
    stream.sink = this
    stream.pause()
    // It may be lost at a time when nobody listens.
    this.on('error', () => {})
  }

  /** As sockets have it: ends once everything was sent. */
  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy())
  }

  override _read(): void {
    this.#stream.resume()
  }

  override _write(chunk: Buffer, _: BufferEncoding, callback: () => void): void {
    this.#stream.payload(chunk, 0, chunk.length)
    if (this.#stream.flush()) callback()
    else this.#written = callback
  }

  override _final(callback: () => void): void {
    this.#stream.finish(null, null)
    this.#stream.flush()
    callback()
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    // What was sent whole stays sent; the rest is taken back.
    const isWhole = this.writableFinished && this.readableEnded
    if (!isWhole) this.#stream.reset(error ? ERROR.connect : ERROR.cancel)
    callback(error)
  }

  onHeaders(): boolean {
    return false
  }

  onData(buffer: Buffer, start: number, end: number): void {
    if (!this.push(buffer.subarray(start, end))) this.#stream.pause()
  }

  onFlush(): void {}

  onEnd(_: Fields | null): void {
    this.push(null)
  }

  onReset(code: number | null, detail: string): void {
    this.destroy(code === ERROR.none ? undefined : new Error(detail))
  }

  onBroken({ detail }: StreamFault): void {
    this.destroy(new Error(detail))
  }

  onDrain(): void {
    const callback = this.#written
    this.#written = null
    callback?.()
  }
}
