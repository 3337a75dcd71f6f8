/** What holds for any bytes in any pieces: nothing throws, pieces do not matter, nothing costs more than its length, nothing is lost. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { UNTOLD } from '../../../src/proxy/exchange/message.ts'
import { TargetReader } from '../../../src/proxy/exchange/target.ts'
import { BodyReader } from '../../../src/proxy/http1/body.ts'
import { clientFraming, toClientHead, toOriginHead } from '../../../src/proxy/http1/forward.ts'
import {
  parseRequestHead,
  parseResponseHead,
  responseLength,
} from '../../../src/proxy/http1/head.ts'
import { HeadBuffer } from '../../../src/proxy/http1/head-buffer.ts'
import { MessageWriter } from '../../../src/proxy/http1/message-writer.ts'
import { DEFAULT_LIMITS } from '../../../src/proxy/limits/limits.ts'
import { authority } from '../../support/nouns.ts'
import { cuts, requestStream, responseStream } from './hostile.ts'
import { readWithLlhttp } from './llhttp.ts'
import {
  bytes,
  bytewise,
  cut,
  get,
  lines,
  memorySocket,
  post,
  type ReadAll,
  RUNS,
  readRequests,
  readResponses,
  requestHead,
  responseHead,
} from './support.ts'
import { countWork } from './work.ts'

const TUNNEL = { mode: 'connect', scheme: 'https', authority: authority('a.example:443') } as const

/** Any latin-1 text. */
const anyBytes = fc.uint8Array({ maxLength: 300 }).map((b) => Buffer.from(b).toString('latin1'))

const character = (pattern: RegExp) =>
  fc.constantFrom(
    ...Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).filter((c) => pattern.test(c)),
  )
const text = (unit: fc.Arbitrary<string>, minLength = 0) =>
  fc.string({ unit, minLength, maxLength: 20 })

