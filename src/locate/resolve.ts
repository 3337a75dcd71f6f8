/**
 * From a host to all its addresses: the one place where a name becomes something that can be dialled. What is found
 * here is judged and then dialled as it is; nobody asks again. Order: IP literal, `localhost` (RFC 6761), the
 * hosts file, the name servers.
 * INVARIANT: resolve never rejects, and no name ever reaches the operating system's own resolver.
 */

import type { SecureContext } from 'node:tls'
import { type Cidr, type IpAddress, parseCidr, parseIp } from '../model/address.ts'
import type { Host } from '../model/authority.ts'
import type { Resolution } from '../model/destination.ts'
import type { Problem } from '../model/errors.ts'
import {
  isMixed,
  type NameServer,
  parseNameServer,
  type ResolverEndpoint,
  resolverEndpoints,
} from '../model/name-server.ts'
import { classifyAddress } from './address-class.ts'
import { type Family, joinFamilies } from './dns-answer.ts'
import type { Asking } from './dns-exchange.ts'
import { failed, lookUpFamily, lookUpService, type ServiceAnswer } from './dns-lookup.ts'
import { createTransports } from './dns-transports.ts'
import { findLocally, isNeverAsked } from './local-names.ts'
import { createNat64 } from './nat64-discovery.ts'
import { RecentAddresses } from './recent-addresses.ts'
import { parseHosts, parseResolvConf, watchFile } from './system-dns.ts'

export interface ResolverOptions {
  /** As `parseNameServer` takes them, asked in this order; null: those of resolv.conf, as it changes. */
  readonly servers: readonly string[] | null
  /** Whom encrypted servers have to be verified with, and the least version of TLS: `openTrust`. */
  readonly trust?: SecureContext | null
  /** The prefix for which answers are wanted (RFC 7871). It is told to the servers, and they may ignore it. */
  readonly clientSubnet?: string | null
  /** Whether the hosts file is looked at first. */
  readonly hosts: boolean
  readonly clock: { now(): number }
  readonly hostsFile?: string
  readonly resolvConf?: string
  /** How long each try at one server waits, in ms. */
  readonly tries?: readonly number[]
  /** How long one resolve may take in all, in ms; with one try more where NAT64 has to be asked about. */
  readonly total?: number
  /** Answers remembered; the least recently used one makes room. */
  readonly cacheSize?: number
  /** Names being looked up at once, each with one question per family on its way. */
  readonly lookups?: number
  /** What a name server has answered, for the processes beside this one: see `learn`. */
  readonly onAnswer?: (name: string, addresses: readonly string[]) => void
}

/** Implements the `Resolver` port. Answers are frozen, and the same object is returned for as long as it is valid. */
export interface CachingResolver extends Disposable {
  resolve(host: Host): Promise<Resolution | Problem>
  /** Names whose answers are remembered. */
  readonly size: number
  /** What another process was answered: addresses that answers have led to of late, as if it had been asked here. */
  learn(name: string, addresses: readonly string[]): void
  /** What is known now without asking anybody; null when `resolve` would have to. */
  cached(host: Host): Resolution | Problem | null
  /**
   * What a client that asks for HTTPS records (RFC 9460) would be told. Only to show it to people: asked anew each time,
   * and never for a call.
   */
  lookupSvcb(host: Host, port?: number): Promise<ServiceAnswer | Problem>
  /** Every IPv4 address that a NAT64 of this network could make of an IPv6 address, as known since the last `resolve`. */
  unwrapNat64(ip: IpAddress): readonly IpAddress[]
  /** The servers asked now, as destinations: may change with resolv.conf. */
  endpoints(): readonly ResolverEndpoint[]
  /** Ends every question under way; from here on every host is a `dns-failed`. */
  close(): void
}

interface Entry {
  readonly answer: Resolution | Problem
  /** The answer as a promise, made once. */
  readonly promise: Promise<Resolution | Problem>
  /** ms since the epoch. */
  readonly until: number
}

