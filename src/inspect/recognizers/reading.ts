/**
 * The text that is being read. What a recogniser remembers of one, so as to look at each byte once however many candidates stand in a row,
 * is nothing to the next, which may lie in the same bytes.
 */
export const reading: { text: number; bytes: Uint8Array } = { text: 0, bytes: new Uint8Array(0) }

/** Said of each text before it is read. @returns its number */
export function beginReading(bytes: Uint8Array): number {
  reading.bytes = bytes
  return ++reading.text
}

/** Where the next of something is. */
export class Next {
  readonly #table: Uint8Array
  readonly #isAt: ((bytes: Uint8Array, at: number) => boolean) | null
  #text = -1
  /** There is none in [from, to). */
  #from = 0
  #to = 0

  /** @param table indexed by byte: 1 where it may be  @param isAt what else tells, where that is not all */
  constructor(table: Uint8Array, isAt: ((bytes: Uint8Array, at: number) => boolean) | null = null) {
    this.#table = table
    this.#isAt = isAt
  }

  /** @returns where it is from `start` on, or `end` where that is not before it */
  from(bytes: Uint8Array, start: number, end: number): number {
    if (bytes !== reading.bytes) return this.#search(bytes, start, end)
    if (reading.text !== this.#text || start < this.#from || start > this.#to) {
      this.#text = reading.text
      this.#from = start
      this.#to = start
    }
    this.#to = this.#search(bytes, this.#to, end)
    return Math.min(this.#to, end)
  }

  #search(bytes: Uint8Array, start: number, end: number): number {
    const table = this.#table
    const isAt = this.#isAt
    let at = start
    for (; at < end; at++)
      if (table[bytes[at] as number] === 1 && (isAt === null || isAt(bytes, at))) return at
    return at
  }
}
