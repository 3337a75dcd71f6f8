/**
 * Address space that is served from many places at once: content networks, global load balancers, resolvers. Which machine answers is
 * decided on the way there, so an address in it says nothing about a country. Facts, kept in `geoip/edges.yaml`, for where no table of
 * a provider speaks.
 */

import { type Cidr, cidrContains, type IpAddress } from './address.ts'

/** What one provider serves so. */
export interface EdgeBlock {
  /** As people know it, for example `Amazon CloudFront`. */
  readonly name: string
  /** ISO date of the facts. */
  readonly asOf: string
  readonly prefixes: readonly Cidr[]
}

export interface EdgeHit {
  readonly name: string
  readonly asOf: string
  /** The prefix that was found, as text. */
  readonly prefix: string
}

export interface EdgeSpace {
  /** Ask about the `endpoint` of a classified address. Takes well under 1 µs. */
  find(ip: IpAddress): EdgeHit | null
}

export const NO_EDGES: EdgeSpace = { find: () => null }

interface Entry {
  readonly prefix: Cidr
  readonly hit: EdgeHit
}

/** @param blocks INVARIANT: no prefix lies within another one; else a search could miss it. */
export function toEdgeSpace(blocks: readonly EdgeBlock[]): EdgeSpace {
  const entries = blocks.flatMap(({ name, asOf, prefixes }) =>
    prefixes.map((prefix): Entry => {
      const text = `${prefix.base.text}/${prefix.bits}`
      return { prefix, hit: { name, asOf, prefix: text } }
    }),
  )
  const of = (version: 4 | 6) =>
    entries
      .filter(({ prefix }) => prefix.base.version === version)
      .sort((a, b) => compareBytes(a.prefix.base.bytes, b.prefix.base.bytes))
  const [v4, v6] = [of(4), of(6)]
  return { find: (ip) => search(ip.version === 4 ? v4 : v6, ip) }
}

/** The last prefix that begins at or before the address is the only one that can hold it. */
function search(entries: readonly Entry[], ip: IpAddress): EdgeHit | null {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const base = entries[middle]?.prefix.base.bytes
    if (base && compareBytes(base, ip.bytes) <= 0) low = middle + 1
    else high = middle
  }
  const found = entries[low - 1]
  return found && cidrContains(found.prefix, ip) ? found.hit : null
}

/** Of the same length. */
function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) {
    const order = (a[i] ?? 0) - (b[i] ?? 0)
    if (order !== 0) return order
  }
  return 0
}
