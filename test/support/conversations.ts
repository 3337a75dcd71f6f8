/**
 * Conversations between a client and an origin, as both would say them without anybody in between. `/path` in a request line stands for
 * the target and HOST for the authority.
 */

/** Instead of words: the end of what this side says, or has to say. */
export const END = Symbol('end')

export interface Step {
  readonly at: 'client' | 'origin'
  /** What it has seen before it speaks, or that the other side has ended. */
  readonly sees?: string | typeof END
  readonly says?: string | typeof END
}

export interface Conversation {
  readonly name: string
  readonly steps: readonly Step[]
  /** The connection of the client ends by itself; else the last step is the last thing that matters. */
  readonly untilEnd?: boolean
}

const lines = (...all: string[]) => [...all, '', ''].join('\r\n')
const request = (first: string, ...fields: string[]) => lines(first, 'Host: HOST', ...fields)
const client = (says: string | typeof END, sees: string = ''): Step => ({
  at: 'client',
  sees,
  says,
})
const origin = (sees: string | typeof END, says: string | typeof END): Step => ({
  at: 'origin',
  sees,
  says,
})
/** The client has this before the conversation is over. */
const last = (sees: string): Step => ({ at: 'client', sees })

const OK = 'HTTP/1.1 200 OK'
const CHUNKED = 'Transfer-Encoding: chunked'
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`

/** One request, one answer, each said at once. */
function one(name: string, asks: string, answers: string): Conversation {
  return { name, steps: [client(asks), origin(endOf(asks), answers), last(endOf(answers))] }
}

/** What has arrived when all has, however it is framed. */
function endOf(text: string): string {
  if (!text.endsWith('\r\n\r\n')) return text.slice(-4)
  if (!text.includes(CHUNKED)) return '\r\n\r\n'
  return text.endsWith('\r\n0\r\n\r\n') ? '\r\n0\r\n\r\n' : text.slice(-8)
}

const ok = (body = 'done') => `${lines(OK, `Content-Length: ${body.length}`)}${body}`
const get = (...fields: string[]) => request('GET /x HTTP/1.1', ...fields)

/** Every byte there is, over and over. */
const BYTES = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i)).repeat(1_024)
const done = `${BYTES}done`

const HEADS: readonly Conversation[] = [
  one(
    'names and values: case, order, doubles, latin-1, nothing',
    get(
      'X-b: 1',
      'x-A: 2',
      'X-B: 3',
      'Accept: */*',
      'accept: text/html',
      'X-Latin: caf\xe9 \xff',
      'X-Empty:',
      'cookie: a=b',
      'Cookie: c=d',
      'AUTHORIZATION: Basic eDp5',
    ),
    lines(
      OK,
      'set-Cookie: a=b',
      'Set-Cookie: c=d',
      'X-Z: 1',
      'x-a: 2',
      'SERVER: s',
      'X-Latin: \xe9',
      'X-Empty:',
      'Content-Length: 0',
    ),
  ),
  one(
    'white space around values',
    get('A:b', 'C:\td', 'E: f  ', 'G:  h\ti  '),
    `${lines(OK, 'A:b', 'C:\td \t', 'Content-Length:4')}done`,
  ),
  one(
    'no Date, no Server, no Connection where there was none',
    get(),
    lines(OK, 'Content-Length: 0'),
  ),
  one(
    'a head of 60 KB each way',
    get(`X: ${'y'.repeat(60_000)}`),
    lines(OK, `X: ${'z'.repeat(60_000)}`, 'Content-Length: 0'),
  ),
  one(
    '900 fields each way',
    get(...Array.from({ length: 900 }, (_, i) => `X-${i}: ${i}`)),
    lines(OK, ...Array.from({ length: 900 }, (_, i) => `X-${i}: ${i}`), 'Content-Length: 0'),
  ),
  one(
    'a target of 30 KB',
    request(`GET /${'a'.repeat(30_000)}?${'b'.repeat(1_000)} HTTP/1.1`),
    ok(),
  ),
  one(
    'a target as it is: dots, escapes, doubles',
    request('GET /a/../b/./c//%2F%2e%2E/?x=%20&&?/../ HTTP/1.1'),
    ok(),
  ),
  one('a target with nothing behind its question mark', request('GET /a? HTTP/1.1'), ok()),
  one(
    'a target with characters that URLs have not',
    request(`GET /"<>[\\]^\`{|}'~!$&()*,;=:@ HTTP/1.1`),
    ok(),
  ),
  ...['PROPFIND', 'M-SEARCH', 'PATCH', 'BREW', 'get', 'x-Odd_One', 'TRACE', 'PRI', 'QUERY'].map(
    (method) => one(`the method ${method}`, request(`${method} /x HTTP/1.1`), ok()),
  ),
  ...[
    '299 Gut \xfcber alles',
    '200 ',
    '451 Unavailable For Legal Reasons',
    '600 Beyond',
    '999 Far beyond',
    '404 not found, in lower case',
  ].map((status) =>
    one(`the status ${status}`, get(), `${lines(`HTTP/1.1 ${status}`, 'Content-Length: 4')}done`),
  ),
  one(
    'Expect that nobody knows',
    `${request('POST /x HTTP/1.1', 'Expect: the-unexpected', 'Content-Length: 4')}body`,
    ok(),
  ),
]

