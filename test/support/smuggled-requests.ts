/**
 * Requests that two readers could take for different ones, as tables. `@/` stands for the target and `@` for Host: by every way in they
 * are something else.
 */

export const CANARY = 'GET @/canary HTTP/1.1\r\nHost: @\r\n\r\n'
export const head = (first: string, ...fields: string[]) =>
  [first, 'Host: @', ...fields, '', ''].join('\r\n')
const post = (...fields: string[]) => head('POST @/x HTTP/1.1', ...fields)
export const CHUNKED = 'Transfer-Encoding: chunked'
const chunks = (body: string, more: readonly string[] = []) => post(...more, CHUNKED) + body
const HELLO = '5\r\nhello\r\n0\r\n\r\n'
/** A second request, for whoever sees the end of the first elsewhere. */
export const SMUGGLED = 'GET @/smuggled HTTP/1.1\r\nHost: @\r\n\r\n'

/** Item, name, bytes, code. */
export type Refused = readonly [string, string, string, string]

const MALFORMED = 'request-malformed'
const FRAMING = 'request-framing'
const CHUNK = 'request-chunk'

const badField = (name: string, field: string, item = 'B18'): Refused => [
  item,
  name,
  post(field) + HELLO,
  MALFORMED,
]
const badFraming = (item: string, field: string, ...more: string[]): Refused => [
  item,
  [field, ...more].join(' and '),
  post(field, ...more) + HELLO,
  FRAMING,
]
const badLength = (value: string): Refused => badFraming('B18', `Content-Length:${value}`)

/** Nothing of these leaves. */
export const HEADS: readonly Refused[] = [
  badField('a space before the colon', 'Transfer-Encoding : chunked'),
  badField('a tab before the colon', 'Content-Length\t: 5'),
  badField('a space before the name', ' Content-Length: 5'),
  badField('a field without name', ': 5'),
  badField('a field without colon', 'Content-Length 5'),
  badField('a folded value', 'X: y\r\n chunked'),
  badFraming('B18', 'Transfer-Encoding:\r\n chunked'),
  badField('a vertical tab before the value', 'Transfer-Encoding:\x0bchunked'),
  badField('a form feed behind the value', 'Transfer-Encoding: chunked\x0c'),
  badField('a NUL in a name', 'Content\0-Length: 5'),
  badField('a NUL in a value', 'Content-Length: 5\0', 'B27'),
  badField('a CR in a value', 'X: y\rContent-Length: 5', 'B27'),
  badField('a LF between fields', 'X: y\nContent-Length: 5', 'B27'),
  badField('a DEL in a value', 'X: y\x7f'),
  badField('a byte beyond ASCII in a name', 'Content-L\xebngth: 5'),
  ...['', ' ', ' +5', ' -5', ' 05', ' 5 ', ' 5\t', ' 0x5', ' 5_0', ' 5e0', ' 5.0', ' 5;'].map(
    badLength,
  ),
  ...[' 5,5', ' 5, 5', ' 5,', ' "5"', ' \xb2', ' 1000000000000000', ' 18446744073709551621'].map(
    badLength,
  ),
  badFraming('B18', 'Content-Length: 5', 'Content-Length: 5'),
  badFraming('B18', 'Content-Length: 5', 'content-length: 6'),
  badFraming('B18', 'Transfer-Encoding: xchunked'),
  badFraming('B18', 'Transfer-Encoding: identity'),
  badFraming('B18', 'Transfer-Encoding: "chunked"'),
  badFraming('B18', 'Transfer-Encoding: chunked;q=1'),
  badFraming('B18', 'Transfer-Encoding: chunked\xa0'),
  badFraming('B18', 'Transfer-Encoding:'),
  badFraming('B19', 'Content-Length: 5', CHUNKED),
  badFraming('B19', CHUNKED, 'Content-Length: 5'),
  badFraming('B19', 'Content-Length: 0', CHUNKED),
  badFraming('B24', 'Transfer-Encoding: chunked '),
  badFraming('B24', 'Transfer-Encoding: chunked,'),
  badFraming('B24', 'Transfer-Encoding: ,chunked'),
  badFraming('B24', 'Transfer-Encoding: gzip, chunked'),
  badFraming('B24', 'Transfer-Encoding: chunked, gzip'),
  badFraming('B24', 'Transfer-Encoding: chunked, chunked'),
  badFraming('B24', 'Transfer-Encoding: chunked', 'Transfer-Encoding: identity'),
  badFraming('B27', CHUNKED, CHUNKED),
  ['B22', 'chunks in HTTP/1.0', head('POST @/x HTTP/1.0', CHUNKED) + HELLO, FRAMING],
  [
    'B18',
    'Connection names the length',
    post('Connection: Content-Length', 'Content-Length: 5'),
    MALFORMED,
  ],
  ['B52', 'HTTP/0.9', 'GET @/x\r\n\r\n', MALFORMED],
  ['B52', 'lines that end in LF', 'GET @/x HTTP/1.1\nHost: @\n\n', MALFORMED],
  ['B52', 'HTTP/0.9, and a version on a line of its own', 'GET @/\nHTTP/1.1\r\n\r\n', MALFORMED],
  ['B52', 'a tab in the request line', head('GET\t@/x HTTP/1.1'), MALFORMED],
  ['B52', 'two spaces before the version', head('GET @/x  HTTP/1.1'), MALFORMED],
  ['B52', 'a space behind the version', head('GET @/x HTTP/1.1 '), MALFORMED],
  ['B52', 'a version in lower case', head('GET @/x http/1.1'), MALFORMED],
  ['B52', 'a version of three numbers', head('GET @/x HTTP/1.1.1'), MALFORMED],
  ['B52', 'a version to come', head('GET @/x HTTP/1.2'), 'request-version'],
  ['B52', 'a NUL in the target', head('GET @/x\0 HTTP/1.1'), MALFORMED],
  ['B52', 'a CR in the target', head('GET @/x\rY HTTP/1.1'), MALFORMED],
  ['B52', 'a byte beyond ASCII in the target', head('GET @/\xe9 HTTP/1.1'), MALFORMED],
  ['B52', 'a fragment in the target', head('GET @/x#y HTTP/1.1'), MALFORMED],
  ['B52', 'a method in brackets', head('(GET) @/x HTTP/1.1'), MALFORMED],
  ['B52', 'a space at the very beginning', ` ${head('GET @/x HTTP/1.1')}`, MALFORMED],
  ['B52', 'CR instead of CR LF', 'GET @/x HTTP/1.1\rHost: @\r\r\n\r\n', MALFORMED],
  ['B52', 'two Hosts', head('GET @/x HTTP/1.1', 'Host: @'), MALFORMED],
  ['B52', 'no Host', 'GET @/x HTTP/1.1\r\n\r\n', MALFORMED],
]

