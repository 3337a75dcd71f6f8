/**
 * Pieces of evidence a request gives. INVARIANT: a piece narrows (is stronger than `none`) only when the region is known and the
 * service itself holds the caller to it; a piece that widens is always strong. Text of the request is quoted only
 * when it has the form of a region name, so that no payload gets into a log.
 */

import type { CloudRegions } from '../../model/cloud-region.ts'
import type { Evidence, Strength } from '../../model/evidence.ts'
import { ANYWHERE, isAnywhere, type Regions, toRegions, UNKNOWN } from '../../model/region.ts'

/** A region named in the request. An unknown name claims nothing. */
export function namedRegion(
  regions: CloudRegions,
  provider: string,
  name: string,
  source: string,
  strength: Strength,
): Evidence {
  const region = regions.find(provider, name)
  const country = region?.country
  return {
    kind: 'request-region',
    source,
    asOf: country ? regions.asOf : null,
    claim: country ? [country] : UNKNOWN,
    strength: country ? strength : 'none',
    address: null,
    detail: country
      ? `\`${region?.name}\` of ${provider} is in ${country}`
      : `${quote(name)} is no region of ${provider} that is known here`,
  }
}

/** The request asks for more than one place. Where not all of them are known, it is anywhere. */
export function breadth(claim: Regions, source: string, detail: string, asOf?: string): Evidence {
  return {
    kind: 'request-breadth',
    source,
    asOf: asOf ?? null,
    claim: claim.length === 0 ? ANYWHERE : claim,
    strength: 'strong',
    address: null,
    detail,
  }
}

/** A statement worth keeping that decides nothing. */
export function record(source: string, detail: string): Evidence {
  return {
    kind: 'request-region',
    source,
    asOf: null,
    claim: UNKNOWN,
    strength: 'none',
    address: null,
    detail,
  }
}

/** The countries of several regions; unknown as soon as one of them is. */
export function countriesOf(
  regions: CloudRegions,
  provider: string,
  names: readonly string[],
): Regions {
  const countries = names.map((name) => regions.find(provider, name)?.country)
  return countries.some((country) => country === undefined)
    ? UNKNOWN
    : toRegions(countries.filter((country) => country !== undefined))
}

/** Where resources are created by several statements together: one that cannot be read makes the whole unreadable. */
export function joinPlaces(places: readonly Regions[]): Regions {
  const isUnread = places.length === 0 || places.some((place) => place.length === 0)
  if (places.some(isAnywhere)) return ANYWHERE
  return isUnread ? UNKNOWN : toRegions(places.flat())
}

export function quote(name: string): string {
  return /^[a-z][a-z0-9-]{1,31}$/.test(name) ? `\`${name}\`` : 'what is written there'
}
