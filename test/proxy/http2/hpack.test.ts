/** Header compression: the examples of RFC 7541, nghttp2 (in Node's own HTTP/2) as the other side, and bytes at random. */

import { once } from 'node:events'
import http2 from 'node:http2'
import net, { type AddressInfo } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameBuffer } from '../../../src/proxy/http2/frame-buffer.ts'
import { FrameReader } from '../../../src/proxy/http2/frame-reader.ts'
import { FRAME, MAX_FRAME_BYTES, PREFACE } from '../../../src/proxy/http2/frames.ts'
import { HeaderBlocks } from '../../../src/proxy/http2/header-blocks.ts'
import { HpackDecoder } from '../../../src/proxy/http2/hpack/decoder.ts'
import { HpackEncoder } from '../../../src/proxy/http2/hpack/encoder.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex')
const listOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .flatMap((line) => {
      const [, name = '', value = ''] = /^\s*(:?[^:]+): ?(.*)$/.exec(line) ?? []
      return [name, value]
    })

describe('RFC 7541 appendix C', () => {
  test.each([
    [
      'C.2.1',
      '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572',
      'custom-key: custom-header',
    ],
    ['C.2.2', '040c 2f73 616d 706c 652f 7061 7468', ':path: /sample/path'],
    ['C.2.3', '1008 7061 7373 776f 7264 0673 6563 7265 74', 'password: secret'],
    ['C.2.4', '82', ':method: GET'],
  ])('%s', (_, block, list) => {
    const decoded = new HpackDecoder(1_000).decode(hex(block))
    expect(decoded?.list).toEqual(listOf(list))
    expect(decoded?.secret ?? new Set()).toEqual(block.startsWith('10') ? new Set([0]) : new Set())
  })

  const first = ':method: GET\n:scheme: http\n:path: /\n:authority: www.example.com'
  const requests = [
    first,
    `${first}\ncache-control: no-cache`,
    ':method: GET\n:scheme: https\n:path: /index.html\n:authority: www.example.com\ncustom-key: custom-value',
  ]
  const date = 'date: Mon, 21 Oct 2013 20:13:21 GMT\nlocation: https://www.example.com'
  const responses = [
    `:status: 302\ncache-control: private\n${date}`,
    `:status: 307\ncache-control: private\n${date}`,
    [
      ':status: 200\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:22 GMT',
      'location: https://www.example.com\ncontent-encoding: gzip',
      'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
    ].join('\n'),
  ]
  // Answers in the appendix are for a table of 256: the first block says so.
  const small = '3fe1 01'
  test.each<[string, string[], string[]]>([
    [
      'C.3: requests',
      [
        '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        '8286 84be 5808 6e6f 2d63 6163 6865',
        '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
      ],
      requests,
    ],
    [
      'C.4: requests with Huffman',
      [
        '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
        '8286 84be 5886 a8eb 1064 9cbf',
        '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
      ],
      requests,
    ],
    [
      'C.5: answers',
      [
        `${small} 4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133
         2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
        '4803 3330 37c1 c0bf',
        `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0
         5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745
         4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31`,
      ],
      responses,
    ],
    [
      'C.6: answers with Huffman',
      [
        `${small} 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6
         2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
        '4883 640e ffc1 c0bf',
        `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7
         821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed
         4ee5 b106 3d50 07`,
      ],
      responses,
    ],
  ])('%s, block after block', (_, blocks, lists) => {
    const decoder = new HpackDecoder(10_000)
    expect(blocks.map((block) => decoder.decode(hex(block))?.list)).toEqual(lists.map(listOf))
  })
})

const token = fc.stringMatching(/^x-[a-z0-9-]{0,30}$/)
const value = fc.oneof(
  fc.stringMatching(/^[!-~]([ -~]{0,200}[!-~])?$/),
  fc.constantFrom('', 'gzip', '0', 'https://example.test/'),
)
const known = fc.constantFrom(
  ['accept', '*/*'],
  ['accept-encoding', 'gzip, deflate'],
  ['user-agent', 'test/1'],
  ['cookie', 'a=b'],
  ['authorization', 'Bearer secret'],
)
const list = fc
  .array(fc.oneof(fc.tuple(token, value), known), { maxLength: 30 })
  .map((fields) => fields.flat())
