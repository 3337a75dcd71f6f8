/**
 * Requests that two readers could take for different ones, each by every way in: refused, or relayed as exactly one request with the
 * same framing; and the log has as many requests that left as the origin saw, by llhttp's count.
 *
 * Items are those of our study of other proxies, by what once went wrong there. Where to find each:
 * - B18 (names and values of framing), B19 (both lengths), B22 (HTTP/1.0), B24 and B25 (Transfer-Encoding), B26 to B28 (chunks), B29
 *   (trailers), B30 (h2c), B52 (other spellings): `support/smuggled-requests.ts`.
 * - B21 (bytes behind Upgrade), B22 (early answers), B23 (bytes behind CONNECT): below; WebSocket besides in `websocket.test.ts`.
 * - B18, B19, B26, B27, B29 and B31 in answers: `smuggled-answers.test.ts`.
 * - B20 (from HTTP/2 to HTTP/1.1): `smuggling-http2.test.ts`.
 * - B32 to B38 (exhaustion) and B47 to B51 (Node): `exhaustion.test.ts`.
 * Whatever else is malformed: `bad-input.test.ts`, and by the thousand `test/proxy/http1/fuzz.test.ts`.
 */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { converse, openTls, openTunnel, rawExchange } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { type NewRow, rowsOf } from '../support/new-rows.ts'
import { type RecordingOrigin, recordingOrigin } from '../support/recording-origin.ts'
import {
  BODIES,
  CANARY,
  CHUNKED,
  HEADS,
  head,
  RELAYED,
  SMUGGLED,
} from '../support/smuggled-requests.ts'
import { eventually } from '../support/wait.ts'

let lab: Lab
let plain: RecordingOrigin
let secure: RecordingOrigin
beforeAll(async () => {
  lab = await openLab()
  const early = ({ start }: { start: readonly [string, string] }) =>
    start[1].endsWith('/early') ? 'HTTP/1.1 413 Early\r\nContent-Length: 5\r\n\r\nearly' : null
  plain = lab.keep(await recordingOrigin({ early }))
  secure = lab.keep(await recordingOrigin({ early, certificate: lab.certificate('api.de.test') }))
})
afterAll(() => lab[Symbol.asyncDispose]())
beforeEach(() => {
  plain.forget()
  secure.forget()
})

interface Way {
  readonly name: string
  readonly origin: () => RecordingOrigin
  /** What stands before the path in the request line. */
  readonly prefix: () => string
  open(): Promise<net.Socket>
}

const at = (origin: RecordingOrigin) => `api.de.test:${origin.port}`

const CLEAR = 'in a tunnel, in the clear'

const WAYS: readonly Way[] = [
  {
    name: 'in absolute form',
    origin: () => plain,
    prefix: () => `http://${at(plain)}`,
    async open() {
      const socket = net.connect(lab.proxy.port, '127.0.0.1')
      await once(socket, 'connect')
      return socket
    },
  },
  {
    name: CLEAR,
    origin: () => plain,
    prefix: () => '',
    open: () => openTunnel(lab.proxy, at(plain)),
  },
  {
    name: 'in a tunnel, in TLS',
    origin: () => secure,
    prefix: () => '',
    open: () => openTls(lab.proxy, at(secure), { ca: readFileSync(lab.proxy.ca, 'utf8') }),
  },
]

const newRows = rowsOf(() => lab.proxy)

/** `@/` for the target and `@` for Host filled in. */
const fill = ({ prefix, origin }: Way, bytes: string) =>
  bytes.replaceAll(' @/', ` ${prefix()}/`).replaceAll('@', at(origin()))

/** Sends the bytes and reads until the proxy closes or the canary is answered. */
async function send(way: Way, bytes: string): Promise<string> {
  const socket = await way.open()
  const got = await converse(socket, fill(way, bytes), { until: /GET \S*\/canary$/ })
  socket.destroy()
  return got
}

/** The counts agree: rows that left and requests that came, by a reader that is not ours. */
function expectSameCount(rows: readonly NewRow[], { origin }: Way): void {
  const left = rows.filter(({ bytes_out }) => bytes_out > 0)
  expect(origin().requests()).toHaveLength(left.length)
}

const codesOf = (text: string) =>
  [...text.matchAll(/"type":"urn:cordon:([\w-]+)"/g)].map(([, code]) => code)
const isSoon = { timeout: 10_000 }

