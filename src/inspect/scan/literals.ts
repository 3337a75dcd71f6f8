/** What begins with, or lies around, a literal: found by its first two bytes, so that most bytes are told by one look in a small table. */

import type { AnchorShape, PrefixShape, Recognizer } from '../recognizers/recognizer.ts'
import { kindOf, toAlphabet } from './text.ts'

export interface Literal {
  readonly recognizer: number
  readonly on: boolean
  readonly bytes: Uint8Array
  /** Begins with a letter or digit: then it has to begin a word. */
  readonly isWord: boolean
  readonly prefix: (PrefixShape & { readonly run: AlphabetRun }) | null
  readonly anchor: AnchorShape | null
  /** What an endless one goes on with. */
  readonly eats: Uint8Array
  /** How far left it reaches, and over what. */
  readonly reach: number
  readonly before: Uint8Array
}

export interface Literals {
  /** Indexed by the first byte. */
  readonly byFirst: readonly (readonly Literal[] | undefined)[]
  /** Indexed by `gateOf` of the first two bytes: 0 where no literal begins with them. */
  readonly gate: Uint8Array
  /** Indexed by `sieveOf` of the first three bytes, for those that pass the gate. */
  readonly sieve: Uint8Array
  /** Those that reach left. */
  readonly reaching: readonly Literal[]
  readonly runs: readonly AlphabetRun[]
}

export function gateOf(first: number, second: number): number {
  return ((first & 63) << 6) | (second & 63)
}

export function sieveOf(first: number, second: number, third: number): number {
  return ((first & 31) << 10) | ((second & 31) << 5) | (third & 31)
}

export function compileLiterals(
  recognizers: readonly Recognizer[],
  isOn: (recognizer: Recognizer, shape: PrefixShape | AnchorShape) => boolean,
): Literals {
  const runs = new Map<string, AlphabetRun>()
  const all = recognizers.flatMap((recognizer, index) =>
    recognizer.shapes.flatMap((shape) => {
      if (shape.kind !== 'prefix' && shape.kind !== 'anchor') return []
      return toLiterals(index, shape, isOn(recognizer, shape), runs)
    }),
  )
  const byFirst: Literal[][] = []
  const gate = new Uint8Array(64 * 64)
  const sieve = new Uint8Array(32 * 32 * 32)
  for (const literal of all) {
    const [first = 0, second, third] = literal.bytes
    byFirst[first] ??= []
    byFirst[first].push(literal)
    if (second !== undefined) gate[gateOf(first, second)] = 1
    else for (let any = 0; any < 64; any++) gate[gateOf(first, any)] = 1
    for (const two of second === undefined ? ANY_FIVE_BITS : [second])
      for (const three of third === undefined ? ANY_FIVE_BITS : [third])
        sieve[sieveOf(first, two, three)] = 1
  }
  return {
    byFirst,
    gate,
    sieve,
    reaching: all.filter(({ reach }) => reach > 0),
    runs: [...runs.values()],
  }
}

function toLiterals(
  recognizer: number,
  shape: PrefixShape | AnchorShape,
  on: boolean,
  runs: Map<string, AlphabetRun>,
): readonly Literal[] {
  if (shape.kind === 'anchor') {
    const { literal: text, rest, reach = 0, before } = shape
    const parts = {
      prefix: null,
      anchor: shape,
      eats: rest === undefined ? NO_BLANK : toAlphabet(rest),
    }
    const leftward = { reach, before: before === undefined ? ANY : toAlphabet(before) }
    return [{ recognizer, on, ...toBytes(text, 1), ...parts, ...leftward }]
  }
  const run = runs.get(shape.alphabet) ?? new AlphabetRun(toAlphabet(shape.alphabet))
  runs.set(shape.alphabet, run)
  const parts = {
    prefix: { ...shape, run },
    anchor: null,
    eats: run.alphabet,
    reach: 0,
    before: ANY,
  }
  return shape.prefixes.map((text) => ({ recognizer, on, ...toBytes(text, 2), ...parts }))
}

function toBytes(text: string, least: number): { bytes: Uint8Array; isWord: boolean } {
  const bytes = Uint8Array.from(Buffer.from(text, 'latin1'))
  if (bytes.length < least) throw new Error(`too short to look for: ${text}`)
  return { bytes, isWord: kindOf(bytes, 0) !== 0 }
}

const ANY_FIVE_BITS = Array.from({ length: 32 }, (_, bits) => bits)
const ANY = new Uint8Array(256).fill(1)
const NO_BLANK = new Uint8Array(256).fill(1)
for (const blank of [0x20, 0x09, 0x0a, 0x0d, 0x22]) NO_BLANK[blank] = 0

/** How far an alphabet goes on from some place: each byte is looked at once, however many prefixes begin before it. */
export class AlphabetRun {
  readonly alphabet: Uint8Array
  #from = 0
  #to = 0

  constructor(alphabet: Uint8Array) {
    this.alphabet = alphabet
  }

  forget(): void {
    this.#from = 0
    this.#to = 0
  }

  /** @returns the end of the run that begins at `from`, or `limit` where it reaches that */
  endOf(bytes: Uint8Array, from: number, limit: number): number {
    if (from < this.#from || from > this.#to) {
      this.#from = from
      this.#to = from
    }
    let at = Math.max(this.#to, from)
    while (at < limit && this.alphabet[bytes[at] as number] === 1) at++
    if (at > this.#to) this.#to = at
    return Math.min(at, limit)
  }
}
