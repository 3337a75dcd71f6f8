/**
 * Clients that break RFC 9113, frame by frame inside real TLS: each is told so with the code the RFC names, on the stream alone where it says
 * so, and what else is under way goes on.
 */

import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTls } from '../support/clients.ts'
import { type Http2Origin, http2Origin } from '../support/http2-origin.ts'
import {
  ACK,
  block,
  type Code,
  data,
  END_HEADERS,
  END_STREAM,
  frame,
  goAway,
  headers,
  PADDED,
  PREFACE,
  PRIORITY,
  RawPeer,
  reset,
  settings,
  uint32,
} from '../support/http2-peer.ts'
import { type Lab, openLab } from '../support/lab.ts'

let lab: Lab
let ca: string
let h2: Http2Origin
let authority: string
beforeAll(async () => {
  lab = await openLab()
  ca = readFileSync(lab.proxy.ca, 'utf8')
  h2 = lab.keep(
    await http2Origin(lab.certificate('api.de.test'), {
      address: '127.0.0.10',
      onStream(stream, { ':path': path = '' }) {
        const pieces: Buffer[] = []
        stream.on('data', (piece: Buffer) => pieces.push(piece))
        stream.on('end', () => {
          // Whatever else happens, that one waits.
          if (path === '/never' || stream.destroyed) return
          stream.respond({ ':status': 200 })
          stream.end(Buffer.concat(pieces))
        })
      },
    }),
  )
  authority = `api.de.test:${h2.port}`
})
afterAll(() => lab[Symbol.asyncDispose]())

async function connect(...first: Buffer[]): Promise<RawPeer> {
  const socket = await openTls(lab.proxy, authority, { ca, alpn: ['h2'] })
  const peer = new RawPeer(socket)
  peer.send(...(first.length > 0 ? first : [PREFACE, settings()]))
  return peer
}

const get = (path = '/', ...more: string[]) => [
  ...[':method', 'GET', ':scheme', 'https', ':authority', authority, ':path', path],
  ...more,
]
const post = (path = '/', ...more: string[]) => [
  ...[':method', 'POST', ':scheme', 'https', ':authority', authority, ':path', path],
  ...more,
]

/** A connection on which stream 1 waits for its answer, 3 is half-closed by us and waits, and 5 is over. */
async function busy(): Promise<RawPeer> {
  const peer = await connect()
  peer.send(headers(1, post('/never'), 0), headers(3, get('/never')), headers(5, get('/over')))
  expect(await peer.end(5)).toEqual([200])
  return peer
}

