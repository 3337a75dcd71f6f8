/**
 * Ways to origins: connections and streams, opened, shared and kept for reuse. INVARIANT: a connection is used again only for the same
 * caller, policy, conclusion, scheme and authority, and only while the address it leads to is among those that were judged, or the proxy
 * behind us chose it and still does. One on which
 * somebody has authenticated for all that follows is used again only by the client connection that did.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Admission } from '../../admission.ts'
import type { IpAddress } from '../../model/address.ts'
import type { Authority } from '../../model/authority.ts'
import type { Problem } from '../../model/errors.ts'
import type { Meter } from '../../ports.ts'
import type { OriginContexts } from '../../tls/origin-contexts.ts'
import type { TlsSessions } from '../../tls/sessions.ts'
import type { Deadlines, Timeouts } from '../deadlines.ts'
import type { OriginSide } from '../exchange/sides.ts'
import { OriginConnection } from '../http1/origin-connection.ts'
import { OriginSession } from '../http2/origin-session.ts'
import type { HeldBytes } from '../http2/session.ts'
import type { Limits } from '../limits/limits.ts'
import type { Dialed } from './dial.ts'
import { type Opened, OriginDialler } from './dialler.ts'
import { IdleConnections } from './idle-connections.ts'
import type { Owner } from './owner.ts'
import { type OriginProtocol, OriginProtocols } from './protocols.ts'
import { OriginSessions } from './sessions.ts'
import { OriginSlots } from './slots.ts'
import type { UpstreamProxy } from './upstream-proxy.ts'

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

/**
 * What an exchange can go over: HTTP/1.1 alone; HTTP/2 where the origin's TLS handshake chooses it, else HTTP/1.1; HTTP/2 without asking,
 * in the clear (RFC 9113 section 3.3).
 */
export type Way = 'http/1.1' | 'h2' | 'h2c'

/** Payload of an answer that may wait here, on each stream: a window's worth is what fast and far origins send in a round trip. */
const STREAM_WINDOW = 1024 * 1024

export class OriginPool {
  readonly #options: PoolOptions
  readonly #idle: IdleConnections
  readonly #sessions: OriginSessions
  readonly #protocols: OriginProtocols
  readonly #slots: OriginSlots
  readonly #dialler: OriginDialler
  /** Handshakes under way that may end in HTTP/2: who wants the same waits for them. */
  readonly #dialling = new Map<string, Promise<OriginProtocol | Problem>>()
  readonly #probing = new Map<string, Promise<OriginProtocol | null>>()

