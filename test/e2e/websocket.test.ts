/** WebSocket through the proxy: relayed only after a real 101, whole messages, honest ends; refused and recorded like any call. */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import WebSocket, { WebSocketServer } from 'ws'
import { applyMask, toClose, toFrame } from '../../src/proxy/websocket/frames.ts'
import { acceptFor } from '../../src/proxy/websocket/handshake.ts'
import { CLOSE, type Frame, PING, TEXT, toBytes } from '../proxy/websocket/support.ts'
import { converse, openTls } from '../support/clients.ts'
import { http2Origin } from '../support/http2-origin.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { rawOrigin } from '../support/origins.ts'
import { eventually } from '../support/wait.ts'
import { type WebSocketOrigin, webSocketOn, webSocketOrigin } from '../support/websocket-origin.ts'

let lab: Lab
let origin: WebSocketOrigin
const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='

beforeAll(async () => {
  lab = await openLab({
    config: 'limits: { websocket_message: 1MiB }\nrules: [rules/*.yaml]',
    files: {
      'rules/lab.yaml': `
version: 1
rules:
  - { id: no-sockets, because: of the lab, when: { host: api.fr.test, upgrade: websocket }, then: block }
  - { id: engine, because: our own, when: { host: api.de.test, path: /engine, upgrade: tcp }, then: allow }`,
    },
  })
  const certificate = lab.certificate('api.de.test', 'api.fr.test', 'api.us.test')
  origin = lab.keep(
    await webSocketOrigin(certificate, { handleProtocols: (offered) => [...offered][0] ?? false }),
  )
})
afterAll(() => lab[Symbol.asyncDispose]())

const ca = () => readFileSync(lab.proxy.ca, 'utf8')

/** Through a tunnel, TLS verified. */
async function connect(
  host = 'api.de.test',
  protocols: string[] = [],
  options: WebSocket.ClientOptions = {},
): Promise<WebSocket> {
  const to = `${host}:${origin.port}`
  const socket = await openTls(lab.proxy, to, { ca: ca(), alpn: ['http/1.1'] })
  return new WebSocket(`wss://${to}/chat?token=secret`, protocols, {
    createConnection: () => socket,
    ...options,
  } as WebSocket.ClientOptions)
}

async function opened(...args: Parameters<typeof connect>): Promise<WebSocket> {
  const socket = await connect(...args)
  await once(socket, 'open')
  return socket
}

async function echoOf(socket: WebSocket, data: string | Buffer): Promise<Buffer | string> {
  const answer = once(socket, 'message') as Promise<[Buffer, boolean]>
  socket.send(data)
  const [got, isBinary] = await answer
  return isBinary ? got : got.toString()
}

/** The newest row, once it has ended. */
async function lastFlow() {
  return lab.proxy.settled(lab.proxy.flows().length)
}

