/**
 * An agent that means to get data past a rule: in places that are nobody's to read, in frames, in names. Over real sockets; what counts is
 * that the origin never has it.
 */

import { randomBytes } from 'node:crypto'
import { brotliDecompressSync, deflateRawSync, gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { rawExchange } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'

const CARD = '4111111111111111'
const MAIL = 'erika.mustermann@example.org'
/** What looks like a signature. */
const SIGNATURE = Buffer.concat([Buffer.from([0x12, 0, 1, 0xff]), randomBytes(200)]).toString(
  'base64',
)

const CONFIG = `
redaction: { models: [api.fr.test] }
rules:
  - { id: out, because: personal data stays, when: { host: [api.de.test, api.fr.test] }, redact: { out: [personal, payment, secret] } }
  - { id: tokens, because: the model needs a name, when: { host: api.us.test }, then: allow, redact: { out: [personal], with: token } }
  - { id: no-cards, because: PCI DSS, when: { host: api.de.test, path: /pay, data: payment }, then: block }
`

let lab: Lab
/** All that the origin has got, as it came. */
let got: Buffer = Buffer.alloc(0)

beforeAll(async () => {
  lab = await openLab({
    config: CONFIG,
    http: {
      handler: async (request, response) => {
        const head = [request.method, request.url, ...request.rawHeaders].join('\n')
        const body = Buffer.concat(await request.toArray())
        const trailers = request.rawTrailers.join('\n')
        got = Buffer.concat([Buffer.from(head, 'latin1'), body, Buffer.from(trailers, 'latin1')])
        // As a model that says again what it was told.
        const [token] = /PII_\w+/.exec(body.toString()) ?? []
        if (token) response.setHeader('X-Echo', token)
        response.end('ok')
      },
    },
  })
})
beforeEach(() => {
  got = Buffer.alloc(0)
})
afterAll(() => lab[Symbol.asyncDispose]())

/** @returns the status */
async function send(...args: Parameters<typeof exchange>): Promise<number> {
  return Number(/^HTTP\/1\.1 (\d+)/.exec(await exchange(...args))?.[1])
}

async function exchange(
  body: Buffer | string,
  fields: readonly string[] = [],
  host = 'api.de.test',
  line = 'POST /x',
): Promise<string> {
  const [method, path] = line.split(' ')
  const bytes = Buffer.from(body)
  const head = [
    `${method} http://${host}:${lab.http.port}${path} HTTP/1.1`,
    `Host: ${host}:${lab.http.port}`,
    'Connection: close',
    `Content-Length: ${bytes.length}`,
    ...fields,
  ].join('\r\n')
  return rawExchange(lab.proxy, Buffer.concat([Buffer.from(`${head}\r\n\r\n`, 'latin1'), bytes]))
}

const json = ['Content-Type: application/json']

describe('in what APIs of models sign or encrypt', () => {
  const thinking = { type: 'thinking', thinking: `It is ${CARD}.`, signature: SIGNATURE }
  const messages = JSON.stringify({ messages: [{ role: 'assistant', content: [thinking] }] })
  const delta = (inner: object) =>
    `${JSON.stringify({ type: 'content_block_delta', index: 0, delta: inner })}\n`
  const lines = ['Content-Type: application/x-ndjson']

  test('a thought is left where models are, and read elsewhere', async () => {
    expect(await send(messages, json, 'api.fr.test')).toBe(200)
    expect(got.toString()).toContain(messages)
    expect(await send(messages, json)).toBe(200)
    expect(got.toString()).not.toContain(CARD)
    expect(got.toString()).toContain('It is [PAYMENT_CARD].')
  })

  test.each([
    ['a thought', delta({ type: 'thinking_delta', thinking: `It is ${CARD}.` })],
    [
      'a thought in pieces',
      delta({ type: 'thinking_delta', thinking: 'It is 41111111' }) +
        delta({ type: 'thinking_delta', thinking: '11111111.' }),
    ],
    ['a signature', delta({ type: 'signature_delta', signature: CARD })],
    ['sound', `${JSON.stringify({ type: 'response.output_audio.delta', delta: CARD })}\n`],
    ['encrypted', `${JSON.stringify({ type: 'response.x', item: { encrypted_content: CARD } })}\n`],
  ])('in events that a request says: %s', async (_, body) => {
    for (const host of ['api.de.test', 'api.fr.test']) {
      expect(await send(body, lines, host)).toBe(200)
      expect(got.toString()).toContain('[PAYMENT_CARD]')
      expect(got.toString()).not.toMatch(/4111|1111/)
    }
  })

  test('a file where APIs have one cannot be read, but where models are', async () => {
    const data = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), randomBytes(300)])
    const part = { inlineData: { mimeType: 'image/png', data: data.toString('base64') } }
    const body = JSON.stringify({ contents: [{ parts: [part] }] })
    expect(await send(body, json, 'api.fr.test')).toBe(200)
    expect(got.toString()).toContain(body)
    got = Buffer.alloc(0)
    const named = body.replace('{"contents"', '{"erika_mustermann":[],"contents"')
    const answer = await exchange(named.replaceAll('inlineData', 'inline_data'), json)
    expect(answer).toContain('403')
    expect(answer).toContain('binary within the body')
    expect(answer).not.toMatch(/mustermann|inline|contents|\$/)
    expect(got).toHaveLength(0)
  })

  test('text where APIs have a file is decoded, and read', async () => {
    const data = Buffer.from(`Notes.\nWrite to ${MAIL}.\n`).toString('base64')
    const part = { inlineData: { mimeType: 'text/plain', data } }
    expect(await send(JSON.stringify({ contents: [{ parts: [part] }] }), json)).toBe(200)
    const [, now = ''] = /"data":"([^"]*)"/.exec(got.toString()) ?? []
    expect(Buffer.from(now, 'base64').toString()).toBe('Notes.\nWrite to [EMAIL].\n')
  })
})

