/**
 * Clients that want to wear the proxy out, or to run into what Node does by default: it goes on, keeps what it holds within bounds, and
 * the log has as many requests that left as the origin saw.
 *
 * The items are those of `smuggling.test.ts`. Below: B32 (compressed bodies), B34 (names as paths), B35 (slow heads), B36 (HTTP/2), B48
 * (hellos that make callbacks throw), B51 (bytes at random). Elsewhere:
 * - B32 (compressed bodies that have to be read): `decode.test.ts`. B36 (more floods): `http2-floods.test.ts`.
 * - B33 (new certificates): `test/proxy/listen.test.ts` and `test/tls/contexts.test.ts`.
 * - B37 (WebSocket): `websocket.test.ts` (compressed frames, messages beyond the limit) and `test/proxy/websocket/`.
 * - B38 (memory and time by size): `memory.test.ts`; twenty thousand chunks are among `support/smuggled-requests.ts`.
 * - B47 (IP literals as server names): `upstream.test.ts`, `clients.test.ts`.
 * - B49 (HTTP/2 within streams): `tls-port.test.ts`, `http2.test.ts`. B50 (what Node adds and joins): `differential.test.ts`.
 */

import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { FLAG, FRAME } from '../../src/proxy/http2/frames.ts'
import { converse, openTls, openTunnel, rawExchange } from '../support/clients.ts'
import { block, headers, type List, RawHttp2, statusOf } from '../support/http2-frames.ts'
import { frame, uint32 } from '../support/http2-peer.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { readKilobytes } from '../support/memory.ts'
import { linux, missing } from '../support/needs.ts'
import { rowsOf } from '../support/new-rows.ts'
import { type RecordingOrigin, recordingOrigin } from '../support/recording-origin.ts'
import { eventually } from '../support/wait.ts'

const BOMB = gzipSync(Buffer.alloc(64 * 1024 * 1024))

let lab: Lab
let ca: string
let origin: RecordingOrigin
beforeAll(async () => {
  lab = await openLab({
    config: 'timeouts: { head: 600ms }\nlimits: { http2_resets: 20, http2_streams: 10 }',
  })
  ca = readFileSync(lab.proxy.ca, 'utf8')
  origin = lab.keep(
    await recordingOrigin({
      answer({ start: [, target] }) {
        if (target === '/silent') return null
        if (target !== '/bomb') return 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
        const head = `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${BOMB.length}\r\n\r\n`
        return head + BOMB.toString('latin1')
      },
    }),
  )
})
afterAll(() => lab[Symbol.asyncDispose]())
beforeEach(async () => {
  origin.forget()
  await newRows(0)
})

const newRows = rowsOf(() => lab.proxy)

const at = () => `api.de.test:${origin.port}`
const request = (line: string, ...fields: string[]) =>
  [line, `Host: ${at()}`, ...fields, '', ''].join('\r\n')
const to = (path: string) => `http://${at()}${path}`

async function expectAlive(): Promise<void> {
  const got = await rawExchange(lab.proxy, request(`GET ${to('/alive')} HTTP/1.1`), {
    until: /ok$/,
  })
  expect(got).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
}

const resident = () => readKilobytes(lab.proxy.process.pid)

describe('B32: what nobody has to read is not unpacked', () => {
  test.skipIf(missing(linux)).each([
    ['once', 'gzip'],
    ['a hundred times, as it says', Array(100).fill('gzip').join(', ')],
  ])('64 MiB in a body, %s: the same bytes go on, and memory does not grow', async (_, coding) => {
    await expectAlive()
    const before = resident()
    const head = request(
      `POST ${to('/x')} HTTP/1.1`,
      'Content-Type: application/json',
      `Content-Encoding: ${coding}`,
      `Content-Length: ${BOMB.length}`,
    )
    const bytes = Buffer.concat([Buffer.from(head, 'latin1'), BOMB])
    expect(await rawExchange(lab.proxy, bytes, { until: /ok$/ })).toMatch(/^HTTP\/1\.1 200 /)
    expect(origin.requests().at(-1)?.body).toBe(BOMB.toString('latin1'))
    expect(resident() - before).toBeLessThan(30_000)
  })

  test('nor in an answer', async () => {
    const got = await rawExchange(
      lab.proxy,
      request(`GET ${to('/bomb')} HTTP/1.1`, 'Connection: close'),
    )
    expect(got.slice(got.indexOf('\r\n\r\n') + 4)).toBe(BOMB.toString('latin1'))
  })
})

