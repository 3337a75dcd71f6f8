/** From a literal to what it belongs to. */

import type { Extent } from '../recognizers/recognizer.ts'
import { type Bounds, NOT_YET, NOTHING } from './bounds.ts'
import { BY_FORM, BY_NAME_ONLY, type Finds } from './finds.ts'
import type { AlphabetRun, Literal } from './literals.ts'
import type { Nearby } from './nearby.ts'
import { MAX_HELD } from './scanner.ts'

/** From here on a prefix that allows so much is not too long, but without an end in sight. */
export const ENDLESS = 3900

export class LiteralMatcher {
  /** Those that reach left. */
  readonly #reaching: readonly Literal[]
  readonly #bounds: Bounds
  readonly #nearby: Nearby
  readonly #finds: Finds
  readonly #extent: Extent = { start: 0, end: 0, reached: false }
  #isEndless = false

  constructor(reaching: readonly Literal[], bounds: Bounds, nearby: Nearby, finds: Finds) {
    this.#reaching = reaching
    this.#bounds = bounds
    this.#nearby = nearby
    this.#finds = finds
  }

  /**
   * @param literals of which one may be at `at`: `known` bytes there are theirs
   * @returns behind what was found, NOTHING or NOT_YET
   */
  match(at: number, known: number, literals: readonly Literal[]): number {
    const { bytes, limit, more } = this.#bounds
    let best: Literal | null = null
    let bestStart = 0
    let bestEnd = 0
    let isEndless = false
    for (let i = 0; i < literals.length; i++) {
      const literal = literals[i] as Literal
      if (literal.size > known) {
        if (at + known < limit && bytes[at + known] !== literal.bytes[known]) continue
        const there = countSame(bytes, at, known, literal.bytes, limit)
        if (there < literal.size) {
          if (more && at + there === limit) return this.#hold(at, literal)
          continue
        }
      }
      this.#isEndless = false
      const isMeasured = this.#measure(literal, at)
      const { start, end } = this.#extent
      if (isMeasured && end - start <= bestEnd - bestStart) continue
      // Words are read last: most of what wants one is nothing to begin with.
      if (!literal.on && !this.#isHinted(literal, at)) continue
      if (!isMeasured) return this.#hold(at, literal)
      best = literal
      bestStart = start
      bestEnd = end
      isEndless = this.#isEndless
    }
    if (best === null) return NOTHING
    const behind = at + best.size
    if (bestStart >= behind && !isEndless) {
      // The literal leads to it, and is no part of it: what it is may say more.
      this.#finds.add(bestStart, bestEnd, best.recognizer, BY_NAME_ONLY, false, at)
      return behind
    }
    this.#finds.add(bestStart, bestEnd, best.recognizer, BY_FORM, isEndless)
    if (isEndless) this.#bounds.open = { recognizer: best.recognizer, eats: best.eats }
    return bestEnd
  }

  #isHinted({ recognizer }: Literal, at: number): boolean {
    if (this.#bounds.context.hinted?.[recognizer] === 1) return true
    return this.#nearby.look(at) && this.#nearby.speaksFor(recognizer)
  }

  /** @returns `stop`, or less where a literal behind it, or one that is still to come, may reach over it */
  reachedFrom(stop: number): number {
    let from = stop
    // What needs a word has it before where it begins.
    for (const literal of this.#reaching)
      if (literal.on || this.#isHinted(literal, stop))
        from = Math.min(from, reach(this.#bounds.bytes, stop, literal))
    return from
  }

  #hold(at: number, literal: Literal): number {
    this.#bounds.held = reach(this.#bounds.bytes, at, literal)
    return NOT_YET
  }

  /** Sets the extent; empty for nothing. @returns false where bytes that decide are not there yet */
  #measure(literal: Literal, at: number): boolean {
    const { bytes, limit, more } = this.#bounds
    const out = this.#extent
    out.start = at
    out.end = at
    out.reached = false
    if (literal.run !== null) return this.#measurePrefix(literal, literal.run, at)
    const bound = Math.min(limit, at + MAX_HELD - literal.reach)
    const floor = Math.max(this.#finds.floor, at - literal.reach)
    literal.extent?.(bytes, at, floor, bound, out)
    if (!out.reached) return true
    this.#isEndless = bound === at + MAX_HELD - literal.reach
    return this.#isEndless || !more
  }

  #measurePrefix({ size, min, max, valid }: Literal, run: AlphabetRun, at: number): boolean {
    const { bytes, limit, more } = this.#bounds
    const from = at + size
    const end = run.endOf(this.#bounds, from, Math.min(limit, from + Math.min(max + 1, ENDLESS)))
    const count = end - from
    this.#isEndless = max >= ENDLESS && count === ENDLESS
    if (end === limit && more && count <= max && !this.#isEndless) return false
    if (count < min || count > max || (valid !== null && !valid(bytes, at, end))) return true
    this.#extent.end = end
    return true
  }
}

/** @param known so many are the same, and are not all */
function countSame(
  bytes: Uint8Array,
  at: number,
  known: number,
  text: Uint8Array,
  limit: number,
): number {
  let count = known
  while (count < text.length && at + count < limit && bytes[at + count] === text[count]) count++
  return count
}

function reach(bytes: Uint8Array, end: number, literal: Literal): number {
  let at = end
  while (at > 0 && end - at < literal.reach && literal.before[bytes[at - 1] as number] === 1) at--
  return at
}
