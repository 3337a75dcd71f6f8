/**
 * Answers that two readers could end in different places: refused with 502, cut, or relayed as exactly one. Each time a second request
 * follows on the same connection of the client, and gets its own answer or none: never what stood behind the first.
 *
 * The items are those of `smuggling.test.ts`: B18 (lengths and codings), B19 (both), B26 and B27 (chunks), B31 (status, names, 1xx).
 */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { converse, openTls } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { rowsOf } from '../support/new-rows.ts'
import { type RecordingOrigin, recordingOrigin } from '../support/recording-origin.ts'
import { eventually } from '../support/wait.ts'

let lab: Lab
let plain: RecordingOrigin
let secure: RecordingOrigin
/** What the origin says to `/x`, and whether it closes then. */
let said = ''
beforeAll(async () => {
  lab = await openLab()
  const answer: NonNullable<Parameters<typeof recordingOrigin>[0]>['answer'] = (
    { start: [, target] },
    socket,
  ) => {
    if (target.endsWith('/canary')) return 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ncanary'
    // One that ends with the connection is ended.
    if (said.endsWith('END')) socket.end(Buffer.from(said.slice(0, -3), 'latin1'))
    return said.endsWith('END') ? null : said
  }
  plain = lab.keep(await recordingOrigin({ answer }))
  secure = lab.keep(await recordingOrigin({ answer, certificate: lab.certificate('api.de.test') }))
})
afterAll(() => lab[Symbol.asyncDispose]())
beforeEach(() => {
  plain.forget()
  secure.forget()
})

const OK = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = 'Transfer-Encoding: chunked\r\n'
const LENGTH = 'Content-Length: 5\r\n'
/** For whoever takes what stands behind the first answer for the next. */
const SMUGGLED = `${OK}Content-Length: 8\r\n\r\nsmuggled`
const interim = (n: number) => 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(n)
const chunks = (body: string) => `${OK}${CHUNKED}\r\n${body}`

type Row = readonly [string, string, string]

