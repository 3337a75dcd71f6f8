/** Origins and name servers that fail in every way: the right code and status, one row, no socket left. */

import net from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openBlackHole } from '../support/black-hole.ts'
import { converse, curl } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { linux, missing } from '../support/needs.ts'
import { httpOrigin, httpsOrigin, rawOrigin } from '../support/origins.ts'
import { eventually } from '../support/wait.ts'
import { DAY, issue } from '../tls/support.ts'

let lab: Lab
beforeAll(async () => {
  lab = await openLab({
    config: 'timeouts: { connect: 600ms, answer: 600ms, body: 600ms }',
    records: {
      'servfail.test': { A: ['127.0.0.10'], fault: 'servfail' },
      'silent.test': { A: ['127.0.0.10'], fault: 'drop' },
      'empty.test': {},
      'lying.test': { A: ['127.0.0.10'], fault: 'lying-id' },
      'wrong.test': { A: ['127.0.0.10'], fault: 'wrong-question' },
      'large.test': { A: ['127.0.0.10'], fault: 'truncate' },
      'loop-a.test': { CNAME: 'loop-b.test' },
      'loop-b.test': { CNAME: 'loop-a.test' },
      'second.test': { A: ['127.0.0.19', '127.0.0.10'] },
    },
  })
})
afterAll(() => lab[Symbol.asyncDispose]())

/** Calls, and gives the code with the status the client got and what the log says of it. */
async function fail(url: string, ...args: string[]) {
  const before = lab.proxy.flows().length
  const { status, body } = await curl(lab.proxy, url, ...args)
  const flow = await lab.proxy.settled(before + 1)
  const { code } = JSON.parse(body) as { code: string }
  return {
    status,
    code,
    logged: flow.error,
    outcome: flow.outcome,
    flows: lab.proxy.flows().length - before,
  }
}

const failed = (status: number, code: string) => ({
  status,
  code,
  logged: code,
  outcome: 'failed',
  flows: 1,
})

describe('names', () => {
  test.each([
    ['absent.test', 502, 'dns-not-found'],
    ['empty.test', 502, 'dns-no-address'],
    ['servfail.test', 502, 'dns-failed'],
    ['loop-a.test', 502, 'dns-failed'],
    ['nodots', 502, 'dns-not-found'],
  ])('%s: %i %s', async (host, status, code) => {
    expect(await fail(`https://${host}:${lab.https.port}/`)).toEqual(failed(status, code))
  })

  test('nobody answers, or nobody who was asked: dns-timeout', async () => {
    const before = lab.proxy.flows().length
    const hosts = ['silent.test', 'lying.test', 'wrong.test']
    const answers = await Promise.all(
      hosts.map((host) => curl(lab.proxy, `http://${host}:${lab.http.port}/`)),
    )
    for (const { status, body } of answers) {
      expect(status).toBe(504)
      expect(JSON.parse(body).code).toBe('dns-timeout')
    }
    await lab.proxy.settled(before + 3)
    const flows = lab.proxy.flows().slice(before)
    expect(flows.map(({ error }) => error)).toEqual(hosts.map(() => 'dns-timeout'))
  })

  test('a truncated answer is fetched over TCP', async () => {
    const { status } = await curl(lab.proxy, `http://large.test:${lab.http.port}/`)
    expect(status).toBe(200)
  })

  test('an alias is followed and kept as evidence', async () => {
    await curl(lab.proxy, `http://alias.test:${lab.http.port}/`)
    const flow = await lab.proxy.settled(lab.proxy.flows().length)
    expect(flow.evidence).toContain('api.de.test -> 127.0.0.10')
  })

  test('one name is asked for once, however many call', async () => {
    lab.dns.records['popular.test'] = { A: ['127.0.0.10'], ttl: 60 }
    const url = `http://popular.test:${lab.http.port}/`
    await Promise.all(Array.from({ length: 5 }, () => curl(lab.proxy, url)))
    await curl(lab.proxy, url)
    // Once for A and once for AAAA.
    expect(lab.dns.count('popular.test')).toBe(2)
  })
})

