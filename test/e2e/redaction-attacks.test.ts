/**
 * An agent that means to get data past a rule: in places that are nobody's to read, in frames, in names. Over real sockets; what counts is
 * that the origin never has it.
 */

import { randomBytes } from 'node:crypto'
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
async function send(
  body: Buffer | string,
  fields: readonly string[] = [],
  host = 'api.de.test',
  line = 'POST /x',
): Promise<number> {
  const [method, path] = line.split(' ')
  const bytes = Buffer.from(body)
  const head = [
    `${method} http://${host}:${lab.http.port}${path} HTTP/1.1`,
    `Host: ${host}:${lab.http.port}`,
    'Connection: close',
    `Content-Length: ${bytes.length}`,
    ...fields,
  ].join('\r\n')
  const answer = await rawExchange(
    lab.proxy,
    Buffer.concat([Buffer.from(`${head}\r\n\r\n`, 'latin1'), bytes]),
  )
  return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])
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
    expect(await send(body, json)).toBe(403)
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
