/**
 * How many new hosts may get a certificate: a bucket of tokens for each client, and one for all together. Scanning names through
 * the proxy costs whoever does it, not the others. The memory is bounded too.
 */

import type { IpAddress } from '../model/address.ts'

/** So many at once, and so many more a second. */
export interface Allowance {
  readonly burst: number
  readonly perSecond: number
}

export interface LeafLimits {
  /** For each client: an IPv4 address, or the /64 of an IPv6 address, which is one site's to choose from. */
  readonly client: Allowance
  readonly all: Allowance
}

/** A browser needs a hundred hosts for a page; minting takes well under a millisecond. */
export const DEFAULT_LEAF_LIMITS: LeafLimits = {
  client: { burst: 2_000, perSecond: 20 },
  all: { burst: 8_000, perSecond: 200 },
}

/** Clients remembered; the one that has been quiet longest makes room. */
const MAX_CLIENTS = 4_096

interface Bucket {
  tokens: number
  /** Milliseconds since the epoch. */
  filledAt: number
}

export class LeafBuckets {
  readonly #limits: LeafLimits
  readonly #all: Bucket
  readonly #clients = new Map<string, Bucket>()

  constructor(limits: LeafLimits, now: number) {
    this.#limits = limits
    this.#all = { tokens: limits.all.burst, filledAt: now }
  }

  /** Whether one more may be made for that client at this time, without making it. */
  allows(client: IpAddress, now: number): boolean {
    const { all } = this.#limits
    return refill(this.#all, all, now) >= 1 && this.#tokensOf(this.#find(client), now) >= 1
  }

  /** @returns whether it may; then it counts */
  take(client: IpAddress, now: number): boolean {
    if (!this.allows(client, now)) return false
    const key = toSite(client)
    const bucket = this.#find(client) ?? { tokens: this.#limits.client.burst, filledAt: now }
    this.#all.tokens--
    bucket.tokens--
    // A Map keeps the order of insertion: this is now the last to be heard of.
    this.#clients.delete(key)
    this.#clients.set(key, bucket)
    const [quietest = key] = this.#clients.keys()
    if (this.#clients.size > MAX_CLIENTS) this.#clients.delete(quietest)
    return true
  }

  #find(client: IpAddress): Bucket | undefined {
    return this.#clients.get(toSite(client))
  }

  #tokensOf(bucket: Bucket | undefined, now: number): number {
    const { client } = this.#limits
    return bucket ? refill(bucket, client, now) : client.burst
  }
}

/** A clock that is set back fills nothing. */
function refill(bucket: Bucket, { burst, perSecond }: Allowance, now: number): number {
  const passed = Math.max(0, now - bucket.filledAt) / 1000
  bucket.tokens = Math.min(burst, bucket.tokens + passed * perSecond)
  bucket.filledAt = now
  return bucket.tokens
}

function toSite({ bytes, text }: IpAddress): string {
  return bytes.length === 4 ? text : Buffer.from(bytes.subarray(0, 8)).toString('hex')
}