describe('by the ws package', () => {
  test('texts, binaries, subprotocol; no extension gets through', async () => {
    const socket = await opened('api.de.test', ['chat.v2', 'chat.v1'])
    expect(socket.protocol).toBe('chat.v2')
    expect(socket.extensions).toBe('')
    expect(await echoOf(socket, 'grüß dich')).toBe('grüß dich')
    const large = Buffer.alloc(900_000, 'x')
    expect(await echoOf(socket, large)).toEqual(large)
    expect(await echoOf(socket, '')).toBe('')
    const names = origin.heads.at(-1)?.filter((_, i) => i % 2 === 0)
    expect(names).not.toContain('Sec-WebSocket-Extensions')
    socket.close(4001, 'done')
    const [code, reason] = await once(socket, 'close')
    expect([code, reason.toString()]).toEqual([4001, 'done'])
    expect(await lastFlow()).toMatchObject({
      method: 'GET',
      path: '/chat',
      protocol: 'websocket',
      outcome: 'forwarded',
      status: 101,
      error: null,
    })
    const { bytes_out: out, bytes_in: back } = await lastFlow()
    expect(Math.min(out, back)).toBeGreaterThan(900_000)
  })

  test('pings and pongs pass both ways', async () => {
    const socket = await opened()
    const pong = once(socket, 'pong')
    socket.ping('are you there')
    expect(String((await pong)[0])).toBe('are you there')
    const server = origin.accepted.at(-1)
    const back = once(server as WebSocket, 'pong')
    server?.ping('and you')
    expect(String((await back)[0])).toBe('and you')
    socket.close()
    await once(socket, 'close')
  })

  test.each([
    ['by the origin with a code', (s: WebSocket) => s.close(1013, 'later'), 1013, 'later', null],
    ['by the origin without one', (s: WebSocket) => s.close(), 1005, '', null],
    ['by the death of the origin', (s: WebSocket) => s.terminate(), 1006, '', 'connect-reset'],
  ])('closed %s', async (_, end, code, reason, error) => {
    const socket = await opened()
    socket.on('error', () => {})
    const closed = once(socket, 'close')
    end(origin.accepted.at(-1) as WebSocket)
    const [gotCode, gotReason] = await closed
    expect([gotCode, gotReason.toString()]).toEqual([code, reason])
    expect(await lastFlow()).toMatchObject({ error, status: 101 })
  })

  test('the death of the client is seen as that', async () => {
    const socket = await opened()
    const server = origin.accepted.at(-1) as WebSocket
    const closed = once(server, 'close')
    socket.terminate()
    expect((await closed)[0]).toBe(1006)
    expect(await lastFlow()).toMatchObject({ outcome: 'forwarded', error: null })
  })

  test('a message beyond the limit ends with 1009, for the other side with 1006', async () => {
    const socket = await opened()
    const server = origin.accepted.at(-1) as WebSocket
    const ends = [once(socket, 'close'), once(server, 'close')]
    socket.on('error', () => {})
    socket.send(Buffer.alloc(1_048_577))
    expect((await Promise.all(ends)).map(([code]) => code)).toEqual([1009, 1006])
    expect(await lastFlow()).toMatchObject({ outcome: 'failed', error: 'request-too-large' })
  })

  test('fragments are put together, with pings between them', async () => {
    const socket = await opened()
    const server = origin.accepted.at(-1) as WebSocket
    const pings = once(server, 'ping')
    const answer = once(socket, 'message')
    socket.send('grü', { fin: false })
    socket.ping('between')
    socket.send('ße, ', { fin: false })
    socket.send('', { fin: false })
    socket.send('Welt', { fin: true })
    expect(String((await pings)[0])).toBe('between')
    const [data, isBinary] = await answer
    expect([data.toString(), isBinary]).toEqual(['grüße, Welt', false])
    socket.close()
    await once(socket, 'close')
  })

  test('a slow reader slows the sender down, and gets everything', async () => {
    const socket = await opened()
    const server = origin.accepted.at(-1) as WebSocket
    socket.pause()
    const message = Buffer.alloc(1_000_000, 's')
    const count = 64
    for (let i = 0; i < count; i++) server.send(message)
    server.close(1000, 'all of it')
    await sleep(300)
    expect(server.bufferedAmount).toBeGreaterThan((count / 2) * message.length)
    let got = 0
    socket.on('message', (data: Buffer) => {
      got += data.length
    })
    socket.resume()
    const [code, reason] = await once(socket, 'close')
    expect([got, code, reason.toString()]).toEqual([count * message.length, 1000, 'all of it'])
  })

  test('many messages without waiting arrive in order, through back-pressure', async () => {
    const socket = await opened()
    let next = 0
    const count = 500
    const done = new Promise<void>((resolve, reject) => {
      socket.on('message', (data: Buffer) => {
        if (data.readUInt32BE(0) !== next++) reject(new Error('out of order'))
        if (next === count) resolve()
      })
    })
    for (let i = 0; i < count; i++) {
      const message = Buffer.alloc(20_000, i % 256)
      message.writeUInt32BE(i, 0)
      socket.send(message)
    }
    await done
    socket.close()
    await once(socket, 'close')
  })

  test.each([
    ['api.us.test', 'placement-outside', null],
    ['api.fr.test', 'rule-no-sockets', 'no-sockets'],
  ])('to %s it is refused before the origin hears of it', async (host, code, rule) => {
    const before = origin.accepted.length
    const socket = await connect(host)
    socket.on('error', () => {})
    const [, response] = await once(socket, 'unexpected-response')
    expect(response.statusCode).toBe(403)
    const pieces: Buffer[] = []
    for await (const piece of response) pieces.push(piece as Buffer)
    expect(JSON.parse(Buffer.concat(pieces).toString()).code).toBe(code)
    expect(origin.accepted).toHaveLength(before)
    expect(await lastFlow()).toMatchObject({ outcome: 'blocked', rule, host })
  })

  test('when the proxy stops, both sides are told (1001)', async () => {
    await using other = await openLab()
    const own = other.keep(await webSocketOrigin(other.certificate('api.de.test')))
    const to = `api.de.test:${own.port}`
    const trusted = readFileSync(other.proxy.ca, 'utf8')
    const tls = await openTls(other.proxy, to, { ca: trusted, alpn: ['http/1.1'] })
    const socket = new WebSocket(`wss://${to}/`, {
      createConnection: () => tls,
    } as WebSocket.ClientOptions)
    await once(socket, 'open')
    const ends = [once(socket, 'close'), once(own.accepted[0] as WebSocket, 'close')]
    const stopped = other.proxy.stop()
    expect((await Promise.all(ends)).map(([code]) => code)).toEqual([1001, 1001])
    expect(await stopped).toBe(0)
  })
})

