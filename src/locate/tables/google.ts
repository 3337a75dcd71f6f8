/**
 * Google's two lists. `cloud.json` names a scope for each prefix, a region or `global`; `goog.json` is everything that is Google's
 * and says nothing about a place.
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

export function parseGoogleCloud(text: string): Parsed<ParsedTable> {
  return parse(text, (entry) => {
    const prefix = prefixOf(entry)
    if ('fault' in prefix) return prefix
    const scope = parseRegion(field(entry, 'scope'))
    if ('fault' in scope) return scope
    const edge = scope.value === 'global'
    const region = edge ? null : scope.value
    return { value: { prefix: prefix.value, region, countries: null, edge } }
  })
}

export function parseGoogle(text: string): Parsed<ParsedTable> {
  return parse(text, (entry) => {
    const prefix = prefixOf(entry)
    if ('fault' in prefix) return prefix
    return { value: { prefix: prefix.value, region: null, countries: null, edge: true } }
  })
}

function parse(text: string, toRow: (entry: unknown) => Parsed<TableRow>): Parsed<ParsedTable> {
  const json = parseJson(text)
  if ('fault' in json) return json
  const list = asList(field(json.value, 'prefixes'))
  if (!list) return { fault: 'there are no `prefixes`' }
  const rows = readEach(list, 'prefixes', toRow)
  if ('fault' in rows) return rows
  return { value: { rows: rows.value, asOf: toIsoDate(field(json.value, 'creationTime')) } }
}

function prefixOf(entry: unknown) {
  const v4 = field(entry, 'ipv4Prefix')
  const v6 = field(entry, 'ipv6Prefix')
  if (v4 !== undefined && v6 !== undefined) return { fault: 'there are two prefixes' }
  return v4 === undefined ? parsePrefix(v6, 6) : parsePrefix(v4, 4)
}
