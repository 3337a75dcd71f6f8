/** What no client and no server of PostgreSQL would send: refused on either side, while nothing grows; and results of any size pass. */

import { once } from 'node:events'
import net from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BACKEND, FRONTEND, toMessage } from '../../src/proxy/postgresql/messages.ts'
import { toCancelRequest } from '../../src/proxy/postgresql/startup.ts'
import { openTunnel } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { readKilobytes } from '../support/memory.ts'
import { linux, missing } from '../support/needs.ts'
import { PgWire, toStart } from '../support/postgresql-client.ts'
import {
  openPostgresqlServer,
  type PostgresqlServer,
  postgresql,
} from '../support/postgresql-server.ts'
import { eventually } from '../support/wait.ts'

const START = toStart({ user: 'postgres' })
const LET_IN = Buffer.concat([
  toMessage(BACKEND.authentication, Buffer.alloc(4)),
  toMessage(BACKEND.parameterStatus, 'client_encoding\0UTF8\0'),
  toMessage(BACKEND.backendKeyData, Buffer.from('key.key.')),
  toMessage(BACKEND.readyForQuery, 'I'),
])
const bytes = (text: string) => Buffer.from(text, 'latin1')

let lab: Lab
beforeAll(async () => {
  lab = await openLab({ config: 'timeouts: { head: 2s }' })
})
afterAll(() => lab?.[Symbol.asyncDispose]())

const lastId = () => lab.proxy.flows().at(-1)?.id ?? 0
/** The connections since then, once they have ended. */
const ended = (before: number) =>
  eventually('a connection that has ended', () => {
    const rows = lab.proxy.flows().filter(({ id, method }) => id > before && method === null)
    return rows.length > 0 && rows.every(({ outcome }) => outcome !== 'open') ? rows : null
  })

/** A server that lets everybody in and says that when it hears a query; what it was sent. */
async function serve(answer: (socket: net.Socket) => void) {
  const heard: Buffer[] = []
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    let isIn = false
    socket.on('data', (piece: Buffer) => {
      heard.push(piece)
      if (!isIn) socket.write(LET_IN)
      else answer(socket)
      isIn = true
    })
  })
  server.listen(0, '127.0.0.10')
  await once(server, 'listening')
  return {
    port: (server.address() as net.AddressInfo).port,
    heard: () => Buffer.concat(heard),
    [Symbol.dispose]: () => void server.close(),
  }
}

async function open(port: number): Promise<PgWire> {
  const wire = PgWire.open(await openTunnel(lab.proxy, `api.de.test:${port}`))
  wire.send(START)
  await wire.until('Z')
  return wire
}

describe('a client that sends', () => {
  test.each([
    ['more than a gigabyte', 'Q\x40\0\0\0'],
    ['a gigabyte of a statement', 'Q\x3f\xff\xff\xffSELECT'],
    ['a negative length', 'P\xff\xff\xff\xff'],
    ['a length below four', 'S\0\0\0\x03'],
    ['a type that nobody knows', 'y\0\0\0\x04'],
    ['a password once it is in', 'p\0\0\0\x05x'],
    ['a text without its end', 'Q\0\0\0\x08SELE'],
    ['something behind the end of a text', 'Q\0\0\0\x08a\0b\0'],
    ['a Bind without names', 'B\0\0\0\x05x'],
    ['a Describe of something else', 'D\0\0\0\x06Xa'],
  ])('%s is told so, and nothing of it goes out', async (_, text) => {
    using server = await serve(() => {})
    const before = lastId()
    const wire = await open(server.port)
    wire.send(bytes(text))
    const error = (await wire.until('E')).toString()
    expect(error).toMatch(/FATAL.*(request-statement|request-too-large)/s)
    await wire.ended
    const [connection] = await ended(before)
    expect(['request-statement', 'request-too-large']).toContain(connection?.error)
    const goodbye = toMessage(FRONTEND.terminate)
    expect(server.heard()).toEqual(Buffer.concat([START, goodbye]))
  })

  test.each([
    ['a start of a negative length', 'ffffffff00030000'],
    ['a start of another version', '0000000800040000'],
    ['a start that names nobody', '0000000900030000' + '00'],
  ])('%s is refused before anything is dialled', async (_, hex) => {
    using server = await serve(() => {})
    const before = lastId()
    const socket = await openTunnel(lab.proxy, `api.de.test:${server.port}`)
    // It begins like a request for GSSAPI, so that it is taken for PostgreSQL.
    socket.write(bytes('\0\0\0\x08\x04\xd2\x16\x30'))
    expect(String((await once(socket, 'data'))[0])).toBe('N')
    const wire = PgWire.open(socket)
    wire.send(Buffer.from(hex, 'hex'))
    expect((await wire.until('E')).toString()).toContain('request-statement')
    await wire.ended
    expect(await ended(before)).toMatchObject([{ error: 'request-statement', dialed_ip: null }])
    expect(server.heard()).toHaveLength(0)
  })

  test('half a start, and waits: it is not waited for', async () => {
    using server = await serve(() => {})
    const socket = await openTunnel(lab.proxy, `api.de.test:${server.port}`)
    socket.write(bytes('\0\0\0\x08\x04\xd2\x16\x30'))
    await once(socket, 'data')
    const wire = PgWire.open(socket)
    wire.send(START.subarray(0, 12))
    expect((await wire.until('E')).toString()).toContain('request-statement')
  })

  test('half a message, and leaves: the server sees that it has gone', async () => {
    using server = await serve(() => {})
    const before = lastId()
    const wire = await open(server.port)
    wire.send(bytes('Q\0\0\0\x40SELECT'))
    wire.end()
    expect(await ended(before)).toMatchObject([{ outcome: 'forwarded' }])
    expect(server.heard()).toHaveLength(START.length)
  })
})