const handshake = (to: string, ...more: string[]) =>
  [
    ...['GET /raw HTTP/1.1', `Host: ${to}`, 'Upgrade: websocket', 'Connection: Upgrade'],
    ...[`Sec-WebSocket-Key: ${KEY}`, 'Sec-WebSocket-Version: 13', ...more, '', ''],
  ].join('\r\n')

/** Of a frame that may be masked and is not, or the other way round, with what makes it wrong. */
const frame = (how: Partial<Frame>) =>
  toBytes({ opcode: TEXT, payload: Buffer.from('x'), mask: null, ...how })
const MASK = Buffer.from([0xa1, 0x02, 0x7f, 0x80])
const closing = (code: number, reason = Buffer.alloc(0)) =>
  frame({ opcode: CLOSE, payload: Buffer.concat([toClose(code, ''), reason]) })
const piece = (opcode: number, payload: Buffer) => frame({ opcode, payload, fin: false })

type BadFrames = [name: string, frames: readonly Buffer[], code: number, error: string]

/** What neither side may send (RFC 6455 sections 5 and 7), unmasked; the code the sender is told, and the flow's, when not the usual one. */
const BAD_FRAMES: readonly BadFrames[] = [
  ...[3, 7, 11, 15].map((opcode): BadFrames => [`opcode ${opcode}`, [frame({ opcode })], 1002, '']),
  ['a reserved bit', [frame({ reserved: 1 })], 1002, ''],
  ['a ping in pieces', [piece(PING, Buffer.alloc(1))], 1002, ''],
  ['a ping of 126 bytes', [frame({ opcode: PING, payload: Buffer.alloc(126) })], 1002, ''],
  ['a continuation of nothing', [frame({ opcode: 0 })], 1002, ''],
  ['a message within another', [piece(TEXT, Buffer.from('x')), frame({})], 1002, ''],
  ['a length longer than it has to be', [frame({ length: { bytes: 2, value: 1n } })], 1002, ''],
  ['a length beyond 2^63', [frame({ length: { bytes: 8, value: 2n ** 63n } })], 1002, ''],
  ...[0, 999, 1004, 1005, 1006, 1015, 2999, 5000].map(
    (code): BadFrames => [`close code ${code}`, [closing(code)], 1002, ''],
  ),
  ['half a close code', [frame({ opcode: CLOSE })], 1002, ''],
  ['a close reason that is not UTF-8', [closing(1000, Buffer.from([0xff]))], 1007, ''],
  ['a text that is not UTF-8', [frame({ payload: Buffer.from([0xc3, 0x28]) })], 1007, ''],
  ['a text that begins wrongly', [piece(TEXT, Buffer.from([0x61, 0xff]))], 1007, ''],
]

/** More than a mebibyte, in pieces that are not. */
const TOO_LARGE = [
  piece(2, Buffer.alloc(1_000_000)),
  frame({ opcode: 0, payload: Buffer.alloc(48_577) }),
]