  constructor(options: PoolOptions) {
    const { deadlines, timeouts, limits } = options
    this.#options = options
    this.#idle = new IdleConnections(deadlines, timeouts.originIdle, limits.originIdle)
    this.#sessions = new OriginSessions(deadlines, timeouts.originIdle)
    this.#slots = new OriginSlots({ limits, makeRoom: (authority) => this.#makeRoom(authority) })
    this.#dialler = new OriginDialler({
      ...options,
      slots: this.#slots,
      timeout: timeouts.connect,
    })
    this.#protocols = new OriginProtocols(() => deadlines.now)
  }

  /** Connections in all, those nobody uses at the moment, shared ones; who waits for one; origins whose version of HTTP is known. */
  get sizes() {
    const { total, waiting } = this.#slots
    const { size: protocols } = this.#protocols
    return { total, waiting, idle: this.#idle.size, sessions: this.#sessions.size, protocols }
  }

  /** A connection or stream that is open and fits; null when there is none. */
  take(admission: Admission, way: Way, user: Owner | null): OriginSide | null {
    const key = this.#dialler.keyOf(admission)
    if (user?.owns(key)) {
      const own = this.#takeIdle(admission, user, user.keyFor(key))
      if (own) return own
    }
    if (way === 'http/1.1') return this.#takeIdle(admission, user, key)
    const stream = this.#takeStream(admission, way)
    const isKnown = way === 'h2' && this.protocolOf(admission.destination.authority) === 'http/1.1'
    return stream ?? (isKnown ? this.#takeIdle(admission, user, key) : null)
  }

  #takeIdle(
    admission: Admission,
    user: Owner | null,
    key: string = this.#dialler.keyOf(admission),
  ): OriginConnection | null {
    const connection = this.#idle.take(key, ({ address }) => isJudged(admission, address))
    if (connection) connection.user = user
    return connection
  }

  #takeStream(admission: Admission, way: Way): OriginSide | null {
    const fits = ({ address }: OriginSession) => isJudged(admission, address)
    return this.#sessions.find(this.#keyOf(admission, way), fits)?.reserve() ?? null
  }

  /** Opens a new connection, or a stream on one. Never rejects. */
  async open(
    admission: Admission,
    way: Way,
    user: Owner | null,
    signal: AbortSignal,
  ): Promise<OriginSide | Problem> {
    const { deadlines, timeouts } = this.#options
    if (way === 'http/1.1') return this.#openConnection(admission, user, signal)
    const giveUpAt = deadlines.in(timeouts.originWait)
    while (!signal.aborted) {
      const taken = this.#takeStream(admission, way)
      if (taken) return taken
      const left = giveUpAt - deadlines.now
      if (left <= 0) return BUSY
      const key = this.#keyOf(admission, way)
      if (this.#mayGrow(admission, key)) {
        const protocol = await orAborted(this.#share(admission, way), signal)
        if (typeof protocol !== 'string') return protocol
        if (protocol === 'h2') continue
        return this.#takeIdle(admission, user) ?? this.open(admission, protocol, user, signal)
      }
      await this.#sessions.roomOrTimeout(key, left, signal)
    }
    return ABORTED
  }

  async #openConnection(
    admission: Admission,
    user: Owner | null,
    signal: AbortSignal,
  ): Promise<OriginConnection | Problem> {
    const { deadlines, timeouts } = this.#options
    const giveUpAt = deadlines.in(timeouts.originWait)
    const asking = { offer: HTTP1, shares: true, signal }
    for (;;) {
      const patience = giveUpAt - deadlines.now
      const dialed = await this.#dialler.dial(admission, { ...asking, patience })
      if (dialed !== 'reuse') {
        return 'code' in dialed ? dialed : this.#toConnection(admission, dialed, user)
      }
      const idle = this.#takeIdle(admission, user)
      if (idle) return idle
    }
  }

  /** A connection for bytes of which nothing is known. Never rejects. */
  async openTunnel(admission: Admission, signal: AbortSignal): Promise<Dialed | Problem> {
    const patience = this.#options.timeouts.originWait
    const dialed = await this.#dialler.dial(admission, {
      offer: [],
      shares: false,
      patience,
      signal,
    })
    return dialed === 'reuse' ? BUSY : dialed
  }

  /** Whether one more connection may be opened for streams; where there is no room, those that are there have to do. */
  #mayGrow({ destination }: Admission, key: string): boolean {
    if (!this.#sessions.mayGrow(key)) return false
    return !this.#sessions.has(key) || this.#slots.hasRoom(destination.authority.text)
  }

  #keyOf(admission: Admission, way: Way): string {
    return toKey(this.#dialler.keyOf(admission), way)
  }

  #makeRoom(authority: string | null): void {
    if (!this.#idle.evict(authority)) this.#sessions.evict(authority)
  }

  /** What the origin speaks, as far as it is known. */
  protocolOf({ text }: Authority): OriginProtocol | null {
    return this.#protocols.of(text)
  }

  /** Whether streams to the origin may become another protocol (RFC 8441), as its settings say. Never rejects. */
  async upgradesStreams(admission: Admission, way: Way): Promise<boolean> {
    if (way === 'http/1.1') return false
    const key = this.#keyOf(admission, way)
    const fits = ({ address }: OriginSession) => isJudged(admission, address)
    if (!this.#sessions.find(key, fits)) await this.#share(admission, way)
    const session = this.#sessions.find(key, fits)
    // An origin that keeps them to itself is taken at its least.
    if (session)
      await Promise.race([session.settingsKnown, sleep(SETTINGS_MS, null, { ref: false })])
    return session?.peer.connectProtocol ?? false
  }

  /**
   * Finds out what the origin speaks, once for all who want to know; the connection is kept for the first who needs one. Never rejects.
   *
   * @param permit whether that may be done
   * @returns null when nobody could find out
   */
  probe(admission: Admission, permit: () => Promise<boolean>): Promise<OriginProtocol | null> {
    const key = this.#dialler.keyOf(admission)
    let probing = this.#probing.get(key)
    if (!probing) {
      probing = this.#probe(admission, permit).finally(() => this.#probing.delete(key))
      this.#probing.set(key, probing)
    }
    return probing
  }

  async #probe(
    admission: Admission,
    permit: () => Promise<boolean>,
  ): Promise<OriginProtocol | null> {
    if (!(await permit())) return null
    const result = await this.#share(admission, 'h2')
    return typeof result === 'string' ? result : null
  }

  /** The client connection is over: what belongs to it alone ends. */
  disown(owner: Owner): void {
    for (const key of owner.release()) this.#idle.drop(key)
  }

  close(): void {
    this.#idle.close()
    this.#sessions.close()
  }

  /** One handshake for all who want the same; what it opened is then there to be taken. */
  #share(admission: Admission, way: 'h2' | 'h2c'): Promise<OriginProtocol | Problem> {
    const key = this.#keyOf(admission, way)
    let dialling = this.#dialling.get(key)
    if (!dialling) {
      dialling = this.#dialShared(admission, way).finally(() => this.#dialling.delete(key))
      this.#dialling.set(key, dialling)
    }
    return dialling
  }

  async #dialShared(admission: Admission, way: 'h2' | 'h2c'): Promise<OriginProtocol | Problem> {
    const offer = way === 'h2' ? BOTH : []
    const patience = this.#options.timeouts.originWait
    // Several may wait for it: it is not the first one's to abort.
    const asking = { offer, shares: way === 'h2', patience, signal: NEVER }
    const dialed = await this.#dialler.dial(admission, asking)
    if (dialed === 'reuse') return 'http/1.1'
    if ('code' in dialed) return dialed
    const protocol = way === 'h2c' || dialed.protocol === 'h2' ? 'h2' : 'http/1.1'
    if (way === 'h2') this.#protocols.learn(admission.destination.authority.text, protocol)
    if (protocol === 'h2') this.#addSession(admission, toKey(dialed.key, way), dialed)
    else this.#idle.keep(dialed.key, this.#toConnection(admission, dialed, null))
    return protocol
  }

  #toConnection(
    { destination }: Admission,
    { key, socket, address }: Opened,
    user: Owner | null,
  ): OriginConnection {
    const { deadlines, pseudonym, limits, report } = this.#options
    const connection: OriginConnection = new OriginConnection({
      socket,
      authority: destination.authority.text,
      address,
      pseudonym,
      maxHeadBytes: limits.head,
      report,
      onIdle: () => this.#keep(key, connection),
      onClose: () => {
        deadlines.delete(connection)
        this.#idle.remove(keyIn(key, connection), connection)
      },
    })
    connection.user = user
    deadlines.add(connection)
    socket.resume()
    return connection
  }

  #keep(key: string, connection: OriginConnection): void {
    const { isBound, user } = connection
    if (isBound) {
      if (user?.claim(key)) this.#idle.keep(user.keyFor(key), connection)
      else connection.destroy()
      // First it waits there, then the one who waits is told.
    } else this.#idle.keep(key, connection)
    const { authority } = connection
    if (!this.#slots.offer(authority, isBound ? '' : key)) connection.destroy()
  }

  #addSession({ destination }: Admission, key: string, { socket, address }: Dialed): void {
    const { deadlines, timeouts, pseudonym, held, limits } = this.#options
    const { text: authority } = destination.authority
    const session: OriginSession = new OriginSession({
      socket,
      authority,
      address,
      pseudonym,
      held,
      preface: null,
      streamWindow: STREAM_WINDOW,
      maxHeadBytes: limits.head,
      noise: { burst: limits.http2Frames, perSecond: limits.http2FramesPerSecond },
      settingsBy: deadlines.in(timeouts.connect),
      now: () => deadlines.now,
      report: this.#options.report,
      onChange: () => {
        this.#sessions.changed(key, session)
        // Nobody uses it, and others have no room.
        if (session.load === 0 && this.#slots.isWanted(authority)) session.expire()
      },
      onClose: () => {
        deadlines.delete(session)
        this.#sessions.remove(key, session)
      },
    })
    deadlines.add(session)
    this.#sessions.add(key, session)
    socket.resume()
  }
}

