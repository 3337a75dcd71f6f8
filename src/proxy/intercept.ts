/**
 * The inside of a tunnel, opened up: TLS is ended with a leaf for the host CONNECT named, plain HTTP is read as it is, and what is
 * found inside is served like any client connection, fixed to that host and port. Other protocols that are known are judged by what they are and
 * relayed unread; nothing else is let through.
 */

import type { SecureContext, TLSSocket } from 'node:tls'
import type { IpAddress } from '../model/address.ts'
import { type Host, parseHost } from '../model/authority.ts'
import type { Problem } from '../model/errors.ts'
import type { Flow, RequestLine } from '../model/flow.ts'
import type { ClientHello } from '../tls/client-hello.ts'
import type { Refusing } from './acceptance.ts'
import type { Channel } from './channel.ts'
import { acceptTls, HTTP1, HTTP2, refuseTls } from './client-tls.ts'
import type { Connect } from './connect.ts'
import { ClientConnection } from './http1/client-connection.ts'
import { ClientSession } from './http2/client-session.ts'
import { BOTH, offerTo, ownProtocol } from './offer.ts'
import { serveOpaque } from './opaque.ts'
import { type Opening, type Other, readOpening, recogniseOther } from './opening.ts'
import { servePostgresql } from './postgresql/serve.ts'
import { PEEK_MS, SERVER_FIRST, SERVER_FIRST_IN_TLS } from './protocol/recognise.ts'
import type { ProxyContext } from './proxy.ts'
import { TOO_LATE, UNREAD } from './quiet-socket.ts'
import { refuseOn } from './refuse.ts'
import { FirstBytes } from './sniff.ts'

/** Serves the tunnel; `flow` is what CONNECT said, for what never becomes a request. */
export async function intercept(connect: Connect, flow: Flow): Promise<void> {
  const { tunnel, context } = connect
  const { socket, early } = tunnel
  const { deadlines, timeouts } = context
  const isServerFirst = SERVER_FIRST[tunnel.authority.port] !== undefined
  const patience = isServerFirst ? PEEK_MS : null
  const opening = await readOpening(socket, early, deadlines, timeouts.head, patience)
  await interceptOpening(connect, flow, opening)
}

/**
 * The same once it is known how it begins.
 *
 * @param fault why every request inside is refused; null where nothing is wrong so far
 */
export async function interceptOpening(
  connect: Connect,
  flow: Flow,
  opening: Opening,
  fault: Problem | null = null,
): Promise<void> {
  const { socket, authority } = connect.tunnel
  switch (opening.kind) {
    case 'tls':
      socket.unshift(opening.bytes)
      return endTls(connect, flow, opening.hello, fault)
    case 'http':
    case 'http2':
      socket.unshift(opening.bytes)
      return serveInside(connect, socket, 'http', opening.kind === 'http2', fault)
    case 'other':
      if (opening.protocol === 'postgresql') {
        return servePostgresql(opened(connect, opening.bytes))
      }
      return serveOpaque({
        connect: opened(connect, opening.bytes),
        protocol: opening.protocol,
        onClientFirst: null,
      })
    case 'silence':
      return serveOpaque({
        connect: opened(connect, null),
        protocol: SERVER_FIRST[authority.port] ?? 'unknown',
        onClientFirst: (bytes) => run(connect.context, intercept(opened(connect, bytes), flow)),
      })
    case 'fault':
      if (opening.alert) refuseTls(socket, opening.alert)
      else socket.destroy()
      return record(connect, flow, opening.problem)
    default:
      opening satisfies never
  }
}

/** The tunnel as it is now: open, so that nothing can be said about it any more. */
function opened(connect: Connect, early: Buffer | null): Connect {
  const { tunnel } = connect
  const refuse = () => void tunnel.socket.destroy()
  return { ...connect, tunnel: { ...tunnel, early, establish() {}, refuse } }
}

/** How the server name a client asked for lies to the host CONNECT named. */
export function compareServerName(hello: ClientHello, host: Host): Problem | null {
  if (hello.serverName === null || hello.serverName === host.text) return null
  const named = parseHost(hello.serverName)
  if ('value' in named && named.value.text === host.text) return null
  if (host.ip) return { code: 'names-disagree', detail: BY_ADDRESS }
  return { code: 'names-disagree', detail: 'the TLS server name is not the host CONNECT named' }
}

