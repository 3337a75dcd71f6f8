/** From the first group of letters and digits to the longest layout that is what it looks like. */

import { type Bounds, NOT_YET, NOTHING } from './bounds.ts'
import { BY_FORM, BY_FORM_AND_WORDS, type Finds } from './finds.ts'
import { type Candidate, groupKey, MAX_GROUPS, MAX_RUN, type Node } from './layouts.ts'
import { BEFORE, endsSentence, type Nearby, QUIET, SPOKEN_FOR } from './nearby.ts'
import {
  ALONE,
  inColumn,
  isNumbered,
  isRowBefore,
  isSaidAgain,
  PIECE,
  standsAlone,
  UNDECIDED,
} from './surroundings.ts'
import { BLANK, DIGIT, KINDS, SEPARATORS, UNSETTLED, WIDE, wideSeparator } from './text.ts'

/** Nearer than any word. */
const NAMED = Number.MAX_SAFE_INTEGER
/** So near a word that says it is something else has to end. */
const PLAIN_WITHIN = 24
/** `NHS number #123`: no more between the word and the number. */
const NUMBER_WITHIN = 12

export class PatternMatcher {
  readonly #bounds: Bounds
  readonly #nearby: Nearby
  readonly #finds: Finds
  /** The layouts that are complete on the way: nodes, ends, kinds, and lengths of the last groups. */
  readonly #nodes: Node[] = []
  readonly #ends = new Int32Array(MAX_GROUPS)
  readonly #kinds = new Int32Array(MAX_GROUPS)
  readonly #lasts = new Int32Array(MAX_GROUPS)
  /** The letters and digits of a candidate; none yet where the length is 0. */
  readonly #text = new Uint8Array(MAX_RUN)
  #length = 0
  /** Where the last one ends that was found here by a word before it. */
  #spent = 0

  constructor(bounds: Bounds, nearby: Nearby, finds: Finds) {
    this.#bounds = bounds
    this.#nearby = nearby
    this.#finds = finds
  }

  begin(): void {
    this.#spent = 0
  }

  /**
   * @param first the node of the run [start, runEnd), which is whole
   * @returns behind what was found, NOTHING or NOT_YET
   */
  match(first: Node, start: number, runEnd: number, kinds: number): number {
    const { bytes, limit } = this.#bounds
    if (first.next === undefined || runEnd === limit)
      return this.#accept(first, start, runEnd, kinds)
    const separator = SEPARATORS[bytes[runEnd] as number] as number
    if (separator !== WIDE && first.next[separator] === undefined)
      return this.#accept(first, start, runEnd, kinds)
    return this.#matchGroups(first, start, runEnd, kinds)
  }

  #matchGroups(first: Node, start: number, runEnd: number, runKinds: number): number {
    const { bytes, limit, more } = this.#bounds
    let node = first
    let at = runEnd
    let kinds = runKinds
    let last = runEnd - start
    let complete = 0
    for (;;) {
      if (node.candidates.length > 0) {
        this.#nodes[complete] = node
        this.#ends[complete] = at
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
      } else if (separator === BLANK && this.#goesOnFromRow(start, runEnd)) {
        const again = isSaidAgain(bytes, start, limit, more)
        if (again === UNDECIDED) return this.#hold(start)
        if (again === PIECE) {
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
      at = end
    }
    while (complete-- > 0) {
      const end = this.#ends[complete] as number
      const isWhole = end === runEnd
      const column = isWhole
        ? ALONE
        : inColumn(bytes, start, end, runEnd - start, this.#lasts[complete] as number, limit, more)
      if (column === UNDECIDED) return this.#hold(start)
      const found = this.#accept(
        this.#nodes[complete] as Node,
        start,
        end,
        this.#kinds[complete] as number,
        column === PIECE,
      )
      if (found !== NOTHING) return found
    }
    return NOTHING
  }

  /** A row of equal groups that has begun before: where nothing else speaks for it, no group of it is the first of something. */
  #goesOnFromRow(start: number, runEnd: number): boolean {
    const { bytes, context } = this.#bounds
    if (context.hinted !== null || !isRowBefore(bytes, start, runEnd - start)) return false
    return !this.#nearby.look(bytes, start)
  }

