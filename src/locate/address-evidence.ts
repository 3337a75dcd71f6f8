/**
 * What is known of one address by itself: the tables of providers; where those are silent, the space that comes with the product as served
 * from many places; the country files. What it is worth is for `conclude`. The benchmark of placement asks here as well.
 */

import type { IpAddress } from '../model/address.ts'
import type { EdgeHit, EdgeSpace } from '../model/edge-space.ts'
import type { Evidence } from '../model/evidence.ts'
import { UNKNOWN } from '../model/region.ts'
import type { Geoip, GeoipAnswer } from './geoip.ts'
import type { PrefixHit, PrefixTables } from './tables/prefix-tables.ts'

export interface AddressSources {
  readonly geoip: Geoip
  /** What providers say about their own prefixes, now. */
  tables(): PrefixTables
  /** What is served from many places, for where no table speaks. */
  edges(): EdgeSpace
}

/**
 * @param endpoint of a classified address
 * @param address the address the pieces are about, as text
 * @param now milliseconds since the epoch: tables grow old
 */
export function sayAddress(
  { geoip, tables, edges }: AddressSources,
  endpoint: IpAddress,
  address: string,
  now: number,
): readonly Evidence[] {
  const hit = tables().lookup(endpoint)
  const edge = hit ? null : edges().find(endpoint)
  return [
    ...(hit ? [tableEvidence(hit, address, now)] : []),
    ...(edge ? [edgeEvidence(edge, address)] : []),
    ...geoip.lookup(endpoint).map((answer) => geoipEvidence(answer, address)),
  ]
}

/** Prefixes appear often and move seldom: a list that was not seen to be current for so long is no longer believed alone. */
const MAX_TABLE_AGE_MS = 400 * 86_400_000

function tableEvidence(hit: PrefixHit, address: string, now: number): Evidence {
  const { kind, provider, claim, source, asOf, seenAt } = hit
  const isOld = now - Date.parse(seenAt) > MAX_TABLE_AGE_MS
  return {
    kind,
    source: `${provider}: ${source}`,
    asOf,
    claim,
    strength: isOld && kind !== 'edge' ? 'weak' : 'strong',
    address,
    detail: sayHit(hit),
  }
}

function sayHit({ kind, provider, region, claim, prefix, listed }: PrefixHit): string {
  if (kind === 'edge') return `${provider} lists ${prefix} as served from many places at once`
  if (!listed) return `${provider} lists what lies around it in ${prefix}, but not where it is`
  return `${prefix} is ${region ?? 'in no region'} of ${provider} (${claim.join(', ') || 'unknown'})`
}

/** Space that is served from many places does not become anybody's in particular by growing old. */
function edgeEvidence({ name, asOf, prefix }: EdgeHit, address: string): Evidence {
  return {
    kind: 'edge',
    source: `edges: ${name}`,
    asOf,
    claim: UNKNOWN,
    strength: 'strong',
    address,
    detail: `${prefix} serves ${name}, from many places at once`,
  }
}

function geoipEvidence({ source, asOf, country }: GeoipAnswer, address: string): Evidence {
  return {
    kind: 'geoip',
    source,
    asOf,
    claim: country === null ? UNKNOWN : [country],
    strength: country === null ? 'none' : 'weak',
    address,
    detail: country === null ? `${address} is not in the file` : `${address} is in ${country}`,
  }
}
