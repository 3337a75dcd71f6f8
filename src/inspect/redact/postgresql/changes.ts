/** What is to be replaced in a value, gathered as it is found. */

import type { Patch } from '../reader.ts'

export class Changes {
  readonly #changes: { start: number; end: number; by: Buffer }[] = []
  /** Added to positions. */
  base = 0

  readonly patch: Patch = (start, end, by) => {
    this.#changes.push({ start: this.base + start, end: this.base + end, by })
  }

  get isEmpty(): boolean {
    return this.#changes.length === 0
  }

  /** Whether one of what is put there is so. */
  some(is: (by: Buffer) => boolean): boolean {
    return this.#changes.some(({ by }) => is(by))
  }

  clear(): void {
    if (this.#changes.length > 0) this.#changes.length = 0
    this.base = 0
  }

  /** @returns what stands there now */
  apply(bytes: Buffer, start: number, end: number): Buffer {
    const pieces: Buffer[] = []
    let done = start
    for (const { start: from, end: to, by } of this.#changes) {
      pieces.push(bytes.subarray(done, from), by)
      done = to
    }
    pieces.push(bytes.subarray(done, end))
    return Buffer.concat(pieces)
  }
}