/** Lists of one connection: some come again, so that both tables are used. */
const lists = fc
  .tuple(fc.array(list, { minLength: 1, maxLength: 6 }), fc.array(fc.nat(5), { maxLength: 20 }))
  .map(([some, order]) => order.map((i) => some[i % some.length] ?? []))

/** A name may come more than once; the types do not know the option yet. */
const LAX: http2.ClientSessionOptions & { strictSingleValueFields: boolean } = {
  strictSingleValueFields: false,
}

describe('nghttp2 as the other side', () => {
  test('understands what we write', async () => {
    const got: string[][] = []
    const server = http2.createServer({ maxHeaderListPairs: 1_000 })
    server.on('stream', (stream: http2.ServerHttp2Stream, _headers, _flags, raw: string[]) => {
      got.push(raw)
      stream.on('error', () => {})
      stream.respond({ ':status': 204 }, { endStream: true })
    })
    server.on('sessionError', () => {})
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    try {
      for (const all of fc.sample(lists, 30)) {
        got.length = 0
        const socket = net.connect(port, '127.0.0.1')
        const encoder = new HpackEncoder()
        const out = new FrameBuffer()
        out.raw(PREFACE)
        out.settings({})
        const sent = all.map((fields, i) => {
          const whole = [':method', 'GET', ':scheme', 'http', ':authority', 'a.test', ':path', '/']
          whole.push(...fields)
          // The other side may make the table smaller, and larger again.
          if (i % 5 === 3) encoder.allow(100)
          if (i % 5 === 4) encoder.allow(4_096)
          out.headers(1 + 2 * i, whole, null, true, encoder, MAX_FRAME_BYTES)
          return whole
        })
        out.ping(Buffer.alloc(8), false)
        socket.write(Buffer.concat(out.take()))
        await framesUntil(socket, FRAME.ping)
        socket.destroy()
        expect(got).toEqual(sent)
      }
    } finally {
      server.close()
    }
  })

  test('is understood by us, with Huffman and its table', async () => {
    const server = net.createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    try {
      for (const all of fc.sample(lists, 30)) {
        const accepted = once(server, 'connection') as Promise<[net.Socket]>
        const session = http2.connect(`http://127.0.0.1:${port}`, LAX)
        session.on('error', () => {})
        const [socket] = await accepted
        const out = new FrameBuffer()
        out.settings({})
        socket.write(Buffer.concat(out.take()))
        const blocks = new HeaderBlocks(100_000)
        const decoded: (readonly string[])[] = []
        const done = framesUntil(
          socket,
          FRAME.ping,
          PREFACE.length,
          (type, flags, stream, payload) => {
            if (type !== FRAME.headers && type !== FRAME.continuation) return
            const result =
              type === FRAME.headers
                ? blocks.begin(flags, stream, payload)
                : blocks.continue(flags, payload)
            if (result) decoded.push('list' in result ? result.list : [result.detail])
          },
        )
        await once(session, 'connect')
        const sent = all.map((fields) => {
          const whole = [
            ':method',
            'GET',
            ':path',
            '/',
            ':scheme',
            'http',
            ':authority',
            'a.test',
            ...fields,
          ]
          session.request(whole as unknown as http2.OutgoingHttpHeaders).on('error', () => {})
          return whole
        })
        session.ping(() => {})
        await done
        session.destroy()
        socket.destroy()
        expect(decoded.map(sorted)).toEqual(sent.map(sorted))
      }
    } finally {
      server.close()
    }
  })
})

/** As pairs in order of names; values of one name stay in theirs. */
function sorted(list: readonly string[]): string[][] {
  const pairs: string[][] = []
  for (let i = 0; i < list.length; i += 2) pairs.push([list[i] ?? '', list[i + 1] ?? ''])
  return pairs.sort(([a = ''], [b = '']) => (a < b ? -1 : a > b ? 1 : 0))
}