describe('an error that ends the connection', () => {
  test.each<[string, Code, () => Buffer[]]>([
    // Section 3.4.
    ['no preface', 'PROTOCOL_ERROR', () => [Buffer.from('PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n')]],
    ['no SETTINGS behind it', 'PROTOCOL_ERROR', () => [PREFACE, headers(1, get())]],
    ['PING before SETTINGS', 'PROTOCOL_ERROR', () => [PREFACE, frame('PING', 0, 0, uint32(1, 2))]],
  ])('%s: %s', async (_, code, bytes) => {
    const peer = await connect(...bytes())
    expect(await peer.goodbye()).toBe(code)
    await peer.closed()
  })

  test.each<[string, Code, () => Buffer]>([
    // Section 4.2.
    ['a frame of 16,385', 'FRAME_SIZE_ERROR', () => frame(99, 0, 0, Buffer.alloc(16_385))],
    ['DATA of 16,385', 'FRAME_SIZE_ERROR', () => data(1, Buffer.alloc(16_385))],
    // Section 4.3.
    [
      'a block of rubbish',
      'COMPRESSION_ERROR',
      () => frame('HEADERS', END_HEADERS, 7, Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff)),
    ],
    ['index 0', 'COMPRESSION_ERROR', () => frame('HEADERS', END_HEADERS, 7, Buffer.of(0x80))],
    [
      'an index beyond the table',
      'COMPRESSION_ERROR',
      () => frame('HEADERS', END_HEADERS, 7, Buffer.of(0xbe)),
    ],
    [
      'a table larger than allowed',
      'COMPRESSION_ERROR',
      () => frame('HEADERS', END_HEADERS, 7, Buffer.of(0x3f, 0xff, 0x7f)),
    ],
    [
      'a new size of the table behind a field',
      'COMPRESSION_ERROR',
      () => frame('HEADERS', END_HEADERS, 7, Buffer.of(0x82, 0x20)),
    ],
    [
      'a string that is longer than the block',
      'COMPRESSION_ERROR',
      () => frame('HEADERS', END_HEADERS, 7, Buffer.of(0, 5, 0x61)),
    ],
    [
      'Huffman with eight bits of padding',
      'COMPRESSION_ERROR',
      () => frame('HEADERS', END_HEADERS, 7, Buffer.of(0, 0x82, 0x1f, 0xff, 0)),
    ],
    [
      'rubbish in trailers',
      'COMPRESSION_ERROR',
      () => frame('HEADERS', END_HEADERS | END_STREAM, 1, Buffer.of(0x80)),
    ],
    // Section 5.1.
    ['DATA on an idle stream', 'PROTOCOL_ERROR', () => data(7, 'x')],
    ['RST_STREAM on an idle stream', 'PROTOCOL_ERROR', () => reset(7)],
    [
      'WINDOW_UPDATE on an idle stream',
      'PROTOCOL_ERROR',
      () => frame('WINDOW_UPDATE', 0, 7, uint32(1)),
    ],
    ['CONTINUATION on an idle stream', 'PROTOCOL_ERROR', () => frame('CONTINUATION', 0, 7)],
    ['HEADERS on a stream that is over', 'STREAM_CLOSED', () => headers(5, get())],
    // Section 5.1.1.
    ['an even stream', 'PROTOCOL_ERROR', () => headers(8, get())],
    [
      'a stream that was passed over',
      'PROTOCOL_ERROR',
      () => Buffer.concat([headers(11, get()), headers(9, get())]),
    ],
    // Section 6.1.
    ['DATA on stream 0', 'PROTOCOL_ERROR', () => data(0, 'x')],
    ['DATA with more padding than frame', 'PROTOCOL_ERROR', () => data(1, '\x05abc', PADDED)],
    ['padded DATA without a length', 'FRAME_SIZE_ERROR', () => data(1, '', PADDED)],
    // Section 6.2.
    ['HEADERS on stream 0', 'PROTOCOL_ERROR', () => headers(0, get())],
    [
      'HEADERS with more padding than frame',
      'PROTOCOL_ERROR',
      () => frame('HEADERS', END_HEADERS | PADDED, 7, Buffer.from('\x05abc')),
    ],
    [
      'HEADERS too short for its priority',
      'PROTOCOL_ERROR',
      () => frame('HEADERS', END_HEADERS | PRIORITY, 7, Buffer.alloc(4)),
    ],
    ['DATA within a block', 'PROTOCOL_ERROR', () => within(data(1, 'x'))],
    ['a PING within a block', 'PROTOCOL_ERROR', () => within(frame('PING', 0, 0, uint32(1, 2)))],
    ['an unknown frame within a block', 'PROTOCOL_ERROR', () => within(frame(99, 0, 0))],
    ['HEADERS within a block', 'PROTOCOL_ERROR', () => within(headers(9, get()))],
    // Section 6.3.
    ['PRIORITY on stream 0', 'PROTOCOL_ERROR', () => frame('PRIORITY', 0, 0, Buffer.alloc(5))],
    ['PRIORITY of four', 'FRAME_SIZE_ERROR', () => frame('PRIORITY', 0, 1, Buffer.alloc(4))],
    // Section 6.4.
    ['RST_STREAM on stream 0', 'PROTOCOL_ERROR', () => reset(0)],
    ['RST_STREAM of three', 'FRAME_SIZE_ERROR', () => frame('RST_STREAM', 0, 1, Buffer.alloc(3))],
    // Section 6.5.
    ['SETTINGS on a stream', 'PROTOCOL_ERROR', () => frame('SETTINGS', 0, 1)],
    ['SETTINGS of five', 'FRAME_SIZE_ERROR', () => frame('SETTINGS', 0, 0, Buffer.alloc(5))],
    [
      'an acknowledgement with settings',
      'FRAME_SIZE_ERROR',
      () => frame('SETTINGS', ACK, 0, Buffer.alloc(6)),
    ],
    ['ENABLE_PUSH of 2', 'PROTOCOL_ERROR', () => settings(2, 2)],
    ['INITIAL_WINDOW_SIZE of 2^31', 'FLOW_CONTROL_ERROR', () => settings(4, 2 ** 31)],
    ['MAX_FRAME_SIZE of 16,383', 'PROTOCOL_ERROR', () => settings(5, 16_383)],
    ['MAX_FRAME_SIZE of 2^24', 'PROTOCOL_ERROR', () => settings(5, 2 ** 24)],
    ['ENABLE_CONNECT_PROTOCOL of 2', 'PROTOCOL_ERROR', () => settings(8, 2)],
    [
      'ENABLE_CONNECT_PROTOCOL taken back',
      'PROTOCOL_ERROR',
      () => Buffer.concat([settings(8, 1), settings(8, 0)]),
    ],
    // Section 6.6.
    [
      'PUSH_PROMISE',
      'PROTOCOL_ERROR',
      () => frame('PUSH_PROMISE', END_HEADERS, 1, Buffer.concat([uint32(2), block(...get())])),
    ],
    // Section 6.7.
    ['PING on a stream', 'PROTOCOL_ERROR', () => frame('PING', 0, 1, uint32(1, 2))],
    ['PING of seven', 'FRAME_SIZE_ERROR', () => frame('PING', 0, 0, Buffer.alloc(7))],
    // Section 6.8.
    ['GOAWAY on a stream', 'PROTOCOL_ERROR', () => frame('GOAWAY', 0, 1, uint32(0, 0))],
    ['GOAWAY of four', 'FRAME_SIZE_ERROR', () => frame('GOAWAY', 0, 0, uint32(0))],
    // Section 6.9.
    [
      'a connection window that grows by nothing',
      'PROTOCOL_ERROR',
      () => frame('WINDOW_UPDATE', 0, 0, uint32(0)),
    ],
    [
      'a connection window of 2^31',
      'FLOW_CONTROL_ERROR',
      () => frame('WINDOW_UPDATE', 0, 0, uint32(2 ** 31 - 1)),
    ],
    [
      'WINDOW_UPDATE of three',
      'FRAME_SIZE_ERROR',
      () => frame('WINDOW_UPDATE', 0, 1, Buffer.alloc(3)),
    ],
    // Section 6.10.
    ['CONTINUATION of nothing', 'PROTOCOL_ERROR', () => frame('CONTINUATION', END_HEADERS, 1)],
    ['CONTINUATION on stream 0', 'PROTOCOL_ERROR', () => frame('CONTINUATION', END_HEADERS, 0)],
    [
      'CONTINUATION of another stream',
      'PROTOCOL_ERROR',
      () => within(frame('CONTINUATION', END_HEADERS, 9)),
    ],
  ])('%s: %s', async (_, code, bytes) => {
    const peer = await busy()
    peer.send(bytes())
    expect(await peer.goodbye()).toBe(code)
    await peer.closed()
    await lab.proxy.settled(1)
  })

  /** Behind the beginning of a block on stream 7. */
  function within(bytes: Buffer): Buffer {
    return Buffer.concat([frame('HEADERS', END_STREAM, 7, block(...get())), bytes])
  }
})

