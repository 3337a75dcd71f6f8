/**
 * Ways to origins: connections and streams, opened, shared and kept for reuse. INVARIANT: a connection is used again only for the same
 * caller, policy, conclusion, scheme and authority, and only while the address it leads to is among those that were judged, or the proxy
 * behind us chose it and still does. Here is chosen between the versions of HTTP; each has its own connections.
 */

import type { Admission } from '../../admission.ts'
import type { Authority } from '../../model/authority.ts'
import type { Problem } from '../../model/errors.ts'
import type { Meter } from '../../ports.ts'
import type { OriginContexts } from '../../tls/origin-contexts.ts'
import type { TlsSessions } from '../../tls/sessions.ts'
import type { Deadlines, Timeouts } from '../deadlines.ts'
import type { OriginSide } from '../exchange/sides.ts'
import type { HeldBytes } from '../http2/connection.ts'
import type { Limits } from '../limits/limits.ts'
import { WEBSOCKET } from '../websocket/handshake.ts'
import { OriginConnections } from './connections.ts'
import type { AskTls, Dialed } from './dial.ts'
import { OriginDialler } from './dialler.ts'
import type { Owner } from './owner.ts'
import { type OriginProtocol, OriginProtocols } from './protocols.ts'
import { OriginSlots } from './slots.ts'
import { OriginStreams } from './streams.ts'
import type { UpstreamProxy } from './upstream-proxy.ts'
import { BUSY, type Passage, type Way } from './way.ts'

export interface PoolOptions {
  readonly contexts: Pick<OriginContexts, 'for'>
  readonly sessions: TlsSessions
  readonly upstreamProxy: UpstreamProxy | null
  readonly deadlines: Deadlines
  /** Milliseconds. */
  readonly timeouts: Pick<Timeouts, 'connect' | 'originIdle' | 'originWait'>
  readonly limits: Pick<
    Limits,
    | 'head'
    | 'originConnections'
    | 'originConnectionsPerAuthority'
    | 'originIdle'
    | 'http2Frames'
    | 'http2FramesPerSecond'
  >
  /** Our name in Via. */
  readonly pseudonym: string
  readonly held: HeldBytes
  readonly meter: Meter
  report(where: string, error: unknown): void
}

/** TLS for another protocol than HTTP. */
export interface TunnelTls {
  /** The protocol that the origin has to agree to; null: whatever it speaks. */
  readonly alpn: string | null
  /** How TLS is asked for, where the protocol begins in the clear: then there may be none in the end, and nothing has to be agreed to. */
  readonly ask?: AskTls
}

export class OriginPool {
  readonly #options: PoolOptions
  readonly #slots: OriginSlots
  readonly #dialler: OriginDialler
  readonly #protocols: OriginProtocols
  readonly #connections: OriginConnections
  readonly #streams: OriginStreams

