/** Clients of HTTP/1.1 and origins that speak HTTP/2 alone: what one says, the other hears, and nothing is read twice. */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import tls, { type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import WebSocket from 'ws'
import { converse, curl, openTls, runProgram, throughProxy } from '../support/clients.ts'
import { echoStream, type Http2Origin, http2Origin } from '../support/http2-origin.ts'
import {
  data,
  END_STREAM,
  goAway,
  headers,
  type RawPeer,
  rawHttp2Origin,
  reset,
  settings,
} from '../support/http2-peer.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { type Message, readMessages } from '../support/messages.ts'
import { missing, program } from '../support/needs.ts'
import { eventually } from '../support/wait.ts'
import { webSocketOn } from '../support/websocket-origin.ts'

let lab: Lab
let ca: string
let origin: Http2Origin
let at: string
let resets: (number | undefined)[] = []
beforeAll(async () => {
  // What one process has learned of an origin, others have not.
  lab = await openLab({ workers: 1, config: 'timeouts: { half_closed: 300ms }' })
  ca = readFileSync(lab.proxy.ca, 'utf8')
  origin = lab.keep(
    await http2Origin(lab.certificate('api.de.test'), {
      address: '127.0.0.10',
      maxSessionMemory: 100,
      onStream: serve,
    }),
  )
  at = `api.de.test:${origin.port}`
})
afterAll(() => lab[Symbol.asyncDispose]())

function serve(stream: http2.ServerHttp2Stream, fields: http2.IncomingHttpHeaders): void {
  stream.on('close', () => resets.push(stream.rstCode))
  switch (fields[':path']) {
    case '/empty':
      return stream.respond({ ':status': 200 }, { endStream: true })
    case '/204':
      return stream.respond({ ':status': 204 }, { endStream: true })
    case '/304':
      return stream.respond(
        { ':status': 304, etag: '"x"', 'content-length': 5 },
        { endStream: true },
      )
    case '/length':
      stream.respond({ ':status': 200, 'content-length': 5, 'set-cookie': ['a=1', 'b=2'] })
      if (fields[':method'] === 'HEAD') stream.end()
      else stream.end('hello')
      return
    case '/interim':
      stream.additionalHeaders({ ':status': 103, link: '</a.css>; rel=preload' })
      return echoStream(stream, fields)
    case '/expect':
      stream.additionalHeaders({ ':status': 100 })
      return echoStream(stream, fields)
    case '/trailers':
      stream.respond({ ':status': 200, trailer: 'x-sum' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '42' }))
      stream.end('body')
      return
    case '/early':
      stream.respond({ ':status': 413 })
      stream.end('too much')
      return
    case '/broken':
      stream.respond({ ':status': 200 })
      stream.write('some')
      setImmediate(() => stream.destroy(new Error('broken')))
      return
    case '/reset':
      stream.destroy(new Error('broken'))
      return
    case '/never':
      return
    case '/slow':
      stream.respond({ ':status': 200 })
      stream.end(Buffer.alloc(32 * 1024 * 1024, 'x'))
      return
    default:
      return echoStream(stream, fields)
  }
}

const open = () => openTls(lab.proxy, at, { ca, alpn: ['http/1.1'] })

/** Sends a request on a connection of its own, and gives the whole answers: interim ones first. */
async function ask(text: string, socket?: TLSSocket): Promise<Message[]> {
  const own = socket ?? (await open())
  const method = text.slice(0, text.indexOf(' '))
  const got = await converse(own, text.replaceAll('AT', at), {
    until: untilWhole(method),
  })
  if (!socket) own.destroy()
  return readMessages(got, [method])
}

function untilWhole(method: string): RegExp {
  const whole = (text: string) => {
    const messages = readMessages(text, [method])
    const last = messages.at(-1)
    return last?.complete === true && !/^HTTP\/1.1 1/.test(last.start)
  }
  // What `converse` asks for is a pattern; this one reads.
  return { test: whole } as RegExp
}

/** What the echo says of the request. */
function echoed(messages: readonly Message[]) {
  return JSON.parse(messages.at(-1)?.body ?? '') as {
    method: string
    body: string
    length: number
    headers: Record<string, string | string[]>
    trailers: Record<string, string>
  }
}