/** Reads frames until one of that type has come, behind `skip` bytes. */
async function framesUntil(
  socket: net.Socket,
  until: number,
  skip = 0,
  onFrame: (type: number, flags: number, stream: number, payload: Buffer) => void = () => {},
): Promise<void> {
  let left = skip
  await new Promise<void>((resolve, reject) => {
    const reader = new FrameReader({
      onFrame(type, flags, stream, payload) {
        onFrame(type, flags, stream, payload)
        if (type === until) resolve()
      },
      onDataBegin() {},
      onData() {},
      onDataEnd() {},
      onFault: ({ detail }) => reject(new Error(detail)),
    })
    socket.on('data', (chunk: Buffer) => {
      const skipped = Math.min(left, chunk.length)
      left -= skipped
      reader.push(chunk.subarray(skipped))
    })
    socket.on('close', () => reject(new Error('the connection was closed')))
  })
}

describe('bytes at random', () => {
  const MAX = 2_000
  const check = (blocks: readonly Uint8Array[]) => {
    const decoder = new HpackDecoder(MAX)
    for (const bytes of blocks) {
      const decoded = decoder.decode(Buffer.from(bytes))
      if (decoded === null) return
      const size = decoded.list.reduce((sum, text) => sum + text.length, 0)
      expect(size).toBeLessThanOrEqual(MAX)
      expect(decoded.list.length % 2).toBe(0)
    }
  }

  test('are a list or are refused', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), check), {
      numRuns: 3_000,
    })
  })

  test('so are blocks with bytes changed, left out and put in', () => {
    const change = fc.tuple(fc.nat(2_000), fc.nat(255), fc.constantFrom('set', 'cut', 'put'))
    fc.assert(
      fc.property(
        fc.array(list, { maxLength: 4 }),
        fc.array(change, { maxLength: 6 }),
        (all, changes) => {
          const encoder = new HpackEncoder()
          const blocks = all.map((fields) => {
            const out = new FrameBuffer()
            out.headers(1, fields, null, true, encoder, 1 << 24)
            return Buffer.concat(out.take()).subarray(9)
          })
          check(
            blocks.map((block) => {
              const bytes = [...block]
              for (const [at, byte, how] of changes) {
                if (how === 'set') bytes[at % (bytes.length || 1)] = byte
                else if (how === 'cut') bytes.splice(at % (bytes.length || 1), 1)
                else bytes.splice(at % (bytes.length || 1), 0, byte)
              }
              return Uint8Array.from(bytes)
            }),
          )
        },
      ),
      { numRuns: 1_000 },
    )
  })

  test('what goes in comes out, secrets as secrets', () => {
    fc.assert(
      fc.property(lists, (all) => {
        const encoder = new HpackEncoder()
        const decoder = new HpackDecoder(1 << 20)
        for (const fields of all) {
          const out = new FrameBuffer()
          out.headers(1, fields, new Set(fields.length > 0 ? [0] : []), true, encoder, 1 << 24)
          const decoded = decoder.decode(Buffer.concat(out.take()).subarray(9))
          expect(decoded?.list).toEqual(fields)
          for (const [i, name] of fields.entries()) {
            if (i % 2 === 0 && ['cookie', 'authorization'].includes(name)) {
              expect(decoded?.secret?.has(i)).toBe(true)
            }
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  test('a small block that names a large entry again and again costs what the limit allows', () => {
    const decoder = new HpackDecoder(MAX)
    const field = Buffer.concat([
      Buffer.of(0x40, 1, 0x78, 0x7f, 0x81, 0x1e),
      Buffer.alloc(4_000, 0x79),
    ])
    const decoded = decoder.decode(Buffer.concat([field, Buffer.alloc(200_000, 0xbe)]))
    expect(decoded).toMatchObject({ isTooLarge: true, list: [] })
  })
})