describe('a server that sends', () => {
  test.each([
    ['a negative length', 'D\xff\xff\xff\xff', 'connect-malformed'],
    ['more than a gigabyte', 'D\x40\0\0\0', 'connect-malformed'],
    ['an error without end', 'E\x3f\xff\xff\xff', 'connect-malformed'],
    ['a type that nobody knows', 'y\0\0\0\x04', 'connect-malformed'],
    ['what no version of ours has', 'W\0\0\0\x07\0\0\0', 'connect-malformed'],
    ['readiness that is too long', 'Z\0\0\0\x06II', 'connect-malformed'],
    ['the end of what was not asked', '3\0\0\0\x04', 'connect-malformed'],
  ])('%s: the client is told so', async (_, text, code) => {
    using server = await serve((socket) => socket.write(bytes(text)))
    const before = lastId()
    const wire = await open(server.port)
    wire.send(toMessage(FRONTEND.query, 'SELECT 1\0'))
    expect((await wire.until('E')).toString()).toContain(code)
    await wire.ended
    expect((await ended(before)).at(0)).toMatchObject({ error: code, outcome: 'failed' })
  })

  test('half a row, and dies: the client sees that it has gone, the log says so', async () => {
    using server = await serve((socket) => {
      socket.write(bytes('D\0\0\x10\0half'), () => socket.destroy())
    })
    const before = lastId()
    const wire = await open(server.port)
    wire.send(toMessage(FRONTEND.query, 'SELECT 1\0'))
    await wire.ended
    expect((await ended(before)).at(0)).toMatchObject({
      error: 'connect-reset',
      outcome: 'failed',
    })
  })
})

test('a request to cancel is known in all processes that serve', async () => {
  await using crew = await openLab({ workers: 2 })
  let cancelled = 0
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', (piece: Buffer) => {
      if (piece.equals(toCancelRequest(bytes('key.key.')))) {
        cancelled++
        socket.end()
      } else socket.write(LET_IN)
    })
  })
  server.listen(0, '127.0.0.10')
  await once(server, 'listening')
  const authority = `api.de.test:${(server.address() as net.AddressInfo).port}`
  const wire = PgWire.open(await openTunnel(crew.proxy, authority))
  wire.send(START)
  await wire.until('Z')
  const cancel = async () => {
    const socket = await openTunnel(crew.proxy, authority)
    socket.write(toCancelRequest(bytes('key.key.')))
    socket.resume()
    await once(socket, 'close')
  }
  // The other process is told of it a moment later.
  await eventually('ten in a row that have arrived', async () => {
    const before = cancelled
    for (let i = 0; i < 10; i++) await cancel()
    return cancelled === before + 10
  })
  wire.end()
  server.close()
})

describe.skipIf(missing(postgresql, linux))('results of any size', () => {
  let server: PostgresqlServer
  beforeAll(async () => {
    server = await openPostgresqlServer(["listen_addresses = '127.0.0.10'"], 15_434)
  })
  afterAll(() => server?.[Symbol.asyncDispose]())

  test.each([
    ['in rows', "SELECT repeat('x', 1000) FROM generate_series(1, 200000)"],
    ['in one value', "SELECT repeat('x', 200 * 1000 * 1000)"],
  ])('200 MB %s pass in little memory, to a client that is slow', async (_, text) => {
    const socket = await openTunnel(lab.proxy, 'api.de.test:15434')
    const wire = PgWire.open(socket)
    wire.send(START)
    await wire.until('Z')
    const before = readKilobytes(lab.proxy.process.pid)
    // From here on nothing is kept.
    socket.removeAllListeners('data')
    let size = 0
    let most = 0
    let last = Buffer.alloc(0)
    const done = Promise.withResolvers<void>()
    socket.on('data', (piece: Buffer) => {
      size += piece.length
      last = Buffer.concat([last, piece]).subarray(-6)
      if (last.equals(toMessage(BACKEND.readyForQuery, 'I'))) done.resolve()
      if (size % 16 !== 0) return
      most = Math.max(most, readKilobytes(lab.proxy.process.pid))
      socket.pause()
      setImmediate(() => socket.resume())
    })
    wire.send(toMessage(FRONTEND.query, `${text}\0`))
    await done.promise
    expect(size).toBeGreaterThan(200_000_000)
    most = Math.max(most, readKilobytes(lab.proxy.process.pid))
    // Kibibytes: none of it is held but what is on its way, and what nobody has collected yet; the faster the machine the more.
    expect(most - before).toBeLessThan(128 * 1024)
    wire.end()
  })
})
