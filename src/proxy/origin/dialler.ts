/** New connections to origins for callers: counted before they are dialled, and until they are closed. */

import type { SecureContext } from 'node:tls'
import type { Admission } from '../../admission.ts'
import type { Problem } from '../../model/errors.ts'
import type { Meter } from '../../ports.ts'
import type { TlsSessions } from '../../tls/sessions.ts'
import { type Dialed, dial } from './dial.ts'
import type { OriginSlots } from './slots.ts'

export interface DiallerOptions {
  readonly trust: SecureContext
  readonly sessions: TlsSessions
  readonly slots: OriginSlots
  /** Milliseconds for all addresses together, TLS included. */
  readonly timeout: number
  readonly meter: Meter
}

export interface DialAsking {
  /** Versions of HTTP to choose from, for https origins; first what is preferred. */
  readonly offer: readonly string[]
  /** Whether an open connection would do as well, once one is free. */
  readonly shares: boolean
  /** Milliseconds to wait for room. */
  readonly patience: number
  readonly signal: AbortSignal
}

export class OriginDialler {
  readonly #options: DiallerOptions

  constructor(options: DiallerOptions) {
    this.#options = options
  }

  /** Never rejects. @returns `reuse` when one that is open has become free instead */
  async dial(
    { key, destination, flow }: Admission,
    { offer, shares, patience, signal }: DialAsking,
  ): Promise<Dialed | 'reuse' | Problem> {
    const { trust, sessions, slots, timeout, meter } = this.#options
    const { text: authority } = destination.authority
    const asking = { authority, key: shares ? key : null, patience, signal }
    const turn = await slots.acquire(asking)
    if (turn !== 'granted') return turn
    const tls = flow.scheme === 'https' ? { trust, offer, sessions, sessionKey: key } : null
    const dialed = await dial(destination, { tls, timeout, meter, signal })
    if ('code' in dialed || dialed.socket.closed) slots.release(authority)
    else dialed.socket.once('close', () => slots.release(authority))
    return dialed
  }
}