/** Begun and broken off: the origin may have seen the head. */
export const BODIES: readonly Refused[] = [
  ...[
    ['a sign', '+5'],
    ['a minus', '-5'],
    ['0x', '0x5'],
    ['an underscore', '0_5'],
    ['a space before', ' 5'],
    ['a space behind', '5 '],
    ['a tab behind', '5\t'],
    ['nothing', ''],
    ['no hex digit', 'g'],
    ['a NUL behind', '5\0'],
    ['more digits than anybody counts', '00000000000000005'],
    ['a number that wraps around', '10000000000000005'],
  ].map(
    ([name, size]): Refused => [
      'B27',
      `a size with ${name}`,
      chunks(`${size}\r\nhello\r\n0\r\n\r\n`),
      CHUNK,
    ],
  ),
  ['B27', 'LF behind a size', chunks('5\nhello\r\n0\r\n\r\n'), CHUNK],
  ['B27', 'CR alone behind a size', chunks('5\rhello\r\n0\r\n\r\n'), CHUNK],
  ['B27', 'LF behind the data', chunks('5\r\nhello\n0\r\n\r\n'), CHUNK],
  ['B27', 'CR alone behind the data', chunks('5\r\nhello\r0\r\n\r\n'), CHUNK],
  ['B27', 'more data than the size says', chunks('5\r\nhelloo\r\n0\r\n\r\n'), CHUNK],
  ['B27', 'LF behind the last chunk', chunks('5\r\nhello\r\n0\n\n'), CHUNK],
  ['B26', 'a CR in an extension', chunks('5;a\rb\r\nhello\r\n0\r\n\r\n'), CHUNK],
  ['B26', 'a LF in an extension', chunks('5;a\nb\r\nhello\r\n0\r\n\r\n'), CHUNK],
  ['B26', 'a line end in a quoted extension', chunks(`5;a="\r\n0\r\n\r\n${SMUGGLED}`), CHUNK],
  ['B26', 'a NUL in an extension', chunks('5;a=\0\r\nhello\r\n0\r\n\r\n'), CHUNK],
  ['B26', 'an endless extension', chunks(`5;${'a'.repeat(20_000)}`), CHUNK],
  [
    'B26',
    'an extension on every chunk, without end',
    chunks(`1;${'a'.repeat(500)}\r\nx\r\n`.repeat(100)),
    CHUNK,
  ],
  ['B29', 'Content-Length in the trailers', chunks('0\r\nContent-Length: 5\r\n\r\nhello'), CHUNK],
  ['B29', 'Transfer-Encoding in the trailers', chunks(`0\r\n${CHUNKED}\r\n\r\n${HELLO}`), CHUNK],
  ['B29', 'a trailer with a space before its colon', chunks('0\r\nX : y\r\n\r\n'), CHUNK],
  ['B29', 'a folded trailer', chunks('0\r\nX: y\r\n z\r\n\r\n'), CHUNK],
  ['B29', 'a trailer that ends in LF', chunks('0\r\nX: y\n\r\n'), CHUNK],
  ['B29', 'a request for a trailer', chunks('0\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n'), CHUNK],
  ['B29', 'endless trailers', chunks(`0\r\n${`X: ${'y'.repeat(996)}\r\n`.repeat(17)}`), CHUNK],
]

