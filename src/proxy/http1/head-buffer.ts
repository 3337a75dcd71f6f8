/**
 * Bytes of a head that may come in any number of pieces. Whole heads, the common case, are not copied; pieces are
 * collected in one growing buffer and searched once each, so a head sent byte by byte costs no more than linear time.
 */

const END = Buffer.from('\r\n\r\n')

export class HeadBuffer {
  #bytes: Buffer | null = null
  #length = 0
  #searched = 0
  /** A line ended in LF alone: this will never become a head, so there is no use in waiting. */
  hasBareLf = false

  /** Bytes held. */
  get length(): number {
    return this.#length
  }

  /** Whether anything but empty lines has come. */
  get isBlank(): boolean {
    for (let i = 0; i < this.#length; i++) {
      const byte = this.#bytes?.[i]
      if (byte !== 13 && byte !== 10) return false
    }
    return true
  }

  /** Whether what is held so far could be the beginning of a message that starts with `text`. */
  mayBeginWith(text: string): boolean {
    const length = Math.min(text.length, this.#length)
    return this.#bytes?.toString('latin1', 0, length) === text.slice(0, length)
  }

  push(piece: Buffer): void {
    if (this.#bytes === null) {
      this.#bytes = piece
      this.#length = piece.length
      return
    }
    const length = this.#length + piece.length
    if (length > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(length * 2, 4096))
      this.#bytes.copy(grown, 0, 0, this.#length)
      this.#bytes = grown
    }
    piece.copy(this.#bytes, this.#length)
    this.#length = length
  }

  /**
   * Takes a whole head, if there is one, and leaves what follows it.
   *
   * @returns the head as latin-1, its empty line included; null when it is not complete yet.
   */
  take(): string | null {
    const bytes = this.#bytes
    if (bytes === null) return null
    // RFC 9112 section 2.2: an empty line before a request is skipped; clients send it after a body.
    const from = bytes[0] === 13 && bytes[1] === 10 ? 2 : 0
    const held = this.#length === bytes.length ? bytes : bytes.subarray(0, this.#length)
    const at = held.indexOf(END, Math.max(this.#searched - 3, from))
    if (at < 0) {
      this.hasBareLf ||= hasBareLf(held, this.#searched)
      this.#searched = this.#length
      return null
    }
    const head = held.toString('latin1', from, at + 4)
    this.#reset(at + 4 < held.length ? held.subarray(at + 4) : null)
    return head
  }

  /** Everything held, still to be taken; null when there is nothing. It may change with the next piece. */
  held(): Buffer | null {
    const bytes = this.#bytes
    return bytes && bytes.length > this.#length ? bytes.subarray(0, this.#length) : bytes
  }

  /** Everything held, to be read by somebody else; null when there is nothing. */
  drain(): Buffer | null {
    const held = this.held()
    this.#reset(null)
    return held
  }

  #reset(rest: Buffer | null): void {
    this.#bytes = rest
    this.#length = this.#bytes?.length ?? 0
    this.#searched = 0
    this.hasBareLf = false
  }
}

function hasBareLf(bytes: Buffer, from: number): boolean {
  for (let at = bytes.indexOf(10, from); at >= 0; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at - 1] !== 13) return true
  }
  return false
}
