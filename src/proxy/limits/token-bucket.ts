/** How often something may happen: so many at once, and so many a second in the long run. */
export class TokenBucket {
  readonly #rate: number
  readonly #burst: number
  #tokens: number
  #at: number

  /**
   * @param rate tokens that come back in a second
   * @param burst tokens there are at most, and at first
   * @param now milliseconds, of any clock that does not go back
   */
  constructor(rate: number, burst: number, now: number) {
    this.#rate = rate
    this.#burst = burst
    this.#tokens = burst
    this.#at = now
  }

  /** @returns whether there was a token, which then is gone */
  take(now: number): boolean {
    if (this.#tokens < 1) this.#refill(now)
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }

  /** Puts tokens back, up to the burst. */
  give(tokens: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + tokens)
  }

  #refill(now: number): void {
    const seconds = Math.max(0, now - this.#at) / 1_000
    this.#at = now
    this.give(seconds * this.#rate)
  }
}
