/** The console listener: what it takes, from whom, and how routes plug in; over real sockets. */

import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { answerJson } from '../../src/console/answers.ts'
import { isKnownHost } from '../../src/console/known-host.ts'
import { type Console, MAX_BODY, openConsole, type Route } from '../../src/console/server.ts'

let console: Console
let base: string
const reported: unknown[] = []

const hello: Route = ({ response, url }) => {
  if (url.pathname !== '/hello') return false
  answerJson(response, 200, { query: url.searchParams.get('q') })
  return true
}
const broken: Route = async ({ url }) => {
  if (url.pathname === '/broken') throw new Error('secret of the inside')
  return false
}

beforeEach(async () => {
  reported.length = 0
  console = await openConsole('127.0.0.1', 0, {
    health: () => ({ audit: null, mode: 'enforce' }),
    metrics: async () => ({ type: 'text/plain; version=0.0.4', text: 'x 1\n' }),
    names: ['cordon.corp.example'],
    routes: [hello, broken],
    report: (_where, error) => reported.push(error),
  })
  base = `http://127.0.0.1:${console.port}`
})
afterEach(() => console.close())

/** The first line and the rest of what is answered to these bytes. */
async function raw(text: string): Promise<string> {
  const socket = connect(console.port, '127.0.0.1')
  let answer = ''
  socket.on('data', (piece) => {
    answer += piece
  })
  socket.on('error', () => {})
  socket.write(text)
  await once(socket, 'close')
  return answer
}

const get = (path: string, host: string) =>
  raw(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)

test('routes are asked in turn; what belongs to none is 404', async () => {
  expect(await (await fetch(`${base}/hello?q=a%20b`)).json()).toEqual({ query: 'a b' })
  const response = await fetch(`${base}/else`)
  expect(response.status).toBe(404)
  expect(await response.json()).toMatchObject({ code: 'not-found', status: 404 })
})

test('a route that throws is 500 without a word of it, and the operator hears of it', async () => {
  const response = await fetch(`${base}/broken`)
  expect(response.status).toBe(500)
  expect(await response.text()).not.toContain('secret')
  expect(String(reported[0])).toContain('secret of the inside')
})

test('headers for browsers, and no CORS and no cookie', async () => {
  const { headers } = await fetch(`${base}/hello`, { headers: { Origin: 'https://evil.example' } })
  expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'")
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('referrer-policy')).toBe('no-referrer')
  expect(headers.get('cache-control')).toBe('no-store')
  expect([...headers.keys()].filter((name) => /^access-control|^set-cookie/.test(name))).toEqual([])
})

describe('by which name', () => {
  test.each([
    ['127.0.0.1', true],
    ['127.0.0.1:3130', true],
    ['192.0.2.7:80', true],
    ['[::1]:3130', true],
    ['localhost:3130', true],
    ['LOCALHOST', true],
    ['cordon.corp.example:8443', true],
    ['Cordon.Corp.Example.', true],
    ['evil.example', false],
    ['localhost.evil.example', false],
    ['127.0.0.1.evil.example', false],
    ['evil-cordon.corp.example', false],
    ['', false],
    ['a b', false],
    ['cordon.corp.example@evil.example', false],
  ])('%s: %s', (field, want) => {
    expect(isKnownHost([field], ['cordon.corp.example'])).toBe(want)
  })

  test('none, or two, is none', () => {
    expect(isKnownHost([], [])).toBe(false)
    expect(isKnownHost(['127.0.0.1', '127.0.0.1'], [])).toBe(false)
  })

  test('a rebound name gets 421 from routes; health is answered to whoever asks', async () => {
    expect(await get('/hello', 'evil.example')).toMatch(/^HTTP\/1\.1 421 /)
    expect(await get('/hello', 'cordon.corp.example')).toMatch(/^HTTP\/1\.1 200 /)
    expect(await get('/readyz', 'cordon-service')).toMatch(/^HTTP\/1\.1 200 /)
  })
})

describe('what is not taken', () => {
  test('a body that says it is too large', async () => {
    const head = `POST /hello HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${MAX_BODY + 1}\r\n\r\n`
    expect(await raw(head)).toMatch(/^HTTP\/1\.1 413 /)
  })

  test('targets of other forms', async () => {
    expect(await get('http://127.0.0.1/hello', '127.0.0.1')).toMatch(/^HTTP\/1\.1 400 /)
    expect(await get('//hello', '127.0.0.1')).toMatch(/^HTTP\/1\.1 404 /)
  })

  test('CONNECT and upgrades', async () => {
    const connected = await raw('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n')
    expect(connected).not.toMatch(/^HTTP\/1\.1 2/)
    const upgrade =
      'GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\n\r\n'
    expect(await raw(upgrade)).toMatch(/^HTTP\/1\.1 200 /)
  })

  test('a head that does not end', async () => {
    expect(await raw('GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ')).toMatch(/^HTTP\/1\.1 408 /)
  })
})