/** Under the key of what is left to the proxy behind us there is nothing but connections it has made, to addresses of its own choice. */
function isJudged({ destination }: Admission, address: IpAddress): boolean {
  return destination.delegated || destination.addresses.some(({ text }) => text === address.text)
}

/** Where it waits to be used again. */
function keyIn(key: string, { isBound, user }: OriginConnection): string {
  return isBound && user ? user.keyFor(key) : key
}

function toKey(key: string, way: Way): string {
  return way === 'h2c' ? `h2c ${key}` : key
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | Problem> {
  const { promise: aborted, resolve } = Promise.withResolvers<Problem>()
  const onAbort = () => resolve(ABORTED)
  signal.addEventListener('abort', onAbort)
  return Promise.race([promise, aborted]).finally(() =>
    signal.removeEventListener('abort', onAbort),
  )
}

/** For an origin to say what it can, once TLS is done, in milliseconds. */
const SETTINGS_MS = 2_000

const HTTP1 = ['http/1.1']
const BOTH = ['h2', 'http/1.1']

const NEVER = new AbortController().signal

const ABORTED: Problem = { code: 'connect-reset', detail: 'nobody waits for it any more' }
const BUSY: Problem = {
  code: 'origin-busy',
  detail: 'every connection to the destination stayed in use',
}
