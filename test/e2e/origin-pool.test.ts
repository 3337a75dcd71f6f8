/** Who shares connections to origins: one caller under one conclusion of one policy, and nobody else. */

import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import type http from 'node:http'
import http2 from 'node:http2'
import net from 'node:net'
import { join } from 'node:path'
import type tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { converse, curl, openTls, runProgram } from '../support/clients.ts'
import { http2Origin } from '../support/http2-origin.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { PROJECT } from '../support/proxy.ts'
import { eventually } from '../support/wait.ts'

/** Which connection of the origin it came by, and who has authenticated on that. */
const users = new WeakMap<object, string>()
const sockets = new Map<number, net.Socket>()
function answerByConnection(request: http.IncomingMessage, response: http.ServerResponse): void {
  const { socket, headers } = request
  const [scheme, name] = headers.authorization?.split(' ') ?? []
  if (/^(ntlm|negotiate)$/i.test(scheme ?? '') && name) users.set(socket, name)
  const who = users.get(socket) ?? 'nobody'
  if (request.url === '/secret' && who === 'nobody') {
    response.statusCode = 401
    response.setHeader('WWW-Authenticate', 'Basic realm="x", NTLM')
  }
  sockets.set(socket.remotePort ?? 0, socket)
  const text = JSON.stringify({ from: socket.remotePort, who, version: request.httpVersion })
  response.setHeader('Content-Length', text.length).end(text)
}

interface Answer {
  readonly from: number
  readonly who: string
  readonly version: string
}

let lab: Lab
beforeAll(async () => {
  lab = await openLab({
    http: { handler: answerByConnection },
    https: { handler: answerByConnection },
    config: 'agents: [{ id: a, zones: [EEA] }, { id: b, zones: [EEA] }]\nrules: [rules.yaml]',
    files: { 'rules.yaml': 'version: 1\n' },
  })
})
afterAll(() => lab[Symbol.asyncDispose]())

const plain = () => `http://api.de.test:${lab.http.port}/`
const secure = () => `https://api.de.test:${lab.https.port}/`

async function call(url: string, ...args: string[]): Promise<Answer> {
  const { status, body } = await curl(lab.proxy, url, ...args)
  expect(status).toBe(200)
  return JSON.parse(body) as Answer
}

async function token(name: string, ...args: string[]): Promise<string> {
  const main = join(PROJECT, 'src/main.ts')
  const how = ['agents', 'token', name, ...args]
  const { out, err } = await runProgram(process.execPath, [main, ...how], { cwd: lab.dir })
  return out.trim() || Promise.reject(new Error(err))
}

const from = (address: string) => ['--interface', address]
const as = (secret: string) => ['--proxy-user', `agent:${secret}`]

describe.each([
  ['http', plain],
  ['https', secure],
])('a kept %s connection', (_, url) => {
  test('serves the same caller again, on another connection of his', async () => {
    const first = await call(url(), ...from('127.0.0.1'))
    expect(await call(url(), ...from('127.0.0.1'))).toEqual(first)
  })

  test('does not serve a caller at another address, when neither has said who he is', async () => {
    const first = await call(url(), ...from('127.0.0.2'))
    const second = await call(url(), ...from('127.0.0.3'))
    expect(second.from).not.toBe(first.from)
    expect((await call(url(), ...from('127.0.0.2'))).from).toBe(first.from)
  })

  test('serves one agent wherever it calls from, and no other', async () => {
    const [a, b, group] = [await token('a'), await token('b'), await token('a', '--group', 'g')]
    const first = await call(url(), ...as(a))
    expect((await call(url(), ...as(a), ...from('127.0.0.2'))).from).toBe(first.from)
    expect((await call(url(), ...as(b))).from).not.toBe(first.from)
    expect((await call(url(), ...as(group))).from).not.toBe(first.from)
    expect((await call(url())).from).not.toBe(first.from)
  })

  test('does not serve another name, scheme or port', async () => {
    const first = await call(url())
    const second = await call(url().replace('api.de', 'alias'))
    expect(second.from).not.toBe(first.from)
  })
})

test('a change of the policy ends the sharing with what came before', async () => {
  const first = await call(plain())
  expect((await call(plain())).from).toBe(first.from)
  const rule = `rules: [{ id: r, because: a test, when: { method: DELETE }, then: block }]`
  writeFileSync(join(lab.dir, 'rules.yaml'), `version: 1\n${rule}\n`)
  lab.proxy.process.kill('SIGHUP')
  await eventually('the new policy', () => lab.proxy.said().includes('policy reloaded'))
  const second = await call(plain())
  expect(second.from).not.toBe(first.from)
  expect((await call(plain())).from).toBe(second.from)
})

