/** A port: accepts connections, counts them, and ends them all when told to. What is spoken on them is for whoever serves them. */

import net, { type AddressInfo, type Server, type Socket } from 'node:net'
import { type Cidr, cidrContains, type IpAddress, parseIp, unmapIp } from '../model/address.ts'
import type { Problem } from '../model/errors.ts'
import type { ConnectionCounts } from './limits/connections.ts'
import type { ProxyContext } from './proxy.ts'
import { HeaderWait } from './proxy-protocol/receive.ts'

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
  /** A socket that listens already, in place of host and port; null for none. */
  readonly fd: number | null
  readonly counts: ConnectionCounts
  /** Peers that have to begin with a PROXY protocol header; from others there is no such thing. */
  readonly proxyProtocolFrom: readonly Cidr[]
}

export interface Accepting {
  /**
   * Takes over a connection that there is room for.
   *
   * @param isDirect whether the other end of the socket is the client itself, as far as anybody says
   */
  serve(socket: Socket, client: IpAddress, isDirect: boolean): void
  /** Ends one that there is no room for. */
  turnAway(socket: Socket, problem: Problem): void
  /** Ends one that does not begin as it has to. */
  refuse(socket: Socket, peer: IpAddress, problem: Problem): void
  /** Called once it listens, before anything is accepted. */
  onBound?(server: Server): void
}

/** @throws the system's error when the address cannot be bound. */
export async function acceptOn(
  { host, port, fd, counts, proxyProtocolFrom }: ListenOptions,
  context: ProxyContext,
  { serve, turnAway, refuse, onBound }: Accepting,
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
      return serve(socket, peer, true)
    }
    new HeaderWait(socket, context, {
      onClient(named) {
        const client = named ?? peer
        counts.close(counted)
        counted = client.text
        if (open(client)) serve(socket, client, false)
      },
      onFault: (problem) => refuse(socket, peer, problem),
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(fd === null ? { host, port, backlog: 4_096 } : { fd }, () => {
      onBound?.(server)
      resolve()
    })
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
