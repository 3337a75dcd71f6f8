/**
 * Many tables of nested prefixes to one list of intervals that do not overlap, in which a search finds the winner at once.
 *
 * Who wins for an address: a row that names a region or the edge, before a list of what somebody owns or was seen to do, before a
 * geofeed; among equals the longest prefix. Of rows for the very same prefix all count: the edge hides a region, and regions
 * are added up.
 *
 * What lies among the prefixes of a cloud and is in none is probably the cloud's as well, and newer than the table: nobody knows where.
 * GeoIP is at its worst there: of 75 new AWS prefixes that both embedded country files placed wrongly, 65 lay so (tables of 30 days
 * apart, 2026-08), and 8 of 50,000 random addresses that are not AWS's.
 */

import { type IpAddress, toIp } from '../../model/address.ts'
import type { TableKind, TableRow } from './table.ts'

/** One row's statement. */
export interface Claim {
  /** Index of the table. */
  readonly table: number
  readonly region: string | null
  /** From a geofeed; null elsewhere. */
  readonly countries: readonly string[] | null
}

/** What holds for an interval. */
export interface Holding {
  readonly kind: 'table' | 'edge' | 'geofeed'
  /** False where no row speaks, but rows around. */
  readonly listed: boolean
  /** Distinct, at least one. */
  readonly claims: readonly Claim[]
}

export interface Interval {
  readonly start: bigint
  /** Length of the prefix that won; 0 in a gap. */
  readonly bits: number
  /** Index in `holdings`, null in a gap. */
  readonly holding: number | null
}

export interface Flattened {
  readonly holdings: readonly Holding[]
  /** By start; each reaches to the next one, the last to the end of the family. */
  readonly v4: readonly Interval[]
  readonly v6: readonly Interval[]
}

export interface Layer {
  readonly kind: TableKind
  readonly rows: readonly TableRow[]
}

export function flatten(tables: readonly Layer[]): Flattened {
  const holdings = new Holdings()
  return {
    v4: sweep(gather(tables, 4, holdings), 32),
    v6: sweep(gather(tables, 6, holdings), 128),
    holdings: holdings.list,
  }
}

/** All that is said about one prefix. */
interface Group {
  readonly start: bigint
  readonly bits: number
  readonly rank: number
  readonly holding: number
}

/** Every distinct statement once. */
class Holdings {
  readonly list: Holding[] = []
  readonly #known = new Map<string, number>()

  add(holding: Holding): number {
    const key = JSON.stringify(holding)
    let index = this.#known.get(key)
    if (index === undefined) {
      index = this.list.push(holding) - 1
      this.#known.set(key, index)
    }
    return index
  }
}

/** A row with the table it is from. */
interface Said {
  readonly table: number
  readonly kind: TableKind
  readonly row: TableRow
}

function gather(tables: readonly Layer[], version: 4 | 6, holdings: Holdings): Group[] {
  const byPrefix = new Map<string, Said[]>()
  for (const [table, { kind, rows }] of tables.entries()) {
    for (const row of rows) {
      if (row.prefix.base.version !== version) continue
      const key = `${row.prefix.base.text}/${row.prefix.bits}`
      const said = { table, kind, row }
      const others = byPrefix.get(key)
      if (others) others.push(said)
      else byPrefix.set(key, [said])
    }
  }
  const groups = [...byPrefix.values()].flatMap((all) => toGroup(all, holdings) ?? [])
  return [...groups, ...gatherAround(tables, version, holdings)]
}

/** What is handed out to one holder at a time: in IPv6 a /32, in IPv4 rarely more than a /20 today. */
const AROUND_BITS = { 4: 20, 6: 32 } as const

