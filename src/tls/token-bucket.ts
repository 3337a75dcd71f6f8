/** So many at once and so many more a second: the one way in which anything is limited by rate. Knows no clock of its own. */

/** What a bucket holds, and what flows into it. */
export interface Allowance {
  readonly burst: number
  readonly perSecond: number
}

export class TokenBucket {
  readonly #allowance: Allowance
  #tokens: number
  /** Milliseconds since the epoch. */
  #filledAt: number

  constructor(allowance: Allowance, now: number) {
    this.#allowance = allowance
    this.#tokens = allowance.burst
    this.#filledAt = now
  }

  /** Whether `take` would find one. @param now milliseconds since the epoch; a clock that is set back fills nothing */
  has(now: number): boolean {
    const { burst, perSecond } = this.#allowance
    const passed = Math.max(0, now - this.#filledAt) / 1000
    this.#tokens = Math.min(burst, this.#tokens + passed * perSecond)
    this.#filledAt = now
    return this.#tokens >= 1
  }

  /** @returns whether there was one */
  take(now: number): boolean {
    if (!this.has(now)) return false
    this.#tokens--
    return true
  }
}
