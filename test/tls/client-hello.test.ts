import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  ClientHelloReader,
  type HelloProgress,
  MAX_HELLO_BYTES,
} from '../../src/tls/client-hello.ts'
import { recordHello } from './support.ts'

/** What a length of 1, 2 or 3 bytes stands before. */
function vector(width: number, ...parts: (Buffer | string)[]): Buffer {
  const bytes = Buffer.concat(parts.map((part) => Buffer.from(part as string, 'latin1')))
  const length = Buffer.alloc(width)
  length.writeUIntBE(bytes.length, 0, width)
  return Buffer.concat([length, bytes])
}

const extension = (type: number, ...parts: (Buffer | string)[]) =>
  Buffer.concat([Buffer.from([type >> 8, type & 0xff]), vector(2, ...parts)])
const hostName = (name: string, type = 0) => Buffer.concat([Buffer.from([type]), vector(2, name)])
const sni = (...names: string[]) => extension(0, vector(2, ...names.map((name) => hostName(name))))
const alpn = (...protocols: string[]) =>
  extension(16, vector(2, ...protocols.map((p) => vector(1, p))))
const versions = (list: string) => extension(43, vector(1, list))
const padding = (bytes: number) => extension(21, Buffer.alloc(bytes))

interface Parts {
  readonly version?: string
  readonly session?: number
  readonly suites?: number
  readonly compressions?: number
  /** Null leaves the block out. */
  readonly extensions?: readonly Buffer[] | null
  readonly trailing?: string
}

function helloMessage(parts: Parts = {}): Buffer {
  const { version = '\x03\x03', session = 32, suites = 4, compressions = 1 } = parts
  const extensions = parts.extensions === undefined ? [sni('example.com')] : parts.extensions
  const body = Buffer.concat([
    Buffer.from(version, 'latin1'),
    Buffer.alloc(32, 7),
    vector(1, Buffer.alloc(session)),
    vector(2, Buffer.alloc(suites)),
    vector(1, Buffer.alloc(compressions)),
    extensions ? vector(2, ...extensions) : Buffer.alloc(0),
    Buffer.from(parts.trailing ?? ''),
  ])
  return Buffer.concat([Buffer.from([1]), vector(3, body)])
}

/** Cuts a handshake message into records of the given size. */
function toRecords(message: Buffer, size = 16384): Buffer {
  const records: Buffer[] = []
  for (let at = 0; at < message.length; at += size) {
    records.push(Buffer.from([22, 3, 1]), vector(2, message.subarray(at, at + size)))
  }
  return Buffer.concat(records)
}

const read = (...pieces: Uint8Array[]): HelloProgress => {
  const reader = new ClientHelloReader()
  for (const piece of pieces) reader.push(piece)
  return reader.push(new Uint8Array())
}
const readBytewise = (bytes: Buffer): HelloProgress => {
  const reader = new ClientHelloReader()
  for (let at = 0; at < bytes.length; at++) reader.push(bytes.subarray(at, at + 1))
  return reader.push(new Uint8Array())
}
const faultOf = (progress: HelloProgress) => ('fault' in progress ? progress.fault : progress)

describe('what a Node client sends', () => {
  let sent: Buffer
  const want: HelloProgress = {
    done: true,
    hello: { serverName: 'api.example.com', alpn: ['h2', 'http/1.1'], ech: false, tls13: true },
  }
  beforeAll(async () => {
    sent = await recordHello({ servername: 'api.example.com', ALPNProtocols: ['h2', 'http/1.1'] })
  })

  test('is read from one piece', () => {
    expect(read(sent)).toEqual(want)
  })

  test('is read when split in two anywhere, and not before its end', () => {
    for (let at = 1; at < sent.length; at++) {
      expect(read(sent.subarray(0, at)), `${at} bytes`).toEqual({ done: false })
      expect(read(sent.subarray(0, at), sent.subarray(at)), `split at ${at}`).toEqual(want)
    }
  })

  test.each([1, 2, 3, 4, 5, 7, 100])('is read from records of %s bytes, byte by byte', (size) => {
    expect(readBytewise(toRecords(sent.subarray(5), size))).toEqual(want)
  })

  test('without a server name or protocols says so', async () => {
    expect(read(await recordHello({}))).toEqual({
      done: true,
      hello: { serverName: null, alpn: [], ech: false, tls13: true },
    })
  })

  test('that speaks TLS 1.2 at most says so', async () => {
    expect(read(await recordHello({ maxVersion: 'TLSv1.2' }))).toMatchObject({
      hello: { tls13: false },
    })
  })

  test('is read as the same whatever follows it', () => {
    expect(read(sent, Buffer.from('early data'))).toEqual(want)
    expect(read(Buffer.concat([sent, Buffer.from('early data')]))).toEqual(want)
  })
})

