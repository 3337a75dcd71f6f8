/**
 * Which token stands for which value, for all processes that serve: what one issues the others are told, and those that start later. In
 * memory only, bounded as with them. Nothing is issued or restored here.
 */

import {
  createVault,
  type Kept,
  VAULT_LIMITS,
  type Vault,
} from '../../../inspect/operators/vault.ts'

/** Told in one message. */
const BATCH = 500

export class KeptTokens {
  readonly #vault: Vault = createVault(noKeys, VAULT_LIMITS, () => performance.now())

  take(kept: readonly Kept[]): void {
    for (const each of kept) this.#vault.take(each)
  }

  /** All there is. */
  *batches(): Iterable<readonly Kept[]> {
    let batch: Kept[] = []
    for (const each of this.#vault.all()) {
      batch.push(each)
      if (batch.length < BATCH) continue
      yield batch
      batch = []
    }
    if (batch.length > 0) yield batch
  }
}

function noKeys(): never {
  throw new Error('tokens are issued by those who serve')
}
