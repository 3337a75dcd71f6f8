/** Heads that change their version: whatever one strict reader has accepted, a strict reader of the other version accepts, and reads the same. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { UNTOLD } from '../../../src/proxy/exchange/message.ts'
import { TargetReader } from '../../../src/proxy/exchange/target.ts'
import { Http1Client } from '../../../src/proxy/http1/client-side.ts'
import {
  parseRequestHead,
  parseResponseHead,
  responseLength,
} from '../../../src/proxy/http1/head.ts'
import { toOutgoing, toRequest, toResponse } from '../../../src/proxy/http2/field-list.ts'
import { authority } from '../../support/nouns.ts'
import { requestStream } from '../http1/hostile.ts'
import { get, memorySocket, RUNS, requestHead } from '../http1/support.ts'

const TUNNEL = { mode: 'connect', scheme: 'https', authority: authority('a.example:443') } as const

test('requests of HTTP/1.1', () => {
  let accepted = 0
  const property = fc.property(requestStream, (sent) => {
    const head = parseRequestHead(sent.slice(0, sent.indexOf('\r\n\r\n') + 4))
    if ('code' in head || head.method === 'CONNECT') return
    const target = new TargetReader(TUNNEL).read(head)
    if ('code' in target) return
    accepted++
    const pseudo = [':method', head.method, ':scheme', 'https']
    pseudo.push(':authority', target.host, ':path', target.wire)
    const { list, secret } = toOutgoing(pseudo, head.version, head.fields, 'us')
    const read = toRequest({ list, secret, isTooLarge: false }, 'https', head.body === 0)
    if ('code' in read) throw new Error(`${read.detail}: ${JSON.stringify(list)}`)
    expect(read.protocol).toBeNull()
    expect(read.head.method).toBe(head.method)
    expect(new TargetReader(TUNNEL).read(read.head)).toMatchObject({ wire: target.wire })
    expect(read.head.body).toBe(head.body)
  })
  fc.assert(property, { numRuns: RUNS })
  expect(accepted).toBeGreaterThan(0)
})

const part = fc.oneof(
  { weight: 4, arbitrary: fc.stringMatching(/^[a-z0-9-]{1,12}$/) },
  fc.constantFrom(
    ...['content-length', 'transfer-encoding', 'connection', 'upgrade', 'te', 'alt-svc', 'x\r\ny'],
    ...['set-cookie', 'X', '', 'x:', 'trailer', 'keep-alive', 'proxy-status', 'via', 'host'],
  ),
)
const value = fc.oneof(
  fc.stringMatching(/^[ -~]{0,20}$/),
  fc.constantFrom(
    '0',
    '5',
    '05',
    '+1',
    'chunked',
    'close',
    'a\r\nb: c',
    'a\nb',
    'a\0b',
    '\xff',
    ' a',
    'a\t',
  ),
)
const answers = fc.record({
  status: fc.constantFrom('200', '204', '206', '304', '404', '503'),
  fields: fc.array(fc.tuple(part, value), { maxLength: 6 }),
  method: fc.constantFrom('GET', 'HEAD', 'POST'),
  isOver: fc.boolean(),
})

test('answers of HTTP/2', () => {
  let accepted = 0
  const property = fc.property(answers, ({ status, fields, method, isOver }) => {
    const list = [':status', status, ...fields.flat()]
    const head = toResponse({ list, secret: null, isTooLarge: false })
    if (!head) return
    accepted++
    // As `origin-stream` has it.
    const { contentLength } = head.fields
    const isBodiless = method === 'HEAD' || status === '204' || status === '304'
    const body = isBodiless || isOver ? 0 : contentLength >= 0 ? contentLength : UNTOLD
    if (isOver && !isBodiless && contentLength > 0) return
    const { socket, written } = memorySocket()
    const request = requestHead(get().replace('GET', method))
    const client = new Http1Client(socket, request, 'us', () => socket)
    const out = client.answer(head, body)
    out.flush()
    const text = written().toString('latin1')
    const end = text.indexOf('\r\n\r\n') + 4
    expect(text.length).toBe(end)
    const read = parseResponseHead(text)
    if (!read) throw new Error(`no head of HTTP/1.1: ${JSON.stringify(text)}`)
    expect(read.status).toBe(Number(status))
    expect(responseLength(read, method)).toBe(body)
    // Nothing was added but what frames it.
    const added = text
      .trimEnd()
      .split('\r\n')
      .slice(1)
      .filter((line) => !/^(via|content-length|transfer-encoding):/i.test(line))
    expect(added.length).toBeLessThanOrEqual(fields.length)
    expect(client.closes).toBe(false)
  })
  fc.assert(property, { numRuns: RUNS })
  expect(accepted).toBeGreaterThan(0)
})
