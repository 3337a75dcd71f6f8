/**
 * A request to cancel what a session does. INVARIANT: it goes to the very address of a session that the same agent has here, to the destination that it names,
 * and nowhere else; what nobody knows is not answered, as by a server.
 */

import type { Authority } from '../../model/authority.ts'
import type { Problem } from '../../model/errors.ts'
import type { Channel } from '../channel.ts'
import type { Connect } from '../connect.ts'
import { ALPN, askTls } from './ask-tls.ts'
import type { KnownSession } from './memory.ts'
import { NOTHING_SENT, openWay, READ, toFlow } from './open.ts'
import { toCancelRequest } from './startup.ts'

export interface Cancelling {
  readonly connect: Connect
  readonly client: Channel
  readonly authority: Authority
  readonly key: Buffer
}

/** Never rejects but for a defect of ours. */
export async function cancel({ connect, client, authority, key }: Cancelling): Promise<void> {
  const { tunnel, context } = connect
  const { identify, enforcer, postgresql, deadlines, timeouts } = context
  const agent = await identify(tunnel.credentials, connect.client)
  const known = 'code' in agent ? null : postgresql.find(key, agent.id)
  if (!known || !leadsTo(known, connect, authority)) {
    client.destroy()
    const flow = toFlow(connect, 'code' in agent ? tunnel.agent : agent)
    await enforcer.refuse(flow, authority, 'code' in agent ? agent : UNKNOWN, READ)
    return
  }
  const { address, isSecure, leave } = known
  const way = await openWay({
    connect,
    client,
    authority: known.authority,
    tls: isSecure ? { alpn: ALPN, ask: askTls } : null,
    isUnread: false,
    only: address,
    leave,
  })
  if (way === null || 'refusal' in way) return void client.destroy()
  const request = toCancelRequest(key)
  const { origin } = way
  let isOver = false
  const end = (bytesOut: number, error: 'tls-failed' | null) => {
    if (isOver) return
    isOver = true
    deadlines.delete(waiting)
    origin.destroy()
    client.destroy()
    enforcer.settle(way.permit, {
      ...NOTHING_SENT,
      outcome: error ? 'failed' : 'forwarded',
      dialedIp: way.address.text,
      bytesOut,
      error,
    })
  }
  // The server closes once it has passed it on, and only then the client is told the same.
  const waiting = { deadline: deadlines.in(timeouts.head), expire: () => end(request.length, null) }
  deadlines.add(waiting)
  if (isSecure && !way.isSecure) return end(0, 'tls-failed')
  origin.on('end', () => end(request.length, null))
  origin.on('close', () => end(request.length, null))
  origin.resume()
  origin.write(request)
}

/** Whether the client means the destination of that session: by its name, or by the address itself. */
function leadsTo(
  { authority, address }: KnownSession,
  { tunnel }: Connect,
  named: Authority,
): boolean {
  const { original = null } = tunnel
  if (original) return original.text === address.text && named.port === authority.port
  return named.text === authority.text
}

const UNKNOWN: Problem = {
  code: 'request-statement',
  detail: 'it asks to cancel a session that is not known here',
}
