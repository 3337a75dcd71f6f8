/**
 * What a provider publishes about its own addresses: rows of prefixes, and what each says of a place. The parsers beside this file make
 * them from foreign text. INVARIANT: a table is read whole or refused; a row that is not understood is never passed over.
 */

import { type Cidr, parseCidr } from '../../model/address.ts'
import type { Parsed } from '../../model/errors.ts'
import type { Regions } from '../../model/region.ts'

/**
 * - `ranges`: the provider names a region for each prefix, or says that it has none
 * - `edges`: where the provider answers, in front of what it does not place; also from within regions of a cloud
 * - `owned`: the provider only says that these prefixes are its own; they are served from many places, or nobody says from which
 * - `seen`: somebody else saw that they are served from many places; a provider that names a region knows better
 * - `geofeed`: RFC 8805, a country for each prefix
 */
export type TableKind = 'ranges' | 'edges' | 'owned' | 'seen' | 'geofeed'

export interface TableRow {
  readonly prefix: Cidr
  /** The provider's name for the region, lower case, as written; null when it names none. */
  readonly region: string | null
  /** What a geofeed says: `[]` where it asks not to be located; null in tables of other kinds. */
  readonly countries: Regions | null
  /** Served from many places: the address says nothing about one. */
  readonly edge: boolean
}

export interface ParsedTable {
  readonly rows: readonly TableRow[]
  /** ISO date the table says it was made, null when it does not say. */
  readonly asOf: string | null
}

/** A provider's own table is a few megabytes; only a mistake or an attack is larger. */
export const MAX_TABLE_BYTES = 32 * 1024 * 1024
export const MAX_TABLE_ROWS = 500_000

/** Nobody holds more than this; a row that claims it would move half of the Internet. */
const MIN_BITS_V4 = 8
const MIN_BITS_V6 = 16

/** @param version where the table says which family it is. */
export function parsePrefix(text: unknown, version?: 4 | 6): Parsed<Cidr> {
  if (typeof text !== 'string') return { fault: 'the prefix is not text' }
  const prefix = parseCidr(text)
  if (!prefix) return { fault: `\`${shorten(text)}\` is not a prefix` }
  if (version !== undefined && prefix.base.version !== version) {
    return { fault: `\`${shorten(text)}\` is not IPv${version}` }
  }
  const least = prefix.base.version === 4 ? MIN_BITS_V4 : MIN_BITS_V6
  if (prefix.bits < least) return { fault: `\`${shorten(text)}\` is too wide to be somebody's` }
  return { value: prefix }
}

/** A region's name as providers write them. */
export function parseRegion(text: unknown): Parsed<string> {
  if (typeof text !== 'string') return { fault: 'the region is not text' }
  const name = text.toLowerCase()
  if (!/^[a-z][a-z0-9-]{0,63}$/.test(name)) return { fault: `\`${shorten(text)}\` is no region` }
  return { value: name }
}

/** All of a list or the first fault in it, with its place. @param at what the list is called. */
export function readEach<T, R>(
  list: readonly T[],
  at: string,
  read: (entry: T) => Parsed<R>,
): Parsed<readonly R[]> {
  const value: R[] = []
  for (const [i, entry] of list.entries()) {
    const one = read(entry)
    if ('fault' in one) return { fault: `${at}[${i}]: ${one.fault}` }
    value.push(one.value)
  }
  return { value }
}

/** The date at the start of an ISO 8601 text; null when there is none. */
export function toIsoDate(text: unknown): string | null {
  if (typeof text !== 'string') return null
  const date = /^\d{4}-\d{2}-\d{2}(?!\d)/.exec(text)?.[0]
  if (date === undefined || Number.isNaN(Date.parse(date))) return null
  return new Date(date).toISOString().startsWith(date) ? date : null
}

/** Foreign text in a message: one line, printable, short. */
export function shorten(text: string): string {
  const printable = text.slice(0, 60).replace(/[^ -~]/g, '?')
  return text.length > 60 ? `${printable}…` : printable
}
