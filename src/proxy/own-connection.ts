/**
 * A connection of Cordon's own that is not HTTP: mail. It goes the way of every other call, as agent `cordon`: located, measured, decided,
 * written down, and opened to a judged address or not at all. What is said on it is the caller's; how to verify who is there comes with it.
 */

import type { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import type { Authority } from '../model/authority.ts'
import type { Code } from '../model/errors.ts'
import type { Flow, RequestLine } from '../model/flow.ts'
import { type Refusal, refuseByProblem } from '../model/refusal.ts'
import type { OriginContexts } from '../tls/origin-contexts.ts'
import { toVerifiedOptions } from '../tls/trust.ts'
import { CORDON, type OwnContext } from './own-request.ts'

export interface OwnConnection {
  /** Connected, plain, paused or not. To be destroyed by whoever has it. */
  readonly socket: Socket
  /** For a TLS handshake on it, before anything else or after STARTTLS (RFC 3207). */
  readonly tls: ConnectionOptions
  /** Writes down how it ended; to be called once. @param error null where everything was said */
  end(error: Code | null): void
}

export interface OwnConnectionContext extends OwnContext {
  readonly contexts: Pick<OriginContexts, 'for'>
}

/**
 * Never rejects but for a defect of ours.
 *
 * @param protocol as it stands in the log
 */
export async function connectAsCordon(
  { enforcer, origins, contexts }: OwnConnectionContext,
  authority: Authority,
  protocol: 'SMTP',
  signal: AbortSignal,
): Promise<OwnConnection | Refusal> {
  const flow: Flow = {
    mode: 'connect',
    scheme: 'tcp',
    clientIp: '127.0.0.1',
    agent: CORDON,
    inspection: 'full',
  }
  const line: RequestLine = { method: null, path: null, protocol }
  const admission = await enforcer.admit(flow, authority)
  const released = await enforcer.release(admission, line)
  if ('refusal' in released) return released.refusal
  const { permit } = released
  const ending = { status: null, dialedIp: null, bytesOut: 0, bytesIn: 0 }
  const opened = await origins.openTunnel(admission, signal)
  if ('code' in opened) {
    enforcer.settle(permit, { ...ending, outcome: 'failed', error: opened.code })
    return refuseByProblem(permit.id, opened, authority)
  }
  const { socket, address } = opened
  // Until its user listens, an error has to have somewhere to go.
  socket.on('error', () => {})
  return {
    socket,
    tls: toVerifiedOptions(contexts.for(authority.host).context, authority.host),
    end: (error) =>
      enforcer.settle(permit, {
        ...ending,
        outcome: error === null ? 'forwarded' : 'failed',
        dialedIp: address.text,
        bytesOut: socket.bytesWritten,
        bytesIn: socket.bytesRead,
        error,
      }),
  }
}