const name = text(character(/[!#$%&'*+.^_`|~0-9A-Za-z-]/), 1)
/** As a parser gives it: without blanks around it. */
const value = text(character(/[\t\x20-\x7e\x80-\xff]/)).map((v) =>
  v.replace(/^[\t ]+|[\t ]+$/g, ''),
)
const hopByHop = fc.constantFrom(
  'TE',
  'Upgrade',
  'Keep-Alive',
  'Proxy-X',
  'proxy-connection',
  'X-A',
)

/** Fields that mean nothing to a proxy, and some that end here. */
const fields = fc.array(fc.tuple(fc.oneof({ weight: 5, arbitrary: name }, hopByHop), value), {
  maxLength: 8,
})
const isPlain = ([n]: readonly [string, string]) =>
  !/^(host|content-length|transfer-encoding|connection|via|proxy-authorization)$/i.test(n)
const isForwarded = ([n]: readonly [string, string]) =>
  !/^(te|alt-svc|upgrade|keep-alive|http2-settings|proxy-.*|x-a)$/i.test(n)

describe('nothing throws', () => {
  test.each([
    { what: 'any bytes', stream: anyBytes },
    { what: 'almost requests', stream: requestStream },
    { what: 'almost responses', stream: responseStream },
  ])('$what', ({ stream }) => {
    const property = fc.property(stream, (sent) => {
      const request = parseRequestHead(sent)
      if (!('code' in request)) {
        for (const tunnel of [TUNNEL, null]) {
          const target = new TargetReader(tunnel).read(request)
          if (!('code' in target)) toOriginHead(request, target, 'us')
        }
      }
      const response = parseResponseHead(sent)
      if (response) {
        const body = responseLength(response, 'GET')
        toClientHead(response, clientFraming(requestHead(get()), body, false), 'us')
      }
      readRequests([bytes(sent)])
      readResponses([bytes(sent)], [])
      new BodyReader(UNTOLD).read(bytes(sent), 0)
    })
    fc.assert(property, { numRuns: RUNS })
  })
})

describe('how the bytes are cut does not matter', () => {
  /** What a body that broke had given before depends on the pieces; everything else must not. */
  const settled = <Head>({ messages, refused }: ReadAll<Head>) => ({
    refused,
    messages: messages.map((m) => (m.state === 'broken' ? { ...m, body: '' } : m)),
  })

  const responses = (pieces: readonly Buffer[]) => readResponses(pieces, ['GET', 'HEAD'])
  test.each<{
    what: string
    stream: fc.Arbitrary<string>
    read: (pieces: readonly Buffer[]) => ReadAll<unknown>
  }>([
    { what: 'requests', stream: requestStream, read: readRequests },
    { what: 'responses', stream: responseStream, read: responses },
  ])('$what', ({ stream, read }) => {
    const property = fc.property(stream, cuts, (sent, places) => {
      const whole = settled(read([bytes(sent)]))
      expect(settled(read(cut(bytes(sent), places)))).toEqual(whole)
      expect(settled(read(bytewise(bytes(sent))))).toEqual(whole)
    })
    fc.assert(property, { numRuns: RUNS / 4 })
  })
})

describe('payload', () => {
  const extension = fc.constantFrom('', '', ';a', ';a=b;c="d\te"')
  const chunk = fc.record({
    data: fc.uint8Array({ minLength: 1, maxLength: 40 }),
    zeros: fc.nat(3),
    extension,
  })
  const chunked = fc.array(chunk, { maxLength: 12 }).map((chunks) => {
    const parts = chunks.map(({ data, zeros, extension: ext }) => {
      const size = '0'.repeat(zeros) + data.length.toString(16)
      return Buffer.concat([bytes(`${size}${ext}\r\n`), data, bytes('\r\n')])
    })
    return {
      wire: Buffer.concat([...parts, bytes('0\r\n\r\n')]),
      payload: Buffer.concat(chunks.map(({ data }) => data)),
    }
  })

  test('is whole after it was moved together in its own buffers; nothing around it is touched', () => {
    const property = fc.property(chunked, cuts, anyBytes, ({ wire, payload }, places, next) => {
      const before = bytes('before')
      const reader = new BodyReader(UNTOLD)
      const got: Buffer[] = []
      let rest = ''
      for (const piece of cut(Buffer.concat([wire, bytes(next)]), places)) {
        const buffer = Buffer.concat([before, piece])
        const at = reader.read(buffer, before.length)
        expect(reader.broken).toBe(false)
        expect(buffer.subarray(0, before.length)).toEqual(before)
        got.push(buffer.subarray(reader.start, reader.end))
        rest += buffer.toString('latin1', at)
      }
      expect(reader.done).toBe(true)
      expect(Buffer.concat(got)).toEqual(payload)
      expect(rest).toBe(next)
    })
    fc.assert(property, { numRuns: RUNS })
  })

  test('survives being framed anew, in any pieces', () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 })
    const property = fc.property(pieces, fc.boolean(), cuts, (sent, flushEach, places) => {
      const { socket, written } = memorySocket()
      const writer = new MessageWriter(socket, UNTOLD, get())
      for (const piece of sent) {
        writer.payload(Buffer.from(piece), 0, piece.length)
        if (flushEach) writer.flush()
      }
      writer.finish(null, null)
      writer.flush()
      expect(written().length).toBe(writer.bytes)
      const framed = bytes(
        post('Transfer-Encoding: chunked') + written().toString('latin1', get().length),
      )
      const { messages } = readRequests(cut(framed, places))
      expect(messages).toMatchObject([
        { body: Buffer.concat(sent).toString('latin1'), state: 'complete' },
      ])
    })
    fc.assert(property, { numRuns: RUNS / 4 })
  })
})

