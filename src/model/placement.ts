/** How the place of processing lies to the zone a caller may use. Pure set relations; policy gives them meaning. */

import { isAnywhere, type Regions } from './region.ts'

export type Placement = 'inside' | 'outside' | 'straddling' | 'unknown'

export const PLACEMENTS: readonly Placement[] = ['inside', 'outside', 'straddling', 'unknown']

/** The set of countries a caller may use, with the words the operator used for it. */
export interface Zone {
  /** As written in the policy, e.g. `europe, US`. */
  readonly name: string
  readonly countries: ReadonlySet<string>
}

/** Subset: inside. Disjoint: outside. Overlap, or anywhere: straddling. No evidence: unknown. */
export function place(regions: Regions, zone: Zone): Placement {
  if (regions.length === 0) return 'unknown'
  if (isAnywhere(regions)) return 'straddling'
  const inside = regions.filter((code) => zone.countries.has(code)).length
  if (inside === regions.length) return 'inside'
  return inside === 0 ? 'outside' : 'straddling'
}