/** One client connection, asked several times. */
class Client implements AsyncDisposable {
  readonly #socket: net.Socket
  readonly #head: string

  constructor(socket: net.Socket, target: string, host: string) {
    this.#socket = socket
    this.#head = `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n`
  }

  async get(authorization?: string): Promise<Answer> {
    const field = authorization ? `Authorization: ${authorization}\r\n` : ''
    const answer = await converse(this.#socket, `${this.#head}${field}\r\n`, { until: /\}$/ })
    return JSON.parse(answer.slice(answer.indexOf('{'))) as Answer
  }

  async [Symbol.asyncDispose]() {
    this.#socket.destroy()
  }
}

async function open(scheme: 'http' | 'https', path = '/'): Promise<Client> {
  if (scheme === 'http') {
    const socket = net.connect(lab.proxy.port, '127.0.0.1')
    await once(socket, 'connect')
    const host = `api.de.test:${lab.http.port}`
    return new Client(socket, `http://${host}${path}`, host)
  }
  const host = `api.de.test:${lab.https.port}`
  const ca = readFileSync(lab.proxy.ca, 'utf8')
  return new Client(await openTls(lab.proxy, host, { ca }), path, host)
}

describe.each(['http', 'https'] as const)('who authenticates a connection, over %s,', (scheme) => {
  test.each(['NTLM', 'Negotiate'])('with %s, has it alone', async (method) => {
    await using alice = await open(scheme)
    const first = await alice.get(`${method} alice`)
    expect(first.who).toBe('alice')
    // The whole connection is hers, without a word more.
    expect(await alice.get()).toEqual(first)

    await using stranger = await open(scheme)
    expect((await stranger.get()).who).toBe('nobody')
    expect((await stranger.get(`${method} bob`)).who).toBe('bob')
    expect(await alice.get()).toEqual(first)
  })

  test('and it ends with the one it belongs to', async () => {
    const alice = await open(scheme)
    const hers = await alice.get('NTLM alice')
    await using other = await open(scheme)
    await other.get('NTLM bob')
    await alice[Symbol.asyncDispose]()
    await eventually('her connection to go', () => sockets.get(hers.from)?.destroyed)
    expect((await other.get()).who).toBe('bob')
  })

  test('after a challenge as well', async () => {
    await using alice = await open(scheme, '/secret')
    const challenged = await alice.get()
    expect(challenged.who).toBe('nobody')
    await using other = await open(scheme)
    expect((await other.get()).from).not.toBe(challenged.from)
    expect(await alice.get('NTLM alice')).toMatchObject({ from: challenged.from, who: 'alice' })
  })

  test('while Basic and Bearer are of one request, and share', async () => {
    await using alice = await open(scheme)
    const first = await alice.get('Bearer negotiate')
    await using other = await open(scheme)
    expect((await other.get('Basic bnRsbQ==')).from).toBe(first.from)
  })
})

test('streams of HTTP/2 that authenticate go over a connection of HTTP/1.1 that is theirs', async () => {
  const host = `api.de.test:${lab.https.port}`
  const ca = readFileSync(lab.proxy.ca, 'utf8')
  const origin = lab.keep(
    await http2Origin(lab.certificate('api.de.test'), { address: '127.0.0.10', allowHTTP1: true }),
  )
  origin.server.on('request', (request: http2.Http2ServerRequest, response) => {
    if (request.httpVersion !== '2.0') answerByConnection(request as never, response as never)
  })
  const at = host.replace(/\d+$/, String(origin.port))
  const openSession = async () => {
    const socket = await openTls(lab.proxy, at, { ca, alpn: ['h2'] })
    return http2.connect(`https://${at}`, { createConnection: () => socket as tls.TLSSocket })
  }
  const get = async (session: http2.ClientHttp2Session, headers: http2.OutgoingHttpHeaders) => {
    const stream = session.request({ ':path': '/', ...headers })
    let text = ''
    stream.setEncoding('utf8').on('data', (piece) => {
      text += piece
    })
    await once(stream, 'end')
    return JSON.parse(text) as Answer
  }
  const [alice, stranger] = [await openSession(), await openSession()]
  const first = await get(alice, { authorization: 'NTLM alice' })
  expect(first).toMatchObject({ version: '1.1', who: 'alice' })
  expect(await get(alice, {})).toEqual(first)
  expect((await get(stranger, {})).version).toBe('2.0')
  expect((await get(stranger, { authorization: 'NTLM bob' })).who).toBe('bob')
  alice.destroy()
  stranger.destroy()
  await eventually('what was theirs to go', () => origin.open() <= 1)
})
