/** One thing somebody says about where a destination is. Evidence is kept with each flow, so it is small, dated and plain. */

import type { Regions } from './region.ts'

/**
 * Strongest first; `locate/conclude` says how pieces are weighed against each other. The first five are about where data is
 * processed, the next four about where the address is; what DNS said (addresses and CNAME chain), or that
 * nobody here has asked it, is kept as a record and never grants anything.
 *
 * - `declaration`: the operator says so
 * - `request-breadth`: the request asks for more than one place (`global.` model, `locations/global`)
 * - `request-region`: the request names a region (SigV4 scope, path on a regional host)
 * - `catalogue`: what the vendor of an endpoint publishes about it
 * - `host`: a region in a name under a suffix the provider owns
 * - `table`: the provider's own list of prefixes by region
 * - `edge`: a provider's edge or anycast list: the address says nothing about a place
 * - `geofeed`: RFC 8805, published by whoever holds the prefix
 * - `geoip`: country files
 * - `delegated`: the proxy behind us looks the name up and chooses the address; in place of `dns`, and of all about addresses
 * - `response`: what an answer said afterwards; it counts for the calls that follow, and only against them
 */
export type EvidenceKind =
  | 'declaration'
  | 'request-breadth'
  | 'request-region'
  | 'catalogue'
  | 'host'
  | 'table'
  | 'edge'
  | 'geofeed'
  | 'geoip'
  | 'dns'
  | 'delegated'
  | 'response'

/** `strong` pieces may contradict each other, and then nobody knows; `weak` ones give way; `none` is only kept for the record. */
export type Strength = 'strong' | 'weak' | 'none'

export interface Evidence {
  readonly kind: EvidenceKind
  /** Who says so: a policy entry, a data file. Shown to people. */
  readonly source: string
  /** ISO date of the statement, null when the source does not say. */
  readonly asOf: string | null
  /** The countries claimed, `["*"]` for anywhere; `[]` when the source was asked and is silent. */
  readonly claim: Regions
  readonly strength: Strength
  /** The address the claim is about, null when it is about the host name or the request. */
  readonly address: string | null
  /** One short clause: what was looked up and found. */
  readonly detail: string
}

/** A piece after it was weighed against the others. */
export interface WeighedEvidence extends Evidence {
  /** Why it did not count; null when it did, or had nothing to say. */
  readonly discarded: string | null
}
