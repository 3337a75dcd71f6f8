/**
 * What forbids dialling an address, whatever the policy says. INVARIANT: an address that is not public passes only if it was
 * declared, one that leads back to this proxy never does. Where another proxy chooses the address, names are all there is to judge.
 */

import type { Cidr, IpAddress } from '../model/address.ts'
import type { Authority, Host } from '../model/authority.ts'
import type { Declaration } from '../model/declaration.ts'
import type { Problem } from '../model/errors.ts'
import type { AddressClass, Classified } from './address-class.ts'

export interface OwnListeners {
  /** Whether connecting there would come back to one of our own listeners. */
  isOwnListener(address: IpAddress, port: number): boolean
}

/** An address of a destination, as far as it was looked at. */
export interface Candidate {
  readonly ip: IpAddress
  /** The IPv6 address that a translator would turn into this one; null for an address that is dialled itself. */
  readonly within: IpAddress | null
  readonly classified: Classified
  /** Prefix declarations that cover it, most specific first. */
  readonly entries: readonly Declaration[]
}

/** What forbids dialling the address, whatever the policy says; null when nothing does. */
export function findFault(
  { isOwnListener }: OwnListeners,
  { ip, within, classified, entries }: Candidate,
  host: Declaration | null,
  { port }: Authority,
): Problem | null {
  const shown = within ? `${ip.text} in ${within.text} (NAT64)` : ip.text
  if (isOwnListener(classified.endpoint, port)) {
    return { code: 'proxy-loop', detail: `${shown} port ${port} is this proxy` }
  }
  const { class: kind, detail, endpoint, embedded } = classified
  if (kind === 'public') return null
  const named = entries.some(({ cidr }) => cidr !== null && mayOpen(kind, cidr, endpoint))
  // IPv4 wrapped for a tunnel is not an ordinary inner address, whatever it wraps.
  const wrapped = within !== null || (embedded !== null && embedded.text !== endpoint.text)
  if (named || (isNamed(host) && OPENED_BY_NAME.has(kind) && !wrapped)) return null
  return { code: 'address-prohibited', detail: `${shown}: ${detail}` }
}

/** The same for a name that somebody else looks up: whatever it leads to there, its address is not seen here. */
export function findNameFault({ text }: Host, host: Declaration | null): Problem | null {
  const isMetadata = METADATA_NAMES.has(text)
  const inner = INNER_DOMAINS.find((domain) => text === domain || text.endsWith(`.${domain}`))
  if (!isMetadata && (inner === undefined || isNamed(host))) return null
  const what = isMetadata ? 'the metadata service of a cloud' : `inside a network (.${inner})`
  return {
    code: 'address-prohibited',
    detail: `\`${text}\` is ${what}, and the upstream proxy would choose its address`,
  }
}

/** Domains that are kept out of the public DNS: RFC 6762 section 3 and appendix G, RFC 8375, `.internal` (reserved by ICANN in 2024). */
const INNER_DOMAINS = [
  'internal',
  'local',
  'localdomain',
  'home.arpa',
  'intranet',
  'private',
  'corp',
  'home',
  'lan',
]

/** Under which clouds offer the credentials of machines, beside the addresses in `address-class`. */
const METADATA_NAMES: ReadonlySet<string> = new Set([
  'metadata.google.internal',
  'metadata.goog',
  'metadata.azure.internal',
  'instance-data.ec2.internal',
  'metadata.tencentyun.com',
  'metadata.packet.net',
  'metadata.platformequinix.com',
])

/** A wide prefix opens ordinary inner networks; credentials of machines need the very address. */
function mayOpen(kind: AddressClass, cidr: Cidr, endpoint: IpAddress): boolean {
  return kind !== 'metadata' || cidr.bits === endpoint.bytes.length * 8
}

/** `*` names nothing in particular. */
function isNamed(host: Declaration | null): boolean {
  return (host?.host?.specificity ?? 0) > 0
}

/**
 * A declared name may lead to an inner address: split-horizon names do. Whoever answers for the name could also
 * make it lead to the rest, so that has to be declared as an address.
 */
const OPENED_BY_NAME: ReadonlySet<AddressClass> = new Set([
  'private',
  'loopback',
  'shared',
  'link-local',
  'site-local',
])
