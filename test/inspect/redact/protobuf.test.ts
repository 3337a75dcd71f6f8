/** Protocol Buffers, read without the schema: who has it finds the message as it was, without what is found. */

import { randomBytes } from 'node:crypto'
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { codecOf } from '../../support/protobuf.ts'
import { redact, redactAllWays } from '../../support/redact.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 200)
const TYPE = 'application/x-protobuf'

const CHAT = codecOf(
  `syntax = "proto3";
   message Chat {
     string model = 1;
     repeated Message messages = 2;
     map<string, string> labels = 3;
     Options options = 4;
     bytes blob = 5;
     repeated double embedding = 6;
     repeated KeyValue attributes = 7;
     repeated int64 numbers = 8;
   }
   message Message { string content = 1; string role = 2; }
   message Options { fixed32 seed = 1; sint64 n = 2; string note = 3; double t = 4; }
   message KeyValue { string key = 1; Value value = 2; }
   message Value { oneof kind { string text = 1; Struct struct = 2; bool flag = 3; } }
   message Struct { repeated KeyValue fields = 1; }`,
  'Chat',
)

/** What comes out, by who has the schema. */
function through(chat: object): Record<string, unknown> {
  const { bytes, unscannable } = redactAllWays(CHAT.encode(chat), TYPE)
  expect(unscannable).toEqual([])
  return CHAT.decode(bytes)
}

describe('what is found', () => {
  test('a text in each place; what is around it stays', () => {
    const chat = {
      model: 'a XX1234XX',
      messages: [{ content: 'hello XX1234XX', role: 'user' }, { content: 'ä' }],
      options: { seed: 7, n: -5, note: 'XX1234XX', t: 0.5 },
      attributes: [{ key: 'a', value: { struct: { fields: [{ value: { text: 'XX1234XX' } }] } } }],
      numbers: [1, 2, 300],
    }
    const { bytes, findings } = redactAllWays(CHAT.encode(chat), TYPE)
    const want = JSON.parse(JSON.stringify(chat).replaceAll('XX1234XX', '[mark]'))
    expect(CHAT.decode(bytes)).toEqual(CHAT.decode(CHAT.encode(want)))
    expect(findings).toEqual([
      'mark proto.1 1',
      'mark proto.2.1 1',
      'mark proto.4.3 1',
      'mark proto.7.2.2.1.2.1 1',
    ])
  })

  test('texts of every length, also where a message around one looks like a text', () => {
    for (let size = 0; size < 300; size++) {
      const content = `XX1234XX${'y'.repeat(size)}`
      expect(through({ messages: [{ content }] })).toEqual({
        messages: [{ content: `[mark]${'y'.repeat(size)}` }],
      })
      expect(through({ model: content })).toEqual({ model: `[mark]${'y'.repeat(size)}` })
    }
  })

  test('JSON in a text', () => {
    expect(through({ model: '{"secret":1234,"a":"\\u0058X1234XX"}' })).toEqual({
      model: '{"secret":0,"a":"[mark]"}',
    })
  })

  test('the key of an entry says what its value is', () => {
    const labels = { secret: '1234', other: '1234' }
    const attributes = [
      { key: 'secret', value: { text: '1234' } },
      { key: 'other', value: { text: '1234' } },
    ]
    const got = through({ labels, attributes })
    expect(got.labels).toEqual({ secret: '[secret]', other: '1234' })
    expect(got.attributes).toEqual([
      { key: 'secret', value: { text: '[secret]' } },
      { key: 'other', value: { text: '1234' } },
    ])
  })

  test('a message whose texts would say something together stays one', () => {
    const chat = { messages: [{ content: 'XX12', role: '34XX' }], options: { note: 'secret 1234' } }
    expect(through(chat)).toEqual(CHAT.decode(CHAT.encode(chat)))
  })

  test('a text with control characters that could be a message', () => {
    const note = 'XX1234XXö\u0001'
    expect(through({ options: { note } })).toMatchObject({ options: { note: '[mark]ö\u0001' } })
  })

  test('nothing in it: the same to the byte, and nothing unread', () => {
    const chat = {
      messages: [{ content: 'hello' }],
      blob: randomBytes(5000),
      embedding: Array.from({ length: 500 }, Math.random),
      numbers: Array.from({ length: 500 }, (_, i) => i * 1e9),
    }
    const before = CHAT.encode(chat)
    const { bytes, unscannable } = redactAllWays(before, TYPE)
    expect(bytes.equals(before)).toBe(true)
    expect(unscannable).toEqual([])
  })

  const piece = fc.constantFrom('XX1234XX', ' ', '\t', '\n', 'hello', 'ö', '{"a":"XX1234XX"}')
  const anyText = fc.array(piece).map((parts) => parts.join(''))
  const chatOf = (text: fc.Arbitrary<string>) =>
    fc.record(
      {
        model: text,
        messages: fc.array(fc.record({ content: text, role: text }), { maxLength: 3 }),
        labels: fc.dictionary(fc.constantFrom('a', 'b', 'XX1234XX'), text),
        options: fc.record({ seed: fc.nat(), n: fc.integer(), note: text, t: fc.double() }),
        blob: fc.uint8Array({ maxLength: 40 }),
        embedding: fc.array(fc.double(), { maxLength: 5 }),
      },
      { requiredKeys: [] },
    )

  test('any message: nothing is left', () => {
    fc.assert(
      fc.property(chatOf(anyText), (chat) => {
        const { bytes } = redact(CHAT.encode(chat), TYPE)
        expect(bytes.toString('latin1')).not.toMatch(/XX\d{4}XX/)
      }),
      { numRuns: RUNS },
    )
  })

  test('any message with texts that cannot be messages: nothing else has changed', () => {
    // No field begins with such a byte.
    const text = fc.oneof(
      anyText.map((rest) => `g${rest}`),
      fc.string({ unit: 'binary', maxLength: 60 }).map((rest) => `w${rest}`),
    )
    fc.assert(
      fc.property(chatOf(text), (chat) => {
        const before = CHAT.encode(chat)
        const { bytes } = redact(before, TYPE)
        const plain = (message: Buffer) => JSON.stringify(CHAT.decode(message))
        expect(plain(bytes)).toBe(plain(before).replaceAll('XX1234XX', '[mark]'))
      }),
      { numRuns: RUNS },
    )
  })
})

