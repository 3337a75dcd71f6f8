/** Tables that were read to the bytes of one file. Pure. */

import { flatten } from './flatten.ts'
import { encode, type TableFacts } from './layout.ts'
import type { TableSource } from './sources.ts'
import type { ParsedTable } from './table.ts'

/** A table and where it came from. */
export interface TableInput {
  readonly source: TableSource
  readonly table: ParsedTable
  readonly origin: Pick<TableFacts, 'source' | 'asOf' | 'fetchedAt' | 'etag' | 'lastModified'>
}

export function compileTables(inputs: readonly TableInput[]): Buffer {
  const layers = inputs.map(({ source, table }) => ({ kind: source.kind, rows: table.rows }))
  return encode({ ...flatten(layers), tables: inputs.map(toFacts) })
}

function toFacts({ source, table, origin }: TableInput): TableFacts {
  const { rows } = table
  const isUnplaced = ({ edge, region, countries }: (typeof rows)[number]) =>
    !edge && region === null && (countries ?? []).length === 0
  return {
    id: source.id,
    provider: source.provider,
    kind: source.kind,
    ...origin,
    rows: rows.length,
    edges: rows.filter(({ edge }) => edge).length,
    unplaced: rows.filter(isUnplaced).length,
  }
}
