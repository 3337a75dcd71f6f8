/** Whether a name may end with a key: the letters of all keys from the last one on, as a tree. Nearly no name passes that is none. */

import { DIGIT, KINDS } from './text.ts'
import { MAX_GAP } from './words.ts'

/** Letters that are looked at. */
const DEPTH = 8
const PASSES = 0xffff

export class NameEndings {
  /** Indexed by `node << 5 | letter & 31`: the next node, 0 for none, or PASSES. */
  readonly #next: Uint16Array

  /** @param keys lower-case letters, perhaps with blanks */
  constructor(keys: readonly string[]) {
    const next: number[] = new Array(32).fill(0)
    for (const key of keys) {
      const letters = Buffer.from(key.replaceAll(' ', '').slice(-DEPTH)).reverse()
      let node = 0
      for (const [index, letter] of letters.entries()) {
        const place = (node << 5) | (letter & 31)
        if (next[place] === PASSES) break
        if (index === letters.length - 1) next[place] = PASSES
        else if (next[place] === 0) {
          next[place] = next.length >> 5
          next.push(...new Array(32).fill(0))
        }
        node = next[place] as number
      }
    }
    this.#next = Uint16Array.from(next)
  }

  has(bytes: Uint8Array, end: number): boolean {
    let node = 0
    let gap = 0
    for (let at = end - 1; at >= 0; at--) {
      const byte = bytes[at] as number
      if ((KINDS[byte] as number) <= DIGIT) {
        if (node === 0 || ++gap > MAX_GAP) return false
        continue
      }
      gap = 0
      node = this.#next[(node << 5) | (byte & 31)] as number
      if (node === 0) return false
      if (node === PASSES) return true
    }
    return false
  }
}
