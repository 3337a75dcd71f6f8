/**
 * Evidence to a set of countries, with the reason. Pure. A declaration by the operator outweighs everything; below it speaks
 * GeoIP, and only when every file has an answer. Where several addresses may be dialled, all their countries
 * count. Two declarations that contradict each other leave the place unknown: nobody knows which is wrong.
 */

import type { Declaration } from '../model/declaration.ts'
import type { Regions } from '../model/region.ts'
import { intersectRegions, toRegions, UNKNOWN, unionRegions } from '../model/region.ts'

/** What is known of one address. */
export interface AddressEvidence {
  readonly address: string
  /** The most specific prefix declaration that names a region. */
  readonly declared: Declaration | null
  /** The union of what the GeoIP files say, unknown when one of them is silent. */
  readonly geoip: Regions
}

export interface Conclusion {
  readonly regions: Regions
  /** One sentence. */
  readonly why: string
}

/** @param host the most specific host declaration that names a region. */
export function conclude(
  host: Declaration | null,
  addresses: readonly AddressEvidence[],
): Conclusion {
  if (addresses.length === 0) {
    return host?.regions
      ? { regions: host.regions, why: say(host) }
      : { regions: UNKNOWN, why: 'there is no address to place' }
  }
  const parts = addresses.map((evidence) => concludeAddress(host, evidence))
  const regions = parts.map((part) => part.regions).reduce(unionRegions)
  const silent = parts.find((part) => part.regions.length === 0)
  return { regions, why: silent?.why ?? [...new Set(parts.map((part) => part.why))].join('; ') }
}

function concludeAddress(host: Declaration | null, evidence: AddressEvidence): Conclusion {
  const byHost = host?.regions ?? null
  const byPrefix = evidence.declared?.regions ?? null
  if (byHost && byPrefix) {
    const both =
      byHost.length > 0 && byPrefix.length > 0 ? intersectRegions(byHost, byPrefix) : null
    return both
      ? { regions: toRegions(both), why: `${say(host)}, ${say(evidence.declared)}` }
      : { regions: UNKNOWN, why: `${say(host)}, but ${say(evidence.declared)}: they contradict` }
  }
  if (byHost) return { regions: byHost, why: say(host) }
  if (byPrefix) return { regions: byPrefix, why: say(evidence.declared) }
  return evidence.geoip.length > 0
    ? {
        regions: evidence.geoip,
        why: `${evidence.address} is in ${evidence.geoip.join(', ')} by GeoIP`,
      }
    : { regions: UNKNOWN, why: `GeoIP does not place ${evidence.address}` }
}

function say(declaration: Declaration | null): string {
  if (!declaration) return 'nothing is declared'
  const because = declaration.because ? ` (${declaration.because})` : ''
  const regions = declaration.regions?.join(', ') ?? 'no place'
  return `${nameOf(declaration)} is declared to be ${regions}${because}`
}

/** The host pattern or prefix an operator wrote. */
export function nameOf({ host, cidr }: Declaration): string {
  return host?.text ?? (cidr ? `${cidr.base.text}/${cidr.bits}` : '')
}
