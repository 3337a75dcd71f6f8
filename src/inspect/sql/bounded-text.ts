/** A text that is kept to its first few KiB; of what is cut off a digest says which it was. */

import { createHash, type Hash } from 'node:crypto'

/** Bytes at most: no more than is written down of a statement. */
const SIZE = 1900
/** Characters that are looked through for data before it is cut, so that none stays that would be cut in two. */
const LOOKED_THROUGH = 2 * SIZE
const CHUNK = 16 * 1024
const DIGEST = 8

export class BoundedText {
  #head = ''
  #chunk = ''
  #hash: Hash | null = null

  get isEmpty(): boolean {
    return this.#head === ''
  }

  push(text: string): void {
    if (this.#head.length < LOOKED_THROUGH) this.#head += text
    this.#chunk += text
    if (this.#chunk.length < CHUNK) return
    this.#hash ??= createHash('sha256')
    this.#hash.update(this.#chunk)
    this.#chunk = ''
  }

  /** @param clean takes data out of it */
  finish(clean: (text: string) => string): string {
    const isAll = this.#hash === null && this.#head.length === this.#chunk.length
    const bytes = Buffer.from(clean(this.#head))
    if (isAll && bytes.length <= SIZE) return bytes.toString()
    const hash = this.#hash ?? createHash('sha256')
    const digest = hash.update(this.#chunk).digest('hex').slice(0, DIGEST)
    const mark = ` … ${digest}`
    let end = SIZE - Buffer.byteLength(mark)
    // Not within a character.
    while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--
    return bytes.toString('utf8', 0, end) + mark
  }
}
