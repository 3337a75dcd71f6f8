/** TLS to the proxy itself, on the port where it also speaks plainly: real clients, and hellos no client would send. */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { converse, rawExchange, runProgram, throughProxy } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { missing, program } from '../support/needs.ts'

let lab: Lab
let ca: string
beforeAll(async () => {
  lab = await openLab()
  ca = readFileSync(lab.proxy.ca, 'utf8')
})
afterAll(() => lab[Symbol.asyncDispose]())

/** TLS to the port, verified for that name or address. */
async function connectTls(name: string, more: tls.ConnectionOptions = {}): Promise<tls.TLSSocket> {
  const socket = tls.connect({
    host: '127.0.0.1',
    port: lab.proxy.port,
    ca,
    ...(net.isIP(name) ? {} : { servername: name }),
    checkServerIdentity: (_, certificate) => tls.checkServerIdentity(name, certificate),
    ...more,
  })
  await once(socket, 'secureConnect')
  return socket
}

/** The client may know that it is over before the row is there. */
const expectLast = (flow: Readonly<Record<string, unknown>>) =>
  expect.poll(() => lab.proxy.flows().at(-1), { timeout: 10_000 }).toMatchObject(flow)

describe('inside TLS to the port', () => {
  test.each([
    ['a name', 'proxy.corp.test'],
    ['the address, without a name', '127.0.0.1'],
  ])('with a certificate for %s, a request in absolute form is relayed', async (_, name) => {
    const socket = await connectTls(name)
    const at = `api.de.test:${lab.http.port}`
    const request = `GET http://${at}/inside HTTP/1.1\r\nHost: ${at}\r\nConnection: close\r\n\r\n`
    const answer = await converse(socket, request)
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    expect(answer).toContain('"url":"/inside"')
    await expectLast({ mode: 'absolute', outcome: 'forwarded' })
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'a tunnel is opened, and TLS in it: %s in %s',
    async (version) => {
      const versions = { minVersion: version, maxVersion: version }
      const outer = await connectTls('proxy.corp.test', versions)
      const at = `api.de.test:${lab.https.port}`
      const opened = await converse(outer, `CONNECT ${at} HTTP/1.1\r\nHost: ${at}\r\n\r\n`, {
        until: /\r\n\r\n/,
      })
      expect(opened).toMatch(/^HTTP\/1\.1 200 /)
      const inner = tls.connect({ socket: outer, ca, servername: 'api.de.test', ...versions })
      await once(inner, 'secureConnect')
      // More than one record and one buffer both ways.
      const body = 'x'.repeat(300_000)
      const head = `POST /deep HTTP/1.1\r\nHost: ${at}\r\nConnection: close\r\nContent-Length: ${body.length}`
      const answer = await converse(inner, `${head}\r\n\r\n${body}`)
      expect(answer).toContain('"length":300000')
      await expectLast({ mode: 'connect', host: 'api.de.test' })
    },
  )

  test('what is refused outside is refused inside', async () => {
    const socket = await connectTls('proxy.corp.test')
    const at = `api.us.test:${lab.http.port}`
    const request = `GET http://${at}/ HTTP/1.1\r\nHost: ${at}\r\nConnection: close\r\n\r\n`
    expect(await converse(socket, request)).toContain('"code":"placement-outside"')
    const malformed = await connectTls('proxy.corp.test')
    expect(await converse(malformed, 'GET\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
  })

  test('http/1.1 is spoken with whoever can, HTTP/2 with who speaks nothing else', async () => {
    const socket = await connectTls('proxy.corp.test', { ALPNProtocols: ['h2', 'http/1.1'] })
    expect(socket.alpnProtocol).toBe('http/1.1')
    socket.destroy()
    const modern = await connectTls('proxy.corp.test', { ALPNProtocols: ['h2'] })
    expect(modern.alpnProtocol).toBe('h2')
    modern.destroy()
    const alone = connectTls('proxy.corp.test', { ALPNProtocols: ['spdy/3'] })
    await expect(alone).rejects.toThrow(/no application protocol/)
    await expectLast({ reason: expect.stringContaining('speaks only spdy/3') })
  })

  test('a client that does not trust the CA is recorded as that', async () => {
    await expect(connectTls('proxy.corp.test', { ca: lab.root.pem })).rejects.toThrow()
    await expectLast({ error: 'client-tls-failed', host: null })
  })
})

describe('what is no handshake', () => {
  const hello = (name: string) => {
    const at = (width: number, bytes: Buffer) => {
      const length = Buffer.alloc(width)
      length.writeUIntBE(bytes.length, 0, width)
      return Buffer.concat([length, bytes])
    }
    const names = at(2, Buffer.concat([Buffer.of(0), at(2, Buffer.from(name, 'latin1'))]))
    const body = Buffer.concat([
      Buffer.from('0303', 'hex'),
      Buffer.alloc(32, 7),
      Buffer.from('000002c02b0100', 'hex'),
      at(2, Buffer.concat([Buffer.of(0, 0), at(2, names)])),
    ])
    const message = Buffer.concat([Buffer.of(1), at(3, body)])
    return Buffer.concat([Buffer.of(22, 3, 1), at(2, message)])
  }

  test.each<[string, Buffer, string, string]>([
    ['a server name with a slash', hello('a/b.test'), '\x70', 'client-tls-failed'],
    ['a server name of two hosts', hello('a.test b.test'), '\x70', 'client-tls-failed'],
    ['a server name that ends in NUL', hello('a.test\0'), '\x70', 'client-tls-failed'],
    [
      'a message that is no hello',
      Buffer.from('160301000402000000', 'hex'),
      '\x32',
      'client-tls-failed',
    ],
    ['a record without length', Buffer.from('1603010000', 'hex'), '\x32', 'client-tls-failed'],
  ])('%s is answered with an alert', async (_, bytes, alert, error) => {
    expect(await rawExchange(lab.proxy, bytes)).toBe(`\x15\x03\x03\0\x02\x02${alert}`)
    await expectLast({ error, host: null })
  })

  test.each<[string, Buffer, string]>([
    ['half a hello, then nothing', hello('a.test').subarray(0, 40), 'request-incomplete'],
    ['the first byte alone', Buffer.of(0x16), 'request-incomplete'],
    ['the first byte, then something else', Buffer.from('\x16hello'), 'request-not-http'],
  ])('%s ends the connection', async (_, bytes, error) => {
    expect(await rawExchange(lab.proxy, bytes, { end: true })).toBe('')
    await expectLast({ error, host: null })
  })

  test('nothing at all is nothing', async () => {
    const before = lab.proxy.flows().length
    expect(await rawExchange(lab.proxy, '', { end: true })).toBe('')
    expect(lab.proxy.flows()).toHaveLength(before)
  })
})

describe('real clients', () => {
  const url = (host: string) => `https://${host}:${lab.https.port}/x`

  test.skipIf(missing(program('curl', '--version'))).each([
    ['https', 'api.de.test', '200'],
    ['https', 'api.us.test', '403'],
    ['http', 'api.de.test', '200'],
  ])('curl -x https://: %s to %s is %s', async (scheme, host, status) => {
    const port = scheme === 'https' ? lab.https.port : lab.http.port
    const args = [
      '-sS',
      '-x',
      `https://127.0.0.1:${lab.proxy.port}`,
      '--proxy-cacert',
      lab.proxy.ca,
    ]
    const env = throughProxy(lab.proxy)
    const { out, err } = await runProgram(
      'curl',
      [...args, '-w', '\n%{http_code}', `${scheme}://${host}:${port}/x`],
      { env },
    )
    expect({ err, status: out.split('\n').at(-1) }).toEqual({ err: '', status })
  })

  test.each([
    ['api.de.test', '200'],
    ['api.us.test', '403'],
  ])('Node fetch: %s is %s', async (host, status) => {
    const script = `
      const answer = await fetch(process.argv[1], { method: 'POST', body: 'hello' })
      console.log(answer.status, await answer.text())`
    // Not by address: Node 26 then refuses to connect, because no server name can be made of it.
    const proxy = `https://localhost:${lab.proxy.port}`
    const { out, err } = await runProgram(
      process.execPath,
      ['--input-type=module', '-e', script, url(host)],
      { env: { ...throughProxy(lab.proxy), HTTPS_PROXY: proxy, https_proxy: proxy } },
    )
    expect({ err, out }).toEqual({ err: '', out: expect.stringMatching(`^${status} `) })
  })
})
