/**
 * Streams of HTTP/2 that would be more than one request, or another, once they are written as HTTP/1.1 (B20): refused, or relayed as
 * exactly one with a framing that says what the stream said; and the log has as many requests that left as the origin saw. The other
 * items are listed in `smuggling.test.ts`.
 */

import { once } from 'node:events'
import net from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  data,
  type Heard,
  headers,
  type List,
  RawHttp2,
  statusOf,
} from '../support/http2-frames.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { rowsOf } from '../support/new-rows.ts'
import { type RecordingOrigin, recordingOrigin } from '../support/recording-origin.ts'
import { eventually } from '../support/wait.ts'

let lab: Lab
let origin: RecordingOrigin
beforeAll(async () => {
  lab = await openLab()
  const answers: Record<string, string> = {
    '/chunks':
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nAlt-Svc: h3=":443"\r\nX: y\r\n\r\n5;a=b\r\nhello\r\n0\r\nX-Sum: 1\r\nHost: evil\r\n\r\n',
  }
  origin = lab.keep(
    await recordingOrigin({
      answer: ({ start: [, target] }) =>
        answers[target] ?? 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    }),
  )
})
afterAll(() => lab[Symbol.asyncDispose]())
beforeEach(() => origin.forget())

const at = () => `api.de.test:${origin.port}`
/** Pseudo-header fields of a good request, with others in place of some of them. */
const pseudo = (other: Record<string, string> = {}): List =>
  Object.entries({
    ':method': 'POST',
    ':scheme': 'http',
    ':authority': at(),
    ':path': '/x',
    ...other,
  })

const SMUGGLED = 'x\r\nContent-Length: 0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n'

interface Refused {
  readonly name: string
  readonly list: () => List
  readonly code: string
}

const row = (name: string, list: () => List, code = 'request-malformed'): Refused => ({
  name,
  list,
  code,
})
const field = (name: string, fieldName: string, value = 'y', code = 'request-malformed') =>
  row(name, () => [...pseudo(), [fieldName, value]], code)
const inPseudo = (name: string, value: string, code?: string) =>
  row(`${name} is ${JSON.stringify(value.slice(0, 30))}`, () => pseudo({ [name]: value }), code)

const REFUSED: readonly Refused[] = [
  field('a CR in a name', 'x\ry'),
  field('a LF in a name', 'x\ny'),
  field('a whole request in a name', `x: ${SMUGGLED}y`),
  field('a NUL in a name', 'x\0'),
  field('a space in a name', 'x y'),
  field('a space behind a name', 'content-length ', '5'),
  field('a colon in a name', 'content-length:5'),
  field('upper case in a name', 'X'),
  field('a byte beyond ASCII in a name', 'x\xe4'),
  field('no name', ''),
  field('a CR in a value', 'x', 'a\rb'),
  field('a LF in a value', 'x', 'a\nb'),
  field('a whole request in a value', 'x', SMUGGLED),
  field('a NUL in a value', 'x', 'a\0b'),
  field('a DEL in a value', 'x', 'a\x7f'),
  field('a space before a value', 'x', ' a'),
  field('a tab behind a value', 'x', 'a\t'),
  field('Transfer-Encoding', 'transfer-encoding', 'chunked'),
  field('Connection', 'connection', 'close'),
  field('Keep-Alive', 'keep-alive', '1'),
  field('Proxy-Connection', 'proxy-connection', 'close'),
  field('Upgrade', 'upgrade', 'h2c'),
  field('TE with more than trailers', 'te', 'trailers, gzip'),
  field('another Host', 'host', 'api.us.test', 'names-disagree'),
  field('a pseudo-header field behind others', ':path', '/y'),
  row('one that does not exist', () => [...pseudo(), [':x', 'y']]),
  row('one that belongs to answers', () => [...pseudo(), [':status', '200']]),
  row('a path twice', () => [...pseudo(), [':path', '/y']]),
  row('an authority twice', () => [...pseudo(), [':authority', at()]]),
  row(
    'a length twice',
    () => [...pseudo(), ['content-length', '5'], ['content-length', '5']],
    'request-framing',
  ),
  row('a list of lengths', () => [...pseudo(), ['content-length', '5, 5']], 'request-framing'),
  row('a length with a sign', () => [...pseudo(), ['content-length', '+5']], 'request-framing'),
  row('no path', () => pseudo().filter(([name]) => name !== ':path')),
  row('no method', () => pseudo().filter(([name]) => name !== ':method')),
  row('no scheme', () => pseudo().filter(([name]) => name !== ':scheme')),
  row('no authority', () => pseudo().filter(([name]) => name !== ':authority')),
  row('CONNECT with a path', () => pseudo({ ':method': 'CONNECT' })),
  inPseudo(':method', 'GET /smuggled HTTP/1.1\r\nX:'),
  inPseudo(':method', 'GET '),
  inPseudo(':method', ''),
  inPseudo(':path', `/ HTTP/1.1\r\nHost: ${SMUGGLED}`),
  inPseudo(':path', '/x y'),
  inPseudo(':path', '/x\0'),
  inPseudo(':path', '/x#y'),
  inPseudo(':path', ''),
  inPseudo(':path', 'x'),
  inPseudo(':path', '*'),
  inPseudo(':path', 'http://api.us.test/'),
  inPseudo(':path', '/\xe4'),
  inPseudo(':scheme', 'http://api.us.test/?'),
  inPseudo(':scheme', 'ftp'),
  inPseudo(':authority', 'api.de.test\r\nX: y', 'request-target'),
  inPseudo(':authority', 'api.de.test api.us.test', 'request-target'),
  inPseudo(':authority', 'api.de.test/api.us.test'),
  inPseudo(':authority', 'user@api.de.test', 'request-target'),
  inPseudo(':authority', 'api.de.test,api.us.test', 'request-target'),
  inPseudo(':authority', ''),
]

