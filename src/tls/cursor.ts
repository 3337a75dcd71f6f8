/**
 * Walks from the front over the numbers and vectors that TLS messages are made of (RFC 8446 section 3). Past the end
 * it gives zeros and nothing and remembers that it was asked, so a parser checks once, at the end; it never throws.
 */

export class Cursor {
  #left: Buffer
  #isOverrun = false

  constructor(bytes: Buffer) {
    this.#left = bytes
  }

  get left(): number {
    return this.#left.length
  }

  get isOverrun(): boolean {
    return this.#isOverrun
  }

  /** Everything was read and nothing was missing. */
  get isAtEnd(): boolean {
    return this.left === 0 && !this.#isOverrun
  }

  take(length: number): Buffer {
    if (length > this.left) this.#isOverrun = true
    const taken = this.#isOverrun ? this.#left.subarray(0, 0) : this.#left.subarray(0, length)
    this.#left = this.#left.subarray(this.#isOverrun ? this.left : length)
    return taken
  }

  /** A number of 1 or 2 bytes. */
  uint(width: 1 | 2): number {
    const bytes = this.take(width)
    return bytes.length === 0 ? 0 : bytes.readUIntBE(0, width)
  }

  /** What follows a length of 1 or 2 bytes. */
  vector(width: 1 | 2): Cursor {
    return new Cursor(this.take(this.uint(width)))
  }

  /** All that is left, as latin-1. */
  rest(): string {
    return this.take(this.left).toString('latin1')
  }
}