describe('in a head', () => {
  test.each([
    ['If-Match', `"${CARD}"`],
    ['ETag', CARD],
    ['Idempotency-Key', CARD],
    ['Cache-Control', `private=${CARD}`],
    ['Pragma', CARD],
    ['Priority', CARD],
    ['Origin', CARD],
    ['SOAPAction', `"urn:${CARD}"`],
    ['Server', CARD],
    ['Authorization', `Bearer ${CARD}`],
    ['Via', `1.1 ${CARD}`],
    ['Accept', `text/x; a=${CARD}`],
    ['X-Amz-Tagging', `card=${CARD}`],
    ['X-Amz-Security-Token', CARD],
    ['Content-Type', `text/plain; name=${CARD}`],
    ['Cookie', `${CARD}=1`],
    ['Trailer', CARD],
  ])('%s: %s', async (name, value) => {
    expect(await send('{}', [`${name}: ${value}`])).toBe(200)
    expect(got.toString()).not.toContain(CARD)
    expect(got.toString()).toMatch(/\[PAYMENT_CARD\]|x-redacted/)
  })

  test('the name of a field, and of a trailer', async () => {
    const at = `api.de.test:${lab.http.port}`
    const head = [
      `POST http://${at}/ HTTP/1.1`,
      ...[`Host: ${at}`, 'Connection: close', 'Transfer-Encoding: chunked', `X-${CARD}: a`],
    ]
    const chunks = ['2', '{}', '0', `T-${CARD}: b`, '', '']
    await rawExchange(lab.proxy, [...head, '', ...chunks].join('\r\n'))
    expect(got.toString()).toContain('{}')
    expect(got.toString()).not.toContain(CARD)
    expect(got.toString().match(/x-redacted/g)).toHaveLength(2)
  })

  test('the method', async () => {
    expect(await send('{}', json, 'api.de.test', `${CARD} /x`)).toBe(400)
    expect(got).toHaveLength(0)
  })

  test('the boundary between parts', async () => {
    const type = `Content-Type: multipart/form-data; boundary=${CARD}`
    const body = `--${CARD}\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n--${CARD}--\r\n`
    expect(await send(body, [type])).toBe(403)
    expect(got).toHaveLength(0)
  })

  test('what belongs to the signature of a URL, at a host that does not sign so', async () => {
    const path = `/x?X-Amz-Credential=${CARD}&X-Amz-Date=${CARD}&GoogleAccessId=${MAIL}`
    expect(await send('', [], 'api.de.test', `GET ${path}`)).toBe(200)
    expect(got.toString()).not.toContain(CARD)
    expect(got.toString()).not.toContain(MAIL)
  })
})

/** With a name in its header (RFC 1952 section 2.3). */
function namedGzip(text: string, name: string): Buffer {
  const plain = gzipSync(text)
  const head = Buffer.from(plain.subarray(0, 10))
  head[3] = 0x08
  return Buffer.concat([head, Buffer.from(`${name}\0`), plain.subarray(10)])
}

