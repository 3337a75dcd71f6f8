/**
 * How many new hosts may get a certificate: a bucket for each client, and one for all together. Scanning names through the proxy
 * costs whoever does it, not the others. The memory for clients is bounded too.
 */

import type { IpAddress } from '../model/address.ts'
import { type Allowance, TokenBucket } from '../model/token-bucket.ts'

export interface LeafLimits {
  /** For each client: an IPv4 address, or the /64 of an IPv6 address, which is one site's to choose from. */
  readonly client: Allowance
  readonly all: Allowance
}

/** Clients remembered; the one that has been quiet longest makes room. */
const MAX_CLIENTS = 4_096

export class LeafBuckets {
  readonly #limits: LeafLimits
  readonly #all: TokenBucket
  readonly #clients = new Map<string, TokenBucket>()

  constructor(limits: LeafLimits, now: number) {
    this.#limits = limits
    this.#all = new TokenBucket(limits.all, now)
  }

  /** Whether one more may be made for that client at this time, without making it. */
  allows(client: IpAddress, now: number): boolean {
    const bucket = this.#clients.get(toSite(client))
    return this.#all.has(now) && (bucket?.has(now) ?? this.#limits.client.burst >= 1)
  }

  /** @returns whether it may; then it counts */
  take(client: IpAddress, now: number): boolean {
    if (!this.allows(client, now)) return false
    const site = toSite(client)
    const bucket = this.#clients.get(site) ?? new TokenBucket(this.#limits.client, now)
    this.#all.take(now)
    bucket.take(now)
    // A Map keeps the order of insertion: this is now the last to be heard of.
    this.#clients.delete(site)
    this.#clients.set(site, bucket)
    const [quietest = site] = this.#clients.keys()
    if (this.#clients.size > MAX_CLIENTS) this.#clients.delete(quietest)
    return true
  }
}

function toSite({ bytes, text }: IpAddress): string {
  return bytes.length === 4 ? text : Buffer.from(bytes.subarray(0, 8)).toString('hex')
}