describe('what cannot be read', () => {
  const field = (...bytes: number[]) => Buffer.from(bytes)
  test.each([
    ['no message', Buffer.from('XX1234XX'), 'malformed body'],
    ['a field that goes beyond the end', field(0x0a, 0x05, 0x61), 'malformed body'],
    ['field 0', field(0x02, 0x01, 0x61), 'malformed body'],
    ['an unknown kind of field', field(0x0f), 'malformed body'],
    ['a group without end', field(0x0b, 0x08, 0x01), 'malformed body'],
    ['an end without group', field(0x0c), 'malformed body'],
    ['a number without end', field(0x08, ...Array(11).fill(0x80), 1), 'malformed body'],
    [
      'a text in bytes that are none',
      CHAT.encode({ blob: Buffer.from('\xff\xfe XX1234XX', 'latin1') }),
      'binary proto.5',
    ],
    ['a file', CHAT.encode({ blob: gzipSync(randomBytes(100)) }), 'binary proto.5'],
    ['what is too large', CHAT.encode({ blob: Buffer.alloc(4 * 1024 * 1024) }), 'size body'],
  ])('%s', (_, body, reason) => {
    const { bytes, unscannable } = redact(body, TYPE)
    expect(bytes.equals(body)).toBe(true)
    expect(unscannable).toEqual([reason])
  })

  test('groups are read', () => {
    const body = Buffer.concat([field(0x0b, 0x12, 0x08), Buffer.from('XX1234XX'), field(0x0c)])
    const { bytes } = redactAllWays(body, TYPE)
    const want = Buffer.concat([field(0x0b, 0x12, 0x06), Buffer.from('[mark]'), field(0x0c)])
    expect(bytes.equals(want)).toBe(true)
  })

  test('nested deeper than anybody does: read as text', () => {
    let body = CHAT.encode({ model: 'XX1234XX' })
    for (let i = 0; i < 100; i++) body = CHAT.encode({ blob: body })
    expect(redact(body, TYPE).bytes.includes('XX1234XX')).toBe(false)
  })

  test('random bytes: nothing is thrown, and what is no message stays', () => {
    for (let i = 0; i < 2000; i++) redact(randomBytes(i % 200), TYPE)
  })

  test('much of everything is read once for each message that it is in', () => {
    let nested = CHAT.encode({ model: `XX1234XX${'a'.repeat(2 * 1024 * 1024)}` })
    for (let i = 0; i < 60; i++) nested = CHAT.encode({ blob: nested })
    for (const body of [
      nested,
      CHAT.encode({ numbers: Array.from({ length: 500_000 }, (_, i) => i), model: 'XX1234XX' }),
      CHAT.encode({ messages: Array.from({ length: 200_000 }, () => ({ content: 'XX1234XX' })) }),
    ]) {
      expect(redact(body, TYPE).bytes.includes('XX1234XX')).toBe(false)
    }
  })
})

