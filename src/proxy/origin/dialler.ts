/** New connections to origins for callers: counted before they are dialled, and until they are closed. */

import type { Admission } from '../../admission.ts'
import { certifiedHost } from '../../model/destination.ts'
import type { Problem } from '../../model/errors.ts'
import type { Meter } from '../../ports.ts'
import type { OriginContexts } from '../../tls/origin-contexts.ts'
import type { TlsSessions } from '../../tls/sessions.ts'
import { type AskTls, type Dialed, dial } from './dial.ts'
import type { OriginSlots } from './slots.ts'
import type { UpstreamProxy } from './upstream-proxy.ts'

export interface DiallerOptions {
  readonly contexts: Pick<OriginContexts, 'for'>
  readonly sessions: TlsSessions
  readonly slots: OriginSlots
  /** The proxy that leads to all hosts but its exceptions; null: there is none. */
  readonly upstreamProxy: UpstreamProxy | null
  /** Milliseconds for all addresses together, TLS included. */
  readonly timeout: number
  readonly meter: Meter
}

export interface DialAsking {
  /** Versions of HTTP to choose from, for https origins; first what is preferred. */
  readonly offer: readonly string[]
  /** Whether what is not HTTP is spoken inside TLS all the same. */
  readonly isSecure?: boolean
  /** How that is asked for; left out: TLS comes at once. */
  readonly ask?: AskTls | undefined
  /** Whether an open connection would do as well, once one is free. */
  readonly shares: boolean
  /** Milliseconds to wait for room. */
  readonly patience: number
  readonly signal: AbortSignal
}

/** A connection, and under which key it may be shared. */
export interface Opened extends Dialed {
  readonly key: string
}

export class OriginDialler {
  readonly #options: DiallerOptions

  constructor(options: DiallerOptions) {
    this.#options = options
  }

  /** Equal for those who may share connections and resume each other's TLS sessions now: the certificate we show belongs to it. */
  keyOf({ key, flow, destination }: Admission, isSecure = false): string {
    if (flow.scheme !== 'https' && !isSecure) return key
    const { id } = this.#options.contexts.for(certifiedHost(destination))
    return id === '' ? key : `${key}\n${id}`
  }

  /** Never rejects. @returns `reuse` when one that is open has become free instead */
  async dial(
    admission: Admission,
    { offer, isSecure = false, ask, shares, patience, signal }: DialAsking,
  ): Promise<Opened | 'reuse' | Problem> {
    const { destination, flow } = admission
    const { contexts, sessions, slots, upstreamProxy, timeout, meter } = this.#options
    const { text: authority, host } = destination.authority
    const shared = shares ? this.keyOf(admission) : null
    const turn = await slots.acquire({ authority, key: shared, patience, signal })
    if (turn !== 'granted') return turn
    // As it is now: while it waited, files may have changed.
    const key = this.keyOf(admission, isSecure)
    const { context: trust } = contexts.for(certifiedHost(destination))
    const speaksTls = flow.scheme === 'https' || isSecure
    const tls = speaksTls ? { trust, offer, sessions, sessionKey: key } : null
    const through = upstreamProxy?.leadsTo(host) ? upstreamProxy : null
    const how = { through, tls, ask: ask ?? null, timeout, meter, signal }
    const dialed = await dial(destination, how)
    if ('code' in dialed || dialed.socket.closed) slots.release(authority)
    else dialed.socket.once('close', () => slots.release(authority))
    return 'code' in dialed ? dialed : { ...dialed, key }
  }
}
