/**
 * The compiled file: what `geoip update` writes and every start reads. Little-endian.
 *
 *   magic 8 bytes | version u32 | header bytes u32 | header (JSON) | v4 | v6 | SHA-256 of all before
 *   a family: starts (4 or 16 bytes each, network order) | holding u16 each, 0xffff in a gap | bits u8 each
 *
 * The checksum finds damage, not malice: who may write the file may write anything. Everything in it is checked all the same,
 * because a search in a list that is out of order would answer at random.
 */

import { createHash } from 'node:crypto'
import { isCountry } from '../../model/region.ts'
import type { Claim, Flattened, Holding, Interval } from './flatten.ts'
import { asList, asRecord, field, parseJson } from './json.ts'
import type { TableKind } from './table.ts'

/** Where a table came from and what is in it. */
export interface TableFacts {
  readonly id: string
  readonly provider: string
  readonly kind: TableKind
  /** The URL it was fetched from, or the name of the file it was read from. */
  readonly source: string
  /** ISO date the publisher gives it, null when there is none. */
  readonly asOf: string | null
  /** ISO 8601 moment at which it was last seen to be current. */
  readonly fetchedAt: string
  /** Validators for the next conditional request (RFC 9110 section 8.8). */
  readonly etag: string | null
  readonly lastModified: string | null
  readonly rows: number
  /** Rows that say `edge`, and those that name no region and no country. */
  readonly edges: number
  readonly unplaced: number
}

export interface Compiled extends Flattened {
  readonly tables: readonly TableFacts[]
}

const MAGIC = Buffer.from('CORDONPX', 'latin1')
const VERSION = 1
const FIXED_BYTES = 16
const DIGEST_BYTES = 32
const GAP = 0xffff
/** Intervals of one family; all tables together have some 40,000. */
const MAX_INTERVALS = 2_000_000

export function encode({ tables, holdings, v4, v6 }: Compiled): Buffer {
  if (holdings.length >= GAP) throw new RangeError('too many different statements to number them')
  const counts = { v4: v4.length, v6: v6.length }
  const header = Buffer.from(JSON.stringify({ tables, holdings, counts }))
  const fixed = Buffer.alloc(FIXED_BYTES)
  MAGIC.copy(fixed)
  fixed.writeUInt32LE(VERSION, 8)
  fixed.writeUInt32LE(header.length, 12)
  const body = Buffer.concat([fixed, header, encodeFamily(v4, 4), encodeFamily(v6, 16)])
  return Buffer.concat([body, digest(body)])
}

function encodeFamily(intervals: readonly Interval[], bytes: number): Buffer {
  const family = Buffer.alloc(intervals.length * (bytes + 3))
  const holdingsAt = intervals.length * bytes
  const bitsAt = holdingsAt + intervals.length * 2
  for (const [i, { start, bits, holding }] of intervals.entries()) {
    family.write(start.toString(16).padStart(bytes * 2, '0'), i * bytes, 'hex')
    family.writeUInt16LE(holding ?? GAP, holdingsAt + i * 2)
    family.writeUInt8(bits, bitsAt + i)
  }
  return family
}

/** One family, ready to be searched. */
export interface Family {
  /** 32-bit words of the starts, most significant first: one each for IPv4, four for IPv6. */
  readonly words: Uint32Array
  /** `NO_HOLDING` in a gap. */
  readonly holdings: Uint16Array
  readonly bits: Uint8Array
}

export const NO_HOLDING = GAP

export interface Decoded {
  readonly tables: readonly TableFacts[]
  readonly holdings: readonly Holding[]
  readonly v4: Family
  readonly v6: Family
}

/** @returns what is wrong with the bytes when they are not a whole compiled file. */
export function decode(bytes: Buffer): Decoded | { readonly fault: string } {
  if (bytes.length < FIXED_BYTES + DIGEST_BYTES || !bytes.subarray(0, 8).equals(MAGIC)) {
    return { fault: 'it is not a file of compiled tables' }
  }
  if (bytes.readUInt32LE(8) !== VERSION) {
    return { fault: `it has format ${bytes.readUInt32LE(8)}, not ${VERSION}` }
  }
  const body = bytes.subarray(0, bytes.length - DIGEST_BYTES)
  if (!digest(body).equals(bytes.subarray(body.length))) {
    return { fault: 'its checksum is wrong: it is damaged, or its end is missing' }
  }
  const headerEnd = FIXED_BYTES + bytes.readUInt32LE(12)
  const header = parseJson(body.toString('utf8', FIXED_BYTES, headerEnd))
  const read = 'value' in header ? readHeader(header.value) : null
  if (!read) return { fault: 'its header is not one of ours' }
  const { tables, holdings, counts } = read
  const v6At = headerEnd + counts.v4 * 7
  if (v6At + counts.v6 * 19 !== body.length)
    return { fault: 'its lists are not as long as it says' }
  const v4 = decodeFamily(body.subarray(headerEnd, v6At), counts.v4, 1, holdings.length)
  const v6 = decodeFamily(body.subarray(v6At), counts.v6, 4, holdings.length)
  return v4 && v6 ? { tables, holdings, v4, v6 } : { fault: 'its lists are out of order' }
}

