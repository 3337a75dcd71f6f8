/**
 * Evidence to a set of countries, with the reason. Pure. Two questions are kept apart: where the data is processed, and where the
 * address is that we talk to. What is said about the host or the request answers the first; what is said about an address
 * answers the second, and stands in for the first only where nobody has spoken about it.
 *
 * INVARIANT: what a request asks for can widen any answer, also the operator's. INVARIANT: strong pieces that contradict each
 * other leave the place unknown: nobody knows which is wrong. INVARIANT: unknown and edge are never guessed over.
 */

import type { Evidence } from '../model/evidence.ts'
import {
  ANYWHERE,
  intersectRegions,
  isAnywhere,
  type Regions,
  UNKNOWN,
  unionRegions,
} from '../model/region.ts'

/** One address of a destination. */
export interface Place {
  readonly address: string
  /** Where data sent there is processed. */
  readonly regions: Regions
  /** Where the address itself is; unknown at an edge, which is everywhere. */
  readonly network: Regions
}

export interface Conclusion {
  readonly regions: Regions
  readonly network: Regions
  /** One sentence. */
  readonly why: string
  readonly places: readonly Place[]
  /** Pieces that did not count, with the reason. */
  readonly discarded: ReadonlyMap<Evidence, string>
}

interface Answer {
  readonly regions: Regions
  readonly why: string
}

type Discard = (pieces: readonly Evidence[], why: string) => void

/** @param pieces those without address are about the host or the request. */
export function conclude(pieces: readonly Evidence[], addresses: readonly string[]): Conclusion {
  const discarded = new Map<Evidence, string>()
  const discard: Discard = (some, why) => {
    // Who had nothing to say was not overruled.
    for (const piece of some) if (piece.claim.length > 0) discarded.set(piece, why)
  }
  const general = pieces.filter(({ address }) => address === null)
  const [distrust] = general.filter(({ kind }) => kind === 'response')
  if (distrust) return nobodyKnows(distrust, addresses)
  const stated = combine(general, discard)
  if (addresses.length === 0) {
    const delegated = general.find(({ kind }) => kind === 'delegated')
    const why = delegated?.detail ?? 'there is no address to place'
    const answer = widen(general, stated ?? { regions: UNKNOWN, why })
    return { ...answer, network: UNKNOWN, places: [], discarded }
  }
  const parts = addresses.map((address) => {
    const own = pieces.filter((piece) => piece.address === address)
    const network = placeAddress(address, own, general, discard)
    const processing = widen(general, settle(general, own, stated, network, discard))
    return { address, network: network.regions, ...processing }
  })
  const silent = parts.find(({ regions }) => regions.length === 0)
  return {
    regions: parts.map(({ regions }) => regions).reduce(unionRegions),
    network: parts.map(({ network }) => network).reduce(unionRegions),
    why: silent?.why ?? [...new Set(parts.map(({ why }) => why))].join('; '),
    places: parts.map(({ address, regions, network }) => ({ address, regions, network })),
    discarded,
  }
}

/** The host has answered from where it should not be: until a person has looked, nothing anybody says of it counts. */
function nobodyKnows({ detail }: Evidence, addresses: readonly string[]): Conclusion {
  return {
    regions: UNKNOWN,
    network: UNKNOWN,
    why: detail,
    places: addresses.map((address) => ({ address, regions: UNKNOWN, network: UNKNOWN })),
    discarded: new Map(),
  }
}

/** Where the address is: the operator, then its provider, then whoever holds the prefix, then country files. */
function placeAddress(
  address: string,
  own: readonly Evidence[],
  general: readonly Evidence[],
  discard: Discard,
): Answer {
  const of = (kind: Evidence['kind']) => own.filter((piece) => piece.kind === kind)
  const [declared] = of('declaration').filter(isStrong)
  const [edge] = of('edge')
  const [table] = of('table')
  const [geofeed] = of('geofeed')
  const geoip = of('geoip')
  if (declared) {
    discard([...of('edge'), ...of('table'), ...of('geofeed'), ...geoip], OUTWEIGHED)
    return answer(declared)
  }
  if (edge) {
    discard([...of('table'), ...of('geofeed'), ...geoip], 'an edge is in many places at once')
    return { regions: UNKNOWN, why: edge.detail }
  }
  if (table && (isStrong(table) || table.claim.length === 0)) {
    discard([...of('geofeed'), ...geoip], 'the provider itself knows better')
    return answer(table)
  }
  const guess = byCountryFiles(address, geoip)
  if (table) {
    // Too old to be believed alone: prefixes appear often and move seldom.
    const both = guess.regions.length > 0 ? unionRegions(table.claim, guess.regions) : table.claim
    return {
      regions: both,
      why: `${table.detail}, by a list from ${table.asOf ?? 'no known date'}`,
    }
  }
  const [hostEdge] = general.filter(({ kind }) => kind === 'edge')
  if (hostEdge) {
    discard([...of('geofeed'), ...geoip], 'an edge is in many places at once')
    return { regions: UNKNOWN, why: hostEdge.detail }
  }
  if (geofeed && geofeed.claim.length > 0 && isStrong(geofeed)) {
    discard(geoip, 'the holder of the prefix knows better')
    return answer(geofeed)
  }
  if (geofeed) discard([geofeed], 'too old to be believed')
  return guess
}

