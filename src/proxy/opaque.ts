/**
 * A connection whose content Cordon does not read: another protocol than HTTP. It is judged by where it goes and by what it seems to speak,
 * waits for a person where the policy says so, and is recorded with its bytes. INVARIANT: of a protocol whose server speaks first, no byte of
 * the client goes out before the server has shown that it speaks it.
 */

import type { Ending } from '../model/audit-record.ts'
import type { Problem } from '../model/errors.ts'
import type { Flow, Protocol, RequestLine } from '../model/flow.ts'
import { refuseByProblem } from '../model/refusal.ts'
import type { HeadView } from '../model/request-view.ts'
import type { Permit, Release } from '../release.ts'
import type { Channel } from './channel.ts'
import type { Connect } from './connect.ts'
import type { Deadlines } from './deadlines.ts'
import { Departure } from './departure.ts'
import { HeldRequest } from './exchange/held-request.ts'
import { EMPTY_BODY } from './exchange/peek.ts'
import {
  answersLikeRedis,
  believe,
  type Greeting,
  isGreeting,
  recogniseGreeting,
} from './protocol/recognise.ts'
import { serveRedis } from './redis/serve.ts'
import { UNREADABLE } from './statements/judge.ts'
import { type ChannelOptions, relayChannels } from './tunnel.ts'

export interface Opaque {
  readonly connect: Connect
  /** What it seems to be. */
  readonly protocol: Exclude<Protocol, 'tls' | 'http'>
  /** Whether it was found inside TLS that ended here: then it goes on inside TLS, with an origin that has proved its name. */
  readonly isSecure?: boolean
  /** The name of a protocol (ALPN) that the client was told is spoken there; the origin has to agree to it. */
  readonly alpn?: string | null
  /** The client waits for the server. @returns what takes the connection over if it speaks first after all */
  readonly onClientFirst: ((first: Buffer) => void) | null
}

/** Takes the tunnel over: what came early goes out first. Never rejects but for a defect of ours. */
export async function serveOpaque(opaque: Opaque): Promise<void> {
  const { connect, isSecure = false, alpn = null, onClientFirst } = opaque
  const { tunnel, context } = connect
  const { enforcer, origins, deadlines, timeouts } = context
  const { socket, authority, early } = tunnel
  const protocol = believe(opaque.protocol, authority.port)
  // Where it belongs: behind it there may be a goodbye, after which nothing can be put back.
  if (early) socket.unshift(early)
  const departure = new Departure(socket)
  const released = await release(connect, protocol, departure)
  departure.stop()
  const hasLeft = departure.signal.aborted
  if ('refusal' in released) {
    // Who has said nothing yet may still say something that passes, but on ports where it is the server's turn.
    const mayCome = onClientFirst !== null && !hasLeft && !isGreeting(protocol)
    const late = mayCome && (await hearFirst([socket], () => true, deadlines, timeouts.head))
    return late ? onClientFirst?.(late.bytes) : tunnel.refuse(released.refusal)
  }
  const { permit } = released
  const { id, admission, lease }: Permit = permit
  const end = (ending: Partial<Ending>) => enforcer.settle(permit, { ...NOTHING_SENT, ...ending })
  if (hasLeft) {
    socket.destroy()
    return end({ error: 'request-incomplete' })
  }
  // What a rule takes out of answers cannot be taken out either.
  const { onUnscannable } = admission.assessment.policy
  if (permit.redact?.size && onUnscannable.in === 'block') {
    end({ outcome: 'blocked', error: UNREADABLE.code })
    return tunnel.refuse(refuseByProblem(id, UNREADABLE, authority))
  }
  const abort = new AbortController()
  const onClose = () => abort.abort()
  socket.once('close', onClose)
  const dialed = await origins.openTunnel(admission, abort.signal, isSecure ? { alpn } : null)
  socket.off('close', onClose)
  if (!('socket' in dialed)) {
    const refusal = refuseByProblem(id, dialed, authority)
    end({ outcome: 'failed', error: refusal.code })
    return tunnel.refuse(refusal)
  }
  const { socket: origin, address } = dialed
  const dialedIp = address.text
  origin.on('error', () => {})
  tunnel.establish()
  const wanted = isGreeting(protocol) ? protocol : null
  if (wanted || onClientFirst) {
    const ears = onClientFirst ? [origin, socket] : [origin]
    const heard = await hearFirst(ears, recognises(origin), deadlines, timeouts.head)
    if (socket.destroyed || socket.readableEnded) {
      origin.destroy()
      socket.destroy()
      return end({ dialedIp, error: 'request-incomplete' })
    }
    if (heard?.from === socket) {
      origin.destroy()
      end({ dialedIp, error: 'request-incomplete' })
      return onClientFirst?.(heard.bytes)
    }
    const greeting = heard ? recogniseGreeting(heard.bytes) : null
    if (!heard || (wanted && greeting !== wanted)) {
      const problem = heard ? toUnexpected(wanted, greeting) : NOT_GREETED
      origin.destroy()
      end({ outcome: heard ? 'blocked' : 'failed', dialedIp, error: problem.code })
      return tunnel.refuse(refuseByProblem(id, problem, authority))
    }
    origin.unshift(heard.bytes)
  }
  const relayed: ChannelOptions = {
    client: socket,
    origin,
    context,
    lease,
    onEnd: (ended) => end({ ...ended, dialedIp }),
  }
  if (protocol === 'redis') serveRedis(connect, permit, dialedIp, relayed)
  else relayChannels({ ...relayed, isExpected: (first) => !answersLikeRedis(first, protocol) })
}

