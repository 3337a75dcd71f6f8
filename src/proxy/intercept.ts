/**
 * The inside of a tunnel, opened up: TLS is ended with a leaf for the host CONNECT named, plain HTTP is read as it is, and what is
 * found inside is served like any client connection, fixed to that host and port. Nothing else is let through.
 */

import { type SecureContext, TLSSocket } from 'node:tls'
import type { Admission } from '../admission.ts'
import { type Host, parseHost } from '../model/authority.ts'
import type { Problem } from '../model/errors.ts'
import type { RequestLine } from '../model/flow.ts'
import type { ClientHello } from '../tls/client-hello.ts'
import type { Channel } from './channel.ts'
import type { Connect } from './connect.ts'
import { ClientConnection } from './http1/client-connection.ts'
import { ClientSession } from './http2/client-session.ts'
import { readOpening } from './opening.ts'

/** Serves the tunnel. @param admission of what CONNECT named, for what never becomes a request */
export async function intercept(connect: Connect, admission: Admission): Promise<void> {
  const { tunnel, context } = connect
  const { socket, early } = tunnel
  const { deadlines, timeouts } = context
  const opening = await readOpening(socket, early, deadlines, timeouts.head)
  switch (opening.kind) {
    case 'tls':
      socket.unshift(opening.bytes)
      return endTls(connect, admission, opening.hello)
    case 'http':
    case 'http2':
      socket.unshift(opening.bytes)
      return serveInside(connect, socket, 'http', opening.kind === 'http2', null)
    case 'fault':
      return giveUp(connect, admission, opening.problem)
    default:
      opening satisfies never
  }
}

/** How the server name a client asked for lies to the host CONNECT named. */
export function compareServerName(hello: ClientHello, host: Host): Problem | null {
  if (hello.serverName === null) return null
  const named = parseHost(hello.serverName)
  if ('value' in named && named.value.text === host.text) return null
  return { code: 'names-disagree', detail: 'the TLS server name is not the host CONNECT named' }
}

async function endTls(connect: Connect, admission: Admission, hello: ClientHello): Promise<void> {
  const { tunnel, context } = connect
  const { socket } = tunnel
  const { deadlines, timeouts } = context
  const { host } = tunnel.authority
  const disagreement = compareServerName(hello, host)
  // The refusal has to be readable: it is given under the name the client will check.
  const named = disagreement ? parseHost(hello.serverName ?? '') : null
  const leafHost = named && 'value' in named ? named.value : host
  const offer = disagreement ? BOTH : await protocolsFor(connect, admission, hello)
  if (socket.destroyed) return giveUp(connect, admission, LEFT_EARLY)
  let secureContext: SecureContext
  try {
    secureContext = context.leafContext(leafHost)
  } catch (error) {
    context.report('leaf certificate', error)
    const problem = { code: 'gate-failed', detail: 'no certificate could be made' } as const
    return giveUp(connect, admission, problem)
  }
  const tls = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: [...offer] })
  const finish = () => {
    deadlines.delete(handshake)
    tls.off('secure', onSecure)
    tls.off('close', onClose)
  }
  const fail = (detail: string) => {
    finish()
    context.meter.count('client-tls-failed')
    giveUp(connect, admission, { code: 'client-tls-failed', detail }).catch((error: unknown) =>
      context.report('tunnel', error),
    )
  }
  const onSecure = () => {
    finish()
    serveInside(connect, tls, 'https', tls.alpnProtocol === HTTP2, disagreement)
  }
  let cause: NodeJS.ErrnoException | null = null
  const onClose = () => fail(sayHandshake(cause, hello, offer))
  const handshake = {
    deadline: deadlines.in(timeouts.head),
    expire: () => tls.destroy(),
  }
  deadlines.add(handshake)
  tls.on('secure', onSecure)
  tls.on('error', (error) => {
    cause ??= error
  })
  tls.on('close', onClose)
}

/**
 * What the client is offered: what the origin speaks (RFC 7301), so that both sides are what they would be without us. Where that is not
 * known the origin is asked, if it may be dialled at all; else everything is offered, and translated if need be.
 */
async function protocolsFor(
  { context }: Connect,
  admission: Admission,
  { alpn }: ClientHello,
): Promise<readonly string[]> {
  if (!alpn.includes(HTTP2)) return [HTTP1]
  const { origins, enforcer } = context
  const { host } = admission.destination.authority
  const { http1Only } = admission.assessment.policy
  if (http1Only.some((pattern) => pattern.matches(host.text))) return [HTTP1]
  const known = origins.protocolOf(admission)
  if (known) return known === HTTP2 ? BOTH : [HTTP1]
  if (!(await enforcer.permitProbe(admission))) return BOTH
  return (await origins.probe(admission)) === HTTP1 ? [HTTP1] : BOTH
}

function serveInside(
  { client, tunnel, context }: Connect,
  socket: Channel,
  scheme: 'http' | 'https',
  isHttp2: boolean,
  fault: Problem | null,
): void {
  const { authority, credentials } = tunnel
  const scope = { client, tunnel: { scheme, authority }, credentials, fault }
  if (isHttp2) new ClientSession({ socket, scope, context, onConnect: null })
  else new ClientConnection({ socket, scope, context, onConnect: null })
}

/** Records what never became a request. There is nothing to answer in. */
async function giveUp({ tunnel, context }: Connect, { flow }: Admission, problem: Problem) {
  tunnel.socket.destroy()
  await context.enforcer.refuse(flow, tunnel.authority, problem, NO_REQUEST)
}

/** OpenSSL's reasons that tell an operator something, in words. */
function sayHandshake(
  cause: NodeJS.ErrnoException | null,
  { alpn }: ClientHello,
  offer: readonly string[],
): string {
  const code = cause?.code ?? ''
  if (/UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN/.test(code)) {
    return 'the client does not trust the CA of this proxy'
  }
  if (alpn.length > 0 && !alpn.some((id) => offer.includes(id))) {
    return `the client speaks only ${sayProtocols(alpn)}, the destination ${offer.join(', ')}`
  }
  return code
    ? `the handshake ended with ${code}`
    : 'the client left within the handshake, as some do that do not trust the CA of this proxy'
}

/** They are bytes a client chose, and the log is read on terminals. */
function sayProtocols(alpn: readonly string[]): string {
  return alpn
    .map((id) => (/^[a-z0-9./-]{1,16}$/i.test(id) ? id : 'something else'))
    .join(', ')
    .slice(0, 100)
}

const HTTP1 = 'http/1.1'
const HTTP2 = 'h2'
const BOTH = [HTTP2, HTTP1]
const NO_REQUEST: RequestLine = { method: null, path: null, protocol: 'TLS' }
const LEFT_EARLY: Problem = {
  code: 'request-incomplete',
  detail: 'the client left before it used the tunnel',
}
