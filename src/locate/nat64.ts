/**
 * NAT64 of the network Cordon is in: IPv6 addresses that a translator turns into the IPv4 address inside them (RFC 6052).
 * Which prefixes those are, the name servers say (RFC 7050). Their word can only make things worse: an address under such
 * a prefix is judged as it is, and the IPv4 address in it too, so a prefix that is a lie opens nothing. The well-known
 * prefix is a row of `address-class`.
 */

import { type Cidr, cidrContains, type IpAddress, toIp } from '../model/address.ts'

/** RFC 6052 section 2.2: where the IPv4 address stands, by length of the prefix. Byte 8 is never part of it. */
const LAYOUTS: ReadonlyMap<number, readonly [number, number, number, number]> = new Map([
  [32, [4, 5, 6, 7]],
  [40, [5, 6, 7, 9]],
  [48, [6, 7, 9, 10]],
  [56, [7, 9, 10, 11]],
  [64, [9, 10, 11, 12]],
  [96, [12, 13, 14, 15]],
])

/** The addresses of `ipv4only.arpa`, which exist to be recognised: 192.0.0.170 and 192.0.0.171 (RFC 7050 section 2.2). */
const KNOWN = [170, 171]

/** A resolver that claims more has no use for them but to make work. */
const MAX_PREFIXES = 16

/** The prefixes that the addresses of `ipv4only.arpa` reveal; one found at two places in an address is two prefixes. */
export function readPrefixes(addresses: readonly IpAddress[]): readonly Cidr[] {
  const found = new Map<string, Cidr>()
  for (const { bytes } of addresses) {
    // An IPv4 address reveals nothing. Byte 8 has to be zero in every layout.
    if (bytes.length !== 16 || bytes[8] !== 0) continue
    for (const [bits, places] of LAYOUTS) {
      const [a, b, c, d = 0] = places.map((place) => bytes[place])
      if (a !== 192 || b !== 0 || c !== 0 || !KNOWN.includes(d)) continue
      const base = toIp(bytes.map((byte, i) => (i < bits / 8 ? byte : 0)))
      found.set(`${base.text}/${bits}`, { base, bits })
    }
  }
  return [...found.values()].slice(0, MAX_PREFIXES)
}

/**
 * Every IPv4 address a translator could make of this one; none when it lies under no prefix. What stands in byte 8 and
 * behind the IPv4 address is not looked at: a translator may not look at it either.
 */
export function unwrapNat64(prefixes: readonly Cidr[], ip: IpAddress): readonly IpAddress[] {
  const found = new Map<string, IpAddress>()
  for (const cidr of prefixes) {
    const places = LAYOUTS.get(cidr.bits)
    if (!places || !cidrContains(cidr, ip)) continue
    const embedded = toIp(Uint8Array.from(places, (place) => ip.bytes[place] ?? 0))
    found.set(embedded.text, embedded)
  }
  return [...found.values()]
}
