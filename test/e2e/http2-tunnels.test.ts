/**
 * CONNECT on streams of HTTP/2, at the port and inside TLS to it; HTTP/2 in the clear; the end of a process with streams under way; and that
 * nothing stays behind after thousands of streams that end in every way.
 */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http2 from 'node:http2'
import tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { converse, curl, openTls } from '../support/clients.ts'
import { type Http2Origin, http2Origin } from '../support/http2-origin.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { missing, program } from '../support/needs.ts'
import { eventually } from '../support/wait.ts'

let lab: Lab
let ca: string
let h2: Http2Origin
let h2c: Http2Origin
beforeAll(async () => {
  lab = await openLab({ config: 'limits: { http2_resets: 1000000 }' })
  ca = readFileSync(lab.proxy.ca, 'utf8')
  const address = '127.0.0.10'
  h2 = lab.keep(await http2Origin(lab.certificate('api.de.test'), { address, onStream: answer }))
  h2c = lab.keep(await http2Origin(null, { address, onStream: answer }))
})
afterAll(() => lab[Symbol.asyncDispose]())

/** By the path: never, half an answer, a reset, or all of one. */
function answer(stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders): void {
  stream.resume()
  const [, how] = (headers[':path'] ?? '').split('/')
  if (how === 'never') return
  if (how === 'reset') return stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR)
  stream.respond({ ':status': 200 })
  stream.write('half')
  if (how === 'slow') setTimeout(() => stream.end(' whole'), 500)
  else if (how !== 'half') stream.end(' whole')
}

async function bodyOf(stream: http2.ClientHttp2Stream): Promise<string> {
  return (await stream.toArray()).join('')
}

describe.each<[string, () => Promise<http2.ClientHttp2Session>]>([
  ['in the clear', async () => http2.connect(lab.proxy.url)],
  [
    'inside TLS to the proxy',
    async () =>
      http2.connect(`https://127.0.0.1:${lab.proxy.port}`, {
        ca,
        servername: 'proxy.corp.test',
      }),
  ],
])('CONNECT on a stream, %s', (_, connect) => {
  const tunnel = async (session: http2.ClientHttp2Session, authority: string) => {
    const stream = session.request({ ':method': 'CONNECT', ':authority': authority })
    const [head] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
    return { stream, status: head[':status'] }
  }

  test('many tunnels on one connection, with HTTP/1.1 and HTTP/2 in them', async () => {
    const session = await connect()
    await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const authority = `api.de.test:${i % 2 === 0 ? h2.port : lab.https.port}`
        const { stream, status } = await tunnel(session, authority)
        expect(status).toBe(200)
        const socket = tls.connect({
          socket: stream,
          ca,
          servername: 'api.de.test',
          ALPNProtocols: i % 2 === 0 ? ['h2'] : ['http/1.1'],
        })
        await once(socket, 'secureConnect')
        if (i % 2 === 1) {
          const body = 'x'.repeat(200_000)
          const head = `POST /${i} HTTP/1.1\r\nHost: ${authority}\r\nConnection: close\r\nContent-Length: ${body.length}`
          expect(await converse(socket, `${head}\r\n\r\n${body}`)).toContain('"length":200000')
        } else {
          const inner = http2.connect(`https://${authority}`, { createConnection: () => socket })
          expect(await bodyOf(inner.request({ ':path': `/${i}` }))).toBe('half whole')
          inner.close()
        }
        socket.destroy()
      }),
    )
    session.destroy()
  })

  test('what is refused inside is refused; a malformed one is on its stream alone', async () => {
    const session = await connect()
    const abroad = `api.us.test:${lab.https.port}`
    const { stream, status } = await tunnel(session, abroad)
    expect(status).toBe(200)
    const socket = tls.connect({ socket: stream, ca, servername: 'api.us.test' })
    await once(socket, 'secureConnect')
    const request = `GET / HTTP/1.1\r\nHost: ${abroad}\r\nConnection: close\r\n\r\n`
    expect(await converse(socket, request)).toContain('"code":"placement-outside"')
    expect((await tunnel(session, 'no port')).status).toBe(400)
    expect((await tunnel(session, `api.de.test:${h2.port}`)).status).toBe(200)
    session.destroy()
  })

  test('a client that takes the stream back ends what is inside', async () => {
    const session = await connect()
    const { stream } = await tunnel(session, `api.de.test:${h2.port}`)
    const socket = tls.connect({
      socket: stream,
      ca,
      servername: 'api.de.test',
      ALPNProtocols: ['h2'],
    })
    socket.on('error', () => {})
    await once(socket, 'secureConnect')
    const inner = http2.connect('https://api.de.test', { createConnection: () => socket })
    inner.on('error', () => {})
    const asked = inner.request({
      ':path': '/never/tunnel',
      ':authority': `api.de.test:${h2.port}`,
    })
    asked.on('error', () => {})
    await eventually('the origin to be asked', () => h2.seen.includes('GET /never/tunnel'))
    stream.close(http2.constants.NGHTTP2_CANCEL)
    await eventually('the row to end', () =>
      lab.proxy
        .flows()
        .some((flow) => flow.path === '/never/tunnel' && flow.outcome === 'cancelled'),
    )
    h2.seen.length = 0
    session.destroy()
  })

  test('a request beside the tunnels is relayed', async () => {
    const session = await connect()
    const stream = session.request({
      ':path': '/beside',
      ':scheme': 'http',
      ':authority': `api.de.test:${lab.http.port}`,
    })
    expect(await bodyOf(stream)).toContain('"url":"/beside"')
    session.destroy()
  })
})

