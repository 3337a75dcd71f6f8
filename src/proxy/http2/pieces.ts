/**
 * Payload of one direction of a stream that waits to go on, in order. Small pieces are put together as they come, so what waits costs
 * about what it counts, however few bytes somebody puts into a frame.
 */

export interface Piece {
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
}

interface Waiting {
  readonly buffer: Buffer
  start: number
  end: number
  /** Behind `end` is room that is ours to fill. */
  readonly isSlab: boolean
}

/** Pieces up to this are copied beside the one before: each would keep the whole buffer it lies in. */
const SMALL_BYTES = 4 * 1024
const SLAB_BYTES = 2 * SMALL_BYTES

export class Pieces {
  /** All together. */
  bytes = 0
  #list: Waiting[] = []

  get isEmpty(): boolean {
    return this.#list.length === 0
  }

  /** The next one; null when there is none. */
  get first(): Piece | null {
    return this.#list[0] ?? null
  }

  /** Whether the next one is the last. */
  get isLast(): boolean {
    return this.#list.length === 1
  }

  /** `buffer[start..end]`, which may not change any more. */
  push(buffer: Buffer, start: number, end: number): void {
    const length = end - start
    this.bytes += length
    const last = this.#list.at(-1)
    if (!last || length > SMALL_BYTES) {
      this.#list.push({ buffer, start, end, isSlab: false })
    } else if (last.isSlab && last.end + length <= SLAB_BYTES) {
      last.end += buffer.copy(last.buffer, last.end, start, end)
    } else {
      const slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
      buffer.copy(slab, 0, start, end)
      this.#list.push({ buffer: slab, start: 0, end: length, isSlab: true })
    }
  }

  /** Takes so many bytes off the next one. */
  drop(bytes: number): void {
    const first = this.#list[0]
    if (!first) return
    this.bytes -= bytes
    first.start += bytes
    if (first.start === first.end) this.#list.shift()
  }

  clear(): void {
    this.bytes = 0
    this.#list = []
  }
}