/** 502, and nothing of it arrives. */
const REFUSED: readonly Row[] = [
  ['B18', 'a space before the colon', `${OK}Content-Length : 5\r\n\r\nhello`],
  ['B18', 'a folded field', `${OK}X: y\r\n z\r\n${LENGTH}\r\nhello`],
  ['B18', 'a length with a sign', `${OK}Content-Length: +5\r\n\r\nhello`],
  ['B18', 'a length with a zero before', `${OK}Content-Length: 05\r\n\r\nhello`],
  ['B18', 'a list of lengths', `${OK}Content-Length: 5, 5\r\n\r\nhello`],
  ['B18', 'two lengths', `${OK}${LENGTH}${LENGTH}\r\nhello`],
  ['B18', 'no length in its field', `${OK}Content-Length:\r\n\r\nhello`],
  ['B18', 'gzip, chunked', `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  ['B18', 'identity', `${OK}Transfer-Encoding: identity\r\n${LENGTH}\r\nhello`],
  ['B18', 'chunked behind a vertical tab', `${OK}Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n`],
  ['B18', 'chunked twice', `${OK}${CHUNKED}${CHUNKED}\r\n0\r\n\r\n`],
  ['B18', 'chunks in HTTP/1.0', `HTTP/1.0 200 OK\r\n${CHUNKED}\r\n0\r\n\r\n`],
  ['B18', 'chunks in a 204', `HTTP/1.1 204 No Content\r\n${CHUNKED}\r\n${SMUGGLED}`],
  ['B18', 'a length in a 204', `HTTP/1.1 204 No Content\r\n${LENGTH}\r\nhello`],
  ['B18', 'chunks in a 103', `HTTP/1.1 103 Early Hints\r\n${CHUNKED}\r\n${SMUGGLED}`],
  ['B18', 'a length in a 100', `HTTP/1.1 100 Continue\r\n${LENGTH}\r\nhello${SMUGGLED}`],
  ['B19', 'a length and chunks', `${OK}${LENGTH}${CHUNKED}\r\n0\r\n\r\n`],
  ['B19', 'chunks and a length', `${OK}${CHUNKED}${LENGTH}\r\n0\r\n\r\n`],
  ['B31', 'a status below 100', `HTTP/1.1 099 Low\r\n${LENGTH}\r\nhello`],
  ['B31', 'a status of four digits', `HTTP/1.1 2000 High\r\n${LENGTH}\r\nhello`],
  ['B31', 'a status of two digits', `HTTP/1.1 20 Short\r\n${LENGTH}\r\nhello`],
  ['B31', 'a status with a sign', `HTTP/1.1 -20 OK\r\n${LENGTH}\r\nhello`],
  ['B31', 'a status with a letter', `HTTP/1.1 2x0 OK\r\n${LENGTH}\r\nhello`],
  ['B31', 'no space behind the status', `HTTP/1.1 200OK\r\n${LENGTH}\r\nhello`],
  ['B31', 'two spaces before the status', `HTTP/1.1  200 OK\r\n${LENGTH}\r\nhello`],
  ['B31', 'a NUL in the reason', `HTTP/1.1 200 O\0K\r\n${LENGTH}\r\nhello`],
  ['B31', 'a CR in the reason', `HTTP/1.1 200 O\rK\r\n${LENGTH}\r\nhello`],
  ['B31', 'a field without name', `${OK}: x\r\n${LENGTH}\r\nhello`],
  ['B31', 'a name with a space', `${OK}Bad Name: x\r\n${LENGTH}\r\nhello`],
  ['B31', 'a name beyond ASCII', `${OK}N\xe4me: x\r\n${LENGTH}\r\nhello`],
  ['B31', 'a NUL in a value', `${OK}X: a\0b\r\n${LENGTH}\r\nhello`],
  ['B31', 'a CR in a value', `${OK}X: a\rb\r\n${LENGTH}\r\nhello`],
  ['B31', 'lines that end in LF', `HTTP/1.1 200 OK\n${LENGTH.trim()}\n\nhello`],
  ['B31', 'HTTP/2.0', `HTTP/2.0 200 OK\r\n${LENGTH}\r\nhello`],
  ['B31', 'ICY', `ICY 200 OK\r\n${LENGTH}\r\nhello`],
  ['B31', 'HTTP/0.9', '<html>hello</html>\r\n\r\n'],
  [
    'B31',
    'a 101 that nobody asked for',
    `HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n${SMUGGLED}`,
  ],
  ['B31', 'a 1xx as the last word', `${interim(1)}END`],
  ['B31', 'nothing but a 100', 'HTTP/1.1 100 Continue\r\n\r\nEND'],
  ['B31', 'more interim answers than anybody sends', `${interim(65)}${OK}${LENGTH}\r\nhello`],
  ['B31', 'more fields than anybody reads', `${OK}${'A: b\r\n'.repeat(1_001)}${LENGTH}\r\nhello`],
  ['B31', 'a head that is too large', `${OK}A: ${'b'.repeat(70_000)}\r\n${LENGTH}\r\nhello`],
]

/** What may come in place of a chunk: alone it is refused, behind a good one the answer is cut, without last chunk or clean end. */
const NO_CHUNKS: readonly Row[] = [
  ['B27', 'a size with a sign', '+5\r\nhello\r\n0\r\n\r\n'],
  ['B27', 'a size with 0x', '0x5\r\nhello\r\n0\r\n\r\n'],
  ['B27', 'a size with a space behind', '5 \r\nhello\r\n0\r\n\r\n'],
  ['B27', 'a size that wraps around', '10000000000000005\r\nhello\r\n0\r\n\r\n'],
  ['B27', 'LF behind a size', '5\nhello\n0\n\n'],
  ['B27', 'more data than the size says', '5\r\nhelloo\r\n0\r\n\r\n'],
  ['B26', 'a LF in an extension', '5;a\nb\r\nhello\r\n0\r\n\r\n'],
  ['B26', 'a line end in a quoted extension', `5;a="\r\n0\r\n\r\n${SMUGGLED}`],
  ['B29', 'a length in the trailers', `0\r\n${LENGTH}\r\n${SMUGGLED}`],
  ['B29', 'an answer for a trailer', `0\r\n${SMUGGLED}`],
]

interface Relayed {
  readonly item: string
  readonly name: string
  readonly method?: string
  readonly say: string
  /** What the client gets, without Via. */
  readonly want: string
}

const RELAYED: readonly Relayed[] = [
  {
    item: 'B18',
    name: 'a 304 with the length that there would have been',
    say: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 8\r\n\r\n',
    want: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 8\r\n\r\n',
  },
  {
    item: 'B18',
    name: 'what stands behind a 304',
    say: `HTTP/1.1 304 Not Modified\r\nContent-Length: 8\r\n\r\n${SMUGGLED}`,
    want: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 8\r\n\r\n',
  },
  {
    item: 'B18',
    name: 'what stands behind the answer to HEAD',
    method: 'HEAD',
    say: `${OK}Content-Length: 8\r\n\r\nsmuggled${SMUGGLED}`,
    want: `${OK}Content-Length: 8\r\n\r\n`,
  },
  {
    item: 'B18',
    name: 'what stands behind a 204',
    say: `HTTP/1.1 204 No Content\r\n\r\n${SMUGGLED}`,
    want: 'HTTP/1.1 204 No Content\r\n\r\n',
  },
  {
    item: 'B18',
    name: 'what stands behind a body with a length',
    say: `${OK}${LENGTH}\r\nhello${SMUGGLED}`,
    want: `${OK}${LENGTH}\r\nhello`,
  },
  {
    item: 'B18',
    name: 'what stands behind the last chunk',
    say: chunks(`5\r\nhello\r\n0\r\n\r\n${SMUGGLED}`),
    want: chunks('5\r\nhello\r\n0\r\n\r\n'),
  },
  {
    item: 'B26',
    name: 'extensions stay behind',
    say: chunks('5;a=b;c="d"\r\nhello\r\n000;x\r\n\r\n'),
    want: chunks('5\r\nhello\r\n0\r\n\r\n'),
  },
  {
    item: 'B29',
    name: 'trailers that could be taken for the head stay behind',
    say: chunks(
      '5\r\nhello\r\n0\r\nX-Sum: 1\r\nSet-Cookie: a=b\r\nHost: evil\r\nLocation: /\r\n\r\n',
    ),
    want: chunks('5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n'),
  },
  {
    item: 'B31',
    name: 'interim answers before the last, up to the bound',
    say: `${interim(64)}${OK}${LENGTH}\r\nhello`,
    want: `${interim(64)}${OK}${LENGTH}\r\nhello`,
  },
  {
    item: 'B31',
    name: 'a status that nobody has defined',
    say: `HTTP/1.1 999 Beyond\r\n${LENGTH}\r\nhello`,
    want: `HTTP/1.1 999 Beyond\r\n${LENGTH}\r\nhello`,
  },
]

interface Way {
  readonly name: string
  readonly origin: () => RecordingOrigin
  /** What stands before the path in the request line. */
  readonly prefix: () => string
  open(): Promise<net.Socket>
}

const at = (origin: RecordingOrigin) => `api.de.test:${origin.port}`

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
    name: 'in a tunnel, in TLS',
    origin: () => secure,
    prefix: () => '',
    open: () => openTls(lab.proxy, at(secure), { ca: readFileSync(lab.proxy.ca, 'utf8') }),
  },
]

