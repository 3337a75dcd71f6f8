/**
 * Streams of a connection that have ended lately, as far as it matters: what still comes for one that we have reset is no error, because its
 * sender could not know (RFC 9113 section 5.1); and a stream that is over is told from one that was passed over (section 5.1.1). Bounded.
 */

/** Of each kind; a power of two. */
const MAX = 256

export class EndedStreams {
  readonly #resets = new Set<number>()
  /** Each where its number says. */
  readonly #closed = new Uint32Array(MAX)

  /** We have reset it. */
  addReset(stream: number): void {
    this.#resets.add(stream)
    const [oldest = 0] = this.#resets
    if (this.#resets.size > MAX) this.#resets.delete(oldest)
  }

  /** It is over, in whatever way. */
  addClosed(stream: number): void {
    this.#closed[indexOf(stream)] = stream
  }

  wasReset(stream: number): boolean {
    return this.#resets.has(stream)
  }

  /** Whether it was open once, as far back as is remembered. */
  wasOpen(stream: number): boolean {
    return this.#closed[indexOf(stream)] === stream
  }
}

/** Numbers of one side are all odd or all even. */
function indexOf(stream: number): number {
  return (stream >>> 1) % MAX
}