async function endTls(
  connect: Connect,
  flow: Flow,
  hello: ClientHello,
  given: Problem | null,
): Promise<void> {
  const { client, tunnel, context } = connect
  const { socket } = tunnel
  const { host } = tunnel.authority
  const disagreement = compareServerName(hello, host)
  // The refusal has to be readable: it is given under the name the client will check.
  const named = disagreement ? parseHost(hello.serverName ?? '') : null
  const leafHost = named && 'value' in named ? named.value : host
  const fault = given ?? disagreement
  if (fault && ownProtocol(hello.alpn) !== null) {
    refuseTls(socket, 'accessDenied')
    return record(connect, flow, fault)
  }
  const offer = fault ? BOTH : await offerTo(connect, flow, hello)
  if (socket.destroyed) return record(connect, flow, LEFT)
  const secureContext = leafFor(leafHost, client, hello, context)
  if ('code' in secureContext) {
    if (secureContext.code === 'leaf-rate-limited') context.meter.count('leaf-refused')
    refuseTls(socket, secureContext.code === 'gate-failed' ? 'internalError' : 'accessDenied')
    return record(connect, flow, secureContext)
  }
  const who = { clientIp: flow.clientIp, agent: flow.agent, host: leafHost.text }
  acceptTls({
    socket,
    secureContext,
    offer,
    shared: context,
    onSecure: (tls) => awaitRequest(connect, flow, tls, fault, who),
    onFailure(cause) {
      context.meter.count('client-tls-failed')
      const problem = context.acceptance.judgeFailure(who, hello, offer, cause)
      run(context, record(connect, flow, problem))
    },
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
  const { context, tunnel } = connect
  const { acceptance } = context
  const securedAt = performance.now()
  const alpn = ownProtocol([tls.alpnProtocol || HTTP1])
  const serveOther = (protocol: Other, first: Buffer | null) => {
    tls.pause()
    const inside = opened({ ...connect, tunnel: { ...tunnel, socket: tls } }, first)
    if (protocol === 'postgresql') return run(context, servePostgresql(inside, { alpn, fault }))
    const onLater = (bytes: Buffer) => {
      tls.unshift(bytes)
      awaitRequest(connect, flow, tls, fault, who)
    }
    const onClientFirst = first ? null : onLater
    run(context, serveOpaque({ connect: inside, protocol, isSecure: true, alpn, onClientFirst }))
  }
  const greeting = fault ? undefined : SERVER_FIRST_IN_TLS[tunnel.authority.port]
  new FirstBytes(tls, context, {
    ...(greeting ? { onSilence: () => serveOther(greeting, null) } : {}),
    onBytes(first) {
      acceptance.accepted(who)
      const protocol = recogniseOther(first)
      if (protocol && protocol !== 'postgresql' && fault) {
        tls.destroy()
        return run(context, record(connect, flow, fault))
      }
      if (protocol) return serveOther(protocol, first)
      serveInside(connect, tls, 'https', tls.alpnProtocol === HTTP2, fault)
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
          .refuse(flow, tunnel.authority, TOO_LATE, UNREAD)
          .then((refusal) => refuseOn(tls, refusal)),
      ),
  })
}

function serveInside(
  { client, tunnel, context }: Connect,
  socket: Channel,
  scheme: 'http' | 'https',
  isHttp2: boolean,
  fault: Problem | null,
): void {
  const { mode, authority, credentials, original = null } = tunnel
  const scope = { client, tunnel: { mode, scheme, authority, original }, credentials, fault }
  if (isHttp2) new ClientSession({ socket, scope, context, onConnect: null })
  else new ClientConnection({ socket, scope, context, onConnect: null })
}

/** Records what never became a request. There is nothing to answer in. */
async function record({ tunnel, context }: Connect, flow: Flow, problem: Problem): Promise<void> {
  await context.enforcer.refuse(flow, tunnel.authority, problem, NO_REQUEST)
}

function run({ report }: ProxyContext, work: Promise<void>): void {
  work.catch((error: unknown) => report('tunnel', error))
}

const BY_ADDRESS =
  'an address was asked for, and TLS names a host: let the proxy look names up (with SOCKS `socks5h` or 4a, with CONNECT the name)'
const NO_REQUEST: RequestLine = { method: null, path: null, protocol: 'TLS' }
const LEFT: Problem = { code: 'request-incomplete', detail: 'the client left early' }
