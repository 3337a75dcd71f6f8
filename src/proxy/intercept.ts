/**
 * The inside of a tunnel, opened up: TLS is ended with a leaf for the host CONNECT named, plain HTTP is read as it is, and what is
 * found inside is served like any client connection, fixed to that host and port. Nothing else is let through.
 */

import type { SecureContext, TLSSocket } from 'node:tls'
import type { IpAddress } from '../model/address.ts'
import { type Host, parseHost } from '../model/authority.ts'
import type { Problem } from '../model/errors.ts'
import type { Flow, RequestLine } from '../model/flow.ts'
import type { ClientHello } from '../tls/client-hello.ts'
import type { Refusing } from './acceptance.ts'
import { acceptTls, refuseTls } from './client-tls.ts'
import type { Connect } from './connect.ts'
import { ClientConnection } from './http1/client-connection.ts'
import { readOpening } from './opening.ts'
import type { ProxyContext } from './proxy.ts'
import { refuseOn } from './refuse.ts'
import { FirstBytes, TOO_LATE, UNREAD } from './sniff.ts'

/** Serves the tunnel; `flow` is what CONNECT said, for what never becomes a request. */
export async function intercept(connect: Connect, flow: Flow): Promise<void> {
  const { socket, request, context } = connect
  const { deadlines, timeouts } = context
  const opening = await readOpening(socket, request.early, deadlines, timeouts.head)
  switch (opening.kind) {
    case 'tls':
      socket.unshift(opening.bytes)
      return endTls(connect, flow, opening.hello)
    case 'http':
      socket.unshift(opening.bytes)
      return serveInside(connect, socket, 'http', null)
    case 'fault':
      if (opening.alert) refuseTls(socket, opening.alert)
      else socket.destroy()
      return record(connect, flow, opening.problem)
    default:
      opening satisfies never
  }
}

/** How the server name a client asked for lies to the host CONNECT named. */
export function compareServerName(hello: ClientHello, host: Host): Problem | null {
  if (hello.serverName === null || hello.serverName === host.text) return null
  const named = parseHost(hello.serverName)
  if ('value' in named && named.value.text === host.text) return null
  return { code: 'names-disagree', detail: 'the TLS server name is not the host CONNECT named' }
}

async function endTls(connect: Connect, flow: Flow, hello: ClientHello): Promise<void> {
  const { socket, client, request, context } = connect
  const { host } = request.authority
  const disagreement = compareServerName(hello, host)
  // The refusal has to be readable: it is given under the name the client will check.
  const named = disagreement ? parseHost(hello.serverName ?? '') : null
  const leafHost = named && 'value' in named ? named.value : host
  const secureContext = leafFor(leafHost, client, hello, context)
  if ('code' in secureContext) {
    refuseTls(socket, secureContext.code === 'gate-failed' ? 'internalError' : 'accessDenied')
    return record(connect, flow, secureContext)
  }
  const who = { clientIp: flow.clientIp, agent: flow.agent, host: leafHost.text }
  acceptTls({
    socket,
    secureContext,
    shared: context,
    onSecure: (tls) => awaitRequest(connect, flow, tls, disagreement, who),
    onFailure: (cause) =>
      run(context, record(connect, flow, context.acceptance.judgeFailure(who, hello, cause))),
  })
}

/** Never throws: a CA that cannot be used is one more reason. */
export function leafFor(
  host: Host,
  client: IpAddress,
  { tls13 }: ClientHello,
  { leaves, report }: ProxyContext,
): SecureContext | Problem {
  try {
    return leaves.get(host, { client, tls13 })
  } catch (error) {
    report('leaf certificate', error)
    return { code: 'gate-failed', detail: 'no certificate could be made' }
  }
}

/** A client that says anything at all has accepted the certificate. */
function awaitRequest(
  connect: Connect,
  flow: Flow,
  tls: TLSSocket,
  fault: Problem | null,
  who: Refusing,
): void {
  const { context, request } = connect
  const { acceptance } = context
  const securedAt = performance.now()
  new FirstBytes(tls, context, {
    onBytes(first) {
      acceptance.accepted(who)
      serveInside(connect, tls, 'https', fault)
      tls.emit('data', first)
    },
    onGone() {
      const silence = acceptance.judgeSilence(who, performance.now() - securedAt)
      run(context, record(connect, flow, silence ?? LEFT))
    },
    onLate: () =>
      run(
        context,
        context.enforcer
          .refuse(flow, request.authority, TOO_LATE, UNREAD)
          .then((refusal) => refuseOn(tls, refusal)),
      ),
  })
}

function serveInside(
  { client, request, context }: Connect,
  socket: Connect['socket'],
  scheme: 'http' | 'https',
  fault: Problem | null,
): void {
  const { authority, credentials } = request
  const scope = { client, tunnel: { scheme, authority }, credentials, fault }
  new ClientConnection({ socket, scope, context, onConnect: null })
}

/** Records what never became a request. There is nothing to answer in. */
async function record({ request, context }: Connect, flow: Flow, problem: Problem): Promise<void> {
  await context.enforcer.refuse(flow, request.authority, problem, NO_REQUEST)
}

function run({ report }: ProxyContext, work: Promise<void>): void {
  work.catch((error: unknown) => report('tunnel', error))
}

const NO_REQUEST: RequestLine = { method: null, path: null, protocol: 'TLS' }
const LEFT: Problem = { code: 'request-incomplete', detail: 'the client left early' }
