/**
 * Tokens of one process that serves, told to the others: whoever serves the answer has to know them. A call with new ones leaves when all
 * know them, or a moment later: then at worst a token in an answer stays one.
 */

import type { Kept, Vault } from '../../../inspect/operators/vault.ts'
import type { TokenSharing } from '../inspector.ts'
import type { FromWorker } from './messages.ts'

/** Longer than the process that owns waits for the others, in milliseconds. */
const WAIT_MS = 500

export class SharedTokens implements TokenSharing {
  readonly #tell: (message: FromWorker) => void
  readonly #waiting = new Map<number, PromiseWithResolvers<void>>()
  #vault: Vault | null = null
  #fresh: Kept[] = []
  #lastId = 0

  constructor(tell: (message: FromWorker) => void) {
    this.#tell = tell
  }

  open(vault: Vault): void {
    this.#vault = vault
  }

  keep(kept: Kept): void {
    this.#fresh.push(kept)
    // All that come in one turn together.
    if (this.#fresh.length === 1) setImmediate(() => this.#send())
  }

  async shared(): Promise<void> {
    await this.#send()
  }

  /** What others have kept. */
  take(kept: readonly Kept[]): void {
    for (const each of kept) this.#vault?.take(each)
  }

  /** All have what was told by that number. */
  settle(id: number): void {
    this.#waiting.get(id)?.resolve()
    this.#waiting.delete(id)
  }

  /** @returns null when there is nothing new */
  #send(): Promise<void> | null {
    if (this.#fresh.length === 0) return null
    const id = ++this.#lastId
    const waiting = Promise.withResolvers<void>()
    this.#waiting.set(id, waiting)
    setTimeout(() => this.settle(id), WAIT_MS).unref()
    this.#tell({ type: 'tokens', id, kept: this.#fresh })
    this.#fresh = []
    return waiting.promise
  }
}
