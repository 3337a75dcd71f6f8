/** One destination, however it is named: CONNECT, SNI, Host and target agree, or the request is refused and recorded. */

import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { converse, openTls, openTunnel, rawExchange } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'

let lab: Lab
let ca: string
let at: string
beforeAll(async () => {
  lab = await openLab({ config: 'intercept: { never: ["api.fr.test"] }' })
  ca = readFileSync(lab.proxy.ca, 'utf8')
  at = `api.de.test:${lab.https.port}`
})
afterAll(() => lab[Symbol.asyncDispose]())

let seenBefore = 0
beforeEach(() => {
  seenBefore = lab.https.seen.length
})

async function inTunnel(request: string, servername?: string | null): Promise<string> {
  const socket = await openTls(lab.proxy, at, {
    ca,
    ...(servername === undefined ? {} : { servername }),
  })
  const answer = await converse(socket, request, { until: /\}$/ })
  socket.destroy()
  return answer
}

function expectBlocked(error: string): void {
  const [flow] = lab.proxy.query(
    'SELECT action, outcome, error, host FROM flows ORDER BY id DESC LIMIT 1',
  )
  expect(flow).toEqual({ action: 'block', outcome: 'blocked', error, host: 'api.de.test' })
  expect(lab.https.seen).toHaveLength(seenBefore)
}

describe('inside a tunnel', () => {
  test.each([
    ['another Host', `GET / HTTP/1.1\r\nHost: api.us.test:PORT\r\n\r\n`],
    ['another port in Host', 'GET / HTTP/1.1\r\nHost: api.de.test:444\r\n\r\n'],
    ['the default port in Host', 'GET / HTTP/1.1\r\nHost: api.de.test\r\n\r\n'],
    ['the address instead of the name', 'GET / HTTP/1.1\r\nHost: 127.0.0.10:PORT\r\n\r\n'],
    ['a longer name', 'GET / HTTP/1.1\r\nHost: api.de.test.evil.test:PORT\r\n\r\n'],
  ])('%s is to be asked on another connection', async (_, request) => {
    const answer = await inTunnel(request.replaceAll('PORT', String(lab.https.port)))
    expect(answer).toMatch(/^HTTP\/1.1 421 Misdirected Request \(Cordon: misdirected\)\r\n/)
    expectBlocked('misdirected')
  })

  test.each([
    [
      'an absolute target, another host',
      'GET http://api.us.test/ HTTP/1.1\r\nHost: api.de.test:PORT\r\n\r\n',
    ],
    [
      'an absolute target, the same host',
      'GET https://api.de.test:PORT/ HTTP/1.1\r\nHost: api.de.test:PORT\r\n\r\n',
    ],
  ])('%s is refused', async (_, request) => {
    const answer = await inTunnel(request.replaceAll('PORT', String(lab.https.port)))
    expect(answer).toMatch(/^HTTP\/1.1 403 /)
    expect(answer).toContain('"code":"names-disagree"')
    expectBlocked('names-disagree')
  })

  test.each([
    ['two Hosts', 'GET / HTTP/1.1\r\nHost: api.de.test:PORT\r\nHost: api.us.test\r\n\r\n'],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n'],
    ['CONNECT again', 'CONNECT api.us.test:443 HTTP/1.1\r\nHost: api.us.test:443\r\n\r\n'],
    ['a Host with a user', 'GET / HTTP/1.1\r\nHost: x@api.de.test:PORT\r\n\r\n'],
  ])('%s is malformed', async (_, request) => {
    const answer = await inTunnel(request.replaceAll('PORT', String(lab.https.port)))
    expect(answer).toMatch(/^HTTP\/1.1 400 /)
    expect(lab.https.seen).toHaveLength(seenBefore)
  })

  test('the second request on a connection is compared as well', async () => {
    const socket = await openTls(lab.proxy, at, { ca })
    const first = await converse(socket, `GET /1 HTTP/1.1\r\nHost: ${at}\r\n\r\n`, { until: /\}$/ })
    expect(first).toMatch(/^HTTP\/1.1 200 /)
    const second = await converse(socket, 'GET /2 HTTP/1.1\r\nHost: api.us.test\r\n\r\n', {
      until: /\}$/,
    })
    expect(second).toContain('"code":"misdirected"')
    socket.destroy()
    expect(lab.https.seen.slice(seenBefore)).toEqual(['GET /1'])
  })

  test.each([`API.de.TEST:PORT`, 'api.de.test.:PORT', 'ａpi.de.test:PORT'])(
    'Host %s is the same host',
    async (host) => {
      const bytes = Buffer.from(host.replace('PORT', String(lab.https.port))).toString('latin1')
      const answer = await inTunnel(`GET /spelt HTTP/1.1\r\nHost: ${bytes}\r\n\r\n`)
      expect(answer).toMatch(/^HTTP\/1.1 200 /)
      // What the origin reads is what was compared.
      const head = lab.https.heads.at(-1) ?? []
      expect(head[head.indexOf('Host') + 1]?.toLowerCase()).toBe(at)
    },
  )
})

describe('the TLS server name', () => {
  test('another one than CONNECT named is refused, readably', async () => {
    const answer = await inTunnel(`GET / HTTP/1.1\r\nHost: api.us.test\r\n\r\n`, 'api.us.test')
    expect(answer).toMatch(/^HTTP\/1.1 403 /)
    expect(answer).toContain('"code":"names-disagree"')
    expect(lab.https.seen).toHaveLength(seenBefore)
  })

  test('another one is refused even when Host agrees with CONNECT', async () => {
    const answer = await inTunnel(`GET / HTTP/1.1\r\nHost: ${at}\r\n\r\n`, 'api.us.test')
    expect(answer).toContain('"code":"names-disagree"')
  })

  test('none at all is judged by CONNECT', async () => {
    const answer = await inTunnel(`GET / HTTP/1.1\r\nHost: ${at}\r\n\r\n`, null)
    expect(answer).toMatch(/^HTTP\/1.1 200 /)
  })
})

