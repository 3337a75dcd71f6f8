/**
 * A tunnel whose content stays unseen, for hosts the operator listed under `intercept: never`. Host, address and TLS server name
 * are judged all the same; only TLS goes through, because only there is a server name that could disagree.
 */

import type { IpAddress } from '../model/address.ts'
import type { Agent } from '../model/agent.ts'
import type { Ending } from '../model/audit-record.ts'
import type { Host } from '../model/authority.ts'
import type { Problem } from '../model/errors.ts'
import type { Flow, RequestLine } from '../model/flow.ts'
import { refuseByProblem } from '../model/refusal.ts'
import type { Permit, Release } from '../release.ts'
import type { Channel } from './channel.ts'
import type { Connect } from './connect.ts'
import { Departure } from './departure.ts'
import { HeldRequest } from './exchange/held-request.ts'
import { EMPTY_BODY } from './exchange/peek.ts'
import { compareServerName } from './intercept.ts'
import { type Opening, readOpening } from './opening.ts'
import type { Dialed } from './origin/dial.ts'
import type { Tunnel } from './proxy.ts'
import { relayChannels } from './tunnel.ts'

export async function tunnelUnseen({ client, tunnel, context }: Connect): Promise<void> {
  const { enforcer, origins, deadlines, timeouts } = context
  const { authority, socket } = tunnel
  const departure = new Departure(socket)
  const released = await releaseTunnel({ client, tunnel, context }, departure)
  departure.stop()
  if ('refusal' in released) return tunnel.refuse(released.refusal)
  const { permit } = released
  const { id, admission, lease }: Permit = permit
  const end = (ending: Partial<Ending>) => enforcer.settle(permit, { ...NOTHING_SENT, ...ending })
  if (departure.signal.aborted) {
    socket.destroy()
    return end({ error: 'request-incomplete' })
  }
  const abort = new AbortController()
  const onClose = () => abort.abort()
  socket.once('close', onClose)
  const dialed = await origins.openTunnel(admission, abort.signal)
  socket.off('close', onClose)
  if (!('socket' in dialed)) {
    const refusal = refuseByProblem(id, dialed, authority)
    end({ outcome: 'failed', status: refusal.status, error: refusal.code })
    return tunnel.refuse(refusal)
  }

  dialed.socket.on('error', () => {})
  tunnel.establish()
  const opening = await readOpening(socket, tunnel.early, deadlines, timeouts.head)
  const dialedIp = dialed.address.text
  const problem = judgeOpening(opening, authority.host)
  if (problem || opening.kind !== 'tls') {
    socket.destroy()
    dialed.socket.destroy()
    const code = problem?.code ?? 'request-not-http'
    return end({ outcome: 'blocked', status: 200, dialedIp, error: code })
  }
  relay(socket, dialed, opening.bytes)

  function relay(client: Channel, { socket: origin }: Dialed, first: Buffer): void {
    client.unshift(first)
    relayChannels({
      client,
      origin,
      context,
      lease,
      onEnd: (ended) => end({ ...ended, status: 200, dialedIp }),
    })
  }
}

/** A tunnel waits for a person before it is opened: what is inside cannot be told anything. */
async function releaseTunnel(
  { client, tunnel, context }: Connect,
  departure: Departure,
): Promise<Release> {
  const { enforcer, identify } = context
  const { authority, credentials } = tunnel
  const waiting = new HeldRequest(null, null, EMPTY_BODY, () => departure.watch())
  let { agent } = tunnel
  for (;;) {
    const flow = toFlow(tunnel, client, agent)
    const admission = await enforcer.admit(flow, authority)
    const released = await enforcer.releaseOrWait(admission, UNSEEN, waiting)
    if (released !== 'again') return released
    // As in `gate`: who asks may not be who they were.
    const anew = await identify(credentials, client)
    if ('code' in anew) return { refusal: await enforcer.refuse(flow, authority, anew, UNSEEN) }
    agent = anew
  }
}

function toFlow(
  { mode, original = null }: Tunnel,
  { text: clientIp }: IpAddress,
  agent: Agent,
): Flow {
  return { mode, scheme: 'tcp', clientIp, agent, inspection: 'sni', original }
}

function judgeOpening(opening: Opening, host: Host) {
  switch (opening.kind) {
    case 'tls':
      return compareServerName(opening.hello, host)
    case 'http':
    case 'http2':
    case 'other':
    case 'silence':
      return { code: 'request-not-http', detail: 'only TLS goes through unseen' } satisfies Problem
    case 'fault':
      return opening.problem
    default:
      return opening satisfies never
  }
}

const UNSEEN: RequestLine = { method: null, path: null, protocol: 'TLS' }

const NOTHING_SENT: Ending = {
  outcome: 'cancelled',
  status: null,
  dialedIp: null,
  bytesOut: 0,
  bytesIn: 0,
  error: null,
}
