/** A folder of provider files, whatever they are called: which table each is, and what it says. */

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { compileTables, type TableInput } from '../../src/locate/tables/compile.ts'
import { readTableFile, type TableFile, tableName } from '../../src/locate/tables/folder.ts'
import { decode } from '../../src/locate/tables/layout.ts'
import { createPrefixTables, type PrefixTables } from '../../src/locate/tables/prefix-tables.ts'
import { parseTable, TABLE_SOURCES, type TableSource } from '../../src/locate/tables/sources.ts'
import type { ParsedTable } from '../../src/locate/tables/table.ts'
import type { CloudRegions } from '../../src/model/cloud-region.ts'

export interface Directory {
  readonly tables: readonly TableInput[]
  /** Files that are no table, or a second one of the same; with the reason. */
  readonly skipped: readonly string[]
}

/** Reads all tables in a folder and those below it. Rejects with the system's error when it cannot be listed. */
export async function readDirectory(dir: string): Promise<Directory> {
  const found = new Map<string, TableInput>()
  const skipped: string[] = []
  for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' }).sort()) {
    const file = await readTableFile(join(dir, name))
    if ('fault' in file) continue
    const table = recognize(name, file.value)
    if ('fault' in table) skipped.push(`${name}: ${table.fault}`)
    else if (found.has(table.source.id)) skipped.push(`${name}: ${table.source.id} is there twice`)
    else found.set(table.source.id, table)
  }
  return { tables: [...found.values()], skipped }
}

/** By its name if that is known; a file of JSON also by what can be read in it. */
function recognize(name: string, file: TableFile): TableInput | { readonly fault: string } {
  const named = TABLE_SOURCES.find(({ known }) => known.test(tableName(name)))
  const isJson = /\.json(?:\.gz)?$/.test(name)
  const candidates = named ? [named] : isJson ? TABLE_SOURCES : []
  let fault = 'not named like any table'
  for (const source of candidates) {
    const parsed = parseTable(source, file.bytes)
    if ('value' in parsed) return toInput(source, parsed.value, file, name)
    if (named) fault = parsed.fault
  }
  return { fault }
}

function toInput(source: TableSource, table: ParsedTable, file: TableFile, name: string) {
  const asOf = table.asOf ?? file.date
  const fetchedAt = `${asOf}T00:00:00.000Z`
  const origin = {
    source: `file ${tableName(name)}`,
    asOf,
    fetchedAt,
    etag: null,
    lastModified: null,
  }
  return { source, table, origin }
}

/** As `cordon geoip update --from` would make them. */
export function compile({ tables }: Directory, regions: CloudRegions): PrefixTables {
  const decoded = decode(compileTables(tables))
  if ('fault' in decoded) throw new Error(decoded.fault)
  return createPrefixTables(decoded, regions)
}
