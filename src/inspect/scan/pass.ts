/**
 * The pass over the bytes. Text is runs of letters and digits with something between; nearly every run is told to be nothing by one look:
 * no literal has its first two bytes, no layout its length and kinds.
 */

import { type Bounds, NOT_YET, NOTHING } from './bounds.ts'
import { BY_NAME_ONLY, Finds } from './finds.ts'
import { MAX_RUN, type Node } from './layouts.ts'
import { LiteralMatcher } from './literal-matcher.ts'
import { gateOf, type Literals } from './literals.ts'
import { LooseNames } from './loose-names.ts'
import type { ContextWords, Key } from './names.ts'
import { Nearby } from './nearby.ts'
import { PatternMatcher } from './pattern-matcher.ts'
import { type Context, LOOK_BEHIND, MAX_HELD, NOWHERE, type Sink, type Stream } from './scanner.ts'
import { DIGIT, KINDS, toAlphabet, WORD } from './text.ts'

export interface Compiled {
  readonly types: readonly string[]
  readonly words: ContextWords
  readonly roots: readonly (Node | undefined)[]
  readonly literals: Literals
  readonly keys: readonly Key[]
}

/** Beside KINDS, what a byte means to the pass. */
const LITERAL = 8
const ASSIGN = 16
const FLOOR = 32
const COMMA = 64
const ESCAPE = 128

const EVERYTHING = new Uint8Array(256).fill(1)

export class Pass {
  readonly #types: readonly string[]
  readonly #roots: readonly (Node | undefined)[]
  readonly #gate: Uint8Array
  readonly #keys: readonly Key[]
  readonly #classes: Uint8Array
  readonly #nearby: Nearby
  readonly #finds: Finds
  readonly #patterns: PatternMatcher
  readonly #literals: LiteralMatcher
  readonly #loose: LooseNames
  readonly #bounds: Bounds = {
    bytes: new Uint8Array(0),
    limit: 0,
    more: false,
    context: NOWHERE,
    open: null,
    held: 0,
  }

  constructor({ types, words, roots, literals, keys }: Compiled) {
    this.#types = types
    this.#roots = roots
    this.#gate = literals.gate
    this.#keys = keys
    this.#nearby = new Nearby(words.latin, words.foreign, types.length + 1)
    this.#finds = new Finds(types)
    this.#patterns = new PatternMatcher(this.#bounds, this.#nearby, this.#finds, types.length)
    this.#literals = new LiteralMatcher(literals, this.#bounds, this.#nearby, this.#finds)
    this.#loose = new LooseNames(keys, this.#bounds, this.#finds)
    this.#classes = classesFor(literals, !this.#loose.isIdle)
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
    this.#literals.begin()
    this.#patterns.begin()
    this.#loose.begin()
    let stop = from < end ? this.#walk(from) : from
    if (bounds.more && bounds.open === null) stop = this.#literals.reachedFrom(stop)
    const decided = Math.max(this.#finds.settle(stop), start)
    if (stream !== null) stream.open = bounds.open
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
    const { bytes, limit, more } = this.#bounds
    const classes = this.#classes
    const roots = this.#roots
    const gate = this.#gate
    const nearby = this.#nearby
    let at = start === 0 ? 0 : this.#resume(start)
    while (at < limit) {
      let kind = classes[bytes[at] as number] as number
      if (kind === 0) {
        at++
        continue
      }
      const from = at
      let found = NOTHING
      if ((kind & WORD) !== 0) {
        let kinds = 0
        do {
          kinds |= kind
          at++
          if (at === limit) break
          kind = classes[bytes[at] as number] as number
        } while ((kind & WORD) !== 0)
        kinds &= WORD
        const length = at - from
        if (at === limit && more && length <= MAX_RUN) return from
        if (
          from + 1 < limit &&
          gate[gateOf(bytes[from] as number, bytes[from + 1] as number)] === 1
        )
          found = this.#literals.match(from)
        if (found === NOTHING && length <= MAX_RUN) {
          const node = roots[(length << 3) | kinds]
          if (node !== undefined) found = this.#patterns.match(node, from, at, kinds)
        }
        if (found === NOTHING) {
          if ((kinds & DIGIT) === 0) nearby.note(from, at)
          continue
        }
      } else {
        found = this.#between(at, kind)
        if (found === NOTHING) {
          at++
          continue
        }
      }
      if (found === NOT_YET) return this.#bounds.held
      at = found
      if (this.#bounds.open !== null) {
        at = this.#eaten(at)
        this.#finds.extend(at, this.#bounds.open !== null)
        if (this.#bounds.open !== null) return limit
      }
    }
    return limit
  }

  /** A byte between runs that means something. @returns where to go on, NOTHING for the next byte, or NOT_YET */
  #between(at: number, kind: number): number {
    const { bytes, limit, more } = this.#bounds
    if ((kind & LITERAL) !== 0) {
      const isOne =
        at + 1 === limit || this.#gate[gateOf(bytes[at] as number, bytes[at + 1] as number)] === 1
      const found = isOne ? this.#literals.match(at) : NOTHING
      if (found !== NOTHING) return found
    }
    if ((kind & ASSIGN) !== 0) return this.#loose.match(at)
    if ((kind & FLOOR) !== 0) this.#nearby.floor = at
    if ((kind & (COMMA | ESCAPE)) === 0) return NOTHING
    const next =
      (kind & COMMA) !== 0 ? behindComma(bytes, at, limit) : behindEscape(bytes, at, limit)
    if (next > limit) {
      if (!more) return NOTHING
      this.#bounds.held = at
      return NOT_YET
    }
    if ((kind & ESCAPE) !== 0) return next
    if (next === SPLITS) this.#nearby.floor = at
    return NOTHING
  }

  /** Takes note of the words before `start`. @returns behind the run that `start` is in, or `start` */
  #resume(start: number): number {
    const { bytes, limit } = this.#bounds
    const classes = this.#classes
    let at = Math.max(0, start - LOOK_BEHIND)
    while (at < start) {
      const kind = classes[bytes[at] as number] as number
      const from = at++
      if ((kind & WORD) !== 0) {
        let kinds = kind
        while (at < limit && ((KINDS[bytes[at] as number] as number) & WORD) !== 0)
          kinds |= KINDS[bytes[at++] as number] as number
        if ((kinds & DIGIT) === 0) this.#nearby.note(from, at)
      } else if ((kind & FLOOR) !== 0) this.#nearby.floor = from
      else if ((kind & COMMA) !== 0) {
        if (behindComma(bytes, from, limit) === SPLITS) this.#nearby.floor = from
      } else if ((kind & ESCAPE) !== 0) at = Math.min(limit, behindEscape(bytes, from, limit))
    }
    return at
  }
}

