/** From the first group of letters and digits to the longest layout that is what it looks like. */

import { type Bounds, NOT_YET, NOTHING } from './bounds.ts'
import { BY_FORM, BY_FORM_AND_WORDS, type Finds } from './finds.ts'
import { type Candidate, edgeKey, MAX_GROUPS, MAX_RUN, type Node } from './layouts.ts'
import { BEFORE, endsSentence, type Nearby } from './nearby.ts'
import { ALONE, inColumn, isRowBefore, PIECE, standsAlone, UNDECIDED } from './surroundings.ts'
import { BLANK, KINDS, SEPARATORS, UNSETTLED, WIDE, WORD, wideSeparator } from './text.ts'

/** Nearer than any word. */
const NAMED = Number.MAX_SAFE_INTEGER
/** So near a word that says it is something else has to end. */
const PLAIN_WITHIN = 24

export class PatternMatcher {
  readonly #bounds: Bounds
  readonly #nearby: Nearby
  readonly #finds: Finds
  /** What Nearby knows PLAIN names by. */
  readonly #plain: number
  /** The layouts that are complete on the way: nodes, ends, kinds, and lengths of the last groups. */
  readonly #nodes: Node[] = []
  readonly #ends = new Int32Array(MAX_GROUPS)
  readonly #kinds = new Int32Array(MAX_GROUPS)
  readonly #lasts = new Int32Array(MAX_GROUPS)
  readonly #text = new Uint8Array(MAX_RUN)
  /** Where the last one ends that was found here by a word before it. */
  #spent = 0

  constructor(bounds: Bounds, nearby: Nearby, finds: Finds, plain: number) {
    this.#bounds = bounds
    this.#nearby = nearby
    this.#finds = finds
    this.#plain = plain
  }

  begin(): void {
    this.#spent = 0
  }

  /**
   * @param first the node of the run [start, runEnd), which is whole
   * @returns behind what was found, NOTHING or NOT_YET
   */
  match(first: Node, start: number, runEnd: number, runKinds: number): number {
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
      if (node.edges === undefined) break
      if (at === limit) {
        if (more) return this.#hold(start)
        break
      }
      let separator = SEPARATORS[bytes[at] as number] as number
      if (separator === 0 || (separator === BLANK && this.#goesOnFromRow(start, runEnd))) break
      let from = at + 1
      if (separator === WIDE) {
        const wide = wideSeparator(bytes, at, limit)
        if (wide === UNSETTLED && more) return this.#hold(start)
        if (wide <= 0) break
        separator = wide & 7
        from = at + (wide >> 3)
      }
      let groupKinds = 0
      let end = from
      while (end < limit && end - from <= MAX_RUN) {
        const kind = KINDS[bytes[end] as number] as number
        if (kind === 0) break
        groupKinds |= kind
        end++
      }
      if (end === limit && more && end - from <= MAX_RUN) return this.#hold(start)
      const next = node.edges.get(edgeKey(separator, end - from, groupKinds))
      if (next === undefined) break
      node = next
      kinds |= groupKinds
      last = end - from
      at = end
    }
    while (complete-- > 0) {
      const end = this.#ends[complete] as number
      const found = this.#accept(complete, start, runEnd - start)
      if (found === NOT_YET) return this.#hold(start)
      if (found !== NOTHING) return end
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

  #accept(index: number, start: number, firstLength: number): number {
    const { bytes, limit, more, context } = this.#bounds
    const node = this.#nodes[index] as Node
    const end = this.#ends[index] as number
    const isHinted = this.#nearby.look(bytes, start) || context.hinted !== null
    if (!node.hasOn && !node.wantsBehind && !isHinted) return NOTHING
    const alone = standsAlone(bytes, start, end, this.#kinds[index] as number, limit, more)
    if (alone !== ALONE) return alone === UNDECIDED ? NOT_YET : NOTHING
    const last = this.#lasts[index] as number
    const column = inColumn(bytes, start, end, firstLength, last, limit, more)
    if (column === UNDECIDED) return NOT_YET
    const length = this.#compact(start, end)
    if ((node.hasOn || isHinted) && this.#takeBest(node, start, end, length, column === PIECE))
      return end
    if (!node.wantsBehind) return NOTHING
    if (!this.#nearby.lookBehind(bytes, end, limit, more)) return NOT_YET
    return this.#takeBehind(node, start, end, length) ? end : NOTHING
  }

  /** Those by themselves, and those that a name or words before speak for: the nearest words win. */
  #takeBest(node: Node, start: number, end: number, length: number, isColumn: boolean): boolean {
    const { hinted, plain } = this.#bounds.context
    const nearby = this.#nearby
    const plainly = nearby.before(this.#plain, start)
    const isPlain = plain || nearby.isWithin(plainly, start, PLAIN_WITHIN)
    const isSpent = this.#isSpent(start)
    let best = -1
    let nearest = -1
    for (const candidate of node.candidates) {
      const { recognizer } = candidate
      const isNamed = hinted !== null && hinted[recognizer] === 1
      let hint = isNamed ? NAMED : nearby.before(recognizer, start)
      if (isSpent && !isNamed && !nearby.isBehind(hint, this.#spent)) hint = -1
      if (hint < 0 && (!candidate.on || isColumn || (isPlain && candidate.bare))) continue
      // `secret …; trace 0af3…`: what is said last is about it.
      if (candidate.bare && hint >= 0 && hint < plainly) continue
      if (best !== -1 && hint <= nearest) continue
      if (!this.#fits(candidate, length)) continue
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

  #takeBehind(node: Node, start: number, end: number, length: number): boolean {
    for (const candidate of node.candidates) {
      if (!candidate.behind || !this.#nearby.behind(candidate.recognizer)) continue
      if (!this.#fits(candidate, length)) continue
      this.#finds.add(start, end, candidate.recognizer, BY_FORM_AND_WORDS)
      return true
    }
    return false
  }

  /** The letters and digits of [start, end) without what is between. */
  #compact(start: number, end: number): number {
    const { bytes } = this.#bounds
    let length = 0
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number
      if (((KINDS[byte] as number) & WORD) !== 0) this.#text[length++] = byte
    }
    return length
  }

  #fits({ kinds, valid }: Candidate, length: number): boolean {
    if (kinds !== null)
      for (let i = 0; i < length; i++)
        if (((KINDS[this.#text[i] as number] as number) & (kinds[i] as number)) === 0) return false
    return valid === undefined || valid(this.#text, length)
  }
}
