/** Which kind it is that letters and digits are, of those that may look like them: by a name, by the words around them, by themselves. */

import type { Bounds } from './bounds.ts'
import { endsSentence } from './clauses.ts'
import { BY_FORM, BY_FORM_AND_WORDS, type Finds } from './finds.ts'
import { type Candidate, MAX_RUN, type Node } from './layouts.ts'
import { BEFORE, type Nearby, QUIET, UNDECIDED as UNHEARD } from './nearby.ts'
import { ALONE, inColumn, isNumbered, PIECE } from './surroundings.ts'
import { DIGIT, KINDS } from './text.ts'
import { hasBit, meet } from './topics.ts'

/** So near a word that says it is something else has to end. */
const PLAIN_WITHIN = 24
/** `NHS number #123`: no more between the word and the number. */
const NUMBER_WITHIN = 12

/** What a layout is complete in. */
export interface Span {
  start: number
  end: number
  /** Its letters and digits: how many, and of which kinds. */
  size: number
  kinds: number
  /** Lengths of the first and the last group. */
  first: number
  last: number
}

export const TAKEN = 1
export const NOBODY = 0
/** Bytes that decide are not there yet. */
export const OPEN = -1

export class Choice {
  readonly #bounds: Bounds
  readonly #nearby: Nearby
  readonly #finds: Finds
  /** The letters and digits from `#textStart` on, as far as anybody has asked; the next is at `#textEnd` or behind it. */
  readonly #text = new Uint8Array(MAX_RUN)
  #textStart = -1
  #textEnd = 0
  #size = 0
  /** Another number for each text that is asked about. */
  #question = 0
  /** Where those end that were found by a word before them, in this text and, if near, in the piece before. */
  readonly #spent: number[] = []

  constructor(bounds: Bounds, nearby: Nearby, finds: Finds) {
    this.#bounds = bounds
    this.#nearby = nearby
    this.#finds = finds
  }

  /** @param spent where the last one ends that was found by a word, in what is before; -1 for none */
  begin(spent: number): void {
    this.#spent.length = 0
    if (spent >= 0) this.#spent.push(spent)
    this.#textStart = -1
  }

  /** @returns where the last one ends that was found by a word, and up to `decided`; -1 where that is none, or too far to count */
  spentBefore(decided: number): number {
    const last = this.#spent.findLast((end) => end <= decided) ?? -1
    return decided - last > BEFORE ? -1 : last
  }

  /** @returns TAKEN where it is one of the candidates, NOBODY or OPEN */
  take(node: Node, span: Span): number {
    const { bytes, context } = this.#bounds
    const { start, end, kinds } = span
    this.#question++
    const numbered = kinds === DIGIT && isNumbered(bytes, start)
    const isHinted = this.#nearby.look(start) || context.hinted !== null
    const taken = isHinted
      ? this.#takeHinted(node, span, numbered)
      : numbered
        ? NOBODY
        : this.#takeOn(node.on, span, 0)
    if (taken !== NOBODY || node.behind.length === 0 || numbered) return taken
    const behind = this.#nearby.lookBehind(end)
    if (behind === UNHEARD) return OPEN
    return behind !== QUIET && this.#takeBehind(node, span) ? TAKEN : NOBODY
  }

