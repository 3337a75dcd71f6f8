/** What runs under a grant, and ends with it: one signal for each grant that anything runs under. */

import type { GrantId } from '../model/hold.ts'

/** Grants that signals are kept for. What is let go of beyond them ends at once, rather than run with nobody who could end it. */
const MAX_LEASES = 10_000

export class Leases {
  readonly #leases = new Map<GrantId, AbortController>()
  readonly #onEnd: (grant: GrantId) => void

  /** @param onEnd called when one has ended */
  constructor(onEnd: (grant: GrantId) => void = () => {}) {
    this.#onEnd = onEnd
  }

  /** Grants under which something has gone that may still run. */
  get grants(): Iterable<GrantId> {
    return this.#leases.keys()
  }

  has(grant: GrantId): boolean {
    return this.#leases.has(grant)
  }

  of(grant: GrantId): AbortSignal {
    let lease = this.#leases.get(grant)
    if (!lease) {
      if (this.#leases.size >= MAX_LEASES) this.end(this.#leases.keys().next().value ?? '')
      lease = new AbortController()
      this.#leases.set(grant, lease)
    }
    return lease.signal
  }

  end(grant: GrantId): void {
    const lease = this.#leases.get(grant)
    this.#leases.delete(grant)
    lease?.abort()
    this.#onEnd(grant)
  }
}