describe.skipIf(missing(program('curl', '--version')))('HTTP/2 in the clear, by curl', () => {
  test('through a tunnel, to an origin that speaks it', async () => {
    const url = `http://api.de.test:${h2c.port}/clear`
    const got = await curl(lab.proxy, '--proxytunnel', '--http2-prior-knowledge', url)
    expect(got).toMatchObject({ status: 200, body: 'half whole' })
    expect(h2c.seen).toContain('GET /clear')
  })

  test('asked for by Upgrade: the request stays what it was', async () => {
    const url = `http://api.de.test:${lab.http.port}/upgrade`
    for (const how of [[], ['--proxytunnel']]) {
      const { status, body } = await curl(lab.proxy, ...how, '--http2', url)
      expect(status).toBe(200)
      expect(JSON.parse(body).head.join().toLowerCase()).not.toMatch(/h2c|http2-settings/)
    }
  })
})

async function metric(name: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${lab.proxy.consolePort}/metrics`)
  const line = (await response.text()).split('\n').find((text) => text.startsWith(`${name} `))
  return Number(line?.slice(name.length + 1))
}

test('3,000 streams that end in every way leave nothing behind', { timeout: 120_000 }, async () => {
  const authority = `api.de.test:${h2.port}`
  const ways = ['whole', 'reset', 'half', 'never']
  for (let round = 0; round < 30; round++) {
    const socket = await openTls(lab.proxy, authority, { ca, alpn: ['h2'] })
    const session = http2.connect(`https://${authority}`, { createConnection: () => socket })
    session.on('error', () => {})
    const ended = Array.from({ length: 100 }, (_, i) => {
      const how = ways[i % ways.length]
      const stream = session.request({ ':path': `/${how}/leak`, ':method': 'POST' })
      stream.on('error', () => {})
      if (how === 'half') stream.once('data', () => stream.close(http2.constants.NGHTTP2_CANCEL))
      else stream.resume()
      if (how === 'never') {
        stream.write(Buffer.alloc(10_000))
        // A third is taken back, the rest is left to the end of the connection.
        if (i % 3 === 0) setTimeout(() => stream.close(http2.constants.NGHTTP2_CANCEL), 20)
        return null
      }
      stream.end(Buffer.alloc(10_000))
      return new Promise((resolve) => stream.on('close', resolve))
    })
    await Promise.all(ended)
    if (round % 2 === 0) session.destroy()
    else socket.destroy()
  }
  await eventually('every row to have ended', () => {
    const rows = lab.proxy.query<{ n: number }>(
      "SELECT count(*) AS n FROM flows WHERE outcome = 'open'",
    )
    return rows[0]?.n === 0
  })
  const [row] = lab.proxy.query<{ n: number }>(
    "SELECT count(*) AS n FROM flows WHERE path LIKE '%/leak'",
  )
  expect(row?.n).toBe(3_000)
  await eventually('all clients to be gone', async () => {
    return (await metric('cordon_client_connections')) === 0
  })
  expect(await metric('cordon_held_bytes{what="http2"}')).toBe(0)
  // What is kept for the next caller, and no more.
  expect(await metric('cordon_origin_connections{kind="http2"}')).toBeLessThanOrEqual(8)
  expect(h2.open()).toBeLessThanOrEqual(8)
})

test('told to end, the proxy says GOAWAY and lets what is under way end', async () => {
  const authority = `api.de.test:${h2.port}`
  const socket = await openTls(lab.proxy, authority, { ca, alpn: ['h2'] })
  const session = http2.connect(`https://${authority}`, { createConnection: () => socket })
  const slow = session.request({ ':path': '/slow/end' })
  const [head] = (await once(slow, 'response')) as [http2.IncomingHttpHeaders]
  expect(head[':status']).toBe(200)
  const goodbye = once(session, 'goaway')
  const ended = lab.proxy.stop('SIGTERM')
  expect((await goodbye)[0]).toBe(http2.constants.NGHTTP2_NO_ERROR)
  expect(await bodyOf(slow)).toBe('half whole')
  expect(await ended).toBe(0)
  expect(lab.proxy.flows().at(-1)).toMatchObject({ path: '/slow/end', outcome: 'forwarded' })
})