/** The same as a client sends it; the length in the header is kept. */
function masked(bytes: Buffer): Buffer {
  const short = (bytes[1] ?? 0) & 0x7f
  const head = 2 + (short < 126 ? 0 : short === 126 ? 2 : 8)
  const payload = Buffer.from(bytes.subarray(head))
  applyMask(payload, 0, payload.length, MASK, 0)
  const start = Buffer.from(bytes.subarray(0, head))
  start[1] = 0x80 | short
  return Buffer.concat([start, MASK, payload])
}

/** Of a Close frame to either side; null for another frame. */
function closeCode(bytes: Buffer): number | null {
  const isMasked = ((bytes[1] ?? 0) & 0x80) !== 0
  if (bytes[0] !== 0x88) return null
  const payload = Buffer.from(bytes.subarray(isMasked ? 6 : 2))
  if (isMasked) applyMask(payload, 0, payload.length, bytes.subarray(2, 6), 0)
  return payload.readUInt16BE(0)
}

describe('an origin that is no WebSocket', () => {
  const accept = `Sec-WebSocket-Accept: ${acceptFor(KEY)}\r\n`
  const switching =
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'

  test.each([
    ['200 instead of 101', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno', /^HTTP\/1.1 200 /],
    ['426', 'HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n', /^HTTP\/1.1 426 /],
    [
      'another key',
      `${switching}Sec-WebSocket-Accept: ${acceptFor('x')}\r\n\r\n`,
      /^HTTP\/1.1 502 /,
    ],
    ['no key', `${switching}\r\n`, /^HTTP\/1.1 502 /],
    [
      'another protocol',
      `HTTP/1.1 101 x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n${accept}\r\n`,
      /^HTTP\/1.1 502 /,
    ],
    ['no Connection', `HTTP/1.1 101 x\r\nUpgrade: websocket\r\n${accept}\r\n`, /^HTTP\/1.1 502 /],
    [
      'an extension',
      `${switching}${accept}Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n`,
      /^HTTP\/1.1 502 /,
    ],
    ['a subprotocol', `${switching}${accept}Sec-WebSocket-Protocol: x\r\n\r\n`, /^HTTP\/1.1 502 /],
  ])('answers with %s', async (_, answer, want) => {
    await using raw = await rawOrigin((socket) => socket.once('data', () => socket.write(answer)), {
      address: '127.0.0.10',
      certificate: lab.certificate('api.de.test'),
    })
    const to = `api.de.test:${raw.port}`
    const socket = await openTls(lab.proxy, to, { ca: ca() })
    const got = await converse(socket, handshake(to), { until: /\r\n\r\n/ })
    expect(got).toMatch(want)
    socket.destroy()
  })

  test('what the client sends before 101 is not sent on, and is a request if there is none', async () => {
    const seen: string[] = []
    await using raw = await rawOrigin(
      (socket) => {
        socket.on('data', (data: Buffer) => {
          seen.push(data.toString('latin1'))
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
        })
      },
      { address: '127.0.0.10', certificate: lab.certificate('api.de.test') },
    )
    const to = `api.de.test:${raw.port}`
    const socket = await openTls(lab.proxy, to, { ca: ca() })
    const smuggled = `GET /admin HTTP/1.1\r\nHost: evil.test\r\n\r\n`
    const got = await converse(socket, handshake(to) + smuggled, { until: /421[\s\S]*\r\n\r\n\{/ })
    expect(got).toMatch(/^HTTP\/1.1 200 OK/)
    expect(seen.join('')).not.toContain('/admin')
    expect(await lastFlow()).toMatchObject({ error: 'misdirected' })
  })

  test.each<BadFrames>([
    ...BAD_FRAMES,
    ['bytes that are no frames', [Buffer.from('GARBAGE')], 1002, 'connect-malformed'],
    ['a masked frame', [frame({ mask: MASK })], 1002, 'connect-malformed'],
    ['a compressed frame', [frame({ reserved: 4 })], 1002, 'connect-malformed'],
    ['a message beyond the limit', TOO_LARGE, 1009, 'connect-too-large'],
  ])('sends %s: it is told so, and nothing else ends', async (_, frames, code, error) => {
    const told = Promise.withResolvers<Buffer>()
    await using raw = await rawOrigin(
      (socket) =>
        socket.once('data', () => {
          socket.once('data', told.resolve)
          socket.write(`${switching}${accept}\r\n`)
          socket.write(Buffer.concat(frames))
        }),
      { address: '127.0.0.10', certificate: lab.certificate('api.de.test') },
    )
    const to = `api.de.test:${raw.port}`
    const socket = await openTls(lab.proxy, to, { ca: ca() })
    const got = await converse(socket, handshake(to))
    // Nothing of what was refused, and no goodbye that nobody said.
    expect(got).toMatch(/\r\n\r\n$/)
    expect(closeCode(await told.promise)).toBe(code)
    socket.destroy()
    const want = error || 'connect-malformed'
    expect(await lastFlow()).toMatchObject({ outcome: 'failed', error: want })
    const again = await opened()
    expect(await echoOf(again, 'still here')).toBe('still here')
    again.close()
  })
})

describe('a client that is no WebSocket', () => {
  test.each<BadFrames>([
    ...BAD_FRAMES.map(
      ([name, frames, code, error]): BadFrames => [name, frames.map(masked), code, error],
    ),
    ['a frame without a mask', [frame({})], 1002, ''],
    ['a compressed frame', [frame({ reserved: 4, mask: MASK })], 1002, ''],
    ['a message beyond the limit', TOO_LARGE.map(masked), 1009, 'request-too-large'],
  ])('sends %s: it is told so, and the origin is left', async (_, frames, code, error) => {
    const to = `api.de.test:${origin.port}`
    const before = origin.accepted.length
    const socket = await openTls(lab.proxy, to, { ca: ca() })
    await converse(socket, handshake(to), { until: /\r\n\r\n/ })
    const server = await eventually('the connection', () => origin.accepted[before])
    const gone = once(server, 'close')
    const answer = Buffer.from(await converse(socket, Buffer.concat(frames)), 'latin1')
    expect(closeCode(answer)).toBe(code)
    expect((await gone)[0]).toBe(1006)
    socket.destroy()
    const want = error || 'request-websocket'
    expect(await lastFlow()).toMatchObject({ outcome: 'failed', error: want })
  })
})

describe('Upgrade to something else', () => {
  async function ask(path: string, upgrade: string): Promise<{ got: string; seen: string }> {
    let seen = ''
    await using raw = await rawOrigin(
      (socket) => {
        socket.on('data', (data: Buffer) => {
          const text = data.toString('latin1')
          if (seen === '') {
            seen = text
            const asked = /^upgrade: (.*)$/im.exec(text)?.[1]
            socket.write(
              asked
                ? `HTTP/1.1 101 x\r\nUpgrade: ${asked}\r\nConnection: Upgrade\r\n\r\nhello`
                : 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
            )
          } else socket.end(text.toUpperCase())
        })
      },
      { address: '127.0.0.10', certificate: lab.certificate('api.de.test') },
    )
    const to = `api.de.test:${raw.port}`
    const socket = await openTls(lab.proxy, to, { ca: ca() })
    const head = `POST ${path} HTTP/1.1\r\nHost: ${to}\r\nUpgrade: ${upgrade}\r\nConnection: Upgrade\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n`
    let got = await converse(socket, head, { until: /hello|200 OK[\s\S]*\r\n\r\n/ })
    if (got.includes('101')) got += await converse(socket, 'raw bytes')
    socket.destroy()
    return { got, seen }
  }

  test('passes where a rule names it: bytes both ways, and the end', async () => {
    const { got } = await ask('/engine', 'tcp')
    expect(got).toMatch(/^HTTP\/1.1 101 /)
    expect(got).toMatch(/\r\n\r\nhelloRAW BYTES$/)
    expect(await lastFlow()).toMatchObject({ rule: 'engine', outcome: 'forwarded', status: 101 })
  })

  test.each([
    ['no rule names the path', '/other', 'tcp'],
    ['no rule names the protocol', '/engine', 'udp'],
    ['it is HTTP/2 in the clear', '/engine', 'h2c'],
    ['there are two', '/engine', 'tcp, h2c'],
  ])('goes on without where %s', async (_, path, upgrade) => {
    const { got, seen } = await ask(path, upgrade)
    expect(got).toMatch(/^HTTP\/1.1 200 /)
    expect(seen).not.toMatch(/upgrade|http2-settings/i)
  })
})

describe('on a stream of HTTP/2 (RFC 8441)', () => {
  /** Opens a WebSocket on a stream; frames are written and read as bytes. */
  async function openStream(
    port: number,
  ): Promise<{ stream: Duplex; status: number; close(): void }> {
    const to = `api.de.test:${port}`
    const socket = await openTls(lab.proxy, to, { ca: ca(), alpn: ['h2', 'http/1.1'] })
    const session = http2.connect(`https://${to}`, { createConnection: () => socket })
    session.on('error', () => {})
    await once(session, 'remoteSettings')
    expect(session.remoteSettings.enableConnectProtocol).toBe(true)
    const stream = session.request(
      {
        ':method': 'CONNECT',
        ':protocol': 'websocket',
        ':scheme': 'https',
        ':path': '/h2',
        ':authority': to,
        'sec-websocket-version': '13',
        'sec-websocket-protocol': 'chat',
        'sec-websocket-extensions': 'permessage-deflate',
      },
      { endStream: false },
    )
    stream.on('error', () => {})
    const [headers] = await once(stream, 'response')
    return { stream, status: headers[':status'] as number, close: () => session.close() }
  }

  const sockets: WebSocket[] = []
  /** An echo of the `ws` package on streams. */
  const echoOrigin = async () =>
    lab.keep(
      await http2Origin(lab.certificate('api.de.test'), {
        address: '127.0.0.10',
        settings: { enableConnectProtocol: true },
        onStream(stream) {
          stream.respond({ ':status': 200 })
          const socket = webSocketOn(stream, false)
          sockets.push(socket)
          socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
        },
      }),
    )

  async function openWs() {
    const { stream, close } = await openStream((await echoOrigin()).port)
    return { socket: webSocketOn(stream, true), server: sockets.at(-1) as WebSocket, close }
  }

  test('both sides, by the ws package', async () => {
    const { socket, server, close } = await openWs()
    expect(await echoOf(socket, 'grüß dich')).toBe('grüß dich')
    const large = Buffer.alloc(900_000, 'x')
    expect(await echoOf(socket, large)).toEqual(large)
    const whole = once(socket, 'message')
    socket.send('in ', { fin: false })
    socket.send('pieces', { fin: true })
    expect(String((await whole)[0])).toBe('in pieces')
    const pong = once(socket, 'pong')
    socket.ping('are you there')
    expect(String((await pong)[0])).toBe('are you there')
    const closed = once(server, 'close')
    socket.close(4001, 'done')
    expect((await once(socket, 'close'))[0]).toBe(4001)
    expect([(await closed)[0], String((await closed)[1])]).toEqual([4001, 'done'])
    close()
    expect(await lastFlow()).toMatchObject({ outcome: 'forwarded', error: null })
  })

  test('a slow reader slows the sender down, and gets everything', async () => {
    const { socket, server, close } = await openWs()
    socket.pause()
    const message = Buffer.alloc(1_000_000, 's')
    const count = 32
    for (let i = 0; i < count; i++) server.send(message)
    server.close(1000)
    await sleep(300)
    expect(server.bufferedAmount).toBeGreaterThan((count / 2) * message.length)
    let got = 0
    socket.on('message', (data: Buffer) => {
      got += data.length
    })
    socket.resume()
    expect((await once(socket, 'close'))[0]).toBe(1000)
    expect(got).toBe(count * message.length)
    close()
  })

  test('frames that break the rules end it (1002)', async () => {
    const { stream } = await openStream((await echoOrigin()).port)
    stream.write(frame({ reserved: 4, mask: MASK }))
    const [data] = await once(stream, 'data')
    expect(closeCode(data)).toBe(1002)
    expect(await lastFlow()).toMatchObject({ error: 'request-websocket' })
  })

  test.each([
    ['an extension', { 'sec-websocket-extensions': 'permessage-deflate' }],
    ['a subprotocol', { 'sec-websocket-protocol': 'other' }],
  ])('an origin that chooses %s nobody offered is refused', async (_, fields) => {
    const h2 = lab.keep(
      await http2Origin(lab.certificate('api.de.test'), {
        address: '127.0.0.10',
        settings: { enableConnectProtocol: true },
        onStream: (stream) => stream.respond({ ':status': 200, ...fields }),
      }),
    )
    const { status, close } = await openStream(h2.port)
    expect(status).toBe(502)
    close()
    expect(await lastFlow()).toMatchObject({ outcome: 'failed', error: 'connect-malformed' })
  })

  async function echo(stream: Duplex, text: string): Promise<string> {
    stream.write(toFrame(1, Buffer.from(text), true)[0])
    const [data] = (await once(stream, 'data')) as [Buffer]
    return data.subarray(2).toString()
  }

  test('towards an origin that can do that', async () => {
    let extensions: unknown
    const h2 = lab.keep(
      await http2Origin(lab.certificate('api.de.test'), {
        address: '127.0.0.10',
        settings: { enableConnectProtocol: true },
        onStream(stream, headers) {
          extensions = headers['sec-websocket-extensions']
          stream.respond({ ':status': 200, 'sec-websocket-protocol': 'chat' })
          // What comes is masked; what goes back must not be.
          stream.on('data', (data: Buffer) => {
            const payload = Buffer.from(data.subarray(6))
            for (const [i, byte] of payload.entries()) payload[i] = byte ^ (data[2 + (i % 4)] ?? 0)
            const isClose = (data[0] ?? 0) === 0x88
            stream.write(toFrame((data[0] ?? 0) & 0x0f, payload, false)[0])
            if (isClose) stream.end()
          })
        },
      }),
    )
    // The first connection of the lab to it has shown what it can.
    const { stream, status, close } = await openStream(h2.port)
    expect(status).toBe(200)
    expect(await echo(stream, 'over h2')).toBe('over h2')
    expect(h2.seen).toEqual(['CONNECT /h2'])
    expect(extensions).toBeUndefined()
    stream.write(toFrame(8, toClose(1000, ''), true)[0])
    await once(stream, 'end')
    stream.end()
    close()
    expect(await lastFlow()).toMatchObject({ protocol: 'websocket', outcome: 'forwarded' })
  })

  test('towards one that cannot do that: it is asked over HTTP/1.1', async () => {
    const certificate = lab.certificate('api.de.test')
    // Both versions on one port, and no stream that could become something else.
    const server = http2.createSecureServer({
      key: certificate.keyPem,
      cert: certificate.pem,
      allowHTTP1: true,
    })
    const accepting = new WebSocketServer({ noServer: true })
    server.on('upgrade', (request, socket, head) => {
      accepting.handleUpgrade(request, socket, head, (accepted) => {
        accepted.on('message', (data, isBinary) => accepted.send(data, { binary: isBinary }))
      })
    })
    server.listen(0, '127.0.0.10')
    await once(server, 'listening')
    const { stream, status, close } = await openStream((server.address() as AddressInfo).port)
    expect(status).toBe(200)
    expect(await echo(stream, 'from h2 to h1')).toBe('from h2 to h1')
    stream.write(toFrame(8, toClose(1000, ''), true)[0])
    await once(stream, 'end')
    stream.end()
    close()
    expect(await lastFlow()).toMatchObject({ protocol: 'websocket', outcome: 'forwarded' })
    server.close()
  })

  test('another protocol is refused', async () => {
    const to = `api.de.test:${lab.https.port}`
    const socket = await openTls(lab.proxy, 'api.mixed.test:443', { ca: ca(), alpn: ['h2'] })
    const session = http2.connect('https://api.mixed.test', { createConnection: () => socket })
    await once(session, 'remoteSettings')
    const stream = session.request({
      ':method': 'CONNECT',
      ':protocol': 'connect-udp',
      ':scheme': 'https',
      ':path': '/',
      ':authority': to,
    })
    const [headers] = await once(stream, 'response')
    expect(headers[':status']).toBe(403)
    session.close()
    expect(await lastFlow()).toMatchObject({ error: 'upgrade-refused' })
  })
})
