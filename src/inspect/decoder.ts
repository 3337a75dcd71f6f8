/** Bodies without their content codings, for those who read them: all together within a bound, the others wait for their turn. */

import type { BodyView } from '../model/request-view.ts'
import { type DecodeFault, type DecodeLimits, decode, mostFor } from './decode.ts'

/** Of all bodies that are being decoded. */
const MAX_TOTAL = 128 * 1024 * 1024

export interface DecoderOptions {
  readonly limits: DecodeLimits
  /** A body stays as it was. */
  readonly onFault: (fault: DecodeFault) => void
}

export class BodyDecoder {
  readonly #options: DecoderOptions
  #total = 0
  #waiting: (() => void)[] = []

  constructor(options: DecoderOptions) {
    this.#options = options
  }

  /**
   * @param read is given the body decoded, or as it was when that cannot be; reads it at once and keeps nothing of it
   * @returns what it gives; rejects only as it does
   */
  async decode<T>(body: BodyView, read: (body: BodyView) => T | Promise<T>): Promise<T> {
    const { limits, onFault } = this.#options
    const { buffer, byteOffset, length } = body.bytes
    const size = limits.layers * Math.min(limits.bytes, mostFor(length, limits))
    while (this.#total > 0 && this.#total + size > MAX_TOTAL) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    this.#total += size
    try {
      const bytes = Buffer.from(buffer, byteOffset, length)
      const result = await decode(bytes, body.contentEncoding ?? '', body.complete, limits)
      if (typeof result !== 'string') return read({ ...body, ...result, contentEncoding: null })
      onFault(result)
      return read(body)
    } finally {
      this.#total -= size
      const waiting = this.#waiting
      this.#waiting = []
      for (const goOn of waiting) goOn()
    }
  }
}
