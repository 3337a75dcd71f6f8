/**
 * What answers have led to of late. A client that has looked a name up for itself may have been told other addresses than we are now:
 * large services answer with some of many. Bounded in names, addresses and time.
 */

import type { IpAddress } from '../model/address.ts'

/** How long an address counts after an answer has had it, in ms: clients keep answers, if seldom for so long. */
const KEPT_MS = 3_600_000
/** Of one name; the one seen longest ago makes room. */
const MAX_ADDRESSES = 64
/** Of all names together, for each name that there may be. */
const ADDRESSES_PER_NAME = 4

interface Seen {
  readonly address: IpAddress
  readonly at: number
}

export class RecentAddresses {
  readonly #names = new Map<string, Map<string, Seen>>()
  readonly #maxNames: number
  #total = 0

  /** @param maxNames the one asked for longest ago makes room */
  constructor(maxNames: number) {
    this.#maxNames = maxNames
  }

  get size(): number {
    return this.#names.size
  }

  /** Takes note of an answer. @returns what earlier ones have led to, and this one does not */
  take(name: string, addresses: readonly IpAddress[], now: number): readonly IpAddress[] {
    const seen = this.#names.get(name) ?? new Map<string, Seen>()
    this.#total -= seen.size
    this.#names.delete(name)
    this.#names.set(name, seen)
    for (const address of addresses) {
      seen.delete(address.text)
      seen.set(address.text, { address, at: now })
    }
    for (const [text, { at }] of seen) {
      if (seen.size > MAX_ADDRESSES || now - at >= KEPT_MS || now < at) seen.delete(text)
    }
    this.#total += seen.size
    for (const [oldest, { size }] of this.#names) {
      const isFull = this.#total > ADDRESSES_PER_NAME * this.#maxNames
      if (oldest === name || (this.#names.size <= this.#maxNames && !isFull)) break
      this.#names.delete(oldest)
      this.#total -= size
    }
    const current = new Set(addresses.map(({ text }) => text))
    return [...seen.values()].flatMap(({ address }) => (current.has(address.text) ? [] : [address]))
  }
}
