/** SOCKS on the proxy port: programs as users run them, and greetings no program would send. */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rawExchange, runProgram, throughProxy } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { PROJECT } from '../support/proxy.ts'

let lab: Lab
let token: string
beforeAll(async () => {
  lab = await openLab({
    config: `
timeouts: { head: 1s }
intercept: { never: [api.fr.test] }
agents:
  - { id: traveller, zones: [EEA, US] }`,
  })
  const main = join(PROJECT, 'src/main.ts')
  const issue = [main, 'agents', 'token', 'traveller']
  const { out } = await runProgram(process.execPath, issue, { cwd: lab.dir })
  token = out.trim()
})
afterAll(() => lab[Symbol.asyncDispose]())

/** `curl` with that form of SOCKS, and no other proxy. */
async function curl(form: string, url: string, ...more: string[]) {
  const { bundle } = throughProxy(lab.proxy)
  const args = ['-sS', '--max-time', '20', '--noproxy', '', '--cacert', lab.proxy.bundle]
  const proxy = `${form}127.0.0.1:${lab.proxy.port}`
  const tail = ['-w', '\n%{http_code}', '--proxy', proxy, ...more, url]
  const { code, out, err } = await runProgram('curl', [...args, ...tail], {
    env: { SSL_CERT_FILE: bundle },
  })
  const cut = out.lastIndexOf('\n')
  return { code, err, status: Number(out.slice(cut + 1)), body: out.slice(0, cut) }
}

const expectLast = (flow: Readonly<Record<string, unknown>>) =>
  expect.poll(() => lab.proxy.flows().at(-1), { timeout: 10_000 }).toMatchObject(flow)

const https = (host: string) => `https://${host}:${lab.https.port}/`
const http = (host: string) => `http://${host}:${lab.http.port}/`

describe('curl', () => {
  test.each([
    ['SOCKS5, the proxy resolves', 'socks5h://', 'api.de.test'],
    ['SOCKS5, an address', 'socks5://', '127.0.0.10'],
    ['SOCKS4a', 'socks4a://', 'api.de.test'],
    ['SOCKS4', 'socks4://', '127.0.0.10'],
  ])('%s: HTTPS is looked into and HTTP relayed', async (_, form, host) => {
    expect(await curl(form, https(host))).toMatchObject({ code: 0, status: 200 })
    await expectLast({ mode: 'socks5', scheme: 'https', host, method: 'GET', outcome: 'forwarded' })
    expect(await curl(form, http(host))).toMatchObject({ code: 0, status: 200 })
    await expectLast({ mode: 'socks5', scheme: 'http', host, path: '/', inspection: 'headers' })
  })

  test('a program that has looked the name up itself is told to leave that to the proxy', async () => {
    const lookup = ['--resolve', `api.de.test:${lab.https.port}:127.0.0.10`]
    const { status, body } = await curl('socks5://', https('api.de.test'), ...lookup)
    expect(status).toBe(403)
    expect(JSON.parse(body)).toMatchObject({
      code: 'names-disagree',
      detail: expect.stringContaining('let the proxy look names up (with SOCKS `socks5h`'),
    })
  })

  test('what is refused is said inside TLS, with everything there is to say', async () => {
    const { status, body } = await curl('socks5h://', https('api.us.test'))
    expect(status).toBe(403)
    expect(JSON.parse(body)).toMatchObject({ code: 'placement-outside', host: 'api.us.test' })
    await expectLast({ mode: 'socks5', placement: 'outside', outcome: 'blocked' })
  })

  test('an address of this machine that nobody has declared, and the proxy itself', async () => {
    const { status, body } = await curl('socks5h://', https('127.0.0.99'))
    expect([status, JSON.parse(body).code]).toEqual([403, 'address-prohibited'])
    const { code, err } = await curl('socks5h://', `http://127.0.0.1:${lab.proxy.port}/`)
    expect(code).toBe(97)
    expect(err).toMatch(/\(2\)/)
    await expectLast({ mode: 'socks5', error: 'proxy-loop' })
  })

  test('a token as password says who calls; it does not fit into one field', async () => {
    expect(token.length).toBeGreaterThan(255)
    const user = `${token.slice(0, 200)}:${token.slice(200)}@`
    const allowed = await curl(`socks5h://${user}`, https('api.us.test'))
    expect(allowed.status).toBe(200)
    await expectLast({ agent: 'traveller', mode: 'socks5', outcome: 'forwarded' })
    const older = await curl(`socks4a://${token}@`, https('api.us.test'))
    expect(older.status).toBe(200)
    await expectLast({ agent: 'traveller', mode: 'socks5' })
  })

  test('a token that is none is refused, and recorded with the destination', async () => {
    const { code, err } = await curl('socks5h://agent:not.a.token@', https('api.de.test'))
    expect(code).toBe(97)
    expect(err).toMatch(/\(2\)/)
    await expectLast({ error: 'agent-unknown', host: 'api.de.test', outcome: 'blocked' })
  })

  test('a host that is tunnelled unseen: its own certificate', async () => {
    const root = join(lab.dir, 'root.pem')
    const { status } = await curl('socks5h://', https('api.fr.test'), '--cacert', root)
    expect(status).toBe(200)
    await expectLast({ mode: 'socks5', scheme: 'tcp', host: 'api.fr.test', inspection: 'sni' })
    const { code } = await curl(
      'socks5h://',
      https('api.us.test'),
      '--connect-to',
      '::api.fr.test:1',
    )
    expect(code).toBe(97)
    await expectLast({ mode: 'socks5', error: 'connect-refused' })
  })
})

