/**
 * What is held to be true: one random address for each prefix that a provider publishes, with the country of its region. Prefixes inside
 * which a longer one says something else are asked where only they speak.
 */

import type { TableInput } from '../../src/locate/tables/compile.ts'
import { NO_TABLES, type PrefixTables } from '../../src/locate/tables/prefix-tables.ts'
import type { TableRow } from '../../src/locate/tables/table.ts'
import { type Cidr, cidrContains, type IpAddress, toIp } from '../../src/model/address.ts'
import type { CloudRegions } from '../../src/model/cloud-region.ts'

export interface Truth {
  readonly provider: string
  readonly address: IpAddress
  /** Null: served from many places. */
  readonly country: string | null
}

export interface Truths {
  readonly list: readonly Truth[]
  /** Prefixes about which nothing is known: regions without a country, tags without a region, rows without a claim. */
  readonly excluded: number
}

/**
 * @param random a number from 0 up to but not including 1, the same sequence for the same seed
 * @param regional all tables: where one names a region, nobody is believed who saw many places
 */
export function drawTruths(
  tables: readonly TableInput[],
  regions: CloudRegions,
  random: () => number,
  regional: PrefixTables = NO_TABLES,
): Truths {
  const list: Truth[] = []
  let excluded = 0
  for (const { source, table } of tables) {
    // What the owner says about all of its space is not about a place.
    for (const { prefix, inside, row } of withInner(distinct(table.rows))) {
      const country = truthOf(row, source.provider, regions)
      const address = country === undefined ? null : draw(prefix, inside, random)
      if (country === undefined || address === null) excluded++
      else if (source.kind === 'seen' && regional.lookup(address)?.claim.length) excluded++
      else list.push({ provider: source.provider, address, country })
    }
  }
  return { list, excluded }
}

function truthOf(
  { region, countries, edge }: TableRow,
  provider: string,
  regions: CloudRegions,
): string | null | undefined {
  if (edge) return null
  if (countries) return countries.length === 1 ? countries[0] : undefined
  return region === null ? undefined : regions.find(provider, region)?.country
}

/** One row for each prefix; where one names a region, that one. */
function distinct(rows: readonly TableRow[]): readonly TableRow[] {
  const byPrefix = new Map<string, TableRow>()
  for (const row of rows) {
    const key = `${row.prefix.base.text}/${row.prefix.bits}`
    const other = byPrefix.get(key)
    if (!other || (other.region === null && !other.edge)) byPrefix.set(key, row)
  }
  return [...byPrefix.values()]
}

interface Nested {
  readonly prefix: Cidr
  readonly row: TableRow
  /** Longer prefixes within it. */
  readonly inside: Cidr[]
}

function withInner(rows: readonly TableRow[]): readonly Nested[] {
  const sorted = rows.map((row): Nested => ({ prefix: row.prefix, row, inside: [] }))
  sorted.sort((a, b) => Buffer.compare(keyOf(a.prefix), keyOf(b.prefix)))
  const open: Nested[] = []
  for (const nested of sorted) {
    while (open.length > 0 && !cidrContains(last(open).prefix, nested.prefix.base)) open.pop()
    if (open.length > 0) last(open).inside.push(nested.prefix)
    open.push(nested)
  }
  return sorted
}

function last<T>(list: readonly T[]): T {
  const item = list.at(-1)
  if (item === undefined) throw new Error('the list is empty')
  return item
}

/** Sorts by family, then address, then length: what is around comes before what is inside. */
function keyOf({ base, bits }: Cidr): Buffer {
  return Buffer.from([base.version, ...base.bytes, bits])
}

const TRIES = 100

/** An address of the prefix and of none inside it; null when none was found. */
function draw(prefix: Cidr, inside: readonly Cidr[], random: () => number): IpAddress | null {
  for (let i = 0; i < TRIES; i++) {
    const address = toIp(
      prefix.base.bytes.map((byte, at) => {
        const free = 0xff >> Math.min(8, Math.max(0, prefix.bits - at * 8))
        return byte | (Math.floor(random() * 256) & free)
      }),
    )
    if (!inside.some((inner) => cidrContains(inner, address))) return address
  }
  return null
}

/** Mulberry32: small, fast, and the same everywhere. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
