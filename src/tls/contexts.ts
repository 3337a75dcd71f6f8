/**
 * One TLS server context for each intercepted host, kept in memory up to a bound and never on disk. Making one costs
 * some hundred microseconds, so it must only be asked for a host that the policy lets through; the counter shows when
 * somebody scans names.
 */

import { randomBytes } from 'node:crypto'
import tls from 'node:tls'
import type { Host } from '../model/authority.ts'
import type { CertificateAuthority } from './authority-pair.ts'
import { toPem } from './certificate.ts'
import { BACK_DATED, createLeafMinter } from './leaf.ts'

export interface ContextsOptions {
  readonly authority: CertificateAuthority
  readonly clock: { now(): number }
  /** Hosts kept; the least recently used one makes room. */
  readonly capacity?: number
}

export interface Contexts {
  /** The context whose certificate is for this very host. @throws TlsFileError when the CA is not valid now */
  get(host: Host): tls.SecureContext
  /** Leaves made since the start. It only grows: its rate is what to watch. */
  readonly minted: number
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

/** Minting is synchronous: calls for one host cannot overlap, and the second finds what the first has made. */
export function createContexts({ authority, clock, capacity = 4096 }: ContextsOptions): Contexts {
  const minter = createLeafMinter(authority)
  const key = minter.key.export({ type: 'pkcs8', format: 'pem' })
  const chain = authority.chain.map((certificate) => certificate.toString()).join('')
  // One key for all contexts, so that a ticket outlives the context that gave it. It is never stored.
  const ticketKeys = randomBytes(48)
  const entries = new Map<string, Entry>()
  let minted = 0

  return {
    get(host) {
      const now = clock.now()
      const known = entries.get(host.text)
      entries.delete(host.text)
      const entry = known && isFresh(known, now) ? known : mint(host, now)
      // A Map keeps the order of insertion: this is now the most recently used one.
      entries.set(host.text, entry)
      const [oldest = host.text] = entries.keys()
      if (entries.size > capacity) entries.delete(oldest)
      return entry.context
    },
    get minted() {
      return minted
    },
    get size() {
      return entries.size
    },
  }

  function mint(host: Host, now: number): Entry {
    const leaf = minter.mint(host, now)
    const context = tls.createSecureContext({
      key,
      cert: toPem(leaf.der) + chain,
      // None: a server that asks for no client certificates has no use for the system's roots.
      ca: [],
      minVersion: 'TLSv1.2',
      ticketKeys,
    })
    minted++
    return { context, mintedAt: now, notAfter: leaf.notAfter }
  }
}

function isFresh({ mintedAt, notAfter }: Entry, now: number): boolean {
  return Math.abs(now - mintedAt) < LIFETIME && now < notAfter
}
