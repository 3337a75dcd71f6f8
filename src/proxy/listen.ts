/** The proxy port: accepts connections and ends them all when told to. */

import net, { type AddressInfo, type Socket } from 'node:net'
import { parseIp, unmapIp } from '../model/address.ts'
import type { Problem } from '../model/errors.ts'
import { refuseByProblem } from '../model/refusal.ts'
import { serveConnect } from './connect.ts'
import { ClientConnection } from './http1/client-connection.ts'
import { ConnectionCounts } from './limits/connections.ts'
import type { ProxyContext } from './proxy.ts'
import { refuseOn } from './refuse.ts'

export interface Listener {
  /** What was bound: the port is known only now when 0 was asked for. */
  readonly address: string
  readonly port: number
  /** Open client connections. */
  readonly connections: number
  /** Accepts nothing more, lets calls under way end for at most `grace` milliseconds, then closes everything. */
  close(grace: number): Promise<void>
}

/** @throws the system's error when the address cannot be bound. */
export async function listen(host: string, port: number, context: ProxyContext): Promise<Listener> {
  const sockets = new Set<Socket>()
  const counts = new ConnectionCounts(context.limits)
  const server = net.createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    const address = parseIp(socket.remoteAddress ?? '')
    // Gone before it was accepted.
    if (!address) {
      socket.destroy()
      return
    }
    const client = unmapIp(address)
    sockets.add(socket)
    socket.on('close', () => {
      sockets.delete(socket)
      counts.close(client.text)
    })
    const problem = counts.open(client.text)
    if (problem) {
      context.turnedAway(client, problem)
      // Who is told so takes up room for a while; beyond that there is nothing but an end.
      if (counts.total > 1.1 * context.limits.connections) socket.destroy()
      else turnAway(socket, problem)
      return
    }
    new ClientConnection({
      socket,
      scope: { client, tunnel: null, credentials: null, fault: null },
      context,
      onConnect: (tunnel) => {
        serveConnect({ client, tunnel, context }).catch((error: unknown) => {
          context.report('tunnel', error)
          socket.destroy()
        })
      },
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
