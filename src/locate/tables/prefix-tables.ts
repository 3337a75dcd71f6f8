/**
 * The compiled tables in memory: what providers themselves say about an address. Names of regions become countries here, by the
 * facts of `geoip/regions.yaml`. INVARIANT: a region that is not among them has no country.
 *
 * Ask about the `endpoint` of a classified address, as with GeoIP.
 */

import { open } from 'node:fs/promises'
import { type IpAddress, toIp } from '../../model/address.ts'
import type { CloudRegions } from '../../model/cloud-region.ts'
import { type Regions, UNKNOWN, unionRegions } from '../../model/region.ts'
import { type Claim, type Holding, maskBytes } from './flatten.ts'
import { type Decoded, decode, type Family, NO_HOLDING, type TableFacts } from './layout.ts'

/** What the tables say about one address. */
export interface PrefixHit {
  /**
   * - `table`: the provider's own list; it may name no region, or one nobody knows
   * - `edge`: served from many places, or nobody says from which
   * - `geofeed`: RFC 8805
   */
  readonly kind: 'table' | 'edge' | 'geofeed'
  readonly provider: string
  /** The provider's name for it; several, joined, where rows for one prefix differ; null where none is named. */
  readonly region: string | null
  /** False: no row has the address, but rows of the provider lie around it. Then nothing is known, and GeoIP is not worth asking. */
  readonly listed: boolean
  /** `[]` where nothing is said about a place. */
  readonly claim: Regions
  /** The table's id; several, joined, where tables speak about the same prefix. */
  readonly source: string
  /** ISO date of the oldest table that counted: what it says of itself, else the day it was fetched. */
  readonly asOf: string
  /** ISO 8601 moment at which the table that counted was last seen to be current; of several, the earliest. */
  readonly seenAt: string
  /** The prefix the statement is about; the block around where it is not listed. */
  readonly prefix: string
}

export interface TableInfo extends TableFacts {
  /** Names of regions in it that no fact stands behind, sorted. */
  readonly unknownRegions: readonly string[]
}

export interface PrefixTables {
  /** The strongest statement for the address; null when no table has it. Never throws. */
  lookup(ip: IpAddress): PrefixHit | null
  tables(): readonly TableInfo[]
  /** Intervals of both families together. */
  readonly size: number
}

/** The compiled file cannot be used, with what to do about it. Whoever has read an earlier one keeps it. */
export class PrefixTableError extends Error {
  override readonly name = 'PrefixTableError'
  readonly path: string
  /** There is no file at all, which is nobody's fault. */
  readonly isMissing: boolean
  readonly hint = 'make it anew with `cordon geoip update`'

  constructor(path: string, problem: string, cause?: unknown) {
    super(`cannot use \`${path}\`: ${problem}`, { cause })
    this.path = path
    this.isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
  }
}

/** The file has some 300 kB. */
const MAX_FILE_BYTES = 64 * 1024 * 1024

/** @throws PrefixTableError, with `cause` when the system refused to read it */
export async function openPrefixTables(path: string, regions: CloudRegions): Promise<PrefixTables> {
  const decoded = decode(await readWhole(path))
  if ('fault' in decoded) throw new PrefixTableError(path, decoded.fault)
  return createPrefixTables(decoded, regions)
}

/** No tables at all: nothing is known. */
export const NO_TABLES: PrefixTables = { lookup: () => null, tables: () => [], size: 0 }

export function createPrefixTables(decoded: Decoded, regions: CloudRegions): PrefixTables {
  const { tables, holdings, v4, v6 } = decoded
  const verdicts = holdings.map((holding) => toVerdict(holding, tables, regions))
  const infos = tables.map((facts, index) => ({
    ...facts,
    unknownRegions: unknownIn(holdings, index, facts.provider, regions),
  }))
  const hits4: (PrefixHit | undefined)[] = []
  const hits6: (PrefixHit | undefined)[] = []

  const find = (family: Family, hits: (PrefixHit | undefined)[], at: number, ip: IpAddress) => {
    const known = hits[at]
    if (known) return known
    const verdict = verdicts[family.holdings[at] ?? NO_HOLDING]
    if (!verdict) return null
    const hit = { ...verdict, prefix: prefixOf(ip, family.bits[at] ?? 0) }
    hits[at] = hit
    return hit
  }
  return {
    lookup: (ip) =>
      ip.version === 4
        ? find(v4, hits4, indexOf4(v4.words, ip.bytes), ip)
        : find(v6, hits6, indexOf6(v6.words, ip.bytes), ip),
    tables: () => infos,
    size: v4.bits.length + v6.bits.length,
  }
}