describe('an error that ends the stream', () => {
  test.each<[string, Code, number, () => Buffer]>([
    ['DATA behind END_STREAM', 'STREAM_CLOSED', 3, () => data(3, 'x')],
    ['HEADERS behind END_STREAM', 'STREAM_CLOSED', 3, () => headers(3, get())],
    ['DATA on a stream that is over', 'STREAM_CLOSED', 5, () => data(5, 'x')],
    [
      'a window that grows by nothing',
      'PROTOCOL_ERROR',
      1,
      () => frame('WINDOW_UPDATE', 0, 1, uint32(0)),
    ],
    [
      'a window of 2^31',
      'FLOW_CONTROL_ERROR',
      1,
      () => frame('WINDOW_UPDATE', 0, 1, uint32(2 ** 31 - 1)),
    ],
    [
      'windows that are too large by new settings',
      'FLOW_CONTROL_ERROR',
      1,
      () =>
        Buffer.concat([
          frame('WINDOW_UPDATE', 0, 1, uint32(2 ** 31 - 1 - 65_535)),
          settings(4, 65_536),
        ]),
    ],
    ['trailers without END_STREAM', 'PROTOCOL_ERROR', 1, () => headers(1, ['a', 'b'], 0)],
    ['trailers with a pseudo-header field', 'PROTOCOL_ERROR', 1, () => headers(1, [':path', '/'])],
    ['trailers in upper case', 'PROTOCOL_ERROR', 1, () => headers(1, ['A', 'b'])],
    ['trailers with a length', 'PROTOCOL_ERROR', 1, () => headers(1, ['content-length', '0'])],
    ['trailers of a connection', 'PROTOCOL_ERROR', 1, () => headers(1, ['connection', 'a'])],
    [
      'more body than Content-Length',
      'PROTOCOL_ERROR',
      7,
      () => Buffer.concat([headers(7, post('/', 'content-length', '2'), 0), data(7, 'abc')]),
    ],
    [
      'less body than Content-Length',
      'PROTOCOL_ERROR',
      7,
      () =>
        Buffer.concat([headers(7, post('/', 'content-length', '2'), 0), data(7, 'a', END_STREAM)]),
    ],
    [
      'less body than Content-Length, and trailers',
      'PROTOCOL_ERROR',
      7,
      () =>
        Buffer.concat([
          headers(7, post('/', 'content-length', '2'), 0),
          data(7, 'a'),
          headers(7, ['a', 'b']),
        ]),
    ],
  ])('%s: %s', async (_, code, stream, bytes) => {
    const peer = await busy()
    const before = peer.frames.length
    peer.send(bytes())
    await peer.wait('RST_STREAM', stream, before)
    expect((await peer.end(stream)).at(-1)).toBe(code)
    peer.send(headers(101, post(), 0), data(101, 'goes on', END_STREAM))
    expect(await peer.end(101)).toEqual([200])
    expect(peer.bodyOf(101).toString()).toBe('goes on')
    peer.socket.destroy()
  })

  test.each<[string, () => string[]]>([
    // Section 8.2.
    ['a name in upper case', () => get('/', 'Accept', '*/*')],
    ['a name with a space', () => get('/', 'a b', 'c')],
    ['a name with a colon', () => get('/', 'a:b', 'c')],
    ['a name with CR and LF', () => get('/', 'a\r\nb', 'c')],
    ['an empty name', () => get('/', '', 'c')],
    ['a name beyond ASCII', () => get('/', 'ä', 'c')],
    ['a value with CR', () => get('/', 'a', 'b\rc')],
    ['a value with LF', () => get('/', 'a', 'b\nc: d')],
    ['a value with NUL', () => get('/', 'a', 'b\0c')],
    ['a value that begins with a space', () => get('/', 'a', ' b')],
    ['a value that ends with a tab', () => get('/', 'a', 'b\t')],
    // Section 8.2.2.
    ['Connection', () => get('/', 'connection', 'close')],
    ['Keep-Alive', () => get('/', 'keep-alive', 'timeout=5')],
    ['Proxy-Connection', () => get('/', 'proxy-connection', 'keep-alive')],
    ['Transfer-Encoding', () => post('/', 'transfer-encoding', 'chunked')],
    ['Upgrade', () => get('/', 'upgrade', 'h2c')],
    ['TE other than trailers', () => get('/', 'te', 'gzip')],
    // Section 8.3.
    ['no :method', () => get().slice(2)],
    ['no :scheme', () => [...get().slice(0, 2), ...get().slice(4)]],
    ['no :path', () => get().slice(0, 6)],
    ['neither :authority nor Host', () => [...get().slice(0, 4), ':path', '/']],
    ['an empty :path', () => get('')],
    ['a :path without a slash', () => get('x')],
    ['a :path with a space', () => get('/a b')],
    ['a :path with CR and LF', () => get('/ HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['a :path with a fragment', () => get('/#x')],
    ['* for GET', () => get('*')],
    ['a :method with a space', () => [':method', 'GET /', ...get().slice(2)]],
    ['two :method', () => [':method', 'GET', ...get()]],
    ['two :path', () => [...get(), ':path', '/']],
    ['two :authority', () => [...get(), ':authority', authority]],
    ['a pseudo-header field behind others', () => ['a', 'b', ...get()]],
    ['an unknown one', () => [...get(), ':origin', 'x']],
    ['one of answers', () => [...get(), ':status', '200']],
    ['another scheme', () => [':method', 'GET', ':scheme', 'ftp', ...get().slice(4)]],
    [':protocol without CONNECT', () => [...get(), ':protocol', 'websocket']],
    // RFC 9110.
    ['two lengths', () => post('/', 'content-length', '0', 'content-length', '0')],
    ['a length that is no number', () => post('/', 'content-length', '0x1')],
    ['a length and no body', () => post('/', 'content-length', '1')],
  ])('a malformed request, %s', async (_, list) => {
    const peer = await busy()
    const before = h2.seen.length
    peer.send(headers(7, list()))
    const [end] = await peer.end(7)
    expect([400, 'PROTOCOL_ERROR']).toContain(end)
    peer.send(headers(101, get('/next')))
    expect(await peer.end(101)).toEqual([200])
    expect(h2.seen.slice(before)).toEqual(['GET /next'])
    peer.socket.destroy()
  })

  test.each<[string, number, () => string[]]>([
    [
      'another host',
      421,
      () => [':method', 'GET', ':scheme', 'https', ':authority', 'api.us.test', ':path', '/'],
    ],
    [
      'another port',
      421,
      () => [':method', 'GET', ':scheme', 'https', ':authority', 'api.de.test:1', ':path', '/'],
    ],
    [
      'a user in it',
      400,
      () => [':method', 'GET', ':scheme', 'https', ':authority', `a@${authority}`, ':path', '/'],
    ],
    ['another Host beside it', 403, () => get('/', 'host', 'api.us.test')],
    [
      'another Host alone',
      421,
      () => [':method', 'GET', ':scheme', 'https', ':path', '/', 'host', 'api.us.test'],
    ],
    ['the other scheme', 403, () => [':method', 'GET', ':scheme', 'http', ...get().slice(4)]],
  ])("an authority that is not the tunnel's, %s", async (_, status, list) => {
    const peer = await busy()
    const before = h2.seen.length
    peer.send(headers(7, list()))
    const [end] = await peer.end(7)
    expect(end).toBe(status)
    peer.send(headers(101, get('/next')))
    expect(await peer.end(101)).toEqual([200])
    expect(h2.seen.slice(before)).toEqual(['GET /next'])
    peer.socket.destroy()
  })
})

describe('what is allowed', () => {
  test.each<[string, () => Buffer]>([
    ['an unknown frame', () => frame(99, 0xff, 7, Buffer.from('x'))],
    ['an unknown setting', () => settings(0x7777, 1)],
    ['GREASE in flags', () => frame('PING', 0xfe, 0, uint32(1, 2))],
    ['PRIORITY of an idle stream', () => frame('PRIORITY', 0, 99, Buffer.alloc(5))],
    [
      'PRIORITY of a stream on itself',
      () => frame('PRIORITY', 0, 1, Buffer.concat([uint32(1), Buffer.of(1)])),
    ],
    ['GOAWAY', () => goAway(0)],
    ['RST_STREAM of a stream that is over', () => reset(5)],
    ['WINDOW_UPDATE of a stream that is over', () => frame('WINDOW_UPDATE', 0, 5, uint32(1))],
    ['a window of 2^31-1', () => frame('WINDOW_UPDATE', 0, 1, uint32(2 ** 31 - 1 - 65_535))],
    ['an acknowledgement of nothing', () => frame('SETTINGS', ACK, 0)],
    ['a negative window', () => settings(4, 0)],
  ])('%s', async (_, bytes) => {
    const peer = await busy()
    peer.send(bytes(), settings(4, 65_535), headers(101, post(), 0), data(101, 'x', END_STREAM))
    expect(await peer.end(101)).toEqual([200])
    peer.socket.destroy()
  })

  test('PING is answered with what it says', async () => {
    const peer = await connect()
    peer.send(frame('PING', 0, 0, Buffer.from('12345678')))
    const { flags, payload } = await peer.wait('PING')
    expect([flags, payload.toString()]).toEqual([ACK, '12345678'])
    peer.socket.destroy()
  })

  test('padding, priority, and a block in many frames', async () => {
    const peer = await connect()
    const whole = block(...post('/padded', 'x-long', 'y'.repeat(20_000)))
    const start = Buffer.concat([
      Buffer.of(7),
      Buffer.alloc(5),
      whole.subarray(0, 1),
      Buffer.alloc(7),
    ])
    peer.send(
      frame('HEADERS', PADDED | PRIORITY, 1, start),
      frame('CONTINUATION', 0, 1, whole.subarray(1, 2)),
      frame('CONTINUATION', 0, 1),
      frame('CONTINUATION', 0, 1, whole.subarray(2, 16_000)),
      frame('CONTINUATION', END_HEADERS, 1, whole.subarray(16_000)),
      data(1, Buffer.concat([Buffer.of(255), Buffer.from('one '), Buffer.alloc(255)]), PADDED),
      data(1, Buffer.concat([Buffer.of(0), Buffer.from('two')]), PADDED),
      data(1, Buffer.concat([Buffer.of(3), Buffer.alloc(3)]), PADDED | END_STREAM),
    )
    expect(await peer.end(1)).toEqual([200])
    expect(peer.bodyOf(1).toString()).toBe('one two')
    expect(h2.seen.at(-1)).toBe('POST /padded')
    peer.socket.destroy()
  })

  test('every byte in a write of its own', async () => {
    const peer = await connect()
    const bytes = Buffer.concat([
      headers(1, post('/bytes', 'te', 'trailers'), 0),
      data(1, Buffer.concat([Buffer.of(2), Buffer.from('abc'), Buffer.alloc(2)]), PADDED),
      headers(1, ['x-trailer', 'y']),
    ])
    for (const byte of bytes) {
      peer.send(Buffer.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await peer.end(1)).toEqual([200])
    expect(peer.bodyOf(1).toString()).toBe('abc')
    peer.socket.destroy()
  })

  test('padding counts for windows: it opens them again', async () => {
    const peer = await connect()
    peer.send(headers(1, post('/padding'), 0))
    // Far more than a window, of which one byte in 256 is a body.
    const padded = data(
      1,
      Buffer.concat([Buffer.of(255), Buffer.from('x'), Buffer.alloc(255)]),
      PADDED,
    )
    for (let i = 0; i < 3_000; i++) {
      peer.send(padded)
      if (i % 200 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    peer.send(data(1, '', END_STREAM))
    expect(await peer.end(1)).toEqual([200])
    expect(peer.bodyOf(1)).toHaveLength(3_000)
    peer.socket.destroy()
  })
})
