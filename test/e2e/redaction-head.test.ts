/** Data taken out of paths, queries and fields, both ways and over both versions of HTTP; what authenticates goes on to work. */

import { readFileSync } from 'node:fs'
import type http from 'node:http'
import http2 from 'node:http2'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { curl, openTls, rawExchange } from '../support/clients.ts'
import { http2Origin } from '../support/http2-origin.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { httpOrigin } from '../support/origins.ts'

const MAIL = 'erika.mustermann@example.org'
const CARD = '4111111111111111'
const KEY =
  'sk-ant-api03-Zk3vQ9xT7mL2pR8wZk3vQ9xT7mL2pR8wZk3vQ9xT7mL2pR8wZk3vQ9xT7mL2pR8wZk3vQ9xT7mL2pR8wZk3vQ9xT7mL2-AbCdEfAA'

const CONFIG = `
rules:
  - { id: out, because: personal data stays, when: { host: api.de.test }, redact: { out: [personal, payment, secret], in: email } }
  - { id: named, because: keys do not belong in URLs, when: { host: api.us.test }, then: allow, redact: { out: [anthropic-key] } }
  - { id: back, because: models get tokens, when: { host: api.mixed.test, path: /token }, then: allow, redact: { out: email, with: token } }
  - { id: no-cards, because: PCI DSS, when: { host: api.fr.test, data: payment }, then: block }
  - { id: no-keys, because: they open doors, when: { host: api.fr.test, data: secret }, then: block }
  - { id: ask, because: a person has to see it, when: { host: api.us.test, data: iban }, then: hold, redact: { out: iban } }
  - { id: sent, because: nobody goes there either, when: { scheme: http, path: '/sent/[EMAIL]' }, then: block }
  - { id: closed, because: nobody goes there, when: { scheme: http, path: /private/* }, then: block }
`

interface Row {
  readonly id: number | null
  readonly path: string | null
}