describe('a head written out is the head that was read', () => {
  test('fields: names, values, order, doubles', () => {
    const property = fc.property(fields, (list) => {
      const plain = list.filter(isPlain)
      const head = requestHead(get(...plain.map(([n, v]) => `${n}: ${v}`)))
      expect(head.fields.list.slice(2)).toEqual(plain.flat())
    })
    fc.assert(property, { numRuns: RUNS })
  })

  test('towards the origin, for us and for llhttp', () => {
    const property = fc.property(fields, fc.boolean(), (list, isChunked) => {
      const plain = list.filter(isPlain)
      const framing = isChunked ? ['Transfer-Encoding: chunked'] : []
      const received = requestHead(
        post('Connection: x-a', ...framing, ...plain.map(([n, v]) => `${n}: ${v}`)),
      )
      const target = new TargetReader(TUNNEL).read(received)
      if ('code' in target) throw new Error(target.detail)
      const sent = toOriginHead(received, target, 'us')
      const want = [
        ...['Host', 'a.example'],
        ...plain.filter(isForwarded).flat(),
        ...(isChunked ? ['Transfer-Encoding', 'chunked'] : []),
        ...['Via', '1.1 us'],
      ]
      expect(requestHead(sent)).toMatchObject({
        method: 'POST',
        target: '/',
        version: '1.1',
        fields: { list: want, chunked: isChunked, nominated: null },
      })
      expect(readWithLlhttp(bytes(sent), null).messages).toMatchObject([
        { start: ['POST', '/'], version: '1.1', list: want },
      ])
    })
    fc.assert(property, { numRuns: RUNS })
  })

  test('towards the client, for us and for llhttp', () => {
    const reason = text(character(/[\t\x20-\x7e\x80-\xff]/))
    const property = fc.property(fields, reason, fc.boolean(), (list, words, isChunked) => {
      const plain = list.filter(isPlain)
      const framing = isChunked ? 'Transfer-Encoding: chunked' : 'Content-Length: 0'
      const received = responseHead(
        lines(
          `HTTP/1.1 200 ${words}`,
          'Connection: x-a',
          ...plain.map(([n, v]) => `${n}: ${v}`),
          framing,
        ),
      )
      const body = responseLength(received, 'GET')
      const sent = toClientHead(received, clientFraming(requestHead(get()), body, false), 'us')
      const want = [
        ...plain.filter(isForwarded).flat(),
        ...framing.split(': '),
        ...['Via', '1.1 us'],
      ]
      expect(responseHead(sent)).toMatchObject({
        status: 200,
        reason: words,
        fields: { list: want, chunked: isChunked, nominated: null },
      })
      expect(readWithLlhttp(bytes(sent), ['GET']).messages).toMatchObject([
        { start: ['200', words], list: want },
      ])
    })
    fc.assert(property, { numRuns: RUNS })
  })
})

/** What was accepted, forwarded and read by llhttp is what we understood: nothing is smuggled by writing it anew. */
test('every request we accept reaches an origin as the one we understood', () => {
  let forwarded = 0
  const property = fc.property(requestStream, cuts, (sent, places) => {
    for (const message of readRequests(cut(bytes(sent), places)).messages) {
      const target = new TargetReader(TUNNEL).read(message.head)
      if ('code' in target || message.state !== 'complete') return
      const { socket, written } = memorySocket()
      const head = { ...message.head, method: 'PATCH' }
      const framing = head.fields.chunked ? UNTOLD : message.body.length
      const writer = new MessageWriter(socket, framing, toOriginHead(head, target, 'us'))
      writer.payload(bytes(message.body), 0, message.body.length)
      writer.finish(null, null)
      writer.flush()
      // Whatever is smuggled would be seen as a message between these.
      const { messages, error } = readWithLlhttp(
        Buffer.concat([written(), bytes(get('Last: one'))]),
        null,
      )
      expect(error).toBeNull()
      expect(messages).toMatchObject([
        { start: ['PATCH', target.wire], body: message.body, complete: true },
        { start: ['GET', '/'], list: ['Host', 'a.example', 'Last', 'one'], complete: true },
      ])
      forwarded++
    }
  })
  fc.assert(property, { numRuns: RUNS })
  expect(forwarded).toBeGreaterThan(RUNS / 4)
})

