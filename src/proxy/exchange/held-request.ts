/** What of a request counts if it has to wait for a person. Costs next to nothing for the many that do not. */

import { randomUUID } from 'node:crypto'
import type { Waiting } from '../../holding.ts'
import type { BodyView } from '../../model/request-view.ts'

export class HeldRequest implements Waiting {
  readonly wire: string | null
  body: BodyView | null
  readonly gone: () => AbortSignal
  #nonce: string | null = null
  #since: number | null = null

  /** @param gone gives what aborts when the client has left */
  constructor(wire: string | null, body: BodyView | null, gone: () => AbortSignal) {
    this.wire = wire
    this.body = body
    this.gone = gone
  }

  get nonce(): string {
    this.#nonce ??= randomUUID()
    return this.#nonce
  }

  get hasWaited(): boolean {
    return this.#since !== null
  }

  /** Counts from when it is asked for. */
  get waited(): number {
    const now = performance.now()
    this.#since ??= now
    return now - this.#since
  }
}