const SPLITS = 0

/** @returns SPLITS where what follows is another field, 1 where it is not, more than `limit` where that is not there yet */
function behindComma(bytes: Uint8Array, at: number, limit: number): number {
  if (at > 0 && bytes[at - 1] === 0x22) return SPLITS
  if (at + 1 >= limit) return limit + 1
  const next = bytes[at + 1]
  return next === 0x22 || next === 0x0a || next === 0x0d ? SPLITS : 1
}

/** Texts may be escaped as in JSON: the `n` of `\n` is no letter. @returns where to go on, more than `limit` where that is not there yet */
function behindEscape(bytes: Uint8Array, at: number, limit: number): number {
  if (at + 1 >= limit) return limit + 1
  const next = bytes[at + 1] as number
  if (next !== 0x75) return ESCAPED[next] === 1 ? at + 2 : at + 1
  for (let i = at + 2; i < at + 6; i++) {
    if (i >= limit) return limit + 1
    if (HEX[bytes[i] as number] !== 1) return at + 1
  }
  return at + 6
}

const ESCAPED = toAlphabet('nrtbf"\\/')
const HEX = toAlphabet('0-9a-fA-F')

function isBlank(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)
}

function classesFor({ byFirst }: Literals, hasLooseNames: boolean): Uint8Array {
  const classes = KINDS.slice()
  byFirst.forEach((literals, first) => {
    if (literals !== undefined && classes[first] === 0) classes[first] = LITERAL
  })
  const add = (bytes: string, what: number): void => {
    for (const byte of Buffer.from(bytes)) classes[byte] = (classes[byte] ?? 0) | what
  }
  if (hasLooseNames) add('=:', ASSIGN)
  add('{}&', FLOOR)
  add(',', COMMA)
  add('\\', ESCAPE)
  return classes
}
