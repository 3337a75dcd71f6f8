/** Behind a load balancer: the client that counts is the one in the PROXY protocol header, and only trusted sources may send one. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { block, checked, extra, SIGNATURE } from '../proxy/proxy-protocol/support.ts'
import { converse, curl } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { installed, missing } from '../support/needs.ts'
import { eventually } from '../support/wait.ts'

const TRUSTED = '127.0.0.1'
const STRANGER = '127.0.0.2'

let lab: Lab
beforeAll(async () => {
  lab = await openLab({
    config: `
listen: { proxy: "127.0.0.1:0", console: "127.0.0.1:0", proxy_protocol: { from: [127.0.0.1, "127.0.0.64/26"] } }
timeouts: { head: 1s }
limits: { connections_per_client: 4 }
agents:
  - { id: branch, match: { source: 203.0.113.0/24 }, zones: [EEA, US] }`,
  })
})
afterAll(() => lab[Symbol.asyncDispose]())

const line = (from = '203.0.113.7') => `PROXY TCP4 ${from} 192.0.2.1 12345 3128\r\n`
const get = (host = 'api.us.test') =>
  `GET http://${host}:${lab.http.port}/ HTTP/1.1\r\nHost: ${host}:${lab.http.port}\r\nConnection: close\r\n\r\n`

async function connect(from = TRUSTED): Promise<net.Socket> {
  const socket = net.connect({ port: lab.proxy.port, host: '127.0.0.1', localAddress: from })
  await once(socket, 'connect')
  return socket
}

async function ask(from: string, ...pieces: (string | Buffer)[]): Promise<string> {
  const socket = await connect(from)
  const whole = Buffer.concat(pieces.map((piece) => Buffer.from(piece as string, 'latin1')))
  const answer = await converse(socket, whole)
  socket.destroy()
  return answer
}

async function lastFlow() {
  return lab.proxy.settled(lab.proxy.flows().length)
}

describe('the client is the one in the header', () => {
  test.each([
    ['version 1', () => line()],
    ['version 2', () => block()],
    ['version 2 with extras and a checksum', () => checked({ extras: extra(2, Buffer.from('x')) })],
    ['version 2, IPv4 within IPv6', () => block({ from: '::ffff:203.0.113.7', to: '::1' })],
  ])('%s: for its agent, its zones, and the log', async (_, header) => {
    expect(await ask(TRUSTED, header(), get())).toMatch(/^HTTP\/1.1 200 /)
    expect(await lastFlow()).toMatchObject({ client_ip: '203.0.113.7', agent: 'branch' })
  })

  test('another one has other zones', async () => {
    expect(await ask(TRUSTED, line('198.51.100.1'), get())).toContain('"placement-outside"')
    expect(await lastFlow()).toMatchObject({ client_ip: '198.51.100.1', agent: 'anonymous' })
  })

  test.each([
    ['version 1 that does not know', () => 'PROXY UNKNOWN\r\n'],
    ['version 2 of the sender itself', () => block({ kind: 0x20 })],
    ['version 2 of no family', () => Buffer.concat([SIGNATURE, Buffer.from([0x21, 0, 0, 0])])],
  ])('%s: it is the sender', async (_, header) => {
    expect(await ask(TRUSTED, header(), get('api.de.test'))).toMatch(/^HTTP\/1.1 200 /)
    expect(await lastFlow()).toMatchObject({ client_ip: TRUSTED, agent: 'anonymous' })
  })

  test('byte by byte, with the request behind it', async () => {
    const socket = await connect()
    socket.setNoDelay(true)
    const answer = converse(socket, '')
    for (const byte of Buffer.concat([checked(), Buffer.from(get())])) {
      socket.write(Buffer.from([byte]))
      await new Promise(setImmediate)
    }
    expect(await answer).toMatch(/^HTTP\/1.1 200 /)
    expect(await lastFlow()).toMatchObject({ client_ip: '203.0.113.7' })
  })

  test('inside a tunnel, and with TLS to the proxy', async () => {
    const ca = readFileSync(lab.proxy.ca, 'utf8')
    const socket = await connect()
    socket.write(block())
    const outer = tls.connect({ socket, ca, host: '127.0.0.1' })
    await once(outer, 'secureConnect')
    const to = `api.us.test:${lab.https.port}`
    const opened = await converse(outer, `CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\n\r\n`, {
      until: /\r\n\r\n/,
    })
    expect(opened).toMatch(/^HTTP\/1.1 200 /)
    const inner = tls.connect({ socket: outer, ca, servername: 'api.us.test' })
    await once(inner, 'secureConnect')
    const request = `GET / HTTP/1.1\r\nHost: ${to}\r\nConnection: close\r\n\r\n`
    expect(await converse(inner, request)).toMatch(/^HTTP\/1.1 200 /)
    expect(await lastFlow()).toMatchObject({ client_ip: '203.0.113.7', mode: 'connect' })
    socket.destroy()
  })

  test('connections are counted for each of them, not for the sender', async () => {
    const open: net.Socket[] = []
    for (let i = 0; i < 4; i++) {
      const socket = await connect()
      socket.write(line('203.0.113.9'))
      open.push(socket)
    }
    await eventually('the limit', async () => {
      const answer = await ask(TRUSTED, line('203.0.113.9'), get())
      return answer.includes('"connections-exceeded"')
    })
    expect(await ask(TRUSTED, line('203.0.113.8'), get())).toMatch(/^HTTP\/1.1 200 /)
    for (const socket of open) socket.destroy()
    await eventually('room', async () =>
      (await ask(TRUSTED, line('203.0.113.9'), get())).startsWith('HTTP/1.1 200'),
    )
  })
})

describe('a trusted source has to send one', () => {
  test.each([
    ['a request without one', () => get('api.de.test')],
    ['TLS without one', () => Buffer.from([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0])],
    ['a malformed line', () => 'PROXY TCP4 203.0.113.7 1 2\r\n'],
    ['a block about a local socket', () => block({ family: 0x31 })],
    ['a block with a wrong checksum', () => block({ extras: extra(3, Buffer.alloc(4)) })],
    ['a block of any length', () => block({ length: 65_535 })],
  ])('%s is refused, and recorded', async (_, bytes) => {
    const answer = await ask(TRUSTED, bytes())
    expect(answer).toMatch(/^HTTP\/1.1 400 /)
    expect(answer).toContain('"request-proxy-header"')
    expect(await lastFlow()).toMatchObject({
      client_ip: TRUSTED,
      action: 'block',
      error: 'request-proxy-header',
    })
  })

  test.each([
    ['nothing', ''],
    ['half a line', 'PROXY TCP4 203.'],
    ['half a block', block().subarray(0, 20)],
  ])('%s is waited for no longer than for a head', async (_, bytes) => {
    const began = Date.now()
    expect(await ask(TRUSTED, bytes)).toContain('"request-proxy-header"')
    expect(Date.now() - began).toBeLessThan(5_000)
  })

  test('one that leaves within the header is recorded, one that says nothing is not', async () => {
    const before = lab.proxy.flows().length
    const silent = await connect()
    silent.end()
    await once(silent, 'close')
    expect(await ask(TRUSTED, line(), get())).toMatch(/^HTTP\/1.1 200 /)
    expect(lab.proxy.flows()).toHaveLength(before + 1)
    const socket = await connect()
    socket.end('PROXY TCP4 ')
    await once(socket.resume(), 'close')
    expect(await lastFlow()).toMatchObject({ error: 'request-proxy-header' })
  })

  test('a second header is no request', async () => {
    expect(await ask(TRUSTED, line(), line('203.0.113.8'), get())).toMatch(/^HTTP\/1.1 400 /)
    expect(await lastFlow()).toMatchObject({ client_ip: '203.0.113.7' })
  })
})

describe('others may not', () => {
  test.each([
    ['version 1', () => line()],
    ['version 2', () => block()],
  ])('%s is no request', async (_, header) => {
    expect(await ask(STRANGER, header(), get())).toMatch(/^HTTP\/1.1 400 /)
    expect(await lastFlow()).toMatchObject({ client_ip: STRANGER, error: 'request-malformed' })
  })

  test('without one they are served as themselves', async () => {
    expect(await ask(STRANGER, get('api.de.test'))).toMatch(/^HTTP\/1.1 200 /)
    expect(await lastFlow()).toMatchObject({ client_ip: STRANGER, agent: 'anonymous' })
  })
})

describe.skipIf(missing(installed('haproxy')))('behind HAProxy', () => {
  let haproxy: ChildProcess
  const ports = new Map<string, number>()

  beforeAll(async () => {
    const kinds = {
      v1: 'send-proxy',
      v2: 'send-proxy-v2',
      'v2-extras': 'send-proxy-v2 proxy-v2-options crc32c,unique-id',
    }
    const sections: string[] = []
    for (const [name, how] of Object.entries(kinds)) {
      const port = await freePort()
      ports.set(name, port)
      sections.push(
        `listen ${name}\n  mode tcp\n  bind 127.0.0.1:${port}\n  unique-id-format %{+X}o\\ %ci:%cp`,
        `  server cordon 127.0.0.1:${lab.proxy.port} source 127.0.0.70 ${how} check inter 100ms`,
      )
    }
    const file = join(lab.dir, 'haproxy.cfg')
    const times = 'timeout connect 5s\n  timeout client 30s\n  timeout server 30s'
    writeFileSync(file, `defaults\n  ${times}\n${sections.join('\n')}\n`)
    haproxy = spawn('haproxy', ['-db', '-q', '-f', file], { stdio: 'ignore' })
    for (const port of ports.values()) {
      await eventually('haproxy', async () => {
        const socket = net.connect(port, '127.0.0.1')
        const isOpen = await once(socket, 'connect').then(
          () => true,
          () => false,
        )
        socket.destroy()
        return isOpen
      })
    }
  })
  afterAll(() => haproxy.kill())

  test.each(['v1', 'v2', 'v2-extras'])('%s', async (name) => {
    const behind = { ...lab.proxy, url: `http://127.0.0.1:${ports.get(name)}` }
    const url = `https://api.de.test:${lab.https.port}/`
    const { status } = await curl(behind, '--interface', '127.0.0.5', url)
    expect(status).toBe(200)
    expect(await lastFlow()).toMatchObject({ client_ip: '127.0.0.5', outcome: 'forwarded' })
  })
})

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
