/** What we read of a hello, beside what a real server makes of it: whatever is not refused here means the same there. */

import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import tls from 'node:tls'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ClientHelloReader, type HelloProgress } from '../../src/tls/client-hello.ts'
import { issue, recordHello } from './support.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 100)

/** Milliseconds: it takes one or two seconds, but every run is a handshake, and machines are busy. */
const PATIENCE = 60_000

/** What the server was asked for; null where it was not asked, or has refused. */
interface Seen {
  readonly answered: boolean
  readonly serverName: string | null
  readonly alpn: readonly string[]
}

let server: net.Server
let hellos: Buffer[]
/** The connection under way: there is only one at a time. */
let asked: { serverName: string | null; alpn: readonly string[] }

beforeAll(async () => {
  const certificate = issue({ name: 'lab', hosts: ['a.example'] })
  const context = tls.createSecureContext({ key: certificate.keyPem, cert: certificate.pem })
  const options: tls.TlsOptions = {
    key: certificate.keyPem,
    cert: certificate.pem,
    SNICallback(name, callback) {
      asked.serverName = name
      callback(null, context)
    },
    ALPNCallback({ protocols }) {
      asked.alpn = protocols
      return protocols[0]
    },
  }
  server = tls.createServer(options)
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const alpn = { ALPNProtocols: ['h2', 'http/1.1'] }
  hellos = await Promise.all([
    recordHello({ servername: 'api.example.com', ...alpn }),
    recordHello({ servername: 'a.example' }),
    recordHello({ servername: 'api.example.com', maxVersion: 'TLSv1.2', ...alpn }),
    recordHello({ ...alpn }),
  ])
})
afterAll(() => {
  server.close()
})

/** What the server does with these bytes, and nothing behind them. */
async function serve(bytes: Buffer): Promise<Seen> {
  asked = { serverName: null, alpn: [] }
  const socket = net.connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.on('error', () => {})
  socket.end(bytes)
  let first: number | undefined
  socket.on('data', (data: Buffer) => {
    first ??= data[0]
    socket.destroy()
  })
  await once(socket, 'close')
  // A handshake record: ServerHello or HelloRetryRequest. Alerts are refusals.
  return { answered: first === 22, ...asked }
}

function read(bytes: Buffer, places: readonly number[] = []): HelloProgress {
  const reader = new ClientHelloReader()
  const ends = [...new Set(places.map((place) => place % bytes.length))].sort((a, b) => a - b)
  let start = 0
  for (const end of [...ends, bytes.length]) {
    reader.push(bytes.subarray(start, end))
    start = end
  }
  return reader.push(new Uint8Array())
}

/** The handshake message of a hello that came in one record, in records of these sizes. */
function inRecords(hello: Buffer, sizes: readonly number[]): Buffer {
  const message = hello.subarray(5)
  const records: Buffer[] = []
  let at = 0
  for (const size of [...sizes, message.length]) {
    const piece = message.subarray(at, at + size)
    if (piece.length === 0) break
    records.push(Buffer.from([22, 3, 1, piece.length >> 8, piece.length & 0xff]), piece)
    at += size
  }
  return Buffer.concat(records)
}

const hello = fc.nat(3).map((i) => hellos[i % hellos.length] as Buffer)
const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 8 })
const places = fc.array(fc.nat(2_000), { maxLength: 10 })
const change = fc.record({
  at: fc.nat(2_000),
  removed: fc.constantFrom(0, 1, 1, 1, 1, 2),
  put: fc.uint8Array({ maxLength: 2 }),
})

function changed(
  bytes: Buffer,
  changes: readonly { at: number; removed: number; put: Uint8Array }[],
) {
  let result = bytes
  for (const { at, removed, put } of changes) {
    const place = at % (result.length + 1)
    result = Buffer.concat([result.subarray(0, place), put, result.subarray(place + removed)])
  }
  return result
}

