/** So many at once and so many more a second: the one way in which anything is limited by rate. Knows no clock of its own. */

/** What a bucket holds, and what flows into it. */
export interface Allowance {
  readonly burst: number
  readonly perSecond: number
}

export class TokenBucket {
  readonly #allowance: Allowance
  #tokens: number
  /** Milliseconds, of the clock of whoever asks. */
  #filledAt: number

  constructor(allowance: Allowance, now: number) {
    this.#allowance = allowance
    this.#tokens = allowance.burst
    this.#filledAt = now
  }

  /** Whether `take` would find one. @param now milliseconds; a clock that is set back fills nothing */
  has(now: number): boolean {
    const seconds = Math.max(0, now - this.#filledAt) / 1_000
    this.#filledAt = now
    this.give(seconds * this.#allowance.perSecond)
    return this.#tokens >= 1
  }

  /** @returns whether there was one, which then is gone */
  take(now: number): boolean {
    if (!this.has(now)) return false
    this.#tokens--
    return true
  }

  /** Puts tokens in, up to the burst. */
  give(tokens: number): void {
    this.#tokens = Math.min(this.#allowance.burst, this.#tokens + tokens)
  }
}