describe('B34: a name is never a path', () => {
  test.each([
    '../../../etc/passwd:443',
    '..:443',
    '..%2f..%2fetc:443',
    '%2e%2e:443',
    'a/../../b:443',
    'a\\..\\b:443',
    '/etc/passwd:443',
    '~:443',
    '$(id):443',
    '`id`:443',
    'a;b:443',
    `${'a'.repeat(64)}.test:443`,
    `${'a.'.repeat(130)}test:443`,
  ])('CONNECT %s', async (name) => {
    const files = () =>
      readdirSync(lab.dir, { recursive: true }).filter((file) => !String(file).startsWith('data'))
    const before = files()
    const got = await rawExchange(lab.proxy, `CONNECT ${name} HTTP/1.1\r\nHost: ${name}\r\n\r\n`, {
      until: /\}$/,
    })
    expect(got).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":"request-target"/)
    expect(await newRows(1)).toMatchObject([{ error: 'request-target' }])
    expect(files()).toEqual(before)
  })
})

describe('B35: a head has to be whole in time, however it trickles', () => {
  const open = {
    'at the port': async () => {
      const socket = net.connect(lab.proxy.port, '127.0.0.1')
      await once(socket, 'connect')
      return socket
    },
    'in a tunnel, in the clear': () => openTunnel(lab.proxy, at()),
    'in a tunnel, in TLS': () => openTls(lab.proxy, `api.de.test:${lab.https.port}`, { ca }),
  }

  /** A byte every 20 ms, until the other side has had enough. */
  async function trickle(socket: net.Socket, text: string): Promise<void> {
    for (const byte of text) {
      if (!socket.writable) return
      socket.write(byte)
      await sleep(20)
    }
  }

  test.each(Object.entries(open))('%s', async (_, open) => {
    const socket = await open()
    const [got] = await Promise.all([
      converse(socket, ''),
      trickle(socket, `GET / HTTP/1.1\r\nX: ${'y'.repeat(100)}`),
    ])
    expect(got).toMatch(/^HTTP\/1\.1 408 /)
    expect(await newRows(1)).toMatchObject([{ error: 'request-timeout' }])
  })

  test('in a header block of HTTP/2', async () => {
    const socket = await open['at the port']()
    const client = new RawHttp2(socket)
    await client.ready()
    client.send(frame(FRAME.headers, 0, 1, block([[':method', 'GET']])))
    await Promise.all([
      client.closed(),
      trickle(socket, frame(FRAME.continuation, 0, 1, 'x'.repeat(100)).toString('latin1')),
    ])
    expect(await newRows(1)).toMatchObject([{ error: 'request-timeout' }])
  })

  test('a body may trickle for as long as it keeps coming', async () => {
    const socket = await open['at the port']()
    const body = 'x'.repeat(40)
    socket.write(request(`POST ${to('/x')} HTTP/1.1`, `Content-Length: ${body.length}`))
    const [got] = await Promise.all([converse(socket, '', { until: /ok$/ }), trickle(socket, body)])
    socket.destroy()
    expect(got).toMatch(/^HTTP\/1\.1 200 /)
    expect(await newRows(1)).toMatchObject([{ outcome: 'forwarded' }])
  })
})

