/** Questions on real sockets against a server that can lie, fall silent or send nonsense. */

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Question } from '../../src/locate/dns-answer.ts'
import * as dnsExchange from '../../src/locate/dns-exchange.ts'
import { createTransports } from '../../src/locate/dns-transports.ts'
import { type NameServer, parseNameServer } from '../../src/model/name-server.ts'
import { type DnsServer, openDnsServer } from '../support/dns-server.ts'

const QUESTION = { name: 'api.example', type: 'A' } as const
/** ms. Long enough never to be reached where an answer is expected; short where silence is. */
const LONG = 20_000
const SHORT = 50
const NEVER = new AbortController().signal
const PLAIN = { clientSubnet: null, transports: createTransports(null) }

let dns: DnsServer
beforeEach(async () => {
  dns = await openDnsServer({ records: { 'api.example': { A: ['192.0.2.1'], ttl: 60 } } })
})
afterEach(() => dns[Symbol.asyncDispose]())

describe('an answer', () => {
  test('over UDP', async () => {
    expect(await exchange(QUESTION, at(dns.address), LONG, NEVER)).toEqual({
      kind: 'message',
      source: `udp://${dns.address}`,
      message: {
        rcode: 0,
        answers: [{ type: 'A', owner: 'api.example', ttl: 60, data: '192.0.2.1' }],
        authorities: [],
      },
    })
    expect(dns.questions).toEqual([{ name: 'api.example', type: 'A', over: 'udp' }])
  })

  test('over IPv6', async () => {
    await using v6 = await openDnsServer({ host: '::1', records: dns.records })
    const reply = await exchange(QUESTION, at(v6.address), LONG, NEVER)
    expect(reply).toMatchObject({ kind: 'message', source: `udp://${v6.address}` })
  })

  test('over TCP when the one over UDP is marked as truncated', async () => {
    dns.records['api.example'] = { A: ['192.0.2.1'], fault: 'truncate' }
    const reply = await exchange(QUESTION, at(dns.address), LONG, NEVER)
    expect(reply).toMatchObject({ kind: 'message', source: `tcp://${dns.address}` })
    expect(dns.questions.map((asked) => asked.over)).toEqual(['udp', 'tcp'])
  })

  test('over TCP when it does not fit', async () => {
    const many = Array.from({ length: 200 }, (_, i) => `192.0.2.${i}`)
    dns.records['api.example'] = { A: many }
    const reply = await exchange(QUESTION, at(dns.address), LONG, NEVER)
    expect(reply.kind === 'message' && reply.message.answers.length).toBe(200)
  })

  test('over TCP in pieces of one byte', async () => {
    const host = '127.0.0.2'
    await using tcp = await openRawTcp(0, host, async (socket, query) => {
      for (const byte of frame(toReply(query))) {
        socket.write(Uint8Array.of(byte))
        await new Promise((resolve) => setImmediate(resolve))
      }
    })
    await using udp = await openTruncating(tcp.port, host)
    const reply = await exchange(QUESTION, at(`${host}:${tcp.port}`), LONG, NEVER)
    expect([reply.kind, udp.asked, tcp.connections]).toEqual(['message', 1, 1])
  })

  test('echoing the question in another case', async () => {
    dns.mangle = (reply) => [upper(reply)]
    const reply = await exchange(QUESTION, at(dns.address), LONG, NEVER)
    expect(reply).toMatchObject({ message: { answers: [{ owner: 'API.EXAMPLE' }] } })
  })

  test('that does not exist is an answer', async () => {
    const question = { ...QUESTION, name: 'gone.example' }
    expect(await exchange(question, at(dns.address), LONG, NEVER)).toMatchObject({
      message: { rcode: 3, authorities: [{ type: 'SOA', owner: 'example', minimum: 30 }] },
    })
  })

  test('keeps only what matters and is of class IN', async () => {
    dns.extraAnswers = [
      { type: 'TXT', name: 'api.example', data: 'hello' },
      { type: 'A', name: 'api.example', class: 'CH', data: '192.0.2.66' },
      { type: 'A', name: 'api.example', flush: true, data: '192.0.2.66' },
    ]
    const reply = await exchange(QUESTION, at(dns.address), LONG, NEVER)
    expect(reply.kind === 'message' && reply.message.answers).toHaveLength(1)
  })
})