/** Begun, and not what it said: the head may have left. */
const BODIES: readonly {
  readonly name: string
  readonly fields: List
  readonly frames: () => Buffer[]
}[] = [
  {
    name: 'less than its length',
    fields: [['content-length', '5']],
    frames: () => [data(1, 'he')],
  },
  {
    name: 'more than its length',
    fields: [['content-length', '5']],
    frames: () => [data(1, 'hello GET /smuggled')],
  },
  {
    name: 'more than its length, later',
    fields: [['content-length', '5']],
    frames: () => [data(1, 'hello', false), data(1, 'x')],
  },
  {
    name: 'a length in the trailers',
    fields: [],
    frames: () => [data(1, 'x', false), headers(1, [['content-length', '1']])],
  },
  {
    name: 'Transfer-Encoding in the trailers',
    fields: [],
    frames: () => [data(1, 'x', false), headers(1, [['transfer-encoding', 'chunked']])],
  },
  {
    name: 'a path in the trailers',
    fields: [],
    frames: () => [data(1, 'x', false), headers(1, [[':path', '/y']])],
  },
  {
    name: 'a LF in the trailers',
    fields: [],
    frames: () => [data(1, 'x', false), headers(1, [['x', 'y\nz']])],
  },
  {
    name: 'trailers that are not the end',
    fields: [],
    frames: () => [data(1, 'x', false), headers(1, [['x', 'y']], false)],
  },
]

/** Whatever the framing says, without Host and Via. */
const RELAYED: readonly {
  readonly name: string
  readonly other?: Record<string, string>
  readonly fields?: List
  readonly frames?: () => Buffer[]
  readonly want: readonly string[]
  readonly body?: string
  readonly trailers?: readonly string[]
}[] = [
  {
    name: 'a length stays a length',
    fields: [['content-length', '5']],
    frames: () => [data(1, 'he', false), data(1, 'llo')],
    want: ['POST /x HTTP/1.1', 'content-length: 5'],
    body: 'hello',
  },
  {
    name: 'no length becomes chunks',
    frames: () => [data(1, 'hello')],
    want: ['POST /x HTTP/1.1', 'Transfer-Encoding: chunked'],
    body: 'hello',
  },
  {
    name: 'chunks in the body are body',
    frames: () => [data(1, '0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n')],
    want: ['POST /x HTTP/1.1', 'Transfer-Encoding: chunked'],
    body: '0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
  },
  {
    name: 'an end without a body has none',
    want: ['POST /x HTTP/1.1'],
  },
  {
    name: 'a length of nothing stays that',
    fields: [['content-length', '0']],
    want: ['POST /x HTTP/1.1', 'content-length: 0'],
  },
  {
    name: 'an end behind an empty body is a body',
    other: { ':method': 'DELETE' },
    frames: () => [data(1, '')],
    want: ['DELETE /x HTTP/1.1', 'Transfer-Encoding: chunked'],
  },
  {
    name: 'trailers that are safe go on',
    fields: [['te', 'trailers']],
    frames: () => [
      data(1, 'x', false),
      headers(1, [
        ['x-sum', '1'],
        ['host', 'evil'],
        ['authorization', 'x'],
        ['x-sum', '2'],
      ]),
    ],
    want: ['POST /x HTTP/1.1', 'TE: trailers', 'Connection: TE', 'Transfer-Encoding: chunked'],
    body: 'x',
    trailers: ['x-sum', '1', 'x-sum', '2'],
  },
  {
    name: 'crumbs of a cookie are joined, doubles of others are not',
    fields: [
      ['cookie', 'a=b'],
      ['x', '1'],
      ['cookie', 'c=d'],
      ['x', '2'],
      ['host', 'AT'],
    ],
    want: ['POST /x HTTP/1.1', 'x: 1', 'x: 2', 'cookie: a=b; c=d'],
  },
  {
    name: 'OPTIONS * is one',
    other: { ':method': 'OPTIONS', ':path': '*' },
    want: ['OPTIONS * HTTP/1.1'],
  },
]

