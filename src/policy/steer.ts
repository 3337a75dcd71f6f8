/** Names with several addresses: which of them a caller may be led to. Pure. */

import type { Destination, Place } from '../model/destination.ts'
import { type Placement, place, type Zone } from '../model/placement.ts'
import { type Regions, UNKNOWN, unionRegions } from '../model/region.ts'

/**
 * What to do with an answer that lies partly inside the zone.
 *
 * - `steer`: only the addresses inside are dialled; the others are on record
 * - `strict`: it counts as its worst address
 * - `any`: all may be dialled, and it counts as all of them together
 */
export type Answers = 'steer' | 'strict' | 'any'

/** The destination without the addresses outside the zone; the same object when all or none are inside. */
export function steer(destination: Destination, zone: Zone): Destination {
  const inside = destination.places.filter(({ regions }) => place(regions, zone) === 'inside')
  if (inside.length === 0 || inside.length === destination.places.length) return destination
  const dropped = destination.places.filter((each) => !inside.includes(each))
  const kept = inside.map(({ address }) => address.text).join(', ')
  const out = new Set(dropped.map(({ address }) => address.text))
  return {
    ...destination,
    evidence: destination.evidence.map((piece) =>
      out.has(piece.address ?? '') ? { ...piece, discarded: NOT_DIALLED } : piece,
    ),
    addresses: inside.map(({ address }) => address),
    places: inside,
    dropped,
    regions: together(inside.map(({ regions }) => regions)),
    network: together(inside.map(({ network }) => network)),
    why: `${destination.why}; only ${kept} may be dialled`,
  }
}

const NOT_DIALLED = 'not dialled: other addresses are inside the zone'

/** The placement of the worst address, where some are inside and some are not; else null. */
export function worst(places: readonly Place[], zone: Zone): Placement | null {
  const each = new Set(places.map(({ regions }) => place(regions, zone)))
  if (!each.has('inside') || each.size === 1) return null
  return WORST_FIRST.find((placement) => each.has(placement)) ?? null
}

const WORST_FIRST: readonly Placement[] = ['outside', 'unknown', 'straddling']

function together(all: readonly Regions[]): Regions {
  const [first = UNKNOWN, ...others] = all
  return others.reduce(unionRegions, first)
}