describe('a hello', () => {
  test.each<[string, Parts, object]>([
    [
      'of TLS 1.0 without extensions',
      { extensions: null, session: 0, version: '\x03\x01' },
      { serverName: null },
    ],
    ['with an empty block of extensions', { extensions: [] }, { serverName: null }],
    [
      'with 17 KB of key shares',
      { extensions: [padding(17_000), sni('a.example')] },
      { serverName: 'a.example' },
    ],
    [
      'with an underscore in the name',
      { extensions: [sni('a_b.example')] },
      { serverName: 'a_b.example' },
    ],
    ['with a name as typed', { extensions: [sni('Example.COM.')] }, { serverName: 'Example.COM.' }],
    [
      'with a name of 255 characters',
      { extensions: [sni('n'.repeat(255))] },
      { serverName: 'n'.repeat(255) },
    ],
    [
      'that offers TLS 1.3',
      { extensions: [versions('\x0a\x0a\x03\x04\x03\x03')] },
      { tls13: true },
    ],
    ['that offers TLS 1.2', { extensions: [versions('\x03\x03')] }, { tls13: false }],
    [
      'with 3 and 4 in two versions',
      { extensions: [versions('\x7a\x03\x04\x7a')] },
      { tls13: false },
    ],
    ['with ECH', { extensions: [extension(0xfe0d, 'x')] }, { ech: true }],
    ['with grease in ALPN', { extensions: [alpn('\x0a\xfa', 'h2')] }, { alpn: ['\x0a\xfa', 'h2'] }],
    [
      'with unknown extensions',
      { extensions: [extension(0x1a1a), extension(0xffff, 'y')] },
      { alpn: [] },
    ],
  ])('%s is read', (_, parts, want) => {
    const bytes = toRecords(helloMessage(parts))
    expect(read(bytes)).toMatchObject({ done: true, hello: want })
    expect(readBytewise(bytes)).toEqual(read(bytes))
  })

  test.each<[string, Parts]>([
    ['two names', { extensions: [sni('a.example', 'b.example')] }],
    ['the same name twice', { extensions: [sni('a.example', 'a.example')] }],
    ['an empty list', { extensions: [sni()] }],
    ['an extension without list', { extensions: [extension(0)] }],
    ['an empty name', { extensions: [sni('')] }],
    ['a name of 256 characters', { extensions: [sni('n'.repeat(256))] }],
    ['NUL in the name', { extensions: [sni('allowed.example\0.evil.example')] }],
    ['a space in the name', { extensions: [sni('a b')] }],
    ['a line break in the name', { extensions: [sni('a.example\n')] }],
    ['DEL in the name', { extensions: [sni('a\x7f')] }],
    ['UTF-8 in the name', { extensions: [sni('m\xc3\xbcnchen.example')] }],
    ['a name of another type', { extensions: [extension(0, vector(2, hostName('a.example', 1)))] }],
    ['a name longer than the list', { extensions: [extension(0, vector(2, '\0\0\x09abc'))] }],
    ['bytes after the list', { extensions: [extension(0, vector(2, hostName('a.example')), 'x')] }],
    ['bytes after the name', { extensions: [extension(0, vector(2, hostName('a.example'), 'x'))] }],
  ])('with %s is refused for its server name', (_, parts) => {
    expect(faultOf(read(toRecords(helloMessage(parts))))).toBe('server-name')
  })

  test.each<[string, Parts]>([
    ['two server_name extensions', { extensions: [sni('a.example'), sni('a.example')] }],
    ['two extensions of an unknown type', { extensions: [extension(77), extension(77)] }],
    ['a cut extension', { extensions: [Buffer.from('\0\0\0\x05abc')] }],
    ['half an extension type', { extensions: [sni('a.example'), Buffer.from('\0')] }],
    ['bytes after the extensions', { trailing: 'x' }],
    ['one byte where the extensions should be', { extensions: null, trailing: 'x' }],
    ['a session id of 33 bytes', { session: 33 }],
    ['no cipher suite', { suites: 0 }],
    ['half a cipher suite', { suites: 3 }],
    ['no compression method', { compressions: 0 }],
    ['another major version', { version: '\x02\x00' }],
    ['no version in the list', { extensions: [versions('')] }],
    ['half a version', { extensions: [versions('\x03\x04\x03')] }],
    ['bytes after the versions', { extensions: [extension(43, vector(1, '\x03\x04'), 'x')] }],
    ['an empty list of protocols', { extensions: [alpn()] }],
    ['an empty protocol', { extensions: [alpn('h2', '')] }],
    ['bytes after the protocols', { extensions: [extension(16, vector(2, vector(1, 'h2')), 'x')] }],
    ['too many protocols', { extensions: [alpn(...Array(65).fill('x'))] }],
  ])('with %s is malformed', (_, parts) => {
    expect(faultOf(read(toRecords(helloMessage(parts))))).toBe('malformed')
  })

  test('that is cut anywhere, with all lengths around it corrected, is malformed', () => {
    const body = helloMessage({ extensions: [sni('a.example'), alpn('h2')] }).subarray(4)
    // Without extensions it is whole.
    const withoutExtensions = helloMessage({ extensions: null }).length - 4
    for (let at = 0; at < body.length; at++) {
      if (at === withoutExtensions) continue
      const cut = Buffer.concat([Buffer.from([1]), vector(3, body.subarray(0, at))])
      expect(faultOf(read(toRecords(cut))), `${at} bytes`).toBe('malformed')
    }
  })
})

