/** Lists without a place: what Cloudflare, Fastly and GitHub answer from, what others saw. Each is served from many places. */

import type { Parsed } from '../../model/errors.ts'
import { asList, field, parseJson } from './json.ts'
import { type ParsedTable, parsePrefix, readEach, type TableRow } from './table.ts'

/** One prefix a line. */
export function parsePrefixList(text: string): Parsed<ParsedTable> {
  const lines = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
  if (lines.at(-1) === '') lines.pop()
  return toTable(readEach(lines, 'line', toRow))
}

export function parseFastlyList(text: string): Parsed<ParsedTable> {
  return parseLists(text, ['addresses', 'ipv6_addresses'])
}

/** Where GitHub answers. Not where its runners call from: those keys hold thousands of prefixes of Azure. */
export function parseGithubMeta(text: string): Parsed<ParsedTable> {
  return parseLists(text, ['web', 'api', 'git', 'packages', 'pages'])
}

/** Lists of prefixes under keys of one object; all of them have to be there. */
function parseLists(text: string, keys: readonly string[]): Parsed<ParsedTable> {
  const json = parseJson(text)
  if ('fault' in json) return json
  const lists: (readonly TableRow[])[] = []
  for (const key of keys) {
    const list = asList(field(json.value, key))
    if (!list) return { fault: `there is no \`${key}\`` }
    const read = readEach(list, key, toRow)
    if ('fault' in read) return read
    lists.push(read.value)
  }
  return toTable({ value: lists.flat() })
}

function toRow(text: unknown): Parsed<TableRow> {
  const prefix = parsePrefix(text)
  if ('fault' in prefix) return prefix
  return { value: { prefix: prefix.value, region: null, countries: null, edge: true } }
}

function toTable(rows: Parsed<readonly TableRow[]>): Parsed<ParsedTable> {
  return 'fault' in rows ? rows : { value: { rows: rows.value, asOf: null } }
}