const BODIES: readonly Conversation[] = [
  one(
    '256 KB of all bytes up, with a length',
    request('PUT /x HTTP/1.1', `Content-Length: ${done.length}`) + done,
    ok(),
  ),
  one(
    '256 KB of all bytes up, in chunks',
    `${request('PUT /x HTTP/1.1', CHUNKED)}${chunk(done)}0\r\n\r\n`,
    ok(),
  ),
  one('256 KB of all bytes down, with a length', get(), ok(done)),
  one('256 KB of all bytes down, in chunks', get(), `${lines(OK, CHUNKED)}${chunk(done)}0\r\n\r\n`),
  {
    name: '256 KB of all bytes down, until the end',
    steps: [client(get()), origin('\r\n\r\n', lines(OK) + done), origin('', END)],
    untilEnd: true,
  },
  one(
    'a body of nothing up, with a length',
    request('POST /x HTTP/1.1', 'Content-Length: 0'),
    ok(),
  ),
  one('a body of nothing up, in chunks', `${request('POST /x HTTP/1.1', CHUNKED)}0\r\n\r\n`, ok()),
  one('no body up, and nothing said of it', request('POST /x HTTP/1.1'), ok()),
  one('a body of nothing down, in chunks', get(), `${lines(OK, CHUNKED)}0\r\n\r\n`),
  one('a body with GET', `${get('Content-Length: 4')}body`, ok()),
  one(
    'a body with DELETE, in chunks',
    `${request('DELETE /x HTTP/1.1', CHUNKED)}${chunk('body')}0\r\n\r\n`,
    ok(),
  ),
  one(
    'extensions of chunks are for one connection',
    `${request('POST /x HTTP/1.1', CHUNKED)}4;a=b\r\nbody\r\n0\r\n\r\n`,
    `${lines(OK, CHUNKED)}4;d="e"\r\ndone\r\n0\r\n\r\n`,
  ),
  one(
    'trailers both ways',
    `${request('POST /x HTTP/1.1', 'Trailer: X-Sum', 'TE: trailers', CHUNKED)}${chunk('body')}0\r\nX-Sum: 1\r\nx-sum: 2\r\n\r\n`,
    `${lines(OK, 'Trailer: X-Sum, Server-Timing', CHUNKED)}${chunk('done')}0\r\nX-Sum: 3\r\nServer-Timing: a;dur=1\r\n\r\n`,
  ),
  one(
    'HEAD with the length that there would have been',
    request('HEAD /x HTTP/1.1'),
    lines(OK, 'Content-Length: 4'),
  ),
  one('HEAD with nothing said of a body', request('HEAD /x HTTP/1.1'), lines(OK, 'ETag: "x"')),
  one('204', get(), lines('HTTP/1.1 204 No Content', 'X: y')),
  one(
    '304 with a length',
    get('If-None-Match: "x"'),
    lines('HTTP/1.1 304 Not Modified', 'ETag: "x"', 'Content-Length: 100'),
  ),
  one('304 without', get('If-Modified-Since: x'), lines('HTTP/1.1 304 Not Modified', 'ETag: "x"')),
  one(
    'a part of it',
    get('Range: bytes=2-5', 'If-Range: "x"'),
    `${lines('HTTP/1.1 206 Partial Content', 'Content-Range: bytes 2-5/10', 'Content-Length: 4')}done`,
  ),
  one(
    'several parts of it',
    get('Range: bytes=0-0, -1'),
    `${lines('HTTP/1.1 206 Partial Content', 'Content-Type: multipart/byteranges; boundary=B', CHUNKED)}${chunk('--B\r\nContent-Range: bytes 0-0/2\r\n\r\na\r\n--B--\r\n')}0\r\n\r\n`,
  ),
  one(
    'no such part',
    get('Range: bytes=9-'),
    lines('HTTP/1.1 416 Range Not Satisfiable', 'Content-Range: bytes */2', 'Content-Length: 0'),
  ),
  one(
    'what is compressed stays as it is',
    get('Accept-Encoding: br;q=0.1, zstd'),
    `${lines(OK, 'Content-Encoding: br', 'Content-Length: 4')}done`,
  ),
]

