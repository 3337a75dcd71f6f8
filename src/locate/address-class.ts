/**
 * What kind of address something is, before anybody asks where it is. Only `public` may be dialled without a
 * declaration by the operator. The table restates the IANA IPv4 and IPv6 Special-Purpose Address Registries
 * (RFC 6890, RFC 8190; as of October 2025), multicast, retired IPv6 forms, and the metadata services of clouds.
 *
 * INVARIANT: an address that no row makes public is not public, and one that carries a forbidden IPv4 address
 * is forbidden too. This file must never look anything up: it takes bytes and gives a class.
 */

import { type Cidr, cidrContains, type IpAddress, parseCidr, toIp } from '../model/address.ts'

export type AddressClass =
  | 'public'
  /** This host. */
  | 'loopback'
  /** `0.0.0.0` and `::`, which many systems dial as this host. */
  | 'unspecified'
  /** RFC 1918 and unique local. */
  | 'private'
  /** Between a provider and its customers (CGNAT). */
  | 'shared'
  | 'link-local'
  | 'site-local'
  /** Hands out the credentials of a cloud machine. */
  | 'metadata'
  | 'multicast'
  /** IPv4 wrapped into IPv6 for a tunnel or translator that nobody can name. */
  | 'transition'
  /** Protocol assignments, documentation, benchmarking, unallocated. */
  | 'reserved'

export interface Classified {
  readonly class: AddressClass
  /** The IPv4 address inside an IPv6 one, whatever the form; null when there is none. */
  readonly embedded: IpAddress | null
  /**
   * The address to place and to match declarations with: `embedded` where the connection ends there for sure
   * (mapped, NAT64), else the address itself.
   */
  readonly endpoint: IpAddress
  /** Which prefix it lies in, what that is, and who says so: `10.0.0.0/8 is private use (RFC 1918)`. */
  readonly detail: string
}

/** Where a form keeps its IPv4 address; Teredo stores it with every bit inverted. */
interface Embedding {
  readonly at: number
  readonly inverted?: true
}

type Row = readonly [
  prefix: string,
  kind: AddressClass,
  name: string,
  source: string,
  embedding?: Embedding,
]

/**
 * The longest matching prefix decides. The registries call some rows globally reachable (PCP and TURN anycast,
 * AMT, AS112, ORCHIDv2): they lead to the nearest box of some network or to nobody, never to a place, so they
 * are reserved here. NAT64 under the well-known prefix is how IPv6-only networks reach IPv4, so it is as good
 * as the IPv4 address in it; 6to4, Teredo, ISATAP and IPv4-compatible addresses go through a relay that
 * anybody may run (RFC 7526, RFC 6169) and stay forbidden whatever they carry.
 */
