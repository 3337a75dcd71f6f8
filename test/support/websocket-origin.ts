/** An origin that speaks WebSocket by the `ws` package: what it gets it sends back. */

import { once } from 'node:events'
import https from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ServerOptions, WebSocket, WebSocketServer } from 'ws'
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

type Inner = WebSocket & {
  _isServer: boolean
  setSocket(stream: Duplex, head: Buffer, options: object): void
}

/** A side of a WebSocket on what is open already, such as a stream of HTTP/2: the package has no public way to make one. */
export function webSocketOn(stream: Duplex, isClient: boolean): WebSocket {
  const Inner = WebSocket as unknown as new (
    address: null,
    protocols: undefined,
    options: object,
  ) => Inner
  const socket = new Inner(null, undefined, { autoPong: true, closeTimeout: 30_000 })
  socket._isServer = !isClient
  // As sockets have them.
  Object.assign(stream, { setNoDelay: () => stream, setTimeout: () => stream })
  socket.setSocket(stream, Buffer.alloc(0), {})
  socket.on('error', () => {})
  return socket
}
