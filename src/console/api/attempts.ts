/**
 * Tries with no valid token: limited for each address, and told to the log at most once a minute. A valid token is always taken: on a
 * shared address nobody can lock out others by failing.
 */

import { TokenBucket } from '../../model/token-bucket.ts'
import type { Clock } from '../../ports.ts'

export interface AttemptsOptions {
  readonly clock: Clock
  /** Writes it down. */
  note(action: string, subject: string, detail: string): void
}

const ALLOWANCE = { burst: 10, perSecond: 0.2 }
const MAX_ADDRESSES = 1_000
const NOTE_MS = 60_000
/** Addresses that a row names; more are counted. */
const MAX_NAMED = 8

export class Attempts {
  readonly #options: AttemptsOptions
  readonly #buckets = new Map<string, TokenBucket>()
  /** Since the last row. */
  #count = 0
  readonly #from = new Set<string>()
  #timer: NodeJS.Timeout | null = null

  constructor(options: AttemptsOptions) {
    this.#options = options
  }

  /** Counts one. @returns whether it was one too many */
  failed(address: string): boolean {
    this.#count++
    if (this.#from.size < MAX_ADDRESSES) this.#from.add(address)
    if (this.#timer === null) this.#tell()
    const now = this.#options.clock.now()
    let bucket = this.#buckets.get(address)
    if (!bucket) {
      // Whoever has that many addresses is not held up by forgetting them.
      if (this.#buckets.size >= MAX_ADDRESSES) this.#buckets.clear()
      bucket = new TokenBucket(ALLOWANCE, now)
      this.#buckets.set(address, bucket)
    }
    return !bucket.take(now)
  }

  /** At once, and then what has come meanwhile, a minute later. */
  #tell(): void {
    const named = [...this.#from].slice(0, MAX_NAMED)
    const more = this.#from.size - named.length
    const subject = more > 0 ? `${named.join(', ')} and ${more} more` : named.join(', ')
    this.#options.note('api-refused', subject, `tries without a valid token: ${this.#count}`)
    this.#count = 0
    this.#from.clear()
    this.#timer = setTimeout(() => {
      this.#timer = null
      if (this.#count > 0) this.#tell()
    }, NOTE_MS)
    this.#timer.unref()
  }
}
