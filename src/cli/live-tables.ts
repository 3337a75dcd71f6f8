/**
 * The prefix tables of a running proxy: opened at its start, opened again when `cordon geoip update` has put a newer file there. A file
 * that cannot be used leaves the tables as they are.
 */

import { stat } from 'node:fs/promises'
import { compiledPath } from '../locate/tables/folder.ts'
import {
  NO_TABLES,
  openPrefixTables,
  PrefixTableError,
  type PrefixTables,
} from '../locate/tables/prefix-tables.ts'
import type { CloudRegions } from '../model/cloud-region.ts'

export interface TablesChange {
  readonly action: 'tables-renewed' | 'tables-refused'
  readonly text: string
}

export interface LiveTables {
  readonly current: PrefixTables
  /** Opens the file again if it is another one. @returns null when nothing has changed. Never rejects for a bad file. */
  renew(): Promise<TablesChange | null>
}

/** @throws PrefixTableError when there is a file, and it cannot be used. */
export async function openLiveTables(
  dir: string,
  regions: () => CloudRegions,
): Promise<LiveTables> {
  const path = compiledPath(dir)
  let stamp = await stampOf(path)
  let current = stamp === null ? NO_TABLES : await openPrefixTables(path, regions())
  return {
    get current() {
      return current
    },
    async renew() {
      const now = await stampOf(path)
      if (now === stamp || now === null) return null
      stamp = now
      try {
        current = await openPrefixTables(path, regions())
      } catch (error) {
        if (!(error instanceof PrefixTableError)) throw error
        return { action: 'tables-refused', text: `${error.message}; the tables before it stay` }
      }
      const text = current.tables().map(({ id, asOf }) => `${id} ${asOf ?? 'undated'}`)
      return { action: 'tables-renewed', text: `prefix tables renewed: ${text.join(', ')}` }
    },
  }
}

/** Null when there is no file. */
async function stampOf(path: string): Promise<string | null> {
  const found = await stat(path, { bigint: true }).catch(() => null)
  return found && `${found.ino} ${found.size} ${found.mtimeNs}`
}
