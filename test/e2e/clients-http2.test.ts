/** Clients of HTTP/2 as people use them, through tunnels and at the port itself: curl, nghttp, Node and httpx. gRPC: `grpc.test.ts`. */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http2 from 'node:http2'
import net from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTls, openTunnel, runProgram, throughProxy } from '../support/clients.ts'
import { type Http2Origin, http2Origin } from '../support/http2-origin.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { installed, missing, program } from '../support/needs.ts'

let lab: Lab
/** Speaks HTTP/2 and nothing else. */
let h2: Http2Origin
beforeAll(async () => {
  lab = await openLab()
  const certificate = lab.certificate('api.de.test', 'api.us.test')
  h2 = lab.keep(await http2Origin(certificate, { address: '0.0.0.0' }))
})
afterAll(() => lab[Symbol.asyncDispose]())

const url = (host: string, path = '/x') => `https://${host}:${h2.port}${path}`

/** Protocol and outcome of the newest flow, once nothing is open. */
async function lastFlow() {
  const { protocol, outcome, host } = await lab.proxy.settled(1)
  return { protocol, outcome, host }
}

const FORWARDED = { protocol: 'HTTP/2', outcome: 'forwarded', host: 'api.de.test' }
const BLOCKED = { protocol: 'HTTP/2', outcome: 'blocked', host: 'api.us.test' }

describe.skipIf(missing(program('curl', '--version')))('curl --http2', () => {
  const run = (...args: string[]) =>
    runProgram(
      'curl',
      ['-sS', '--no-progress-meter', '--http2', '-w', '\n%{http_version} %{http_code}', ...args],
      {
        env: throughProxy(lab.proxy),
      },
    )

  test('is answered in HTTP/2, a body up and down', async () => {
    const { out, err } = await run(url('api.de.test'), '-d', 'hello')
    expect(err).toBe('')
    expect(out).toMatch(/"length":5[\s\S]*\n2 200$/)
    expect(await lastFlow()).toEqual(FORWARDED)
  })

  test('is refused in HTTP/2', async () => {
    const before = h2.seen.length
    const { out } = await run(url('api.us.test'))
    expect(out).toMatch(/"code":"placement-outside"[\s\S]*\n2 403$/)
    expect(await lastFlow()).toEqual(BLOCKED)
    expect(h2.seen).toHaveLength(before)
  })

  test('ten at once on one connection', async () => {
    const urls = Array.from({ length: 10 }, (_, i) => url('api.de.test', `/at-once/${i}`))
    const { out, err } = await run('-Z', ...urls)
    expect(err).toBe('')
    expect(out.match(/^2 200/gm)).toHaveLength(10)
    const seen = h2.seen.filter((line) => line.includes('/at-once/'))
    expect(seen.sort()).toEqual(urls.map((_, i) => `GET /at-once/${i}`))
  })
})

/** nghttp knows no proxies: what it connects to here leads through a tunnel. */
async function tunnelled(authority: string) {
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    openTunnel(lab.proxy, authority).then(
      (tunnel) => {
        tunnel.on('error', () => socket.destroy())
        tunnel.pipe(socket).pipe(tunnel)
      },
      () => socket.destroy(),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as net.AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.close()
    },
  }
}

describe.skipIf(missing(installed('nghttp')))('nghttp', () => {
  test.each([
    ['api.de.test', '200', FORWARDED],
    ['api.us.test', '403', BLOCKED],
  ])('in a tunnel to %s: %s', async (host, status, flow) => {
    const authority = `${host}:${h2.port}`
    await using tunnel = await tunnelled(authority)
    const at = `https://127.0.0.1:${tunnel.port}`
    const args = ['-nv', `-H:authority: ${authority}`, `${at}/one`, `${at}/two`]
    const { out } = await runProgram('nghttp', args, { timeout: 20_000 })
    expect(out).toContain('The negotiated protocol: h2')
    expect(out.match(new RegExp(`:status: ${status}`, 'g'))).toHaveLength(2)
    expect(await lastFlow()).toEqual(flow)
  })

  test('in the clear at the port itself, to an origin of HTTP/1.1', async () => {
    const authority = `api.de.test:${lab.http.port}`
    const args = ['-v', `-H:authority: ${authority}`, `${lab.proxy.url}/clear`]
    const { out } = await runProgram('nghttp', args, { timeout: 20_000 })
    expect(out).toContain(':status: 200')
    expect(out).toContain('"url":"/clear"')
    expect(await lastFlow()).toEqual(FORWARDED)
  })
})

