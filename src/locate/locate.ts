/**
 * The locator port: every address of a destination is classed, matched with what the operator declared, looked up in tables and
 * country files; then one conclusion is drawn for all of them. What may not be dialled at all is in `prohibited`.
 */

import { cidrContains, type IpAddress } from '../model/address.ts'
import type { AnswerWatch } from '../model/answer.ts'
import type { Authority } from '../model/authority.ts'
import type { Declaration } from '../model/declaration.ts'
import type { Destination, Place, Resolution } from '../model/destination.ts'
import type { Evidence } from '../model/evidence.ts'
import type { Zone } from '../model/placement.ts'
import { type Regions, UNKNOWN, unionRegions } from '../model/region.ts'
import type { RequestFindings, RequestView } from '../model/request-view.ts'
import { classifyAddress } from './address-class.ts'
import { type AddressSources, sayAddress } from './address-evidence.ts'
import { conclude } from './conclude.ts'
import type { Knowledge } from './knowledge.ts'
import { type Candidate, findFault, findNameFault, type OwnListeners } from './prohibited.ts'

export interface LocatorOptions extends AddressSources, OwnListeners {
  /** What is known of hosts and requests now; it changes when the configuration does. */
  knowledge(): Knowledge
  /** Every IPv4 address that a NAT64 of this network could make of an IPv6 address (RFC 6052); none when not given. */
  unwrapNat64?(address: IpAddress): readonly IpAddress[]
}

export interface CachingLocator {
  watchAnswer(host: string, header: (name: string) => readonly string[]): AnswerWatch | null
  wantsBody(view: RequestView): boolean
  read(view: RequestView, now: number): RequestFindings | null
  refine(destination: Destination, findings: RequestFindings): Destination
  locate(
    authority: Authority,
    resolution: Resolution,
    declarations: readonly Declaration[],
    now: number,
  ): Destination
}

interface Located {
  readonly declarations: readonly Declaration[]
  readonly destination: Destination
}

/** A destination is looked at again after this long, however long its addresses are valid: declarations and files change. */
const MAX_LIFETIME_MS = 300_000

export function createLocator(options: LocatorOptions): CachingLocator {
  // The resolver returns the same object for as long as an answer is valid.
  const known = new WeakMap<Resolution, Located>()
  return {
    locate(authority, resolution, declarations, now) {
      const last = known.get(resolution)
      if (
        last?.declarations === declarations &&
        last.destination.authority.text === authority.text &&
        last.destination.validUntil > now
      ) {
        return last.destination
      }
      const destination = locate(options, authority, resolution, declarations, now)
      known.set(resolution, { declarations, destination })
      return destination
    },

    wantsBody: (view) => options.knowledge().wantsBody(view),
    watchAnswer: (host, header) => options.knowledge().watchAnswer(host, header),
    read: (view, now) => options.knowledge().sayRequest(view, now),

    refine(destination, { evidence, creates, instead }) {
      // What the catalogue says about this request takes the place of what it says about any.
      const isAnew = evidence.some(({ kind }) => kind === 'catalogue')
      const before = destination.evidence.filter(({ kind }) => !(isAnew && kind === 'catalogue'))
      const pieces = [...evidence, ...(creates ? [creationEvidence(creates)] : []), ...before]
      return {
        ...destination,
        ...weigh(options, pieces, destination.addresses),
        instead: isAnew ? instead : destination.instead,
      }
    },
  }
}

function locate(
  options: LocatorOptions,
  authority: Authority,
  resolution: Resolution,
  declarations: readonly Declaration[],
  now: number,
): Destination {
  const valid = declarations.filter((entry) => entry.expiresAt === null || entry.expiresAt > now)
  const hostEntries = valid
    .filter((entry) => entry.host?.matches(authority.host.text))
    .sort((a, b) => (b.host?.specificity ?? 0) - (a.host?.specificity ?? 0))
  const host = hostEntries.find((entry) => entry.regions !== null) ?? null
  // INVARIANT: an IPv4 address that a translator could deliver to is judged beside the IPv6 address that leads there, never
  // in its place: which prefixes are translated is the word of a name server.
  const judged = resolution.addresses.flatMap((address) => [
    judge(options, valid, address, null, now),
    ...unwrap(options, address).map((ip) => judge(options, valid, ip, address, now)),
  ])
  const delegated = resolution.delegated ?? false
  const fault = delegated
    ? findNameFault(authority.host, host)
    : judged
        .map((each) => findFault(options, each, host, authority))
        .find((problem) => problem !== null)
  const expiries = valid.flatMap((entry) => entry.expiresAt ?? [])
  const {
    evidence: stated,
    instead,
    servesModels,
  } = options.knowledge().sayHost(authority.host.text, now)
  const pieces = [
    ...(host ? [declarationEvidence(host, null)] : []),
    ...stated,
    ...options.knowledge().sayAliases(resolution.cnames),
    ...judged.filter(isFirst).flatMap((each) => each.evidence),
    delegated ? delegatedEvidence(resolution) : dnsEvidence(resolution),
  ]
  return {
    authority,
    delegated: delegated && !fault,
    cnames: resolution.cnames,
    ...weigh(options, pieces, fault ? [] : resolution.addresses),
    ...(fault ? { regions: UNKNOWN, why: fault.detail } : {}),
    dropped: [],
    instead,
    servesModels,
    allowed: findAllowed(hostEntries, judged),
    validUntil: Math.min(resolution.validUntil, now + MAX_LIFETIME_MS, ...expiries),
    fault: fault ?? null,
  }
}