  constructor(options: PoolOptions) {
    const { deadlines, timeouts, limits } = options
    this.#options = options
    const slots = new OriginSlots({ limits, makeRoom: (authority) => this.#makeRoom(authority) })
    const dialler = new OriginDialler({ ...options, slots, timeout: timeouts.connect })
    const protocols = new OriginProtocols(() => deadlines.now)
    const connections = new OriginConnections({ ...options, dialler, slots, protocols })
    this.#slots = slots
    this.#dialler = dialler
    this.#protocols = protocols
    this.#connections = connections
    this.#streams = new OriginStreams({ ...options, dialler, slots, protocols, connections })
  }

  /** Connections in all, those nobody uses at the moment, shared ones; who waits for one; origins whose version of HTTP is known. */
  get sizes() {
    const { total, waiting } = this.#slots
    const [idle, sessions] = [this.#connections.size, this.#streams.size]
    return { total, waiting, idle, sessions, protocols: this.#protocols.size }
  }

  /** A connection or stream that is open and fits; null when there is none. */
  take(admission: Admission, { way, upgrade, user }: Passage): OriginSide | null {
    const own = this.#connections.takeOwn(admission, user)
    if (own) return own
    if (way === 'http/1.1') return this.#connections.take(admission, user)
    const { text } = admission.destination.authority
    if (way === 'either') {
      const idle = this.#connections.take(admission, user)
      if (idle || !this.#protocols.isHttp2Alone(text)) return idle
    }
    const stream = this.#streams.take(admission, http2Of(admission, way), upgrade !== null)
    const isKnown = way === 'h2' && this.#protocols.of(text) === 'http/1.1'
    return stream ?? (isKnown ? this.#connections.take(admission, user) : null)
  }

  /** Opens a new connection, or a stream on one. Never rejects. */
  async open(
    admission: Admission,
    { way, upgrade, user }: Passage,
    signal: AbortSignal,
  ): Promise<OriginSide | Problem> {
    const connections = this.#connections
    const overHttp1 = () => connections.open(admission, user, signal)
    if (way === 'http/1.1') return overHttp1()
    if (way === 'either' && !this.#protocols.isHttp2Alone(admission.destination.authority.text)) {
      const opened = await overHttp1()
      if (!('code' in opened) || opened.code !== 'tls-no-protocol') return opened
    }
    const http2 = http2Of(admission, way)
    if (upgrade !== null && !(await this.#canBecome(admission, http2, upgrade))) return overHttp1()
    const opened = await this.#streams.open(admission, http2, signal)
    return opened === 'http/1.1' ? (connections.take(admission, user) ?? overHttp1()) : opened
  }

  /** A stream can become a WebSocket only where the origin has said so (RFC 8441 section 3); a connection of HTTP/1.1 always may. */
  async #canBecome(admission: Admission, way: 'h2' | 'h2c', upgrade: string): Promise<boolean> {
    return upgrade === WEBSOCKET && (await this.#streams.canBecome(admission, way))
  }

  /** A connection for another protocol than HTTP. Never rejects. @param tls inside which it is spoken; null for none */
  async openTunnel(
    admission: Admission,
    signal: AbortSignal,
    tls: TunnelTls | null = null,
  ): Promise<Dialed | Problem> {
    const patience = this.#options.timeouts.originWait
    const { alpn = null, ask } = tls ?? {}
    const offer = alpn === null ? [] : [alpn]
    const asking = { offer, isSecure: tls !== null, ask, shares: false, patience, signal }
    const dialed = await this.#dialler.dial(admission, asking)
    if (dialed === 'reuse') return BUSY
    if ('code' in dialed || alpn === null || ask || dialed.protocol === alpn) return dialed
    dialed.socket.destroy()
    return ANOTHER_PROTOCOL
  }

  /** What the origin speaks, as far as it is known. */
  protocolOf({ text }: Authority): OriginProtocol | null {
    return this.#protocols.of(text)
  }

  /**
   * Finds out what the origin speaks. Never rejects.
   *
   * @param permit whether that may be done
   * @returns null when nobody could find out
   */
  probe(admission: Admission, permit: () => Promise<boolean>): Promise<OriginProtocol | null> {
    return this.#streams.probe(admission, permit)
  }

  /** The client connection is over: what belongs to it alone ends. */
  disown(owner: Owner): void {
    this.#connections.disown(owner)
  }

  close(): void {
    this.#connections.close()
    this.#streams.close()
  }

  #makeRoom(authority: string | null): void {
    if (!this.#connections.evict(authority)) this.#streams.evict(authority)
  }
}

/** How HTTP/2 begins there: chosen in the TLS handshake, or without asking, since there is none. */
function http2Of({ flow }: Admission, way: Way): 'h2' | 'h2c' {
  return way === 'h2c' || flow.scheme === 'http' ? 'h2c' : 'h2'
}

const ANOTHER_PROTOCOL: Problem = {
  code: 'tls-no-protocol',
  detail: 'it does not agree to the protocol that the client offers by ALPN',
}
