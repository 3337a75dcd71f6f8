/**
 * Origins that break RFC 9113, or make use of it: what the client is told, what the origin is told, and what goes on. Frame by frame inside
 * real TLS, with a real client.
 */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http2 from 'node:http2'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTls } from '../support/clients.ts'
import {
  ACK,
  block,
  CODES,
  type Code,
  data,
  END_HEADERS,
  END_STREAM,
  type Frame,
  frame,
  goAway,
  headers,
  PADDED,
  type RawPeer,
  rawHttp2Origin,
  reset,
  settings,
  uint32,
} from '../support/http2-peer.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { eventually } from '../support/wait.ts'

let lab: Lab
let ca: string
beforeAll(async () => {
  lab = await openLab({ config: 'timeouts: { connect: 1s, answer: 3s, body: 3s }' })
  ca = readFileSync(lab.proxy.ca, 'utf8')
})
afterAll(() => lab[Symbol.asyncDispose]())

/** What the client got: a status with a code of ours or a body, or the code its stream was reset with. */
interface Got {
  readonly status: number | null
  readonly code: string | null
  readonly body: string
  readonly reset: Code | null
  readonly trailers: http2.IncomingHttpHeaders | null
}

class Client implements AsyncDisposable {
  readonly session: http2.ClientHttp2Session
  readonly authority: string

  constructor(session: http2.ClientHttp2Session, authority: string) {
    this.session = session
    this.authority = authority
    session.on('error', () => {})
  }

  async ask(path: string, body: string | null = null): Promise<Got> {
    const stream = this.session.request({
      ':path': path,
      ':method': body === null ? 'GET' : 'POST',
    })
    stream.on('error', () => {})
    if (body === null) stream.end()
    else stream.end(body)
    let status: number | null = null
    let trailers: http2.IncomingHttpHeaders | null = null
    let text = ''
    stream.on('response', (got) => {
      status = Number(got[':status'])
    })
    stream.on('trailers', (got) => {
      trailers = got
    })
    stream.on('data', (piece: Buffer) => {
      text += piece.toString('latin1')
    })
    await new Promise((resolve) => stream.on('close', resolve))
    const isProblem = text.startsWith('{"type"')
    const code = isProblem ? (JSON.parse(text) as { code: string }).code : null
    const reset = stream.rstCode === 0 ? null : (CODES[stream.rstCode ?? 0] ?? null)
    return { status, code, body: isProblem ? '' : text, reset, trailers }
  }

  async [Symbol.asyncDispose]() {
    this.session.destroy()
  }
}

interface Served extends AsyncDisposable {
  readonly client: Client
  readonly peers: RawPeer[]
  readonly port: number
}

