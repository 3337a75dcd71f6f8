/**
 * What the bytes gone by say about runs of letters and digits, as a finite automaton: how long the run at hand is and of which kinds, as far
 * as a layout may begin like that, and whether it is a piece of something longer, so that none can. Text may be escaped as in JSON: the `n`
 * of `\n` is no letter.
 *
 * Only compiled from: what passes over text is the table in automaton.ts.
 */

import { OTHER } from './beginnings.ts'
import { groupKey, MAX_RUN, type Node } from './layouts.ts'
import {
  AT_DIGIT,
  type Attempt,
  type Behind,
  GAP,
  JOINT,
  NEAR,
  NEAR_DIGIT,
  NOTHING,
  nameOf,
  type State,
  stateBehind,
  WORD_END,
} from './run-states.ts'
import { DIGIT, ESCAPED, HEX, KINDS, LOWER, SEPARATORS, UPPER, WORD } from './text.ts'

/** Stands for the end of the text, where a byte would. */
export const END = 256

/** Indexed by byte: whether nothing before it counts for what follows it. */
export const IS_RESET: Uint8Array = KINDS.map((kind) => (kind === 0 ? 1 : 0))
for (const byte of Buffer.from('-._+/\\')) IS_RESET[byte] = 0

const BACKSLASH = 0x5c

/** Where a byte leads; with an attempt, the byte is not taken yet and counts again where it leads. */
export interface Move {
  readonly to: number
  readonly attempt: Attempt | null
}

export class Runs {
  readonly #roots: readonly (Node | undefined)[]
  /** Indexed as roots: whether a layout begins with a run like this, or with one that begins like this. */
  readonly #canBegin = new Uint8Array(groupKey(MAX_RUN + 1, WORD) + 1)
  readonly #states: State[] = []
  readonly #ids = new Map<string, number>()
  readonly #attempts = new Map<string, Attempt>()

  constructor(roots: readonly (Node | undefined)[]) {
    this.#roots = roots
    for (let length = MAX_RUN; length > 0; length--)
      for (let kinds = 1; kinds <= WORD; kinds++)
        this.#canBegin[groupKey(length, kinds)] = this.#leads(length, kinds) ? 1 : 0
    this.#idOf(GAP)
  }

  #leads(length: number, kinds: number): boolean {
    if (this.#roots[groupKey(length, kinds)] !== undefined) return true
    return [DIGIT, UPPER, LOWER].some(
      (kind) => this.#canBegin[groupKey(length + 1, kinds | kind)] === 1,
    )
  }

  /** Where nothing is known of what was before. */
  readonly start = 0

  /** Bytes of one meaning make no difference here. */
  static meaningOf(byte: number): string {
    const isSign = byte === 0x3d || byte === 0x3a || byte === 0x2b
    const isAlone =
      SEPARATORS[byte] || ESCAPED[byte] || isSign || byte === BACKSLASH || byte === 0x75
    return isAlone || byte === END ? `${byte}` : `${KINDS[byte] ?? 0} ${HEX[byte] ?? 0}`
  }

  step(id: number, byte: number): Move {
    return this.#step(this.#stateOf(id), byte)
  }

  /** Whether a letter or digit would begin a run. */
  isBetween(id: number): boolean {
    const at = this.#stateOf(id).in
    return ['gap', 'joint', 'slash', 'turn'].includes(at) || this.#isBackslash(id)
  }

  /** Whether it is the second byte of an escape, and stands for something else. */
  isEscaped(id: number, byte: number): boolean {
    return this.#isBackslash(id) && ESCAPED[byte] === 1
  }

  /** So many bytes before here are undecided. */
  held(id: number): number {
    const state = this.#stateOf(id)
    switch (state.in) {
      case 'run':
        return state.length
      case 'escape':
        return state.length + 1
      case 'turn':
        return state.attempt.length + 1
      case 'second':
        return state.attempt.length + 1 + state.length
      default:
        return 0
    }
  }

