/**
 * Our window for a whole connection (RFC 9113 section 5.2). It is opened again as soon as bytes arrive, so that no stream whose reader is
 * slow stops another; what a stream may hold is bounded by its own.
 */

import { DEFAULT_WINDOW } from './frames.ts'

const SIZE = 16 * 1024 * 1024

export class ReceiveWindow {
  #left = DEFAULT_WINDOW

  /** Opens it to its size. @returns what the peer has to be told of */
  open(): number {
    const increment = SIZE - this.#left
    this.#left = SIZE
    return increment
  }

  /** @returns false when the peer has sent more than it may */
  take(length: number): boolean {
    this.#left -= length
    return this.#left >= 0
  }

  /** Whether it is time to open it. */
  get isLow(): boolean {
    return this.#left < SIZE / 2
  }
}
