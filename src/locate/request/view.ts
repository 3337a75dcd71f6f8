/** What of a request is looked at to place it, and what is found. Readonly data; nothing here reads a socket. */

import type { Evidence } from '../../model/evidence.ts'
import type { Regions } from '../../model/region.ts'

export type { BodyView, RequestView } from '../../model/request-view.ts'

export interface RequestEvidence {
  /** Of the kinds `request-breadth` and `request-region`. */
  readonly evidence: readonly Evidence[]
  /** Where the request creates a resource; null when it creates none that is known here, `[]` when the place cannot be read. */
  readonly creates: Regions | null
  /**
   * Hosts the peer is made to fetch from, `host` for https on 443 and `host:port` for the rest, distinct; `*` when it may be any:
   * a web tool, a URL nobody can read, or a body that could not be looked through.
   */
  readonly onward: readonly string[]
  /** Whether a body with selectors could not be read whole: what it might have said was taken at its widest. */
  readonly unread: boolean
}

export const NOTHING: RequestEvidence = Object.freeze({
  evidence: Object.freeze([]),
  creates: null,
  onward: Object.freeze([]),
  unread: false,
})

/** What one reader of a family finds; what it leaves out it says nothing about. */
export type Findings = Partial<RequestEvidence>