  #isBackslash(id: number): boolean {
    const state = this.#stateOf(id)
    return state.in === 'escape' && state.length === 0
  }

  #step(state: State, byte: number): Move {
    const kind = KINDS[byte] ?? 0
    switch (state.in) {
      case 'gap':
        return kind === 0 ? this.#part(byte, state.behind) : this.#go(this.#run(1, kind))
      case 'joint':
        return kind === 0
          ? this.#part(byte, NOTHING)
          : this.#go({ in: 'piece', sinceDigit: kind === DIGIT ? 0 : NEAR })
      case 'slash':
        return this.#step(kind === 0 || kind === DIGIT ? GAP : JOINT, byte)
      case 'turn': {
        const { attempt, separator, on } = state
        const following = attempt.node.next?.[separator]?.kinds ?? 0
        if ((kind & following) === 0) return this.#step(on, byte)
        // Behind a joint no layout begins, and of digits hardly a literal: so there is time to see how long the run is.
        if (on === JOINT && kind === DIGIT)
          return this.#go({ in: 'second', attempt, separator, length: 1, kinds: kind })
        return { ...this.#go(on), attempt: this.#attempt(attempt, 1) }
      }
      case 'second':
        return kind === 0 ? this.#endSecond(state, byte) : this.#go(this.#second(state, kind))
      case 'run':
        if (kind === 0) return this.#end(state.length, state.kinds, byte)
        return this.#go(this.#run(state.length + 1, state.kinds | kind))
      case 'piece': {
        const { sinceDigit } = state
        if (kind === DIGIT) return this.#go({ in: 'piece', sinceDigit: 0 })
        if (kind !== 0) return this.#go({ in: 'piece', sinceDigit: Math.min(NEAR, sinceDigit + 1) })
        return this.#part(
          byte,
          sinceDigit === 0 ? AT_DIGIT : sinceDigit < NEAR ? NEAR_DIGIT : WORD_END,
        )
      }
      case 'escape':
        return this.#escape(state.length, state.kinds, byte)
      default:
        return state satisfies never
    }
  }

  #run(length: number, kinds: number): State {
    if (this.#canBegin[groupKey(length, kinds)] === 1) return { in: 'run', length, kinds }
    return { in: 'piece', sinceDigit: kinds === DIGIT ? 0 : NEAR }
  }

  #end(length: number, kinds: number, byte: number): Move {
    const behind =
      kinds === DIGIT ? AT_DIGIT : (kinds & DIGIT) !== 0 && length <= NEAR ? NEAR_DIGIT : WORD_END
    const node = this.#roots[groupKey(length, kinds)]
    if (node === undefined) return this.#part(byte, behind)
    const attempt = this.#attempt({ node, length, kinds, back: 0 }, 0)
    // A separator of several bytes may begin with one that is not ASCII.
    const mayGoOn = byte === OTHER && node.next !== undefined
    if (node.candidates.length > 0 || mayGoOn)
      return { ...this.#go({ in: 'gap', behind }), attempt }
    const separator = SEPARATORS[byte] ?? 0
    if (node.next?.[separator] === undefined) return this.#part(byte, behind)
    const on = stateBehind(byte, behind)
    return this.#go({ in: 'turn', attempt, separator, on })
  }

  #second(state: State & { in: 'second' }, kind: number): State {
    const length = state.length + 1
    const kinds = state.kinds | kind
    const most = (this.#nodesOf(state).length - 1) >> 3
    if (length <= most) return { ...state, length, kinds }
    return { in: 'piece', sinceDigit: kinds === DIGIT ? 0 : NEAR }
  }

  #endSecond(state: State & { in: 'second' }, byte: number): Move {
    const { attempt, length, kinds } = state
    const behind = kinds === DIGIT ? AT_DIGIT : length <= NEAR ? NEAR_DIGIT : WORD_END
    if (this.#nodesOf(state)[groupKey(length, kinds)] === undefined) return this.#part(byte, behind)
    return {
      ...this.#go({ in: 'gap', behind }),
      attempt: this.#attempt(attempt, length + 1),
    }
  }

  #nodesOf({ attempt, separator }: State & { in: 'second' }): readonly (Node | undefined)[] {
    return attempt.node.next?.[separator]?.nodes ?? []
  }

  /** A byte that is no letter and no digit. */
  #part(byte: number, behind: Behind): Move {
    if (byte === BACKSLASH) return this.#go({ in: 'escape', length: 0, kinds: 0 })
    return this.#go(stateBehind(byte, behind))
  }

  #escape(length: number, kinds: number, byte: number): Move {
    if (length === 0) {
      if (ESCAPED[byte] === 1) return this.#go(GAP)
      if (byte === 0x75) return this.#go({ in: 'escape', length: 1, kinds: LOWER })
      return this.#step(GAP, byte)
    }
    if (HEX[byte] !== 1) return this.#step(this.#run(length, kinds), byte)
    if (length === 4) return this.#go(GAP)
    return this.#go({ in: 'escape', length: length + 1, kinds: kinds | (KINDS[byte] ?? 0) })
  }

  /** One and the same for the same. */
  #attempt(of: Attempt, back: number): Attempt {
    const name = `${of.length} ${of.kinds} ${back}`
    const attempt = this.#attempts.get(name) ?? { ...of, back }
    this.#attempts.set(name, attempt)
    return attempt
  }

  #go(state: State): Move {
    return { to: this.#idOf(state), attempt: null }
  }

  #stateOf(id: number): State {
    return this.#states[id] as State
  }

  #idOf(state: State): number {
    const name = nameOf(state)
    const known = this.#ids.get(name)
    if (known !== undefined) return known
    const id = this.#states.push(state) - 1
    this.#ids.set(name, id)
    return id
  }
}
