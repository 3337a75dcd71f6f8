/**
 * What is far away, in a namespace of its own: name servers, web servers and servers of other protocols on every address there. Reads its
 * configuration from the file named; says one line of JSON for each thing that reaches it. Lines of JSON on stdin are DNS records to change.
 */

import { readFileSync } from 'node:fs'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import net, { type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import tls from 'node:tls'
import { type NameRecords, openDnsServer } from '../dns-server.ts'

export interface InternetConfig {
  readonly dns: string
  readonly records: Record<string, NameRecords>
  readonly key: string
  readonly cert: string
}

/** Something has reached a server. */
export interface Reached {
  readonly service: string
  /** The address it was for, and the one it came from. */
  readonly to: string
  readonly from: string
  /** `GET /path`, or the first bytes. */
  readonly what: string
  /** Host, or what the client asked for by SNI. */
  readonly host: string | null
}

const config = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as InternetConfig

const tell = (line: Reached | { readonly ready: true }) =>
  process.stdout.write(`${JSON.stringify(line)}\n`)

const plain = (text = '') => text.replace('::ffff:', '')

function note(service: string, { localAddress, remoteAddress }: Socket, what: string, host = '') {
  tell({ service, to: plain(localAddress), from: plain(remoteAddress), what, host: host || null })
}

/** The body, where there is one, is told of as well. What is asked for under `/slow` takes a second. */
const answer =
  (service: string) =>
  (request: IncomingMessage, response: ServerResponse): void => {
    let body = ''
    request.on('data', (piece) => {
      body += piece
    })
    request.on('end', () => {
      const what = [request.method, request.url, ...(body === '' ? [] : [body])].join(' ')
      note(service, request.socket, what, request.headers.host)
      const end = () => response.end(JSON.stringify({ to: plain(request.socket.localAddress) }))
      if (request.url?.startsWith('/slow')) setTimeout(end, 1_000)
      else end()
    })
  }

/** Says something first, then gives back what it is told. */
const greeting = (service: string, words: string | Buffer) => (socket: Socket) => {
  socket.on('error', () => {})
  if (words.length > 0) socket.write(words)
  socket.on('data', (piece) => {
    note(service, socket, piece.toString('latin1'))
    socket.write(piece)
  })
}

const MYSQL = Buffer.concat([
  Buffer.from([0x4a, 0, 0, 0, 10]),
  Buffer.from('8.0.36\0'),
  Buffer.alloc(62),
])

const { key, cert } = config
const servers: readonly (readonly [number, net.Server])[] = [
  [80, http.createServer(answer('http'))],
  [8080, http.createServer(answer('http'))],
  [443, https.createServer({ key, cert }, answer('https'))],
  [8443, https.createServer({ key, cert }, answer('https'))],
  [
    8082,
    http2.createServer((request, response) => {
      note(
        'h2c',
        request.stream.session?.socket as Socket,
        `${request.method} ${request.url}`,
        request.authority,
      )
      response.end('{}')
    }),
  ],
  [22, net.createServer(greeting('ssh', 'SSH-2.0-test\r\n'))],
  [25, net.createServer(greeting('smtp', '220 mail.test ESMTP\r\n'))],
  [110, net.createServer(greeting('pop3', '+OK ready\r\n'))],
  [389, net.createServer(greeting('ldap', ''))],
  [1883, net.createServer(greeting('mqtt', ''))],
  [143, net.createServer(greeting('imap', '* OK ready\r\n'))],
  [465, tls.createServer({ key, cert }, greeting('silent', ''))],
  [993, tls.createServer({ key, cert }, greeting('imaps', '* OK ready\r\n'))],
  // Not what its port says.
  [995, tls.createServer({ key, cert }, greeting('liar', '* OK ready\r\n'))],
  [2525, net.createServer(greeting('liar', 'SSH-2.0-test\r\n'))],
  [3306, net.createServer(greeting('mysql', MYSQL))],
  [5432, net.createServer(greeting('postgresql', ''))],
  [7000, net.createServer(greeting('echo', ''))],
  [9092, net.createServer(greeting('kafka', ''))],
  [7001, net.createServer(greeting('greeter', 'hello\r\n'))],
]

const dns = await openDnsServer({ host: config.dns, port: 53, records: config.records })
await Promise.all(
  servers.map(
    ([port, server]) =>
      new Promise<void>((resolve) => server.listen({ host: '::', port }, resolve)),
  ),
)
createInterface(process.stdin).on('line', (line) => {
  Object.assign(dns.records, JSON.parse(line))
})
tell({ ready: true })
