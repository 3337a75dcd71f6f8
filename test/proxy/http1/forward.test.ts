import { describe, expect, test } from 'vitest'
import { UNTIL_CLOSE, UNTOLD } from '../../../src/proxy/exchange/message.ts'
import type { Target } from '../../../src/proxy/exchange/target.ts'
import { BodyReader } from '../../../src/proxy/http1/body.ts'
import {
  clientFraming,
  toClientHead,
  toLastChunk,
  toOriginHead,
} from '../../../src/proxy/http1/forward.ts'
import { authority } from '../../support/nouns.ts'
import { answer, bytes, get, lines, post, requestHead, responseHead } from './support.ts'

const target: Target = {
  scheme: 'https',
  authority: authority('a.example:443'),
  wire: '/b?c',
  host: 'a.example',
  path: '/b',
}
const toOrigin = (text: string) => toOriginHead(requestHead(text), target, 'us')
const toClient = (text: string, body = 0, connection: 'close' | 'keep-alive' | null = null) =>
  toClientHead(responseHead(text), { body, connection }, 'us')

describe('a request on its way out', () => {
  test('keeps case, order, doubles and bytes of all other fields', () => {
    const fields = [
      ...['X-b: 1', 'HOST: A.example', 'x-A: caf\xc3\xa9', 'X-b: 2', 'cookie: a=b', 'Empty: '],
      ...['Content-Length: 3', 'Expect: 100-continue', 'Authorization: Bearer x', 'Trailer: y'],
    ]
    const [first, , ...rest] = fields
    expect(toOrigin(lines('POST / HTTP/1.1', ...fields))).toBe(
      lines('POST /b?c HTTP/1.1', first ?? '', 'HOST: a.example', ...rest, 'Via: 1.1 us'),
    )
  })

  test('gets the Host that was compared, first where there was none', () => {
    expect(toOrigin(lines('GET / HTTP/1.0', 'a: b'))).toBe(
      lines('GET /b?c HTTP/1.1', 'Host: a.example', 'a: b', 'Via: 1.0 us'),
    )
  })

  test('loses white space around values, which nobody may give a meaning', () => {
    expect(toOrigin(get('a:b \t', 'c: \t d'))).toContain('\r\na: b\r\nc: d\r\n')
  })

  test('of an answer loses offers of ways past us', () => {
    const text = lines('HTTP/1.1 200 OK', 'alt-svc: h3=":443"; ma=86400', 'a: b', 'ALT-SVC: clear')
    expect(toClient(text)).toBe(lines('HTTP/1.1 200 OK', 'a: b', 'Via: 1.1 us'))
  })

  test('keeps the Via of those before us', () => {
    expect(toOrigin(get('Via: 1.1 them'))).toMatch(/\r\nVia: 1\.1 them\r\nVia: 1\.1 us\r\n\r\n$/)
  })

  test('is framed anew when it is chunked', () => {
    expect(toOrigin(post('transfer-encoding: CHUNKED', 'a: b'))).toBe(
      lines(
        'POST /b?c HTTP/1.1',
        'Host: a.example',
        'a: b',
        'Transfer-Encoding: chunked',
        'Via: 1.1 us',
      ),
    )
  })

  test('keeps its method as it came', () => {
    expect(toOrigin(lines('pOsT / HTTP/1.1', 'Host: a'))).toMatch(/^pOsT \/b\?c HTTP\/1\.1\r\n/)
  })
})

/** A field that ends at each hop. */
const HOP_BY_HOP = [
  ...['Connection: close', 'CONNECTION: keep-alive', 'Keep-Alive: timeout=5', 'TE: gzip', 'te: x'],
  ...['Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA', 'Proxy-Connection: keep-alive'],
  ...['Proxy-Authorization: Basic x', 'proxy-authenticate: Basic', 'Proxy-Authentication-Info: x'],
  ...['Proxy-Status: x', 'PROXY-FEATURES: x', 'Proxy-: x', 'proxy-x: y'],
]

/** Others of the same length or beginning. */
const END_TO_END = [
  ...['Connections: x', 'XConnection: x', 'Keep_Alive: x', 'KeepXAlive: x', 'TEx: x', 'ET: x'],
  ...['Upgrades: x', 'Upgrad_: x', 'Upgrade-Insecure-Requests: 1', 'HTTP2_Settings: x', 'Proxy: x'],
  ...['Proxy_Authorization: x', 'X-Proxy-Authorization: x', 'Trailer: x', 'Via: x', 'P: x'],
]

describe.each([
  { what: 'request', forward: (...fields: string[]) => toOrigin(get(...fields)) },
  { what: 'response', forward: (...fields: string[]) => toClient(answer(...fields)) },
])('hop-by-hop fields of a $what', ({ forward }) => {
  test.each(HOP_BY_HOP)('%s ends here', (field) => {
    expect(forward(field, 'a: b')).toBe(forward('a: b'))
  })

  test.each(END_TO_END)('%s goes on', (field) => {
    expect(forward(field, 'a: b')).toContain(`\r\n${field}\r\na: b\r\n`)
  })

  test('what Connection names ends here, in any case, before or behind it, all of them', () => {
    const fields = [
      'x-a: 1',
      'Connection: X-A, close',
      'X-B: 2',
      'X-a: 3',
      'Connection: x-b',
      'x-c: 4',
    ]
    expect(forward(...fields)).toBe(forward('x-c: 4'))
  })

  test('Connection names whole fields, not parts of names', () => {
    expect(forward('Connection: x', 'x-a: 1')).toContain('\r\nx-a: 1\r\n')
  })
})

