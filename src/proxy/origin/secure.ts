/** TLS with an origin on a connection that is open: it has proved its name before this resolves. */

import type net from 'node:net'
import tls from 'node:tls'
import type { Host } from '../../model/authority.ts'
import type { Problem } from '../../model/errors.ts'
import type { Meter } from '../../ports.ts'
import { toTlsProblem, toVerifiedOptions } from '../../tls/trust.ts'

export interface SecureOptions {
  readonly host: Host
  /** Milliseconds for the handshake. */
  readonly timeout: number
  /** Verifies: roots and protocol versions. */
  readonly trust: tls.SecureContext
  /** Versions of HTTP to choose from; first what is preferred. */
  readonly offer: readonly string[]
  readonly meter: Meter
  readonly signal: AbortSignal
}

/** Never rejects. The socket is ended where it fails. @param at how to call the other end in a sentence */
export function secure(
  socket: net.Socket,
  at: string,
  { host, timeout, trust, offer, meter, signal }: SecureOptions,
): Promise<tls.TLSSocket | Problem> {
  return new Promise((resolve) => {
    const began = meter.now()
    const secured = tls.connect({
      socket,
      ALPNProtocols: [...offer],
      ...toVerifiedOptions(trust, host),
    })
    const finish = (problem: Problem | null) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      secured.removeListener('error', onError)
      // Until its user listens, an error has to have somewhere to go.
      secured.on('error', () => {})
      if (problem) {
        secured.destroy()
        socket.destroy()
      } else meter.took('tls', began)
      resolve(problem ?? secured)
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
