/**
 * Runs and beginnings of literals as one table: a state and a byte give the next state, and nearly all bytes of nearly all texts are told to
 * be nothing by that one look. Some states say that something might have ended with the byte that led there, and what to look for.
 *
 * INVARIANT: which state is reached depends on the bytes alone, not on what is found; and a few bytes back are enough to know it.
 */

import { type Beginning, growBeginnings, symbolOf } from './beginnings.ts'
import type { Node } from './layouts.ts'
import type { Literal } from './literals.ts'
import type { Attempt } from './run-states.ts'
import { END, type Move, Runs } from './runs.ts'
import { KINDS } from './text.ts'

export interface Automaton {
  /** Indexed by `state << SHIFT | class`. The first state is where nothing is known of what was before. */
  readonly table: Uint16Array
  /** Indexed by byte; the last is for the end of the text. Bytes that make no difference are of one class. */
  readonly classes: Uint8Array
  /** States from here on are reached with something to look for: `stops` has it for each of them, in order. */
  readonly firstStop: number
  readonly stops: readonly Stop[]
  /** Indexed by state: so many bytes before here are undecided. */
  readonly held: Uint8Array
}

export const SHIFT = 7

/** What might have ended, in the order of where it began. */
export type Stop = readonly Look[]

export interface Look {
  /** A run ended, or began behind one, that layouts begin with. */
  readonly attempt: Attempt | null
  /** Beginnings of literals that end with the byte, the longest first. */
  readonly ends: readonly Beginning[]
  /** The byte is a `=` or `:` that may give a name a value. */
  readonly assigns: boolean
}

/** Bytes of a literal's beginning that the table knows, unless that makes it too large. */
const LONGEST = 8
const MAX_STATES = 16_384

export function compileAutomaton(
  roots: readonly (Node | undefined)[],
  literals: readonly Literal[],
  hasLooseNames: boolean,
): Automaton {
  for (let longest = LONGEST; ; longest--) {
    const builder = new Builder(new Runs(roots), growBeginnings(literals, longest), hasLooseNames)
    const automaton = builder.build()
    if (automaton !== null) return automaton
    if (longest === 1) throw new Error('too many layouts')
  }
}

/** Where in a run, and where in a literal. */
interface Pair {
  readonly beginning: Beginning
  readonly run: number
}

/** Where a byte leads with something to look for. */
interface Step {
  /** Number of the look. */
  readonly look: number
  readonly to: number
  /** Whether the byte was taken, or counts again there. */
  readonly taken: boolean
}

/** Of pairs, all that can be reached from the first. */
class Builder {
  readonly #runs: Runs
  readonly #root: Beginning
  readonly #hasLooseNames: boolean
  readonly #classes: Uint8Array
  /** One byte of each class. */
  readonly #bytes: readonly number[]
  readonly #pairs: Pair[] = []
  readonly #ids = new Map<number, number>()
  /** By pair, then by class: the number of a pair, or below zero that of a step. */
  readonly #rows: Int32Array[] = []
  readonly #steps: Step[] = []
  readonly #stepIds = new Map<number, number>()
  readonly #looks: Look[] = []
  /** By what is looked for: an attempt, or the beginning that ended and whether a name may have. */
  readonly #lookIds = new Map<Attempt | number, number>()

  constructor(runs: Runs, beginnings: readonly Beginning[], hasLooseNames: boolean) {
    this.#runs = runs
    this.#root = beginnings[0] as Beginning
    this.#hasLooseNames = hasLooseNames
    this.#classes = classify(new Set(beginnings.flatMap(({ next }) => [...next.keys()])))
    this.#bytes = Array.from({ length: Math.max(...this.#classes) + 1 }, (_, each) =>
      symbolOf(this.#classes.indexOf(each)),
    )
  }