/** As it is, behind a block that readers skip (RFC 7932 section 9.2). */
function brotliBehind(skipped: string, text: string): Buffer {
  const lead = 0b0101100 | ((skipped.length - 1) << 7)
  const block = ((text.length - 1) << 3) | (1 << 19)
  return Buffer.concat([
    Buffer.from([lead & 0xff, lead >> 8]),
    Buffer.from(skipped),
    Buffer.from([block & 0xff, (block >> 8) & 0xff, block >> 16]),
    Buffer.from(text),
    Buffer.from([3]),
  ])
}

describe('beside the data of a coding', () => {
  const clean = '{"to":"nobody"}'

  test.each([
    ['gzip', namedGzip(clean, CARD), gunzipSync],
    ['br', brotliBehind(CARD, clean), brotliDecompressSync],
  ])('%s: goes on without', async (coding, body, undo) => {
    expect(undo(body).toString()).toBe(clean)
    expect(body.includes(CARD)).toBe(true)
    expect(await send(body, [...json, `Content-Encoding: ${coding}`])).toBe(200)
    expect(got.toString('latin1')).toContain(clean)
    expect(got.toString('latin1')).not.toMatch(/content-encoding/i)
    expect(got.includes(CARD)).toBe(false)
  })

  test('where nobody may change it, it cannot be read', async () => {
    const signed = [...json, 'Content-Encoding: gzip', 'Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==']
    expect(await send(namedGzip(clean, CARD), signed)).toBe(403)
    expect(got).toHaveLength(0)
    expect(await send(gzipSync(clean), signed)).toBe(200)
    expect(got.includes(gzipSync(clean))).toBe(true)
  })

  test('it counts where a rule asks what is in a request', async () => {
    const coded = [...json, 'Content-Encoding: gzip']
    expect(await send(namedGzip(clean, CARD), coded, 'api.de.test', 'POST /pay')).toBe(403)
    expect(await send(namedGzip(clean, 'a.json'), coded, 'api.de.test', 'POST /pay')).toBe(200)
  })

  test.each([
    ['behind the end', Buffer.concat([gzipSync(clean), Buffer.from(CARD)])],
    ['in a second one', Buffer.concat([gzipSync(clean), gzipSync(CARD)])],
  ])('%s: refused', async (_, body) => {
    expect(await send(body, [...json, 'Content-Encoding: gzip'])).toBe(403)
    expect(got).toHaveLength(0)
  })
})

test('Base64: in a body, a parameter, a field', async () => {
  const coded = (text: string) => Buffer.from(text).toString('base64url')
  const path = `/x?state=${coded(`{"mail":"${MAIL}"}`)}`
  const fields = [`X-User-Bin: ${coded(`It is ${MAIL}.`)}`, ...json]
  const body = JSON.stringify({ content: coded(`Card: ${CARD}, thanks.`) })
  expect(await send(body, fields, 'api.de.test', `POST ${path}`)).toBe(200)
  const said = [...got.toString().matchAll(/[\w-]{16,}/g)].map(([text]) =>
    Buffer.from(text, 'base64url').toString(),
  )
  expect(said).toEqual(
    expect.arrayContaining([
      '{"mail":"[EMAIL]"}',
      'It is [EMAIL].',
      'Card: [PAYMENT_CARD], thanks.',
    ]),
  )
})

describe('what is called text and is none', () => {
  const long = JSON.stringify({ to: MAIL, n: Array.from({ length: 40 }, (_, i) => i * 7919) })

  test.each<[string, Buffer, string]>([
    ['compressed without saying so', deflateRawSync(long), 'application/json'],
    [
      'UTF-16 behind plain text',
      Buffer.concat([Buffer.from('All is well. '.repeat(60)), Buffer.from(MAIL, 'utf16le')]),
      'text/plain',
    ],
  ])('%s: cannot be read', async (_, body, type) => {
    expect(await send(body, [`Content-Type: ${type}`])).toBe(403)
    expect(got).toHaveLength(0)
  })
})

test('a value of several lines that is restored in a field stays in its line', async () => {
  const street = 'Musterweg 3\r\nSet-Cookie: a=b\r\n\r\n<html>'
  const answer = await exchange(JSON.stringify({ street }), json, 'api.us.test')
  expect(got.toString()).not.toContain('Musterweg')
  const [head = ''] = answer.split('\r\n\r\n')
  expect(head).toContain('\r\nX-Echo: Musterweg 3 Set-Cookie: a=b <html>\r\n')
  expect(answer).not.toContain('\r\nSet-Cookie')
})
