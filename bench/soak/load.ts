/**
 * Mixed load for a soak: every kind of traffic at once, each at a pace of its own, some of it rude. Every request has a path nobody else
 * has, so that what arrived can be held against what was written down.
 */

import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import tls from 'node:tls'
import { WebSocket } from 'ws'
import { openTunnel } from '../../test/support/clients.ts'
import type { TestProxy } from '../../test/support/proxy.ts'

export interface Place {
  readonly proxy: TestProxy
  /** PEM of the proxy's CA. */
  readonly ca: string
  readonly ports: {
    readonly http: number
    readonly https: number
    readonly http2: number
    readonly ws: number
  }
}

/** One go; throws when it did not go as it should. */
type Go = (place: Place, id: string) => Promise<void>

export interface Kind {
  readonly name: string
  /** Goes a second, at most so many at a time. */
  readonly perSecond: number
  readonly atOnce: number
  readonly go: Go
}

const INSIDE = 'api.de.test'
const OUTSIDE = 'api.us.test'

export const KINDS: readonly Kind[] = [
  { name: 'keep-alive', perSecond: 60, atOnce: 16, go: keepAlive },
  { name: 'new connection', perSecond: 8, atOnce: 4, go: newConnection },
  { name: 'plain', perSecond: 20, atOnce: 4, go: plain },
  { name: 'http2', perSecond: 40, atOnce: 16, go: overHttp2 },
  { name: 'blocked', perSecond: 5, atOnce: 2, go: blocked },
  { name: 'down', perSecond: 1, atOnce: 2, go: down },
  { name: 'up', perSecond: 1, atOnce: 2, go: up },
  { name: 'events', perSecond: 1, atOnce: 8, go: events },
  { name: 'websocket', perSecond: 2, atOnce: 4, go: webSocket },
  { name: 'gone halfway', perSecond: 4, atOnce: 4, go: goneHalfway },
  { name: 'reset halfway', perSecond: 4, atOnce: 4, go: resetHalfway },
  { name: 'no HTTP', perSecond: 2, atOnce: 2, go: garbage },
]

export interface Tally {
  done: number
  failed: number
  readonly reasons: Map<string, number>
}

/** Goes on until `signal` says so; then waits for what is under way. */
export async function drive(kind: Kind, place: Place, signal: AbortSignal): Promise<Tally> {
  const tally: Tally = { done: 0, failed: 0, reasons: new Map() }
  const lane = async (lane: number) => {
    for (let i = 0; !signal.aborted; i++) {
      const next = sleep((1_000 * kind.atOnce) / kind.perSecond)
      try {
        await within(GO_MS, kind.go(place, `${kind.name.replace(' ', '-')}-${lane}-${i}`))
        tally.done++
      } catch (error) {
        tally.failed++
        const reason = error instanceof Error ? error.message.slice(0, 120) : String(error)
        tally.reasons.set(reason, (tally.reasons.get(reason) ?? 0) + 1)
      }
      await next
    }
  }
  await Promise.all(Array.from({ length: kind.atOnce }, (_, i) => lane(i)))
  return tally
}

/** Nothing here takes so long by itself. */
const GO_MS = 30_000

function within(ms: number, work: Promise<void>): Promise<void> {
  work.catch(() => {})
  return Promise.race([
    work,
    sleep(ms, undefined, { ref: false }).then(() => {
      throw new Error('no end within 30 s')
    }),
  ])
}

const connections = new http.Agent({ keepAlive: true, maxSockets: 16 })
const secured = new Map<string, tls.TLSSocket>()

/** A connection is used for many requests and then replaced. */
async function keepAlive(place: Place, id: string): Promise<void> {
  const [, lane, count] = /-(\d+)-(\d+)$/.exec(id) ?? []
  const key = `keep-${lane}`
  let socket = secured.get(key)
  if (!socket || socket.destroyed || Number(count) % 500 === 0) {
    socket?.destroy()
    socket = await secure(place, INSIDE, place.ports.https)
    secured.set(key, socket)
  }
  await request(socket, INSIDE, place.ports.https, id)
}

async function newConnection(place: Place, id: string): Promise<void> {
  const socket = await secure(place, INSIDE, place.ports.https)
  await request(socket, INSIDE, place.ports.https, id)
  socket.end()
}

async function plain(place: Place, id: string): Promise<void> {
  expectStatus(await callPlain(place, INSIDE, id), 200)
}

async function blocked(place: Place, id: string): Promise<void> {
  expectStatus(await callPlain(place, OUTSIDE, id), 403)
}

async function callPlain(place: Place, name: string, id: string): Promise<number | undefined> {
  const host = `${name}:${place.ports.http}`
  const call = http.get({
    ...{ agent: connections, host: '127.0.0.1', port: place.proxy.port },
    ...{ path: `http://${host}/${id}`, headers: { Host: host } },
  })
  const [response] = (await once(call, 'response')) as [http.IncomingMessage]
  response.resume()
  await once(response, 'end')
  return response.statusCode
}

