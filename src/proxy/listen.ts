/** The proxy port: accepts connections and ends them all when told to. */

import net, { type AddressInfo, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { type Cidr, cidrContains, type IpAddress, parseIp, unmapIp } from '../model/address.ts'
import type { Problem } from '../model/errors.ts'
import { refuseByProblem } from '../model/refusal.ts'
import type { Channel } from './channel.ts'
import { HTTP2 } from './client-tls.ts'
import { serveConnect } from './connect.ts'
import { ClientConnection } from './http1/client-connection.ts'
import { ClientSession } from './http2/client-session.ts'
import type { ConnectionCounts } from './limits/connections.ts'
import type { ProxyContext, Tunnel } from './proxy.ts'
import { HeaderWait } from './proxy-protocol/receive.ts'
import { TOO_LATE, UNREAD } from './quiet-socket.ts'
import { refuseOn } from './refuse.ts'
import { servePortTls, toPortFlow } from './secure-port.ts'
import { FirstBytes, tellProtocol } from './sniff.ts'
import { SocksConnection } from './socks/serve.ts'

export interface Listener {
  /** What was bound: the port is known only now when 0 was asked for. */
  readonly address: string
  readonly port: number
  /** Open client connections. */
  readonly connections: number
  /** Accepts nothing more, lets calls under way end for at most `grace` milliseconds, then closes everything. */
  close(grace: number): Promise<void>
}

export interface ListenOptions {
  readonly host: string
  readonly port: number
  readonly counts: ConnectionCounts
  /** Peers that have to begin with a PROXY protocol header; from others there is no such thing. */
  readonly proxyProtocolFrom: readonly Cidr[]
}

/** @throws the system's error when the address cannot be bound. */
export async function listen(
  { host, port, counts, proxyProtocolFrom }: ListenOptions,
  context: ProxyContext,
): Promise<Listener> {
  const sockets = new Set<Socket>()
  const server = net.createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    const address = parseIp(socket.remoteAddress ?? '')
    // Gone before it was accepted.
    if (!address) {
      socket.destroy()
      return
    }
    const peer = unmapIp(address)
    let counted = peer.text
    sockets.add(socket)
    socket.on('close', () => {
      sockets.delete(socket)
      counts.close(counted)
    })
    /** @returns whether there is room for it */
    const open = (client: IpAddress): boolean => {
      const problem = counts.open(client.text)
      if (!problem) return true
      context.turnedAway(client, problem)
      // Who is told so takes up room for a while; beyond that there is nothing but an end.
      if (counts.total > 1.1 * context.limits.connections) socket.destroy()
      else turnAway(socket, problem)
      return false
    }
    if (!open(peer)) return
    if (!proxyProtocolFrom.some((prefix) => cidrContains(prefix, peer))) {
      return servePort(socket, peer, context)
    }
    new HeaderWait(socket, context, {
      onClient(named) {
        const client = named ?? peer
        counts.close(counted)
        counted = client.text
        if (open(client)) servePort(socket, client, context)
      },
      onFault: (problem) => refusePort(socket, peer, problem, context),
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, backlog: 4_096 }, resolve)
  })
  server.on('error', (error) => context.report('listener', error))
  const bound = server.address() as AddressInfo
  return {
    address: bound.address,
    port: bound.port,
    get connections() {
      return counts.total
    },
    async close(grace) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const connection of context.connections) connection.shutDown()
      const timer = setTimeout(() => {
        for (const socket of sockets) socket.destroy()
      }, grace)
      await closed
      clearTimeout(timer)
    },
  }
}

/** There is no room for it. It is told so in the clear: what it would have spoken is not read. */
function turnAway(socket: Socket, problem: Problem): void {
  socket.on('error', () => {})
  refuseOn(socket, refuseByProblem(null, problem, null))
}

/** One connection to the proxy port, whatever it speaks. */
function servePort(socket: Socket, client: IpAddress, context: ProxyContext): void {
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
          const onSecure = (tls: TLSSocket) =>
            serveHttp(tls, client, context, tls.alpnProtocol === HTTP2)
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
  client: IpAddress,
  context: ProxyContext,
  isHttp2: boolean,
): void {
  const options = {
    socket,
    scope: { client, tunnel: null, credentials: null, fault: null },
    context,
    onConnect: (tunnel: Tunnel) => openTunnel(client, tunnel, context),
  }
  if (isHttp2) new ClientSession(options)
  else new ClientConnection(options)
}

function openTunnel(client: IpAddress, tunnel: Tunnel, context: ProxyContext): void {
  serveConnect({ client, tunnel, context }).catch((error: unknown) => {
    context.report('tunnel', error)
    tunnel.socket.destroy()
  })
}