describe.each(WAYS)('$name', (way) => {
  test.each(HEADS)('%s: %s', isSoon, async (_, __, bytes, code) => {
    const got = await send(way, bytes + CANARY)
    const rows = await newRows(1)
    // A tunnel is asked first whether it is HTTP at all; who speaks something else could not read an answer.
    const isNothing = way.name === CLEAR && !/^[A-Za-z\r]/.test(bytes)
    expect({ rows: rows.map(({ error }) => error), got: codesOf(got) }).toEqual(
      isNothing ? { rows: ['request-not-http'], got: [] } : { rows: [code], got: [code] },
    )
    if (!isNothing) expect(got).toMatch(/^HTTP\/1\.1 (400|505) /)
    expect(way.origin().bytes()).toEqual([])
  })

  test.each(BODIES)('%s: %s', isSoon, async (_, __, bytes, code) => {
    const [head = ''] = bytes.split('\r\n\r\n')
    const socket = await way.open()
    socket.write(fill(way, `${head}\r\n\r\n`))
    await eventually('the head to arrive', () => way.origin().requests().length === 1)
    const rest = bytes.slice(head.length + 4) + CANARY
    const got = await converse(socket, fill(way, rest), { until: /GET \S*\/canary$/ })
    socket.destroy()
    const rows = await newRows(1)
    expect({ rows: rows.map(({ error }) => error), got: codesOf(got) }).toEqual({
      rows: [code],
      got: [code],
    })
    expect(got).toMatch(/^HTTP\/1\.1 400 /)
    expectSameCount(rows, way)
    // What was cut never looks whole.
    expect(way.origin().requests()).toMatchObject([{ start: ['POST', '/x'], complete: false }])
  })

  test.each(RELAYED.map((row) => ({ ...row, title: `${row.item}: ${row.name}` })))(
    '$title',
    isSoon,
    async ({ send: bytes, want, body = '', trailers = [], after = [] }) => {
      const isOld = bytes.includes('HTTP/1.0')
      const goesOn = after.length === 0 && !isOld
      const got = await send(way, bytes + (goesOn ? CANARY : ''))
      const rows = await newRows(1 + after.length + (goesOn ? 1 : 0))
      const [first, second] = way.origin().requests()
      expect(first).toMatchObject({ body, trailers, complete: true })
      const [lines = ''] = way.origin().bytes()[0]?.split('\r\n\r\n') ?? []
      const isOurs = (line: string) => !/^(Host|Via): /.test(line)
      expect(lines.split('\r\n').filter(isOurs)).toEqual(want)
      expect(second?.start).toEqual(goesOn ? ['GET', '/canary'] : undefined)
      expect(codesOf(got)).toEqual(after)
      expectSameCount(rows, way)
    },
  )

  describe('B21: bytes behind Upgrade stay requests until there is a 101', () => {
    test.each(['websocket', 'foo'])('%s', async (protocol) => {
      const upgrade = head('GET @/x HTTP/1.1', 'Connection: Upgrade', `Upgrade: ${protocol}`)
      const got = await send(way, upgrade + SMUGGLED + CANARY)
      const rows = await newRows(3)
      expect(got.match(/HTTP\/1\.1 200 /g)).toHaveLength(3)
      const targets = way
        .origin()
        .requests()
        .map(({ start }) => start[1])
      expect(targets).toEqual(['/x', '/smuggled', '/canary'])
      expectSameCount(rows, way)
    })
  })

  describe('B22: an answer that came before the request was complete', () => {
    test.each([
      ['with a length', `${head('POST @/early HTTP/1.1', 'Content-Length: 1000')}begin`],
      ['in chunks', `${head('POST @/early HTTP/1.1', CHUNKED)}5\r\nbegin\r\n`],
    ])('%s: the rest of its body is no request, on either side', async (_, bytes) => {
      const socket = await way.open()
      const closed = once(socket, 'close')
      const answer = await converse(socket, fill(way, bytes), { until: /early$/ })
      expect(answer).toMatch(/^HTTP\/1\.1 413 Early\r\n/)
      socket.on('error', () => {})
      socket.resume()
      socket.write(fill(way, `${'x'.repeat(600)}${SMUGGLED}`))
      await closed
      expectSameCount(await newRows(1), way)
      expect(way.origin().bytes().join('')).not.toContain('smuggled')
      // Nor does the next request on another connection get what is left of it.
      const next = await send(way, CANARY)
      expect(next).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*GET \/canary$/)
      expect((await newRows(1))[0]).toMatchObject({ outcome: 'forwarded' })
      expect(way.origin().requests().at(-1)?.start).toEqual(['GET', '/canary'])
    })
  })
})

describe('B23: bytes right behind CONNECT', () => {
  test.each([
    ['to a host that is refused at once', 'CONNECT 127.0.0.1:PROXY', 'proxy-loop'],
    ['without a port', 'CONNECT api.de.test', 'request-target'],
    ['with another Host', 'CONNECT api.fr.test:443', 'names-disagree'],
  ])('%s: dropped', async (_, line, code) => {
    const connect = line.replace('PROXY', String(lab.proxy.port))
    const host = code === 'names-disagree' ? 'api.de.test:443' : connect.slice('CONNECT '.length)
    const canary = CANARY.replace(' @/', ` http://${at(plain)}/`).replace('@', at(plain))
    const got = await rawExchange(
      lab.proxy,
      `${connect} HTTP/1.1\r\nHost: ${host}\r\n\r\n${canary}`,
    )
    expect(codesOf(got)).toEqual([code])
    expect((await newRows(1)).map(({ error }) => error)).toEqual([code])
    expect(plain.bytes()).toEqual([])
  })

  test('for what is found inside: they wait for the tunnel and are judged there, one row each', async () => {
    const connect = `CONNECT ${at(plain)} HTTP/1.1\r\nHost: ${at(plain)}\r\n\r\n`
    const inside = CANARY.replace(' @/', ' /').replace('@', at(plain))
    const elsewhere = inside.replace(/Host: .*/, 'Host: api.us.test')
    const got = await rawExchange(lab.proxy, connect + inside + elsewhere, { until: /\}$/ })
    expect(got).toMatch(/^HTTP\/1\.1 200 Connection established\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
    expect(codesOf(got)).toEqual(['misdirected'])
    const rows = await newRows(2)
    expect(rows.map(({ error }) => error)).toEqual([null, 'misdirected'])
    expect(plain.requests()).toHaveLength(1)
  })
})

test('after all this nothing is left open', async () => {
  await eventually('the rows to end', () => {
    const open = lab.proxy.query("SELECT id FROM flows WHERE outcome = 'open'")
    return open.length === 0
  })
  expect(lab.proxy.said()).not.toContain('error')
})