/** What the origin gets of it: request line and fields as they came, framing as said, the body by llhttp, trailers. */
export interface Relayed {
  readonly item: string
  readonly name: string
  readonly send: string
  /** Request line and fields, without Host and Via. */
  readonly want: readonly string[]
  readonly body?: string
  readonly trailers?: readonly string[]
  /** Codes of the refusals of what follows it in `send`. */
  readonly after?: readonly string[]
}

const POST = 'POST /x HTTP/1.1'
const INNER = 'GET /inner HTTP/1.1\r\nHost: a.test\r\n\r\n'
const LENGTH = 'Content-Length: 5'

export const RELAYED: readonly Relayed[] = [
  {
    item: 'B18',
    name: 'chunked in other letters',
    send: post('tRANSFER-eNCODING: ChUnKeD') + HELLO,
    want: [POST, CHUNKED],
    body: 'hello',
  },
  {
    item: 'B18',
    name: 'a length behind several blanks',
    send: `${post('Content-Length: \t 5')}hello`,
    want: [POST, LENGTH],
    body: 'hello',
  },
  {
    item: 'B18',
    name: 'names that are only like those of framing: no body, and what follows is no request',
    send: post('Transfer_Encoding: chunked', 'Content_Length: 5') + HELLO,
    want: [POST, 'Transfer_Encoding: chunked', 'Content_Length: 5'],
    after: [MALFORMED],
  },
  ...['DELETE', 'OPTIONS', 'GET', 'PUT', 'PATCH'].flatMap((method): Relayed[] => [
    {
      item: 'B25',
      name: `${method} in chunks`,
      send: head(`${method} @/x HTTP/1.1`, CHUNKED) + HELLO,
      want: [`${method} /x HTTP/1.1`, CHUNKED],
      body: 'hello',
    },
    {
      item: 'B25',
      name: `${method} with a length`,
      send: `${head(`${method} @/x HTTP/1.1`, LENGTH)}hello`,
      want: [`${method} /x HTTP/1.1`, LENGTH],
      body: 'hello',
    },
  ]),
  {
    item: 'B25',
    name: 'POST with a length of nothing keeps that',
    send: post('Content-Length: 0'),
    want: [POST, 'Content-Length: 0'],
  },
  {
    item: 'B25',
    name: 'a body that is a request',
    send: post(`Content-Length: ${INNER.length}`) + INNER,
    want: [POST, `Content-Length: ${INNER.length}`],
    body: INNER,
  },
  {
    item: 'B26',
    name: 'extensions stay behind',
    send: chunks('2;a=b;c="d\\"e";f\r\nhe\r\n3;x\r\nllo\r\n0;last\r\n\r\n'),
    want: [POST, CHUNKED],
    body: 'hello',
  },
  {
    item: 'B27',
    name: 'sizes with zeros before, in either case',
    send: chunks(`000A\r\n0123456789\r\n00\r\n\r\n`),
    want: [POST, CHUNKED],
    body: '0123456789',
  },
  {
    item: 'B28',
    name: 'twenty thousand chunks of one byte',
    send: chunks(`${'1\r\nx\r\n'.repeat(20_000)}0\r\n\r\n`),
    want: [POST, CHUNKED],
    body: 'x'.repeat(20_000),
  },
  {
    item: 'B28',
    name: 'an X-Forwarded-For of 60,000 bytes',
    send: post(`X-Forwarded-For: ${'1, '.repeat(20_000)}1`),
    want: [POST, `X-Forwarded-For: ${'1, '.repeat(20_000)}1`],
  },
  {
    item: 'B29',
    name: 'trailers that are safe go on, others do not',
    send: chunks(
      '5\r\nhello\r\n0\r\nX-Checksum: 1\r\nHost: evil\r\nAuthorization: x\r\nCookie: a\r\nx-checksum: 2\r\nX-Forwarded-For: 9\r\nConnection: close\r\nProxy-X: y\r\n\r\n',
      ['Trailer: X-Checksum'],
    ),
    want: [POST, 'Trailer: X-Checksum', CHUNKED],
    body: 'hello',
    trailers: ['X-Checksum', '1', 'x-checksum', '2'],
  },
  {
    item: 'B30',
    name: 'Upgrade: h2c is not passed on, and the preface behind it is no request',
    send: `${head('GET @/x HTTP/1.1', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk')}PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
    want: ['GET /x HTTP/1.1'],
    after: ['request-version'],
  },
  {
    item: 'B30',
    name: 'nor with HTTP2-Settings that Connection does not name, nor beside another protocol',
    send: head(
      'GET @/x HTTP/1.1',
      'Connection: Upgrade',
      'Upgrade: websocket, h2c',
      'HTTP2-Settings: AAMAAABk',
    ),
    want: ['GET /x HTTP/1.1'],
  },
  {
    item: 'B22',
    name: 'a body of HTTP/1.0 that would end with the connection is none',
    send: `${head('POST @/x HTTP/1.0')}${SMUGGLED}`,
    want: [POST],
  },
  {
    item: 'B52',
    name: 'an empty line before the request line',
    send: `\r\n${head('GET @/x HTTP/1.1')}`,
    want: ['GET /x HTTP/1.1'],
  },
]
