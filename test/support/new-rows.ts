/** Rows of the log as a test makes them: each time those that are new, once they have ended. */

import type { TestProxy } from './proxy.ts'
import { eventually } from './wait.ts'

export interface NewRow {
  readonly id: number
  readonly error: string | null
  readonly bytes_out: number
  readonly outcome: string
}

/** @returns gives the rows since the last call, once there are at least `count` and all have ended */
export function rowsOf(proxy: () => TestProxy): (count: number) => Promise<NewRow[]> {
  let lastId = 0
  return async (count) => {
    const rows = await eventually(`${count} rows`, () => {
      const rows = proxy().query<NewRow>(
        'SELECT id, error, bytes_out, outcome FROM flows WHERE id > ? ORDER BY id',
        lastId,
      )
      return rows.length >= count && rows.every(({ outcome }) => outcome !== 'open') ? rows : null
    })
    lastId = rows.at(-1)?.id ?? lastId
    return rows
  }
}
