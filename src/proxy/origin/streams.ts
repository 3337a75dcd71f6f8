/**
 * Streams of HTTP/2 to origins, on connections that are shared by all who may share them. Where nobody knows what the origin speaks, one
 * handshake finds out for all who want to know, and what it opened is there to be taken.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Admission } from '../../admission.ts'
import type { Problem } from '../../model/errors.ts'
import { OriginSession } from '../http2/origin-session.ts'
import type { OriginStream } from '../http2/origin-stream.ts'
import type { ConnectionsOptions, OriginConnections } from './connections.ts'
import type { Dialed } from './dial.ts'
import type { OriginProtocol } from './protocols.ts'
import { OriginSessions } from './sessions.ts'
import { ABORTED, BUSY, isJudged } from './way.ts'

export interface StreamsOptions extends ConnectionsOptions {
  /** Where a handshake goes that ends in HTTP/1.1. */
  readonly connections: OriginConnections
}

/** Chosen in the TLS handshake, or without asking. */
type Http2 = 'h2' | 'h2c'

/** Payload of an answer that may wait here, on each stream: a window's worth is what fast and far origins send in a round trip. */
const STREAM_WINDOW = 1024 * 1024

export class OriginStreams {
  readonly #options: StreamsOptions
  readonly #sessions: OriginSessions
  /** Handshakes under way: who wants the same waits for them. */
  readonly #dialling = new Map<string, Promise<OriginProtocol | Problem>>()
  readonly #probing = new Map<string, Promise<OriginProtocol | null>>()

  constructor(options: StreamsOptions) {
    this.#options = options
    this.#sessions = new OriginSessions(options.deadlines, options.timeouts.originIdle)
  }

  /** Connections. */
  get size(): number {
    return this.#sessions.size
  }

  /** A stream on a connection that is open; null when there is none. @param becomes whether it is to become another protocol */
  take(admission: Admission, way: Http2, becomes = false): OriginStream | null {
    const fits = ({ address, peer }: OriginSession) =>
      isJudged(admission, address) && (!becomes || peer.connectProtocol)
    return this.#sessions.find(this.#keyOf(admission, way), fits)?.reserve() ?? null
  }

  /** Never rejects. @returns `http/1.1` where the handshake has chosen that */
  async open(
    admission: Admission,
    way: Http2,
    signal: AbortSignal,
  ): Promise<OriginStream | 'http/1.1' | Problem> {
    const { deadlines, timeouts } = this.#options
    const giveUpAt = deadlines.in(timeouts.originWait)
    while (!signal.aborted) {
      const taken = this.take(admission, way)
      if (taken) return taken
      const left = giveUpAt - deadlines.now
      if (left <= 0) return BUSY
      const key = this.#keyOf(admission, way)
      if (this.#mayGrow(admission, key)) {
        const protocol = await orAborted(this.#share(admission, way), signal)
        if (protocol !== 'h2') return protocol
      } else await this.#sessions.roomOrTimeout(key, left, signal)
    }
    return ABORTED
  }

  /** Whether streams to the origin may become another protocol (RFC 8441), as its settings say. Never rejects. */
  async canBecome(admission: Admission, way: Http2): Promise<boolean> {
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
    const key = this.#options.dialler.keyOf(admission)
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

  /** Ends a connection that nobody uses. @param authority that it leads to, null: any */
  evict(authority: string | null): void {
    this.#sessions.evict(authority)
  }

  close(): void {
    this.#sessions.close()
  }

  /** Whether one more connection may be opened for streams; where there is no room, those that are there have to do. */
  #mayGrow({ destination }: Admission, key: string): boolean {
    if (!this.#sessions.mayGrow(key)) return false
    return !this.#sessions.has(key) || this.#options.slots.hasRoom(destination.authority.text)
  }

  /** One handshake for all who want the same. */
  #share(admission: Admission, way: Http2): Promise<OriginProtocol | Problem> {
    const key = this.#keyOf(admission, way)
    let dialling = this.#dialling.get(key)
    if (!dialling) {
      dialling = this.#dial(admission, way).finally(() => this.#dialling.delete(key))
      this.#dialling.set(key, dialling)
    }
    return dialling
  }

  async #dial(admission: Admission, way: Http2): Promise<OriginProtocol | Problem> {
    const { dialler, timeouts, protocols, connections } = this.#options
    const offer = way === 'h2' ? BOTH : []
    const patience = timeouts.originWait
    // Several may wait for it: it is not the first one's to abort.
    const asking = { offer, shares: way === 'h2', patience, signal: NEVER }
    const dialed = await dialler.dial(admission, asking)
    if (dialed === 'reuse') return 'http/1.1'
    if ('code' in dialed) return dialed
    const protocol = way === 'h2c' || dialed.protocol === 'h2' ? 'h2' : 'http/1.1'
    if (way === 'h2') protocols.learn(admission.destination.authority.text, protocol)
    if (protocol === 'h2') this.#add(admission, toKey(dialed.key, way), dialed)
    else connections.add(admission, dialed)
    return protocol
  }

  #add({ destination }: Admission, key: string, { socket, address }: Dialed): void {
    const { deadlines, timeouts, pseudonym, held, limits, slots, report } = this.#options
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
      report,
      onChange: () => {
        this.#sessions.changed(key, session)
        // Nobody uses it, and others have no room.
        if (session.load === 0 && slots.isWanted(authority)) session.expire()
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

  #keyOf(admission: Admission, way: Http2): string {
    return toKey(this.#options.dialler.keyOf(admission), way)
  }
}

function toKey(key: string, way: Http2): string {
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

const BOTH = ['h2', 'http/1.1']

const NEVER = new AbortController().signal