const envelope = (message: Buffer, flags = 0) => {
  const head = Buffer.alloc(5)
  head.writeUInt8(flags)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}
const say = (content: string) => CHAT.encode({ messages: [{ content }] })

/** Flags and message of each. */
function envelopesIn(bytes: Buffer): [number, Buffer][] {
  const list: [number, Buffer][] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + 5 + bytes.readUInt32BE(at + 1)
    list.push([bytes.readUInt8(at), bytes.subarray(at + 5, end)])
    at = end
  }
  return list
}

describe('in envelopes', () => {
  test.each(['application/grpc', 'application/grpc+proto', 'application/grpc-web+proto'])(
    '%s: each by itself',
    (type) => {
      const body = Buffer.concat(
        [say('XX1234XX'), Buffer.alloc(0), say('a')].map((m) => envelope(m)),
      )
      const { bytes, findings } = redactAllWays(body, type)
      const want = Buffer.concat([say('[mark]'), Buffer.alloc(0), say('a')].map((m) => envelope(m)))
      expect(bytes.equals(want)).toBe(true)
      expect(findings).toEqual(['mark proto.2.1 1'])
    },
  )

  test.each([
    ['gzip', gzipSync, gunzipSync],
    ['deflate', deflateSync, inflateSync],
  ])('compressed by %s, some of them', (_, code, decode) => {
    const body = [
      envelope(code(say('XX1234XX')), 1),
      envelope(say('XX1234XX')),
      envelope(code(say('a')), 1),
    ]
    const { bytes } = redactAllWays(Buffer.concat(body), 'application/grpc')
    const [first, second, third] = envelopesIn(bytes)
    expect(first?.[0]).toBe(1)
    expect(decode(first?.[1] ?? '').equals(say('[mark]'))).toBe(true)
    expect(second).toEqual([0, say('[mark]')])
    // What stays is not coded anew.
    expect(third).toEqual([1, code(say('a'))])
  })

  test('trailers of gRPC-Web stay, the end of a stream of Connect is read', () => {
    const trailers = envelope(Buffer.from('grpc-status: 0\r\ngrpc-message: XX1234XX\r\n'), 0x80)
    expect(redactAllWays(trailers, 'application/grpc-web').bytes.equals(trailers)).toBe(true)
    const end = (text: string) => envelope(Buffer.from(`{"error":{"message":"${text}"}}`), 2)
    const { bytes } = redactAllWays(
      Buffer.concat([envelope(say('XX1234XX')), end('XX1234XX')]),
      'application/connect+proto',
    )
    expect(bytes.equals(Buffer.concat([envelope(say('[mark]')), end('[mark]')]))).toBe(true)
  })

  test('messages of JSON', () => {
    const message = (text: string) => envelope(Buffer.from(`{"a":"${text}"}`))
    for (const type of ['application/grpc+json', 'application/connect+json']) {
      expect(redactAllWays(message('XX1234XX'), type).bytes.equals(message('[mark]'))).toBe(true)
    }
  })

  const large = envelope(Buffer.alloc(4 * 1024 * 1024 + 1))
  test.each([
    ['a flag that nobody knows', envelope(say('a'), 4), 'malformed'],
    ['no coding that is known', envelope(Buffer.from('xx'), 1), 'binary'],
    ['a coding cut short', envelope(gzipSync(say('a')).subarray(0, -4), 1), 'malformed'],
    [
      'more behind what is coded',
      envelope(Buffer.concat([deflateSync(say('a')), say('XX1234XX')]), 1),
      'malformed',
    ],
    ['a bomb', envelope(gzipSync(Buffer.alloc(8 * 1024 * 1024)), 1), 'malformed'],
    ['no message', envelope(Buffer.from('XX1234XX')), 'malformed'],
    ['what is cut short', envelope(say('XX1234XX')).subarray(0, -1), 'malformed'],
    ['one that is too large', large, 'size'],
  ])('%s', (_, body, reason) => {
    const { bytes, unscannable } = redact(body, 'application/grpc')
    expect(bytes.equals(body)).toBe(true)
    expect(unscannable).toEqual([`${reason} body`])
  })

  test('behind one that is too large it goes on, without keeping it', () => {
    const body = Buffer.concat([large, envelope(say('XX1234XX'))])
    const { bytes } = redact(body, 'application/grpc', 1000)
    expect(bytes.subarray(large.length).equals(envelope(say('[mark]')))).toBe(true)
  })

  test.each(['application/grpc-web-text', 'application/grpc+thrift', 'application/connect+x'])(
    '%s cannot be read',
    (type) => {
      expect(redact(envelope(say('a')), type).unscannable).toEqual(['binary body'])
    },
  )
})
