/**
 * The inside of a tunnel, opened up: TLS is ended with a leaf for the host CONNECT named, plain HTTP is read as it is, and what is
 * found inside is served like any client connection, fixed to that host and port. Nothing else is let through.
 */

import { type SecureContext, TLSSocket } from 'node:tls'
import { type Host, parseHost } from '../model/authority.ts'
import type { Problem } from '../model/errors.ts'
import type { Flow, RequestLine } from '../model/flow.ts'
import type { ClientHello } from '../tls/client-hello.ts'
import type { Connect } from './connect.ts'
import { ClientConnection } from './http1/client-connection.ts'
import { readOpening } from './opening.ts'

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
      return giveUp(connect, flow, opening.problem)
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
  const { deadlines, timeouts } = context
  const { host } = request.authority
  const disagreement = compareServerName(hello, host)
  // The refusal has to be readable: it is given under the name the client will check.
  const named = disagreement ? parseHost(hello.serverName ?? '') : null
  const leafHost = named && 'value' in named ? named.value : host
  let secureContext: SecureContext | Problem
  try {
    secureContext = context.leaves.get(leafHost, { client, tls13: hello.tls13 })
  } catch (error) {
    context.report('leaf certificate', error)
    return giveUp(connect, flow, { code: 'gate-failed', detail: 'no certificate could be made' })
  }
  if ('code' in secureContext) return giveUp(connect, flow, secureContext)
  const tls = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: [HTTP1] })
  const finish = () => {
    deadlines.delete(handshake)
    tls.off('secure', onSecure)
    tls.off('close', onClose)
  }
  const fail = (detail: string) => {
    finish()
    giveUp(connect, flow, { code: 'client-tls-failed', detail }).catch((error: unknown) =>
      context.report('tunnel', error),
    )
  }
  const onSecure = () => {
    finish()
    serveInside(connect, tls, 'https', disagreement)
  }
  let cause: NodeJS.ErrnoException | null = null
  const onClose = () => fail(sayHandshake(cause, hello))
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
async function giveUp({ socket, request, context }: Connect, flow: Flow, problem: Problem) {
  socket.destroy()
  await context.enforcer.refuse(flow, request.authority, problem, NO_REQUEST)
}

/** OpenSSL's reasons that tell an operator something, in words. */
function sayHandshake(cause: NodeJS.ErrnoException | null, hello: ClientHello): string {
  const code = cause?.code ?? ''
  if (/UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN/.test(code)) {
    return 'the client does not trust the CA of this proxy'
  }
  if (hello.alpn.length > 0 && !hello.alpn.includes(HTTP1)) {
    return `the client speaks only ${sayProtocols(hello.alpn)}, not ${HTTP1}`
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
const NO_REQUEST: RequestLine = { method: null, path: null, protocol: 'TLS' }
