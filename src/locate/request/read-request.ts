/**
 * What a request itself says about where its data will be processed, where it creates something, and whom it makes the peer call.
 * Pure, synchronous, over the head and a bounded peek at the body; the conclusion is drawn elsewhere. INVARIANT: what
 * cannot be read never narrows, and where something wide may hide in it, it counts as said.
 */

import type { CloudRegions } from '../../model/cloud-region.ts'
import type { Regions } from '../../model/region.ts'
import { Call } from './call.ts'
import { joinPlaces } from './claims.ts'
import { familiesOf } from './families.ts'
import { type Findings, NOTHING, type RequestEvidence, type RequestView } from './view.ts'

/** Whether something this folder looks for is in the body: judged from the head alone, for whoever has to wait for it. */
export function needsBody(view: RequestView): boolean {
  const families = familiesOf(view.host)
  if (families.length === 0) return false
  const call = new Call(view)
  return families.some((family) => family.needsBody(call))
}

export function readRequest(view: RequestView, regions: CloudRegions): RequestEvidence {
  const families = familiesOf(view.host)
  if (families.length === 0) return NOTHING
  const call = new Call(view)
  const findings = families.flatMap((family) => family.read(call, regions))
  return {
    evidence: findings.flatMap((each) => each.evidence ?? []),
    creates: joinCreations(findings),
    onward: [...new Set(findings.flatMap((each) => each.onward ?? []))],
    unread: findings.some((each) => each.unread),
  }
}

function joinCreations(findings: readonly Findings[]): Regions | null {
  const places = findings.flatMap(({ creates }) => (creates ? [creates] : []))
  return places.length === 0 ? null : joinPlaces(places)
}
