/** How many connections to origins there are: bounded in all and to one authority, waited for in turn and not for ever. */

import type http from 'node:http'
import type http2 from 'node:http2'
import net from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { curl } from '../support/clients.ts'
import { http2Origin } from '../support/http2-origin.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { eventually } from '../support/wait.ts'

const WAIT_MS = 2_500
const CONFIG = `
limits: { origin_connections: 4, origin_connections_per_authority: 2, origin_idle: 3 }
timeouts: { origin_wait: ${WAIT_MS}ms, origin_idle: 2s }
`

/** Requests for /slow are answered when the test says so. */
let held: http.ServerResponse[] = []
let most = 0
function answerWhenTold(request: http.IncomingMessage, response: http.ServerResponse): void {
  most = Math.max(most, lab.http.open())
  response.setHeader('Content-Length', 2)
  if (request.url === '/slow') held.push(response)
  else response.end('ok')
}

let lab: Lab
beforeAll(async () => {
  lab = await openLab({ config: CONFIG, http: { handler: answerWhenTold } })
})
afterAll(() => lab[Symbol.asyncDispose]())
beforeEach(async () => {
  for (const response of held) response.end('ok')
  held = []
  await eventually('the origin to be left alone', () => lab.http.open() === 0)
  most = 0
})

const at = (host: string, path = '/') => `http://${host}:${lab.http.port}${path}`
const isHeld = (count: number) =>
  eventually(`${count} requests at the origin`, () => held.length === count)

async function call(url: string, ...args: string[]) {
  const { status, body } = await curl(lab.proxy, url, ...args)
  return { status, code: status === 200 ? null : (JSON.parse(body) as { code: string }).code }
}

const OK = { status: 200, code: null }

/** What /metrics says of it. */
async function waiting(): Promise<number> {
  const url = `http://127.0.0.1:${lab.proxy.consolePort}/metrics`
  const { body } = await curl(lab.proxy, '--noproxy', '*', url)
  return Number(/^cordon_origin_waiting (\d+)$/m.exec(body)?.[1])
}

test('one more to the same authority waits, and is refused when nothing became free', async () => {
  const slow = [call(at('api.de.test', '/slow')), call(at('api.de.test', '/slow'))]
  await isHeld(2)
  const began = performance.now()
  expect(await call(at('api.de.test'))).toEqual({ status: 503, code: 'origin-busy' })
  expect(performance.now() - began).toBeGreaterThan(WAIT_MS)
  expect(most).toBe(2)
  const refused = `SELECT outcome, error FROM flows WHERE status = 503`
  const flow = await eventually('its end to be written', () => lab.proxy.query(refused)[0])
  expect(flow).toEqual({ outcome: 'failed', error: 'origin-busy' })
  // Others are not concerned.
  expect(await call(at('api.fr.test'))).toEqual(OK)
  for (const response of held) response.end('ok')
  expect(await Promise.all(slow)).toEqual([OK, OK])
})

test('who waits goes on with the connection of his own that became free', async () => {
  const slow = [call(at('api.de.test', '/slow')), call(at('api.de.test', '/slow'))]
  await isHeld(2)
  const third = call(at('api.de.test'))
  await eventually('the third one to wait', async () => (await waiting()) === 1)
  held[0]?.end('ok')
  expect(await third).toEqual(OK)
  expect(most).toBe(2)
  expect(await waiting()).toBe(0)
  held[1]?.end('ok')
  expect(await Promise.all(slow)).toEqual([OK, OK])
})

test('what another caller cannot share is closed to make room for him', async () => {
  const slow = [call(at('api.de.test', '/slow')), call(at('api.de.test', '/slow'))]
  await isHeld(2)
  const other = call(at('api.de.test'), '--interface', '127.0.0.2')
  await eventually('the other one to wait', async () => (await waiting()) === 1)
  for (const response of held) response.end('ok')
  expect([await other, ...(await Promise.all(slow))]).toEqual([OK, OK, OK])
  // And so it is where they are idle already.
  expect(await call(at('api.de.test'), '--interface', '127.0.0.3')).toEqual(OK)
  expect(await call(at('api.de.test'), '--interface', '127.0.0.4')).toEqual(OK)
  expect(most).toBe(2)
})

test('in all there are never more than that, wherever they lead', async () => {
  const hosts = ['api.de.test', 'api.de.test', 'api.fr.test', 'api.fr.test']
  const slow = hosts.map((host) => call(at(host, '/slow')))
  await isHeld(4)
  expect(await call(at('alias.test'))).toEqual({ status: 503, code: 'origins-exceeded' })
  const waits = call(at('alias.test'))
  await eventually('it to wait', async () => (await waiting()) === 1)
  held[0]?.end('ok')
  expect(await waits).toEqual(OK)
  expect(most).toBe(4)
  for (const response of held.slice(1)) response.end('ok')
  expect(await Promise.all(slow)).toEqual([OK, OK, OK, OK])
})

test('a client that leaves while it waits has left the queue', async () => {
  const slow = [call(at('api.de.test', '/slow')), call(at('api.de.test', '/slow'))]
  await isHeld(2)
  const client = net.connect(lab.proxy.port, '127.0.0.1')
  const host = `api.de.test:${lab.http.port}`
  client.write(`GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
  await eventually('it to wait', async () => (await waiting()) === 1)
  client.resetAndDestroy()
  await eventually('it to be gone', async () => (await waiting()) === 0)
  for (const response of held) response.end('ok')
  expect(await Promise.all(slow)).toEqual([OK, OK])
  await lab.proxy.settled(1)
  const sql = `SELECT error FROM flows WHERE outcome = 'cancelled'`
  expect(lab.proxy.query(sql)).toEqual([{ error: 'request-incomplete' }])
})

test('of those nobody uses only so many are kept, and only so long', async () => {
  const hosts = ['api.de.test', 'api.de.test', 'api.fr.test', 'api.fr.test']
  const slow = hosts.map((host) => call(at(host, '/slow')))
  await isHeld(4)
  for (const response of held) response.end('ok')
  await Promise.all(slow)
  await eventually('one of them to be closed', () => lab.http.open() === 3)
  const began = performance.now()
  await eventually('the others to be closed', () => lab.http.open() === 0)
  expect(performance.now() - began).toBeLessThan(4_000)
})

test('streams of HTTP/2 wait as well', async () => {
  const streams: http2.ServerHttp2Stream[] = []
  const origin = lab.keep(
    await http2Origin(lab.certificate('api.de.test'), {
      address: '127.0.0.10',
      settings: { maxConcurrentStreams: 1 },
      onStream: (stream) => streams.push(stream),
    }),
  )
  const url = `https://api.de.test:${origin.port}/`
  const slow = [call(url), call(url)]
  await eventually('two streams', () => streams.length === 2)
  expect(await call(url)).toEqual({ status: 503, code: 'origin-busy' })
  expect(origin.open()).toBe(2)
  const third = call(url)
  streams[0]?.respond({ ':status': 200 })
  streams[0]?.end()
  await eventually('a third stream', () => streams.length === 3)
  for (const stream of streams.slice(1)) {
    stream.respond({ ':status': 200 })
    stream.end()
  }
  expect(await Promise.all([third, ...slow])).toEqual([OK, OK, OK])
  expect(origin.open()).toBe(2)
})
