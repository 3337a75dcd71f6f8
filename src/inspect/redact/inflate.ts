/**
 * What is called `deflate` undone: data in the frame of zlib (RFC 1950), as RFC 9110 section 8.4.1.2 wants it, or without one, as many send it
 * all the same. Two bytes tell which.
 */

import { Transform, type TransformCallback } from 'node:stream'
import zlib from 'node:zlib'

export class Inflate extends Transform {
  readonly #options: zlib.ZlibOptions
  #first = Buffer.alloc(0)
  #inner: Transform | null = null

  constructor(options: zlib.ZlibOptions) {
    super()
    this.#options = options
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    if (this.#inner) return void this.#inner.write(chunk, done)
    this.#first = Buffer.concat([this.#first, chunk])
    if (this.#first.length < 2) return done()
    this.#open().write(this.#first, done)
  }

  override _flush(done: TransformCallback): void {
    const inner = this.#inner
    if (!inner) return done(new Error('there is too little of it'))
    inner.once('end', () => done())
    inner.end()
  }

  override _read(size: number): void {
    this.#inner?.resume()
    super._read(size)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#inner?.destroy()
    done(error)
  }

  #open(): Transform {
    const isFramed =
      (this.#first.readUInt8(0) & 0x0f) === 8 && this.#first.readUInt16BE(0) % 31 === 0
    const inner = isFramed
      ? zlib.createInflate(this.#options)
      : zlib.createInflateRaw(this.#options)
    inner.on('data', (plain: Buffer) => {
      if (!this.push(plain)) inner.pause()
    })
    inner.on('error', (error) => this.destroy(error))
    this.#inner = inner
    return inner
  }
}
