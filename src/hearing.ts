/** What answers say of their place, and where they send their clients, held against what was concluded. Part of the spine: see `enforce`. */

import type { AnswerWatch } from './model/answer.ts'
import { parseAuthority } from './model/authority.ts'
import { certifiedHost } from './model/destination.ts'
import { isAnywhere, sayRegions } from './model/region.ts'
import type { Ports } from './ports.ts'
import type { Permit } from './release.ts'

export interface AnswerHead {
  readonly status: number
  /** All values, in order. @param name in lower case */
  header(name: string): readonly string[]
}

/** An answer that passes. */
export interface Hearing {
  /** To be called with each piece of payload; null where the head was all there is. */
  readonly feed: ((bytes: Uint8Array) => void) | null
  /** To be called once at the end. @returns whether the answer was made outside of what was concluded. */
  end(): boolean
}

/** Never throws. */
export function hear(ports: Ports, permit: Permit, { status, header }: AnswerHead): Hearing | null {
  try {
    if (LEADS_ON.has(status)) noteRedirect(ports, permit, header('location')[0] ?? '')
    // Who refuses or sends elsewhere has not processed anything.
    if (status < 200 || status > 299) return null
    const host = certifiedHost(permit.admission.destination)
    const watch = ports.locator.watchAnswer(host.text, header)
    return watch && { feed: watch.feed, end: () => compareAnswer(ports, permit, watch) }
  } catch (error) {
    ports.report('answer', error)
    return null
  }
}

/** With a Location (RFC 9110 section 10.2.2). */
const LEADS_ON: ReadonlySet<number> = new Set([201, 301, 302, 303, 307, 308])

/** Remembers where an answer sends its client, so that the call that follows can be told from others. */
function noteRedirect({ ledger }: Ports, permit: Permit, location: string): void {
  const { flow, destination } = permit.admission
  const match = /^(?:(https?):\/\/([^/?#]+))?(\/[^?#]*)?/i.exec(location)
  // Relative to a folder, or to a scheme: rare, and not worth guessing at.
  if (!match?.[0] || location.startsWith('//')) return
  const [, scheme, named, path = '/'] = match
  const port = (scheme ?? flow.scheme).toLowerCase() === 'http' ? 80 : 443
  const to = named === undefined ? null : parseAuthority(named, port)
  if (to && 'fault' in to) return
  const authority = to ? to.value.text : destination.authority.text
  ledger.redirected(permit.id, flow.agent.id, { authority, path })
}

/** Holds what an answer said against what was concluded; a contradiction is remembered. */
function compareAnswer(
  ports: Ports,
  { id, admission }: Permit,
  { evidence }: AnswerWatch,
): boolean {
  const { regions, authority } = admission.destination
  if (regions.length === 0 || isAnywhere(regions)) return false
  const wrong = evidence.find(({ claim }) => claim.some((code) => !regions.includes(code)))
  if (!wrong) return false
  ports.meter.count('residency-mismatch')
  ports.ledger.contradicted(
    authority.host.text,
    id,
    `${wrong.detail}, not in ${sayRegions(regions)}`,
  )
  return true
}
