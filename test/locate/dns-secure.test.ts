/** Questions over TLS and HTTPS, on real sockets, to a server that proves who it is, or does not, or misbehaves. */

import { once } from 'node:events'
import tls from 'node:tls'
import { decode } from 'dns-packet'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ask, exchange } from '../../src/locate/dns-exchange.ts'
import { createTransports, type Transports } from '../../src/locate/dns-transports.ts'
import { type NameServer, parseNameServer } from '../../src/model/name-server.ts'
import { frame, openDnsServer } from '../support/dns-server.ts'
import {
  MEDIA_TYPE,
  openSecureDnsServer,
  type SecureDnsServer,
} from '../support/secure-dns-server.ts'
import { DAY, type Issued, issue, listen } from '../tls/support.ts'

const QUESTION = { name: 'api.example', type: 'A' } as const
const LONG = 20_000
const SHORT = 100
const NEVER = new AbortController().signal
const KINDS = ['tls', 'https'] as const

let root: Issued
let leaf: Issued
let trust: tls.SecureContext
let server: SecureDnsServer
let transports: Transports

beforeAll(() => {
  root = issue({ name: 'root', ca: true })
  leaf = issue({ issuer: root, hosts: ['dns.example', '127.0.0.1'] })
  trust = tls.createSecureContext({ ca: root.pem, minVersion: 'TLSv1.2' })
})
beforeEach(async () => {
  server = await openSecureDnsServer({
    key: leaf.keyPem,
    cert: leaf.pem,
    records: {
      'api.example': { A: ['192.0.2.1'], ttl: 60 },
      'slow.example': { A: ['192.0.2.2'], ttl: 60 },
      'mute.example': { A: ['192.0.2.3'], fault: 'drop' },
    },
  })
  transports = createTransports(trust)
})
afterEach(async () => {
  transports[Symbol.dispose]()
  await server[Symbol.asyncDispose]()
})

