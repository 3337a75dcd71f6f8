/**
 * TLS with a client: the handshake, with a deadline, and the alert for one that does not come about. Whose certificate is shown is
 * the caller's choice; what the failure means is judged in acceptance.ts.
 */

import { type SecureContext, TLSSocket } from 'node:tls'
import type { Channel } from './channel.ts'
import type { ProxyContext } from './proxy.ts'

/** Versions of HTTP by their names in ALPN (RFC 7301). */
export const HTTP1 = 'http/1.1'
export const HTTP2 = 'h2'

export interface Accepting {
  /** Holds the whole ClientHello, put back. */
  readonly socket: Channel
  readonly secureContext: SecureContext
  /** Versions of HTTP to choose from; first what is preferred. */
  readonly offer: readonly string[]
  readonly shared: Pick<ProxyContext, 'deadlines' | 'timeouts'>
  /** Whether the client is asked for a certificate; whether that holds is for whoever asks. */
  readonly requestCert?: boolean
  /** The socket has no listener left but one for its errors. */
  onSecure(tls: TLSSocket): void
  /** @param cause the error of the socket; null when it was just closed. Nothing is left of the connection then */
  onFailure(cause: NodeJS.ErrnoException | null): void
}

/** Calls one of the two, once. */
export function acceptTls({
  socket,
  secureContext,
  offer,
  shared,
  requestCert = false,
  ...then
}: Accepting): void {
  const { deadlines, timeouts } = shared
  const tls = new TLSSocket(socket, {
    isServer: true,
    secureContext,
    ALPNProtocols: [...offer],
    ...(requestCert ? { requestCert, rejectUnauthorized: false } : {}),
  })
  let cause: NodeJS.ErrnoException | null = null
  const finish = () => {
    deadlines.delete(handshake)
    tls.off('secure', onSecure)
    tls.off('end', onEnd)
    tls.off('close', onClose)
  }
  const onSecure = () => {
    finish()
    then.onSecure(tls)
  }
  // The socket may be half-open, and then would wait for us.
  const onEnd = () => tls.destroy()
  const onClose = () => {
    finish()
    then.onFailure(cause)
  }
  const handshake = {
    deadline: deadlines.in(timeouts.head),
    expire: () => {
      cause ??= Object.assign(new Error('the handshake took too long'), { code: 'ETIMEDOUT' })
      tls.destroy()
    },
  }
  deadlines.add(handshake)
  tls.on('secure', onSecure)
  tls.on('error', (error) => {
    cause ??= error
  })
  tls.on('end', onEnd)
  tls.on('close', onClose)
}

/** Fatal alerts (RFC 8446 section 6.2) for what is wrong before the handshake has begun. */
const ALERTS = {
  accessDenied: 49,
  decodeError: 50,
  internalError: 80,
  unrecognizedName: 112,
} as const

export type Alert = keyof typeof ALERTS

/** Says no in the one way a client understands here, and ends the connection. */
export function refuseTls(socket: Channel, alert: Alert): void {
  if (socket.destroyed) return
  socket.end(Buffer.from([0x15, 3, 3, 0, 2, 2, ALERTS[alert]]), () => socket.destroySoon())
}
