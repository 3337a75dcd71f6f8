/**
 * Streams of messages for the searching tests: what real clients and origins send, and the same with a few bytes changed at the
 * places where parsers of HTTP/1 are known to disagree.
 */

import fc from 'fast-check'
import { answer, get, lines, post } from './support.ts'

const CHUNKED = 'Transfer-Encoding: chunked'

const SDK_CALL = lines(
  'POST /v1/messages HTTP/1.1',
  'Host: a.example',
  'Accept: application/json',
  'User-Agent: Example/Python 1.51.0',
  'X-Api-Key: k',
  'Connection: keep-alive',
  'Content-Type: application/json',
  'Content-Length: 16',
)

const REQUESTS = [
  get(),
  get('Accept: */*', 'Cookie: a=b; c=d', 'Accept-Encoding: gzip, br'),
  `${SDK_CALL}{"model":"claude`,
  `${post('Content-Length: 5')}hello`,
  `${post(CHUNKED)}5\r\nhello\r\n0\r\n\r\n`,
  `${post(CHUNKED, 'Trailer: X')}2;a="b"\r\nhi\r\nA\r\n0123456789\r\n00\r\nX: y\r\n\r\n`,
  `${post('Expect: 100-continue', 'Content-Length: 0')}`,
  `${lines('PUT /a?b HTTP/1.1', 'host:a.example', 'content-length:\t3')}abc`,
  lines('GET http://a.example/b?c HTTP/1.1', 'Host: a.example'),
  lines('OPTIONS * HTTP/1.1', 'Host: a.example'),
  lines('DELETE /%C3%A9 HTTP/1.1', 'Host: a.example', 'X: caf\xe9 \xff'),
  lines('HEAD / HTTP/1.1', 'Host: a.example', 'Connection: close'),
  lines('GET / HTTP/1.0'),
  lines('GET / HTTP/1.0', 'Connection: keep-alive'),
  get('Connection: Upgrade', 'Upgrade: h2c', 'HTTP2-Settings: AAMA'),
  get('Upgrade: websocket', 'Connection: keep-alive, Upgrade'),
  // A body that is a request, for whoever sees its end elsewhere.
  `${post(`Content-Length: ${get().length}`)}${get()}`,
]

const RESPONSES = [
  `${answer('Content-Length: 5')}hello`,
  `${answer('Content-Length: 0', 'Keep-Alive: timeout=5', 'Connection: keep-alive')}`,
  `${answer(CHUNKED)}5\r\nhello\r\n0\r\n\r\n`,
  `${answer(CHUNKED, 'Trailer: X')}2;a="b"\r\nhi\r\nA\r\n0123456789\r\n00\r\nX: y\r\n\r\n`,
  `${answer('Content-Type: text/event-stream', 'Set-Cookie: a', 'set-cookie: b')}data: 1\n\n`,
  `${lines('HTTP/1.1 404 Not Found', 'content-length:\t3')}abc`,
  lines('HTTP/1.1 204 No Content', 'Date: x'),
  lines('HTTP/1.1 304 Not Modified', 'ETag: "x"', 'Content-Length: 5'),
  `${lines('HTTP/1.1 100 Continue')}${answer('Content-Length: 2')}ok`,
  `${lines('HTTP/1.1 103 Early Hints', 'Link: </x>')}${answer('Content-Length: 2')}ok`,
  `${lines('HTTP/1.0 200 OK', 'Content-Length: 2')}ok`,
  `${lines('HTTP/1.0 200 OK')}ok`,
  `${lines('HTTP/1.1 200', 'Connection: close', 'Content-Length: 2')}ok`,
  `${answer(`Content-Length: ${answer().length}`)}${answer()}`,
]

/** What to put between, or in place of, the bytes of a good message. */
const HOSTILE = [
  ...[
    '\r',
    '\n',
    '\r\n',
    '\n\r',
    '\r\n\r\n',
    '\r\r\n',
    '\0',
    ' ',
    '  ',
    '\t',
    '\x0b',
    '\x0c',
    '\x7f',
  ],
  ...[
    ':',
    ' :',
    ';',
    ',',
    '"',
    '\\',
    '#',
    '?',
    '/',
    '@',
    '%',
    '_',
    '+',
    '-',
    '.',
    '*',
    '\x85',
    '\xa0',
    '\xff',
  ],
  ...['0', '1', '5', 'a', 'F', 'x', '0x', '00', '0\r\n\r\n', '5\r\nhello\r\n', 'ffffffffffffffff'],
  ...[
    'GET',
    'HEAD',
    'CONNECT',
    'PRI',
    'FOO',
    'get',
    'HTTP/1.1',
    'HTTP/1.0',
    'http/1.1',
    'HTTP/2.0',
  ],
  ...['chunked', ', chunked', 'identity', 'gzip, ', 'close', '100', '101', '204', '304', '\r\n '],
  ...[
    'Content-Length: 3\r\n',
    'Content-Length: 0\r\n',
    'Content-Length : 3\r\n',
    'content-length:+3\r\n',
  ],
  ...[`${CHUNKED}\r\n`, 'Transfer-Encoding: identity\r\n', 'Transfer-Encoding:\r\n chunked\r\n'],
  ...[
    'Host: b.example\r\n',
    'Host:\r\n',
    'Connection: close\r\n',
    'Connection: content-length\r\n',
  ],
  ...[
    'Upgrade: h2c\r\nConnection: Upgrade\r\n',
    'X: y\r\n',
    ' folded\r\n',
    'GET / HTTP/1.1\r\nHost: b\r\n\r\n',
  ],
]