const TABLE: readonly Row[] = [
  ['0.0.0.0/0', 'public', 'global unicast', 'RFC 791'],
  ['0.0.0.0/8', 'reserved', '"this network"', 'RFC 791'],
  ['0.0.0.0/32', 'unspecified', 'the unspecified address', 'RFC 1122'],
  ['10.0.0.0/8', 'private', 'private use', 'RFC 1918'],
  ['100.64.0.0/10', 'shared', 'shared address space (CGNAT)', 'RFC 6598'],
  ['127.0.0.0/8', 'loopback', 'loopback', 'RFC 1122'],
  ['169.254.0.0/16', 'link-local', 'link-local', 'RFC 3927'],
  ['172.16.0.0/12', 'private', 'private use', 'RFC 1918'],
  ['192.0.0.0/24', 'reserved', 'IETF protocol assignments', 'RFC 6890'],
  ['192.0.0.0/29', 'reserved', 'IPv4 service continuity', 'RFC 7335'],
  ['192.0.0.8/32', 'reserved', 'the IPv4 dummy address', 'RFC 7600'],
  ['192.0.0.9/32', 'reserved', 'Port Control Protocol anycast', 'RFC 7723'],
  ['192.0.0.10/32', 'reserved', 'TURN anycast', 'RFC 8155'],
  ['192.0.0.170/31', 'reserved', 'NAT64 discovery', 'RFC 7050'],
  ['192.0.2.0/24', 'reserved', 'documentation', 'RFC 5737'],
  ['192.31.196.0/24', 'reserved', 'AS112', 'RFC 7535'],
  ['192.52.193.0/24', 'reserved', 'multicast tunnelling (AMT)', 'RFC 7450'],
  ['192.88.99.0/24', 'reserved', '6to4 relay anycast, retired', 'RFC 7526'],
  ['192.88.99.2/32', 'reserved', '6a44 relay anycast', 'RFC 6751'],
  ['192.168.0.0/16', 'private', 'private use', 'RFC 1918'],
  ['192.175.48.0/24', 'reserved', 'AS112', 'RFC 7534'],
  ['198.18.0.0/15', 'reserved', 'benchmarking', 'RFC 2544'],
  ['198.51.100.0/24', 'reserved', 'documentation', 'RFC 5737'],
  ['203.0.113.0/24', 'reserved', 'documentation', 'RFC 5737'],
  ['224.0.0.0/4', 'multicast', 'multicast', 'RFC 5771'],
  ['240.0.0.0/4', 'reserved', 'reserved for future use', 'RFC 1112'],
  ['255.255.255.255/32', 'reserved', 'limited broadcast', 'RFC 919'],

  ['::/0', 'reserved', 'not global unicast', 'RFC 4291'],
  ['2000::/3', 'public', 'global unicast', 'RFC 4291'],
  ['::/128', 'unspecified', 'the unspecified address', 'RFC 4291'],
  ['::1/128', 'loopback', 'loopback', 'RFC 4291'],
  ['::/96', 'transition', 'IPv4-compatible, retired', 'RFC 4291', { at: 12 }],
  ['::ffff:0:0/96', 'public', 'IPv4-mapped', 'RFC 4291', { at: 12 }],
  ['::ffff:0:0:0/96', 'transition', 'IPv4-translated, retired', 'RFC 2765', { at: 12 }],
  ['64:ff9b::/96', 'public', 'NAT64', 'RFC 6052', { at: 12 }],
  // Where the IPv4 address sits in this one is the choice of each site, so it cannot be judged.
  ['64:ff9b:1::/48', 'transition', 'NAT64 of one site', 'RFC 8215'],
  ['100::/64', 'reserved', 'discard-only', 'RFC 6666'],
  ['100:0:0:1::/64', 'reserved', 'the dummy prefix', 'RFC 9780'],
  ['2001::/23', 'reserved', 'IETF protocol assignments', 'RFC 2928'],
  ['2001::/32', 'transition', 'Teredo', 'RFC 4380', { at: 12, inverted: true }],
  ['2001:1::1/128', 'reserved', 'Port Control Protocol anycast', 'RFC 7723'],
  ['2001:1::2/128', 'reserved', 'TURN anycast', 'RFC 8155'],
  ['2001:1::3/128', 'reserved', 'DNS-SD registration anycast', 'RFC 9665'],
  ['2001:2::/48', 'reserved', 'benchmarking', 'RFC 5180'],
  ['2001:3::/32', 'reserved', 'multicast tunnelling (AMT)', 'RFC 7450'],
  ['2001:4:112::/48', 'reserved', 'AS112', 'RFC 7535'],
  ['2001:10::/28', 'reserved', 'ORCHID, retired', 'RFC 4843'],
  ['2001:20::/28', 'reserved', 'ORCHIDv2', 'RFC 7343'],
  ['2001:30::/28', 'reserved', 'drone remote identification', 'RFC 9374'],
  ['2001:db8::/32', 'reserved', 'documentation', 'RFC 3849'],
  ['2002::/16', 'transition', '6to4', 'RFC 3056', { at: 2 }],
  ['2620:4f:8000::/48', 'reserved', 'AS112', 'RFC 7534'],
  ['3fff::/20', 'reserved', 'documentation', 'RFC 9637'],
  ['5f00::/16', 'reserved', 'segment routing identifiers', 'RFC 9602'],
  ['fc00::/7', 'private', 'unique local', 'RFC 4193'],
  ['fe80::/10', 'link-local', 'link-local', 'RFC 4291'],
  ['fec0::/10', 'site-local', 'site-local, retired', 'RFC 3879'],
  ['ff00::/8', 'multicast', 'multicast', 'RFC 4291'],

  ['169.254.169.254/32', 'metadata', 'instance metadata', 'AWS, Azure, Google, most others'],
  ['169.254.170.2/32', 'metadata', 'task credentials', 'AWS ECS'],
  ['169.254.170.23/32', 'metadata', 'pod credentials', 'AWS EKS'],
  ['fd00:ec2::254/128', 'metadata', 'instance metadata', 'AWS'],
  ['fd00:ec2::23/128', 'metadata', 'pod credentials', 'AWS EKS'],
  ['168.63.129.16/32', 'metadata', 'the platform channel (WireServer)', 'Azure'],
  ['169.254.169.252/32', 'metadata', 'workload identity', 'Google Kubernetes Engine'],
  ['fd20:ce::254/128', 'metadata', 'instance metadata', 'Google Cloud'],
  ['192.0.0.192/32', 'metadata', 'instance metadata', 'Oracle Cloud Classic'],
  ['fd00:c1::a9fe:a9fe/128', 'metadata', 'instance metadata', 'Oracle Cloud'],
  ['100.100.100.200/32', 'metadata', 'instance metadata', 'Alibaba Cloud'],
  ['fd00:100::100:200/128', 'metadata', 'instance metadata', 'Alibaba Cloud'],
  ['169.254.0.23/32', 'metadata', 'instance metadata', 'Tencent Cloud'],
  ['100.96.0.96/32', 'metadata', 'instance metadata', 'Volcano Engine, BytePlus'],
  ['100.80.80.80/32', 'metadata', 'instance metadata', 'UCloud'],
  ['fd00:a9fe:a9fe::1/128', 'metadata', 'instance metadata', 'Akamai (Linode)'],
  ['169.254.42.42/32', 'metadata', 'instance metadata', 'Scaleway'],
  ['fd00:42::42/128', 'metadata', 'instance metadata', 'Scaleway'],
  ['fe80::a9fe:a9fe/128', 'metadata', 'instance metadata', 'OpenStack'],
]