/** The part of a destination that follows from the evidence. What a translator may deliver to counts for what leads there. */
function weigh(
  options: LocatorOptions,
  pieces: readonly Evidence[],
  addresses: readonly IpAddress[],
): Pick<Destination, 'addresses' | 'regions' | 'network' | 'why' | 'places' | 'evidence'> {
  const ends = addresses.map((address) => [address, ...unwrap(options, address)])
  const texts = new Set(ends.flat().map(({ text }) => text))
  const { regions, network, why, places, discarded } = conclude(pieces, [...texts])
  const placeOf = ({ text }: IpAddress): Placed =>
    places.find(({ address }) => address === text) ?? UNPLACED
  return {
    addresses,
    regions,
    network,
    why,
    places: addresses.map((address, i) => ({
      ...(ends[i] ?? []).map(placeOf).reduce(unionPlaces),
      address,
    })),
    evidence: pieces.map((piece) => ({ ...piece, discarded: discarded.get(piece) ?? null })),
  }
}

type Placed = Pick<Place, 'regions' | 'network'>

const UNPLACED: Placed = { regions: UNKNOWN, network: UNKNOWN }

function unionPlaces(a: Placed, b: Placed): Placed {
  return {
    regions: unionRegions(a.regions, b.regions),
    network: unionRegions(a.network, b.network),
  }
}

function unwrap({ unwrapNat64 }: LocatorOptions, address: IpAddress): readonly IpAddress[] {
  return unwrapNat64?.(address) ?? []
}

/** With DNS64 the address that a translator delivers to is often among the answers itself; evidence is kept once. */
function isFirst({ ip }: Judged, i: number, all: readonly Judged[]): boolean {
  return all.findIndex((other) => other.ip.text === ip.text) === i
}

/** A statement about the host covers all its addresses; else each address has its own, or none. */
function findAllowed(
  hostEntries: readonly Declaration[],
  judged: readonly Judged[],
): readonly (Zone | null)[] {
  const zoneIn = (entries: readonly Declaration[]) =>
    entries.find((entry) => entry.allowed !== null)?.allowed ?? null
  const host = zoneIn(hostEntries)
  if (host) return [host]
  const zones = judged.map((each) => zoneIn(each.entries))
  return zones.every((zone) => zone === null) ? [] : zones
}

interface Judged extends Candidate {
  readonly evidence: readonly Evidence[]
}

function judge(
  options: LocatorOptions,
  declarations: readonly Declaration[],
  ip: IpAddress,
  within: IpAddress | null,
  now: number,
): Judged {
  const classified = classifyAddress(ip)
  const { endpoint } = classified
  const entries = declarations
    .filter((entry) => entry.cidr !== null && cidrContains(entry.cidr, endpoint))
    .sort((a, b) => (b.cidr?.bits ?? 0) - (a.cidr?.bits ?? 0))
  const declared = entries.find((entry) => entry.regions !== null) ?? null
  return {
    ip,
    within,
    classified,
    entries,
    evidence: [
      ...(declared ? [declarationEvidence(declared, ip)] : []),
      ...sayAddress(options, endpoint, ip.text, now),
    ],
  }
}

function declarationEvidence(entry: Declaration, ip: IpAddress | null): Evidence {
  const name = nameOf(entry)
  const because = entry.because ? ` (${entry.because})` : ''
  const place = entry.regions?.join(', ') ?? 'no place'
  return {
    kind: 'declaration',
    source: `destinations: ${name}`,
    asOf: null,
    claim: entry.regions ?? UNKNOWN,
    strength: entry.regions ? 'strong' : 'none',
    address: ip?.text ?? null,
    detail: `${name} is declared to be ${place}${because}`,
  }
}

/** On record, because rules ask for it; it says nothing about the place of this call. */
function creationEvidence(creates: Regions): Evidence {
  return {
    kind: 'request-region',
    source: CREATES,
    asOf: null,
    claim: creates,
    strength: 'none',
    address: null,
    detail: `the request creates something in ${creates.join(', ') || 'an unknown place'}`,
  }
}

/** The source of that piece. */
export const CREATES = 'request: creates'

/** The host pattern or prefix an operator wrote. */
function nameOf({ host, cidr }: Declaration): string {
  return host?.text ?? (cidr ? `${cidr.base.text}/${cidr.bits}` : '')
}

/** Marks the flow: neither the address nor anything that hangs on it is known. */
function delegatedEvidence({ source }: Resolution): Evidence {
  return {
    kind: 'delegated',
    source,
    asOf: null,
    claim: UNKNOWN,
    strength: 'none',
    address: null,
    detail: 'the upstream proxy looks the name up and chooses the address',
  }
}

function dnsEvidence({ addresses, cnames, source }: Resolution): Evidence {
  const path = [...cnames, addresses.map((address) => address.text).join(', ')].join(' -> ')
  return {
    kind: 'dns',
    source,
    asOf: null,
    claim: UNKNOWN,
    strength: 'none',
    address: null,
    detail: path,
  }
}
