/** A reader and the text that it reads: pieces go in, and come out with what it replaces. */

import type { Patch, Reader } from './reader.ts'
import { Rewriter } from './rewriter.ts'

export class Rewriting {
  readonly #rewriter = new Rewriter()
  readonly #reader: Reader

  constructor(open: (patch: Patch) => Reader) {
    this.#reader = open((start, end, by) => this.#rewriter.patch(start, end, by))
  }

  /** Position behind what came. */
  get length(): number {
    return this.#rewriter.end
  }

  /** Position up to which it is known what stands there. */
  get decided(): number {
    return this.#reader.decided
  }

  push(piece: Buffer): void {
    this.#rewriter.push(piece)
    this.#reader.push(piece)
  }

  settle(): void {
    this.#reader.settle()
  }

  end(): void {
    this.#reader.end()
  }

  /** @returns what stands there now, up to a position or what is decided */
  take(to = this.#reader.decided): Buffer[] {
    return this.#rewriter.release(Math.min(to, this.#reader.decided))
  }

  /** Takes what is next, where that is all of it and as it came. @returns whether that was so */
  pass(from: number, to: number): boolean {
    return to <= this.#reader.decided && this.#rewriter.pass(from, to)
  }
}