describe('a response on its way back', () => {
  test('keeps status, reason, case, order, doubles and bytes', () => {
    const fields = ['x-B: 1', 'Set-Cookie: a', 'set-cookie: b', 'X-b: caf\xe9', 'Content-Length: 3']
    expect(toClient(lines('HTTP/1.1 299 So  so', ...fields), 3)).toBe(
      lines('HTTP/1.1 299 So  so', ...fields, 'Via: 1.1 us'),
    )
  })

  test.each([
    { name: 'chunked', body: UNTOLD, connection: null, want: ['Transfer-Encoding: chunked'] },
    {
      name: 'chunked, last',
      body: UNTOLD,
      connection: 'close',
      want: ['Transfer-Encoding: chunked', 'Connection: close'],
    },
    { name: 'until close', body: UNTIL_CLOSE, connection: 'close', want: ['Connection: close'] },
    { name: 'kept alive', body: 0, connection: 'keep-alive', want: ['Connection: keep-alive'] },
  ] as const)('is framed anew: $name', ({ body, connection, want }) => {
    const text = answer('Transfer-Encoding: chunked', 'Connection: keep-alive')
    expect(toClient(text, body, connection)).toBe(lines('HTTP/1.1 200 OK', ...want, 'Via: 1.1 us'))
  })

  test('says which version the origin spoke', () => {
    expect(toClient(lines('HTTP/1.0 200 OK'))).toBe(lines('HTTP/1.1 200 OK', 'Via: 1.0 us'))
  })
})

describe('how the connection of the client goes on', () => {
  const HTTP11 = requestHead(get())
  const closing = requestHead(get('Connection: close'))
  const old = requestHead(lines('GET / HTTP/1.0'))
  const oldKept = requestHead(lines('GET / HTTP/1.0', 'Connection: keep-alive'))
  const oldBoth = requestHead(lines('GET / HTTP/1.0', 'Connection: keep-alive, close'))
  test.each([
    { name: 'a length', request: HTTP11, body: 5, want: [5, null] },
    { name: 'chunks', request: HTTP11, body: UNTOLD, want: [UNTOLD, null] },
    { name: 'until close', request: HTTP11, body: UNTIL_CLOSE, want: [UNTIL_CLOSE, 'close'] },
    { name: 'close asked for', request: closing, body: UNTOLD, want: [UNTOLD, 'close'] },
    { name: 'close decided', request: HTTP11, body: 5, mustClose: true, want: [5, 'close'] },
    { name: 'HTTP/1.0', request: old, body: 5, want: [5, 'close'] },
    {
      name: 'HTTP/1.0 cannot read chunks',
      request: old,
      body: UNTOLD,
      want: [UNTIL_CLOSE, 'close'],
    },
    { name: 'HTTP/1.0 kept alive', request: oldKept, body: 5, want: [5, 'keep-alive'] },
    {
      name: 'HTTP/1.0 kept alive, chunks',
      request: oldKept,
      body: UNTOLD,
      want: [UNTIL_CLOSE, 'close'],
    },
    { name: 'HTTP/1.0, close beats keep-alive', request: oldBoth, body: 5, want: [5, 'close'] },
  ] as const)('$name', ({ request, body, want, ...rest }) => {
    const { mustClose = false } = rest as { mustClose?: boolean }
    const framing = clientFraming(request, body, mustClose)
    expect([framing.body, framing.connection]).toEqual(want)
  })
})

describe('the end of a chunked body', () => {
  /** Trailers as a reader finds them. */
  function trailersOf(...fields: readonly string[]) {
    const reader = new BodyReader(UNTOLD)
    reader.read(bytes(`0\r\n${lines(...fields)}`), 0)
    if (!reader.done) throw new Error('no trailers')
    return reader.trailers
  }

  test('without trailers', () => {
    expect(toLastChunk(null)).toBe('0\r\n\r\n')
  })

  test('trailers keep case, order and doubles', () => {
    const fields = ['X-b: 1', 'grpc-status: 0', 'x-B: 2', 'Digest: x']
    expect(toLastChunk(trailersOf(...fields))).toBe(`0\r\n${lines(...fields)}`)
  })

  test.each([
    ...['Host: b.example', 'hOST: x', 'Trailer: x', 'Via: x', 'Max-Forwards: 0', 'Forwarded: x'],
    ...['X-Forwarded-For: x', 'X-Forwarded-Host: x', 'X-Forwarded-Proto: x'],
    ...['Authorization: x', 'Cookie: x', 'Set-Cookie: x', 'WWW-Authenticate: x'],
    ...[
      'Age: 1',
      'Cache-Control: x',
      'Date: x',
      'Expect: x',
      'Expires: x',
      'Pragma: x',
      'Range: x',
    ],
    ...['If-Match: x', 'If-None-Match: x', 'If-Modified-Since: x', 'If-Unmodified-Since: x'],
    ...['If-Range: x', 'Location: x', 'Retry-After: 1', 'Vary: x', 'Warning: x'],
    ...['Content-Type: x', 'Content-Encoding: gzip', 'Content-Range: x'],
    ...['Connection: close', 'Upgrade: x', 'Keep-Alive: x', 'TE: x', 'Proxy-Authorization: x'],
  ])('%s is no trailer', (field) => {
    expect(toLastChunk(trailersOf(field, 'a: b'))).toBe(`0\r\n${lines('a: b')}`)
  })

  test('what Connection named in the head ends here in the trailers too', () => {
    expect(toLastChunk(trailersOf('X-A: 1', 'x-b: 2'), ['x-a'])).toBe(`0\r\n${lines('x-b: 2')}`)
  })
})
