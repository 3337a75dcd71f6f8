/** An origin of HTTP/2 made of Node's own server, over TLS or in the clear. */

import { once } from 'node:events'
import http2 from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import type tls from 'node:tls'
import type { Issued } from '../tls/support.ts'

export interface Http2Origin extends AsyncDisposable {
  readonly port: number
  /** `GET /path` of the streams seen, in order. */
  readonly seen: string[]
  readonly server: http2.Http2Server | http2.Http2SecureServer
  /** Connections that are open now. */
  readonly open: () => number
}

export interface Http2OriginOptions {
  readonly address?: string
  readonly port?: number
  readonly onStream?: (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void
  readonly settings?: http2.Settings
  readonly allowHTTP1?: boolean
  /** Mebibytes that Node lets one connection take up (default 10): beyond it refuses streams. */
  readonly maxSessionMemory?: number
  /** Added to what it shows in TLS. */
  readonly tls?: tls.TlsOptions
}

/** @param certificate null for prior knowledge in the clear */
export async function http2Origin(
  certificate: Issued | null,
  {
    address = '127.0.0.1',
    port = 0,
    onStream = echoStream,
    tls: how,
    ...options
  }: Http2OriginOptions = {},
): Promise<Http2Origin> {
  const server = certificate
    ? http2.createSecureServer({
        key: certificate.keyPem,
        cert: certificate.pem,
        ...how,
        ...options,
      })
    : http2.createServer(options)
  const seen: string[] = []
  const sockets = new Set<Socket>()
  server.on(certificate ? 'secureConnection' : 'connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('sessionError', () => {})
  server.on('stream', (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
    stream.on('error', () => {})
    seen.push(`${headers[':method']} ${headers[':path']}`)
    onStream(stream, headers)
  })
  server.listen(port, address)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    server,
    open: () => sockets.size,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** What came, as JSON. */
export function echoStream(
  stream: http2.ServerHttp2Stream,
  headers: http2.IncomingHttpHeaders,
): void {
  const pieces: Buffer[] = []
  let trailers: http2.IncomingHttpHeaders = {}
  stream.on('trailers', (got) => {
    trailers = got
  })
  stream.on('data', (piece: Buffer) => pieces.push(piece))
  stream.on('end', () => {
    if (stream.destroyed) return
    const body = Buffer.concat(pieces)
    const text = body.length > 10_000 ? '' : body.toString('latin1')
    stream.respond({ ':status': 200, 'content-type': 'application/json' })
    const echo = { version: '2.0', method: headers[':method'], length: body.length, body: text }
    stream.end(JSON.stringify({ ...echo, headers, trailers }))
  })
}
