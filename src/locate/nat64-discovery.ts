/**
 * Asks for the NAT64 prefixes of the network when they are first needed, and again when what is known has expired (RFC 7050).
 * What was once found is kept until a server says otherwise: a server that falls silent must not make Cordon forget that
 * IPv6 addresses here can lead to IPv4.
 */

import type { Cidr, IpAddress } from '../model/address.ts'
import type { FamilyResult } from './dns-answer.ts'
import { readPrefixes, unwrapNat64 } from './nat64.ts'

export interface Nat64 {
  /** Makes sure that what is known is valid. Never rejects. */
  discover(): Promise<void>
  /** Every IPv4 address a translator of this network could make of an IPv6 address. */
  unwrap(ip: IpAddress): readonly IpAddress[]
  /** What is known was learnt from servers that are no longer asked. */
  expire(): void
}

export const IPV4_ONLY = 'ipv4only.arpa'

/** Seconds between two questions, whatever the answer says. */
const LEAST = 5
const MOST = 300

/** @param lookUp asks for the IPv6 addresses of a name; never rejects. */
export function createNat64(
  lookUp: (name: string) => Promise<FamilyResult>,
  clock: { now(): number },
): Nat64 {
  let prefixes: readonly Cidr[] = []
  let until = Number.NEGATIVE_INFINITY
  let flight: Promise<void> | null = null

  return {
    discover() {
      const left = until - clock.now()
      // More than was ever promised: the clock was set back.
      if (left > 0 && left <= MOST * 1000) return Promise.resolve()
      flight ??= learn().finally(() => {
        flight = null
      })
      return flight
    },
    unwrap: (ip) => unwrapNat64(prefixes, ip),
    expire() {
      until = Number.NEGATIVE_INFINITY
    },
  }

  async function learn(): Promise<void> {
    const result = await lookUp(IPV4_ONLY)
    if ('addresses' in result) prefixes = readPrefixes(result.addresses)
    else if (result.problem.code !== 'dns-failed' && result.problem.code !== 'dns-timeout') {
      prefixes = []
    }
    until = clock.now() + Math.min(Math.max(result.ttl, LEAST), MOST) * 1000
  }
}
