/**
 * AWS `ip-ranges.json`. A prefix belongs to its network border group before its region: `eu-central-1-ist-1` is a zone of a German
 * region and lies in Turkey. `GLOBAL` is the edge; a prefix of CloudFront or Global Accelerator for which AWS does name a
 * region is where AWS says it is.
 */

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

const GLOBAL = 'global'

export function parseAwsRanges(text: string): Parsed<ParsedTable> {
  const json = parseJson(text)
  if ('fault' in json) return json
  const v4 = asList(field(json.value, 'prefixes'))
  const v6 = asList(field(json.value, 'ipv6_prefixes'))
  if (!v4 || !v6) return { fault: 'there are no `prefixes` and `ipv6_prefixes`' }
  const rows = readEach(v4, 'prefixes', (entry) => toRow(entry, 'ip_prefix', 4))
  if ('fault' in rows) return rows
  const more = readEach(v6, 'ipv6_prefixes', (entry) => toRow(entry, 'ipv6_prefix', 6))
  if ('fault' in more) return more
  const asOf = toIsoDate(field(json.value, 'createDate'))
  return { value: { rows: [...rows.value, ...more.value], asOf } }
}

function toRow(entry: unknown, key: string, version: 4 | 6): Parsed<TableRow> {
  const prefix = parsePrefix(field(entry, key), version)
  if ('fault' in prefix) return prefix
  const region = parseRegion(field(entry, 'region'))
  if ('fault' in region) return region
  const group = parseRegion(field(entry, 'network_border_group'))
  if ('fault' in group) return group
  const edge = region.value === GLOBAL || group.value === GLOBAL
  return {
    value: {
      prefix: prefix.value,
      region: edge ? null : group.value,
      countries: null,
      edge,
    },
  }
}
