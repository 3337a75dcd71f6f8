/** Real servers to call: HTTP and HTTPS on loopback addresses of the test's choice, with certificates of a CA of its own. */

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import tls from 'node:tls'
import { type Issued, issue } from '../tls/support.ts'

export interface Origin extends AsyncDisposable {
  readonly port: number
  /** Request lines seen, in order: `GET /path`. */
  readonly seen: string[]
  /** Raw header lists of the requests seen. */
  readonly heads: string[][]
  /** Connections open now. */
  readonly open: () => number
  /** Throws away the keys with which TLS sessions are resumed. */
  readonly rekey: () => void
}

export interface OriginOptions {
  readonly address?: string
  readonly port?: number
  /** Answers; default: 200 with a JSON echo of the request. */
  readonly handler?: http.RequestListener
  /** Added to what an https origin shows. */
  readonly tls?: tls.TlsOptions
}

/** The private authority that all https origins of a test share. */
export function makeRoot(): Issued {
  return issue({ name: 'test root', ca: true })
}

export async function httpOrigin(options: OriginOptions = {}): Promise<Origin> {
  const seen: string[] = []
  const heads: string[][] = []
  return start(http.createServer(recording(options, seen, heads)), options, seen, heads)
}

/** @param certificate what it shows; its chain is not sent. */
export async function httpsOrigin(
  certificate: Issued,
  options: OriginOptions = {},
): Promise<Origin> {
  const seen: string[] = []
  const heads: string[][] = []
  const { keyPem: key, pem: cert } = certificate
  const server = https.createServer({ key, cert, ...options.tls }, recording(options, seen, heads))
  return start(server, options, seen, heads)
}

/** A server that does with each connection what the test wants, on TCP or, with a certificate, inside TLS. */
export async function rawOrigin(
  onConnection: (socket: net.Socket) => void,
  {
    certificate,
    address,
    allowHalfOpen = false,
  }: { certificate?: Issued; address?: string; allowHalfOpen?: boolean } = {},
): Promise<Origin> {
  const accept = (socket: net.Socket) => {
    socket.on('error', () => {})
    onConnection(socket)
    socket.resume()
  }
  const server = certificate
    ? tls.createServer({ key: certificate.keyPem, cert: certificate.pem, allowHalfOpen }, accept)
    : net.createServer({ allowHalfOpen }, accept)
  return start(server, { ...(address ? { address } : {}) }, [], [])
}

async function start(
  server: net.Server,
  { address = '127.0.0.1', port = 0 }: OriginOptions,
  seen: string[],
  heads: string[][],
): Promise<Origin> {
  const sockets = new Set<net.Socket>()
  server.on('connection', (socket: net.Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('tlsClientError', () => {})
  server.listen(port, address)
  await once(server, 'listening')
  return {
    port: (server.address() as net.AddressInfo).port,
    seen,
    heads,
    open: () => sockets.size,
    rekey: () => server instanceof tls.Server && server.setTicketKeys(randomBytes(48)),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function recording({ handler = echo }: OriginOptions, seen: string[], heads: string[][]) {
  return (request: http.IncomingMessage, response: http.ServerResponse) => {
    seen.push(`${request.method} ${request.url}`)
    heads.push(request.rawHeaders)
    handler(request, response)
  }
}

/** What came, as JSON: method, url, head, and the body's length and text. */
export function echo(request: http.IncomingMessage, response: http.ServerResponse): void {
  const pieces: Buffer[] = []
  request.on('data', (piece: Buffer) => pieces.push(piece))
  request.on('end', () => {
    const body = Buffer.concat(pieces)
    const { method, url, rawHeaders: head } = request
    const text = body.length > 10_000 ? '' : body.toString('latin1')
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify({ method, url, head, length: body.length, body: text }))
  })
}