/** @param width words of an address. @returns null when a search could not rely on it. */
function decodeFamily(bytes: Buffer, count: number, width: 1 | 4, known: number): Family | null {
  const words = new Uint32Array(count * width)
  for (let i = 0; i < words.length; i++) words[i] = bytes.readUInt32BE(i * 4)
  const holdings = new Uint16Array(count)
  const holdingsAt = count * width * 4
  for (let i = 0; i < count; i++) holdings[i] = bytes.readUInt16LE(holdingsAt + i * 2)
  const bits = Uint8Array.from(bytes.subarray(holdingsAt + count * 2))
  const family = { words, holdings, bits }
  return isSound(family, count, width, known) ? family : null
}

function isSound(
  { words, holdings, bits }: Family,
  count: number,
  width: 1 | 4,
  known: number,
): boolean {
  // The first interval begins at zero, so every address is in one.
  if (count === 0 || words.subarray(0, width).some((word) => word !== 0)) return false
  for (let i = 0; i < count; i++) {
    const holding = holdings[i] ?? GAP
    if (holding !== GAP && holding >= known) return false
    if ((bits[i] ?? 0) > width * 32) return false
    if (i > 0 && !isAscending(words, (i - 1) * width, width)) return false
  }
  return true
}

/** Whether the address at that word is below the next one. */
function isAscending(words: Uint32Array, at: number, width: number): boolean {
  for (let i = at; i < at + width; i++) {
    const a = words[i] ?? 0
    const b = words[i + width] ?? 0
    if (a !== b) return a < b
  }
  return false
}

interface Header {
  readonly tables: readonly TableFacts[]
  readonly holdings: readonly Holding[]
  readonly counts: { readonly v4: number; readonly v6: number }
}

function readHeader(value: unknown): Header | null {
  const tables = asList(field(value, 'tables'))
  const holdings = asList(field(value, 'holdings'))
  const v4 = field(field(value, 'counts'), 'v4')
  const v6 = field(field(value, 'counts'), 'v6')
  if (!tables?.every(isTableFacts) || !holdings || !isCount(v4) || !isCount(v6)) return null
  if (!holdings.every((holding) => isHolding(holding, tables.length))) return null
  return { tables, holdings, counts: { v4, v6 } }
}

function isTableFacts(value: unknown): value is TableFacts {
  const facts = asRecord(value)
  if (!facts) return false
  const { id, provider, kind, source, asOf, fetchedAt, etag, lastModified } = facts
  const texts = [id, provider, source, fetchedAt].every((text) => typeof text === 'string')
  const maybes = [asOf, etag, lastModified].every(
    (text) => text === null || typeof text === 'string',
  )
  const counts = [facts.rows, facts.edges, facts.unplaced].every(isCount)
  return texts && maybes && counts && isKind(kind)
}

const KINDS: readonly unknown[] = [
  'ranges',
  'edges',
  'owned',
  'seen',
  'geofeed',
] satisfies TableKind[]

function isKind(kind: unknown): kind is TableKind {
  return KINDS.includes(kind)
}

function isHolding(value: unknown, tables: number): value is Holding {
  const kind = field(value, 'kind')
  const claims = asList(field(value, 'claims'))
  if (kind !== 'table' && kind !== 'edge' && kind !== 'geofeed') return false
  if (typeof field(value, 'listed') !== 'boolean') return false
  return claims !== null && claims.length > 0 && claims.every((claim) => isClaim(claim, tables))
}

function isClaim(value: unknown, tables: number): value is Claim {
  const table = field(value, 'table')
  const region = field(value, 'region')
  const countries = field(value, 'countries')
  if (!isCount(table) || table >= tables) return false
  if (region !== null && typeof region !== 'string') return false
  return (
    countries === null ||
    asList(countries)?.every((code) => typeof code === 'string' && isCountry(code)) === true
  )
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_INTERVALS
}

function digest(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest()
}
