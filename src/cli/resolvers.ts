/**
 * Name servers are destinations too: whoever asks them tells them whom it is about to call. Each is placed and measured like any
 * other. Servers on this host or in its own networks are the operator's; so are those that were declared.
 */

import type { Settings } from '../config/load.ts'
import { classifyAddress } from '../locate/address-class.ts'
import type { ResolverEndpoint } from '../model/name-server.ts'
import { type Placement, place } from '../model/placement.ts'
import { type Regions, sayRegions } from '../model/region.ts'
import type { Evaluation } from './compose/evaluation.ts'

export interface JudgedResolver {
  /** `host:port` as the server is known. */
  readonly name: string
  readonly regions: Regions
  readonly placement: Placement
}

/** The name servers in use that are not surely inside the home zone. @param now milliseconds since the epoch */
export function resolversAbroad(
  { policy }: Settings,
  { resolver, locator }: Pick<Evaluation, 'resolver' | 'locator'>,
  now: number,
): readonly JudgedResolver[] {
  return resolver.endpoints().flatMap(({ authority, address }: ResolverEndpoint) => {
    if (classifyAddress(address).class !== 'public') return []
    const resolution = {
      addresses: [address],
      cnames: [],
      source: 'configured',
      validUntil: Number.POSITIVE_INFINITY,
    }
    const { regions } = locator.locate(authority, resolution, policy.declarations, now)
    const placement = place(regions, policy.home)
    return placement === 'inside' ? [] : [{ name: authority.text, regions, placement }]
  })
}

export function sayResolver({ name, regions, placement }: JudgedResolver): string {
  return `the name server ${name} is ${placement} (${sayRegions(regions)})`
}
