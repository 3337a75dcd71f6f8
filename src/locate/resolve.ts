/**
 * From a host to all its addresses: the one place where a name becomes something that can be dialled. What is found
 * here is judged and then dialled as it is; nobody asks again. Order: IP literal, `localhost` (RFC 6761), the
 * hosts file, the name servers.
 * INVARIANT: resolve never rejects, and no name ever reaches the operating system's own resolver.
 */

import { type IpAddress, parseIp } from '../model/address.ts'
import type { Host } from '../model/authority.ts'
import type { Resolution } from '../model/destination.ts'
import type { Code, Problem } from '../model/errors.ts'
import {
  FAILURE_TTL,
  type Family,
  type FamilyResult,
  joinFamilies,
  readAnswer,
} from './dns-answer.ts'
import { ask } from './dns-exchange.ts'
import {
  type NameServer,
  parseHosts,
  parseResolvConf,
  parseServer,
  watchFile,
} from './system-dns.ts'

export interface ResolverOptions {
  /** `ip`, `ip:port` or `[v6]:port`, asked in this order; null: those of resolv.conf, as it changes. */
  readonly servers: readonly string[] | null
  /** Whether the hosts file is looked at first. */
  readonly hosts: boolean
  readonly clock: { now(): number }
  readonly hostsFile?: string
  readonly resolvConf?: string
  /** How long each try at one server waits, in ms. */
  readonly tries?: readonly number[]
  /** How long one resolve may take in all, in ms. */
  readonly total?: number
  /** Answers remembered; the least recently used one makes room. */
  readonly cacheSize?: number
  /** Names being looked up at once, each with one question per family on its way. */
  readonly lookups?: number
}