describe('what is no reply to the question is ignored, and the real one is waited for:', () => {
  const rows: { name: string; lie: (reply: Buffer) => Buffer }[] = [
    { name: 'another id', lie: (reply) => edit(reply, 0, (byte) => byte ^ 0xff) },
    { name: 'a query', lie: (reply) => edit(reply, 2, (byte) => byte & 0x7f) },
    { name: 'another opcode', lie: (reply) => edit(reply, 2, (byte) => byte | 0x20) },
    { name: 'another name', lie: (reply) => edit(reply, 13, () => 0x62) },
    { name: 'another type', lie: (reply) => edit(reply, 26, () => 28) },
    { name: 'another class', lie: (reply) => edit(reply, 28, () => 3) },
    { name: 'no question', lie: (reply) => edit(reply, 5, () => 0) },
    { name: 'two questions', lie: (reply) => edit(reply, 5, () => 2) },
    { name: 'nothing at all', lie: () => Buffer.alloc(0) },
    { name: 'half a header', lie: (reply) => reply.subarray(0, 7) },
    { name: 'half a question', lie: (reply) => reply.subarray(0, 20) },
    { name: 'more than was offered', lie: (reply) => Buffer.concat([reply, Buffer.alloc(1200)]) },
  ]
  test.each(rows)('$name', async ({ lie }) => {
    dns.mangle = (reply) => [lie(Buffer.from(reply)), reply]
    const answered = await exchange(QUESTION, at(dns.address), LONG, NEVER)
    expect(answered).toMatchObject({ message: { answers: [{ data: '192.0.2.1' }] } })
    dns.mangle = (reply) => [lie(Buffer.from(reply))]
    const silent = await exchange(QUESTION, at(dns.address), SHORT, NEVER)
    expect(silent).toEqual({ kind: 'timeout' })
  })

  test('a type that is the same letter in another case', async () => {
    // 65 is `A`, 97 is `a`.
    dns.mangle = (reply) => [edit(Buffer.from(reply), 26, () => 97)]
    const question = { ...QUESTION, type: 'HTTPS' } as const
    expect(await exchange(question, at(dns.address), SHORT, NEVER)).toEqual({ kind: 'timeout' })
    dns.mangle = null
    expect(await exchange(question, at(dns.address), LONG, NEVER)).toHaveProperty('message')
  })

  test.each(['lying-id', 'wrong-question', 'stranger', 'drop'] as const)('%s', async (fault) => {
    dns.fault = fault
    const reply = await exchange(QUESTION, at(dns.address), SHORT, NEVER)
    expect(reply).toEqual({ kind: 'timeout' })
    await expect.poll(() => dns.count('api.example')).toBe(1)
  })
})