async function readWhole(path: string): Promise<Buffer> {
  try {
    await using file = await open(path)
    const found = await file.stat()
    if (!found.isFile()) throw new PrefixTableError(path, 'it is not a regular file')
    if (found.size > MAX_FILE_BYTES) throw new PrefixTableError(path, 'it is over 64 MiB')
    return await file.readFile()
  } catch (error) {
    if (error instanceof PrefixTableError) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    const problem = code === 'ENOENT' ? 'there is no such file' : `reading it failed with ${code}`
    throw new PrefixTableError(path, problem, error)
  }
}

/** What holds for every prefix with the same statement. */
function toVerdict(
  { kind, listed, claims }: Holding,
  tables: readonly TableFacts[],
  regions: CloudRegions,
): Omit<PrefixHit, 'prefix'> {
  const facts = claims.flatMap(({ table }) => tables[table] ?? [])
  const names = new Set(claims.flatMap(({ region }) => region ?? []))
  const parts = claims.map((claim) => placesOf(claim, tables[claim.table]?.provider ?? '', regions))
  return {
    kind,
    listed,
    provider: facts[0]?.provider ?? '',
    region: names.size > 0 ? [...names].sort().join(', ') : null,
    claim: kind === 'edge' ? UNKNOWN : parts.reduce(unionRegions),
    source: [...new Set(facts.map(({ id }) => id))].join(', '),
    asOf: facts.map(dateOf).sort()[0] ?? '',
    seenAt: facts.map(({ fetchedAt }) => fetchedAt).sort()[0] ?? '',
  }
}

function placesOf({ region, countries }: Claim, provider: string, regions: CloudRegions): Regions {
  if (countries) return countries
  const found = region === null ? null : regions.find(provider, region)
  return found ? [found.country] : UNKNOWN
}

function dateOf({ asOf, fetchedAt }: TableFacts): string {
  return asOf ?? fetchedAt.slice(0, 10)
}

function unknownIn(
  holdings: readonly Holding[],
  table: number,
  provider: string,
  regions: CloudRegions,
): readonly string[] {
  const names = holdings
    .flatMap(({ claims }) => claims)
    .flatMap((claim) => (claim.table === table ? (claim.region ?? []) : []))
  return [...new Set(names)].filter((name) => !regions.find(provider, name)).sort()
}

/** The last interval that begins at or before the address; the first one begins at zero. */
function indexOf4(words: Uint32Array, bytes: Uint8Array): number {
  const wanted = wordAt(bytes, 0)
  let low = 0
  let high = words.length - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if ((words[middle] ?? 0) <= wanted) low = middle
    else high = middle - 1
  }
  return low
}

function indexOf6(words: Uint32Array, bytes: Uint8Array): number {
  const a = wordAt(bytes, 0)
  const b = wordAt(bytes, 4)
  const c = wordAt(bytes, 8)
  const d = wordAt(bytes, 12)
  let low = 0
  let high = words.length / 4 - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    const at = middle * 4
    const order =
      (words[at] ?? 0) - a ||
      (words[at + 1] ?? 0) - b ||
      (words[at + 2] ?? 0) - c ||
      (words[at + 3] ?? 0) - d
    if (order <= 0) low = middle
    else high = middle - 1
  }
  return low
}

function wordAt(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
}

function prefixOf({ bytes }: IpAddress, bits: number): string {
  return `${toIp(maskBytes(bytes, bits)).text}/${bits}`
}
