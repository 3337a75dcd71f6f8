/** TLS with an origin on a connection that is open: it has proved its name before this resolves. */

import type net from 'node:net'
import tls from 'node:tls'
import type { IpAddress } from '../../model/address.ts'
import type { Host } from '../../model/authority.ts'
import type { Problem } from '../../model/errors.ts'
import type { Meter } from '../../ports.ts'
import type { TlsSessions } from '../../tls/sessions.ts'
import { toTlsProblem, toVerifiedOptions } from '../../tls/trust.ts'

/** How to speak TLS with an origin. */
export interface OriginTls {
  /** Verifies: roots and protocol versions. */
  readonly trust: tls.SecureContext
  /** Versions of HTTP to choose from; first what is preferred. */
  readonly offer: readonly string[]
  readonly sessions: TlsSessions
  /** Equal for those who may resume each other's sessions with one address. */
  readonly sessionKey: string
}

/** The other end. */
export interface SecureTo {
  readonly host: Host
  readonly port: number
  readonly address: IpAddress
}

export interface SecureOptions {
  /** Milliseconds for the handshake. */
  readonly timeout: number
  readonly meter: Meter
  readonly signal: AbortSignal
}

/** Why there is no TLS, and whether an earlier session was offered. */
export interface Insecure extends Problem {
  readonly wasResuming: boolean
}

/** Never rejects. The socket is ended where it fails, and the sessions with that address are forgotten. */
export function secure(
  socket: net.Socket,
  { host, port, address }: SecureTo,
  { trust, offer, sessions, sessionKey }: OriginTls,
  { timeout, meter, signal }: SecureOptions,
): Promise<tls.TLSSocket | Insecure> {
  return new Promise((resolve) => {
    const key = `${sessionKey}\n${address.text}`
    const at = `${address.text} port ${port}`
    const began = meter.now()
    const kept = sessions.take(key)
    const secured = tls.connect({
      socket,
      ALPNProtocols: [...offer],
      ...(kept ? { session: kept.session } : {}),
      ...toVerifiedOptions(trust, host),
    })
    sessions.watch(key, secured, kept)
    const finish = (problem: Problem | null) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      secured.removeListener('error', onError)
      // Until its user listens, an error has to have somewhere to go.
      secured.on('error', () => {})
      if (!problem) {
        meter.took('tls', began)
        return resolve(secured)
      }
      secured.destroy()
      socket.destroy()
      if (problem.code !== 'connect-reset') sessions.forget(key)
      resolve({ ...problem, wasResuming: kept !== null })
    }
    const onAbort = () =>
      finish({ code: 'connect-reset', detail: `${at}: nobody waits for it any more` })
    const onError = (error: Error) => finish(toTlsProblem(error, host.text))
    const timer = setTimeout(() => {
      const detail = `${at}: the TLS handshake was not finished in time`
      finish({ code: 'connect-stalled', detail })
    }, timeout)
    signal.addEventListener('abort', onAbort)
    secured.once('error', onError)
    secured.once('secureConnect', () => finish(null))
    if (signal.aborted) onAbort()
  })
}
