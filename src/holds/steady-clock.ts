/**
 * The time by which leave ends. A clock that is set back must not prolong it, nor one that stood still while the proxy was away:
 * what counts is the wall clock or the time that has passed since the latest known moment, whichever is later.
 */

export interface SteadyClockOptions {
  /** Milliseconds since the epoch; may jump. */
  readonly wall: () => number
  /** Milliseconds of a clock that does not go back. */
  readonly elapsed: () => number
  /** The latest moment that is known to have been, in milliseconds since the epoch: of the last row of the log. */
  readonly notBefore: number
}

export class SteadyClock {
  readonly #wall: () => number
  readonly #elapsed: () => number
  /** Wall time at the origin of `elapsed`, as late as was ever seen. */
  #base: number

  constructor({ wall, elapsed, notBefore }: SteadyClockOptions) {
    this.#wall = wall
    this.#elapsed = elapsed
    this.#base = Math.max(wall(), notBefore) - elapsed()
  }

  /** Milliseconds since the epoch; never less than it was before. */
  now(): number {
    const elapsed = this.#elapsed()
    const wall = this.#wall()
    this.#base = Math.max(this.#base, wall - elapsed)
    return Math.round(this.#base + elapsed)
  }
}