/** Says what kind of address this is. Never throws, never looks anything up. */
export function classifyAddress(ip: IpAddress): Classified {
  const rule = findRule(ip)
  const embedding = rule.embedding ?? (isIsatap(ip) ? ISATAP : null)
  if (!embedding) return { class: rule.class, embedded: null, endpoint: ip, detail: rule.detail }

  const embedded = extractIpv4(ip, embedding)
  const inner = findRule(embedded)
  const form = embedding === ISATAP ? 'ISATAP (RFC 5214)' : rule.detail
  // Public on the outside means that the connection ends at the IPv4 address; ISATAP never means that.
  const outer = embedding === ISATAP && rule.class === 'public' ? 'transition' : rule.class
  return {
    class: inner.class === 'public' ? outer : inner.class,
    embedded,
    endpoint: outer === 'public' ? embedded : ip,
    detail: `${form} around ${embedded.text}: ${inner.detail}`,
  }
}

/** Where one of our own listeners is bound. */
export interface Listener {
  readonly address: IpAddress
  readonly port: number
}

/**
 * Whether dialling this address and port would come back to one of our own listeners. No declaration lifts
 * this one.
 *
 * @param to the `endpoint` of the classified address
 * @param interfaces every address of this host
 */
export function isOwnListener(
  to: IpAddress,
  port: number,
  listeners: readonly Listener[],
  interfaces: readonly IpAddress[],
): boolean {
  const kind = findRule(to).class
  const isThisHost = kind === 'loopback' || interfaces.some((own) => own.text === to.text)
  return listeners.some(({ address, port: bound }) => {
    if (bound !== port) return false
    // Dialling `0.0.0.0` or `::` reaches this host; listening there takes every address of it, in both families.
    if (kind === 'unspecified' || address.text === to.text) return true
    return findRule(address).class === 'unspecified' && isThisHost
  })
}

interface Rule {
  readonly cidr: Cidr
  readonly class: AddressClass
  readonly detail: string
  readonly embedding: Embedding | null
}

/** Longest prefix first, so that the first match is the answer. */
const RULES: Record<4 | 6, readonly Rule[]> = { 4: compileTable(4), 6: compileTable(6) }

function compileTable(version: 4 | 6): Rule[] {
  return TABLE.flatMap(([prefix, kind, name, source, embedding]) => {
    const cidr = parseCidr(prefix)
    if (!cidr) throw new Error(`address table: ${prefix} is not a prefix`)
    if (cidr.base.version !== version) return []
    const detail = `${prefix} is ${name} (${source})`
    return [{ cidr, class: kind, detail, embedding: embedding ?? null }]
  }).sort((a, b) => b.cidr.bits - a.cidr.bits)
}

function findRule(ip: IpAddress): Rule {
  for (const rule of RULES[ip.version]) if (cidrContains(rule.cidr, ip)) return rule
  throw new Error('address table: no row for the whole family')
}

const ISATAP: Embedding = { at: 12 }

/** RFC 5214 section 6.1: under any prefix, the interface identifier is `[0|200]:5efe:` and an IPv4 address. */
function isIsatap({ version, bytes }: IpAddress): boolean {
  return (
    version === 6 &&
    (bytes[8] === 0x00 || bytes[8] === 0x02) &&
    bytes[9] === 0x00 &&
    bytes[10] === 0x5e &&
    bytes[11] === 0xfe
  )
}

function extractIpv4(ip: IpAddress, { at, inverted }: Embedding): IpAddress {
  const bytes = ip.bytes.slice(at, at + 4)
  return toIp(inverted ? bytes.map((byte) => byte ^ 0xff) : bytes)
}