describe('twice as much input costs twice the work', () => {
  const heads = (line: (size: number) => string[]) => (size: number) => {
    const head = parseRequestHead(get(...line(size)))
    const target = 'code' in head ? head : new TargetReader(TUNNEL).read(head)
    if (!('code' in head) && !('code' in target)) toOriginHead(head, target, 'us')
  }
  const bodies = (body: (size: number) => string, each: boolean) => (size: number) => {
    const whole = bytes(body(size))
    const reader = new BodyReader(UNTOLD)
    for (const piece of each ? bytewise(whole) : [whole]) reader.read(piece, 0)
  }
  const many = (unit: string) => (size: number) => unit.repeat(size / unit.length)
  test.each([
    { name: 'many fields', act: heads((size) => Array(size / 40).fill('a:')) },
    { name: 'one long value', act: heads((size) => [`a: ${many('v')(size)}`]) },
    { name: 'one long name', act: heads((size) => [`${many('n')(size)}:`]) },
    { name: 'a line of blanks', act: heads((size) => [`a: ${many(' ')(size)}`]) },
    { name: 'blanks in a value', act: heads((size) => [`a: b${many(' ')(size)}b`]) },
    { name: 'Connection, one field', act: heads((size) => [`Connection: ${many('a,')(size)}`]) },
    { name: 'Connection, empty options', act: heads((size) => [`Connection: ${many(',')(size)}`]) },
    { name: 'Connection, close', act: heads((size) => [`Connection: ${many('close,')(size)}`]) },
    {
      name: 'Connection, many fields',
      act: heads((size) => Array(size / 40).fill('Connection: a')),
    },
    {
      name: 'Connection and fields to compare',
      act: heads((size) => [`Connection: ${many('aaa,')(256)}`, ...Array(size / 40).fill('bbb:')]),
    },
    { name: 'Keep-Alive', act: heads((size) => [`Keep-Alive: ${many('timeout=')(size)}`]) },
    { name: 'Via', act: heads((size) => Array(size / 40).fill('Via: 1.1 a')) },
    { name: 'Proxy-', act: heads((size) => Array(size / 40).fill('Proxy-: a')) },
    { name: 'a long length', act: heads((size) => [`Content-Length: ${many('1')(size)}`]) },
    {
      name: 'a long coding',
      act: heads((size) => [`Transfer-Encoding: ${many('chunked,')(size)}`]),
    },
    {
      name: 'a long target',
      act: (size: number) => {
        const head = requestHead(
          lines(`GET http://a.example/${many('/?')(size)} HTTP/1.1`, 'Host: a.example'),
        )
        new TargetReader(null).read(head)
      },
    },
    {
      name: 'a long reason',
      act: (size: number) => {
        parseResponseHead(lines(`HTTP/1.1 200 ${many(' x')(size)}`))
      },
    },
    {
      name: 'a head byte by byte',
      act: (size: number) => {
        const held = new HeadBuffer()
        for (const piece of bytewise(bytes(many('\r\na')(size)))) {
          held.push(piece)
          held.take()
        }
      },
    },
    {
      name: 'many heads at once',
      act: (size: number) => {
        const held = new HeadBuffer()
        held.push(bytes('a\r\n\r\n'.repeat(size / 5)))
        while (held.take() !== null);
      },
    },
    ...[false, true].flatMap((each) => {
      const how = each ? 'byte by byte' : 'at once'
      return [
        { name: `chunks of one byte, ${how}`, act: bodies(many('1\r\nx\r\n'), each) },
        { name: `an extension, ${how}`, act: bodies((size) => `1;${many('e')(size)}`, each) },
        { name: `quotes, ${how}`, act: bodies((size) => `1;a="${many('\\"')(size)}\r\n`, each) },
        { name: `extensions, ${how}`, act: bodies((size) => `1${many(';e=e')(size)}\r\n`, each) },
        {
          name: `trailers, ${how}`,
          act: bodies((size) => `0\r\n${many('a:\r\n')(size)}\r\n`, each),
        },
        {
          name: `a trailer, ${how}`,
          act: bodies((size) => `0\r\na:${many(' ')(size)}\r\n\r\n`, each),
        },
      ]
    }),
  ])('$name', ({ act }) => {
    const size = 6_000
    const [once, twice] = [size, 2 * size].map((n) => countWork(() => act(n)))
    expect(twice).toBeLessThanOrEqual(2.2 * (once ?? 0) + 1_000)
    expect(2 * size).toBeLessThan(DEFAULT_LIMITS.head)
  })
})
