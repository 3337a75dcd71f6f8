/** From the first group of letters and digits to the longest layout that is what it looks like. */

import { type Bounds, NOT_YET, NOTHING } from './bounds.ts'
import { BY_FORM, BY_FORM_AND_WORDS, type Finds } from './finds.ts'
import { type Candidate, edgeKey, MAX_GROUPS, MAX_RUN, type Node } from './layouts.ts'
import type { Nearby } from './nearby.ts'
import { inColumn, PIECE, standsAlone, UNDECIDED } from './surroundings.ts'
import { KINDS, SEPARATORS, WORD } from './text.ts'

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

  constructor(bounds: Bounds, nearby: Nearby, finds: Finds, plain: number) {
    this.#bounds = bounds
    this.#nearby = nearby
    this.#finds = finds
    this.#plain = plain
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
      const separator = SEPARATORS[bytes[at] as number] as number
      if (separator === 0) break
      const from = at + 1
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

  #hold(start: number): number {
    this.#bounds.held = start
    return NOT_YET
  }

  #accept(index: number, start: number, firstLength: number): number {
    const { bytes, limit, more, context } = this.#bounds
    const node = this.#nodes[index] as Node
    const end = this.#ends[index] as number
    const nearby = this.#nearby
    const anyBefore = nearby.look(bytes, start)
    const isHinted = anyBefore || context.hinted !== null
    const alone = standsAlone(bytes, start, end, this.#kinds[index] as number, limit, more)
    if (alone === UNDECIDED) return NOT_YET
    if (alone === PIECE) return NOTHING
    const length = this.#compact(start, end)
    const isPlain =
      isHinted || context.plain ? context.plain || nearby.before(this.#plain, start) >= 0 : false
    const column = inColumn(
      bytes,
      start,
      end,
      firstLength,
      this.#lasts[index] as number,
      limit,
      more,
    )
    if (column === UNDECIDED) return NOT_YET

    let best: Candidate | null = null
    let nearest = -1
    for (const candidate of node.candidates) {
      const { recognizer } = candidate
      let hint = -1
      if (context.hinted !== null && context.hinted[recognizer] === 1) hint = 0x7fff_ffff
      else if (anyBefore) hint = nearby.before(recognizer, start)
      if (hint < 0 && (!candidate.on || (isPlain && candidate.bare) || column === PIECE)) continue
      if (best !== null && hint <= nearest) continue
      if (!this.#fits(candidate, length)) continue
      best = candidate
      nearest = hint
    }
    if (best === null && node.wantsWords) {
      if (!nearby.lookBehind(bytes, end, limit, more)) return NOT_YET
      for (const candidate of node.candidates) {
        if (!nearby.behind(candidate.recognizer) || !this.#fits(candidate, length)) continue
        best = candidate
        nearest = 0
        break
      }
    }
    if (best === null) return NOTHING
    const rank = nearest >= 0 ? BY_FORM_AND_WORDS : BY_FORM
    this.#finds.add(start, end, best.recognizer, rank)
    return end
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