const greeting = Buffer.from([5, 1, 0])
const name = Buffer.from('api.de.test')
const request = () =>
  Buffer.concat([
    Buffer.from([5, 1, 0, 3, name.length]),
    name,
    Buffer.from([lab.http.port >> 8, lab.http.port & 255]),
  ])
const ask = () =>
  `GET / HTTP/1.1\r\nHost: api.de.test:${lab.http.port}\r\nConnection: close\r\n\r\n`

describe('whatever comes', () => {
  test('all at once, the request behind it', async () => {
    const bytes = Buffer.concat([greeting, request(), Buffer.from(ask())])
    expect(await rawExchange(lab.proxy, bytes)).toMatch(/HTTP\/1\.1 200 /)
  })

  test('byte by byte', async () => {
    const socket = net.connect({ port: lab.proxy.port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    let text = ''
    socket.on('data', (piece) => {
      text += piece.toString('latin1')
    })
    for (const byte of Buffer.concat([greeting, request(), Buffer.from(ask())])) {
      socket.write(Buffer.from([byte]))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await once(socket, 'end')
    expect(text).toMatch(/^\x05\x00\x05\x00\x00\x01[\s\S]*HTTP\/1\.1 200 /)
    socket.destroy()
  })

  test('TLS inside, from a client that waits for every reply', async () => {
    const socket = net.connect({ port: lab.proxy.port, host: '127.0.0.1' })
    socket.write(greeting)
    expect([...(await once(socket, 'data'))[0]]).toEqual([5, 0])
    const at = Buffer.from([lab.https.port >> 8, lab.https.port & 255])
    socket.write(Buffer.concat([Buffer.from([5, 1, 0, 3, name.length]), name, at]))
    expect([...(await once(socket, 'data'))[0]]).toEqual([5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
    const ca = readFileSync(lab.proxy.ca, 'utf8')
    const inner = tls.connect({ socket, ca, servername: 'api.de.test' })
    await once(inner, 'secureConnect')
    inner.destroy()
  })

  test.each([
    ['UDP', [5, 3, 0, 1, 0, 0, 0, 0, 0, 0], '\x05\x07', 'request-socks-command'],
    ['BIND', [5, 2, 0, 1, 127, 0, 0, 1, 0, 80], '\x05\x07', 'request-socks-command'],
    ['a type of address', [5, 1, 0, 9], '\x05\x08', 'request-socks'],
    ['HTTP', [...Buffer.from('GET / HTTP/1.1')], '\x05\x01', 'request-socks'],
  ])('%s is refused, told so, and recorded', async (_, bytes, reply, error) => {
    const answer = await rawExchange(lab.proxy, Buffer.from([...greeting, ...bytes]))
    expect(answer.slice(2)).toMatch(reply)
    await expectLast({ mode: 'socks5', error, host: null, outcome: 'blocked' })
  })

  test('silence after the greeting, and a client that leaves', async () => {
    expect(await rawExchange(lab.proxy, greeting)).toMatch(/^\x05\x00\x05\x01/)
    await expectLast({ mode: 'socks5', error: 'request-timeout' })
    expect(await rawExchange(lab.proxy, greeting, { end: true })).toMatch(/^\x05\x00\x05/)
    await expectLast({ mode: 'socks5', error: 'request-incomplete' })
  })
})