/** The union of what all files say; one that is silent leaves it unknown. */
function byCountryFiles(address: string, geoip: readonly Evidence[]): Answer {
  const regions =
    geoip.length === 0 ? UNKNOWN : geoip.map(({ claim }) => claim).reduce(unionRegions)
  return regions.length > 0
    ? { regions, why: `${address} is in ${regions.join(', ')} by GeoIP` }
    : { regions, why: `GeoIP does not place ${address}` }
}

/** Where data sent to one address is processed, before the request has widened it. */
function settle(
  general: readonly Evidence[],
  own: readonly Evidence[],
  stated: Answer | null,
  network: Answer,
  discard: Discard,
): Answer {
  const hosts = general.filter(({ kind }) => kind === 'declaration').filter(isStrong)
  const prefixes = own.filter(({ kind }) => kind === 'declaration').filter(isStrong)
  const declared = [...hosts.slice(0, 1), ...prefixes.slice(0, 1)]
  if (declared.length > 0) {
    const others = own.filter(({ kind }) => kind !== 'declaration')
    discard([...general.filter(isStatement), ...others], OUTWEIGHED)
    return intersect(declared)
  }
  if (!stated) return network
  const aboutAddress = own.filter(({ kind }) => kind !== 'declaration')
  const table = own.find((piece) => piece.kind === 'table' && isStrong(piece))
  if (table && table.claim.length > 0 && stated.regions.length > 0) {
    if (intersectRegions(stated.regions, table.claim) === null) {
      return { regions: UNKNOWN, why: `${stated.why}, but ${table.detail}: they contradict` }
    }
  }
  discard(
    aboutAddress.filter(
      ({ kind, claim }) => kind !== 'edge' && claim.length > 0 && kind !== 'table',
    ),
    'an address does not say where its owner processes',
  )
  return stated
}

/** What is said about the host and by the request, taken together; null when nothing is. */
function combine(general: readonly Evidence[], discard: Discard): Answer | null {
  const declared = general.filter(({ kind }) => kind === 'declaration').filter(isStrong)
  if (declared.length > 0) return intersect(declared.slice(0, 1))
  const all = general.filter(isStatement)
  const hints = findHints(all)
  discard(hints, 'nobody holds the request to it')
  const isCatalogued = all.some(({ kind }) => kind === 'catalogue')
  const statements = all.filter(
    // A name without a region in it is no doubt where its vendor says what it stands for.
    (piece) =>
      !hints.includes(piece) &&
      !(isCatalogued && piece.kind === 'host' && piece.claim.length === 0),
  )
  if (statements.length === 0) return null
  // A region in a name or a signature is where the call is taken in: it does not bind a vendor that promises no place.
  const promisesNothing = statements.find(
    (piece) => piece.kind === 'catalogue' && isStrong(piece) && isAnywhere(piece.claim),
  )
  if (!promisesNothing) return intersect(statements)
  discard(
    statements.filter((piece) => piece !== promisesNothing),
    'its vendor promises no place',
  )
  return answer(promisesNothing)
}

/** What all say at once. A strong piece without a claim says that the place cannot be known. */
function intersect(pieces: readonly Evidence[]): Answer {
  const why = pieces.map(({ detail }) => detail).join(', ')
  let regions: Regions = ANYWHERE
  for (const { claim } of pieces) {
    if (claim.length === 0) return { regions: UNKNOWN, why }
    const both = intersectRegions(regions, claim)
    if (!both) return { regions: UNKNOWN, why: `${why}: they contradict` }
    regions = both
  }
  return { regions, why }
}

/** What the request asks for on top: more places, never fewer. */
function widen(general: readonly Evidence[], { regions, why }: Answer): Answer {
  const wider = general.filter(({ kind }) => kind === 'request-breadth')
  return {
    regions: wider.map(({ claim }) => claim).reduce(unionRegions, regions),
    why: [why, ...wider.map(({ detail }) => detail)].join('; '),
  }
}

function answer({ claim, detail }: Evidence): Answer {
  return { regions: claim, why: detail }
}

const OUTWEIGHED = 'the operator’s declaration outweighs it'

function isStrong({ strength }: Evidence): boolean {
  return strength === 'strong'
}

const STATEMENTS: ReadonlySet<Evidence['kind']> = new Set(['request-region', 'catalogue', 'host'])

/** A weak statement of the catalogue is one that leaves the place to the request. */
function isStatement(piece: Evidence): boolean {
  return STATEMENTS.has(piece.kind) && (isStrong(piece) || isWeak(piece))
}

/** What a request says weakly, where no vendor leaves the place to it: nobody holds it to that. */
function findHints(statements: readonly Evidence[]): readonly Evidence[] {
  const isLeft = statements.some((piece) => piece.kind === 'catalogue' && isWeak(piece))
  return isLeft
    ? []
    : statements.filter((piece) => piece.kind === 'request-region' && isWeak(piece))
}

function isWeak({ strength }: Evidence): boolean {
  return strength === 'weak'
}