describe.each(KINDS)('over %s', (kind) => {
  test('comes an answer, from a server that proves its name', async () => {
    const text = `${server[kind]}#dns.example`
    expect(await asked(text)).toEqual({
      kind: 'message',
      source: text,
      message: {
        rcode: 0,
        answers: [{ type: 'A', owner: 'api.example', ttl: 60, data: '192.0.2.1' }],
        authorities: [],
      },
    })
    expect(server.dns.questions).toEqual([{ name: 'api.example', type: 'A', over: kind }])
  })

  test('comes an answer, from a server that proves its address', async () => {
    expect(await asked(server[kind])).toMatchObject({ kind: 'message', source: server[kind] })
  })

  test('what is asked is padded and wants to know whether it was validated', async () => {
    server.dns.validated = true
    expect(await asked(server[kind])).toMatchObject({ source: `${server[kind]} (validated)` })
    await asked(server[kind], { name: `${'a'.repeat(60)}.${'b'.repeat(60)}.example` })
    expect(server.dns.queries.map((query) => query.length)).toEqual([128, 256])
    expect(server.dns.queries.map((query) => decode(query).flag_ad)).toEqual([true, true])
  })

  test('a connection is used again', async () => {
    for (let i = 0; i < 5; i++) expect(await asked(server[kind])).toHaveProperty('message')
    expect(server.connections[kind]).toBe(1)
  })

  test('a connection that the server closed is replaced without anybody noticing', async () => {
    await asked(server[kind])
    server.hangUp()
    expect(await asked(server[kind])).toHaveProperty('message')
    expect(server.connections[kind]).toBe(2)
  })

  test('large answers come whole', async () => {
    const many = Array.from({ length: 200 }, (_, i) => `192.0.2.${i}`)
    server.dns.records['api.example'] = { A: many }
    const reply = await asked(server[kind])
    expect(reply.kind === 'message' && reply.message.answers.length).toBe(200)
  })

  const strangers: { name: string; wanted: () => Issued; as?: string; said: string }[] = [
    {
      name: 'for another name',
      wanted: () => issue({ issuer: root, hosts: ['other.example'] }),
      as: '#dns.example',
      said: 'ERR_TLS_CERT_ALTNAME_INVALID',
    },
    {
      name: 'for a name, not for its address',
      wanted: () => issue({ issuer: root, hosts: ['dns.example'] }),
      said: 'ERR_TLS_CERT_ALTNAME_INVALID',
    },
    {
      name: 'from nobody known',
      wanted: () => issue({ hosts: ['dns.example', '127.0.0.1'] }),
      said: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    },
    {
      name: 'that has expired',
      wanted: () =>
        issue({
          issuer: root,
          hosts: ['127.0.0.1'],
          notBefore: Date.now() - 2 * DAY,
          notAfter: Date.now() - DAY,
        }),
      said: 'CERT_HAS_EXPIRED',
    },
  ]
  test.each(strangers)('nothing is asked of one with a certificate $name', async (row) => {
    const { keyPem: key, pem: cert } = row.wanted()
    await using stranger = await openSecureDnsServer({ key, cert, records: server.dns.records })
    const text = `${stranger[kind]}${row.as ?? ''}`
    expect(await asked(text)).toEqual({
      kind: 'failed',
      fault: `${text} fails the TLS handshake (${row.said})`,
    })
    expect(stranger.dns.questions).toEqual([])
  })

  test('NODE_TLS_REJECT_UNAUTHORIZED changes nothing', async () => {
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    try {
      const { keyPem: key, pem: cert } = issue({ hosts: ['127.0.0.1'] })
      await using stranger = await openSecureDnsServer({ key, cert, records: server.dns.records })
      expect(await asked(stranger[kind])).toHaveProperty('fault')
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before
    }
  })

  test('nothing is asked of one that speaks an old version of TLS, or none', async () => {
    const old = {
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT:@SECLEVEL=0',
    } as const
    const { keyPem: key, pem: cert } = leaf
    await using aged = await openSecureDnsServer({ key, cert, tls: old })
    expect(await asked(aged[kind])).toMatchObject({
      fault: expect.stringContaining('TLS handshake'),
    })
    const scheme = server[kind].replace(/127.*/, server.dns.address)
    const text = kind === 'https' ? `${scheme}/dns-query` : scheme
    expect(await asked(text, {}, SHORT)).not.toHaveProperty('message')
    expect([...aged.dns.questions, ...server.dns.questions]).toEqual([])
  })

  test('one that is not there is not asked in the clear', async () => {
    await using plain = await openDnsServer({ records: server.dns.records, refuseTcp: true })
    const text = server[kind].replace(/127\.0\.0\.1:\d+/, plain.address)
    expect(await asked(text)).toEqual({
      kind: 'failed',
      fault: `${text} cannot be reached (ECONNREFUSED)`,
    })
    expect(plain.questions).toEqual([])
  })

  test.each([
    ['servfail', 'answered SERVFAIL'],
    ['refused', 'answered REFUSED'],
    ['lying-id', 'sent a malformed answer'],
    ['wrong-question', 'sent a malformed answer'],
  ] as const)('%s fails the server at once', async (fault, said) => {
    server.dns.fault = fault
    expect(await asked(server[kind])).toEqual({ kind: 'failed', fault: `${server[kind]} ${said}` })
    expect(server.dns.questions).toHaveLength(1)
  })

  const spoilt: { name: string; spoil: (reply: Buffer) => Buffer; said?: string }[] = [
    { name: 'marked as truncated', spoil: (reply) => edit(reply, 2, (byte) => byte | 0x02) },
    { name: 'that is a query', spoil: (reply) => edit(reply, 2, (byte) => byte & 0x7f) },
    { name: 'cut off', spoil: (reply) => reply.subarray(0, -3) },
    { name: 'of half a header', spoil: (reply) => reply.subarray(0, 7) },
    { name: 'with bytes left over', spoil: (reply) => Buffer.concat([reply, Buffer.of(0)]) },
    { name: 'of nothing', spoil: () => Buffer.alloc(0) },
    {
      name: 'that is too large',
      spoil: (reply) => Buffer.concat([reply, Buffer.alloc(16_385 - reply.length)]),
      said: 'sent too large an answer',
    },
  ]
  test.each(spoilt)('an answer $name fails the server', async ({ spoil, said }) => {
    server.dns.mangle = (reply) => [spoil(Buffer.from(reply))]
    const fault = `${server[kind]} ${said ?? 'sent a malformed answer'}`
    expect(await asked(server[kind])).toEqual({ kind: 'failed', fault })
    server.dns.mangle = null
    expect(await asked(server[kind])).toHaveProperty('message')
  })

  test('silence ends in time, and the next question is answered', async () => {
    expect(await asked(server[kind], { name: 'mute.example' }, SHORT)).toEqual({ kind: 'timeout' })
    expect(await asked(server[kind])).toHaveProperty('message')
  })

  test('many questions at once are all answered', async () => {
    const all = await Promise.all(Array.from({ length: 100 }, () => asked(server[kind])))
    expect(all.filter((reply) => reply.kind === 'message')).toHaveLength(100)
    expect(server.connections[kind]).toBeLessThanOrEqual(kind === 'tls' ? 1 : 16)
  })

  test('a failed server is followed by the next one', async () => {
    await using second = await openSecureDnsServer({
      key: leaf.keyPem,
      cert: leaf.pem,
      records: server.dns.records,
    })
    server.dns.fault = 'servfail'
    const servers = [server[kind], second[kind]].map(at)
    const asking = { servers, tries: [LONG], clientSubnet: null, transports }
    expect(await ask(QUESTION, asking, NEVER)).toMatchObject({ source: second[kind] })
  })

  test('closing ends what is under way', async () => {
    const limit = new AbortController()
    const replying = exchange(
      { ...QUESTION, name: 'mute.example' },
      at(server[kind]),
      LONG,
      { clientSubnet: null, transports },
      limit.signal,
    )
    await expect.poll(() => server.dns.questions.length).toBe(1)
    limit.abort()
    transports[Symbol.dispose]()
    expect(await replying).toEqual({ kind: 'timeout' })
  })
})

