/**
 * An address together with a name that may be a lie: what is said of the one and of the other has to hold. INVARIANT: a name that nobody
 * can check may widen where data goes, and never narrows it. Pure.
 */

import type { Claim, Destination } from './destination.ts'
import type { WeighedEvidence } from './evidence.ts'
import type { Zone } from './placement.ts'
import { UNKNOWN, unionRegions } from './region.ts'

/** The destination that both are together. */
export function unite(claim: Claim): Destination {
  const { host, alone, named } = claim
  const fault = alone.fault ?? named.fault
  return {
    authority: alone.authority,
    addresses: fault ? [] : alone.addresses,
    delegated: false,
    cnames: named.cnames,
    regions: fault ? UNKNOWN : unionRegions(alone.regions, named.regions),
    // The way there is that of the address, whatever it is called.
    network: alone.network,
    why: fault
      ? fault.detail
      : `${alone.why}; nothing shows that \`${host.text}\` leads there, and if it did: ${named.why}`,
    places: alone.places.map((place, i) => ({
      address: place.address,
      regions: unionRegions(place.regions, named.places[i]?.regions ?? UNKNOWN),
      network: place.network,
    })),
    dropped: [],
    evidence: uniteEvidence(claim),
    instead: named.instead,
    allowed: uniteAllowed(alone.allowed, named.allowed),
    validUntil: Math.min(alone.validUntil, named.validUntil),
    fault,
    claim,
  }
}

/** Each piece once: what is said about the address is said both times. */
function uniteEvidence({ host, alone, named }: Claim): readonly WeighedEvidence[] {
  const known = new Set(named.evidence.map((piece) => JSON.stringify(piece)))
  const note: WeighedEvidence = {
    kind: 'dns',
    source: 'the client',
    asOf: null,
    claim: UNKNOWN,
    strength: 'none',
    address: null,
    detail: `it is named ${host.text}, which no answer of our name servers leads to it`,
    discarded: null,
  }
  return [
    ...named.evidence,
    ...alone.evidence.filter((piece) => !known.has(JSON.stringify(piece))),
    note,
  ]
}

/** Of one about which nothing is said the usual zone counts. */
function uniteAllowed(
  a: readonly (Zone | null)[],
  b: readonly (Zone | null)[],
): readonly (Zone | null)[] {
  if (a.length === 0 && b.length === 0) return []
  return [...(a.length > 0 ? a : [null]), ...(b.length > 0 ? b : [null])]
}
