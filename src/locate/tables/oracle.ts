/** Oracle Cloud `public_ip_ranges.json`: prefixes by region, IPv4 only, no edge. */

import type { Parsed } from '../../model/errors.ts'
import { asList, field, parseJson } from './json.ts'
import {
  type ParsedTable,
  parsePrefix,
  parseRegion,
  readEach,
  type TableRow,
  toIsoDate,
} from './table.ts'

export function parseOracleRanges(text: string): Parsed<ParsedTable> {
  const json = parseJson(text)
  if ('fault' in json) return json
  const regions = asList(field(json.value, 'regions'))
  if (!regions) return { fault: 'there are no `regions`' }
  const rows = readEach(regions, 'regions', toRows)
  if ('fault' in rows) return rows
  const asOf = toIsoDate(field(json.value, 'last_updated_timestamp'))
  return { value: { rows: rows.value.flat(), asOf } }
}

function toRows(entry: unknown): Parsed<readonly TableRow[]> {
  const region = parseRegion(field(entry, 'region'))
  if ('fault' in region) return region
  const cidrs = asList(field(entry, 'cidrs'))
  if (!cidrs) return { fault: 'there are no `cidrs`' }
  return readEach(cidrs, 'cidrs', (cidr) => {
    const prefix = parsePrefix(field(cidr, 'cidr'))
    if ('fault' in prefix) return prefix
    return {
      value: { prefix: prefix.value, region: region.value, countries: null, edge: false },
    }
  })
}
