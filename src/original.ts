/**
 * Destinations of clients that have chosen the address themselves, and say a name for it (transparent interception; decision 0012). That
 * address is what is judged, and what is dialled. INVARIANT: the name counts as evidence only where our own name servers lead to the
 * address; where they do not, it can widen and never narrow.
 */

import type { IpAddress } from './model/address.ts'
import { type Authority, toAuthority } from './model/authority.ts'
import { unite } from './model/claim.ts'
import type { Destination, Resolution } from './model/destination.ts'
import type { Problem } from './model/errors.ts'
import type { RequestFindings } from './model/request-view.ts'
import type { Policy } from './policy/compile.ts'
import type { Locator, Ports } from './ports.ts'

/** A name that could not be looked up is looked up again after this, in ms. */
const UNKNOWN_NAME_MS = 1_000

/** @param found what the name leads to, or why nobody knows */
export function locateOriginal(
  { locator, clock }: Ports,
  { declarations }: Policy,
  authority: Authority,
  address: IpAddress,
  found: Resolution | Problem,
): Destination {
  const now = clock.now()
  const at = (cnames: readonly string[], source: string): Resolution => ({
    addresses: [address],
    cnames,
    source,
    validUntil: 'code' in found ? now + UNKNOWN_NAME_MS : found.validUntil,
  })
  const [cnames, source] = 'code' in found ? [[], found.detail] : [found.cnames, found.source]
  const named = locator.locate(authority, at(cnames, source), declarations, now)
  if (leadsTo(found, address)) return named
  const itself = toAuthority({ text: address.text, ip: address }, authority.port)
  const alone = locator.locate(itself, at([], 'the connection itself'), declarations, now)
  return unite({ host: authority.host, alone, named })
}

function leadsTo(found: Resolution | Problem, { text }: IpAddress): boolean {
  if ('code' in found || found.delegated) return false
  return [...found.addresses, ...(found.earlier ?? [])].some((each) => each.text === text)
}

/** The destination with what was found out about it taken into account; of an unproven name only what it would be if it were right. */
export function refineOriginal(
  locator: Locator,
  destination: Destination,
  findings: RequestFindings,
): Destination {
  const { claim } = destination
  if (!claim) return locator.refine(destination, findings)
  return unite({ ...claim, named: locator.refine(claim.named, findings) })
}
