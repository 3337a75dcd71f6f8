/** The way to a server of PostgreSQL: the connection judged, waited for where a person has to allow it, and opened. */

import type net from 'node:net'
import type { IpAddress } from '../../model/address.ts'
import type { Ending } from '../../model/audit-record.ts'
import type { Authority } from '../../model/authority.ts'
import type { Problem } from '../../model/errors.ts'
import type { Flow, RequestLine } from '../../model/flow.ts'
import { type Refusal, refuseByProblem } from '../../model/refusal.ts'
import type { HeadView } from '../../model/request-view.ts'
import type { Leave, Permit, Release } from '../../release.ts'
import type { Channel } from '../channel.ts'
import type { Connect } from '../connect.ts'
import { Departure } from '../departure.ts'
import { HeldRequest } from '../exchange/held-request.ts'
import { EMPTY_BODY } from '../exchange/peek.ts'
import type { TunnelTls } from '../origin/pool.ts'

export interface Opened {
  readonly permit: Permit
  readonly origin: net.Socket
  readonly address: IpAddress
  readonly isSecure: boolean
}

export interface Opening {
  readonly connect: Connect
  /** As the client is spoken with now: paused, and nobody listens to it. */
  readonly client: Channel
  readonly authority: Authority
  /** TLS with the server; null for none. */
  readonly tls: TunnelTls | null
  /** What is said will not be read. */
  readonly isUnread: boolean
  /** The one address that it may be; null for any that is judged. */
  readonly only: IpAddress | null
  /** Leave that was given already. */
  readonly leave: Leave | null
}

/** Never rejects. Null where the client has left. */
export async function openWay(opening: Opening): Promise<Opened | { refusal: Refusal } | null> {
  const { connect, client, authority, tls, isUnread, only } = opening
  const { enforcer, origins } = connect.context
  const departure = new Departure(client)
  const released = await release(opening, departure)
  departure.stop()
  if ('refusal' in released) return departure.signal.aborted ? null : released
  const { permit } = released
  const end = (ending: Partial<Ending>) => enforcer.settle(permit, { ...NOTHING_SENT, ...ending })
  if (departure.signal.aborted) {
    end({ error: 'request-incomplete' })
    return null
  }
  const refuse = (problem: Problem, outcome: Ending['outcome']) => {
    end({ outcome, error: problem.code })
    return { refusal: refuseByProblem(permit.id, problem, authority) }
  }
  const { policy } = permit.admission.assessment
  if (isUnread && permit.redact?.size && policy.onUnscannable.in === 'block') {
    return refuse(UNREADABLE, 'blocked')
  }
  const abort = new AbortController()
  const onClose = () => abort.abort()
  client.once('close', onClose)
  const { admission } = permit
  const dialed = await origins.openTunnel(
    only
      ? { ...admission, destination: { ...admission.destination, addresses: [only] } }
      : admission,
    abort.signal,
    tls,
  )
  client.off('close', onClose)
  if (!('socket' in dialed)) {
    if (tls && dialed.code.startsWith('tls-')) noteRefusedTls(connect, dialed)
    return refuse(dialed, 'failed')
  }
  const { socket: origin, address, isSecure } = dialed
  origin.on('error', () => {})
  return { permit, origin, address, isSecure }
}

/** Who prefers TLS tries without it where it fails. */
export function noteRefusedTls({ client, tunnel, context }: Connect, problem: Problem): void {
  const who = `${client.text} ${tunnel.authority.text}`
  context.postgresql.noteRefusedTls(who, problem, performance.now())
}

export function refusedTls({ client, tunnel, context }: Connect): Problem | null {
  const who = `${client.text} ${tunnel.authority.text}`
  return context.postgresql.refusedTls(who, performance.now())
}

async function release(opening: Opening, departure: Departure): Promise<Release> {
  const { connect, authority, isUnread, leave } = opening
  const { client, tunnel, context } = connect
  const { enforcer, identify } = context
  const line = isUnread ? UNREAD : READ
  const waiting = new HeldRequest(null, null, EMPTY_BODY, () => departure.watch())
  for (;;) {
    // People take their time: who asks may not be who they were.
    const agent = await identify(tunnel.credentials, client)
    const flow = toFlow(connect, 'code' in agent ? tunnel.agent : agent, isUnread)
    if ('code' in agent) return { refusal: await enforcer.refuse(flow, authority, agent, line) }
    const admission = await enforcer.admit(flow, authority)
    const { fault = null } =
      isUnread && enforcer.looksInside(admission)
        ? (await enforcer.inspect(admission, line, null, NO_HEAD)).line
        : line
    const released = await enforcer.releaseOrWait(admission, { ...line, fault }, waiting, leave)
    if (released !== 'again') return released
  }
}

export function toFlow({ client, tunnel }: Connect, agent: Flow['agent'], isUnread = false): Flow {
  const { mode, original = null } = tunnel
  const inspection = isUnread ? 'none' : 'full'
  return { mode, scheme: 'tcp', clientIp: client.text, agent, inspection, original }
}

/** The connection itself: there is no data in it yet, and no statement. */
export const READ: RequestLine = {
  method: null,
  path: null,
  protocol: 'postgresql',
  data: new Set(),
}
const UNREAD: RequestLine = { method: null, path: null, protocol: 'postgresql', statements: null }

const NO_HEAD: HeadView = { target: '', fields: [], header: () => [] }

const UNREADABLE: Problem = {
  code: 'answer-unscannable',
  detail: 'a rule takes data out of what the destination says, and nobody can read that here',
}

export const NOTHING_SENT: Ending = {
  outcome: 'cancelled',
  status: null,
  dialedIp: null,
  bytesOut: 0,
  bytesIn: 0,
  error: null,
}