/** How often the system's files are looked at, in ms. */
const FILE_CHECK = 1000

/**
 * Wires a resolver.
 *
 * @throws Error when a server or the client subnet is not understood, encrypted servers come without trust or together with
 *   plain ones, or a file of the system exists but cannot be read.
 */
export function createResolver(options: ResolverOptions): CachingResolver {
  const { clock, hostsFile = '/etc/hosts', resolvConf = '/etc/resolv.conf' } = options
  const { tries = [1500, 3000], total = 10_000, cacheSize = 10_000, lookups = 256 } = options
  const { trust = null } = options
  const servers = options.servers
    ? { value: toServers(options.servers), refresh: () => false }
    : watchFile(resolvConf, parseResolvConf)
  if (!trust && servers.value.some(({ transport }) => transport !== 'plain')) {
    throw new Error('encrypted name servers need roots to be verified with')
  }
  const clientSubnet = options.clientSubnet ? toSubnet(options.clientSubnet) : null
  const transports = createTransports(trust)
  const hosts = options.hosts ? watchFile(hostsFile, parseHosts) : null
  const underWay = new Set<AbortController>()
  // Both are replaced when a file changes, so that a lookup begun before it leaves nothing behind.
  let cache = new Map<string, Entry>()
  let flights = new Map<string, Promise<Resolution | Problem>>()
  let recent = new RecentAddresses(cacheSize)
  let checkedAt = clock.now()
  let closed = false
  const nat64 = createNat64(
    (name) =>
      // Not longer than one try: it is asked again soon enough, and somebody is waiting for something else.
      withinLimits(tries[0] ?? total, (signal) =>
        lookUpFamily(name, 'AAAA', { ...toAsking(), clientSubnet: null }, signal),
      ),
    clock,
  )

  return {
    resolve(host) {
      if (closed) return Promise.resolve(failed(host.text, 'the resolver is closed'))
      return recall(host.text)?.promise ?? find(host)
    },
    get size() {
      return cache.size
    },
    learn(name, addresses) {
      if (closed) return
      const now = clock.now()
      recent.take(
        name,
        addresses.flatMap((text) => parseIp(text) ?? []),
        now,
      )
      const entry = cache.get(name)
      if (entry) cache.set(name, toEntry(withEarlier(recent, name, entry.answer, now), entry.until))
    },
    cached(host) {
      return closed ? null : (recall(host.text)?.answer ?? null)
    },
    async lookupSvcb(host, port = 443) {
      if (closed) return failed(host.text, 'the resolver is closed')
      if (host.ip || isNeverAsked(host.text)) return failed(host.text, 'it is not in the DNS')
      // RFC 9460 section 9.1.
      const name = port === 443 ? host.text : `_${port}._https.${host.text}`
      return await withinLimits(total, (signal) => lookUpService(name, toAsking(), signal))
    },
    unwrapNat64: (ip) => nat64.unwrap(ip),
    endpoints() {
      checkFiles(clock.now())
      return resolverEndpoints(servers.value)
    },
    close,
    [Symbol.dispose]: close,
  }

  function toAsking(): Asking {
    return { servers: servers.value, tries, clientSubnet, transports }
  }

  function recall(name: string): Entry | null {
    const now = clock.now()
    checkFiles(now)
    const entry = cache.get(name)
    if (!entry) return null
    cache.delete(name)
    if (now >= entry.until) return null
    // Setting it again makes it the most recently used: a Map keeps the order of insertion.
    cache.set(name, entry)
    return entry
  }

  function checkFiles(now: number): void {
    const age = now - checkedAt
    if (age >= 0 && age < FILE_CHECK) return
    checkedAt = now
    const changed = [servers.refresh(), hosts?.refresh()].includes(true)
    // A clock that was set back would keep what should expire.
    if (!changed && age > 0) return
    cache = new Map()
    flights = new Map()
    recent = new RecentAddresses(cacheSize)
    nat64.expire()
  }

  function find(host: Host): Promise<Resolution | Problem> {
    const name = host.text
    const local = findLocally(host, hosts?.value ?? null, hostsFile, clock.now())
    if (local) return remember(cache, name, local.answer, local.until).promise
    const flight = flights.get(name)
    if (flight) return flight
    if (underWay.size >= lookups) {
      return Promise.resolve(failed(name, 'too many names are being looked up at once'))
    }
    const among = flights
    const started = lookUp(name, cache).finally(() => among.delete(name))
    among.set(name, started)
    return started
  }

  async function lookUp(name: string, into: Map<string, Entry>): Promise<Resolution | Problem> {
    try {
      const { answer, validUntil } = await withinLimits(total, async (signal) => {
        const family = (type: Family) => lookUpFamily(name, type, toAsking(), signal)
        const [a, aaaa] = await Promise.all([family('A'), family('AAAA')])
        if ('addresses' in aaaa && aaaa.addresses.some(mayBeTranslated)) await nat64.discover()
        return joinFamilies(a, aaaa, clock.now())
      })
      if (closed) return failed(name, 'the resolver is closed')
      const whole = into === cache ? withEarlier(recent, name, answer, clock.now()) : answer
      if ('addresses' in answer) {
        options.onAnswer?.(
          name,
          answer.addresses.map(({ text }) => text),
        )
      }
      return remember(into, name, whole, validUntil).answer
    } catch {
      return failed(name, 'the lookup broke off')
    }
  }

  /** Runs something that asks, for `most` ms, and no longer than the resolver is open. */
  async function withinLimits<T>(
    most: number,
    asks: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const limit = new AbortController()
    const timer = setTimeout(() => limit.abort(), most)
    underWay.add(limit)
    try {
      return await asks(limit.signal)
    } finally {
      clearTimeout(timer)
      underWay.delete(limit)
    }
  }

  function remember(
    into: Map<string, Entry>,
    name: string,
    answer: Resolution | Problem,
    until: number,
  ): Entry {
    const entry = toEntry(answer, until)
    into.set(name, entry)
    const [oldest = name] = into.keys()
    if (into.size > cacheSize) into.delete(oldest)
    return entry
  }

  function close(): void {
    closed = true
    for (const limit of underWay) limit.abort()
    transports[Symbol.dispose]()
  }
}

