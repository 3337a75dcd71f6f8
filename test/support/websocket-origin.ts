/** An origin that speaks WebSocket by the `ws` package: what it gets it sends back. */

import { once } from 'node:events'
import https from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws'
import type { Issued } from '../tls/support.ts'

export interface WebSocketOrigin extends AsyncDisposable {
  readonly port: number
  /** Raw header lists of the handshakes seen. */
  readonly heads: string[][]
  /** The sockets accepted, in order. */
  readonly accepted: WebSocket[]
}

export async function webSocketOrigin(
  certificate: Issued,
  options: ServerOptions = {},
): Promise<WebSocketOrigin> {
  const server = https.createServer({ key: certificate.keyPem, cert: certificate.pem })
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  const accepting = new WebSocketServer({ perMessageDeflate: true, ...options, server })
  const heads: string[][] = []
  const accepted: WebSocket[] = []
  accepting.on('connection', (socket, request) => {
    heads.push(request.rawHeaders)
    accepted.push(socket)
    socket.on('error', () => {})
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  })
  server.listen(0, '0.0.0.0')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    heads,
    accepted,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