describe('a server fails', () => {
  test.each([
    ['servfail', 'answered SERVFAIL'],
    ['refused', 'answered REFUSED'],
  ] as const)('with %s', async (fault, said) => {
    dns.fault = fault
    expect(await exchange(QUESTION, at(dns.address), LONG, NEVER)).toEqual({
      kind: 'failed',
      fault: `${dns.address} ${said}`,
    })
  })

  const rows: { name: string; spoil: (reply: Buffer) => Buffer; said?: string }[] = [
    { name: 'a record cut off', spoil: (reply) => reply.subarray(0, -3) },
    { name: 'bytes after the last record', spoil: (reply) => Buffer.concat([reply, Buffer.of(0)]) },
    { name: 'more records announced than sent', spoil: (reply) => edit(reply, 7, () => 2) },
    { name: 'an address of 5 bytes', spoil: spoilAddress },
    { name: 'a name that points at itself', spoil: (reply) => append(reply, [0xc0, reply.length]) },
    { name: 'a name that points ahead', spoil: (reply) => append(reply, [0xc0, 0xff]) },
    { name: 'a label of a reserved kind', spoil: (reply) => append(reply, [0x80, 0x01]) },
    {
      name: '65535 records announced',
      spoil: (reply) =>
        edit(
          edit(reply, 6, () => 0xff),
          7,
          () => 0xff,
        ),
      said: 'sent too many records',
    },
    {
      name: 'an extended code that makes NOERROR something else',
      spoil: (reply) => appendOpt(reply, 1),
      said: 'answered with code 16',
    },
  ]
  test.each(rows)('with $name', async ({ spoil, said = 'sent a malformed answer' }) => {
    dns.mangle = (reply) => [spoil(Buffer.from(reply))]
    const reply = await exchange(QUESTION, at(dns.address), LONG, NEVER)
    expect(reply).toEqual({ kind: 'failed', fault: `${dns.address} ${said}` })
  })

  test('with nobody there', async () => {
    const server = at(dns.address)
    await dns[Symbol.asyncDispose]()
    const reply = await exchange(QUESTION, server, LONG, NEVER)
    expect(reply).toEqual({
      kind: 'failed',
      fault: `${dns.address} cannot be reached (ECONNREFUSED)`,
    })
    dns = await openDnsServer()
  })

  test('with a truncated answer and nobody on TCP', async () => {
    await using mute = await openDnsServer({ records: dns.records, refuseTcp: true })
    mute.fault = 'truncate'
    const reply = await exchange(QUESTION, at(mute.address), LONG, NEVER)
    expect(reply).toEqual({
      kind: 'failed',
      fault: `${mute.address} cannot be reached (ECONNREFUSED)`,
    })
  })

  const overTcp: { name: string; bytes: (query: Buffer) => Buffer; said: string }[] = [
    {
      name: 'another id',
      bytes: (query) => frame(edit(toReply(query), 0, (byte) => byte ^ 0xff)),
      said: 'sent a malformed answer',
    },
    {
      name: 'an answer that is still truncated',
      bytes: (query) => frame(edit(toReply(query), 2, (byte) => byte | 0x02)),
      said: 'sent a malformed answer',
    },
    {
      name: 'an empty message',
      bytes: () => Buffer.of(0, 0),
      said: 'sent a malformed answer',
    },
    {
      name: '64 KiB announced',
      bytes: () => Buffer.of(0xff, 0xff, 0),
      said: 'sent too large an answer',
    },
    {
      name: 'half an answer',
      bytes: (query) => frame(toReply(query)).subarray(0, 20),
      said: 'closed the connection before its answer was complete',
    },
    {
      name: 'no answer',
      bytes: () => Buffer.alloc(0),
      said: 'closed the connection before its answer was complete',
    },
  ]
  test.each(overTcp)('over TCP with $name', async ({ bytes, said }) => {
    const host = '127.0.0.2'
    await using tcp = await openRawTcp(0, host, (socket, query) => socket.end(bytes(query)))
    await using _udp = await openTruncating(tcp.port, host)
    const reply = await exchange(QUESTION, at(`${host}:${tcp.port}`), LONG, NEVER)
    expect(reply).toEqual({ kind: 'failed', fault: `${host}:${tcp.port} ${said}` })
  })

  test('over TCP with silence, which ends in time', async () => {
    const host = '127.0.0.2'
    await using tcp = await openRawTcp(0, host, () => {})
    await using _udp = await openTruncating(tcp.port, host)
    const reply = await exchange(QUESTION, at(`${host}:${tcp.port}`), SHORT, NEVER)
    expect(reply).toEqual({ kind: 'timeout' })
  })

  test('with a chain of pointers as long as a message, which costs little', async () => {
    // 255 records whose names all run through 6000 pointers: about 1.5 million hops, the most these bounds allow.
    const bomb = (query: Buffer) => {
      const question = query.subarray(12, 12 + 17)
      const pointers = Buffer.alloc(12_000)
      const start = 12 + question.length + 1 + 10
      for (let i = 0; i < pointers.length; i += 2) {
        pointers.writeUInt16BE(0xc000 | (i === 0 ? 12 : start + i - 2), i)
      }
      const carrier = record([0], 10, pointers)
      const last = 0xc000 | (start + pointers.length - 2)
      const a = record([last >> 8, last & 0xff], 1, Buffer.of(192, 0, 2, 1))
      const records = [carrier, ...new Array<Buffer>(255).fill(a)]
      const header = Buffer.from(toReply(query).subarray(0, 12))
      header.writeUInt16BE(records.length, 6)
      return frame(Buffer.concat([header, question, ...records]))
    }
    const host = '127.0.0.2'
    await using tcp = await openRawTcp(0, host, (socket, query) => socket.end(bomb(query)))
    await using _udp = await openTruncating(tcp.port, host)
    const reply = await exchange(QUESTION, at(`${host}:${tcp.port}`), LONG, NEVER)
    expect(reply.kind).toBe('message')
    expect(reply.kind === 'message' && reply.message.answers).toHaveLength(255)
  })
})

