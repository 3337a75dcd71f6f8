/** Data taken out of requests before they leave, and out of answers before the caller has them: real clients, real origins, the log. */

import { readFileSync, writeFileSync } from 'node:fs'
import type http from 'node:http'
import http2 from 'node:http2'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { curl, openTls } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'

const MAIL = 'erika.mustermann@example.org'
const IBAN = 'DE89 3704 0044 0532 0130 00'
const CARD = '4111 1111 1111 1111'

const CONFIG = `
rules:
  - { id: out, because: personal data stays, when: { host: api.de.test }, redact: { out: [email, iban, payment-card] } }
  - { id: in, because: nobody needs it here, when: { host: api.fr.test }, redact: { in: [email, iban] } }
  - { id: back, because: the model needs a name, when: { host: api.us.test }, then: allow, redact: { out: [email], with: token } }
  - { id: no-cards, because: PCI DSS, when: { data: payment, path: /pay }, then: block }
`

interface Got {
  readonly head: http.IncomingHttpHeaders
  readonly body: Buffer
}

describe('a rule that redacts', () => {
  let lab: Lab
  let got: Got[] = []
  let answer: (body: Buffer, response: http.ServerResponse) => void
  beforeAll(async () => {
    lab = await openLab({
      config: CONFIG,
      http: {
        handler: async (request, response) => {
          const body = Buffer.concat(await request.toArray())
          got.push({ head: request.headers, body })
          answer(body, response)
        },
      },
    })
  })
  beforeEach(() => {
    got = []
    answer = (_, response) => response.end('ok')
  })
  afterAll(() => lab[Symbol.asyncDispose]())

  const send = (
    host: string,
    body: string | Buffer,
    type = 'application/json',
    ...args: string[]
  ) => {
    writeFileSync(join(lab.dir, 'upload'), body)
    const upload = ['--data-binary', `@${join(lab.dir, 'upload')}`, '-H', `Content-Type: ${type}`]
    return curl(lab.proxy, ...upload, ...args, `http://${host}:${lab.http.port}/v1/x`)
  }

  test('out: JSON stays JSON, the length fits, and the origin never sees it', async () => {
    const body = JSON.stringify({ to: MAIL, note: `pay ${IBAN} or ${CARD}`, n: 7, ok: true })
    expect((await send('api.de.test', body)).status).toBe(200)
    const [one] = got
    const text = String(one?.body)
    expect(JSON.parse(text)).toEqual({
      to: '[EMAIL]',
      note: 'pay [IBAN] or [PAYMENT_CARD]',
      n: 7,
      ok: true,
    })
    expect(one?.head['content-length']).toBe(String(one?.body.length))
    expect(text).not.toContain('mustermann')
  })

  test('what holds nothing passes as it came', async () => {
    const body = '{ "a" :  1,\n "b": "c" }'
    expect((await send('api.de.test', body)).status).toBe(200)
    expect(String(got[0]?.body)).toBe(body)
  })

  test('compressed: read, and sent without the coding', async () => {
    const body = gzipSync(JSON.stringify({ to: MAIL }))
    const { status } = await send(
      'api.de.test',
      body,
      'application/json',
      '-H',
      'Content-Encoding: gzip',
    )
    expect(status).toBe(200)
    expect(got[0]?.head['content-encoding']).toBeUndefined()
    expect(String(got[0]?.body)).toBe('{"to":"[EMAIL]"}')
    // As it was, where there is nothing in it.
    const clean = gzipSync('{"to":"nobody"}')
    await send('api.de.test', clean, 'application/json', '-H', 'Content-Encoding: gzip')
    expect(gunzipSync(got[1]?.body ?? Buffer.alloc(0)).toString()).toBe('{"to":"nobody"}')
  })

  test('forms, texts, events', async () => {
    await send(
      'api.de.test',
      `mail=${encodeURIComponent(MAIL)}&x=1`,
      'application/x-www-form-urlencoded',
    )
    await send('api.de.test', `write to ${MAIL}.\n`, 'text/plain')
    expect(String(got[0]?.body)).not.toContain('mustermann')
    expect(String(got[0]?.body)).toMatch(/^mail=.*&x=1$/)
    expect(String(got[1]?.body)).toBe('write to [EMAIL].\n')
  })

  test('what cannot be read is refused, and says so', async () => {
    const { status, body } = await send(
      'api.de.test',
      Buffer.from('\x89PNG\r\n\x1a\n\0\0', 'latin1'),
      'application/octet-stream',
    )
    expect(status).toBe(403)
    expect(JSON.parse(body).code).toBe('body-unscannable')
    expect(JSON.parse(body).detail).toContain('binary')
    expect(JSON.parse(body)).toMatchObject({ rule: 'out', because: 'personal data stays' })
    expect(JSON.parse(body).next).toContain('on_unscannable')
    expect(got).toEqual([])
  })

  test('a signed body with data in it is refused; without, it passes', async () => {
    const signed = ['-H', 'Content-MD5: xyz']
    const { status, body } = await send(
      'api.de.test',
      JSON.stringify({ to: MAIL }),
      'application/json',
      ...signed,
    )
    expect(status).toBe(403)
    expect(JSON.parse(body).code).toBe('redaction-signed')
    expect((await send('api.de.test', '{}', 'application/json', ...signed)).status).toBe(200)
    expect(got).toHaveLength(1)
  })

  test('in: the caller never sees it, wherever the pieces end', async () => {
    answer = async (_, response) => {
      const text = JSON.stringify({ from: MAIL, iban: IBAN, n: [1, 2] })
      response.setHeader('Content-Type', 'application/json')
      response.setHeader('ETag', '"x"')
      for (const byte of text) {
        response.write(byte)
        await new Promise(setImmediate)
      }
      response.end()
    }
    const { body } = await send(
      'api.fr.test',
      '{}',
      'application/json',
      '-i',
      '-H',
      'Accept-Encoding: gzip',
    )
    expect(body).toContain('{"from":"[EMAIL]","iban":"[IBAN]","n":[1,2]}')
    expect(body).toMatch(/^etag: W\/"x"/im)
    expect(got[0]?.head['accept-encoding']).toBe('identity')
  })

  test('in: events come as they are sent, and whole', async () => {
    answer = (_, response) => {
      response.setHeader('Content-Type', 'text/event-stream')
      response.write(`data: {"text":"mail ${MAIL}"}\n\n`)
      response.write(': still here\n\n')
      response.end('data: [DONE]\n\n')
    }
    const { body } = await send('api.fr.test', '{}')
    expect(body).toBe('data: {"text":"mail [EMAIL]"}\n\n: still here\n\ndata: [DONE]\n\n')
  })

  test('tokens go out and come back, to the same agent', async () => {
    answer = (body, response) => {
      response.setHeader('Content-Type', 'application/json')
      response.end(JSON.stringify({ echo: JSON.parse(String(body)).to }))
    }
    const { body } = await send('api.us.test', JSON.stringify({ to: MAIL }))
    expect(String(got[0]?.body)).toMatch(/^\{"to":"PII_EMAIL_[0-9A-Z_]+"\}$/)
    expect(JSON.parse(body)).toEqual({ echo: MAIL })
    // The same value, the same token: prompt caches go on to work.
    await send('api.us.test', JSON.stringify({ to: MAIL }))
    expect(got[1]?.body).toEqual(got[0]?.body)
  })

  test('what is in a request can decide about it', async () => {
    const pay = (body: string) =>
      curl(
        lab.proxy,
        '-H',
        'Content-Type: application/json',
        '-d',
        body,
        `http://api.fr.test:${lab.http.port}/pay`,
      )
    const { status, body } = await pay(JSON.stringify({ card: CARD }))
    expect(status).toBe(403)
    expect(JSON.parse(body).code).toBe('rule-no-cards')
    expect((await pay('{"amount":3}')).status).toBe(200)
    expect(got).toHaveLength(1)
  })

  test('over HTTP/2 as well', async () => {
    const at = `api.de.test:${lab.https.port}`
    const ca = readFileSync(lab.proxy.ca, 'utf8')
    const socket = await openTls(lab.proxy, at, { ca, alpn: ['h2'] })
    const session = http2.connect(`https://${at}`, { createConnection: () => socket })
    const stream = session.request({
      ':method': 'POST',
      ':path': '/',
      'content-type': 'application/json',
    })
    stream.end(JSON.stringify({ to: MAIL }))
    const text = Buffer.concat(await stream.toArray()).toString()
    expect(JSON.parse(text).body).toBe('{"to":"[EMAIL]"}')
    session.destroy()
  })
})

test('an answer that cannot be read is broken off where the policy says so', async () => {
  await using lab = await openLab({
    config: `${CONFIG}\nredaction: { on_unscannable: { in: block } }`,
    http: {
      handler: (_, response) => {
        response.setHeader('Content-Type', 'application/octet-stream')
        response.end(
          Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(2_000)]),
        )
      },
    },
  })
  const { status, body } = await curl(lab.proxy, `http://api.fr.test:${lab.http.port}/`)
  expect([0, 502]).toContain(status)
  expect(body).not.toContain('PNG')
  expect(await lab.proxy.settled(1)).toMatchObject({ error: 'answer-unscannable' })
})