/** @param onRequest called for every head, with how many came before it on that connection */
async function serve(
  onRequest: (peer: RawPeer, head: Frame, index: number) => void,
  onConnection: (peer: RawPeer) => void = (peer) => peer.send(settings()),
): Promise<Served> {
  const stack = new AsyncDisposableStack()
  const origin = stack.use(
    await rawHttp2Origin(lab.certificate('api.de.test'), (peer) => {
      let count = 0
      peer.onFrame = (got) => {
        if (got.type === 'HEADERS' && got.list[0] === ':method') onRequest(peer, got, count++)
      }
      onConnection(peer)
    }),
  )
  const authority = `api.de.test:${origin.port}`
  const socket = await openTls(lab.proxy, authority, { ca, alpn: ['h2'] })
  const session = http2.connect(`https://${authority}`, { createConnection: () => socket })
  const client = stack.use(new Client(session, authority))
  const resources = stack.move()
  return {
    client,
    peers: origin.peers,
    port: origin.port,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

const pathOf = ({ list }: Frame) => list[list.indexOf(':path') + 1]
const ok = (stream: number, body = 'ok') =>
  Buffer.concat([headers(stream, [':status', '200'], 0), data(stream, body, END_STREAM)])

/** The peer of the connection that got the request for that path. */
function peerOf(peers: readonly RawPeer[], path: string): RawPeer | undefined {
  return peers.find((peer) => peer.frames.some((got) => pathOf(got) === path))
}

describe('an answer that breaks its stream: the client gets 502, the origin PROTOCOL_ERROR, others go on', () => {
  test.each<[string, (id: number) => Buffer]>([
    ['no :status', (id) => headers(id, ['a', 'b'], 0)],
    [':status of two digits', (id) => headers(id, [':status', '20'])],
    [':status of a word', (id) => headers(id, [':status', 'ok!'])],
    [':status 101', (id) => headers(id, [':status', '101'])],
    ['two :status', (id) => headers(id, [':status', '200', ':status', '200'])],
    ['a pseudo-header field of requests', (id) => headers(id, [':status', '200', ':path', '/'])],
    [':status behind others', (id) => headers(id, ['a', 'b', ':status', '200'])],
    ['a name in upper case', (id) => headers(id, [':status', '200', 'A', 'b'])],
    ['a value with CR and LF', (id) => headers(id, [':status', '200', 'a', 'b\r\nc: d'])],
    ['a value with NUL', (id) => headers(id, [':status', '200', 'a', '\0'])],
    ['Connection', (id) => headers(id, [':status', '200', 'connection', 'close'])],
    ['Transfer-Encoding', (id) => headers(id, [':status', '200', 'transfer-encoding', 'chunked'])],
    ['two lengths', (id) => headers(id, [':status', '200', ...length(1), ...length(2)])],
    ['an interim answer that ends', (id) => headers(id, [':status', '103'])],
    ['DATA before the head', (id) => Buffer.concat([data(id, 'x'), ok(id)])],
    ['a head that is too large', (id) => large(id)],
    [
      '65 interim answers',
      (id) => Buffer.concat(Array(65).fill(headers(id, [':status', '103'], 0))),
    ],
  ])('%s', async (_, bytes) => {
    await using served = await serve((peer, head) => {
      peer.send(pathOf(head) === '/bad' ? bytes(head.stream) : ok(head.stream))
    })
    const { client, peers } = served
    expect(await client.ask('/first')).toMatchObject({ status: 200, body: 'ok' })
    expect(await client.ask('/bad')).toMatchObject({ status: 502, code: 'connect-malformed' })
    expect(await client.ask('/next')).toMatchObject({ status: 200, body: 'ok' })
    expect(peers).toHaveLength(1)
    const bad = peers[0]?.frames.find((got) => pathOf(got) === '/bad')?.stream ?? 0
    expect(await peers[0]?.end(bad)).toContain('PROTOCOL_ERROR')
  })

  test.each<[string, (id: number) => Buffer]>([
    ['an end and nothing else', (id) => data(id, '', END_STREAM)],
    ['a body alone', (id) => data(id, 'x', END_STREAM)],
    ['trailers alone', (id) => headers(id, ['a', 'b'])],
  ])('%s: there is nothing left to reset', async (_, bytes) => {
    await using served = await serve((peer, head) => {
      peer.send(pathOf(head) === '/bad' ? bytes(head.stream) : ok(head.stream))
    })
    const { client, peers } = served
    expect(await client.ask('/bad')).toMatchObject({ status: 502, code: 'connect-malformed' })
    expect(await client.ask('/next')).toMatchObject({ status: 200, body: 'ok' })
    expect(peers).toHaveLength(1)
  })

  const length = (bytes: number) => ['content-length', String(bytes)]
  function large(id: number): Buffer {
    const whole = block(
      ':status',
      '200',
      ...Array(10)
        .fill(['a', 'b'.repeat(9_000)])
        .flat(),
    )
    const cuts = Array.from({ length: Math.ceil(whole.length / 16_000) }, (_, i) =>
      whole.subarray(16_000 * i, 16_000 * (i + 1)),
    )
    return Buffer.concat(
      cuts.map((cut, i) =>
        frame(
          i === 0 ? 'HEADERS' : 'CONTINUATION',
          i === cuts.length - 1 ? END_HEADERS : 0,
          id,
          cut,
        ),
      ),
    )
  }
})

describe("an answer that breaks its stream once it has begun: the client's is reset, never ended", () => {
  test.each<[string, (id: number) => Buffer]>([
    [
      'more body than Content-Length',
      (id) =>
        Buffer.concat([
          headers(id, [':status', '200', 'content-length', '2'], 0),
          data(id, 'abc', END_STREAM),
        ]),
    ],
    [
      'less body than Content-Length',
      (id) =>
        Buffer.concat([
          headers(id, [':status', '200', 'content-length', '2'], 0),
          data(id, 'a', END_STREAM),
        ]),
    ],
    [
      'trailers with a pseudo-header field',
      (id) =>
        Buffer.concat([
          headers(id, [':status', '200'], 0),
          data(id, 'a'),
          headers(id, [':status', '200']),
        ]),
    ],
    [
      'a second head',
      (id) =>
        Buffer.concat([
          headers(id, [':status', '200'], 0),
          data(id, 'a'),
          headers(id, [':status', '200'], 0),
        ]),
    ],
    [
      'a window that grows by nothing',
      (id) =>
        Buffer.concat([
          headers(id, [':status', '200'], 0),
          data(id, 'a'),
          frame('WINDOW_UPDATE', 0, id, uint32(0)),
        ]),
    ],
  ])('%s', async (_, bytes) => {
    await using served = await serve((peer, head) => {
      if (pathOf(head) !== '/bad') return peer.send(ok(head.stream))
      // What was begun has gone on before the rest comes.
      peer.send(bytes(head.stream))
    })
    const { client, peers } = served
    const { status, code, reset: got } = await client.ask('/bad')
    // Where nothing was sent on yet, a refusal is possible.
    if (status === 502) expect(code).toBe('connect-malformed')
    else expect(got).toBe('INTERNAL_ERROR')
    expect(await client.ask('/next')).toMatchObject({ status: 200, body: 'ok' })
    expect(peers).toHaveLength(1)
  })
})

describe('an origin that breaks the connection: all its streams fail, and the next request gets a new one', () => {
  test.each<[string, Code, (id: number) => Buffer]>([
    ['HTTP/1.1', 'FRAME_SIZE_ERROR', () => Buffer.from('HTTP/1.1 200 OK\r\n\r\n')],
    ['a frame that is too large', 'FRAME_SIZE_ERROR', () => frame(99, 0, 0, Buffer.alloc(16_385))],
    ['rubbish', 'COMPRESSION_ERROR', (id) => frame('HEADERS', END_HEADERS, id, Buffer.of(0x80))],
    ['PUSH_PROMISE', 'PROTOCOL_ERROR', (id) => push(id)],
    ['ENABLE_PUSH of 1', 'PROTOCOL_ERROR', () => settings(2, 1)],
    ['a stream nobody opened', 'PROTOCOL_ERROR', () => headers(1001, [':status', '200'])],
    ['a stream of its own', 'PROTOCOL_ERROR', () => headers(2, [':status', '200'])],
    ['DATA of a stream nobody opened', 'PROTOCOL_ERROR', () => data(1001, 'x')],
    ['RST_STREAM of a stream nobody opened', 'PROTOCOL_ERROR', () => reset(1001)],
    ['CONTINUATION of nothing', 'PROTOCOL_ERROR', (id) => frame('CONTINUATION', 0, id)],
    [
      'a block that does not end',
      'ENHANCE_YOUR_CALM',
      (id) =>
        Buffer.concat([
          frame('HEADERS', 0, id, block(':status', '200')),
          ...Array(40).fill(frame('CONTINUATION', 0, id)),
        ]),
    ],
    ['SETTINGS on a stream', 'PROTOCOL_ERROR', (id) => frame('SETTINGS', 0, id)],
    ['padding that is too long', 'PROTOCOL_ERROR', (id) => data(id, '\x09x', PADDED)],
    [
      'a window of 2^31',
      'FLOW_CONTROL_ERROR',
      () => frame('WINDOW_UPDATE', 0, 0, uint32(2 ** 31 - 1)),
    ],
    [
      'a flood of PING',
      'ENHANCE_YOUR_CALM',
      () => Buffer.concat(Array(3_000).fill(frame('PING', 0, 0, uint32(1, 2)))),
    ],
    [
      'a flood of SETTINGS',
      'ENHANCE_YOUR_CALM',
      () => Buffer.concat(Array(3_000).fill(settings(4, 65_535))),
    ],
    [
      'a flood of empty DATA',
      'ENHANCE_YOUR_CALM',
      (id) =>
        Buffer.concat([headers(id, [':status', '200'], 0), ...Array(3_000).fill(data(id, ''))]),
    ],
    ['GOAWAY of four', 'FRAME_SIZE_ERROR', () => frame('GOAWAY', 0, 0, uint32(0))],
  ])('%s: %s', async (_, code, bytes) => {
    await using served = await serve((peer, head) => {
      if (pathOf(head) === '/bad') peer.send(bytes(head.stream))
      else if (pathOf(head) !== '/waits') peer.send(ok(head.stream))
    })
    const { client, peers } = served
    const waits = client.ask('/waits')
    await eventually('it to be asked', () => peerOf(peers, '/waits'))
    const bad = await client.ask('/bad')
    for (const got of [bad, await waits]) {
      if (got.status === 502) expect(got.code).toBe('connect-malformed')
      else expect(got.reset).toBe('INTERNAL_ERROR')
    }
    expect(await client.ask('/next')).toMatchObject({ status: 200, body: 'ok' })
    expect(await peerOf(peers, '/bad')?.goodbye()).toBe(code)
    await peerOf(peers, '/bad')?.closed()
    expect(peers).toHaveLength(2)
  })

  const push = (id: number) =>
    frame('PUSH_PROMISE', END_HEADERS, id, Buffer.concat([uint32(2), block(':method', 'GET')]))

  test('settings that never come: it ends in time', async () => {
    await using served = await serve(
      () => {},
      () => {},
    )
    expect(await served.client.ask('/')).toMatchObject({ status: 502, code: 'connect-malformed' })
    expect(await served.peers[0]?.goodbye()).toBe('SETTINGS_TIMEOUT')
  })
})

describe('RST_STREAM', () => {
  test.each<[Code, Partial<Got>]>([
    // Nothing was sent on, so the client learns the very code.
    ['REFUSED_STREAM', { status: null, reset: 'REFUSED_STREAM' }],
    ['INTERNAL_ERROR', { status: null, reset: 'INTERNAL_ERROR' }],
    ['CANCEL', { status: null, reset: 'CANCEL' }],
    ['ENHANCE_YOUR_CALM', { status: null, reset: 'ENHANCE_YOUR_CALM' }],
  ])('of the origin before its answer, with %s', async (code, expected) => {
    await using served = await serve((peer, head) => {
      peer.send(pathOf(head) === '/bad' ? reset(head.stream, code) : ok(head.stream))
    })
    // With a body, so that it is not asked again.
    expect(await served.client.ask('/bad', 'body')).toMatchObject(expected)
    expect(await served.client.ask('/next')).toMatchObject({ status: 200 })
    expect(served.peers).toHaveLength(1)
  })

  test('of the origin within its answer reaches the client', async () => {
    await using served = await serve((peer, head) => {
      peer.send(headers(head.stream, [':status', '200'], 0), data(head.stream, 'half'))
      setTimeout(() => peer.send(reset(head.stream, 'ENHANCE_YOUR_CALM')), 50)
    })
    expect(await served.client.ask('/')).toMatchObject({
      status: 200,
      body: 'half',
      reset: 'ENHANCE_YOUR_CALM',
    })
  })

  test('of the origin behind its whole answer, with NO_ERROR: it wants no more of the request', async () => {
    await using served = await serve((peer, head) => {
      peer.send(ok(head.stream, 'enough'), reset(head.stream, 'NO_ERROR'))
    })
    const { client } = served
    const stream = client.session.request({ ':path': '/', ':method': 'POST' })
    stream.on('error', () => {})
    stream.write('beginning')
    const [answer] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
    expect(answer[':status']).toBe(200)
    expect((await stream.toArray()).join('')).toBe('enough')
  })

  test('of the client reaches the origin', async () => {
    await using served = await serve(() => {})
    const { client, peers } = served
    const stream = client.session.request({ ':path': '/gone' })
    stream.on('error', () => {})
    const peer = await eventually('it to be asked', () => peerOf(peers, '/gone'))
    stream.close(http2.constants.NGHTTP2_CANCEL)
    expect((await peer.wait('RST_STREAM')).payload.readUInt32BE()).toBe(CODES.indexOf('CANCEL'))
  })

  test('of a client that leaves altogether reaches the origin', async () => {
    await using served = await serve(() => {})
    const { client, peers } = served
    client.session.request({ ':path': '/gone' }).on('error', () => {})
    const peer = await eventually('it to be asked', () => peerOf(peers, '/gone'))
    client.session.destroy()
    await peer.wait('RST_STREAM')
  })
})

describe('GOAWAY of the origin', () => {
  test('what it has not looked at is asked again elsewhere, what it has goes on', async () => {
    await using served = await serve((peer, head, index) => {
      if (pathOf(head) === '/first') return
      if (index === 0) return peer.send(ok(head.stream, 'again'))
      const first = peer.frames.find((got) => pathOf(got) === '/first')?.stream ?? 0
      peer.send(goAway(first))
      setTimeout(() => peer.send(ok(first, 'late')), 100)
    })
    const { client, peers } = served
    const first = client.ask('/first')
    await eventually('it to be asked', () => peerOf(peers, '/first'))
    expect(await client.ask('/second')).toMatchObject({ status: 200, body: 'again' })
    expect(await first).toMatchObject({ status: 200, body: 'late' })
    expect(peers).toHaveLength(2)
    await peers[0]?.closed()
  })

  test('a request with a body is not sent twice: the client may do so', async () => {
    await using served = await serve((peer, head) => {
      peer.send(goAway(0))
      expect(pathOf(head)).toBe('/upload')
    })
    expect(await served.client.ask('/upload', 'body')).toMatchObject({
      status: null,
      reset: 'REFUSED_STREAM',
    })
  })

  test('with an error and no last stream: not for ever', async () => {
    await using served = await serve((peer) => peer.send(goAway(0, 'INTERNAL_ERROR')))
    expect(await served.client.ask('/')).toMatchObject({ reset: 'REFUSED_STREAM' })
    expect(served.peers).toHaveLength(2)
  })

  test('between requests: the next goes over a new connection', async () => {
    await using served = await serve((peer, head) => {
      peer.send(ok(head.stream))
      peer.send(goAway(head.stream))
    })
    const { client, peers } = served
    for (const path of ['/1', '/2', '/3']) {
      expect(await client.ask(path)).toMatchObject({ status: 200, body: 'ok' })
      await sleep(50)
    }
    expect(peers).toHaveLength(3)
  })
})

describe('what is allowed', () => {
  test('interim answers, padding, trailers, unknown frames', async () => {
    await using served = await serve((peer, { stream: id }) => {
      peer.send(
        frame(0x77, 0xff, id, Buffer.from('x')),
        frame('PRIORITY', 0, id, Buffer.alloc(5)),
        headers(id, [':status', '103', 'link', '</a>'], 0),
        headers(id, [':status', '200', 'content-length', '3'], 0),
        data(id, Buffer.concat([Buffer.of(4), Buffer.from('ab'), Buffer.alloc(4)]), PADDED),
        data(id, 'c'),
        headers(id, ['x-trailer', 'y']),
      )
    })
    expect(await served.client.ask('/')).toMatchObject({
      status: 200,
      body: 'abc',
      trailers: { 'x-trailer': 'y' },
    })
  })

  test('a limit of one stream: requests wait their turn once it is known', async () => {
    const open = new Map<RawPeer, number>()
    let most = 0
    await using served = await serve(
      (peer, head) => {
        // Until our side has seen the limit, more may come.
        const isKnown = peer.frames.some(({ type, flags }) => type === 'SETTINGS' && flags === ACK)
        const count = (open.get(peer) ?? 0) + 1
        if (isKnown) most = Math.max(most, count)
        else if (count > 1) return peer.send(reset(head.stream, 'REFUSED_STREAM'))
        open.set(peer, count)
        setTimeout(() => {
          open.set(peer, (open.get(peer) ?? 0) - 1)
          peer.send(ok(head.stream))
        }, 20)
      },
      (peer) => peer.send(settings(3, 1)),
    )
    const ask = async (i: number) => {
      const got = await served.client.ask(`/${i}`)
      expect(got.status === 200 || got.reset === 'REFUSED_STREAM').toBe(true)
    }
    await ask(0)
    await Promise.all(Array.from({ length: 20 }, (_, i) => ask(i)))
    expect(most).toBe(1)
  })

  test('windows that become smaller, and negative, while a body is under way', async () => {
    await using served = await serve(
      (peer, { stream: id }) => {
        setTimeout(() => peer.send(settings(4, 10)), 20)
        setTimeout(() => peer.send(settings(4, 1_000_000)), 100)
        peer.onFrame = ({ flags, type }) => {
          if (type === 'DATA' && (flags & END_STREAM) !== 0) {
            peer.send(ok(id, String(peer.bodyOf(id).length)))
          }
        }
      },
      (peer) =>
        peer.send(
          settings(4, 1_000),
          frame('WINDOW_UPDATE', 0, 0, uint32(10_000_000)),
          frame('SETTINGS', ACK, 0),
        ),
    )
    expect(await served.client.ask('/', 'x'.repeat(900_000))).toMatchObject({ body: '900000' })
  })
})