describe('servers are asked in order', () => {
  let second: DnsServer
  beforeEach(async () => {
    second = await openDnsServer({ records: { 'api.example': { A: ['192.0.2.2'] } } })
  })
  afterEach(() => second[Symbol.asyncDispose]())

  test.each([
    { name: 'the first that answers is enough', fault: null, asked: [1, 0] },
    { name: 'one that fails is not asked again', fault: 'servfail', asked: [1, 1] },
    { name: 'one that refuses is not asked again', fault: 'refused', asked: [1, 1] },
  ] as const)('$name', async ({ fault, asked }) => {
    dns.fault = fault
    const servers = [at(dns.address), at(second.address)]
    expect(await ask(QUESTION, servers, [LONG, LONG], NEVER)).toHaveProperty('message')
    expect([dns.count('api.example'), second.count('api.example')]).toEqual(asked)
  })

  test('one that is silent is asked again with another id, then the next', async () => {
    const ids = new Set<number>()
    dns.mangle = (reply) => {
      ids.add(reply.readUInt16BE(0))
      return []
    }
    const tries = [...new Array<number>(7).fill(SHORT), 1000]
    const reply = await ask(QUESTION, [at(dns.address), at(second.address)], tries, NEVER)
    expect(reply).toMatchObject({ source: `udp://${second.address}` })
    expect(dns.count('api.example')).toBe(8)
    // Two of eight may be equal by chance, in one run of 2300; more than that are not random.
    expect(ids.size).toBeGreaterThan(6)
  })

  test('a failure says more than silence', async () => {
    dns.fault = 'servfail'
    second.fault = 'drop'
    const reply = await ask(QUESTION, [at(dns.address), at(second.address)], [SHORT], NEVER)
    expect(reply).toEqual({ kind: 'failed', fault: `${dns.address} answered SERVFAIL` })
  })

  test('until the whole is called off', async () => {
    const limit = new AbortController()
    dns.mangle = () => {
      limit.abort()
      return []
    }
    const servers = [at(dns.address), at(second.address)]
    expect(await ask(QUESTION, servers, [LONG], limit.signal)).toEqual({ kind: 'timeout' })
    expect(second.count('api.example')).toBe(0)
    expect(await ask(QUESTION, servers, [LONG], limit.signal)).toEqual({ kind: 'timeout' })
    expect(await exchange(QUESTION, at(dns.address), LONG, limit.signal)).toEqual({
      kind: 'timeout',
    })
    expect(dns.count('api.example')).toBe(1)
  })
})

function exchange(question: Question, server: NameServer, timeout: number, signal: AbortSignal) {
  return dnsExchange.exchange(question, server, timeout, PLAIN, signal)
}

function ask(
  question: Question,
  servers: readonly NameServer[],
  tries: readonly number[],
  signal: AbortSignal,
) {
  return dnsExchange.ask(question, { ...PLAIN, servers, tries }, signal)
}

function at(text: string): NameServer {
  const server = parseNameServer(text)
  if ('fault' in server) throw new Error(`${text}: ${server.fault}`)
  return server.value
}

function edit(bytes: Buffer, offset: number, change: (byte: number) => number): Buffer {
  bytes[offset] = change(bytes[offset] ?? 0)
  return bytes
}

/** Everything in the name of the question, and of the record behind it, in capitals. */
function upper(reply: Buffer): Buffer {
  const spoilt = Buffer.from(reply)
  for (const start of [12, 29]) {
    for (let i = start; i < start + 13; i++)
      edit(spoilt, i, (b) => (b > 0x60 && b < 0x7b ? b - 32 : b))
  }
  return spoilt
}

/** The one record of the reply gets a length of 5 and a byte more. */
function spoilAddress(reply: Buffer): Buffer {
  const longer = Buffer.concat([reply, Buffer.of(0)])
  longer.writeUInt16BE(5, longer.length - 7)
  return longer
}

function record(name: number[], type: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(type, 0)
  fixed.writeUInt16BE(1, 2)
  fixed.writeUInt32BE(60, 4)
  fixed.writeUInt16BE(data.length, 8)
  return Buffer.concat([Buffer.from(name), fixed, data])
}

/** One more answer, at the end; the reply had one. */
function append(reply: Buffer, name: number[]): Buffer {
  const more = record(name, 1, Buffer.of(192, 0, 2, 2))
  return Buffer.concat([edit(reply, 7, () => 2), more])
}

function appendOpt(reply: Buffer, extendedCode: number): Buffer {
  const opt = record([0], 41, Buffer.alloc(0))
  opt[5] = extendedCode
  return Buffer.concat([edit(reply, 11, () => 1), opt])
}

/** A response to the query without any record, made by hand. */
function toReply(query: Buffer): Buffer {
  const reply = Buffer.from(query.subarray(0, 12 + 17))
  reply[2] = 0x81
  reply.fill(0, 6, 12)
  return reply
}

function frame(reply: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(reply.length)
  return Buffer.concat([length, reply])
}

/** A TCP server that answers each query with whatever it is told. */
async function openRawTcp(
  port: number,
  host: string,
  reply: (socket: Socket, query: Buffer) => unknown,
) {
  const state = { port, connections: 0 }
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    state.connections++
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.once('data', (chunk: Buffer) => reply(socket, chunk.subarray(2)))
  }).listen(port, host)
  await once(server, 'listening')
  const address = server.address()
  if (typeof address === 'object' && address) state.port = address.port
  return Object.assign(state, {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}

/** A UDP server that answers every query with nothing but the mark of truncation. */
async function openTruncating(port: number, host: string) {
  const state = { asked: 0 }
  const socket = createSocket('udp4').bind(port, host)
  socket.on('message', (query, from) => {
    state.asked++
    const reply = toReply(query)
    reply[2] = 0x83
    socket.send(reply, from.port, from.address)
  })
  await once(socket, 'listening')
  return Object.assign(state, {
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => socket.close(() => resolve()))
    },
  })
}
