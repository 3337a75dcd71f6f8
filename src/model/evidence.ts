/** One thing somebody says about where a destination is. Evidence is kept with each flow, so it is small, dated and plain. */

import type { Regions } from './region.ts'

/**
 * Strongest first; `locate/conclude` says how pieces are weighed against each other. What DNS said (addresses and CNAME
 * chain) is kept as a record and never grants anything.
 */
export type EvidenceKind = 'declaration' | 'geoip' | 'dns'

export interface Evidence {
  readonly kind: EvidenceKind
  /** Who says so: a policy entry, a data file. Shown to people. */
  readonly source: string
  /** ISO date of the statement, null when the source does not say. */
  readonly asOf: string | null
  /** The countries claimed; `[]` when the source was asked and is silent. */
  readonly claim: Regions
  /** The address the claim is about, null when it is about the host name. */
  readonly address: string | null
  /** One short sentence: what was looked up and found. */
  readonly detail: string
}