describe('connections', () => {
  test('refused', async () => {
    const gone = await rawOrigin(() => {}, { address: '127.0.0.10' })
    await gone[Symbol.asyncDispose]()
    expect(await fail(`http://api.de.test:${gone.port}/`)).toEqual(failed(502, 'connect-refused'))
  })

  test.each([
    ['reset at once', (socket: net.Socket) => socket.resetAndDestroy(), 502, 'connect-reset'],
    ['closed at once', (socket: net.Socket) => socket.end(), 502, 'connect-reset'],
    [
      'closed after half a head',
      (socket: net.Socket) => socket.end('HTTP/1.1 200 OK\r\nConte'),
      502,
      'connect-reset',
    ],
    ['silence', () => {}, 504, 'connect-stalled'],
    [
      'no HTTP',
      (socket: net.Socket) => socket.write('SSH-2.0-x\r\n\r\n'),
      502,
      'connect-malformed',
    ],
    [
      'another protocol, waiting for us',
      (socket: net.Socket) => socket.write('SSH-2.0-OpenSSH\r\n'),
      502,
      'connect-malformed',
    ],
    [
      'lines that end in LF',
      (socket: net.Socket) => socket.write('HTTP/1.1 200 OK\nContent-Length: 0\n\n'),
      502,
      'connect-malformed',
    ],
    [
      'a broken body right behind the head',
      (socket: net.Socket) =>
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'),
      502,
      'connect-malformed',
    ],
    [
      'HTTP/2',
      (socket: net.Socket) => socket.write('HTTP/2.0 200 OK\r\n\r\n'),
      502,
      'connect-malformed',
    ],
    [
      'two lengths',
      (socket: net.Socket) =>
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'),
      502,
      'connect-malformed',
    ],
    [
      'length and chunks',
      (socket: net.Socket) =>
        socket.write(
          'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
        ),
      502,
      'connect-malformed',
    ],
    [
      'a protocol nobody asked for',
      (socket: net.Socket) => socket.write('HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\nabc'),
      502,
      'connect-malformed',
    ],
    [
      'an endless head',
      (socket: net.Socket) => socket.write(`HTTP/1.1 200 OK\r\nA: ${'b'.repeat(100_000)}`),
      502,
      'connect-malformed',
    ],
    [
      'a flood of interim answers',
      (socket: net.Socket) => socket.write('HTTP/1.1 102 Processing\r\n\r\n'.repeat(200)),
      502,
      'connect-malformed',
    ],
  ])('%s', async (_, behave, status, code) => {
    const origin = lab.keep(
      await rawOrigin((socket) => socket.once('data', () => behave(socket)), {
        address: '127.0.0.10',
      }),
    )
    expect(await fail(`http://api.de.test:${origin.port}/`, '-H', 'Expect:')).toEqual(
      failed(status, code),
    )
    await eventually('the origin to be let go', () => origin.open() === 0)
  })

  test('the next judged address is tried, and the one that answered is recorded', async () => {
    const config = `SELECT dialed_ip FROM flows WHERE host = 'second.test' AND outcome = 'forwarded'`
    lab.dns.records['second.test'] = { A: ['127.0.0.11', '127.0.0.10'] }
    const origin = lab.keep(
      await rawOrigin(
        (socket) => socket.once('data', () => socket.end('HTTP/1.1 204 No Content\r\n\r\n')),
        { address: '127.0.0.10' },
      ),
    )
    const { status } = await curl(lab.proxy, `http://second.test:${origin.port}/`)
    expect(status).toBe(204)
    await lab.proxy.settled(1)
    expect(lab.proxy.query(config)).toEqual([{ dialed_ip: '127.0.0.10' }])
  })

  test.skipIf(missing(linux))(
    'one that nobody answers at is not waited for, and the one that answered is recorded',
    async () => {
      const hole = lab.keep(await openBlackHole('127.0.0.11'))
      lab.keep(await httpOrigin({ address: '127.0.0.10', port: hole.port }))
      lab.dns.records['hole.test'] = { A: ['127.0.0.11', '127.0.0.10'] }
      const { status } = await curl(lab.proxy, `http://hole.test:${hole.port}/`)
      expect(status).toBe(200)
      await lab.proxy.settled(1)
      const flows = `SELECT dialed_ip FROM flows WHERE host = 'hole.test'`
      expect(lab.proxy.query(flows)).toEqual([{ dialed_ip: '127.0.0.10' }])
    },
  )

  test('nobody answers anywhere: connect-timeout', async () => {
    const hole = lab.keep(await openBlackHole('127.0.0.10'))
    lab.keep(await openBlackHole('127.0.0.11', hole.port))
    lab.dns.records['holes.test'] = { A: ['127.0.0.11', '127.0.0.10'] }
    expect(await fail(`http://holes.test:${hole.port}/`)).toEqual(failed(504, 'connect-timeout'))
  })

  test('an idle connection that died is replaced, the request repeated when that does no harm', async () => {
    let served = 0
    const origin = lab.keep(
      await rawOrigin(
        (socket) => {
          // The first connection answers once and is reset by the next request, as one whose keep-alive has run out.
          const first = served++ === 0
          let requests = 0
          socket.on('data', () => {
            if (first && ++requests > 1) socket.resetAndDestroy()
            else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
          })
        },
        { address: '127.0.0.10' },
      ),
    )
    const url = `http://api.de.test:${origin.port}/`
    expect((await curl(lab.proxy, url)).status).toBe(200)
    expect((await curl(lab.proxy, url)).status).toBe(200)
    expect(served).toBe(2)
  })
})

