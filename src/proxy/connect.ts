/**
 * What follows a CONNECT. Normally the tunnel is opened at once and its inside intercepted, because clients hide the body of a
 * refused CONNECT: what there is to refuse is said inside. Hosts that are tunnelled unseen are decided before the tunnel opens.
 */

import type { Client } from '../model/client.ts'
import type { Flow, RequestLine } from '../model/flow.ts'
import { intercept } from './intercept.ts'
import type { ProxyContext, Tunnel } from './proxy.ts'
import { tunnelUnseen } from './unseen.ts'

/** One CONNECT: who asks, and for what. */
export interface Connect {
  readonly client: Client
  readonly tunnel: Tunnel
  readonly context: ProxyContext
}

/** Never rejects but for a defect of ours. */
export async function serveConnect(connect: Connect): Promise<void> {
  const { client, tunnel, context } = connect
  const { mode, authority, agent } = tunnel
  const flow: Flow = {
    mode,
    scheme: 'https',
    clientIp: client.text,
    agent,
    inspection: 'headers',
  }
  const { tunnelOnly } = context.policy()
  if (tunnelOnly.some((pattern) => pattern.matches(authority.host.text))) {
    return tunnelUnseen(connect)
  }
  // A client that asks the proxy for itself is told so at once: inside, it would only talk to itself. Where else a name leads is
  // found out when the first request comes.
  if (context.isOwnPort(authority.port)) {
    const admission = await context.enforcer.admit(flow, authority)
    if (admission.destination.fault?.code === 'proxy-loop') {
      const released = await context.enforcer.release(admission, CONNECT)
      if ('refusal' in released) tunnel.refuse(released.refusal)
      return
    }
  }
  // So too one that has called too many new hosts: within the handshake nothing could be said.
  const limit = context.leaves.refusal(authority.host, client)
  if (limit) {
    context.meter.count('leaf-refused')
    return tunnel.refuse(await context.enforcer.refuse(flow, authority, limit, CONNECT))
  }
  tunnel.establish()
  await intercept(connect, flow)
}

const CONNECT: RequestLine = { method: 'CONNECT', path: null, protocol: 'HTTP/1.1' }