describe('a request', () => {
  test('has its names in lower case, its authority in `:authority`, and nothing of its connection', async () => {
    const got = echoed(
      await ask(
        'GET /a?b=1 HTTP/1.1\r\nHost: AT\r\nX-Upper: One\r\nx-upper: Two\r\nConnection: keep-alive, X-Mine\r\nX-Mine: 1\r\n' +
          'Keep-Alive: timeout=5\r\nTE: trailers, deflate\r\nProxy-Connection: x\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n',
      ),
    )
    expect(got).toMatchObject({ method: 'GET', length: 0 })
    expect(got.headers).toEqual({
      ':method': 'GET',
      ':scheme': 'https',
      ':authority': at,
      ':path': '/a?b=1',
      te: 'trailers',
      'x-upper': 'One, Two',
      cookie: 'a=1; b=2',
      via: expect.stringMatching(/^1\.1 /),
    })
  })

  test('has its body and trailers, whatever frames it', async () => {
    const sized = echoed(
      await ask('POST /x HTTP/1.1\r\nHost: AT\r\nContent-Length: 5\r\n\r\nhello'),
    )
    expect(sized).toMatchObject({ method: 'POST', body: 'hello' })
    expect(sized.headers['content-length']).toBe('5')
    const chunked = echoed(
      await ask(
        'PUT /x HTTP/1.1\r\nHost: AT\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 7\r\nHost: evil.test\r\n\r\n',
      ),
    )
    expect(chunked).toMatchObject({ method: 'PUT', body: 'abcde', trailers: { 'x-sum': '7' } })
    expect(chunked.headers).not.toHaveProperty('transfer-encoding')
    expect(chunked.trailers).not.toHaveProperty('host')
  })

  test('waits for the leave of the origin where it says so', async () => {
    const socket = await open()
    const head = `POST /expect HTTP/1.1\r\nHost: ${at}\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n`
    const first = await converse(socket, head, { until: /\r\n\r\n/ })
    expect(first).toMatch(/^HTTP\/1\.1 100 /)
    expect(echoed(await ask('ok POST', socket))).toMatchObject({ body: 'ok' })
    socket.destroy()
  })

  test('of HTTP/1.0 gets an answer of its version', async () => {
    const socket = await open()
    const got = await converse(socket, `GET /x HTTP/1.0\r\nHost: ${at}\r\n\r\n`)
    expect(got).toContain('Connection: close\r\n')
    expect(got).not.toContain('chunked')
    expect(JSON.parse(got.slice(got.indexOf('\r\n\r\n') + 4))).toMatchObject({ method: 'GET' })
  })

  test('follows another on the same connection, and both are streams of one', async () => {
    const socket = await open()
    const before = origin.open()
    for (const path of ['/1', '/2', '/3']) {
      expect(
        echoed(await ask(`GET ${path} HTTP/1.1\r\nHost: AT\r\n\r\n`, socket)).headers[':path'],
      ).toBe(path)
    }
    expect(origin.open()).toBe(before)
    expect(before).toBe(1)
    socket.destroy()
  })

  test('that were sent ahead are answered in turn', async () => {
    const socket = await open()
    const two = ['/p1', '/p2'].map((path) => `GET ${path} HTTP/1.1\r\nHost: ${at}\r\n\r\n`).join('')
    const got = await converse(socket, two, { until: /\/p1.*\/p2".*\r\n0\r\n\r\n$/s })
    expect(readMessages(got, ['GET', 'GET']).map(({ complete }) => complete)).toEqual([true, true])
    socket.destroy()
  })
})

describe('an answer', () => {
  test.each([
    ['GET', '/empty', 'HTTP/1.1 200 ', 'length', ''],
    ['HEAD', '/length', 'HTTP/1.1 200 ', 'length', ''],
    ['GET', '/length', 'HTTP/1.1 200 ', 'length', 'hello'],
    ['GET', '/204', 'HTTP/1.1 204 ', 'none', ''],
    ['GET', '/304', 'HTTP/1.1 304 ', 'length', ''],
    ['HEAD', '/empty', 'HTTP/1.1 200 ', 'none', ''],
  ])(
    '%s %s ends where its reader sees that, and the next one comes',
    async (method, path, start, framing, body) => {
      const socket = await open()
      const [answer] = await ask(`${method} ${path} HTTP/1.1\r\nHost: AT\r\n\r\n`, socket)
      expect(answer).toMatchObject({ start, framing, body })
      expect(
        echoed(await ask('GET /next HTTP/1.1\r\nHost: AT\r\n\r\n', socket)).headers[':path'],
      ).toBe('/next')
      socket.destroy()
    },
  )

  test('keeps its doubles, and `Connection` is said to nobody', async () => {
    const [answer] = await ask('GET /length HTTP/1.1\r\nHost: AT\r\n\r\n')
    expect(answer?.lines.filter((line) => line.startsWith('set-cookie'))).toEqual([
      'set-cookie: a=1',
      'set-cookie: b=2',
    ])
    expect(answer?.lines.join()).not.toMatch(/connection|transfer-encoding/i)
  })

  test('comes behind what was said before it, and before its trailers', async () => {
    const [early, answer] = await ask('GET /interim HTTP/1.1\r\nHost: AT\r\n\r\n')
    expect(early?.start).toBe('HTTP/1.1 103 ')
    expect(early?.lines).toContain('link: </a.css>; rel=preload')
    expect(answer?.start).toBe('HTTP/1.1 200 ')
    const [trailed] = await ask('GET /trailers HTTP/1.1\r\nHost: AT\r\nTE: trailers\r\n\r\n')
    expect(trailed).toMatchObject({ framing: 'chunks', body: 'body', trailers: ['x-sum: 42'] })
  })

  test('that was broken off never looks whole; one that never came is told as a failure', async () => {
    const socket = await open()
    const got = await converse(socket, `GET /broken HTTP/1.1\r\nHost: ${at}\r\n\r\n`)
    expect(got).toContain('some')
    expect(readMessages(got, ['GET'])[0]?.complete).toBe(false)
    const [failed] = await ask('GET /reset HTTP/1.1\r\nHost: AT\r\n\r\n')
    expect(failed?.start).toMatch(/^HTTP\/1\.1 502 /)
    expect(failed?.body).toContain('"code":"connect-reset"')
  })

  test('that comes early ends the connection of the client behind it', async () => {
    const socket = await open()
    const head = `POST /early HTTP/1.1\r\nHost: ${at}\r\nContent-Length: 100\r\n\r\nsome`
    const got = await converse(socket, head)
    expect(readMessages(got, ['POST'])[0]).toMatchObject({ body: 'too much', complete: true })
  })
})

test('a slow reader holds back its own stream, and what is large comes whole', async () => {
  const socket = await open()
  socket.write(`GET /slow HTTP/1.1\r\nHost: ${at}\r\n\r\n`)
  await once(socket, 'data')
  socket.pause()
  // Others go on meanwhile, on the same connection.
  expect(echoed(await ask('GET /beside HTTP/1.1\r\nHost: AT\r\n\r\n')).headers[':path']).toBe(
    '/beside',
  )
  let size = 0
  socket.on('data', (piece: Buffer) => {
    size += piece.length
  })
  socket.resume()
  await eventually('all of it', () => size >= 32 * 1024 * 1024)
  socket.destroy()
})

test('a client that leaves takes its stream back, and no other', async () => {
  resets = []
  const socket = await open()
  const seen = origin.seen.length
  socket.write(`GET /never HTTP/1.1\r\nHost: ${at}\r\n\r\n`)
  await eventually('the request', () => origin.seen.length > seen)
  socket.destroy()
  await eventually('a reset', () => resets.includes(http2.constants.NGHTTP2_CANCEL))
  expect(origin.open()).toBe(1)
})

describe('an origin that goes away', () => {
  const ok = (stream: number) => headers(stream, [':status', '200', 'content-length', '0'])

  /** Its first connection does what the test wants with the first request; those that follow answer. */
  async function fickle(first: (peer: RawPeer, stream: number) => void) {
    const streams: number[] = []
    const hand = lab.keep(
      await rawHttp2Origin(lab.certificate('api.de.test'), (peer) => {
        peer.send(settings())
        const isFirst = hand.peers.length <= 1
        peer.onFrame = ({ type, stream }) => {
          if (type !== 'HEADERS') return
          streams.push(stream)
          if (isFirst && streams.length === 1) first(peer, stream)
          else peer.send(ok(stream))
        }
      }),
    )
    return { authority: `api.de.test:${hand.port}`, streams }
  }

  async function askAt(authority: string, text: string) {
    const socket = await openTls(lab.proxy, authority, { ca, alpn: ['http/1.1'] })
    const [answer] = await ask(text.replace('AT', authority), socket)
    socket.destroy()
    return answer
  }

  test.each([
    ['GOAWAY', (peer: RawPeer) => peer.send(goAway(0))],
    [
      'REFUSED_STREAM',
      (peer: RawPeer, stream: number) => peer.send(reset(stream, 'REFUSED_STREAM')),
    ],
  ])('%s: what it has not looked at is asked once more', async (_, first) => {
    const { authority, streams } = await fickle(first)
    const answer = await askAt(authority, 'DELETE / HTTP/1.1\r\nHost: AT\r\n\r\n')
    expect(answer?.start).toBe('HTTP/1.1 200 ')
    expect(streams).toHaveLength(2)
  })

  test('what has a body is not: the client is told', async () => {
    const { authority, streams } = await fickle((peer) => peer.send(goAway(0)))
    const post = 'POST / HTTP/1.1\r\nHost: AT\r\nContent-Length: 2\r\n\r\nok'
    expect((await askAt(authority, post))?.body).toContain('"code":"connect-reset"')
    expect(streams).toHaveLength(1)
  })

  test.each([
    [
      'more body than it says',
      [headers(1, [':status', '200', 'content-length', '1'], 0), data(1, 'abc', END_STREAM)],
    ],
    ['less body than it says', [headers(1, [':status', '200', 'content-length', '5'])]],
    ['a field that ends a line', [headers(1, [':status', '200', 'x', 'a\r\nb: c'])]],
    ['a name that ends one', [headers(1, [':status', '200', 'x: 1\r\ny', 'a'])]],
    ['framing of HTTP/1.1', [headers(1, [':status', '200', 'transfer-encoding', 'chunked'])]],
    [
      'a body of 204',
      [headers(1, [':status', '204', 'content-length', '3'], 0), data(1, 'abc', END_STREAM)],
    ],
    ['101', [headers(1, [':status', '101'])]],
    ['a body before the head', [data(1, 'HTTP/1.1 200 OK', END_STREAM)]],
  ])('%s is no answer', async (_, frames) => {
    const { authority } = await fickle((peer) => peer.send(...frames))
    const answer = await askAt(authority, 'GET / HTTP/1.1\r\nHost: AT\r\n\r\n')
    expect(answer?.start).toMatch(/^HTTP\/1\.1 502 /)
    expect(answer?.body).toContain('"code":"connect-malformed"')
  })
})

describe('an origin that does not say beforehand that it speaks HTTP/2 alone', () => {
  test('in the clear', async () => {
    const clear = lab.keep(await http2Origin(null, { address: '127.0.0.10' }))
    const url = `http://api.de.test:${clear.port}`
    const first = await curl(lab.proxy, '--http1.1', '-X', 'DELETE', `${url}/a`)
    expect([first.status, JSON.parse(first.body).method]).toEqual([200, 'DELETE'])
    const second = await curl(lab.proxy, '--http1.1', '-d', 'hello', `${url}/b`)
    expect([second.status, JSON.parse(second.body).body]).toEqual([200, 'hello'])
    expect(clear.seen).toEqual(['DELETE /a', 'POST /b'])
  })

  test('in TLS, where it lets the handshake pass', async () => {
    const { keyPem: key, pem: cert } = lab.certificate('api.de.test')
    const ALPNCallback = ({ protocols }: { protocols: string[] }) =>
      protocols.includes('h2') ? 'h2' : protocols[0]
    const silent = tls.createServer({ key, cert, ALPNCallback }, (socket) => {
      socket.on('error', () => {})
      http2
        .performServerHandshake(socket)
        .on('error', () => {})
        .on('stream', echoStream)
    })
    silent.listen(0, '127.0.0.10')
    await once(silent, 'listening')
    const url = `https://api.de.test:${(silent.address() as AddressInfo).port}/`
    const first = await curl(lab.proxy, '--http1.1', url)
    const second = await curl(lab.proxy, '--http1.1', '-d', 'hello', url)
    expect([first.status, second.status]).toEqual([200, 200])
    expect(JSON.parse(second.body).body).toBe('hello')
    silent.close()
  })
})

describe('what HTTP/1.1 alone can do', () => {
  test('an origin that speaks both is asked by HTTP/1.1, where the case of names is kept', async () => {
    const both = lab.keep(
      await http2Origin(lab.certificate('api.de.test'), {
        address: '127.0.0.10',
        allowHTTP1: true,
      }),
    )
    both.server.on('request', (request, response) => {
      if (request.httpVersionMajor === 1) response.end(request.rawHeaders.join())
    })
    const { body } = await curl(
      lab.proxy,
      '--http1.1',
      '-H',
      'X-CaSe: 1',
      `https://api.de.test:${both.port}/`,
    )
    expect(body).toContain('X-CaSe,1')
    expect(both.seen).toEqual([])
  })

  test('NTLM is refused with the reason', async () => {
    const [refused] = await ask('GET / HTTP/1.1\r\nHost: AT\r\nAuthorization: NTLM abc\r\n\r\n')
    expect(refused?.start).toMatch(/^HTTP\/1\.1 502 /)
    expect(refused?.body).toContain('"code":"tls-no-protocol"')
  })

  test('a WebSocket that the origin does not take on streams is refused with the reason', async () => {
    const [refused] = await ask(
      'GET / HTTP/1.1\r\nHost: AT\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    )
    expect(refused?.start).toMatch(/^HTTP\/1\.1 502 /)
    expect(refused?.body).toContain('"code":"tls-no-protocol"')
  })

  test('a WebSocket becomes a stream where the origin takes it (RFC 8441)', async () => {
    const asked: http2.IncomingHttpHeaders[] = []
    const sockets = lab.keep(
      await http2Origin(lab.certificate('api.de.test'), {
        address: '127.0.0.10',
        settings: { enableConnectProtocol: true },
        onStream(stream, fields) {
          asked.push(fields)
          stream.respond({ ':status': 200, 'sec-websocket-protocol': 'chat', 'x-more': '1' })
          webSocketOn(stream, false).on('message', function (this: WebSocket, text) {
            this.send(`echo ${text}`)
          })
        },
      }),
    )
    const to = `api.de.test:${sockets.port}`
    const socket = await openTls(lab.proxy, to, { ca, alpn: ['http/1.1'] })
    const client = new WebSocket(`wss://${to}/chat?x=1`, ['chat'], {
      createConnection: () => socket,
    } as WebSocket.ClientOptions)
    await once(client, 'open')
    expect(client.protocol).toBe('chat')
    client.send('hello')
    expect(String((await once(client, 'message'))[0])).toBe('echo hello')
    client.close(1000)
    await once(client, 'close')
    expect(asked[0]).toMatchObject({
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':path': '/chat?x=1',
    })
    expect(asked[0]).not.toHaveProperty('sec-websocket-key')
    const flow = await lab.proxy.settled(lab.proxy.flows().length)
    expect(flow).toMatchObject({ protocol: 'websocket', outcome: 'forwarded', status: 200 })
  })
})

describe('real clients', () => {
  test.skipIf(missing(program('curl', '--version')))('curl', async () => {
    const url = `https://${at}/curl`
    const { status, body } = await curl(lab.proxy, '--http1.1', '-d', 'hello', url)
    expect([status, JSON.parse(body).body]).toEqual([200, 'hello'])
  })

  test('fetch of Node', async () => {
    const script = `
      const answer = await fetch('https://${at}/fetch', { method: 'POST', body: 'hello' })
      console.log(answer.status, (await answer.json()).body)`
    const { out, err } = await runProgram(process.execPath, ['--input-type=module', '-e', script], {
      env: throughProxy(lab.proxy),
    })
    expect(out + err).toContain('200 hello')
  })
})