  #hold(start: number): number {
    this.#bounds.held = start
    return NOT_YET
  }

  /**
   * @param kinds of all letters and digits of [start, end)
   * @param isColumn a piece of a row of groups
   */
  #accept(node: Node, start: number, end: number, kinds: number, isColumn = false): number {
    if (node.candidates.length === 0) return NOTHING
    const { bytes, limit, more, context } = this.#bounds
    const alone = standsAlone(bytes, start, end, kinds, limit, more)
    if (alone !== ALONE) return alone === UNDECIDED ? this.#hold(start) : NOTHING
    this.#length = 0
    const numbered = kinds === DIGIT && isNumbered(bytes, start)
    const isHinted = this.#nearby.look(bytes, start) || context.hinted !== null
    const isFound = isHinted
      ? this.#takeHinted(node.candidates, start, end, isColumn, numbered)
      : !isColumn && !numbered && this.#takeOn(node.on, start, end)
    if (isFound) return end
    if (node.behind.length === 0 || numbered) return NOTHING
    const behind = this.#nearby.lookBehind(bytes, end, limit, more)
    if (behind !== SPOKEN_FOR) return behind === QUIET ? NOTHING : this.#hold(start)
    return this.#takeBehind(node.behind, start, end) ? end : NOTHING
  }

  #takeOn(candidates: readonly Candidate[], start: number, end: number): boolean {
    if (candidates.length === 0) return false
    const nearby = this.#nearby
    const isPlain =
      this.#bounds.context.plain || nearby.isWithin(nearby.plainly(start), start, PLAIN_WITHIN)
    for (let i = 0; i < candidates.length; i++) {
      const candidate = candidates[i] as Candidate
      if ((isPlain && candidate.bare) || !this.#fits(candidate, start, end)) continue
      this.#finds.add(start, end, candidate.recognizer, BY_FORM)
      return true
    }
    return false
  }

  /** Those by themselves, and those that a name or words before speak for: the nearest words win. */
  #takeHinted(
    candidates: readonly Candidate[],
    start: number,
    end: number,
    isColumn: boolean,
    numbered: boolean,
  ): boolean {
    const { hinted, plain } = this.#bounds.context
    const nearby = this.#nearby
    const plainly = nearby.plainly(start)
    const isPlain = plain || nearby.isWithin(plainly, start, PLAIN_WITHIN)
    const isSpent = this.#isSpent(start)
    let best = -1
    let nearest = -1
    for (let i = 0; i < candidates.length; i++) {
      const candidate = candidates[i] as Candidate
      const { recognizer } = candidate
      const isNamed = hinted !== null && hinted[recognizer] === 1
      let hint = isNamed ? NAMED : nearby.before(recognizer, start)
      if (isSpent && !isNamed && !nearby.isBehind(hint, this.#spent)) hint = -1
      if (numbered && !isNamed && !nearby.isWithin(hint, start, NUMBER_WITHIN)) continue
      if (hint < 0 && (!candidate.on || isColumn || (isPlain && candidate.bare))) continue
      // `secret …; trace 0af3…`: what is said last is about it.
      if (candidate.bare && hint >= 0 && hint < plainly) continue
      if (best !== -1 && hint <= nearest) continue
      if (!this.#fits(candidate, start, end)) continue
      best = recognizer
      nearest = hint
    }
    if (best === -1) return false
    if (nearest >= 0 && nearest !== NAMED) this.#spent = end
    this.#finds.add(start, end, best, nearest >= 0 ? BY_FORM_AND_WORDS : BY_FORM)
    return true
  }

  /** A word has said what it was about, and the sentence is over. */
  #isSpent(start: number): boolean {
    const { bytes } = this.#bounds
    if (this.#spent === 0 || start - this.#spent > BEFORE) return false
    for (let at = this.#spent; at + 1 < start; at++)
      if (endsSentence(bytes[at] as number) && bytes[at + 1] === 0x20) return true
    return false
  }

  #takeBehind(candidates: readonly Candidate[], start: number, end: number): boolean {
    for (const candidate of candidates) {
      if (!this.#nearby.behind(candidate.recognizer)) continue
      if (!this.#fits(candidate, start, end)) continue
      this.#finds.add(start, end, candidate.recognizer, BY_FORM_AND_WORDS)
      return true
    }
    return false
  }

  #fits({ kinds, valid }: Candidate, start: number, end: number): boolean {
    const text = this.#text
    if (this.#length === 0) this.#compact(start, end)
    if (kinds !== null)
      for (let i = 0; i < this.#length; i++)
        if (((KINDS[text[i] as number] as number) & (kinds[i] as number)) === 0) return false
    return valid === undefined || valid(text, this.#length)
  }

  /** The letters and digits of [start, end) without what is between. */
  #compact(start: number, end: number): void {
    const { bytes } = this.#bounds
    let length = 0
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number
      if (KINDS[byte] !== 0) this.#text[length++] = byte
    }
    this.#length = length
  }
}