/** The blocks in which a cloud lists shorter stretches. */
function gatherAround(tables: readonly Layer[], version: 4 | 6, holdings: Holdings): Group[] {
  const bits = AROUND_BITS[version]
  const blocks = new Map<string, Group>()
  for (const [table, { kind, rows }] of tables.entries()) {
    if (kind !== 'ranges') continue
    const claims = [{ table, region: null, countries: null }]
    const holding = holdings.add({ kind: 'table', listed: false, claims })
    for (const { prefix } of rows) {
      if (prefix.base.version !== version || prefix.bits <= bits) continue
      const base = toIp(maskBytes(prefix.base.bytes, bits))
      if (!blocks.has(base.text)) {
        blocks.set(base.text, { start: toNumber(base), bits, rank: AROUND, holding })
      }
    }
  }
  return [...blocks.values()]
}

/** With all bits behind the first `bits` cleared. */
export function maskBytes(bytes: Uint8Array, bits: number): Uint8Array {
  return bytes.map((byte, i) => byte & ~(0xff >> Math.min(8, Math.max(0, bits - i * 8))))
}

function toGroup(all: readonly Said[], holdings: Holdings): Group | null {
  const [first] = all
  if (!first) return null
  const { base, bits } = first.row.prefix
  const rank = Math.max(...all.map(rankOf))
  const heard = all.filter((said) => rankOf(said) === rank)
  const edges = heard.filter(({ row }) => row.edge)
  const counting = edges.length > 0 ? edges : heard
  const kind = edges.length > 0 ? 'edge' : rank === GEOFEED ? 'geofeed' : 'table'
  const claims = new Map<string, Claim>()
  for (const { table, row } of counting) {
    const claim = { table, region: row.region, countries: row.countries }
    claims.set(JSON.stringify(claim), claim)
  }
  const holding = holdings.add({ kind, listed: true, claims: [...claims.values()] })
  return { start: toNumber(base), bits, rank, holding }
}

const AROUND = -1
const GEOFEED = 0
const OWNED = 1
const LABELLED = 2

function rankOf({ kind, row }: Said): number {
  if (kind === 'geofeed') return GEOFEED
  const isVague = kind === 'owned' || kind === 'seen' || (row.region === null && !row.edge)
  return isVague ? OWNED : LABELLED
}

/** Prefixes are nested or apart, never half over each other, so the open ones are a stack. @param width of the family, in bits */
function sweep(groups: readonly Group[], width: number): readonly Interval[] {
  const sorted = [...groups].sort((a, b) => compare(a.start, b.start) || a.bits - b.bits)
  /** Neighbours of the same statement stay apart: an answer names the prefix it rests on. */
  const found: { readonly start: bigint; readonly winner: Group | null }[] = [
    { start: 0n, winner: null },
  ]
  /** Open prefixes, outermost first, each with the winner among itself and those around it. */
  const open: { readonly end: bigint; readonly winner: Group }[] = []

  const begin = (start: bigint, winner: Group | null) => {
    if (found.at(-1)?.start === start) found.pop()
    if (found.length === 0 || found.at(-1)?.winner !== winner) found.push({ start, winner })
  }
  const closeUpTo = (position: bigint) => {
    for (let top = open.at(-1); top && top.end <= position; top = open.at(-1)) {
      open.pop()
      begin(top.end, open.at(-1)?.winner ?? null)
    }
  }

  for (const group of sorted) {
    closeUpTo(group.start)
    const outer = open.at(-1)?.winner
    const winner = outer && beats(outer, group) ? outer : group
    open.push({ end: group.start + (1n << BigInt(width - group.bits)), winner })
    begin(group.start, winner)
  }
  closeUpTo(1n << BigInt(width))
  // Nothing starts behind the last address.
  return found
    .filter(({ start }) => start < 1n << BigInt(width))
    .map(({ start, winner }) => ({
      start,
      bits: winner?.bits ?? 0,
      holding: winner?.holding ?? null,
    }))
}

/** Whether the prefix around wins over the one inside it. */
function beats(outer: Group, inner: Group): boolean {
  return outer.rank > inner.rank
}

function toNumber({ bytes }: IpAddress): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}