const rows = rowsOf(() => lab.proxy)
const newRows = async (count: number) =>
  (await rows(count)).map(({ error, outcome }) => ({ error, outcome }))

/** Two, on one connection. */
function requests({ origin, prefix }: Way, method: string): string {
  const one = (method: string, path: string) =>
    `${method} ${prefix()}${path} HTTP/1.1\r\nHost: ${at(origin())}\r\n\r\n`
  return one(method, '/x') + one('GET', '/canary')
}

/** Gives all that came until the second was answered, or the end. */
async function ask(way: Way, method: string): Promise<string> {
  const socket = await way.open()
  const got = await converse(socket, requests(way, method), { until: /canary$/ })
  socket.destroy()
  return got.replace(/^Via: .*\r\n/gm, '')
}

const alone = ([item, name, bytes]: Row): Row => [item, name, chunks(bytes)]

const FORWARDED = { error: null, outcome: 'forwarded' }
const CANARY = `${OK}Content-Length: 6\r\n\r\ncanary`

describe.each(WAYS)('$name', (way) => {
  const targets = () =>
    way
      .origin()
      .requests()
      .map(({ start }) => start[1])

  test.each([...REFUSED, ...NO_CHUNKS.map(alone)])('%s: %s', async (_, __, say) => {
    said = say
    const got = await ask(way, 'GET')
    const [error] = await newRows(2)
    expect(error?.outcome).toBe('failed')
    expect(error?.error).toMatch(/^connect-(malformed|reset)$/)
    expect(got).toContain(`"code":"${error?.error}"`)
    expect(got).not.toContain('hello')
    expect(got).not.toContain('smuggled')
    // What was not understood ended that connection: the next answer came on another.
    expect(got.endsWith(CANARY)).toBe(true)
    expect(way.origin().bytes()).toHaveLength(2)
    expect(targets()).toEqual(['/x', '/canary'])
  })

  test.each(NO_CHUNKS)('%s: %s, behind a good chunk', async (_, __, bytes) => {
    said = chunks('5\r\nbegin\r\n')
    const socket = await way.open()
    await converse(socket, requests(way, 'GET'), { until: /begin\r\n$/ })
    way.origin().sayUnasked(bytes)
    const rest = await converse(socket, '')
    expect(rest).not.toMatch(/canary|smuggled|0\r\n/)
    expect(await newRows(1)).toEqual([{ error: 'connect-malformed', outcome: 'failed' }])
    expect(targets()).toEqual(['/x'])
  })

  test.each(RELAYED.map((row) => ({ ...row, title: `${row.item}: ${row.name}` })))(
    '$title',
    async ({ say, want, method = 'GET' }) => {
      said = say
      expect(await ask(way, method)).toBe(want + CANARY)
      expect(await newRows(2)).toEqual([FORWARDED, FORWARDED])
      expect(targets()).toEqual(['/x', '/canary'])
    },
  )

  test('B31: an answer that nobody asked for, later: the connection is dropped', async () => {
    said = `${OK}${LENGTH}\r\nhello`
    await ask(way, 'GET')
    await newRows(2)
    way.origin().forget()
    way.origin().sayUnasked(SMUGGLED)
    await eventually('the connection to be dropped', () => way.origin().open() === 0)
    expect(await ask(way, 'GET')).toBe(`${OK}${LENGTH}\r\nhello${CANARY}`)
    await newRows(2)
  })
})

test('after all this nothing is left open', () => {
  expect(lab.proxy.query("SELECT id FROM flows WHERE outcome = 'open'")).toEqual([])
  expect(lab.proxy.said()).not.toContain('error')
})
