/** A text as it came, with what is to be replaced: gives what is decided, and keeps the rest. */

export class Rewriter {
  #pieces: Buffer[] = []
  /** Position of the first byte that is kept. */
  #at = 0
  #end = 0
  #patches: { start: number; end: number; by: Buffer }[] = []

  /** Position behind what came. */
  get end(): number {
    return this.#end
  }

  push(piece: Buffer): void {
    if (piece.length === 0) return
    this.#pieces.push(piece)
    this.#end += piece.length
  }

  patch(start: number, end: number, by: Buffer): void {
    this.#patches.push({ start, end, by })
  }

  /** @returns what stands there now, up to a position; what replaces something that goes beyond it comes as a whole */
  release(to: number): Buffer[] {
    const out: Buffer[] = []
    let done = 0
    for (const { start, end, by } of this.#patches) {
      if (start >= to && !(start === end && start === to)) break
      this.#copy(start, out)
      this.#copy(end, null)
      if (by.length > 0) out.push(by)
      done++
    }
    if (done > 0) this.#patches.splice(0, done)
    this.#copy(to, out)
    return out
  }

  /** Lets go of what is next, where that is all of it and as it came. @returns whether that was so */
  pass(from: number, to: number): boolean {
    const patch = this.#patches[0]
    if (this.#at !== from) return false
    if (patch && (patch.start < to || (patch.start === to && patch.end === to))) return false
    this.#copy(to, null)
    return true
  }

  #copy(to: number, out: Buffer[] | null): void {
    let taken = 0
    for (const piece of this.#pieces) {
      const size = to - this.#at
      if (size <= 0) break
      if (size < piece.length) {
        out?.push(piece.subarray(0, size))
        this.#pieces[taken] = piece.subarray(size)
        this.#at = to
        break
      }
      out?.push(piece)
      this.#at += piece.length
      taken++
    }
    if (taken === this.#pieces.length) this.#pieces.length = 0
    else if (taken > 0) this.#pieces.splice(0, taken)
  }
}