  /** @returns null where there are too many states */
  build(): Automaton | null {
    this.#idOf(this.#root, this.#runs.start)
    for (let id = 0; id < this.#pairs.length; id++) {
      this.#rowOf(id)
      if (this.#pairs.length > MAX_STATES) return null
    }
    const firstStop = this.#pairs.length
    const stops: Stop[] = []
    /** The pairs that go on where states are. */
    const pairs = [...this.#pairs.keys()]
    const known = new Map<number, number>()
    /** What else there is to look for with the byte comes behind. */
    const stateOf = (cell: number, index: number): number => {
      if (cell >= 0) return cell
      const { look, to, taken } = this.#steps[~cell] as Step
      const rest = taken ? to : stateOf(this.#rowOf(to)[index] as number, index)
      const key = look * MAX_STATES + rest
      const state = known.get(key)
      if (state !== undefined) return state
      known.set(key, pairs.length)
      stops.push([this.#looks[look] as Look, ...(stops[rest - firstStop] ?? [])])
      return pairs.push(pairs[rest] as number) - 1
    }
    const cells = this.#rows.map((row) => row.map(stateOf))
    if (pairs.length > MAX_STATES) return null
    const table = new Uint16Array(pairs.length << SHIFT)
    for (const [state, pair] of pairs.entries())
      table.set(cells[pair] as Int32Array, state << SHIFT)
    const held = Uint8Array.from(pairs, (pair) => {
      const { beginning, run } = this.#pairs[pair] as Pair
      return Math.max(beginning.depth, this.#runs.held(run))
    })
    return { table, classes: this.#classes, firstStop, stops, held }
  }

  #idOf(beginning: Beginning, run: number): number {
    const key = beginning.id * 0x1000 + run
    const known = this.#ids.get(key)
    if (known !== undefined) return known
    const id = this.#pairs.push({ beginning, run }) - 1
    this.#ids.set(key, id)
    return id
  }

  /** What a beginning does not go on with is as for the one it ends with. */
  #rowOf(id: number): Int32Array {
    const known = this.#rows[id]
    if (known !== undefined) return known
    const { beginning, run } = this.#pairs[id] as Pair
    const { shorter } = beginning
    const row =
      shorter === null
        ? Int32Array.from(this.#bytes, (byte) => this.#first(run, byte))
        : Int32Array.from(this.#rowOf(this.#idOf(shorter, run)))
    if (shorter !== null)
      for (const [byte, next] of beginning.next)
        row[this.#classes[byte] as number] = this.#further(beginning, next, run, byte)
    this.#rows[id] = row
    return row
  }

  /** Behind nothing that a literal begins with. */
  #first(run: number, byte: number): number {
    const move = this.#runs.step(run, byte)
    if (move.attempt !== null) return this.#attempt(this.#root, move)
    const begins = isWord(byte) ? this.#runs.isBetween(run) : true
    if (this.#runs.isEscaped(run, byte)) return this.#idOf(this.#root, move.to)
    const next = begins ? this.#root.next.get(byte) : undefined
    return this.#arrive(next ?? this.#root, run, move, byte)
  }

  #further(from: Beginning, next: Beginning, run: number, byte: number): number {
    const move = this.#runs.step(run, byte)
    // A layout that begins with the run comes behind a literal that does, and before one that began later.
    if (move.attempt !== null && !(next.isWord && next.literals.length > 0))
      return this.#attempt(from.isWord ? this.#root : from, move)
    return this.#arrive(next, run, move, byte)
  }

  #attempt(beginning: Beginning, { attempt, to }: Move): number {
    const look = this.#lookOf(attempt ?? 0, () => ({ attempt, ends: [], assigns: false }))
    return this.#step(look, this.#idOf(beginning, to), false)
  }

  #arrive(next: Beginning, run: number, move: Move, byte: number): number {
    const ends = endsOf(next)
    const assigns = this.#hasLooseNames && (byte === 0x3d || byte === 0x3a)
    if (ends.length === 0 && !assigns) return this.#idOf(next, move.to)
    // The byte that ends the run has still to be looked at by itself.
    if (next.isWord && !isWord(byte)) {
      const look = this.#lookOf(next.id * 2, () => ({ attempt: null, ends, assigns: false }))
      return this.#step(look, this.#idOf(this.#root, run), false)
    }
    let on = next
    while (on.literals.length > 0) on = on.shorter ?? this.#root
    const look = this.#lookOf(next.id * 2 + (assigns ? 1 : 0), () => ({
      attempt: null,
      ends,
      assigns,
    }))
    return this.#step(look, this.#idOf(on, move.to), true)
  }

  #lookOf(what: Attempt | number, make: () => Look): number {
    const id = this.#lookIds.get(what) ?? this.#looks.push(make()) - 1
    this.#lookIds.set(what, id)
    return id
  }

  /** @returns below zero */
  #step(look: number, to: number, taken: boolean): number {
    const key = (look * MAX_STATES + to) * 2 + (taken ? 1 : 0)
    const id = this.#stepIds.get(key) ?? this.#steps.push({ look, to, taken }) - 1
    this.#stepIds.set(key, id)
    return ~id
  }
}

/** All literals that may be complete here. */
function endsOf(beginning: Beginning): readonly Beginning[] {
  const ends: Beginning[] = []
  for (let at: Beginning | null = beginning; at !== null; at = at.shorter)
    if (at.literals.length > 0) ends.push(at)
  return ends
}

/** Bytes that occur in beginnings are of a class each, the others by what they mean to runs. The frequent ones first: they share cache lines. */
function classify(known: ReadonlySet<number>): Uint8Array {
  const classes = new Uint8Array(END + 1)
  const ids = new Map<string, number>()
  for (const byte of [...Buffer.from(FREQUENT), ...classes.keys()]) {
    const symbol = symbolOf(byte)
    const name = known.has(symbol) ? `${symbol}` : Runs.meaningOf(symbol)
    if (!ids.has(name)) ids.set(name, ids.size)
    classes[byte] = ids.get(name) ?? 0
  }
  return classes
}

const FREQUENT = 'etaoinshrdlucmfwygpbvkjxqz ,.":'

function isWord(byte: number): boolean {
  return (KINDS[byte] ?? 0) !== 0
}