describe('node:http2', () => {
  async function ask(session: http2.ClientHttp2Session, path: string, body: string) {
    const stream = session.request({ ':method': 'POST', ':path': path })
    const [[head], text] = await Promise.all([
      once(stream, 'response') as Promise<[http2.IncomingHttpHeaders]>,
      stream.end(body).setEncoding('utf8').toArray() as Promise<string[]>,
    ])
    return { status: head[':status'], body: JSON.parse(text.join('')) }
  }

  async function connect(host: string) {
    const authority = `${host}:${h2.port}`
    const ca = readFileSync(lab.proxy.ca, 'utf8')
    const socket = await openTls(lab.proxy, authority, { ca, alpn: ['h2'] })
    return http2.connect(`https://${authority}`, { createConnection: () => socket })
  }

  test('over CONNECT: many streams at once', async () => {
    const session = await connect('api.de.test')
    const bodies = Array.from({ length: 20 }, (_, i) => 'x'.repeat(i * 1_000))
    const answers = await Promise.all(bodies.map((body, i) => ask(session, `/${i}`, body)))
    session.destroy()
    expect(answers.map(({ status }) => status)).toEqual(bodies.map(() => 200))
    expect(answers.map(({ body }) => body.length)).toEqual(bodies.map(({ length }) => length))
  })

  test('is refused on its stream, and the connection goes on', async () => {
    const session = await connect('api.us.test')
    for (const path of ['/one', '/two']) {
      const { status, body } = await ask(session, path, 'x')
      expect({ status, code: body.code }).toEqual({ status: 403, code: 'placement-outside' })
    }
    session.destroy()
  })
})

describe.skipIf(missing(program('/usr/bin/python3', '-c', 'import httpx, h2')))('httpx', () => {
  const script = `
import sys, httpx
with httpx.Client(http2=sys.argv[2] == 'True') as client:
    for _ in range(2):
        r = client.post(sys.argv[1], content=b'hello')
    print(r.http_version, r.status_code, r.text)`

  test.each<[string, string, () => number, RegExp]>([
    ['True', 'api.de.test', () => h2.port, /^HTTP\/2 200 .*"length":5/],
    ['True', 'api.us.test', () => h2.port, /^HTTP\/2 403 .*placement-outside/],
    ['True', 'api.de.test', () => lab.https.port, /^HTTP\/1\.1 200 .*"length":5/],
    ['False', 'api.de.test', () => lab.https.port, /^HTTP\/1\.1 200 .*"length":5/],
    ['False', 'api.us.test', () => lab.https.port, /^HTTP\/1\.1 403 .*placement-outside/],
  ])('http2=%s, %s %#', async (isHttp2, host, port, want) => {
    const args = ['-c', script, `https://${host}:${port()}/x`, isHttp2]
    const env = throughProxy(lab.proxy)
    const { out, err } = await runProgram('/usr/bin/python3', args, { env })
    expect(err).toBe('')
    expect(out).toMatch(want)
  })
})

describe('Node with NODE_USE_ENV_PROXY', () => {
  test('node:https, with an agent that keeps its connection', async () => {
    const script = `
      import https from 'node:https'
      for (const _ of [1, 2]) {
        const response = await new Promise((resolve, reject) =>
          https.request(process.argv[1], { method: 'PUT' }, resolve).on('error', reject).end('hello'))
        const text = (await response.setEncoding('utf8').toArray()).join('')
        console.log(response.statusCode, text)
      }`
    const args = [
      '--input-type=module',
      '-e',
      script,
      `https://api.de.test:${lab.https.port}/agent`,
    ]
    const { out, err } = await runProgram(process.execPath, args, { env: throughProxy(lab.proxy) })
    expect(err).not.toContain('Error')
    expect(out.match(/^200 .*"method":"PUT".*"length":5/gm)).toHaveLength(2)
  })
})