describe('a head', () => {
  let lab: Lab
  let got: http.IncomingMessage[] = []
  let answer: (response: http.ServerResponse) => void
  const handler: http.RequestListener = (request, response) => {
    got.push(request)
    answer(response)
  }
  beforeAll(async () => {
    lab = await openLab({ config: CONFIG, http: { handler }, https: { handler } })
  })
  beforeEach(() => {
    got = []
    answer = (response) => response.end('ok')
  })
  afterAll(() => lab[Symbol.asyncDispose]())

  const lastFlow = async () => {
    await lab.proxy.settled(lab.proxy.flows().length)
    const [row] = lab.proxy.query<Row>('SELECT * FROM flows ORDER BY id DESC LIMIT 1')
    return row ?? { id: null, path: null }
  }
  const places = (flow: Row['id']) =>
    lab.proxy
      .query<Row>(`SELECT direction, type, path, count FROM redactions WHERE flow = ${flow}`)
      .map((row) => Object.values(row).join(' '))
      .sort()

  // biome-ignore format: one line each
  const ways: readonly (readonly [string, (at: string) => string, () => number])[] = [
    ['in absolute form', (at) => `http://${at}`, () => lab.http.port],
    ['in a tunnel', (at) => `https://${at}`, () => lab.https.port],
  ]
  test.each(ways)('%s: path, query, fields and cookies', async (_, url, port) => {
    const at = `api.de.test:${port()}/users/${encodeURIComponent(MAIL)}/x?email=${MAIL}&key=${KEY}&q=a+${CARD}`
    const { status } = await curl(
      lab.proxy,
      ...[
        '-H',
        `X-Customer: ${MAIL}`,
        '-H',
        `x-api-key: ${KEY}`,
        '-H',
        `Authorization: Bearer ${KEY}`,
      ],
      ...['-H', `Cookie: sid=${KEY}; card=${CARD}`, '-H', `X-Debug: ${KEY}`],
      ...['-H', `Referer: https://a.example/?mail=${MAIL}`],
      url(at),
    )
    expect(status).toBe(200)
    const [one] = got
    expect(one?.url).toBe(
      `/users/%5BEMAIL%5D/x?email=%5BEMAIL%5D&key=${KEY}&q=a+%5BPAYMENT_CARD%5D`,
    )
    expect(one?.headers).toMatchObject({
      'x-customer': '[EMAIL]',
      'x-api-key': KEY,
      authorization: `Bearer ${KEY}`,
      cookie: `sid=${KEY}; card=[PAYMENT_CARD]`,
      'x-debug': '[ANTHROPIC_KEY]',
      referer: 'https://a.example/?mail=%5BEMAIL%5D',
    })
    const flow = await lastFlow()
    expect(flow).toMatchObject({ path: '/users/[EMAIL]/x', redactions_out: 7 })
    expect(places(flow.id)).toEqual([
      'out anthropic-key header.x-debug 1',
      'out email header.referer.mail 1',
      'out email header.x-customer 1',
      'out email path[2] 1',
      'out email query.email 1',
      'out payment-card cookie.card 1',
      'out payment-card query.q 1',
    ])
  })

  test('over HTTP/2, cookies in pieces', async () => {
    let head: http2.IncomingHttpHeaders = {}
    const origin = lab.keep(
      await http2Origin(lab.certificate('api.de.test'), {
        address: '127.0.0.10',
        onStream: (stream, headers) => {
          head = headers
          stream.respond({ ':status': 200, 'x-user': MAIL })
          stream.end('ok')
        },
      }),
    )
    const at = `api.de.test:${origin.port}`
    const ca = readFileSync(lab.proxy.ca, 'utf8')
    const socket = await openTls(lab.proxy, at, { ca, alpn: ['h2'] })
    const session = http2.connect(`https://${at}`, { createConnection: () => socket })
    const stream = session.request({
      ':path': `/x?email=${MAIL}`,
      'x-customer': MAIL,
      cookie: [`sid=${KEY}`, `card=${CARD}`],
    })
    await stream.toArray()
    session.destroy()
    expect(head).toMatchObject({
      ':path': '/x?email=%5BEMAIL%5D',
      'x-customer': '[EMAIL]',
      cookie: `sid=${KEY}; card=[PAYMENT_CARD]`,
    })
    const want = { protocol: 'HTTP/2', redactions_out: 3, redactions_in: 1 }
    expect(await lastFlow()).toMatchObject(want)
  })

  test('with a body as well, and its length fits', async () => {
    const url = `http://api.de.test:${lab.http.port}/x?email=${MAIL}`
    await curl(lab.proxy, '-H', 'Content-Type: text/plain', '-d', `to ${MAIL}`, url)
    expect(got[0]?.headers['content-length']).toBe(String('to [EMAIL]'.length))
    expect(await lastFlow()).toMatchObject({ redactions_out: 2 })
  })

  test('a key in the query is taken out where a rule names the kind', async () => {
    await curl(
      lab.proxy,
      '-H',
      `x-api-key: ${KEY}`,
      '-H',
      `Authorization: Bearer ${KEY}`,
      `http://api.us.test:${lab.http.port}/x?key=${KEY}`,
    )
    expect(got[0]?.url).toBe('/x?key=%5BANTHROPIC_KEY%5D')
    expect(got[0]?.headers).toMatchObject({
      'x-api-key': '[ANTHROPIC_KEY]',
      authorization: `Bearer ${KEY}`,
    })
  })

  // biome-ignore format: one line each
  const decided: readonly (readonly [string, string, readonly string[], string | null])[] = [
    ['a card in the path', `/pay/${CARD}`, [], 'rule-no-cards'],
    ['a card in the query', `/pay?card=${CARD}`, [], 'rule-no-cards'],
    ['a card in a field', '/pay', ['-H', `X-Card: ${CARD}`], 'rule-no-cards'],
    ['a card in a cookie', '/pay', ['-H', `Cookie: a=b; c=${CARD}`], 'rule-no-cards'],
    ['a key in the query', `/pay?api_key=${KEY}`, [], 'rule-no-keys'],
    ['a key in a field that authenticates', '/pay', ['-H', `x-api-key: ${KEY}`, '-H', `Cookie: sid=${KEY}`], null],
  ]
  test.each(decided)('decides: %s', async (_, path, args, code) => {
    const { status, body } = await curl(
      lab.proxy,
      ...args,
      `http://api.fr.test:${lab.http.port}${path}`,
    )
    expect(status).toBe(code === null ? 200 : 403)
    if (code === null) return
    expect(JSON.parse(body).code).toBe(code)
    expect(got).toEqual([])
    expect(`${(await lastFlow()).path}`).not.toContain(CARD)
    expect((await lastFlow()).path).toBe(path.startsWith('/pay/') ? '/pay/[PAYMENT_CARD]' : '/pay')
  })

  test('held: whoever decides sees what would go on', async () => {
    const { status } = await curl(
      lab.proxy,
      `http://api.us.test:${lab.http.port}/of/DE89370400440532013000?x=1`,
    )
    expect(status).toBe(503)
    const [hold] = lab.proxy.query<object>('SELECT path, rule, classes FROM holds')
    expect(hold).toEqual({ path: '/of/[IBAN]', rule: 'ask', classes: '["payment"]' })
    expect(await lastFlow()).toMatchObject({ path: '/of/[IBAN]', action: 'hold' })
    expect(got).toEqual([])
  })

  test('held where no rule asks for data: whoever decides is told the classes all the same', async () => {
    await curl(
      lab.proxy,
      ...['-H', `X-Customer: ${MAIL}`],
      `http://api.mixed.test:${lab.http.port}/held?card=${CARD}`,
    )
    const [hold] = lab.proxy.query("SELECT classes FROM holds WHERE path = '/held'")
    expect(hold).toEqual({ classes: '["personal","payment"]' })
  })

  test('what a rule closes stays closed, with data in it as without', async () => {
    const { status, body } = await curl(
      lab.proxy,
      `http://api.de.test:${lab.http.port}/private/${MAIL}`,
    )
    expect({ status, code: JSON.parse(body).code }).toEqual({ status: 403, code: 'rule-closed' })
    expect(await lastFlow()).toMatchObject({ path: '/private/[EMAIL]' })
  })

  test('what goes on is judged as well as what came', async () => {
    const { status, body } = await curl(
      lab.proxy,
      `http://api.de.test:${lab.http.port}/sent/${MAIL}`,
    )
    expect({ status, code: JSON.parse(body).code }).toEqual({ status: 403, code: 'rule-sent' })
    expect(got).toEqual([])
  })

  const AWS =
    'Authorization: AWS4-HMAC-SHA256 Credential=A/20260101/eu/s3/aws4_request, SignedHeaders=host;x-amz-meta-owner, Signature=ab'
  // biome-ignore format: one line each
  const signed: readonly (readonly [string, string, readonly string[], string | null])[] = [
    ['a path', `/${MAIL}`, [AWS], 'the path'],
    ['a query', `/x?a=${MAIL}`, [AWS], 'the query'],
    ['a field', '/x', [AWS, `x-amz-meta-owner: ${MAIL}`], 'a header field'],
    ['a presigned URL', `/x?a=${MAIL}&X-Amz-Signature=ab`, [], 'the query'],
    ['a message signature', `/x?a=${MAIL}`, ['Signature-Input: a=("@target-uri")', 'Signature: a=:YQ==:'], 'the query'],
    ['a field that is not signed', '/x', [AWS, `X-Other: ${MAIL}`], null],
    ['nothing in it', '/x?a=b', [AWS], null],
  ]
  test.each(signed)('signed: %s', async (_, path, fields, where) => {
    const args = fields.flatMap((field) => ['-H', field])
    const { status, body } = await curl(
      lab.proxy,
      ...args,
      `http://api.de.test:${lab.http.port}${path}`,
    )
    expect(status).toBe(where === null ? 200 : 403)
    if (where === null) return expect(got).toHaveLength(1)
    expect(JSON.parse(body)).toMatchObject({ code: 'redaction-signed' })
    expect(JSON.parse(body).detail).toContain(`there is data in ${where}`)
    expect(body).not.toContain('mustermann')
    expect(got).toEqual([])
    expect(JSON.stringify(await lastFlow())).not.toContain('mustermann')
  })

  test('trailers, both ways', async () => {
    let came: NodeJS.Dict<string> = {}
    const origin = lab.keep(
      await httpOrigin({
        address: '127.0.0.10',
        handler: async (request, response) => {
          await request.toArray()
          came = request.trailers
          response.writeHead(200, { Trailer: 'X-Note' })
          response.write('ok')
          response.addTrailers({ 'X-Note': `for ${MAIL}`, 'X-Sum': '7' })
          response.end()
        },
      }),
    )
    const at = `api.de.test:${origin.port}`
    const answer = await rawExchange(
      lab.proxy,
      [
        `POST http://${at}/x HTTP/1.1`,
        ...[`Host: ${at}`, 'TE: trailers', 'Connection: TE, close', 'Transfer-Encoding: chunked'],
        ...['Content-Type: text/plain', '', '2', 'hi', '0', `X-Note: from ${MAIL}`, '', ''],
      ].join('\r\n'),
    )
    expect(answer).toContain('\r\nX-Note: for [EMAIL]\r\nX-Sum: 7\r\n\r\n')
    expect(came).toEqual({ 'x-note': 'from [EMAIL]' })
    const flow = await lastFlow()
    expect(places(flow.id)).toEqual(['in email header.x-note 1', 'out email header.x-note 1'])
  })

  test('in: the fields of an answer, also of one without a body', async () => {
    answer = (response) => {
      response.writeHead(302, {
        Location: `/u?mail=${MAIL}&x=1`,
        'Set-Cookie': [`mail=${MAIL}; Path=/`, `sid=${KEY}; HttpOnly`],
        'X-User': MAIL,
        Server: 'x',
      })
      response.end()
    }
    const { body } = await curl(lab.proxy, '-i', `http://api.de.test:${lab.http.port}/x`)
    expect(body).toMatch(/^Location: \/u\?mail=%5BEMAIL%5D&x=1\r$/m)
    expect(body).toMatch(/^Set-Cookie: mail=\[EMAIL\]; Path=\/\r$/m)
    expect(body).toContain(`Set-Cookie: sid=${KEY}; HttpOnly\r\n`)
    expect(body).toMatch(/^X-User: \[EMAIL\]\r$/m)
    const flow = await lastFlow()
    expect(places(flow.id)).toEqual([
      'in email cookie.mail 1',
      'in email header.location.mail 1',
      'in email header.x-user 1',
    ])
  })
  test('in: no token is restored where it leads the caller elsewhere', async () => {
    const at = `http://api.mixed.test:${lab.http.port}/token`
    await curl(lab.proxy, '-H', `X-User: ${MAIL}`, at)
    const token = String(got[0]?.headers['x-user'])
    expect(token).toMatch(/^PII_EMAIL_/)
    const to = `http://other.test/${token}?x=${token}`
    answer = (response) => {
      response.writeHead(302, {
        ...{ Location: to, 'Content-Location': to, Refresh: `0;url=${to}`, Link: `<${to}>` },
        'X-User': token,
      })
      response.end()
    }
    const { body } = await curl(lab.proxy, '-i', at)
    expect(body).toContain(`X-User: ${MAIL}\r\n`)
    expect(body).toContain(`\r\nLocation: ${to}\r\nContent-Location: ${to}\r\n`)
    expect(body).toContain(`\r\nRefresh: 0;url=${to}\r\nLink: <${to}>\r\n`)
  })
  test('in: interim answers, and the phrase behind the status', async () => {
    answer = ({ socket }) => {
      const early = `HTTP/1.1 103 Early Hints\r\nX-User: ${MAIL}\r\n\r\n`
      socket?.end(`${early}HTTP/1.1 200 for ${MAIL}\r\nContent-Length: 0\r\n\r\n`)
    }
    const at = `api.de.test:${lab.http.port}`
    const request = `GET http://${at}/x HTTP/1.1\r\nHost: ${at}\r\nConnection: close\r\n\r\n`
    const said = await rawExchange(lab.proxy, request)
    expect(said).toContain('HTTP/1.1 103 Early Hints\r\nX-User: [EMAIL]\r\n')
    expect(said).toContain('HTTP/1.1 200 OK\r\n')
    expect(said).not.toContain('mustermann')
  })
})
