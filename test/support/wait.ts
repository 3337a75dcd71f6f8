/** Waiting for what has to become true, without timing deciding a test: only a hang ends in failure. */

import { setTimeout as sleep } from 'node:timers/promises'

/** Calls `probe` until it gives something truthy. @throws with `what` after a minute */
export async function eventually<T>(
  what: string,
  probe: () => T | Promise<T>,
): Promise<NonNullable<T>> {
  const giveUpAt = Date.now() + 60_000
  for (;;) {
    const value = await probe()
    if (value) return value as NonNullable<T>
    if (Date.now() > giveUpAt) throw new Error(`waited in vain for ${what}`)
    await sleep(20)
  }
}
