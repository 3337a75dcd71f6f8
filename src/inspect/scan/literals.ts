/** What begins with, or lies around, a literal. */

import type { AnchorShape, PrefixShape, Recognizer } from '../recognizers/recognizer.ts'
import type { Bounds } from './bounds.ts'
import { toAlphabet } from './text.ts'

/** One form for both kinds, so that reading one is as quick as reading another. */
export interface Literal {
  readonly recognizer: number
  readonly on: boolean
  readonly bytes: Uint8Array
  /** How many these are. */
  readonly size: number
  /** What has to follow it, where that is known. */
  readonly next: Uint8Array | null
  /** Of a prefix: what follows it, and how much of it; null for an anchor. */
  readonly run: AlphabetRun | null
  readonly min: number
  readonly max: number
  readonly valid: NonNullable<PrefixShape['valid']> | null
  /** Of an anchor; null for a prefix. */
  readonly extent: AnchorShape['extent'] | null
  /** What an endless one goes on with. */
  readonly eats: Uint8Array
  /** How far left it reaches, and over what. */
  readonly reach: number
  readonly before: Uint8Array
}

export function compileLiterals(
  recognizers: readonly Recognizer[],
  isOn: (recognizer: Recognizer, shape: PrefixShape | AnchorShape) => boolean,
): readonly Literal[] {
  const runs = new Map<string, AlphabetRun>()
  return recognizers.flatMap((recognizer, index) =>
    recognizer.shapes.flatMap((shape) => {
      if (shape.kind !== 'prefix' && shape.kind !== 'anchor') return []
      return toLiterals(index, shape, isOn(recognizer, shape), runs)
    }),
  )
}

/** Those that reach left; of those that do so alike the first, as the names of months. */
export function reachingOf(literals: readonly Literal[]): readonly Literal[] {
  const alike = new Map<string, Literal>()
  for (const literal of literals) {
    const { reach, before, on, recognizer } = literal
    if (reach === 0) continue
    const key = `${on ? 'on' : recognizer} ${reach} ${before.join('')}`
    if (!alike.has(key)) alike.set(key, literal)
  }
  return [...alike.values()]
}

function toLiterals(
  recognizer: number,
  shape: PrefixShape | AnchorShape,
  on: boolean,
  runs: Map<string, AlphabetRun>,
): readonly Literal[] {
  if (shape.kind === 'anchor') {
    const { literal: text, next, rest, reach = 0, before, extent } = shape
    const bytes = toBytes(text, 1)
    return [
      {
        recognizer,
        on,
        bytes,
        size: bytes.length,
        next: next === undefined ? null : toAlphabet(next),
        run: null,
        min: 0,
        max: 0,
        valid: null,
        extent,
        eats: rest === undefined ? NO_BLANK : toAlphabet(rest),
        reach,
        before: before === undefined ? ANY : toAlphabet(before),
      },
    ]
  }
  const { alphabet, min, max, valid = null } = shape
  const run = runs.get(alphabet) ?? new AlphabetRun(toAlphabet(alphabet))
  runs.set(alphabet, run)
  return shape.prefixes.map((text) => ({
    recognizer,
    on,
    bytes: toBytes(text, 2),
    size: text.length,
    next: min > 0 ? run.alphabet : null,
    run,
    min,
    max,
    valid,
    extent: null,
    eats: run.alphabet,
    reach: 0,
    before: ANY,
  }))
}

function toBytes(text: string, least: number): Uint8Array {
  const bytes = Uint8Array.from(Buffer.from(text, 'latin1'))
  if (bytes.length < least) throw new Error(`too short to look for: ${text}`)
  return bytes
}

const ANY = new Uint8Array(256).fill(1)
const NO_BLANK = new Uint8Array(256).fill(1)
for (const blank of [0x20, 0x09, 0x0a, 0x0d, 0x22]) NO_BLANK[blank] = 0

/** How far an alphabet goes on from some place: each byte is looked at once, however many prefixes begin before it. */
export class AlphabetRun {
  readonly alphabet: Uint8Array
  /** Of which text. */
  #scan = 0
  #from = 0
  #to = 0

  constructor(alphabet: Uint8Array) {
    this.alphabet = alphabet
  }

  /** @returns the end of the run that begins at `from`, or `limit` where it reaches that */
  endOf({ bytes, scan }: Bounds, from: number, limit: number): number {
    if (scan !== this.#scan || from < this.#from || from > this.#to) {
      this.#scan = scan
      this.#from = from
      this.#to = from
    }
    let at = Math.max(this.#to, from)
    while (at < limit && this.alphabet[bytes[at] as number] === 1) at++
    if (at > this.#to) this.#to = at
    return Math.min(at, limit)
  }
}
