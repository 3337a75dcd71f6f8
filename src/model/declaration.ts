/** What the operator states about a host or a prefix: the strongest evidence there is, and a licence to dial it. */

import type { Cidr } from './address.ts'
import type { Zone } from './placement.ts'
import type { Regions } from './region.ts'

/** `api.example.com`, `*.example.com` or `*`. */
export interface HostPattern {
  /** As normalised. */
  readonly text: string
  /** Longer is more specific; an exact name beats every wildcard. */
  readonly specificity: number
  matches(host: string): boolean
}

/** Exactly one of `host` and `cidr` is set. */
export interface Declaration {
  readonly host: HostPattern | null
  readonly cidr: Cidr | null
  /** Null when the entry says nothing about the place. */
  readonly regions: Regions | null
  /** The zone calls to it are measured against in place of home; null when the entry does not say. */
  readonly allowed: Zone | null
  readonly because: string | null
  /** Milliseconds since the epoch from which on it no longer counts; null for never. */
  readonly expiresAt: number | null
}
