/**
 * What a request itself says about where its data will be processed, where it creates something, and whom it makes the peer call.
 * Pure, synchronous, over the head and a bounded peek at the body; the conclusion is drawn elsewhere. INVARIANT: what
 * cannot be read never narrows, and where something wide may hide in it, it counts as said.
 */

import type { CloudRegions } from '../../model/cloud-region.ts'
import type { Evidence } from '../../model/evidence.ts'
import { ANYWHERE, type Regions } from '../../model/region.ts'
import { Call } from './call.ts'
import { breadth, joinPlaces } from './claims.ts'
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
    evidence: boundEvidence(findings.flatMap((each) => each.evidence ?? [])),
    creates: joinCreations(findings),
    onward: [...new Set(findings.flatMap((each) => each.onward ?? []))],
    unread: findings.some((each) => each.unread),
  }
}

/** Pieces that are kept of one request: they go into the log, and whoever writes the request picks how many there are. */
const MAX_PIECES = 64

/** Each piece once; of a request that says more than anybody could read nobody knows what it asks for. */
function boundEvidence(pieces: readonly Evidence[]): readonly Evidence[] {
  const distinct = new Map<string, Evidence>()
  for (const piece of pieces) {
    const { kind, source, claim, strength, detail } = piece
    distinct.set([kind, strength, source, detail, ...claim].join(' '), piece)
    if (distinct.size > MAX_PIECES)
      return [...[...distinct.values()].slice(0, MAX_PIECES), TOO_MUCH]
  }
  return [...distinct.values()]
}

const TOO_MUCH = breadth(ANYWHERE, 'request', `says more than ${MAX_PIECES} things about places`)

function joinCreations(findings: readonly Findings[]): Regions | null {
  const places = findings.flatMap(({ creates }) => (creates ? [creates] : []))
  return places.length === 0 ? null : joinPlaces(places)
}