/** Waits for a person before it is opened: nothing can be said in it. */
async function release(
  { client, tunnel, context }: Connect,
  protocol: Protocol,
  departure: Departure,
): Promise<Release> {
  const { enforcer, identify } = context
  const { mode, authority, credentials, original = null } = tunnel
  const isRead = protocol === 'redis'
  const nothing = { method: null, path: null, protocol } as const
  const line: RequestLine = isRead ? nothing : { ...nothing, statements: null }
  const waiting = new HeldRequest(null, null, EMPTY_BODY, () => departure.watch())
  for (;;) {
    // People take their time: who asks may not be who they were.
    const agent = await identify(credentials, client)
    const known = 'code' in agent ? tunnel.agent : agent
    const flow: Flow = {
      mode,
      scheme: 'tcp',
      clientIp: client.text,
      agent: known,
      inspection: isRead ? 'full' : 'none',
      original,
    }
    if ('code' in agent) return { refusal: await enforcer.refuse(flow, authority, agent, line) }
    const admission = await enforcer.admit(flow, authority)
    // What a rule takes out of requests cannot be taken out of what nobody reads.
    const { fault = null } = enforcer.looksInside(admission)
      ? (await enforcer.inspect(admission, line, null, NO_HEAD)).line
      : line
    const released = await enforcer.releaseOrWait(admission, { ...line, fault }, waiting)
    if (released !== 'again') return released
  }
}

const NO_HEAD: HeadView = { target: '', fields: [], header: () => [] }

function toUnexpected(wanted: Greeting | null, greeting: string | null): Problem {
  return {
    code: 'protocol-unexpected',
    detail: `it was let through as ${wanted}, and the server speaks ${greeting === 'unknown' || greeting === null ? 'something else' : greeting}`,
  }
}

const NOT_GREETED: Problem = {
  code: 'connect-stalled',
  detail: 'nobody has said anything, neither the client nor the destination',
}

interface Heard {
  readonly from: Channel
  readonly bytes: Buffer
}

/** Whether what an origin has said so far tells what it speaks. */
function recognises(origin: Channel): (from: Channel, bytes: Buffer) => boolean {
  return (from, bytes) => from !== origin || recogniseGreeting(bytes) !== null
}

/** Whichever of the channels speaks first, until it has said enough; all are paused then. Null when one has gone, or none speaks in time. */
function hearFirst(
  channels: readonly Channel[],
  isEnough: (from: Channel, bytes: Buffer) => boolean,
  deadlines: Deadlines,
  timeout: number,
): Promise<Heard | null> {
  return new Promise((resolve) => {
    const said = new Map<Channel, Buffer>()
    const ears = channels.map((from) => ({
      from,
      hear(piece: Buffer) {
        const bytes = Buffer.concat([said.get(from) ?? Buffer.alloc(0), piece])
        said.set(from, bytes)
        if (isEnough(from, bytes)) finish({ from, bytes })
      },
    }))
    const leave = () => {
      const [first] = said
      finish(first ? { from: first[0], bytes: first[1] } : null)
    }
    const finish = (heard: Heard | null) => {
      deadlines.delete(waiting)
      for (const { from, hear } of ears) {
        from.off('data', hear)
        from.off('end', leave)
        from.off('close', leave)
        from.pause()
      }
      resolve(heard)
    }
    const waiting = { deadline: deadlines.in(timeout), expire: leave }
    if (channels.some(({ destroyed }) => destroyed)) return resolve(null)
    deadlines.add(waiting)
    for (const { from, hear } of ears) {
      from.on('end', leave)
      from.on('close', leave)
      from.on('data', hear)
      from.resume()
    }
  })
}

const NOTHING_SENT: Ending = {
  outcome: 'cancelled',
  status: null,
  dialedIp: null,
  bytesOut: 0,
  bytesIn: 0,
  error: null,
}