interface Change {
  /** A place near a delimiter, where parsers decide something; otherwise any place. */
  readonly atDelimiter: boolean
  readonly place: number
  readonly removed: number
  readonly put: string
}

const change: fc.Arbitrary<Change> = fc.record({
  atDelimiter: fc.boolean(),
  place: fc.nat(),
  removed: fc.constantFrom(0, 0, 0, 1, 1, 2, 4),
  put: fc.oneof(fc.constantFrom(...HOSTILE), fc.constant('')),
})

function apply(text: string, { atDelimiter, place, removed, put }: Change): string {
  const delimiters = [...text.matchAll(/[\r\n :;,/]/g)].map((match) => match.index)
  const spot = delimiters[place % Math.max(delimiters.length, 1)] ?? 0
  const at = atDelimiter ? spot + (place % 2) : place % (text.length + 1)
  return text.slice(0, at) + put + text.slice(at + removed)
}

const stream = (seeds: readonly string[]) =>
  fc
    .tuple(
      fc.array(fc.constantFrom(...seeds), { minLength: 1, maxLength: 3 }),
      fc.array(change, { maxLength: 4 }),
    )
    .map(([messages, changes]) => changes.reduce(apply, messages.join('')))

/** One to three requests with up to four changes, latin-1. */
export const requestStream = stream(REQUESTS)

/** One to three responses with up to four changes, latin-1. */
export const responseStream = stream(RESPONSES)

const often = <T>(usual: T, ...others: readonly T[]) =>
  fc.oneof({ weight: 8, arbitrary: fc.constant(usual) }, fc.constantFrom(usual, ...others))

/** A line's end, and what some take for one. */
const end = often('\r\n', '\n', '\r', '\r\r\n', '\n\r', '', ' \r\n', '\r\n\r\n')

/** From a chunk's true size to how it is written. */
const sizes: readonly ((size: number) => string)[] = [
  (size) => size.toString(16).toUpperCase(),
  (size) => `000${size.toString(16)}`,
  (size) => `0x${size.toString(16)}`,
  (size) => `+${size.toString(16)}`,
  (size) => `-${size.toString(16)}`,
  (size) => ` ${size.toString(16)}`,
  (size) => `${size.toString(16)} `,
  (size) => `${size.toString(16)}\t`,
  (size) => `${size.toString(16)}_0`,
  (size) => (size + 1).toString(16),
  (size) => (size - 1).toString(16),
  (size) => `10000000000000000${size.toString(16)}`,
  () => '',
  () => 'ffffffffffffffff',
  () => '0',
]
const extension = often(
  '',
  ...[';a', ';a=b', ';a="b"', ';a="\\""', ' ;a', '; a = b', ';', ';;', ';a="b', ';a=b c', ';\0'],
  ...[';a\n', ';a="\r\n"', ';a\r', ';\xff', ';a="\xff"', ' a', ',a', '\x0b'],
)
const written = fc.record({
  data: often('hello', 'x', '0\r\n\r\n', '5\r\nhello\r\n', 'a'.repeat(26), '\r\n', '\0'),
  size: often((size: number) => size.toString(16), ...sizes),
  extension,
  afterSize: end,
  afterData: end,
})
const trailer = fc.constantFrom(
  ...['X: y', 'x:y', 'X:', 'X: \xff', 'X : y', ' folded', ': y', 'X', 'X: a\0b', 'X: a\rb'],
  ...[
    'Content-Length: 3',
    'Transfer-Encoding: chunked',
    'Host: b',
    'Connection: close',
    'Trailer: x',
  ],
)

/** A body in chunks as nobody should write them, and a request behind it. */
export const chunkStream = fc
  .record({
    chunks: fc.array(written, { maxLength: 4 }),
    last: often('0', '00', '0;a', '0 ', '', '-0', '0x0', '0;a="\n"'),
    afterLast: end,
    trailers: fc.array(fc.record({ trailer, end }), { maxLength: 2 }),
    final: end,
  })
  .map(({ chunks, last, afterLast, trailers, final }) => {
    const body = chunks.map(
      ({ data, size, extension: more, afterSize, afterData }) =>
        `${size(data.length)}${more}${afterSize}${data}${afterData}`,
    )
    const fields = trailers.map((one) => `${one.trailer}${one.end}`)
    const message = [post(CHUNKED), ...body, last, afterLast, ...fields, final]
    return `${message.join('')}${get('Next: one')}`
  })

/** Where to cut a stream into pieces. */
export const cuts = fc.array(fc.nat(400), { maxLength: 8 })
