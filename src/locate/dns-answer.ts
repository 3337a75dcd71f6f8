/**
 * What a DNS message says about one question, and what two such answers make of a host: pure, no socket, no clock.
 * Only records on the alias chain that starts at the question count (RFC 1034 section 3.6.2); whatever else a
 * server sends along is never looked at. A name that is not plain letters, digits, `-` and `_` makes its record
 * void: it is never repaired. What a server says stays a claim: every address returned here is judged later.
 */

import { type IpAddress, parseIp } from '../model/address.ts'
import type { Resolution } from '../model/destination.ts'
import type { Code, Parsed, Problem } from '../model/errors.ts'

export type Family = 'A' | 'AAAA'
export type QuestionType = Family | 'HTTPS'

export interface Question {
  /** Lower case, without trailing dot. */
  readonly name: string
  readonly type: QuestionType
}

/** A record of class IN. The owner and the alias target are as sent: not normalised, not trusted. */
export type DnsRecord = DataRecord | SoaRecord | ServiceRecord

interface DataRecord {
  readonly type: Family | 'CNAME'
  readonly owner: string
  readonly ttl: number
  /** The address, or the name the owner is an alias of. */
  readonly data: string
}

interface SoaRecord {
  readonly type: 'SOA'
  readonly owner: string
  readonly ttl: number
  readonly minimum: number
}

interface ServiceRecord {
  readonly type: 'HTTPS'
  readonly owner: string
  readonly ttl: number
  /** As on the wire: `parseSvcb` reads it. */
  readonly data: Uint8Array
}

/** A response whose id, question and framing were checked. TTLs are in seconds. */
export interface DnsMessage {
  /** With the upper bits of EDNS (RFC 6891 section 6.1.3). 0 is NOERROR, 3 is NXDOMAIN. */
  readonly rcode: number
  readonly answers: readonly DnsRecord[]
  readonly authorities: readonly DnsRecord[]
}

/** `alias`: the chain ends at a name whose addresses were not sent; that name, the last alias, must be asked for. */
export type Answer =
  | {
      readonly kind: 'addresses'
      readonly addresses: readonly IpAddress[]
      readonly cnames: readonly string[]
      readonly ttl: number
    }
  | { readonly kind: 'alias'; readonly cnames: readonly string[]; readonly ttl: number }
  | {
      readonly kind: 'absent'
      readonly code: 'dns-not-found' | 'dns-no-address'
      readonly ttl: number
    }
  | { readonly kind: 'faulty'; readonly fault: string }

/** What one family came to. `ttl` is in seconds and already clamped. */
export type FamilyResult =
  | {
      readonly addresses: readonly IpAddress[]
      readonly cnames: readonly string[]
      readonly source: string
      readonly ttl: number
    }
  | { readonly problem: Problem; readonly ttl: number }

/** More names than this in a row is not hosting but mischief. */
const MAX_ALIASES = 8

/** Seconds a failure is remembered, so that a broken server is not hammered. */
export const FAILURE_TTL = 1

const POSITIVE_TTL = { least: 5, most: 300 }
const NEGATIVE_TTL = { least: 1, most: 60, unsaid: 5 }
const NXDOMAIN = 3

/**
 * Reads the answer to a question.
 *
 * @param passed the names that led here from the one first asked for, that one included: a chain that comes
 *   back to any of them is a loop, and together with them it may not exceed 8 aliases.
 */
export function readAnswer(
  message: DnsMessage,
  question: Question,
  passed: readonly string[],
): Answer {
  const records = message.answers.flatMap(toPlain)
  const chain = followAliases(records, question.name, passed)
  if ('fault' in chain) return { kind: 'faulty', fault: chain.fault }
  const { name, cnames } = chain
  let { ttl } = chain
  const silence = readSoa(message.authorities, name)
  // An NXDOMAIN is about the last name of the chain (RFC 6604), whatever else the answer holds.
  if (message.rcode === NXDOMAIN) {
    return { kind: 'absent', code: 'dns-not-found', ttl: silence ?? NEGATIVE_TTL.unsaid }
  }
  const addresses = new Map<string, IpAddress>()
  for (const record of records) {
    if (record.owner !== name || record.type !== question.type) continue
    const address = parseIp(record.data)
    if (!address) continue
    addresses.set(address.text, address)
    ttl = Math.min(ttl, toTtl(record))
  }
  if (addresses.size > 0) {
    ttl = Math.max(ttl, POSITIVE_TTL.least)
    return { kind: 'addresses', addresses: [...addresses.values()], cnames, ttl }
  }
  // With a SOA the server has said that the last name has no such record (RFC 2308 section 2.2): no need to ask.
  if (cnames.length > 0 && silence === null) {
    return { kind: 'alias', cnames, ttl: Math.max(ttl, POSITIVE_TTL.least) }
  }
  return { kind: 'absent', code: 'dns-no-address', ttl: silence ?? NEGATIVE_TTL.unsaid }
}

