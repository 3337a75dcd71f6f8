/** Tables of the shapes providers publish, small and invented: documentation prefixes, real names of regions. */

import { compileTables, type TableInput } from '../../../src/locate/tables/compile.ts'
import { decode } from '../../../src/locate/tables/layout.ts'
import { createPrefixTables, type PrefixTables } from '../../../src/locate/tables/prefix-tables.ts'
import { parseTable, TABLE_SOURCES, type TableSource } from '../../../src/locate/tables/sources.ts'
import type { ParsedTable, TableRow } from '../../../src/locate/tables/table.ts'
import { type IpAddress, parseCidr, parseIp } from '../../../src/model/address.ts'
import { toCloudRegions } from '../../../src/model/cloud-region.ts'

export function sourceOf(id: string): TableSource {
  const source = TABLE_SOURCES.find((one) => one.id === id)
  if (!source) throw new Error(`there is no table ${id}`)
  return source
}

export const read = (id: string, text: string | Uint8Array) =>
  parseTable(sourceOf(id), typeof text === 'string' ? Buffer.from(text) : text)

export const ip = (text: string): IpAddress => {
  const parsed = parseIp(text)
  if (!parsed) throw new Error(`not an address: ${text}`)
  return parsed
}

/** `198.51.100.0/24 eu-west-1`, `… edge`, `… -` for nothing, `… =DE` for a country in a geofeed. */
export function row(text: string): TableRow {
  const [prefix = '', said = '-'] = text.split(' ')
  const cidr = parseCidr(prefix)
  if (!cidr) throw new Error(`not a prefix: ${prefix}`)
  const countries = said.startsWith('=') ? said.slice(1).split(',').filter(Boolean) : null
  const named = countries || said === 'edge' || said === '-' ? null : said
  return { prefix: cidr, region: named, countries, edge: said === 'edge' }
}

export const REGIONS = toCloudRegions('2026-11-20', [
  { provider: 'aws', name: 'eu-central-1', country: 'DE' },
  { provider: 'aws', name: 'eu-central-1-ist-1', country: 'TR' },
  { provider: 'aws', name: 'eu-west-1', country: 'IE' },
  { provider: 'aws', name: 'us-east-1', country: 'US' },
  { provider: 'aws', name: 'ap-east-1', country: 'HK' },
  { provider: 'gcp', name: 'europe-west2', country: 'GB' },
  { provider: 'azure', name: 'germanywestcentral', country: 'DE' },
])

/** Tables by id, each as its rows. */
export type Rows = Readonly<Record<string, readonly string[]>>

export function inputs(tables: Rows): TableInput[] {
  return Object.entries(tables).map(([id, rows]) =>
    inputOf(id, { rows: rows.map(row), asOf: null }),
  )
}

export function inputOf(id: string, table: ParsedTable): TableInput {
  const origin = {
    source: `https://${id}.example/`,
    asOf: table.asOf,
    fetchedAt: '2026-11-20T12:00:00.000Z',
    etag: null,
    lastModified: null,
  }
  return { source: sourceOf(id), table, origin }
}

/** As after writing and reading them. */
export function open(tables: Rows): PrefixTables {
  const decoded = decode(compileTables(inputs(tables)))
  if ('fault' in decoded) throw new Error(decoded.fault)
  return createPrefixTables(decoded, REGIONS)
}
