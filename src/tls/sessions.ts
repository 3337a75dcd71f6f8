/**
 * TLS sessions with origins, for resuming (RFC 8446 section 2.2, RFC 5077). INVARIANT: what is resumed was verified before, whole, by the
 * very key it is asked for under, not longer ago than an hour, and with a certificate that is still valid: a resumed handshake shows no
 * certificate that could be looked at.
 */

import type { TLSSocket } from 'node:tls'

export interface TlsSessionsOptions {
  readonly clock: { now(): number }
  /** Sessions kept in all; the key used least recently makes room. */
  readonly capacity?: number
}

/** One that may be offered. */
export interface KeptSession {
  readonly session: Buffer
  /** Until when it may be offered, in milliseconds since the epoch; what comes of it inherits that. */
  readonly until: number
  readonly isReusable: boolean
}

/** After a whole handshake, in milliseconds. */
const LIFETIME_MS = 3_600_000
/** Clients that open connections side by side need as many tickets of TLS 1.3: each is used once (RFC 8446 appendix C.4). */
const MAX_PER_KEY = 16
/** Bytes. One holds the origin's certificate. */
const MAX_SESSION = 16 * 1024

export class TlsSessions {
  readonly #clock: TlsSessionsOptions['clock']
  readonly #capacity: number
  /** Each list oldest first. */
  readonly #byKey = new Map<string, KeptSession[]>()
  #size = 0
  #whole = 0
  #resumed = 0

  constructor({ clock, capacity = 4_096 }: TlsSessionsOptions) {
    this.#clock = clock
    this.#capacity = capacity
  }

  get size(): number {
    return this.#size
  }

  /** Handshakes that succeeded, by how. */
  get handshakes(): { readonly whole: number; readonly resumed: number } {
    return { whole: this.#whole, resumed: this.#resumed }
  }

  /** The newest one that may be offered. Of TLS 1.3 it is gone then: a ticket shown twice tells who watches that both are one client. */
  take(key: string): KeptSession | null {
    const list = this.#byKey.get(key)
    if (!list) return null
    const now = this.#clock.now()
    for (let kept = list.pop(); kept; kept = list.pop()) {
      if (kept.until <= now) {
        this.#size--
        continue
      }
      if (kept.isReusable) list.push(kept)
      else this.#size--
      this.#touch(key, list)
      return kept
    }
    this.#byKey.delete(key)
    return null
  }

  /**
   * Keeps what the origin gives, from now on and once the handshake has succeeded. To be called before it begins.
   *
   * @param offered what the handshake was begun with
   */
  watch(key: string, socket: TLSSocket, offered: KeptSession | null): void {
    let early: Buffer[] | null = []
    const made = { until: 0, isReusable: false }
    // INVARIANT: before `secureConnect` nothing has been verified; TLS 1.2 gives its ticket earlier.
    socket.on('session', (session) => {
      if (early) early.push(session)
      else this.#keep(key, { ...made, session })
    })
    socket.once('secureConnect', () => {
      const isResumed = socket.isSessionReused()
      if (isResumed) this.#resumed++
      else this.#whole++
      made.until = isResumed && offered ? offered.until : this.#endOf(socket)
      made.isReusable = socket.getProtocol() !== 'TLSv1.3'
      for (const session of early ?? []) this.#keep(key, { ...made, session })
      early = null
    })
  }

  /** A handshake that was begun with one has failed. */
  forget(key: string): void {
    this.#size -= this.#byKey.get(key)?.length ?? 0
    this.#byKey.delete(key)
  }

  #keep(key: string, kept: KeptSession): void {
    if (kept.session.length > MAX_SESSION || kept.until <= this.#clock.now()) return
    const list = this.#byKey.get(key) ?? []
    // Of those that may be offered again, one is enough.
    const max = kept.isReusable ? 1 : MAX_PER_KEY
    list.push(kept)
    this.#size += 1 - list.splice(0, list.length - max).length
    this.#touch(key, list)
    while (this.#size > this.#capacity) {
      const [oldest] = this.#byKey.keys()
      if (oldest === undefined) break
      this.forget(oldest)
    }
  }

  /** A Map keeps the order of insertion: this is now the most recently used one. */
  #touch(key: string, list: KeptSession[]): void {
    this.#byKey.delete(key)
    if (list.length > 0) this.#byKey.set(key, list)
  }

  #endOf(socket: TLSSocket): number {
    const certificate = socket.getPeerX509Certificate()
    if (!certificate) return 0
    return Math.min(this.#clock.now() + LIFETIME_MS, certificate.validToDate.getTime())
  }
}
