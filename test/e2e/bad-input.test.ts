/** What no client should send, on real sockets: the right status and code, one audit row, nothing reaches the origin, nothing is left open. */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { converse, openTls, openTunnel, rawExchange } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { eventually } from '../support/wait.ts'

let lab: Lab
beforeAll(async () => {
  lab = await openLab({ config: 'timeouts: { head: 300ms, idle: 500ms, body: 1s }' })
})
afterAll(() => lab[Symbol.asyncDispose]())

const origin = () => `api.de.test:${lab.http.port}`
const get = (more = '') => `GET http://${origin()}/ HTTP/1.1\r\nHost: ${origin()}\r\n${more}\r\n`

/** What the log gained since, once every new flow has ended. */
async function newFlows(before: number, count = 1) {
  await lab.proxy.settled(before + count)
  const flows = lab.proxy.flows().slice(before)
  return flows.map(({ outcome, error, status, method }) => ({ outcome, error, status, method }))
}

describe('a malformed request', () => {
  test.each([
    ['no target', 'GET\r\n\r\n', 400, 'request-malformed'],
    ['no version', 'GET http://x/\r\n\r\n', 400, 'request-malformed'],
    ['two spaces', 'GET  http://x/ HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'request-malformed'],
    ['a bare LF', 'GET http://x/ HTTP/1.1\nHost: x\n\n', 400, 'request-malformed'],
    [
      'a space before the colon',
      'GET http://x/ HTTP/1.1\r\nHost : x\r\n\r\n',
      400,
      'request-malformed',
    ],
    [
      'a folded field',
      'GET http://x/ HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n',
      400,
      'request-malformed',
    ],
    [
      'a NUL in a value',
      'GET http://x/ HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n',
      400,
      'request-malformed',
    ],
    ['two Hosts', 'GET http://x/ HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n', 400, 'request-malformed'],
    ['no Host', 'GET http://x/ HTTP/1.1\r\n\r\n', 400, 'request-malformed'],
    ['HTTP/2.0', 'GET http://x/ HTTP/2.0\r\nHost: x\r\n\r\n', 505, 'request-version'],
    ['half a preface of HTTP/2', 'PRI / HTTP/2.0\r\n\r\n', 505, 'request-version'],
    ['origin form', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'request-target'],
    ['another scheme', 'GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'request-target'],
    [
      'a user in the target',
      'GET http://u:p@x/ HTTP/1.1\r\nHost: x\r\n\r\n',
      400,
      'request-target',
    ],
    ['port 0', 'GET http://x:0/ HTTP/1.1\r\nHost: x:0\r\n\r\n', 400, 'request-target'],
    ['port 65536', 'GET http://x:65536/ HTTP/1.1\r\nHost: x:65536\r\n\r\n', 400, 'request-target'],
    [
      'two Content-Lengths',
      'POST http://x/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na',
      400,
      'request-framing',
    ],
    [
      'a list of Content-Lengths',
      'POST http://x/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\na',
      400,
      'request-framing',
    ],
    [
      'a signed Content-Length',
      'POST http://x/ HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na',
      400,
      'request-framing',
    ],
    [
      'length and chunks',
      'POST http://x/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
      'request-framing',
    ],
    [
      'gzip, chunked',
      'POST http://x/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
      400,
      'request-framing',
    ],
    [
      'chunks in HTTP/1.0',
      'POST http://x/ HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
      'request-framing',
    ],
    [
      'CONNECT without port',
      'CONNECT api.de.test HTTP/1.1\r\nHost: x\r\n\r\n',
      400,
      'request-target',
    ],
    [
      'CONNECT to port 0',
      'CONNECT api.de.test:0 HTTP/1.1\r\nHost: x\r\n\r\n',
      400,
      'request-target',
    ],
    [
      'CONNECT to port 65536',
      'CONNECT api.de.test:65536 HTTP/1.1\r\nHost: x\r\n\r\n',
      400,
      'request-target',
    ],
    [
      'CONNECT to a URL',
      'CONNECT https://api.de.test/ HTTP/1.1\r\nHost: x\r\n\r\n',
      400,
      'request-target',
    ],
    [
      'CONNECT to a name in brackets',
      'CONNECT [api.de.test]:443 HTTP/1.1\r\nHost: x\r\n\r\n',
      400,
      'request-target',
    ],
    [
      'a zone in an address',
      'CONNECT [fe80::1%25eth0]:443 HTTP/1.1\r\nHost: x\r\n\r\n',
      400,
      'request-target',
    ],
    [
      'a body on CONNECT',
      'CONNECT api.de.test:443 HTTP/1.1\r\nHost: api.de.test:443\r\nContent-Length: 3\r\n\r\nabc',
      400,
      'request-framing',
    ],
    [
      'an oversized head',
      `GET http://x/ HTTP/1.1\r\nHost: x\r\nA: ${'b'.repeat(70_000)}\r\n\r\n`,
      431,
      'request-head-too-large',
    ],
    [
      'an endless head',
      `GET http://x/ HTTP/1.1\r\nHost: x\r\nA: ${'b'.repeat(140_000)}`,
      431,
      'request-head-too-large',
    ],
    [
      'too many fields',
      `GET http://x/ HTTP/1.1\r\nHost: x\r\n${'A:b\r\n'.repeat(1_200)}\r\n`,
      431,
      'request-head-too-large',
    ],
  ])('%s', async (_, request, status, code) => {
    const before = lab.proxy.flows().length
    const answer = await rawExchange(lab.proxy, request)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    const [head, body] = answer.split('\r\n\r\n')
    expect(head).toContain('Content-Type: application/problem+json')
    expect(head).toMatch(/^Proxy-Status: cordon; error=http_request_error/m)
    expect(JSON.parse(body ?? '')).toMatchObject({ status, code })
    expect(await newFlows(before)).toEqual([
      {
        outcome: 'blocked',
        error: code,
        status,
        method: expect.toSatisfy(
          (method) => method === null || /^(GET|POST|CONNECT)$/.test(method),
        ),
      },
    ])
  })

  test('what the client sent is not repeated to it', async () => {
    const answer = await rawExchange(
      lab.proxy,
      'GET ftp://<script>alert(1)</script>/ HTTP/1.1\r\nHost: x\r\nX: sesame\r\n\r\n',
    )
    expect(answer).not.toContain('script')
    expect(answer).not.toContain('sesame')
  })
})

describe('a malformed body', () => {
  const chunked = (body: string) =>
    `POST http://${origin()}/chunks HTTP/1.1\r\nHost: ${origin()}\r\nTransfer-Encoding: chunked\r\n\r\n${body}`

  test.each([
    ['a size that is none', 'zz\r\n\r\n'],
    ['a size in 0x', '0x3\r\nabc\r\n0\r\n\r\n'],
    ['a size with a space', '3 \r\nabc\r\n0\r\n\r\n'],
    ['LF alone', '3\nabc\n0\n\n'],
    ['no CR LF behind the data', '3\r\nabcd\r\n0\r\n\r\n'],
    ['a bare LF in an extension', '3;a\nb\r\nabc\r\n0\r\n\r\n'],
    ['a size beyond counting', `${'f'.repeat(13)}\r\n`],
  ])('%s', async (_, body) => {
    const before = lab.proxy.flows().length
    const answer = await rawExchange(lab.proxy, chunked(body))
    expect(answer).toMatch(/^HTTP\/1.1 400 /)
    expect(answer).toContain('"code":"request-chunk"')
    expect(await newFlows(before)).toEqual([
      { outcome: 'failed', error: 'request-chunk', status: 400, method: 'POST' },
    ])
  })

  test('a whole chunked body arrives, its extensions do not', async () => {
    const answer = await rawExchange(
      lab.proxy,
      chunked('3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: t\r\n\r\n'),
      { until: /\}\s*(0\r\n\r\n)?$/ },
    )
    expect(answer).toMatch(/^HTTP\/1.1 200 /)
    expect(answer).toContain('"body":"abcde"')
  })
})

describe('a client that stops', () => {
  test('before it says anything: 408', async () => {
    const before = lab.proxy.flows().length
    const answer = await rawExchange(lab.proxy, '')
    expect(answer).toMatch(/^HTTP\/1.1 408 /)
    expect(await newFlows(before)).toEqual([
      { outcome: 'blocked', error: 'request-timeout', status: 408, method: null },
    ])
  })

  test('in the middle of a head: 408', async () => {
    const before = lab.proxy.flows().length
    const answer = await rawExchange(lab.proxy, 'GET http://api.de.te')
    expect(answer).toMatch(/^HTTP\/1.1 408 /)
    expect(await newFlows(before)).toEqual([
      { outcome: 'blocked', error: 'request-timeout', status: 408, method: null },
    ])
  })

  test('in the middle of a body: 408, and the origin is let go', async () => {
    const before = lab.proxy.flows().length
    const request = `POST http://${origin()}/ HTTP/1.1\r\nHost: ${origin()}\r\nContent-Length: 10\r\n\r\nabc`
    const answer = await rawExchange(lab.proxy, request)
    expect(answer).toMatch(/^HTTP\/1.1 408 /)
    expect(await newFlows(before)).toEqual([
      { outcome: 'failed', error: 'request-timeout', status: 408, method: 'POST' },
    ])
  })

  test('after a request, on a connection kept open: closed, without a row', async () => {
    const before = lab.proxy.flows().length
    const answer = await rawExchange(lab.proxy, get())
    expect(answer).toMatch(/^HTTP\/1.1 200 /)
    expect(await newFlows(before)).toHaveLength(1)
  })

  test('inside a tunnel, before TLS: recorded', async () => {
    const before = lab.proxy.flows().length
    const socket = await openTunnel(lab.proxy, 'api.de.test:443')
    await once(socket.resume(), 'close')
    expect(await newFlows(before)).toEqual([
      { outcome: 'blocked', error: 'request-timeout', status: 408, method: null },
    ])
  })

  test('inside TLS, before a request: 408', async () => {
    const before = lab.proxy.flows().length
    const socket = await openTls(lab.proxy, 'api.de.test:443', {
      ca: readFileSync(lab.proxy.ca, 'utf8'),
    })
    expect(await converse(socket, '')).toMatch(/^HTTP\/1.1 408 /)
    expect(await newFlows(before)).toHaveLength(1)
  })
})

describe('a client that leaves', () => {
  /** Once `seen` is true: what is still on its way when a connection is reset was never sent. */
  async function leave(bytes: string, how: 'end' | 'reset', seen?: () => boolean): Promise<void> {
    const socket = net.connect(lab.proxy.port, '127.0.0.1')
    await once(socket, 'connect')
    await new Promise((resolve) => socket.write(bytes, resolve))
    if (seen) await eventually('the request to arrive', seen)
    if (how === 'reset') socket.resetAndDestroy()
    else socket.destroy()
  }

  test('in the middle of a head', async () => {
    const before = lab.proxy.flows().length
    await leave('GET http://api.de.test/ HTTP/1.1\r\nHo', 'end')
    expect(await newFlows(before)).toEqual([
      { outcome: 'cancelled', error: 'request-incomplete', status: 400, method: null },
    ])
  })

  test.each(['end', 'reset'] as const)(
    'in the middle of a body (%s): the origin is let go',
    async (how) => {
      const before = lab.proxy.flows().length
      const request = `POST http://${origin()}/ HTTP/1.1\r\nHost: ${origin()}\r\nContent-Length: 10\r\n\r\nabc`
      await leave(request, how, () => lab.proxy.flows().length > before)
      expect(await newFlows(before)).toEqual([
        { outcome: 'cancelled', error: 'request-incomplete', status: null, method: 'POST' },
      ])
      await eventually('the origin’s connections to close', () => lab.http.open() === 0)
    },
  )

  test('while its destination is looked up: nothing is dialled', async () => {
    const before = lab.proxy.flows().length
    lab.dns.records['slow.test'] = { A: ['127.0.0.10'] }
    lab.dns.delay = 200
    const at = `slow.test:${lab.http.port}`
    const asked = () => lab.dns.count('slow.test') > 0
    await leave(`GET http://${at}/slow HTTP/1.1\r\nHost: ${at}\r\n\r\n`, 'reset', asked)
    lab.dns.delay = 0
    expect(await newFlows(before)).toEqual([
      { outcome: 'cancelled', error: 'request-incomplete', status: null, method: 'GET' },
    ])
    expect(lab.http.seen).not.toContain('GET /slow')
  })

  test('without a byte: nothing was asked, nothing is recorded', async () => {
    const before = lab.proxy.flows().length
    await leave('', 'end')
    const answer = await rawExchange(lab.proxy, get(), { until: /\}$/ })
    expect(answer).toMatch(/^HTTP\/1.1 200 /)
    expect(await newFlows(before)).toHaveLength(1)
  })

  test('after CONNECT, before TLS: recorded', async () => {
    const before = lab.proxy.flows().length
    const socket = await openTunnel(lab.proxy, 'api.de.test:443')
    socket.destroy()
    expect(await newFlows(before)).toEqual([
      { outcome: 'cancelled', error: 'request-incomplete', status: 400, method: null },
    ])
  })

  test('because it does not trust the CA: recorded as that', async () => {
    const before = lab.proxy.flows().length
    await expect(openTls(lab.proxy, 'api.de.test:443', { ca: lab.root.pem })).rejects.toThrow()
    expect(await newFlows(before)).toEqual([
      { outcome: 'blocked', error: 'client-tls-failed', status: 400, method: null },
    ])
    const [flow] = lab.proxy.query<{ reason: string }>(
      'SELECT reason FROM flows ORDER BY id DESC LIMIT 1',
    )
    expect(flow?.reason).toContain('not trust the CA')
  })

  test('because it speaks something else: recorded without what it chose to call that', async () => {
    const before = lab.proxy.flows().length
    const ca = readFileSync(lab.proxy.ca, 'utf8')
    const alpn = ['h2', '\x1b[2Jx\nALLOW']
    // An origin of HTTP/1.1 alone: so its clients are offered no more.
    const to = `api.de.test:${lab.https.port}`
    await expect(openTls(lab.proxy, to, { ca, alpn })).rejects.toThrow()
    await newFlows(before)
    const [flow] = lab.proxy.query<{ reason: string }>(
      'SELECT reason FROM flows ORDER BY id DESC LIMIT 1',
    )
    expect(flow?.reason).toBe('the client speaks only h2, something else, not http/1.1')
  })
})

