/**
 * What was found, made disjoint. The last find waits until nothing can overlap it any more. Where two overlap, the text of both is one span,
 * so that no end of either stays; its type is that of the longer, then that of the more certain, then that of the first.
 */

import type { Sink } from './scanner.ts'

/** How certain a find is. */
export const BY_NAME_ONLY = 0
export const BY_FORM = 1
export const BY_FORM_AND_WORDS = 2

export class Finds {
  readonly #types: readonly string[]
  #sink: Sink | null = null
  #start = -1
  #end = -1
  /** Where the scanner has to begin again to find it. */
  #origin = -1
  #recognizer = 0
  #rank = 0
  #length = 0
  #open = false
  /** Nothing left of here may be in a find any more. */
  floor = 0

  constructor(types: readonly string[]) {
    this.#types = types
  }

  begin(sink: Sink, start: number): void {
    this.#sink = sink
    this.#start = -1
    this.#end = -1
    this.floor = start
  }

  add(
    start: number,
    end: number,
    recognizer: number,
    rank: number,
    open = false,
    origin = start,
  ): void {
    const length = end - start
    // By where it begins to be found: who begins again there must not come upon it without the one before.
    if (this.#start !== -1 && origin < this.#end) {
      const wins = length > this.#length || (length === this.#length && rank > this.#rank)
      if (wins) this.#keep(length, recognizer, rank)
      this.#start = Math.min(start, this.#start)
      this.#origin = Math.min(origin, this.#origin)
      this.#end = Math.max(end, this.#end)
      this.#open ||= open
      return
    }
    this.#tell()
    this.#start = start
    this.#end = end
    this.#origin = origin
    this.#open = open
    this.#keep(length, recognizer, rank)
  }

  /** Whether to add that would change nothing: it is in the last find, and less than what that is called after. */
  covers(start: number, end: number, origin: number): boolean {
    const isWithin = this.#start !== -1 && start >= this.#start && end <= this.#end
    return isWithin && origin >= this.#origin && end - start < this.#length
  }

  /** The last find goes on up to `end`. */
  extend(end: number, open: boolean): void {
    this.#end = Math.max(end, this.#end)
    this.#open = open
  }

  #keep(length: number, recognizer: number, rank: number): void {
    this.#length = length
    this.#recognizer = recognizer
    this.#rank = rank
  }

  #tell(): void {
    if (this.#start === -1) return
    this.#sink?.(this.#start, this.#end, this.#types[this.#recognizer] as string, this.#open)
    this.floor = this.#end
    this.#start = -1
  }

  /** Tells what is decided. @returns up to where: `stop`, or less where the last find goes over it; never left of what was told */
  settle(stop: number): number {
    const isHeld = this.#start !== -1 && this.#end > stop
    const decided = Math.max(this.floor, isHeld ? Math.min(this.#origin, stop) : stop)
    if (!isHeld) this.#tell()
    this.#start = -1
    this.#sink = null
    return decided
  }
}