describe('over one TLS connection', () => {
  test('answers come in any order', async () => {
    const held: (() => void)[] = []
    server.onTls = ([reply = Buffer.alloc(0)], connection) => {
      held.push(() => connection.write(frame(reply)))
      if (held.length === 3) for (const release of held.reverse()) release()
    }
    const names = ['api.example', 'slow.example', 'gone.example']
    const replies = await Promise.all(names.map((name) => asked(server.tls, { name })))
    expect(replies).toMatchObject([
      { message: { answers: [{ data: '192.0.2.1' }] } },
      { message: { answers: [{ data: '192.0.2.2' }] } },
      { message: { rcode: 3 } },
    ])
    expect(server.connections.tls).toBe(1)
    expect(new Set(server.dns.queries.map((query) => query.readUInt16BE(0))).size).toBe(3)
  })

  test('answers come in pieces of one byte, and several in one piece', async () => {
    server.onTls = async ([reply = Buffer.alloc(0)], connection) => {
      for (const byte of frame(reply)) {
        connection.write(Uint8Array.of(byte))
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    expect(await asked(server.tls)).toHaveProperty('message')
    const held: Buffer[] = []
    server.onTls = ([reply = Buffer.alloc(0)], connection) => {
      held.push(frame(reply))
      if (held.length === 2) connection.write(Buffer.concat(held))
    }
    const both = await Promise.all([asked(server.tls), asked(server.tls)])
    expect(both.map((reply) => reply.kind)).toEqual(['message', 'message'])
  })

  test('an answer that drips too slowly is not waited for', async () => {
    server.onTls = ([reply = Buffer.alloc(0)], connection) => {
      let at = 0
      const drip = setInterval(() => {
        connection.write(frame(reply).subarray(at, at + 1))
        at++
      }, 20)
      connection.on('close', () => clearInterval(drip))
    }
    expect(await asked(server.tls, {}, SHORT)).toEqual({ kind: 'timeout' })
  })

  test('one question that is not answered does not hold up the others', async () => {
    await asked(server.tls)
    const mute = asked(server.tls, { name: 'mute.example' }, 1000)
    expect(await asked(server.tls)).toHaveProperty('message')
    expect(await mute).toEqual({ kind: 'timeout' })
    expect(await asked(server.tls)).toHaveProperty('message')
    expect(server.connections.tls).toBe(1)
  })

  test('an answer that comes too late is nobody’s', async () => {
    await asked(server.tls)
    let late: () => void = () => {}
    server.onTls = ([reply = Buffer.alloc(0)], connection) => {
      if (decode(reply).questions?.[0]?.name !== 'slow.example') connection.write(frame(reply))
      else late = () => connection.write(frame(reply))
    }
    const slow = asked(server.tls, { name: 'slow.example' }, 1000)
    await asked(server.tls)
    expect(await slow).toEqual({ kind: 'timeout' })
    late()
    expect(await asked(server.tls)).toHaveProperty('message')
    expect(server.connections.tls).toBe(1)
  })

  test('after silence the next question goes over another one', async () => {
    await asked(server.tls)
    expect(await asked(server.tls, { name: 'mute.example' }, SHORT)).toEqual({ kind: 'timeout' })
    expect(await asked(server.tls)).toHaveProperty('message')
    expect(server.connections.tls).toBe(2)
  })

  test('what nobody asked for ends it', async () => {
    await asked(server.tls)
    server.onTls = ([reply = Buffer.alloc(0)], connection) => {
      connection.write(frame(edit(Buffer.from(reply), 0, (byte) => byte ^ 0xff)))
    }
    const both = await Promise.all([asked(server.tls), asked(server.tls)])
    const fault = `${server.tls} sent a malformed answer`
    expect(both).toEqual([
      { kind: 'failed', fault },
      { kind: 'failed', fault },
    ])
    expect(server.connections.tls).toBe(1)
  })

  test.each([
    ['at once', (reply: Buffer) => reply.subarray(0, 0)],
    ['in the middle of an answer', (reply: Buffer) => frame(reply).subarray(0, 20)],
  ])('a server that closes it %s fails, after one more try', async (_, cut) => {
    server.onTls = ([reply = Buffer.alloc(0)], connection) => connection.end(cut(reply))
    const fault = `${server.tls} closed the connection before its answer was complete`
    expect(await asked(server.tls)).toEqual({ kind: 'failed', fault })
    expect(server.connections.tls).toBe(1)
    server.onTls = null
    await asked(server.tls)
    server.onTls = ([reply = Buffer.alloc(0)], connection) => connection.end(cut(reply))
    expect(await asked(server.tls)).toEqual({ kind: 'failed', fault })
    expect(server.connections.tls).toBe(3)
  })

  test('a handshake that never ends is not waited for', async () => {
    await using mute = await listen(() => {})
    expect(await asked(`tls://127.0.0.1:${mute.port}`, {}, SHORT)).toEqual({ kind: 'timeout' })
    expect(await asked(`https://127.0.0.1:${mute.port}/q`, {}, SHORT)).toEqual({ kind: 'timeout' })
  })
})

describe('over HTTPS', () => {
  test('the request is a plain POST to the name, with nothing that tells clients apart', async () => {
    await asked(`${server.https}#dns.example`)
    const [request] = server.requests
    const port = new URL(server.https).port
    expect([request?.method, request?.url, request?.httpVersion]).toEqual([
      'POST',
      '/dns-query',
      '1.1',
    ])
    expect(request?.headers).toEqual({
      host: `dns.example:${port}`,
      accept: MEDIA_TYPE,
      'content-type': MEDIA_TYPE,
      'content-length': '128',
      connection: 'keep-alive',
    })
  })

  test('the time an answer spent in a cache counts', async () => {
    server.onHttps = (reply, response) => {
      response.writeHead(200, { 'content-type': MEDIA_TYPE, age: '45' }).end(reply)
    }
    expect(await asked(server.https)).toMatchObject({ message: { answers: [{ ttl: 15 }] } })
    server.onHttps = (reply, response) => {
      response.writeHead(200, { 'content-type': MEDIA_TYPE, age: '450' }).end(reply)
    }
    expect(await asked(server.https)).toMatchObject({ message: { answers: [{ ttl: 0 }] } })
  })

  const heads: { name: string; status?: number; head: Record<string, string>; said: string }[] = [
    { name: 'a status of trouble', status: 500, head: {}, said: 'answered with HTTP status 500' },
    {
      name: 'a redirect, which is not followed',
      status: 307,
      head: { location: 'https://127.0.0.1:1/dns-query' },
      said: 'answered with HTTP status 307',
    },
    { name: 'no content', status: 204, head: {}, said: 'answered with HTTP status 204' },
    {
      name: 'another media type',
      head: { 'content-type': 'application/dns-json' },
      said: 'answered with something else',
    },
    { name: 'a coding', head: { 'content-encoding': 'gzip' }, said: 'sent a malformed answer' },
    { name: 'a negative age', head: { age: '-1' }, said: 'sent a malformed answer' },
    { name: 'an age without end', head: { age: '9'.repeat(10) }, said: 'sent a malformed answer' },
    {
      name: 'a head without end',
      head: { 'x-much': 'x'.repeat(20_000) },
      said: 'does not answer with well-formed HTTP',
    },
  ]
  test.each(heads)('a server fails with $name', async ({ status = 200, head, said }) => {
    server.onHttps = (reply, response) => {
      const body = status === 204 ? '' : reply
      response.writeHead(status, { 'content-type': MEDIA_TYPE, ...head }).end(body)
    }
    expect(await asked(server.https)).toEqual({ kind: 'failed', fault: `${server.https} ${said}` })
    server.onHttps = null
    expect(await asked(server.https)).toHaveProperty('message')
  })

  test('a body without end is not read', async () => {
    let sent = 0
    server.onHttps = async (_, response) => {
      response.writeHead(200, { 'content-type': MEDIA_TYPE })
      const closed = once(response, 'close')
      while (!response.destroyed && sent < 100_000_000) {
        sent += 65_536
        if (!response.write(Buffer.alloc(65_536))) {
          await Promise.race([once(response, 'drain'), closed])
        }
      }
    }
    const fault = `${server.https} sent too large an answer`
    expect(await asked(server.https)).toEqual({ kind: 'failed', fault })
    expect(sent).toBeLessThan(20_000_000)
  })

  test('a body cut off is no answer', async () => {
    server.onHttps = (reply, response) => {
      response.writeHead(200, { 'content-type': MEDIA_TYPE, 'content-length': reply.length })
      response.write(reply.subarray(0, 20), () => response.destroy())
    }
    expect(await asked(server.https)).toMatchObject({ kind: 'failed' })
  })

  test('a body that drips too slowly is not waited for', async () => {
    server.onHttps = (_, response) => {
      response.writeHead(200, { 'content-type': MEDIA_TYPE })
      const drip = setInterval(() => response.write(Buffer.of(0)), 20)
      response.on('close', () => clearInterval(drip))
    }
    expect(await asked(server.https, {}, SHORT)).toEqual({ kind: 'timeout' })
  })

  test('what is not HTTP fails the server', async () => {
    const context = tls.createSecureContext({ key: leaf.keyPem, cert: leaf.pem })
    await using odd = await listen((socket) => {
      const secure = new tls.TLSSocket(socket, { isServer: true, secureContext: context })
      secure.on('error', () => {})
      secure.on('data', () => secure.end('hello\r\n\r\n'))
    })
    expect(await asked(`https://127.0.0.1:${odd.port}/q`)).toMatchObject({
      fault: expect.stringContaining('does not answer with well-formed HTTP'),
    })
  })
})

function asked(text: string, question: { name?: string } = {}, timeout = LONG) {
  const asking = { clientSubnet: null, transports }
  return exchange({ ...QUESTION, ...question }, at(text), timeout, asking, NEVER)
}

function at(text: string): NameServer {
  const parsed = parseNameServer(text)
  if ('fault' in parsed) throw new Error(`${text}: ${parsed.fault}`)
  return parsed.value
}

function edit(bytes: Buffer, offset: number, change: (byte: number) => number): Buffer {
  bytes[offset] = change(bytes[offset] ?? 0)
  return bytes
}