describe('B36: HTTP/2 that asks for work and not for answers', () => {
  const list = (path: string, ...more: List): List => [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':authority', at()],
    [':path', path],
    ...more,
  ]
  const range = (count: number, toFrame: (stream: number) => Buffer[]) =>
    Array.from({ length: count }, (_, i) => toFrame(2 * i + 1)).flat()
  const reset = (stream: number) => frame(FRAME.reset, 0, stream, uint32(8))
  const CALM = 11

  test.each<[string, () => Buffer[]]>([
    [
      'requests taken back at once (CVE-2023-44487)',
      () => range(200, (stream) => [headers(stream, list('/silent')), reset(stream)]),
    ],
    [
      'requests that we have to reset (CVE-2025-8671)',
      () =>
        range(200, (stream) => [
          headers(stream, list('/silent')),
          frame(FRAME.windowUpdate, 0, stream, uint32(0)),
        ]),
    ],
    [
      'a header block without end (CVE-2024-27316)',
      () => [
        frame(FRAME.headers, 0, 1, block(list('/x'))),
        ...Array.from({ length: 100 }, () => frame(FRAME.continuation, 0, 1, block([['x', 'y']]))),
      ],
    ],
    ['PING', () => Array.from({ length: 4_000 }, () => frame(FRAME.ping, 0, 0, '12345678'))],
    ['SETTINGS', () => Array.from({ length: 4_000 }, () => frame(FRAME.settings, 0, 0))],
    [
      'DATA without data',
      () => [
        headers(1, [...list('/x').slice(1), [':method', 'POST']], false),
        ...Array.from({ length: 4_000 }, () => frame(FRAME.data, 0, 1)),
      ],
    ],
    [
      'more streams at once than allowed, again and again',
      () => range(200, (stream) => [headers(stream, list('/silent'))]),
    ],
  ])('%s', async (_, frames) => {
    const socket = net.connect(lab.proxy.port, '127.0.0.1')
    const client = new RawHttp2(socket)
    client.send(...frames())
    const { code } = await client.over(0)
    expect(code).toBe(CALM)
    await client.closed()
    const rows = await newRows(1)
    expect(rows.filter(({ error }) => error === 'request-flood')).toHaveLength(1)
    const left = rows.filter(({ bytes_out }) => bytes_out > 0)
    expect(origin.requests()).toHaveLength(left.length)
    await expectAlive()
  })

  test('a list that grows from a small block costs its stream, not the connection', async () => {
    const socket = net.connect(lab.proxy.port, '127.0.0.1')
    const client = new RawHttp2(socket)
    // One entry of 3,000 bytes in the table, then named 100 times with a byte each.
    const stored = block([['x', 'y'.repeat(3_000)]])
    stored[0] = 0x40
    const bomb = Buffer.concat([block(list('/bomb')), stored, Buffer.alloc(100, 0x80 | 62)])
    client.send(
      frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, 1, bomb),
      headers(3, list('/alive')),
    )
    expect(statusOf(await client.over(1))).toBe('431')
    expect(statusOf(await client.over(3))).toBe('200')
    socket.destroy()
    expect((await newRows(2)).map(({ error }) => error)).toContain('request-head-too-large')
  })
})

describe('B48: hellos that make callbacks throw elsewhere', () => {
  test.each<[string, Parameters<typeof openTls>[2]]>([
    ['a server name with a slash', { ca: '', servername: 'a/b.test' }],
    ['a server name with a space', { ca: '', servername: 'a.test b.test' }],
    ['a server name that is too long', { ca: '', servername: `${'a'.repeat(64)}.test` }],
    ['a protocol nobody knows', { ca: '', alpn: ['\x01\xff'] }],
    ['the longest protocol there is', { ca: '', alpn: ['x'.repeat(255)] }],
    ['a hundred protocols', { ca: '', alpn: Array.from({ length: 100 }, (_, i) => `p${i}`) }],
  ])('%s', async (_, options) => {
    const to = `api.de.test:${lab.https.port}`
    await expect(openTls(lab.proxy, to, { ...options, ca })).rejects.toThrow()
    expect(await newRows(1)).toMatchObject([{ error: 'client-tls-failed', bytes_out: 0 }])
    await expectAlive()
  })
})

describe('B51: bytes at random', () => {
  const open = {
    'at the port': async () => {
      const socket = net.connect(lab.proxy.port, '127.0.0.1')
      await once(socket, 'connect')
      return socket
    },
    'in a tunnel': () => openTunnel(lab.proxy, at()),
    'in TLS in a tunnel': () => openTls(lab.proxy, `api.de.test:${lab.https.port}`, { ca }),
  }

  test.each(Object.entries(open))(
    '%s: each connection ends, none leaves anything',
    async (_, open) => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 400 }), async (bytes) => {
          const socket = await open()
          await converse(socket, Buffer.from(bytes), { end: true })
          socket.destroy()
        }),
        { numRuns: 25 },
      )
      await expectAlive()
      const rows = await newRows(1)
      expect(origin.requests()).toHaveLength(rows.filter(({ bytes_out }) => bytes_out > 0).length)
    },
  )
})

test('after all this nothing is left open', async () => {
  await eventually('the origin to be let go', () => lab.https.open() === 0)
  expect(lab.proxy.query("SELECT id FROM flows WHERE outcome = 'open'")).toEqual([])
  expect(lab.proxy.said()).not.toContain('error')
})