let session: http2.ClientHttp2Session | null = null
let opening: Promise<http2.ClientHttp2Session> | null = null
let streams = 0

async function overHttp2(place: Place, id: string): Promise<void> {
  if (!session || session.destroyed || session.closed || streams >= 1_000) {
    opening ??= openSession(place)
    session = await opening
    opening = null
  }
  streams++
  const path = `/${id}`
  const stream = session.request({ ':path': path, ':authority': `${INSIDE}:${place.ports.http2}` })
  const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
  stream.resume()
  await once(stream, 'close')
  expectStatus(Number(headers[':status']), 200)
}

async function openSession(place: Place): Promise<http2.ClientHttp2Session> {
  const socket = await secure(place, INSIDE, place.ports.http2, ['h2'])
  session?.close()
  streams = 0
  const opened = http2.connect(`https://${INSIDE}`, { createConnection: () => socket })
  opened.on('error', () => {})
  return opened
}

async function down(place: Place, id: string): Promise<void> {
  const socket = await secure(place, INSIDE, place.ports.https)
  await request(socket, INSIDE, place.ports.https, `big/${id}`)
  socket.end()
}

async function up(place: Place, id: string): Promise<void> {
  const socket = await secure(place, INSIDE, place.ports.https)
  await request(socket, INSIDE, place.ports.https, id, Buffer.alloc(2 * 1024 * 1024, 'x'))
  socket.end()
}

async function events(place: Place, id: string): Promise<void> {
  const socket = await secure(place, INSIDE, place.ports.https)
  await request(socket, INSIDE, place.ports.https, `events/${id}`)
  socket.end()
}

async function webSocket(place: Place, id: string): Promise<void> {
  const host = `${INSIDE}:${place.ports.ws}`
  const socket = await secure(place, INSIDE, place.ports.ws)
  const client = new WebSocket(`wss://${host}/${id}`, { createConnection: () => socket })
  await once(client, 'open')
  for (let i = 0; i < 10; i++) {
    client.send('x'.repeat(1_000 * i))
    await once(client, 'message')
  }
  client.close(1000)
  await once(client, 'close')
}

/** Leaves in the middle of an answer. */
async function goneHalfway(place: Place, id: string): Promise<void> {
  const socket = await secure(place, INSIDE, place.ports.https)
  socket.on('error', () => {})
  socket.write(`GET /big/${id} HTTP/1.1\r\nHost: ${INSIDE}:${place.ports.https}\r\n\r\n`)
  await once(socket, 'data')
  socket.destroy()
}

async function resetHalfway(place: Place, id: string): Promise<void> {
  const socket = await secure(place, INSIDE, place.ports.http2, ['h2'])
  const client = http2.connect(`https://${INSIDE}`, { createConnection: () => socket })
  client.on('error', () => {})
  const authority = `${INSIDE}:${place.ports.http2}`
  const stream = client.request({ ':path': `/big/${id}`, ':authority': authority })
  stream.on('error', () => {})
  await once(stream, 'response')
  stream.close(http2.constants.NGHTTP2_CANCEL)
  await once(stream, 'close')
  client.destroy()
}

async function garbage({ proxy }: Place): Promise<void> {
  const socket = net.connect(proxy.port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.end(Buffer.from('\x00\x01nonsense\r\n\r\n'))
  socket.resume()
  await once(socket, 'close')
}

async function secure(
  { proxy, ca }: Place,
  host: string,
  port: number,
  alpn: readonly string[] = ['http/1.1'],
): Promise<tls.TLSSocket> {
  const socket = await openTunnel(proxy, `${host}:${port}`)
  const secured = tls.connect({ socket, ca, servername: host, ALPNProtocols: [...alpn] })
  secured.on('error', () => {})
  await once(secured, 'secureConnect')
  return secured
}

/** One request and the whole of its answer. */
async function request(
  socket: tls.TLSSocket,
  host: string,
  port: number,
  id: string,
  body: Buffer | null = null,
): Promise<void> {
  const call = http.request({
    ...{ createConnection: () => socket, method: body ? 'POST' : 'GET', path: `/${id}` },
    headers: { Host: `${host}:${port}`, Connection: 'keep-alive' },
  })
  call.end(body ?? undefined)
  const [response] = (await once(call, 'response')) as [http.IncomingMessage]
  response.resume()
  await once(response, 'end')
  socket.removeAllListeners('data')
  expectStatus(response.statusCode, 200)
}

function expectStatus(got: number | undefined, wanted: number): void {
  if (got !== wanted) throw new Error(`status ${got} instead of ${wanted}`)
}

export function closeClients(): void {
  connections.destroy()
  for (const socket of secured.values()) socket.destroy()
  session?.destroy()
}