const INTERIM: readonly Conversation[] = [
  one(
    '103, 102 and 103 before the last',
    get(),
    `${lines('HTTP/1.1 103 Early Hints', 'Link: </a>', 'Link: </b>')}${lines('HTTP/1.1 102 Processing')}${lines('HTTP/1.1 103 Early Hints', 'link: </c>')}${ok()}`,
  ),
  {
    name: '103 is there before the origin goes on',
    steps: [
      client(get()),
      origin('\r\n\r\n', lines('HTTP/1.1 103 Early Hints', 'Link: </a>')),
      client('', 'Link: </a>'),
      origin('', ok()),
      last('done'),
    ],
  },
  {
    name: '100 is the origin’s to say, and the body waits for it',
    steps: [
      client(request('POST /x HTTP/1.1', 'Expect: 100-continue', 'Content-Length: 4')),
      origin('\r\n\r\n', lines('HTTP/1.1 100 Continue')),
      client('body', '100 Continue'),
      origin('body', ok()),
      last('done'),
    ],
  },
  {
    name: '417 instead of 100',
    steps: [
      client(
        request(
          'POST /x HTTP/1.1',
          'Expect: 100-continue',
          'Content-Length: 4',
          'Connection: close',
        ),
      ),
      origin(
        '\r\n\r\n',
        `${lines('HTTP/1.1 417 Expectation Failed', 'Content-Length: 4', 'Connection: close')}done`,
      ),
      last('done'),
    ],
  },
  {
    name: 'a body that is sent without waiting for 100',
    steps: [
      client(`${request('POST /x HTTP/1.1', 'Expect: 100-continue', 'Content-Length: 4')}body`),
      origin('body', lines('HTTP/1.1 100 Continue') + ok()),
      last('done'),
    ],
  },
]

const ORDER: readonly Conversation[] = [
  {
    name: 'pipelined: GET, HEAD, POST, GET',
    steps: [
      client(
        request('GET /1 HTTP/1.1') +
          request('HEAD /2 HTTP/1.1') +
          `${request('POST /3 HTTP/1.1', 'Content-Length: 4')}body` +
          request('GET /4 HTTP/1.1'),
      ),
      origin(' /1 ', ok('first')),
      origin(' /2 ', lines(OK, 'Content-Length: 4')),
      origin('body', lines('HTTP/1.1 204 No Content')),
      origin(' /4 ', `${lines(OK, CHUNKED)}${chunk('fourth')}0\r\n\r\n`),
      last('fourth\r\n0\r\n\r\n'),
    ],
  },
  {
    name: 'one after the other on one connection',
    steps: [
      client(request('GET /1 HTTP/1.1')),
      origin(' /1 ', ok('first')),
      client(`${request('POST /2 HTTP/1.1', CHUNKED)}${chunk('body')}0\r\n\r\n`, 'first'),
      origin('\r\n0\r\n\r\n', ok('second')),
      client(request('GET /3 HTTP/1.1'), 'second'),
      origin(' /3 ', ok('third')),
      last('third'),
    ],
  },
  {
    name: 'events, each there before the next is made',
    steps: [
      client(get('Accept: text/event-stream')),
      origin('\r\n\r\n', lines(OK, 'Content-Type: text/event-stream', CHUNKED)),
      ...Array.from({ length: 20 }, (_, i): Step[] => [
        origin('', chunk(`id: ${i}\ndata: event ${i}.\n\n`)),
        client('', `event ${i}.\n\n`),
      ]).flat(),
      origin('', '0\r\n\r\n'),
      last('\r\n0\r\n\r\n'),
    ],
  },
  {
    name: 'events until the end of the connection',
    steps: [
      client(get('Accept: text/event-stream')),
      origin('\r\n\r\n', lines(OK, 'Content-Type: text/event-stream')),
      ...Array.from({ length: 5 }, (_, i): Step[] => [
        origin('', `data: event ${i}.\n\n`),
        client('', `event ${i}.\n\n`),
      ]).flat(),
      origin('', END),
    ],
    untilEnd: true,
  },
  {
    name: 'a body of pieces, each there before the next is sent',
    steps: [
      client(request('POST /x HTTP/1.1', CHUNKED)),
      ...Array.from({ length: 10 }, (_, i): Step[] => [
        client(chunk(`piece ${i}.`)),
        origin(`piece ${i}.`, ''),
      ]).flat(),
      client('0\r\n\r\n'),
      origin('\r\n0\r\n\r\n', ok()),
      last('done'),
    ],
  },
  {
    name: 'both at once: the answer goes on while the body comes',
    steps: [
      client(request('POST /x HTTP/1.1', CHUNKED)),
      origin('\r\n\r\n', lines(OK, CHUNKED)),
      client('', '\r\n\r\n'),
      ...Array.from({ length: 5 }, (_, i): Step[] => [
        client(chunk(`ask ${i}.`)),
        origin(`ask ${i}.`, chunk(`say ${i}.`)),
        client('', `say ${i}.`),
      ]).flat(),
      client('0\r\n\r\n'),
      origin('\r\n0\r\n\r\n', '0\r\n\r\n'),
      last('\r\n0\r\n\r\n'),
    ],
  },
]

