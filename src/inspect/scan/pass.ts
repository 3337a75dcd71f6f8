/** The pass over the bytes: the automaton goes from stop to stop, and those who know look there. */

import { beginReading } from '../recognizers/reading.ts'
import { type Automaton, type Look, SHIFT, type Stop } from './automaton.ts'
import { type Beginning, literalsAt } from './beginnings.ts'
import { type Bounds, NOT_YET, NOTHING } from './bounds.ts'
import { BY_NAME_ONLY, Finds } from './finds.ts'
import { BLOCK, Lanes } from './lanes.ts'
import { LiteralMatcher } from './literal-matcher.ts'
import type { Literal } from './literals.ts'
import { LooseNames } from './loose-names.ts'
import type { ContextWords, Key } from './names.ts'
import { Nearby } from './nearby.ts'
import { PatternMatcher } from './pattern-matcher.ts'
import { END, IS_RESET } from './runs.ts'
import { type Context, LOOK_BEHIND, MAX_HELD, NOWHERE, type Sink, type Stream } from './scanner.ts'

export interface Compiled {
  readonly types: readonly string[]
  readonly words: ContextWords
  readonly automaton: Automaton
  /** Those that reach left. */
  readonly reaching: readonly Literal[]
  readonly keys: readonly Key[]
}

const EVERYTHING = new Uint8Array(256).fill(1)

