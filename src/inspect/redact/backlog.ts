/** Bytes that wait for more: added behind, taken from the front, in time that grows with their number only. */

const NOTHING = Buffer.alloc(0)

export class Backlog {
  /** Room of our own; null when the bytes are somebody's piece. */
  #room: Buffer | null = null
  #start = 0
  #bytes: Buffer = NOTHING

  /** Good until the next call. */
  get bytes(): Buffer {
    return this.#bytes
  }

  add(piece: Buffer): void {
    if (this.#bytes.length === 0) {
      this.#room = null
      this.#bytes = piece
      return
    }
    const size = this.#bytes.length + piece.length
    if (!this.#room || this.#start + size > this.#room.length) {
      const room = Buffer.allocUnsafe(Math.max(size * 2, 256))
      this.#bytes.copy(room)
      this.#room = room
      this.#start = 0
    }
    const end = this.#start + this.#bytes.length
    piece.copy(this.#room, end)
    this.#bytes = this.#room.subarray(this.#start, this.#start + size)
  }

  drop(size: number): void {
    this.#start += this.#room ? size : 0
    this.#bytes = this.#bytes.subarray(size)
  }
}