async function compare(bytes: Buffer, at: readonly number[]): Promise<'same' | 'refused'> {
  const ours = read(bytes, at)
  expect(ours).toEqual(read(bytes))
  if (!ours.done) {
    // Where we wait, so does the server.
    expect(await serve(bytes)).toMatchObject({ answered: false })
    return 'refused'
  }
  if ('fault' in ours) return 'refused'
  const theirs = await serve(bytes)
  if (!theirs.answered) return 'refused'
  const { serverName, alpn } = ours.hello
  expect(theirs.serverName).toBe(serverName)
  expect(theirs.alpn).toHaveLength(alpn.length)
  // The server gives names of protocols as ASCII, in which other bytes are lost.
  if (alpn.every(isAscii)) expect(theirs.alpn).toEqual(alpn)
  return 'same'
}

const isAscii = (text: string) => [...text].every((letter) => letter < '\x80')

test(
  'a hello in any records, in any pieces, is what the server takes it for',
  async () => {
    const property = fc.asyncProperty(hello, sizes, places, async (sent, records, at) => {
      expect(await compare(inRecords(sent, records), at)).toBe('same')
    })
    await fc.assert(property, { numRuns: RUNS })
  },
  PATIENCE,
)

test(
  'a hello with some bytes changed is refused, or what the server takes it for',
  async () => {
    const count = { same: 0, refused: 0 }
    const changes = fc.array(change, { minLength: 1, maxLength: 3 })
    const property = fc.asyncProperty(
      hello,
      sizes,
      changes,
      places,
      async (sent, records, all, at) => {
        count[await compare(changed(inRecords(sent, records), all), at)]++
      },
    )
    await fc.assert(property, { numRuns: 2 * RUNS })
    expect(Math.min(count.same, count.refused)).toBeGreaterThan(RUNS / 20)
  },
  PATIENCE,
)

test(
  'extensions twice, or names of several kinds, likewise',
  async () => {
    const name = (type: number, text: string) =>
      Buffer.concat([Buffer.from([type, 0, text.length]), Buffer.from(text)])
    const extension = (type: number, body: Buffer) =>
      Buffer.concat([
        Buffer.from([type >> 8, type & 255, body.length >> 8, body.length & 255]),
        body,
      ])
    const list = (...names: Buffer[]) => {
      const all = Buffer.concat(names)
      return Buffer.concat([Buffer.from([0, all.length]), all])
    }
    const names = fc.constantFrom(
      'b.example',
      'B.EXAMPLE',
      '',
      '127.0.0.1',
      'x_y',
      'a b',
      'a\0b',
      'é',
    )
    const more = fc.oneof(
      names.map((text) => extension(0, list(name(0, text)))),
      fc.tuple(names, names).map(([a, b]) => extension(0, list(name(0, a), name(0, b)))),
      fc.tuple(fc.nat(3), names).map(([type, text]) => extension(0, list(name(type, text)))),
      fc.constantFrom(
        extension(16, Buffer.from('\0\x03\x02h3')),
        extension(16, Buffer.from('\0\x01\0')),
      ),
      fc.constantFrom(extension(0xfe0d, Buffer.alloc(4)), extension(0xabcd, Buffer.alloc(0))),
    )
    const property = fc.asyncProperty(
      hello,
      fc.array(more, { maxLength: 2 }),
      async (sent, added) => {
        await compare(withExtensions(sent, Buffer.concat(added)), [])
      },
    )
    await fc.assert(property, { numRuns: RUNS })
  },
  PATIENCE,
)

/** Behind the others, with all lengths around them corrected. */
function withExtensions(sent: Buffer, added: Buffer): Buffer {
  const bytes = Buffer.concat([sent, added])
  const grow = (at: number, width: number) =>
    bytes.writeUIntBE(bytes.readUIntBE(at, width) + added.length, at, width)
  grow(3, 2)
  grow(6, 3)
  const session = 5 + 4 + 2 + 32
  const suites = session + 1 + (bytes[session] ?? 0)
  const compressions = suites + 2 + bytes.readUInt16BE(suites)
  grow(compressions + 1 + (bytes[compressions] ?? 0), 2)
  return bytes
}
