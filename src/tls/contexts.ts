/**
 * One TLS server context for each intercepted host, kept in memory up to a bound and never on disk. Making one costs
 * some hundred microseconds, so it must only be asked for a host that the policy lets through, and clients that ask for too
 * many new ones are refused.
 */

import { constants, createHash } from 'node:crypto'
import tls from 'node:tls'
import type { IpAddress } from '../model/address.ts'
import type { Host } from '../model/authority.ts'
import type { Problem } from '../model/errors.ts'
import type { CertificateAuthority } from './authority-pair.ts'
import { toPem } from './certificate.ts'
import { BACK_DATED, createLeafMinter } from './leaf.ts'
import { LeafBuckets, type LeafLimits } from './leaf-limits.ts'
import { TicketRing } from './tickets.ts'

export interface ContextsOptions {
  readonly authority: CertificateAuthority
  readonly clock: { now(): number }
  /** Hosts kept; the least recently used one makes room. */
  readonly capacity?: number
  /** Default: one of its own. */
  readonly tickets?: TicketRing
  readonly limits: LeafLimits
  /** Authorities of clients' certificates, as PEM. Sessions are not resumed then: each shows its certificate anew. Default: none */
  readonly clientRoots?: readonly string[]
}

/** Whom a context is for. */
export interface Asking {
  readonly client: IpAddress
  /** The client offers it. What does not gets a context for TLS 1.2 alone: the two renew tickets differently. */
  readonly tls13: boolean
}

export interface Contexts {
  /**
   * The context whose certificate is for this very host, or why none is made for that client now.
   *
   * @throws TlsFileError when the CA is not valid now
   */
  get(host: Host, asking: Asking): tls.SecureContext | Problem
  /** What `get` would say no with; makes nothing. */
  refusal(host: Host, client: IpAddress): Problem | null
  /** Leaves made since the start. It only grows: its rate is what to watch. */
  readonly minted: number
  /** Leaves refused since the start, for being too many. */
  readonly refused: number
  /** Hosts kept now. */
  readonly size: number
}

interface Entry {
  readonly context: tls.SecureContext
  /** Milliseconds since the epoch. */
  readonly mintedAt: number
  readonly notAfter: number
}

/** A leaf is replaced at this age. It reaches back as far, so it is still valid when the clock is set back by less. */
const LIFETIME = BACK_DATED

/**
 * Those of Node's default list that leaves can serve: their key is P-256. OpenSSL takes the list apart for every context, and
 * Node's is five times as long.
 */
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-SHA256',
  'ECDHE-ECDSA-AES256-SHA384',
].join(':')

const TOO_MANY: Problem = {
  code: 'leaf-rate-limited',
  detail: 'too many new hosts were asked for in a short time',
}

/** Minting is synchronous: calls for one host cannot overlap, and the second finds what the first has made. */
export function createContexts(options: ContextsOptions): Contexts {
  const { authority, clock, capacity = 4096, limits, clientRoots = [] } = options
  const { tickets = new TicketRing({ clock }) } = options
  const minter = createLeafMinter(authority)
  const key = minter.key.export({ type: 'pkcs8', format: 'pem' })
  const chain = authority.chain.map((certificate) => certificate.toString()).join('')
  const buckets = new LeafBuckets(limits, clock.now())
  const entries = new Map<string, Entry>()
  let minted = 0
  let refused = 0

  return {
    get(host, { client, tls13 }) {
      const now = clock.now()
      const name = tls13 ? host.text : `${host.text} 1.2`
      const known = entries.get(name)
      entries.delete(name)
      const isKnown = known && isFresh(known, now)
      if (!isKnown && !buckets.take(client, now)) return refuse()
      const entry = isKnown ? known : mint(host, tls13, now)
      // A Map keeps the order of insertion: this is now the most recently used one.
      entries.set(name, entry)
      const [oldest = name] = entries.keys()
      if (entries.size > capacity) entries.delete(oldest)
      return entry.context
    },
    refusal(host, client) {
      const now = clock.now()
      const known = entries.get(host.text)
      const isKnown = known && isFresh(known, now)
      return isKnown || buckets.allows(client, now) ? null : refuse()
    },
    get minted() {
      return minted
    },
    get refused() {
      return refused
    },
    get size() {
      return entries.size
    },
  }

  function refuse(): Problem {
    refused++
    return TOO_MANY
  }

  function mint(host: Host, tls13: boolean, now: number): Entry {
    const leaf = minter.mint(host, now)
    const context = tls.createSecureContext({
      key,
      cert: toPem(leaf.der) + chain,
      // Where it asks for no client certificates it has no use for any, nor for the system's.
      ca: [...clientRoots],
      minVersion: 'TLSv1.2',
      maxVersion: tls13 ? 'TLSv1.3' : 'TLSv1.2',
      ciphers: CIPHERS,
      ...(clientRoots.length > 0
        ? { secureOptions: constants.SSL_OP_NO_TICKET }
        : { ticketKeys: tickets.fixedKeys }),
      sessionIdContext: toSessionContext(authority, host),
    })
    if (clientRoots.length === 0) tickets.protect(context, tls13 ? 'always' : 'aged')
    minted++
    return { context, mintedAt: now, notAfter: leaf.notAfter }
  }
}

/**
 * INVARIANT: a session is resumed only where the very host was the one it was made for, under the same CA: the keys of tickets are
 * the same for all, and OpenSSL compares this. At most 32 bytes.
 */
function toSessionContext({ fingerprint }: CertificateAuthority, { text }: Host): string {
  return createHash('sha256').update(`${fingerprint} ${text}`).digest('hex').slice(0, 32)
}

function isFresh({ mintedAt, notAfter }: Entry, now: number): boolean {
  return Math.abs(now - mintedAt) < LIFETIME && now < notAfter
}
