/** A proxy like those of companies: CONNECT alone, over TCP or TLS, with Basic credentials if wanted. Can be told to misbehave. */

import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import type { Issued } from '../tls/support.ts'

export interface ConnectProxy extends AsyncDisposable {
  readonly port: number
  /** What was asked for, in order: `192.0.2.1:443`. */
  readonly asked: string[]
  /** The heads of those requests. */
  readonly heads: string[]
  /** Instead of connecting: what to do with a socket that has asked. Null: connect. */
  behave: ((socket: net.Socket, target: string) => void) | null
  readonly open: () => number
}

export interface ConnectProxyOptions {
  /** TLS with it. */
  readonly certificate?: Issued
  /** `user:password`. */
  readonly credentials?: string
  readonly address?: string
  /** Name to address; what is not there, it looks up like anybody. */
  readonly names?: Readonly<Record<string, string>>
}

export async function connectProxy({
  certificate,
  credentials,
  address = '127.0.0.1',
  names = {},
}: ConnectProxyOptions = {}): Promise<ConnectProxy> {
  const asked: string[] = []
  const heads: string[] = []
  const sockets = new Set<net.Socket>()
  const wanted =
    credentials && `Proxy-Authorization: Basic ${Buffer.from(credentials).toString('base64')}`
  const accept = (client: net.Socket) => {
    sockets.add(client)
    client.on('error', () => {}).on('close', () => sockets.delete(client))
    client.once('data', (bytes: Buffer) => {
      const head = bytes.toString('latin1')
      const target = /^CONNECT (\S+) HTTP\/1\.1\r\n/.exec(head)?.[1] ?? ''
      asked.push(target)
      heads.push(head)
      if (proxy.behave) proxy.behave(client, target)
      else if (wanted && !head.includes(`\r\n${wanted}\r\n`)) {
        const ask = 'Proxy-Authenticate: Basic realm="corp"\r\nContent-Length: 0\r\n'
        client.end(`HTTP/1.1 407 Proxy Authentication Required\r\n${ask}\r\n`)
      } else connect(client, target, names)
    })
  }
  const server = certificate
    ? tls.createServer({ key: certificate.keyPem, cert: certificate.pem }, accept)
    : net.createServer(accept)
  server.on('tlsClientError', () => {})
  server.listen(0, address)
  await once(server, 'listening')
  const proxy: ConnectProxy = {
    port: (server.address() as net.AddressInfo).port,
    asked,
    heads,
    behave: null,
    open: () => sockets.size,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return proxy
}

function connect(
  client: net.Socket,
  target: string,
  names: NonNullable<ConnectProxyOptions['names']>,
): void {
  const [, host = '', port] = /^\[?([^\]]+?)\]?:(\d+)$/.exec(target) ?? []
  const origin = net.connect({ host: names[host] ?? host, port: Number(port) })
  origin.once('connect', () => {
    client.write('HTTP/1.1 200 Connection established\r\n\r\n')
    client.pipe(origin)
    origin.pipe(client)
  })
  const end = () => client.destroy()
  origin.on('error', () => {
    if (origin.connecting || !client.destroyed) client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
  })
  origin.on('close', end)
  client.on('close', () => origin.destroy())
}
