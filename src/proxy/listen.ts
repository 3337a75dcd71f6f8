/** The proxy port: tells what a connection speaks, and leads it to whoever serves that. */

import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { IpAddress } from '../model/address.ts'
import type { Client } from '../model/client.ts'
import type { Problem } from '../model/errors.ts'
import { refuseByProblem } from '../model/refusal.ts'
import { acceptOn, type Listener, type ListenOptions } from './accept.ts'
import type { Channel } from './channel.ts'
import { HTTP2 } from './client-tls.ts'
import { serveConnect } from './connect.ts'
import { ClientConnection } from './http1/client-connection.ts'
import { ClientSession } from './http2/client-session.ts'
import { withLocalUser } from './local-user.ts'
import type { ProxyContext, Tunnel } from './proxy.ts'
import { TOO_LATE, UNREAD } from './quiet-socket.ts'
import { refuseOn } from './refuse.ts'
import { servePortTls, toPortFlow } from './secure-port.ts'
import { FirstBytes, tellProtocol } from './sniff.ts'
import { SocksConnection } from './socks/serve.ts'

/** @throws the system's error when the address cannot be bound. */
export function listen(options: ListenOptions, context: ProxyContext): Promise<Listener> {
  return acceptOn(options, context, {
    serve: (socket, client, isDirect) =>
      servePort(socket, isDirect ? withLocalUser(socket, client, null, context) : client, context),
    turnAway,
    refuse: (socket, peer, problem) => refusePort(socket, peer, problem, context),
  })
}

/** There is no room for it. It is told so in the clear: what it would have spoken is not read. */
function turnAway(socket: Socket, problem: Problem): void {
  socket.on('error', () => {})
  refuseOn(socket, refuseByProblem(null, problem, null))
}

/** One connection to the proxy port, whatever it speaks. */
function servePort(socket: Socket, client: Client, context: ProxyContext): void {
  const { report } = context
  const run = (work: Promise<void>) =>
    work.catch((error: unknown) => {
      report('listener', error)
      socket.destroy()
    })
  new FirstBytes(socket, context, {
    onBytes(first) {
      const protocol = tellProtocol(first)
      switch (protocol) {
        case 'tls': {
          socket.pause()
          const onSecure = (tls: TLSSocket, known: Client, fault: Problem | null) =>
            serveHttp(tls, known, context, tls.alpnProtocol === HTTP2, fault)
          return void run(servePortTls({ socket, client, first, context, onSecure }))
        }
        case 'http':
        case 'http2':
          serveHttp(socket, client, context, protocol === 'http2')
          socket.emit('data', first)
          return
        case 'socks4':
        case 'socks5':
          new SocksConnection({
            socket,
            client,
            version: protocol === 'socks5' ? 5 : 4,
            context,
            onTunnel: (tunnel) => openTunnel(client, tunnel, context),
          })
          socket.emit('data', first)
          return
        default:
          return protocol satisfies never
      }
    },
    onGone() {},
    onLate: () => refusePort(socket, client, TOO_LATE, context),
  })
}

/** Refuses what never became a request. */
function refusePort(
  socket: Socket,
  client: IpAddress,
  problem: Problem,
  { enforcer, report }: ProxyContext,
): void {
  enforcer.refuse(toPortFlow(client), null, problem, UNREAD).then(
    (refusal) => refuseOn(socket, refusal),
    (error: unknown) => {
      report('listener', error)
      socket.destroy()
    },
  )
}

function serveHttp(
  socket: Channel,
  client: Client,
  context: ProxyContext,
  isHttp2: boolean,
  fault: Problem | null = null,
): void {
  const options = {
    socket,
    scope: { client, tunnel: null, credentials: null, fault },
    context,
    onConnect: (tunnel: Tunnel) => openTunnel(client, tunnel, context),
  }
  if (isHttp2) new ClientSession(options)
  else new ClientConnection(options)
}

function openTunnel(client: Client, tunnel: Tunnel, context: ProxyContext): void {
  serveConnect({ client, tunnel, context }).catch((error: unknown) => {
    context.report('tunnel', error)
    tunnel.socket.destroy()
  })
}
