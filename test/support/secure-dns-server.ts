/**
 * The same DNS server behind TLS and behind HTTPS, each on a port of its own, with connections that are counted and can be
 * cut. What it says, and how it lies, is for the plain server to be told.
 */

import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import {
  createServer as createTlsServer,
  type SecureContextOptions,
  type TLSSocket,
} from 'node:tls'
import { type DnsServer, frame, openDnsServer } from './dns-server.ts'

export interface SecureDnsServer extends AsyncDisposable {
  readonly dns: DnsServer
  /** `tls://127.0.0.1:PORT`, without a name. */
  readonly tls: string
  /** `https://127.0.0.1:PORT/dns-query`, without a name. */
  readonly https: string
  /** Handshakes completed here; the client may still have turned away. */
  readonly connections: { tls: number; https: number }
  /** Heads of the HTTPS requests. */
  readonly requests: IncomingMessage[]
  /** In place of sending the replies over TLS one after the other. */
  onTls: ((replies: readonly Buffer[], connection: TLSSocket) => void) | null
  /** In place of sending the first reply over HTTPS. */
  onHttps: ((reply: Buffer, response: ServerResponse) => void) | null
  /** Closes every connection as a server does that has been idle. */
  hangUp(): void
}

export interface SecureOptions {
  readonly key: string
  readonly cert: string
  readonly records?: DnsServer['records']
  readonly tls?: SecureContextOptions
}

export const MEDIA_TYPE = 'application/dns-message'

export async function openSecureDnsServer(options: SecureOptions): Promise<SecureDnsServer> {
  const { key, cert, records = {} } = options
  const dns = await openDnsServer({ records })
  const sockets = new Set<Socket>()
  const tls = createTlsServer({ key, cert, noDelay: true, ...options.tls }, serveTls)
  const https = createHttpsServer({ key, cert, ...options.tls }, serveHttps)
  for (const listener of [tls, https]) {
    listener.on('tlsClientError', () => {})
    listener.on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => sockets.delete(socket))
    })
    listener.listen(0, '127.0.0.1')
    await once(listener, 'listening')
  }
  https.on('secureConnection', () => {
    server.connections.https++
  })
  const server: SecureDnsServer = {
    dns,
    tls: `tls://127.0.0.1:${(tls.address() as AddressInfo).port}`,
    https: `https://127.0.0.1:${(https.address() as AddressInfo).port}/dns-query`,
    connections: { tls: 0, https: 0 },
    requests: [],
    onTls: null,
    onHttps: null,
    hangUp() {
      for (const socket of sockets) socket.destroy()
    },
    async [Symbol.asyncDispose]() {
      server.hangUp()
      await Promise.all([tls, https].map((each) => new Promise((resolve) => each.close(resolve))))
      await dns[Symbol.asyncDispose]()
    },
  }
  return server

  function serveTls(connection: TLSSocket): void {
    server.connections.tls++
    let received = Buffer.alloc(0)
    connection.on('error', () => connection.destroy())
    connection.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0)
        const query = received.subarray(2, end)
        received = received.subarray(end)
        dns.receive(query, 'tls', (replies) => {
          if (server.onTls) server.onTls(replies, connection)
          else for (const reply of replies) connection.write(frame(reply))
        })
      }
    })
  }

  async function serveHttps(request: IncomingMessage, response: ServerResponse): Promise<void> {
    server.requests.push(request)
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    dns.receive(Buffer.concat(chunks), 'https', ([reply]) => {
      // None: silence.
      if (!reply) return
      if (server.onHttps) server.onHttps(reply, response)
      else response.writeHead(200, { 'content-type': MEDIA_TYPE }).end(reply)
    })
  }
}