  /** Those that a name or words before speak for, the nearest words first, and then those by themselves. */
  #takeHinted(node: Node, span: Span, numbered: boolean): number {
    const nearby = this.#nearby
    const { start } = span
    if (this.#takeNamed(node.candidates, span)) return TAKEN
    const spent = this.#spentAt(start)
    let said = 0
    for (; said < nearby.count && nearby.end(said) > spent; said++) {
      if (numbered && nearby.end(said) < start - NUMBER_WITHIN) continue
      if (meet(nearby.topic(said).bits, node.bits) && this.#takeSaid(node, said, span)) return TAKEN
    }
    return numbered ? NOBODY : this.#takeOn(node.on, span, said)
  }

  #takeNamed(candidates: readonly Candidate[], span: Span): boolean {
    const { hinted } = this.#bounds.context
    if (hinted === null) return false
    for (const candidate of candidates)
      if (hinted[candidate.recognizer] === 1 && this.#fits(candidate, span))
        return this.#add(candidate, span, BY_FORM_AND_WORDS)
    return false
  }

  /** @param said which of the phrases nearby */
  #takeSaid({ bits, byRecognizer }: Node, said: number, span: Span): boolean {
    const { what } = this.#nearby.topic(said)
    const isOutdone = this.#nearby.isOutdone(said)
    // In the order of the registry, as candidates are.
    for (let i = 0; i < what.length; i++) {
      const recognizer = what[i] as number
      if (!hasBit(bits, recognizer)) continue
      for (const candidate of byRecognizer.get(recognizer) ?? []) {
        // `secret …; trace 0af3…`: what is said last is about it.
        if ((isOutdone && candidate.bare) || !this.#fits(candidate, span)) continue
        this.#spent.push(span.end)
        return this.#add(candidate, span, BY_FORM_AND_WORDS)
      }
    }
    return false
  }

  /** Those that need no word. @param said so many of the phrases nearby were heard: whom they speak for was asked before */
  #takeOn(candidates: readonly Candidate[], span: Span, said: number): number {
    if (candidates.length === 0) return NOBODY
    const isPlain = this.#isPlain(span.start)
    for (let i = 0; i < candidates.length; i++) {
      const candidate = candidates[i] as Candidate
      if ((isPlain && candidate.bare) || this.#wasAsked(candidate, said)) continue
      if (!this.#fits(candidate, span)) continue
      const column = this.#column(span)
      if (column !== ALONE) return column === PIECE ? NOBODY : OPEN
      this.#add(candidate, span, BY_FORM)
      return TAKEN
    }
    return NOBODY
  }

  #isPlain(start: number): boolean {
    const { plainEnd } = this.#nearby
    return this.#bounds.context.plain || (plainEnd >= 0 && plainEnd >= start - PLAIN_WITHIN)
  }

  #wasAsked({ recognizer }: Candidate, said: number): boolean {
    for (let i = 0; i < said; i++) if (hasBit(this.#nearby.topic(i).bits, recognizer)) return true
    return false
  }

  /** Whether it is a piece of a row of groups. */
  #column({ start, end, first, last }: Span): number {
    const { bytes, limit, more } = this.#bounds
    return inColumn(bytes, start, end, first, last, limit, more)
  }

  #takeBehind({ behind, bitsBehind }: Node, span: Span): boolean {
    const said = this.#nearby.behindFor(bitsBehind)
    if (said === null) return false
    for (const candidate of behind)
      if (hasBit(said, candidate.recognizer) && this.#fits(candidate, span))
        return this.#add(candidate, span, BY_FORM_AND_WORDS)
    return false
  }

  #add({ recognizer }: Candidate, { start, end }: Span, rank: number): true {
    this.#finds.add(start, end, recognizer, rank)
    return true
  }

  /** @returns what was said up to there was about another one, where the sentence is over; else -1 */
  #spentAt(start: number): number {
    const { bytes } = this.#bounds
    const spent = this.#spent.at(-1) ?? -1
    if (spent < 0 || start - spent > BEFORE) return -1
    for (let at = spent; at + 1 < start; at++)
      if (endsSentence(bytes[at] as number) && bytes[at + 1] === 0x20) return spent
    return -1
  }

  #fits({ kinds, check }: Candidate, { start, size }: Span): boolean {
    if (check !== null && check.refused === this.#question) return false
    const text = this.#text
    if (this.#textStart !== start || this.#size < size) this.#compact(start, size)
    if (kinds !== null)
      for (let i = 0; i < size; i++)
        if (((KINDS[text[i] as number] as number) & (kinds[i] as number)) === 0) return false
    if (check === null || check.valid(text, size)) return true
    check.refused = this.#question
    return false
  }

  /** The letters and digits from `start` on without what is between, so many. */
  #compact(start: number, size: number): void {
    const { bytes } = this.#bounds
    if (this.#textStart !== start) {
      this.#textStart = start
      this.#textEnd = start
      this.#size = 0
    }
    let at = this.#textEnd
    let count = this.#size
    for (; count < size; at++) {
      const byte = bytes[at] as number
      if (KINDS[byte] !== 0) this.#text[count++] = byte
    }
    this.#textEnd = at
    this.#size = count
  }
}
