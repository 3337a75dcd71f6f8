/**
 * Geofeeds (RFC 8805): `prefix,alpha2,region,city,postal`, `#` comments. A row without a country, or with `ZZ`, asks not to be located.
 * Whoever publishes one is believed about its own prefixes only as far as no table of ranges says otherwise.
 */

import type { Parsed } from '../../model/errors.ts'
import { isCountry, type Regions, UNKNOWN } from '../../model/region.ts'
import { type ParsedTable, parsePrefix, shorten, type TableRow, toIsoDate } from './table.ts'

export function parseGeofeed(text: string): Parsed<ParsedTable> {
  const rows: TableRow[] = []
  let asOf: string | null = null
  for (const [i, raw] of text.split('\n').entries()) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw
    if (line.startsWith('#')) {
      asOf ??= toIsoDate(/^# *Last[- ]modified: *(\S+)/i.exec(line)?.[1])
      continue
    }
    if (line === '') continue
    const row = toRow(line)
    if ('fault' in row) return { fault: `line ${i + 1}: ${row.fault}` }
    rows.push(row.value)
  }
  return { value: { rows, asOf } }
}

function toRow(line: string): Parsed<TableRow> {
  const [address = '', alpha2, subdivision = ''] = line.split(',', 3)
  const prefix = parsePrefix(address.trim())
  if ('fault' in prefix) return prefix
  // A list of prefixes with nothing behind them is something else.
  if (alpha2 === undefined) return { fault: 'there is no country field' }
  const countries = toCountries(alpha2.trim(), subdivision.trim())
  if ('fault' in countries) return countries
  return { value: { prefix: prefix.value, region: null, countries: countries.value, edge: false } }
}

/** ISO 3166-2 lists these under China as well; which of the two is meant, a feed does not say. */
const ALSO: Readonly<Record<string, string>> = { 'CN-HK': 'HK', 'CN-MO': 'MO', 'CN-TW': 'TW' }

function toCountries(alpha2: string, subdivision: string): Parsed<Regions> {
  if (alpha2 === '' || alpha2 === 'ZZ') return { value: UNKNOWN }
  if (!isCountry(alpha2)) return { fault: `\`${shorten(alpha2)}\` is not a country code` }
  if (subdivision !== '' && !subdivision.startsWith(`${alpha2}-`)) {
    return { fault: `\`${shorten(subdivision)}\` is not in ${alpha2}` }
  }
  const also = Object.hasOwn(ALSO, subdivision) ? ALSO[subdivision] : undefined
  return { value: also === undefined ? [alpha2] : [alpha2, also].sort() }
}