function toEntry(answer: Resolution | Problem, until: number): Entry {
  return { answer: freeze(answer), promise: Promise.resolve(answer), until }
}

/** The answer with what those before it have led to. */
function withEarlier(
  recent: RecentAddresses,
  name: string,
  answer: Resolution | Problem,
  now: number,
): Resolution | Problem {
  if (!('addresses' in answer)) return answer
  const earlier = recent.take(name, answer.addresses, now)
  return earlier.length > 0 ? { ...answer, earlier: Object.freeze(earlier) } : answer
}

/** Only what looks like any other address on the internet can be a translator's without our knowing. */
function mayBeTranslated(ip: IpAddress): boolean {
  const { class: kind, embedded } = classifyAddress(ip)
  return kind === 'public' && embedded === null
}

/** @throws Error when one is not understood, or some are asked in the clear and some are not. */
function toServers(texts: readonly string[]): readonly NameServer[] {
  const servers = texts.map((text) => {
    const server = parseNameServer(text)
    if ('fault' in server) throw new Error(`name server \`${text}\`: ${server.fault}`)
    return server.value
  })
  if (isMixed(servers)) throw new Error('some name servers are encrypted and some are not')
  return servers
}

/** @throws Error when it is no prefix. */
function toSubnet(text: string): Cidr {
  const cidr = parseCidr(text)
  if (!cidr) throw new Error(`client subnet \`${text}\`: not a prefix`)
  return cidr
}

/** Addresses stay as they are: a typed array cannot be frozen, and nobody has a reason to write to one. */
function freeze(answer: Resolution | Problem): Resolution | Problem {
  if ('addresses' in answer) {
    Object.freeze(answer.addresses)
    Object.freeze(answer.cnames)
  }
  return Object.freeze(answer)
}