/** The raw records of a service (RFC 9460) at the end of the alias chain, and the chain. */
export function readServiceRecords(
  message: DnsMessage,
  question: Question,
): Parsed<{ readonly cnames: readonly string[]; readonly records: readonly Uint8Array[] }> {
  const chain = followAliases(message.answers.flatMap(toPlain), question.name, [question.name])
  if ('fault' in chain) return chain
  const records = message.answers.flatMap((record) =>
    record.type === 'HTTPS' && toDnsName(record.owner) === chain.name ? [record.data] : [],
  )
  return { value: { cnames: chain.cnames, records } }
}

/**
 * Makes one answer of the two families, IPv4 first. When one family failed, what the other said is used: it may
 * be incomplete, but only judged addresses are ever dialled, so a missing one cannot be reached by mistake.
 */
export function joinFamilies(
  a: FamilyResult,
  aaaa: FamilyResult,
  now: number,
): { answer: Resolution | Problem; validUntil: number } {
  const found = [a, aaaa].filter((family) => 'addresses' in family)
  const results = found.length > 0 ? found : [a, aaaa]
  const validUntil = now + Math.min(...results.map((result) => result.ttl)) * 1000
  if (found.length > 0) {
    const answer: Resolution = {
      addresses: found.flatMap((family) => family.addresses),
      cnames: [...new Set(found.flatMap((family) => family.cnames))],
      source: [...new Set(found.map((family) => family.source))].join(', '),
      validUntil,
    }
    return { answer, validUntil }
  }
  const problems = [a, aaaa].flatMap((family) => ('problem' in family ? [family.problem] : []))
  const [worst] = problems.sort((x, y) => doubt(y.code) - doubt(x.code))
  if (!worst) throw new Error('a family is neither found nor a problem')
  return { answer: worst, validUntil }
}

/** A DNS name in lower case without trailing dot; null when any byte of it belongs in no host name. */
export function toDnsName(text: string): string | null {
  const name = text.endsWith('.') ? text.slice(0, -1) : text
  // Tested before lowering: the Kelvin sign would become an ASCII `k`.
  const valid = name.length <= 253 && /^[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*$/.test(name)
  return valid ? name.toLowerCase() : null
}

interface Chain {
  /** The last name. */
  readonly name: string
  readonly cnames: readonly string[]
  readonly ttl: number
}

/** The aliases from a name on. A DNAME counts as the CNAME that comes with it (RFC 6672 section 3.1), alone as nothing. */
function followAliases(
  records: readonly DataRecord[],
  first: string,
  passed: readonly string[],
): Chain | { readonly fault: string } {
  const cnames: string[] = []
  let name = first
  let ttl: number = POSITIVE_TTL.most
  for (;;) {
    // RFC 1034 lets nothing stand beside an alias, so an alias is followed before an address is taken.
    const aliases = records.filter((record) => record.owner === name && record.type === 'CNAME')
    const [target, ...others] = new Set(aliases.map((alias) => alias.data))
    if (target === undefined) return { name, cnames, ttl }
    if (others.length > 0) return { fault: 'one of its names has two aliases' }
    if (passed.includes(target) || cnames.includes(target)) return { fault: 'its aliases loop' }
    if (passed.length - 1 + cnames.length === MAX_ALIASES) {
      return { fault: `it has more than ${MAX_ALIASES} aliases in a row` }
    }
    ttl = Math.min(ttl, ...aliases.map(toTtl))
    cnames.push(target)
    name = target
  }
}

/** The record with its names normalised; nothing when one of them is not a host name. */
function toPlain(record: DnsRecord): DataRecord[] {
  if (record.type === 'SOA' || record.type === 'HTTPS') return []
  const owner = toDnsName(record.owner)
  const data = record.type === 'CNAME' ? toDnsName(record.data) : record.data
  return owner === null || data === null ? [] : [{ ...record, owner, data }]
}

/** Seconds for which the zone of the name says it may be remembered as missing; null when it does not say. */
function readSoa(authorities: readonly DnsRecord[], name: string): number | null {
  for (const record of authorities) {
    if (record.type !== 'SOA' || !isZoneOf(record.owner, name)) continue
    // RFC 2308 section 5: the lesser of the two.
    const ttl = Math.min(toTtl(record), record.minimum)
    return Math.min(Math.max(ttl, NEGATIVE_TTL.least), NEGATIVE_TTL.most)
  }
  return null
}

function isZoneOf(owner: string, name: string): boolean {
  const zone = toDnsName(owner)
  return owner === '.' || (zone !== null && `.${name}`.endsWith(`.${zone}`))
}

/** RFC 2181 section 8: a TTL with its top bit set counts as zero. */
function toTtl(record: { readonly ttl: number }): number {
  return record.ttl > 0x7fff_ffff ? 0 : record.ttl
}

/** What is least certain speaks for both: a failure hides an answer, an empty answer still names something that exists. */
function doubt(code: Code): number {
  return ['dns-not-found', 'dns-no-address', 'dns-timeout', 'dns-failed'].indexOf(code)
}