describe('a host that is tunnelled unseen', () => {
  const unseen = () => `api.fr.test:${lab.https.port}`

  test('passes, end to end, and is recorded by name, address and bytes', async () => {
    const socket = await openTls(lab.proxy, unseen(), { ca: lab.root.pem })
    const answer = await converse(socket, `GET /deep HTTP/1.1\r\nHost: ${unseen()}\r\n\r\n`, {
      until: /\}$/,
    })
    expect(answer).toMatch(/^HTTP\/1.1 200 /)
    socket.destroy()
    const count = lab.proxy.flows().length
    expect(await lab.proxy.settled(count)).toMatchObject({
      host: 'api.fr.test',
      scheme: 'tcp',
      method: null,
      path: null,
      inspection: 'sni',
      outcome: 'forwarded',
      dialed_ip: '127.0.0.11',
    })
  })

  test('is ended when the TLS server name is another', async () => {
    await expect(
      openTls(lab.proxy, unseen(), { ca: lab.root.pem, servername: 'api.us.test' }),
    ).rejects.toThrow()
    expect(await lab.proxy.settled(lab.proxy.flows().length)).toMatchObject({
      outcome: 'blocked',
      error: 'names-disagree',
      bytes_out: 0,
    })
  })

  test('carries TLS and nothing else', async () => {
    const socket = await openTunnel(lab.proxy, unseen())
    await converse(socket, 'GET / HTTP/1.1\r\n\r\n')
    expect(await lab.proxy.settled(lab.proxy.flows().length)).toMatchObject({
      outcome: 'blocked',
      error: 'request-not-http',
    })
  })
})

describe('at the proxy port', () => {
  test('Host and target have to agree', async () => {
    const request = `GET http://api.de.test:${lab.http.port}/ HTTP/1.1\r\nHost: api.us.test\r\n\r\n`
    const answer = await rawExchange(lab.proxy, request, { until: /\}$/ })
    expect(answer).toMatch(/^HTTP\/1.1 403 /)
    expect(answer).toContain('"code":"names-disagree"')
  })

  test.each([
    ['another host', 'api.us.test:443'],
    ['another port', 'api.de.test:444'],
  ])(
    'CONNECT with %s in Host is refused, and what came behind it is not read as a request',
    async (_, host) => {
      const before = lab.proxy.flows().length
      const smuggled = `GET http://${at}/ HTTP/1.1\r\nHost: ${at}\r\n\r\n`
      const answer = await rawExchange(
        lab.proxy,
        `CONNECT api.de.test:443 HTTP/1.1\r\nHost: ${host}\r\n\r\n${smuggled}`,
      )
      expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1)
      expect(answer).toContain('"code":"names-disagree"')
      await lab.proxy.settled(before + 1)
      expect(lab.proxy.flows().slice(before)).toMatchObject([
        { mode: 'connect', method: 'CONNECT', error: 'names-disagree' },
      ])
    },
  )

  test.each([
    ['without Host, as old clients send it', 'CONNECT api.de.test:443 HTTP/1.0\r\n\r\n'],
    ['without Host', 'CONNECT api.de.test:443 HTTP/1.1\r\n\r\n'],
    [
      'with a Host that leaves out the port',
      'CONNECT api.de.test:8443 HTTP/1.1\r\nHost: api.de.test\r\n\r\n',
    ],
  ])('CONNECT %s opens a tunnel', async (_, request) => {
    const answer = await rawExchange(lab.proxy, request, { until: /\r\n\r\n/ })
    expect(answer).toBe('HTTP/1.1 200 Connection established\r\n\r\n')
  })

  test.each([
    ['by address', () => `127.0.0.1:${lab.proxy.port}`],
    ['by a name that leads to it', () => `loop.test:${lab.proxy.port}`],
    ['its console', () => `127.0.0.1:${lab.proxy.consolePort}`],
    ['in IPv6 clothes', () => `[::ffff:127.0.0.1]:${lab.proxy.port}`],
    ['in hexadecimal', () => `0x7f000001:${lab.proxy.port}`],
    ['as nobody', () => `0.0.0.0:${lab.proxy.port}`],
  ])('CONNECT to the proxy itself, %s, is refused', async (_, target) => {
    lab.dns.records['loop.test'] = { A: ['127.0.0.1'] }
    const answer = await rawExchange(
      lab.proxy,
      `CONNECT ${target()} HTTP/1.1\r\nHost: ${target()}\r\n\r\n`,
      {
        until: /\}$/,
      },
    )
    expect(answer).toMatch(/^HTTP\/1.1 403 /)
    expect(answer).toContain('"code":"proxy-loop"')
  })

  test('a request that has been here before is refused', async () => {
    const first = await rawExchange(
      lab.proxy,
      `GET http://api.de.test:${lab.http.port}/via HTTP/1.1\r\nHost: api.de.test:${lab.http.port}\r\n\r\n`,
      { until: /\}$/ },
    )
    expect(first).toMatch(/^HTTP\/1.1 200 /)
    const head = lab.http.heads.at(-1) ?? []
    const via = head[head.indexOf('Via') + 1]
    expect(via).toMatch(/^1\.1 cordon-[0-9a-f]{12}$/)
    const again = await rawExchange(
      lab.proxy,
      `GET http://api.de.test:${lab.http.port}/via HTTP/1.1\r\nHost: api.de.test:${lab.http.port}\r\nVia: ${via}\r\n\r\n`,
      { until: /\}$/ },
    )
    expect(again).toContain('"code":"proxy-loop"')
  })
})