describe('the size', () => {
  const ofSize = (bytes: number) => {
    const rest = helloMessage({ extensions: [padding(0)] }).length
    // An extension holds at most 65535 bytes and the block too, so the rest goes into the cipher suites.
    const message = helloMessage({
      extensions: [padding(30_001)],
      suites: bytes - rest - 30_001 + 4,
    })
    expect(message).toHaveLength(bytes)
    return message
  }

  test('may be 64 KiB, header included, also in records of one byte that come byte by byte', () => {
    const message = ofSize(MAX_HELLO_BYTES)
    expect(read(toRecords(message))).toMatchObject({ hello: { serverName: null } })
    expect(readBytewise(toRecords(message, 1))).toMatchObject({ hello: { serverName: null } })
  })

  test('is refused as soon as more is announced', () => {
    expect(faultOf(read(toRecords(ofSize(MAX_HELLO_BYTES + 2)).subarray(0, 9)))).toBe('too-large')
    expect(faultOf(read(Buffer.from('16030100040100ffff', 'hex')))).toBe('too-large')
    expect(faultOf(read(Buffer.from('160301000401ffffff', 'hex')))).toBe('too-large')
  })
})

describe('what is not TLS', () => {
  test.each([
    ['an HTTP request', 'GET / HTTP/1.1\r\n'],
    ['one letter', 'G'],
    ['SSH', 'SSH-2.0-x\r\n'],
    ['SSL 2', '\x80\x2e\x01\x03\x01'],
    ['a TLS alert', '\x15\x03\x03\0\x02\x02\x28'],
    ['application data', '\x17\x03\x03\0\x05hello'],
    ['a zero', '\0'],
    ['the type of a handshake, then no version', '\x16\x02'],
  ])('is told at once: %s', (_, text) => {
    expect(faultOf(read(Buffer.from(text, 'latin1')))).toBe('not-tls')
    expect(faultOf(readBytewise(Buffer.from(text, 'latin1')))).toBe('not-tls')
  })
})

describe('records', () => {
  const message = helloMessage()
  const first = toRecords(message.subarray(0, 10))

  test.each<[string, Buffer]>([
    ['an empty record', Buffer.from('1603010000', 'hex')],
    ['a record over 16 KiB', Buffer.from('1603014001', 'hex')],
    ['an alert in between', Buffer.concat([first, Buffer.from('15030100020228', 'hex')])],
    ['an empty record in between', Buffer.concat([first, Buffer.from('1603010000', 'hex')])],
    ['something else in between', Buffer.concat([first, Buffer.from('GET ')])],
    ['a ServerHello', toRecords(Buffer.from('02000000', 'hex'))],
    ['a message after it in its record', toRecords(Buffer.concat([message, message]))],
    ['one byte after it in its record', toRecords(Buffer.concat([message, Buffer.of(1)]))],
  ])('are malformed with %s', (_, bytes) => {
    expect(faultOf(read(bytes))).toBe('malformed')
    expect(readBytewise(bytes)).toEqual(read(bytes))
  })
})

describe('whatever comes', () => {
  /** Cuts bytes at the given places. */
  const cut = (bytes: Uint8Array, places: readonly number[]) => {
    const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
    return [0, ...at].map((from, i) => bytes.subarray(from, at[i] ?? bytes.length))
  }
  const places = fc.array(fc.nat(), { maxLength: 20 })

  test('it does not throw, and the pieces make no difference', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), places, (random, isTls, at) => {
        const bytes = isTls ? toRecords(Buffer.from(random), 50) : random
        expect(read(...cut(bytes, at))).toEqual(read(bytes))
      }),
    )
  })

  test('a hello with some bytes changed is read or refused, the same in any pieces', () => {
    const sound = toRecords(helloMessage({ extensions: [sni('a.example'), alpn('h2')] }), 40)
    const changes = fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { maxLength: 5 })
    fc.assert(
      fc.property(changes, places, (changed, at) => {
        const bytes = Buffer.from(sound)
        for (const [place, byte] of changed) bytes[place] = byte
        expect(read(...cut(bytes, at))).toEqual(read(bytes))
      }),
    )
  })
})