const ENDS: readonly Conversation[] = [
  {
    name: 'a client that has said all and ended gets its answer',
    steps: [client(get()), client(END), origin('\r\n\r\n', ok()), last('done')],
  },
  {
    name: 'Connection: close by the client',
    steps: [client(get('Connection: close')), origin('\r\n\r\n', ok()), origin('', END)],
    untilEnd: true,
  },
  {
    name: 'Connection: close by the origin, in the middle of others',
    steps: [
      client(get()),
      origin('\r\n\r\n', `${lines(OK, 'Connection: close', 'Content-Length: 4')}done`),
      last('done'),
    ],
  },
  {
    name: 'HTTP/1.0 asks, and the answer has a length',
    steps: [
      client(lines('GET /x HTTP/1.0', 'Host: HOST')),
      origin('\r\n\r\n', ok()),
      origin('', END),
    ],
    untilEnd: true,
  },
  {
    name: 'HTTP/1.0 asks, and the answer ends with the connection',
    steps: [
      client(lines('GET /x HTTP/1.0', 'Host: HOST')),
      origin('\r\n\r\n', `${lines(OK)}done`),
      origin('', END),
    ],
    untilEnd: true,
  },
  {
    name: 'HTTP/1.0 keeps its connection, twice',
    steps: [
      client(lines('GET /1 HTTP/1.0', 'Host: HOST', 'Connection: keep-alive')),
      origin(' /1 ', `${lines(OK, 'Connection: keep-alive', 'Content-Length: 5')}first`),
      client(lines('GET /2 HTTP/1.0', 'Host: HOST', 'Connection: keep-alive'), 'first'),
      origin(' /2 ', `${lines(OK, 'Connection: keep-alive', 'Content-Length: 6')}second`),
      last('second'),
    ],
  },
  {
    name: 'HTTP/1.0 answers, with a length',
    steps: [
      client(get()),
      origin('\r\n\r\n', `${lines('HTTP/1.0 200 OK', 'Content-Length: 4')}done`),
      origin('', END),
      last('done'),
    ],
  },
  {
    name: 'HTTP/1.0 answers, until the end',
    steps: [client(get()), origin('\r\n\r\n', `${lines('HTTP/1.0 200 OK')}done`), origin('', END)],
    untilEnd: true,
  },
  {
    name: 'an answer before the body is complete',
    steps: [
      client(`${request('POST /x HTTP/1.1', 'Content-Length: 100')}half.`),
      origin(
        'half.',
        `${lines('HTTP/1.1 413 Content Too Large', 'Connection: close', 'Content-Length: 4')}done`,
      ),
      origin('', END),
    ],
    untilEnd: true,
  },
  {
    name: 'an answer before the body is complete, in chunks both',
    steps: [
      client(`${request('POST /x HTTP/1.1', CHUNKED)}${chunk('half.')}`),
      origin(
        'half.',
        `${lines('HTTP/1.1 413 Content Too Large', 'Connection: close', CHUNKED)}${chunk('done')}0\r\n\r\n`,
      ),
      origin('', END),
    ],
    untilEnd: true,
  },
]

export const CONVERSATIONS: readonly Conversation[] = [
  ...HEADS,
  ...BODIES,
  ...INTERIM,
  ...ORDER,
  ...ENDS,
]