/** Implements the `Resolver` port. Answers are frozen, and the same object is returned for as long as it is valid. */
export interface CachingResolver extends Disposable {
  resolve(host: Host): Promise<Resolution | Problem>
  /** What is known now without asking anybody; null when `resolve` would have to. */
  cached(host: Host): Resolution | Problem | null
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

/** How often the system's files are looked at, and how long a line of the hosts file is good for; in ms. */
const FILE_CHECK = 1000
const HOSTS_VALIDITY = 5000

/**
 * Wires a resolver.
 *
 * @throws Error when a server is not an IP address, or a file of the system exists but cannot be read.
 */
export function createResolver(options: ResolverOptions): CachingResolver {
  const { clock, hostsFile = '/etc/hosts', resolvConf = '/etc/resolv.conf' } = options
  const { tries = [1500, 3000], total = 10_000, cacheSize = 10_000, lookups = 256 } = options
  const servers = options.servers
    ? { value: options.servers.map(toServer), refresh: () => false }
    : watchFile(resolvConf, parseResolvConf)
  const hosts = options.hosts ? watchFile(hostsFile, parseHosts) : null
  const underWay = new Set<AbortController>()
  // Both are replaced when a file changes, so that a lookup begun before it leaves nothing behind.
  let cache = new Map<string, Entry>()
  let flights = new Map<string, Promise<Resolution | Problem>>()
  let checkedAt = clock.now()
  let closed = false

  return {
    resolve(host) {
      if (closed) return Promise.resolve(failed(host.text, 'the resolver is closed'))
      return recall(host.text)?.promise ?? find(host)
    },
    cached(host) {
      return closed ? null : (recall(host.text)?.answer ?? null)
    },
    close,
    [Symbol.dispose]: close,
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
  }

  function find(host: Host): Promise<Resolution | Problem> {
    const name = host.text
    const local = findLocally(host)
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

  /** What needs no server: an address, `localhost`, a name from the hosts file or one that can only be there. */
  function findLocally(host: Host): { answer: Resolution | Problem; until: number } | null {
    const name = host.text
    if (host.ip) return local([host.ip], 'literal', Number.POSITIVE_INFINITY)
    if (name === 'localhost' || name.endsWith('.localhost')) {
      return local(LOOPBACK, 'localhost', Number.POSITIVE_INFINITY)
    }
    const until = clock.now() + HOSTS_VALIDITY
    const addresses = hosts?.value.get(name)
    if (addresses) return local(addresses, hostsFile, until)
    if (name.includes('.')) return null
    const where = hosts ? `is not in ${hostsFile}` : 'the hosts file is not used'
    const detail = `\`${name}\` has no dot and ${where}: write the full name of the host`
    return { answer: { code: 'dns-not-found', detail }, until }
  }

  async function lookUp(name: string, into: Map<string, Entry>): Promise<Resolution | Problem> {
    const limit = new AbortController()
    const timer = setTimeout(() => limit.abort(), total)
    underWay.add(limit)
    try {
      const family = (type: Family) => lookUpFamily(name, type, servers.value, tries, limit.signal)
      const [a, aaaa] = await Promise.all([family('A'), family('AAAA')])
      if (closed) return failed(name, 'the resolver is closed')
      const { answer, validUntil } = joinFamilies(a, aaaa, clock.now())
      return remember(into, name, answer, validUntil).answer
    } catch {
      return failed(name, 'the lookup broke off')
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
    const entry = { answer: freeze(answer), promise: Promise.resolve(answer), until }
    into.set(name, entry)
    const [oldest = name] = into.keys()
    if (into.size > cacheSize) into.delete(oldest)
    return entry
  }

  function close(): void {
    closed = true
    for (const limit of underWay) limit.abort()
  }
}

const LOOPBACK = ['127.0.0.1', '::1'].flatMap((text) => parseIp(text) ?? [])

function local(addresses: readonly IpAddress[], source: string, until: number) {
  return { answer: { addresses, cnames: [], source, validUntil: until }, until }
}

function toServer(text: string): NameServer {
  const server = parseServer(text)
  if ('fault' in server) throw new Error(`name server \`${text}\`: ${server.fault}`)
  return server.value
}

/** Asks for the addresses of one family, and again for as long as the answer is only another name. */
async function lookUpFamily(
  name: string,
  type: Family,
  servers: readonly NameServer[],
  tries: readonly number[],
  signal: AbortSignal,
): Promise<FamilyResult> {
  if (servers.length === 0) return toFailure(failed(name, 'no name server is configured'))
  const passed = [name]
  let aliasTtl = Number.POSITIVE_INFINITY
  for (;;) {
    const question = { name: passed.at(-1) ?? name, type }
    const reply = await ask(question, servers, tries, signal)
    if (reply.kind === 'timeout') {
      const silent = servers.map((server) => server.text).join(', ')
      return toFailure(failed(name, `no answer in time from ${silent}`, 'dns-timeout'))
    }
    if (reply.kind === 'failed') return toFailure(failed(name, reply.fault))
    const { message, source } = reply
    const answer = readAnswer(message, question, passed)
    switch (answer.kind) {
      case 'addresses': {
        const cnames = [...passed.slice(1), ...answer.cnames]
        const ttl = Math.min(aliasTtl, answer.ttl)
        return { addresses: answer.addresses, cnames, source, ttl }
      }
      case 'alias':
        // At least one name longer each time, and readAnswer ends it at 8.
        passed.push(...answer.cnames)
        aliasTtl = Math.min(aliasTtl, answer.ttl)
        break
      case 'absent': {
        const what = answer.code === 'dns-not-found' ? 'does not exist' : 'has no address'
        const detail = `\`${name}\` ${what} according to ${source}`
        return { problem: { code: answer.code, detail }, ttl: answer.ttl }
      }
      case 'faulty':
        return toFailure(failed(name, `${answer.fault}, according to ${source}`))
      default:
        return answer satisfies never
    }
  }
}

function failed(name: string, why: string, code: Code = 'dns-failed'): Problem {
  return Object.freeze({ code, detail: `\`${name}\` could not be looked up: ${why}` })
}

function toFailure(problem: Problem): FamilyResult {
  return { problem, ttl: FAILURE_TTL }
}

/** Addresses stay as they are: a typed array cannot be frozen, and nobody has a reason to write to one. */
function freeze(answer: Resolution | Problem): Resolution | Problem {
  if ('addresses' in answer) {
    Object.freeze(answer.addresses)
    Object.freeze(answer.cnames)
  }
  return Object.freeze(answer)
}
