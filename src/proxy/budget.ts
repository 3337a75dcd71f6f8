/** Bytes that many hold together, with a bound: so that clients that begin and never end are bounded together. */

export class Budget {
  readonly limit: number
  used = 0

  constructor(limit: number) {
    this.limit = limit
  }

  /** @returns false when there is no room for so many; nothing is taken then */
  take(bytes: number): boolean {
    if (this.used + bytes > this.limit) return false
    this.used += bytes
    return true
  }

  give(bytes: number): void {
    this.used -= bytes
  }
}