describe('an answer that is cut', () => {
  test.each([
    ['with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'],
    ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
    ['in the middle of a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nhalf'],
  ])('%s is never finished as if it were whole', async (_, answer) => {
    const origin = lab.keep(
      await rawOrigin((socket) => socket.once('data', () => socket.end(answer)), {
        address: '127.0.0.10',
      }),
    )
    const { code, status } = await curl(lab.proxy, `http://api.de.test:${origin.port}/`)
    expect(status).toBe(200)
    // 18: curl got less than it was promised.
    expect(code).toBe(18)
    expect(await lab.proxy.settled(lab.proxy.flows().length)).toMatchObject({
      outcome: 'failed',
      status: 200,
      error: 'connect-reset',
    })
  })

  test('by a malformed chunk breaks off as well', async () => {
    let spoil: () => void = () => {}
    const origin = lab.keep(
      await rawOrigin(
        (socket) =>
          socket.once('data', () => {
            socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n')
            spoil = () => socket.write('zz\r\n')
          }),
        { address: '127.0.0.10' },
      ),
    )
    const at = `api.de.test:${origin.port}`
    const client = net.connect(lab.proxy.port, '127.0.0.1')
    const request = `GET http://${at}/ HTTP/1.1\r\nHost: ${at}\r\n\r\n`
    expect(await converse(client, request, { until: /half/ })).toMatch(/^HTTP\/1.1 200 /)
    spoil()
    expect(await converse(client, '')).not.toContain('\r\n0\r\n\r\n')
    await eventually('the origin to be let go', () => origin.open() === 0)
    const flow = await lab.proxy.settled(lab.proxy.flows().length)
    expect(flow).toMatchObject({ outcome: 'failed', status: 200, error: 'connect-malformed' })
  })

  test('until the origin closes is whole by definition', async () => {
    const origin = lab.keep(
      await rawOrigin(
        (socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\nall there is')),
        { address: '127.0.0.10' },
      ),
    )
    const { code, body } = await curl(lab.proxy, `http://api.de.test:${origin.port}/`)
    expect({ code, body }).toEqual({ code: 0, body: 'all there is' })
  })
})

describe('certificates', () => {
  const at = { address: '127.0.0.10' }
  test.each([
    [
      'expired',
      () =>
        issue({
          name: 'x',
          issuer: lab.root,
          hosts: ['api.de.test'],
          notBefore: Date.now() - 3 * DAY,
          notAfter: Date.now() - DAY,
        }),
      'tls-expired',
    ],
    [
      'not valid yet',
      () =>
        issue({
          name: 'x',
          issuer: lab.root,
          hosts: ['api.de.test'],
          notBefore: Date.now() + DAY,
          notAfter: Date.now() + 2 * DAY,
        }),
      'tls-expired',
    ],
    [
      'for another name',
      () => issue({ name: 'x', issuer: lab.root, hosts: ['other.test'] }),
      'tls-name-mismatch',
    ],
    ['self-signed', () => issue({ name: 'x', hosts: ['api.de.test'] }), 'tls-untrusted'],
    [
      'from an unknown authority',
      () =>
        issue({ name: 'x', issuer: issue({ name: 'other', ca: true }), hosts: ['api.de.test'] }),
      'tls-untrusted',
    ],
  ])('%s', async (_, certificate, code) => {
    const origin = lab.keep(await httpsOrigin(certificate(), at))
    expect(await fail(`https://api.de.test:${origin.port}/`)).toEqual(failed(502, code))
    expect(origin.seen).toEqual([])
  })

  test('that is not good at one address, where another address has a good one', async () => {
    const other = issue({ name: 'x', issuer: lab.root, hosts: ['other.test'] })
    const bad = lab.keep(await httpsOrigin(other, { address: '127.0.0.11' }))
    const good = issue({ name: 'x', issuer: lab.root, hosts: ['two.test'] })
    lab.keep(await httpsOrigin(good, { address: '127.0.0.10', port: bad.port }))
    lab.dns.records['two.test'] = { A: ['127.0.0.11', '127.0.0.10'] }
    expect((await curl(lab.proxy, `https://two.test:${bad.port}/`)).status).toBe(200)
    expect(await lab.proxy.settled(1)).toMatchObject({ dialed_ip: '127.0.0.10' })
  })

  test('that is not good says more than another address that refuses', async () => {
    const other = issue({ name: 'x', issuer: lab.root, hosts: ['other.test'] })
    const origin = lab.keep(await httpsOrigin(other, { address: '127.0.0.11' }))
    lab.dns.records['one.test'] = { A: ['127.0.0.11', '127.0.0.10'] }
    const url = `https://one.test:${origin.port}/`
    expect(await fail(url)).toEqual(failed(502, 'tls-name-mismatch'))
  })

  test('no TLS at all', async () => {
    const origin = lab.keep(
      await rawOrigin(
        (socket) => socket.once('data', () => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')),
        at,
      ),
    )
    expect(await fail(`https://api.de.test:${origin.port}/`)).toEqual(failed(502, 'tls-failed'))
  })

  test('a handshake that stalls', async () => {
    const origin = lab.keep(await rawOrigin(() => {}, at))
    expect(await fail(`https://api.de.test:${origin.port}/`)).toEqual(
      failed(504, 'connect-stalled'),
    )
    await eventually('the origin to be let go', () => origin.open() === 0)
  })

  test('an IP literal is checked against the address in the certificate', async () => {
    const good = lab.keep(await httpsOrigin(lab.certificate('127.0.0.10'), at))
    const bad = lab.keep(await httpsOrigin(lab.certificate('127.0.0.11'), at))
    expect((await curl(lab.proxy, `https://127.0.0.10:${good.port}/`)).status).toBe(200)
    expect((await fail(`https://127.0.0.10:${bad.port}/`)).code).toBe('tls-name-mismatch')
  })
})

test('answers as they come: interim heads, 204, 304, HEAD, early answers, odd reasons', async () => {
  const answers: Record<string, string> = {
    '/interim':
      'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 Fine\r\nContent-Length: 2\r\n\r\nok',
    '/204': 'HTTP/1.1 204 No Content\r\n\r\n',
    '/304': 'HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\nETag: "x"\r\n\r\n',
    '/reason': 'HTTP/1.1 299 Gut \xfcber alles\r\nContent-Length: 0\r\n\r\n',
    '/noreason': 'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok',
  }
  const origin = lab.keep(
    await rawOrigin(
      (socket) => {
        socket.on('data', (data) => {
          const path = /^\w+ (\S+)/.exec(data.toString())?.[1] ?? ''
          socket.write(Buffer.from(answers[path] ?? '', 'latin1'))
        })
      },
      { address: '127.0.0.10' },
    ),
  )
  const base = `http://api.de.test:${origin.port}`
  const interim = await curl(lab.proxy, '-i', `${base}/interim`)
  expect(interim.body).toMatch(/^HTTP\/1.1 103 Early Hints\r\nLink: <\/a>\r\n/)
  expect(interim.body).toContain('HTTP/1.1 200 Fine')
  expect((await curl(lab.proxy, `${base}/204`)).status).toBe(204)
  const notModified = await curl(lab.proxy, '-i', `${base}/304`)
  expect(notModified).toMatchObject({ status: 304, code: 0 })
  expect((await curl(lab.proxy, '-i', `${base}/reason`)).body).toContain('299 Gut')
  expect((await curl(lab.proxy, `${base}/noreason`)).body).toBe('ok')
})

test('after all this nothing is left open', async () => {
  await lab.proxy.settled(1)
  expect(lab.proxy.said()).not.toContain('error')
})