export class Pass {
  readonly #types: readonly string[]
  readonly #automaton: Automaton
  readonly #keys: readonly Key[]
  readonly #nearby: Nearby
  readonly #finds: Finds
  readonly #patterns: PatternMatcher
  readonly #literals: LiteralMatcher
  readonly #loose: LooseNames
  readonly #lanes: Lanes
  /** Nothing before it is in a find any more. */
  #floor = 0
  readonly #bounds: Bounds = {
    bytes: new Uint8Array(0),
    limit: 0,
    more: false,
    context: NOWHERE,
    scan: 0,
    open: null,
    held: 0,
  }

  constructor({ types, words, automaton, reaching, keys }: Compiled) {
    this.#types = types
    this.#automaton = automaton
    this.#lanes = new Lanes(automaton)
    this.#keys = keys
    this.#nearby = new Nearby(words, types.length, this.#bounds)
    this.#finds = new Finds(types)
    this.#patterns = new PatternMatcher(this.#bounds, this.#nearby, this.#finds)
    this.#literals = new LiteralMatcher(reaching, this.#bounds, this.#nearby, this.#finds)
    this.#loose = new LooseNames(keys, this.#bounds, this.#finds)
  }

  scan(
    bytes: Uint8Array,
    start: number,
    end: number,
    context: Context,
    sink: Sink,
    stream: Stream | null,
  ): number {
    const bounds = this.#bounds
    bounds.bytes = bytes
    bounds.limit = end
    bounds.more = stream !== null && !stream.ended
    bounds.context = context
    bounds.scan = beginReading(bytes)
    bounds.open = stream?.open ?? null
    const isBeginning = stream === null || !stream.begun
    let from = start
    if (bounds.open !== null) {
      const { recognizer } = bounds.open
      from = this.#eaten(start)
      const goesOn = bounds.open !== null
      if (from > start) sink(start, from, this.#types[recognizer] as string, goesOn)
      if (from === end && stream !== null) {
        stream.open = bounds.open
        return end
      }
    } else if (isBeginning && context.keys !== null && start < end) {
      if (bounds.more && end - start < MAX_HELD) return start
    }
    const isValue = bounds.open === null && isBeginning && context.keys !== null
    this.#finds.begin(sink, from)
    if (isValue && context.keys !== null) from = this.#wholeValue(from, context.keys)
    if (stream !== null && end > start) stream.begun = true
    this.#nearby.reset()
    this.#patterns.begin(stream === null || stream.spent < 0 ? -1 : start - stream.spent)
    this.#loose.begin()
    let stop = from < end ? this.#walk(from) : from
    if (bounds.more && bounds.open === null) stop = this.#literals.reachedFrom(stop)
    const decided = Math.max(this.#finds.settle(stop), start)
    if (stream !== null) {
      const spent = this.#patterns.spentBefore(decided)
      stream.open = bounds.open
      stream.spent = spent < 0 ? -1 : decided - spent
    }
    return decided
  }

  /** @returns where what had no end before `start` ends; `bounds.open` stays where it still has none */
  #eaten(start: number): number {
    const { bytes, limit, more, open } = this.#bounds
    if (open === null) return start
    let at = start
    while (at < limit && open.eats[bytes[at] as number] === 1) at++
    if (at < limit || !more) this.#bounds.open = null
    return at
  }

  /** The text under a name that says what any value is. @returns from where to go on */
  #wholeValue(start: number, keys: readonly number[]): number {
    const { bytes, limit, more } = this.#bounds
    const isEndless = limit - start >= MAX_HELD
    let from = start
    let to = isEndless ? start + MAX_HELD : limit
    while (from < to && isBlank(bytes[from] as number)) from++
    while (!isEndless && to > from && isBlank(bytes[to - 1] as number)) to--
    if (from === to) return start
    for (const key of keys) {
      const { shape, recognizer } = this.#keys[key] as Key
      if (shape.valid !== undefined && !shape.valid(bytes, from, to)) continue
      this.#finds.add(from, isEndless ? limit : to, recognizer, BY_NAME_ONLY, isEndless && more)
      if (!isEndless) return start
      if (more) this.#bounds.open = { recognizer, eats: EVERYTHING }
      return limit
    }
    return start
  }

  /** @returns up to where all is decided, but for what the last find has to say */
  #walk(start: number): number {
    const { limit, more } = this.#bounds
    const { table, classes, firstStop, stops, held } = this.#automaton
    this.#floor = start
    this.#lanes.state = 0
    for (let at = this.#knownBefore(start); at < limit; at += BLOCK)
      if (!this.#lookIn(at, Math.min(limit, at + BLOCK))) return this.#bounds.held
    if (more) return limit - (held[this.#lanes.state] as number)
    const last = table[(this.#lanes.state << SHIFT) | (classes[END] as number)] as number
    if (last >= firstStop) this.#look(stops[last - firstStop] as Stop, limit)
    return limit
  }

  /** Looks for what is in [from, end). @returns false where nothing is decided from `bounds.held` on */
  #lookIn(from: number, end: number): boolean {
    const { firstStop, stops } = this.#automaton
    const { noted } = this.#lanes
    const count = this.#lanes.step(this.#bounds.bytes, from, end)
    for (let i = 0; i < count; i++) {
      const at = noted[i] as number
      const stop = stops[(at & 0xffff) - firstStop] as Stop
      if (!this.#look(stop, from + (at >>> 16))) return false
    }
    return true
  }

  /** @returns false where nothing is decided from `bounds.held` on */
  #look(stop: Stop, at: number): boolean {
    for (let i = 0; i < stop.length; i++) {
      const found = this.#find(stop[i] as Look, at)
      if (found === NOTHING) continue
      if (found === NOT_YET) return false
      this.#floor = found
      if (this.#bounds.open === null) continue
      this.#floor = this.#eaten(found)
      this.#finds.extend(this.#floor, this.#bounds.open !== null)
      if (this.#bounds.open === null) continue
      this.#bounds.held = this.#bounds.limit
      return false
    }
    return true
  }

  /** @returns behind what was found from the floor on, NOTHING or NOT_YET */
  #find({ attempt, ends, assigns }: Look, at: number): number {
    const floor = this.#floor
    if (attempt !== null) {
      const { node, length, kinds, back } = attempt
      const start = at - back - length
      return start < floor ? NOTHING : this.#patterns.match(node, start, at - back, kinds)
    }
    for (let i = 0; i < ends.length; i++) {
      const beginning = ends[i] as Beginning
      const start = at + 1 - beginning.depth
      if (start < floor) continue
      const literals = literalsAt(beginning, this.#bounds.bytes, start)
      const found = this.#literals.match(start, beginning.sure, literals)
      if (found !== NOTHING) return found
    }
    return assigns && at >= floor ? this.#loose.match(at) : NOTHING
  }

  /** @returns a place at or before `at` from which the automaton begins, and is at `at` as if it had begun with the text */
  #knownBefore(at: number): number {
    const { bytes } = this.#bounds
    const least = Math.max(0, at - LOOK_BEHIND)
    let from = at
    while (from > least && IS_RESET[bytes[from - 1] as number] !== 1) from--
    return from
  }
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)
}
