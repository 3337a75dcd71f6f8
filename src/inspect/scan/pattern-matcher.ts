/** From the first group of letters and digits to the longest layout that is what it looks like. */

import { type Bounds, NOT_YET, NOTHING } from './bounds.ts'
import { endsSentence } from './clauses.ts'
import { BY_FORM, BY_FORM_AND_WORDS, type Finds } from './finds.ts'
import { type Candidate, groupKey, MAX_GROUPS, MAX_RUN, type Node } from './layouts.ts'
import { BEFORE, type Nearby, QUIET, SPOKEN_FOR } from './nearby.ts'
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
import { hasBit, meet } from './topics.ts'

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
    return !this.#nearby.look(start)
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
    const isHinted = this.#nearby.look(start) || context.hinted !== null
    const isFound = isHinted
      ? this.#takeHinted(node, start, end, isColumn, numbered)
      : !isColumn && !numbered && this.#takeOn(node.on, start, end)
    if (isFound) return end
    if (node.behind.length === 0 || numbered) return NOTHING
    const behind = this.#nearby.lookBehind(end)
    if (behind !== SPOKEN_FOR) return behind === QUIET ? NOTHING : this.#hold(start)
    return this.#takeBehind(node, start, end) ? end : NOTHING
  }

  #takeOn(candidates: readonly Candidate[], start: number, end: number): boolean {
    const isPlain = this.#isPlain(start)
    for (let i = 0; i < candidates.length; i++) {
      const candidate = candidates[i] as Candidate
      if ((isPlain && candidate.bare) || !this.#fits(candidate, start, end)) continue
      this.#finds.add(start, end, candidate.recognizer, BY_FORM)
      return true
    }
    return false
  }

  #isPlain(start: number): boolean {
    const { plainEnd } = this.#nearby
    return this.#bounds.context.plain || (plainEnd >= 0 && plainEnd >= start - PLAIN_WITHIN)
  }

  /** Those that a name or words before speak for, the nearest words first, and then those by themselves. */
  #takeHinted(
    node: Node,
    start: number,
    end: number,
    isColumn: boolean,
    numbered: boolean,
  ): boolean {
    const nearby = this.#nearby
    if (this.#takeNamed(node.candidates, start, end)) return true
    const spent = this.#isSpent(start) ? this.#spent : -1
    let said = 0
    for (; said < nearby.count && nearby.end(said) > spent; said++) {
      if (numbered && nearby.end(said) < start - NUMBER_WITHIN) continue
      if (meet(nearby.topic(said).bits, node.bits) && this.#takeSaid(node, said, start, end))
        return true
    }
    if (numbered || isColumn) return false
    const isPlain = this.#isPlain(start)
    for (const candidate of node.on) {
      if ((isPlain && candidate.bare) || this.#wasTried(candidate, said)) continue
      if (!this.#fits(candidate, start, end)) continue
      this.#finds.add(start, end, candidate.recognizer, BY_FORM)
      return true
    }
    return false
  }

  #takeNamed(candidates: readonly Candidate[], start: number, end: number): boolean {
    const { hinted } = this.#bounds.context
    if (hinted === null) return false
    for (const candidate of candidates) {
      if (hinted[candidate.recognizer] !== 1 || !this.#fits(candidate, start, end)) continue
      this.#finds.add(start, end, candidate.recognizer, BY_FORM_AND_WORDS)
      return true
    }
    return false
  }

  /** @param said which of the phrases nearby */
  #takeSaid({ candidates }: Node, said: number, start: number, end: number): boolean {
    const { bits } = this.#nearby.topic(said)
    const isOutdone = this.#nearby.isOutdone(said)
    for (const candidate of candidates) {
      // `secret …; trace 0af3…`: what is said last is about it.
      if (!hasBit(bits, candidate.recognizer) || (isOutdone && candidate.bare)) continue
      if (!this.#fits(candidate, start, end)) continue
      this.#spent = end
      this.#finds.add(start, end, candidate.recognizer, BY_FORM_AND_WORDS)
      return true
    }
    return false
  }

  /** @param said so many of the phrases nearby count */
  #wasTried({ recognizer }: Candidate, said: number): boolean {
    for (let i = 0; i < said; i++) if (hasBit(this.#nearby.topic(i).bits, recognizer)) return true
    return false
  }

  /** A word has said what it was about, and the sentence is over. */
  #isSpent(start: number): boolean {
    const { bytes } = this.#bounds
    if (this.#spent === 0 || start - this.#spent > BEFORE) return false
    for (let at = this.#spent; at + 1 < start; at++)
      if (endsSentence(bytes[at] as number) && bytes[at + 1] === 0x20) return true
    return false
  }

  #takeBehind({ behind, bitsBehind }: Node, start: number, end: number): boolean {
    const said = this.#nearby.behind
    if (!meet(said, bitsBehind)) return false
    for (const candidate of behind) {
      if (!hasBit(said, candidate.recognizer) || !this.#fits(candidate, start, end)) continue
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
