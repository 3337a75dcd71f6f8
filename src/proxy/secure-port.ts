/**
 * TLS to the proxy itself, on the same port: ended with a leaf for the name the client gives this proxy, and what is found inside is
 * served as on a plain connection.
 */

import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { type IpAddress, parseIp, unmapIp } from '../model/address.ts'
import { ANONYMOUS } from '../model/agent.ts'
import { type Host, parseHost } from '../model/authority.ts'
import type { Client } from '../model/client.ts'
import type { Problem } from '../model/errors.ts'
import type { Flow, RequestLine } from '../model/flow.ts'
import type { ClientHello } from '../tls/client-hello.ts'
import { readClientCertificate } from './client-certificate.ts'
import { acceptTls, HTTP1, HTTP2, refuseTls } from './client-tls.ts'
import { leafFor } from './intercept.ts'
import { readOpening } from './opening.ts'
import type { ProxyContext } from './proxy.ts'

/** A client whose first bytes are those of TLS. */
export interface SecureClient {
  readonly socket: Socket
  readonly client: Client
  readonly first: Buffer
  readonly context: ProxyContext
  /** Serves what is inside. @param fault why it is all refused; null for nothing */
  onSecure(tls: TLSSocket, client: Client, fault: Problem | null): void
}

/** Never rejects but for a defect of ours. */
export async function servePortTls(secure: SecureClient): Promise<void> {
  const { socket, client, first, context, onSecure } = secure
  const { deadlines, timeouts } = context
  const opening = await readOpening(socket, first, deadlines, timeouts.head)
  if (opening.kind !== 'tls') {
    if (opening.kind === 'fault' && opening.alert) refuseTls(socket, opening.alert)
    else socket.destroy()
    return record(secure, opening.kind === 'fault' ? opening.problem : NOT_TLS)
  }
  const { hello, bytes } = opening
  const host = hostAskedFor(hello, socket)
  if (!host) {
    refuseTls(socket, 'unrecognizedName')
    return record(secure, BAD_NAME)
  }
  const { askingLeaves, leaves } = context
  const secureContext = leafFor(host, client, hello, { ...context, leaves: askingLeaves ?? leaves })
  if ('code' in secureContext) {
    refuseTls(socket, secureContext.code === 'gate-failed' ? 'internalError' : 'accessDenied')
    return record(secure, secureContext)
  }
  socket.unshift(bytes)
  acceptTls({
    socket,
    secureContext,
    offer: BOTH,
    shared: context,
    requestCert: askingLeaves !== null,
    onSecure(tls) {
      const certificate = askingLeaves && readClientCertificate(tls)
      if (!certificate) onSecure(tls, client, null)
      else if ('code' in certificate) onSecure(tls, client, certificate)
      else onSecure(tls, { ...client, certificate }, null)
    },
    onFailure(cause) {
      const who = {
        clientIp: client.text,
        agent: ANONYMOUS,
        host: host.text,
        isPort: true,
      } as const
      const problem = context.acceptance.judgeFailure(who, hello, BOTH, cause)
      record(secure, problem).catch((error: unknown) => context.report('secure port', error))
    },
  })
}

/** The name asked for; without one, the address that was connected to. */
function hostAskedFor({ serverName }: ClientHello, socket: Socket): Host | null {
  if (serverName === null) {
    const ip = parseIp(socket.localAddress ?? '')
    return ip && { text: unmapIp(ip).text, ip: unmapIp(ip) }
  }
  const named = parseHost(serverName)
  return 'value' in named ? named.value : null
}

async function record({ client, context }: SecureClient, problem: Problem): Promise<void> {
  await context.enforcer.refuse(toPortFlow(client), null, problem, NO_REQUEST)
}

/** A connection to the proxy of which nothing else is known yet. */
export function toPortFlow({ text: clientIp }: IpAddress): Flow {
  return { mode: 'absolute', scheme: 'http', clientIp, agent: ANONYMOUS, inspection: 'headers' }
}

/** HTTP/1.1 first: of a proxy most clients expect nothing else, and choose what comes first. */
const BOTH = [HTTP1, HTTP2]
const NO_REQUEST: RequestLine = { method: null, path: null, protocol: 'TLS' }
const NOT_TLS: Problem = { code: 'client-tls-failed', detail: 'it begins like TLS but is not' }
const BAD_NAME: Problem = {
  code: 'client-tls-failed',
  detail: 'the TLS server name is not a host name',
}
