/** TLS with a client of PostgreSQL that has asked for it and was told yes. The name it asks for comes only now. */

import { ANONYMOUS } from '../../model/agent.ts'
import { type Authority, parseHost, toAuthority } from '../../model/authority.ts'
import type { Problem } from '../../model/errors.ts'
import type { ClientHello } from '../../tls/client-hello.ts'
import type { Channel } from '../channel.ts'
import { acceptTls, refuseTls } from '../client-tls.ts'
import type { Connect } from '../connect.ts'
import { compareServerName, leafFor } from '../intercept.ts'
import { readOpening } from '../opening.ts'
import { ALPN } from './ask-tls.ts'

export interface SecuredClient {
  readonly socket: Channel
  /** Whom the client means: of one that has chosen its address, under the name it says. */
  readonly authority: Authority
  /** Why it is refused whatever it asks for; null for nothing. */
  readonly fault: Problem | null
}

/** Never rejects. Where there is no TLS, nothing is left of the connection. */
export async function secureClient(connect: Connect): Promise<SecuredClient | Problem> {
  const { client, tunnel, context } = connect
  const { socket } = tunnel
  const { deadlines, timeouts } = context
  const opening = await readOpening(socket, null, deadlines, timeouts.head)
  if (opening.kind !== 'tls') {
    const [problem, alert] =
      opening.kind === 'fault' ? [opening.problem, opening.alert] : [NOT_TLS, null]
    if (alert) refuseTls(socket, alert)
    else socket.destroy()
    return problem
  }
  const { hello, bytes } = opening
  const named = whoIsMeant(connect, hello)
  const { host } = named.shown
  const secureContext = leafFor(host, client, hello, context)
  if ('code' in secureContext) {
    refuseTls(socket, secureContext.code === 'gate-failed' ? 'internalError' : 'accessDenied')
    return secureContext
  }
  const who = { clientIp: client.text, agent: tunnel.agent ?? ANONYMOUS, host: host.text }
  const offer = hello.alpn.includes(ALPN) ? [ALPN] : []
  socket.unshift(bytes)
  return new Promise((resolve) => {
    acceptTls({
      socket,
      secureContext,
      offer,
      shared: context,
      onSecure(tls) {
        tls.pause()
        resolve({ socket: tls, authority: named.authority, fault: named.fault })
      },
      onFailure(cause) {
        context.meter.count('client-tls-failed')
        resolve(context.acceptance.judgeFailure(who, hello, offer, cause))
      },
    })
  })
}

interface Meant {
  readonly authority: Authority
  /** Whose certificate the client is shown: a refusal has to be readable. */
  readonly shown: Authority
  readonly fault: Problem | null
}

function whoIsMeant({ tunnel }: Connect, hello: ClientHello): Meant {
  const { authority, original = null } = tunnel
  const parsed = hello.serverName === null ? null : parseHost(hello.serverName)
  const named = parsed && 'value' in parsed ? toAuthority(parsed.value, authority.port) : authority
  // INVARIANT: a name that a client of its own address says is one that is judged with that address, and proves nothing (`original`).
  if (original) return { authority: named, shown: named, fault: null }
  return { authority, shown: named, fault: compareServerName(hello, authority.host) }
}

const NOT_TLS: Problem = {
  code: 'client-tls-failed',
  detail: 'it asked for TLS, and then spoke something else',
}
