/** A destination after it was looked up and looked at: the addresses that were judged, and what is known of their place. */

import type { IpAddress } from './address.ts'
import type { Authority, Host } from './authority.ts'
import type { Problem } from './errors.ts'
import type { WeighedEvidence } from './evidence.ts'
import type { Zone } from './placement.ts'
import type { Regions } from './region.ts'

/** What the resolver found for a host: every address, and the names passed on the way. */
export interface Resolution {
  readonly addresses: readonly IpAddress[]
  /** The CNAME chain in order, without the first name. Evidence only: it can never grant anything. */
  readonly cnames: readonly string[]
  /** Where the answer came from, e.g. `udp://192.0.2.53`, `/etc/hosts`, `literal`. */
  readonly source: string
  /** Milliseconds since the epoch after which the answer may not be used. */
  readonly validUntil: number
  /** True where nobody was asked: the proxy behind us looks the name up and chooses the address. There are none here then. */
  readonly delegated?: boolean
  /** What answers for the name have led to lately, and this one does not; left out for none. */
  readonly earlier?: readonly IpAddress[]
}

/** One judged address. */
export interface Place {
  readonly address: IpAddress
  /** Where data sent there is processed. */
  readonly regions: Regions
  /** Where the address itself is; unknown at an edge. */
  readonly network: Regions
}

/** Another host of the same vendor, and where that one processes. */
export interface Alternative {
  readonly host: string
  /** What a request has to say there; null when the host is enough. */
  readonly asking: string | null
  readonly regions: Regions
}

export interface Destination {
  readonly authority: Authority
  /** Every address that was judged and may be dialled; no other ever is. Empty when `fault` or `delegated` is set. */
  readonly addresses: readonly IpAddress[]
  /** Whether the proxy behind us is asked for the name, and chooses an address that nobody here has judged. */
  readonly delegated: boolean
  readonly cnames: readonly string[]
  /** The concluded set, with `why` as one sentence: where data is processed. */
  readonly regions: Regions
  readonly why: string
  /** Where the addresses themselves are: what lies on the way. */
  readonly network: Regions
  /** The same for each of `addresses`. */
  readonly places: readonly Place[]
  /** Addresses of the answer that are not dialled, because others lie inside the zone. */
  readonly dropped: readonly Place[]
  readonly evidence: readonly WeighedEvidence[]
  /** What its vendor offers for those who may not use it. */
  readonly instead: readonly Alternative[]
  /**
   * The zones the operator allows for it in place of home: one for the host, or one for each address, null for an
   * address nothing was said about. All have to hold. Empty: nothing was said at all.
   */
  readonly allowed: readonly (Zone | null)[]
  /** Milliseconds since the epoch after which it has to be looked at again. */
  readonly validUntil: number
  /** Set when no policy can allow this destination: it has no address, or one that is prohibited. */
  readonly fault: Problem | null
  /** Whether models are known to be served under its name; left out for no. */
  readonly servesModels?: boolean
  /** Set where a client that has chosen the address itself gives it a name that nothing shows to be its name. `authority` is the address then. */
  readonly claim?: Claim
}

/** A name that may be a lie: what it leads to is judged by itself, and as if the name were right. */
export interface Claim {
  readonly host: Host
  readonly alone: Destination
  readonly named: Destination
}

/** Whose certificate an origin has to show. */
export function certifiedHost({ claim, authority }: Destination): Host {
  return claim?.host ?? authority.host
}
