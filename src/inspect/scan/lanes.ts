/**
 * Takes the automaton over a block of text, in two halves side by side: a step waits for the one before it, and what waits leaves room for the
 * other half. The second half begins as if nothing were before it; where the first one arrives there, it goes on until both would be in the
 * same state, which is a few bytes further in nearly all texts.
 *
 * INVARIANT: notes what one step after another would note.
 */

import type { Automaton } from './automaton.ts'

/** So many bytes are passed over before what was noted is looked at. */
export const BLOCK = 2048
/** In a shorter block halves gain nothing. */
const LEAST_HALVED = 96

export class Lanes {
  readonly #automaton: Automaton
  /** Where in the block the automaton has something to look for, shifted by 16, and in which state. */
  readonly noted = new Int32Array(BLOCK)
  readonly #notedSecond = new Int32Array(BLOCK)
  /** Behind the last byte. */
  state = 0
  #bytes: Uint8Array = new Uint8Array(0)
  #from = 0
  #count = 0

  constructor(automaton: Automaton) {
    this.#automaton = automaton
  }

  /** Goes on from `state` over [from, end), at most BLOCK bytes. @returns how much is noted */
  step(bytes: Uint8Array, from: number, end: number): number {
    this.#bytes = bytes
    this.#from = from
    this.#count = 0
    const length = end - from
    const half = length < LEAST_HALVED ? 0 : length >> 1
    if (half > 0) this.#stepHalves(half)
    this.#stepOn(from + 2 * half, end)
    return this.#count
  }

  #stepHalves(half: number): void {
    const bytes = this.#bytes
    const from = this.#from
    const { table, classes, firstStop } = this.#automaton
    const noted = this.noted
    const notedSecond = this.#notedSecond
    const middle = from + half
    let first = this.state
    let second = 0
    let count = 0
    let countSecond = 0
    for (let i = 0; i < half; i++) {
      // SHIFT, which as an import would be read anew for each byte.
      first = table[(first << 7) | (classes[bytes[from + i] as number] as number)] as number
      second = table[(second << 7) | (classes[bytes[middle + i] as number] as number)] as number
      if (first >= firstStop) noted[count++] = (i << 16) | first
      if (second >= firstStop) notedSecond[countSecond++] = ((half + i) << 16) | second
    }
    this.state = first
    this.#count = count
    const met = this.#meet(middle, middle + half)
    for (let i = 0; i < countSecond; i++) {
      const note = notedSecond[i] as number
      if (note >>> 16 >= met - from) noted[this.#count++] = note
    }
    if (met < middle + half) this.state = second
  }

  /** Steps on until whoever begins at `at` is in the same state. @returns where that is, or `end` */
  #meet(at: number, end: number): number {
    const bytes = this.#bytes
    const { table, classes, firstStop } = this.#automaton
    let state = this.state
    let second = 0
    let met = at
    for (; met < end && state !== second; met++) {
      const symbol = classes[bytes[met] as number] as number
      state = table[(state << 7) | symbol] as number
      second = table[(second << 7) | symbol] as number
      if (state >= firstStop) this.noted[this.#count++] = ((met - this.#from) << 16) | state
    }
    this.state = state
    return met
  }

  #stepOn(at: number, end: number): void {
    const bytes = this.#bytes
    const { table, classes, firstStop } = this.#automaton
    const noted = this.noted
    let state = this.state
    let count = this.#count
    for (let i = at; i < end; i++) {
      state = table[(state << 7) | (classes[bytes[i] as number] as number)] as number
      if (state >= firstStop) noted[count++] = ((i - this.#from) << 16) | state
    }
    this.state = state
    this.#count = count
  }
}
