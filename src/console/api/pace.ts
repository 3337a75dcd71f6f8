/**
 * What may take long, one after the other and with pauses: who lists thousands of holds in a loop takes a part of our time, and traffic has
 * the rest. Callers take turns, so that nobody waits for all that another has asked for.
 */

/** Of one caller, at once. */
export const MAX_WAITING_OF_ONE = 16
/** Of the time that something took, for which nothing of the kind is done then. */
const PAUSE = 3

export class Pace {
  /** In the order in which it is their turn. */
  readonly #waiting = new Map<string, (() => void)[]>()
  #isBusy = false

  /** @returns what `work` gives, once it was done; null when too much waits for the same caller already */
  async run<T>(who: string, work: () => T | Promise<T>): Promise<T | null> {
    if (this.#isBusy && !(await this.#turn(who))) return null
    this.#isBusy = true
    const began = performance.now()
    try {
      return await work()
    } finally {
      const pause = PAUSE * (performance.now() - began)
      if (pause < 1) this.#next()
      else setTimeout(() => this.#next(), pause)
    }
  }

  #turn(who: string): Promise<boolean> {
    const theirs = this.#waiting.get(who) ?? []
    if (theirs.length >= MAX_WAITING_OF_ONE) return Promise.resolve(false)
    this.#waiting.set(who, theirs)
    return new Promise((resolve) => theirs.push(() => resolve(true)))
  }

  #next(): void {
    const [first] = this.#waiting
    if (!first) {
      this.#isBusy = false
      return
    }
    const [who, theirs] = first
    const go = theirs.shift()
    this.#waiting.delete(who)
    // What else they want comes behind all others.
    if (theirs.length > 0) this.#waiting.set(who, theirs)
    go?.()
  }
}
