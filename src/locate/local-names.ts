/**
 * What a host is without asking any name server: an address, `localhost`, a line of the hosts file, or a name that can only
 * be there. No search domain is ever added to a name.
 */

import { type IpAddress, parseIp } from '../model/address.ts'
import type { Host } from '../model/authority.ts'
import type { Resolution } from '../model/destination.ts'
import type { Problem } from '../model/errors.ts'
import type { HostsTable } from './system-dns.ts'

export interface LocalAnswer {
  readonly answer: Resolution | Problem
  /** ms since the epoch. */
  readonly until: number
}

/** How long a line of the hosts file is good for, in ms. */
const HOSTS_VALIDITY = 5000

const LOOPBACK = ['127.0.0.1', '::1'].flatMap((text) => parseIp(text) ?? [])

/** @param hosts null when the hosts file is not used */
export function findLocally(
  { text: name, ip }: Host,
  hosts: HostsTable | null,
  hostsFile: string,
  now: number,
): LocalAnswer | null {
  if (ip) return found([ip], 'literal', Number.POSITIVE_INFINITY)
  if (name === 'localhost' || name.endsWith('.localhost')) {
    return found(LOOPBACK, 'localhost', Number.POSITIVE_INFINITY)
  }
  const until = now + HOSTS_VALIDITY
  const addresses = hosts?.get(name)
  if (addresses) return found(addresses, hostsFile, until)
  if (!isNeverAsked(name)) return null
  const where = hosts ? `is not in ${hostsFile}` : 'the hosts file is not used'
  const detail = name.includes('.')
    ? `\`${name}\` is of a kind that no name server knows, and ${where}`
    : `\`${name}\` has no dot and ${where}: write the full name of the host`
  return { answer: { code: 'dns-not-found', detail }, until }
}

/**
 * Names that stay here: those without a dot, and those that are kept out of the DNS (RFC 6761 sections 6.3 and 6.4, RFC 7686).
 * `.local`, `.internal` and `home.arpa` are asked for like any other name: of the configured servers, never of the
 * network around.
 */
export function isNeverAsked(name: string): boolean {
  return !name.includes('.') || /\.(localhost|invalid|onion)$/.test(name)
}

function found(addresses: readonly IpAddress[], source: string, until: number): LocalAnswer {
  return { answer: { addresses, cnames: [], source, validUntil: until }, until }
}