const newRows = rowsOf(() => lab.proxy)

/** HTTP/2 in the clear, with the proxy itself. */
async function open(): Promise<RawHttp2> {
  const socket = net.connect(lab.proxy.port, '127.0.0.1')
  await once(socket, 'connect')
  return new RawHttp2(socket)
}

const canary = () => headers(3, pseudo({ ':method': 'GET', ':path': '/canary' }))
const codeOf = ({ body }: Heard) => (body === '' ? null : (JSON.parse(body).code as string))

describe('refused', () => {
  test.each(REFUSED)('$name', async ({ list, code }) => {
    const client = await open()
    client.send(headers(1, list()), canary())
    const heard = await client.over(1)
    // The other streams of the connection have nothing to do with it.
    expect(statusOf(await client.over(3))).toBe('200')
    client.socket.destroy()
    expect({ status: statusOf(heard), code: codeOf(heard) }).toEqual({
      status: code === 'names-disagree' ? '403' : '400',
      code,
    })
    expect((await newRows(2)).map(({ error }) => error).sort()).toEqual([null, code].sort())
    expect(origin.requests().map(({ start }) => start[1])).toEqual(['/canary'])
  })

  test.each(BODIES)('a body of $name', async ({ fields, frames }) => {
    const client = await open()
    client.send(headers(1, [...pseudo(), ...fields], false))
    await eventually('the head to arrive', () => origin.bytes().length === 1)
    client.send(...frames(), canary())
    const heard = await client.over(1)
    expect(statusOf(heard)).not.toBe('200')
    const isAlive = await client.over(3).then(({ ended }) => ended)
    client.socket.destroy()
    const rows = await newRows(isAlive ? 2 : 1)
    expect(rows[0]?.outcome).toMatch(/^(failed|cancelled)$/)
    const left = rows.filter(({ bytes_out }) => bytes_out > 0)
    expect(origin.requests()).toHaveLength(left.length)
    // What was cut never looks whole.
    expect(origin.requests()[0]?.complete).toBe(false)
    expect(origin.bytes().join('')).not.toContain('smuggled')
  })

  test('an end where the length says that there is a body', async () => {
    const client = await open()
    client.send(headers(1, [...pseudo(), ['content-length', '5']]), canary())
    expect(codeOf(await client.over(1))).toBe('request-malformed')
    await client.over(3)
    client.socket.destroy()
    await newRows(2)
    expect(origin.requests()).toHaveLength(1)
  })
})

describe('relayed as one', () => {
  test.each(RELAYED)(
    '$name',
    async ({ other, fields = [], frames, want, body = '', trailers = [] }) => {
      const client = await open()
      const filled = fields.map(([name, value]) => [name, value === 'AT' ? at() : value] as const)
      client.send(headers(1, [...pseudo(other), ...filled], !frames), ...(frames?.() ?? []))
      expect(statusOf(await client.over(1))).toBe('200')
      client.send(canary())
      expect(statusOf(await client.over(3))).toBe('200')
      client.socket.destroy()
      const [first, second] = origin.requests()
      expect(first).toMatchObject({ body, trailers, complete: true })
      expect(second?.start).toEqual(['GET', '/canary'])
      const [lines = ''] = origin.bytes()[0]?.split('\r\n\r\n') ?? []
      expect(lines.split('\r\n').filter((line) => !/^(Host|Via): /.test(line))).toEqual(want)
      expect((await newRows(2)).map(({ outcome }) => outcome)).toEqual(['forwarded', 'forwarded'])
    },
  )

  test('and its answer back, without what is only for one connection', async () => {
    const client = await open()
    client.send(headers(1, pseudo({ ':method': 'GET', ':path': '/chunks' })))
    const { lists, body } = await client.over(1)
    client.socket.destroy()
    expect(body).toBe('hello')
    expect(lists).toEqual([
      [':status', '200', 'x', 'y', 'via', expect.stringMatching(/^1\.1 /)],
      ['x-sum', '1'],
    ])
    await newRows(1)
  })
})

test('after all this nothing is left open', () => {
  expect(lab.proxy.query("SELECT id FROM flows WHERE outcome = 'open'")).toEqual([])
  expect(lab.proxy.said()).not.toContain('error')
})
