/** From the first group of letters and digits to the longest layout that is what it looks like. */

import { type Bounds, NOT_YET, NOTHING } from './bounds.ts'
import { Choice, OPEN, type Span, TAKEN } from './choice.ts'
import type { Finds } from './finds.ts'
import { groupKey, MAX_GROUPS, MAX_RUN, type Node } from './layouts.ts'
import type { Nearby } from './nearby.ts'
import { ALONE, isRowBefore, isSaidAgain, PIECE, standsAlone, UNDECIDED } from './surroundings.ts'
import { BLANK, KINDS, SEPARATORS, UNSETTLED, WIDE, wideSeparator } from './text.ts'

export class PatternMatcher {
  readonly #bounds: Bounds
  readonly #nearby: Nearby
  readonly #choice: Choice
  /** The layouts that are complete on the way. */
  readonly #nodes: Node[] = []
  readonly #ends = new Int32Array(MAX_GROUPS)
  readonly #sizes = new Int32Array(MAX_GROUPS)
  readonly #kinds = new Int32Array(MAX_GROUPS)
  readonly #lasts = new Int32Array(MAX_GROUPS)
  readonly #span: Span = { start: 0, end: 0, size: 0, kinds: 0, first: 0, last: 0 }

  constructor(bounds: Bounds, nearby: Nearby, finds: Finds) {
    this.#bounds = bounds
    this.#nearby = nearby
    this.#choice = new Choice(bounds, nearby, finds)
  }

  /** @param spent see `Choice.begin` */
  begin(spent: number): void {
    this.#choice.begin(spent)
  }

  spentBefore(decided: number): number {
    return this.#choice.spentBefore(decided)
  }

  /**
   * @param first the node of the run [start, runEnd), which is whole
   * @returns behind what was found, NOTHING or NOT_YET
   */
  match(first: Node, start: number, runEnd: number, kinds: number): number {
    const { bytes, limit } = this.#bounds
    if (first.next !== undefined && runEnd < limit) {
      const separator = SEPARATORS[bytes[runEnd] as number] as number
      if (separator === WIDE || first.next[separator] !== undefined)
        return this.#matchGroups(first, start, runEnd, kinds)
    }
    const size = runEnd - start
    return this.#accept(first, start, runEnd, size, kinds, size, size)
  }

  #matchGroups(first: Node, start: number, runEnd: number, runKinds: number): number {
    const { bytes, limit, more } = this.#bounds
    let node = first
    let at = runEnd
    let kinds = runKinds
    let size = runEnd - start
    let last = size
    let complete = 0
    let isRowKnown = false
    for (;;) {
      if (node.candidates.length > 0) {
        this.#nodes[complete] = node
        this.#ends[complete] = at
        this.#sizes[complete] = size
        this.#kinds[complete] = kinds
        this.#lasts[complete] = last
        complete++
      }
      if (node.next === undefined) break
      if (at === limit) {
        if (more) return this.#hold(start)
        break
      }
      let separator = SEPARATORS[bytes[at] as number] as number
      let from = at + 1
      if (separator === WIDE) {
        const wide = wideSeparator(bytes, at, limit)
        if (wide === UNSETTLED && more) return this.#hold(start)
        if (wide <= 0) break
        separator = wide & 7
        from = at + (wide >> 3)
      } else if (separator === BLANK && !isRowKnown) {
        isRowKnown = true
        const row = this.#goesOnFromRow(start, runEnd)
        if (row === UNDECIDED) return this.#hold(start)
        if (row === PIECE) {
          if (node.on.length === 0 && node.behind.length === 0) return NOTHING
          break
        }
      }
      const following = node.next[separator]
      if (following === undefined) break
      let groupKinds = 0
      let end = from
      while (end < limit && end - from <= MAX_RUN) {
        const kind = KINDS[bytes[end] as number] as number
        if (kind === 0) break
        groupKinds |= kind
        end++
      }
      if (end === limit && more && end - from <= MAX_RUN) return this.#hold(start)
      const next = following.nodes[groupKey(end - from, groupKinds)]
      if (next === undefined) break
      node = next
      kinds |= groupKinds
      last = end - from
      size += last
      at = end
    }
    while (complete-- > 0) {
      const found = this.#accept(
        this.#nodes[complete] as Node,
        start,
        this.#ends[complete] as number,
        this.#sizes[complete] as number,
        this.#kinds[complete] as number,
        runEnd - start,
        this.#lasts[complete] as number,
      )
      if (found !== NOTHING) return found
    }
    return NOTHING
  }

  /** A row of equal groups that has begun before: where nothing else speaks for it, no group of it is the first of something. */
  #goesOnFromRow(start: number, runEnd: number): number {
    const { bytes, limit, more, context } = this.#bounds
    if (context.hinted !== null || !isRowBefore(bytes, start, runEnd - start)) return ALONE
    return this.#nearby.look(start) ? ALONE : isSaidAgain(bytes, start, limit, more)
  }

  #hold(start: number): number {
    this.#bounds.held = start
    return NOT_YET
  }

  /** @param size, kinds of the letters and digits of [start, end)  @param first, last lengths of those groups */
  #accept(
    node: Node,
    start: number,
    end: number,
    size: number,
    kinds: number,
    first: number,
    last: number,
  ): number {
    if (node.candidates.length === 0) return NOTHING
    const { bytes, limit, more } = this.#bounds
    const alone = standsAlone(bytes, start, end, kinds, limit, more)
    if (alone !== ALONE) return alone === UNDECIDED ? this.#hold(start) : NOTHING
    const span = this.#span
    span.start = start
    span.end = end
    span.size = size
    span.kinds = kinds
    span.first = first
    span.last = last
    const taken = this.#choice.take(node, span)
    if (taken === OPEN) return this.#hold(start)
    return taken === TAKEN ? end : NOTHING
  }
}