describe('unusual but right', () => {
  test('an unknown method passes', async () => {
    const answer = await rawExchange(
      lab.proxy,
      `BREW http://${origin()}/pot HTTP/1.1\r\nHost: ${origin()}\r\n\r\n`,
      { until: /HTTP\/1.1 \d+/ },
    )
    // Node's origin does not know it; it is the origin that says so.
    expect(answer).toMatch(/^HTTP\/1.1 400 Bad Request/)
    const [flow] = lab.proxy.query(
      'SELECT method, outcome, status FROM flows ORDER BY id DESC LIMIT 1',
    )
    expect(flow).toMatchObject({ method: 'BREW' })
  })

  test('a head in single bytes, and an empty line before it', async () => {
    const socket = net.connect({ port: lab.proxy.port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    for (const byte of `\r\n${get()}`) socket.write(byte)
    expect(await converse(socket, '', { until: /\}$/ })).toMatch(/^HTTP\/1.1 200 /)
    socket.destroy()
  })

  test('pipelined requests are answered in order, each with its row', async () => {
    const before = lab.proxy.flows().length
    const one = (n: number) => `GET http://${origin()}/${n} HTTP/1.1\r\nHost: ${origin()}\r\n\r\n`
    const text = await rawExchange(lab.proxy, [1, 2, 3, 4, 5].map(one).join(''), {
      until: /"\/5".*\}$/s,
    })
    expect([...text.matchAll(/"url":"\/(\d)"/g)].map((match) => match[1])).toEqual([
      '1',
      '2',
      '3',
      '4',
      '5',
    ])
    expect(await newFlows(before, 5)).toHaveLength(5)
  })

  test('a client that half-closes gets its answer', async () => {
    const answer = await rawExchange(lab.proxy, get(), { end: true })
    expect(answer).toMatch(/^HTTP\/1.1 200 /)
  })

  test('HTTP/1.0, with and without keep-alive', async () => {
    const old = `GET http://${origin()}/old HTTP/1.0\r\n`
    const closed = await rawExchange(lab.proxy, `${old}\r\n`)
    expect(closed).toMatch(/^HTTP\/1.1 200 /)
    expect(closed).toMatch(/^Connection: close\r$/m)
    const kept = await rawExchange(lab.proxy, `${old}Connection: keep-alive\r\n\r\n`, {
      until: /\}$/,
    })
    expect(kept).toMatch(/^Connection: keep-alive\r$/m)
  })

  test('hop-by-hop fields and everything Proxy- stay behind, the rest is as sent', async () => {
    await rawExchange(
      lab.proxy,
      get(
        'X-First: 1\r\nConnection: X-Secret, close\r\nX-Secret: s\r\nProxy-Connection: x\r\nProxy-Foo: y\r\nTE: trailers\r\nUpgrade: h2c\r\nHTTP2-Settings: a\r\nKeep-Alive: 5\r\nx-first: 2\r\nx-ÄÖ: no\r\n'.replace(
          'x-ÄÖ: no\r\n',
          'X-Latin: \xe4\xf6\r\n',
        ),
      ),
    )
    const head = lab.http.heads.at(-1) ?? []
    expect(head.slice(0, -2)).toEqual([
      'Host',
      origin(),
      'X-First',
      '1',
      'x-first',
      '2',
      'X-Latin',
      '\xe4\xf6',
      // That trailers are welcome is said anew, for the next connection.
      ...['TE', 'trailers', 'Connection', 'TE'],
    ])
    expect(head.at(-2)).toBe('Via')
  })
})

test('after all this nothing is left open', async () => {
  await eventually('the proxy to have let go of every origin', () => lab.http.open() === 0)
  const open = lab.proxy.query("SELECT id FROM flows WHERE outcome = 'open'")
  expect(open).toEqual([])
  expect(lab.proxy.said()).not.toContain('error')
})
