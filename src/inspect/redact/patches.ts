/** What is to be replaced in a piece of a stream, gathered in any order. */

import type { Patch } from './reader.ts'

export class Patches {
  readonly #list: { readonly start: number; readonly end: number; readonly by: Buffer }[] = []

  readonly add: Patch = (start, end, by) => {
    this.#list.push({ start, end, by })
  }

  get isEmpty(): boolean {
    return this.#list.length === 0
  }

  /** In order; of what lies over another, the one that begins first. */
  give(patch: Patch): void {
    let done = -1
    for (const { start, end, by } of this.#list.sort(
      (a, b) => a.start - b.start || b.end - a.end,
    )) {
      if (start < done) continue
      patch(start, end, by)
      done = end
    }
  }

  apply(bytes: Buffer): Buffer {
    const out: Buffer[] = []
    let at = 0
    this.give((start, end, by) => {
      out.push(bytes.subarray(at, start), by)
      at = end
    })
    return Buffer.concat([...out, bytes.subarray(at)])
  }
}
