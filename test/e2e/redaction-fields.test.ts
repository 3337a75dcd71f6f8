/**
 * What the fields of a message say where its body is redacted: lengths, digests, validators, parts. Both directions, HTTP/1.1 and HTTP/2,
 * real clients and origins.
 */

import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { curl, openTls, rawExchange } from '../support/clients.ts'
import { type Http2Origin, http2Origin } from '../support/http2-origin.ts'
import { type Lab, openLab } from '../support/lab.ts'

const MAIL = 'erika.mustermann@example.org'
const TEXT = JSON.stringify({ from: MAIL })
const WANT = '{"from":"[EMAIL]"}'

const CONFIG = `
rules:
  - { id: out, because: personal data stays, when: { host: api.de.test }, redact: { out: [email] } }
  - { id: in, because: nobody needs it here, when: { host: api.fr.test }, redact: { in: [email] } }
  - { id: hashed, because: equal ones stay equal, when: { host: [api.us.test], path: /hash }, then: allow, redact: { out: [email, iban], with: hash } }
  - { id: tokens, because: the model needs a name, when: { host: [api.us.test], path: /token }, then: allow, redact: { out: [email, iban], with: token } }
  - { id: others, because: forms need something, when: { host: [api.us.test], path: /surrogate }, then: allow, redact: { out: [email, iban], with: surrogate } }
`

/** What speaks of the bytes of a body. */
const OF_BYTES = {
  'content-md5': 'x',
  'content-digest': 'sha-256=:eA==:',
  'repr-digest': 'sha-256=:eA==:',
  digest: 'sha-256=eA==',
  'x-amz-checksum-crc32': 'x',
  'x-goog-hash': 'crc32c=x',
  'x-ms-content-crc64': 'x',
  'accept-ranges': 'bytes',
}

/** What goes on all the same. */
const OTHERS = {
  'last-modified': 'Sun, 29 Nov 2026 12:00:00 GMT',
  'cache-control': 'no-transform, private',
  'x-request-id': '7',
}

let lab: Lab
let h2: Http2Origin
let answer: http.RequestListener
let asked: http.IncomingHttpHeaders[] = []
let bodies: string[] = []
let trailers: NodeJS.Dict<string>[] = []
let answerStream: (stream: http2.ServerHttp2Stream, head: http2.IncomingHttpHeaders) => void

beforeAll(async () => {
  lab = await openLab({
    config: CONFIG,
    http: {
      handler: async (request, response) => {
        asked.push(request.headers)
        bodies.push(Buffer.concat(await request.toArray()).toString())
        trailers.push(request.trailers)
        answer(request, response)
      },
    },
  })
  h2 = lab.keep(
    await http2Origin(lab.certificate('api.de.test', 'api.fr.test'), {
      address: '0.0.0.0',
      onStream: (stream, head) => answerStream(stream, head),
    }),
  )
})
beforeEach(() => {
  asked = []
  bodies = []
  trailers = []
  answer = (_, response) => response.end('ok')
})
afterAll(() => lab[Symbol.asyncDispose]())

const url = (host: string, path = '/') => `http://${host}:${lab.http.port}${path}`

async function openHttp2(at: string) {
  const ca = readFileSync(lab.proxy.ca, 'utf8')
  const socket = await openTls(lab.proxy, at, { ca, alpn: ['h2'] })
  const session = http2.connect(`https://${at}`, { createConnection: () => socket })
  return { session, [Symbol.asyncDispose]: async () => session.destroy() }
}

/** The last head that curl shows, names in lower case. */
function fieldsOf(shown: string): Map<string, string> {
  const lines = shown.split('\r\n\r\n')[0]?.split('\r\n').slice(1) ?? []
  return new Map(
    lines.map((line) => {
      const at = line.indexOf(': ')
      return [line.slice(0, at).toLowerCase(), line.slice(at + 2)]
    }),
  )
}

describe('an answer', () => {
  const withAll = (status = 200): http.RequestListener => {
    return (_, response) => {
      const fields = { ...OF_BYTES, ...OTHERS, etag: '"v1"', 'content-type': 'application/json' }
      const length = status === 304 ? {} : { 'content-length': TEXT.length }
      response.writeHead(status, { ...fields, ...length })
      response.end(TEXT)
    }
  }

  test('over HTTP/1.1: a length that fits, a validator that is weak, and no digests', async () => {
    answer = withAll()
    const { body } = await curl(lab.proxy, '-i', url('api.fr.test'))
    const fields = fieldsOf(body)
    expect(body).toContain(WANT)
    expect(Object.fromEntries(fields)).toMatchObject({ ...OTHERS, etag: 'W/"v1"' })
    expect(fields.get('transfer-encoding')).toBe('chunked')
    for (const name of [...Object.keys(OF_BYTES), 'content-length']) {
      expect(fields.has(name)).toBe(false)
    }
  })

  test('where nothing is redacted all of it stays', async () => {
    answer = withAll()
    const { body } = await curl(lab.proxy, '-i', url('api.de.test'))
    const all = { ...OTHERS, ...OF_BYTES, etag: '"v1"', 'content-length': String(TEXT.length) }
    expect(Object.fromEntries(fieldsOf(body))).toMatchObject(all)
    expect(body).toContain(TEXT)
  })

  test.each([
    ['HEAD', 200],
    ['GET', 304],
  ])('%s answered %i tells what one with a body would', async (method, status) => {
    answer = withAll(status)
    const how = method === 'HEAD' ? ['-I'] : ['-i']
    const fields = fieldsOf((await curl(lab.proxy, ...how, url('api.fr.test'))).body)
    expect(Object.fromEntries(fields)).toMatchObject({ ...OTHERS, etag: 'W/"v1"' })
    for (const name of [...Object.keys(OF_BYTES), 'content-length']) {
      expect(fields.has(name)).toBe(false)
    }
  })

  test('204, and one that is empty, are as they came', async () => {
    answer = (_, response) => response.writeHead(204, { etag: '"v1"' }).end()
    const none = await curl(lab.proxy, '-i', url('api.fr.test'))
    expect(Object.fromEntries(fieldsOf(none.body))).toMatchObject({ etag: '"v1"' })
    answer = (_, response) => response.writeHead(200, { 'content-length': 0 }).end()
    const empty = await curl(lab.proxy, '-i', url('api.fr.test'))
    expect(Object.fromEntries(fieldsOf(empty.body))).toMatchObject({ 'content-length': '0' })
  })

  test.each([
    ['W/"v1"', 'W/"v1"'],
    ['v1', undefined],
    ['"v1", "v2"', undefined],
  ])('ETag: %s', async (etag, want) => {
    answer = (_, response) => response.setHeader('ETag', etag).end(TEXT)
    const { body } = await curl(lab.proxy, '-i', url('api.fr.test'))
    expect(fieldsOf(body).get('etag')).toBe(want)
  })

  test('a validator that was made weak is good to ask again with', async () => {
    answer = (request, response) => {
      const isKnown = request.headers['if-none-match'] === 'W/"v1"'
      response.writeHead(isKnown ? 304 : 200, { etag: '"v1"' }).end(isKnown ? '' : TEXT)
    }
    const again = ['-H', 'If-None-Match: W/"v1"']
    expect(await curl(lab.proxy, ...again, url('api.fr.test'))).toMatchObject({ status: 304 })
  })

  test('trailers: those that speak of the body end here', async () => {
    answer = (_, response) => {
      response.writeHead(200, { Trailer: 'Content-Digest, X-Count' })
      response.write(TEXT)
      response.addTrailers({ 'Content-Digest': 'sha-256=:eA==:', 'X-Count': '7' })
      response.end()
    }
    const request = `GET ${url('api.fr.test')} HTTP/1.1\r\nHost: api.fr.test:${lab.http.port}\r\nTE: trailers\r\nConnection: TE, close\r\n\r\n`
    const text = await rawExchange(lab.proxy, request)
    expect(text).toContain('[EMAIL]')
    expect(text).toMatch(/\r\n0\r\nX-Count: 7\r\n\r\n$/)
  })

  test('over HTTP/2', async () => {
    answerStream = (stream) => {
      stream.respond(
        {
          ...{ ...OF_BYTES, ...OTHERS, etag: '"v1"', 'content-type': 'application/json' },
          'content-length': TEXT.length,
        },
        { waitForTrailers: true },
      )
      stream.on('wantTrailers', () => {
        stream.sendTrailers({ 'content-digest': 'sha-256=:eA==:', 'x-count': '7' })
      })
      stream.end(TEXT)
    }
    await using client = await openHttp2(`api.fr.test:${h2.port}`)
    const stream = client.session.request({ ':path': '/', te: 'trailers' })
    const ended = once(stream, 'trailers') as Promise<[http2.IncomingHttpHeaders]>
    const [head] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
    expect(Buffer.concat(await stream.toArray()).toString()).toBe(WANT)
    expect(head).toMatchObject({ ...OTHERS, etag: 'W/"v1"' })
    for (const name of [...Object.keys(OF_BYTES), 'content-length']) {
      expect(head[name]).toBeUndefined()
    }
    const [got] = await ended
    expect(got['x-count']).toBe('7')
    expect(got['content-digest']).toBeUndefined()
  })

  test('over HTTP/1.0 it ends with the connection', async () => {
    answer = withAll()
    const text = await rawExchange(lab.proxy, `GET ${url('api.fr.test')} HTTP/1.0\r\n\r\n`)
    expect(text.endsWith(`\r\n\r\n${WANT}`)).toBe(true)
    expect(text).not.toMatch(/^(?:content-length|transfer-encoding):/im)
  })

  test('a part is not asked for, and one that comes all the same is refused', async () => {
    answer = (_, response) => response.end(TEXT)
    const part = ['-H', 'Range: bytes=0-9', '-H', 'If-Range: "v1"']
    expect((await curl(lab.proxy, ...part, url('api.fr.test'))).body).toBe(WANT)
    expect(asked[0]?.range).toBeUndefined()
    expect(asked[0]?.['if-range']).toBeUndefined()
    answer = (_, response) => {
      response.writeHead(206, { 'Content-Range': `bytes 0-9/${TEXT.length}` })
      response.end(TEXT.slice(0, 10))
    }
    const { status, body } = await curl(lab.proxy, ...part, url('api.fr.test'))
    expect(status).toBe(502)
    expect(JSON.parse(body).code).toBe('answer-unscannable')
  })

  test('a signed `Range` stays, so that the origin takes it for what it is; what it answers is refused', async () => {
    answer = (request, response) => response.writeHead(request.headers.range ? 206 : 200).end(TEXT)
    const signed =
      'Authorization: AWS4-HMAC-SHA256 Credential=x, SignedHeaders=host;range, Signature=x'
    const part = ['-H', 'Range: bytes=0-9', '-H', signed]
    const { status, body } = await curl(lab.proxy, ...part, url('api.fr.test'))
    expect(asked[0]?.range).toBe('bytes=0-9')
    expect({ status, code: JSON.parse(body).code }).toEqual({
      status: 502,
      code: 'answer-unscannable',
    })
  })

  test('`Accept-Encoding` goes on as it came where it is signed', async () => {
    const of = (fields: string) =>
      `Authorization: AWS4-HMAC-SHA256 Credential=x, SignedHeaders=${fields}, Signature=x`
    const fields = ['-H', 'Accept-Encoding: gzip, br']
    await curl(lab.proxy, ...fields, '-H', of('accept-encoding;host'), url('api.fr.test'))
    await curl(lab.proxy, ...fields, '-H', of('host'), url('api.fr.test'))
    expect(asked.map((head) => head['accept-encoding'])).toEqual(['gzip, br', 'identity'])
  })
})

describe('a request', () => {
  const send = (fields: readonly string[], body = TEXT, to = url('api.de.test')) =>
    curl(lab.proxy, ...fields, '-H', 'Content-Type: application/json', '-d', body, to)

  test('over HTTP/1.1: a length that fits', async () => {
    expect((await send([])).status).toBe(200)
    expect(bodies).toEqual([WANT])
    expect(asked[0]?.['content-length']).toBe(String(WANT.length))
  })

  test('in chunks: in chunks, with the trailers that are still true', async () => {
    const outgoing = http.request({
      ...{ host: '127.0.0.1', port: lab.proxy.port, path: url('api.de.test'), method: 'POST' },
      headers: { Host: `api.de.test:${lab.http.port}`, Trailer: 'Content-Digest, X-Count' },
    })
    outgoing.write(TEXT)
    outgoing.addTrailers({ 'Content-Digest': 'sha-256=:eA==:', 'X-Count': '7' })
    outgoing.end()
    const [response] = (await once(outgoing, 'response')) as [http.IncomingMessage]
    response.resume()
    expect(bodies).toEqual([WANT])
    expect(trailers).toEqual([{ 'x-count': '7' }])
    expect(asked[0]?.['content-length']).toBeUndefined()
  })

  test('over HTTP/2, with trailers', async () => {
    const got: Record<string, unknown>[] = []
    answerStream = async (stream, head) => {
      let last: http2.IncomingHttpHeaders = {}
      stream.on('trailers', (each) => {
        last = each
      })
      const body = Buffer.concat(await stream.toArray()).toString()
      got.push({
        body,
        length: head['content-length'],
        count: last['x-count'],
        digest: last.digest,
      })
      stream.respond()
      stream.end()
    }
    await using client = await openHttp2(`api.de.test:${h2.port}`)
    for (const length of [TEXT.length, undefined]) {
      const stream = client.session.request(
        {
          ...{ ':method': 'POST', ':path': '/', 'content-type': 'application/json' },
          ...(length === undefined ? {} : { 'content-length': length }),
        },
        { waitForTrailers: true },
      )
      stream.on('wantTrailers', () => stream.sendTrailers({ digest: 'x', 'x-count': '7' }))
      stream.end(TEXT)
      await stream.toArray()
    }
    expect(got).toEqual([
      { body: WANT, length: String(WANT.length), count: '7', digest: undefined },
      { body: WANT, length: undefined, count: '7', digest: undefined },
    ])
  })

  test.each(['Content-MD5: x', 'Digest: x', 'Content-Digest: x', 'Signature-Input: x=()'])(
    '%s: refused with data in it, as it came without',
    async (field) => {
      const refused = await send(['-H', field])
      expect(JSON.parse(refused.body)).toMatchObject({ code: 'redaction-signed', rule: 'out' })
      expect((await send(['-H', field], '{"n":1}')).status).toBe(200)
      expect(bodies).toEqual(['{"n":1}'])
    },
  )

  test('`no-transform` does not keep it from being redacted', async () => {
    await send(['-H', 'Cache-Control: no-transform'])
    expect(bodies).toEqual([WANT])
    expect(asked[0]?.['cache-control']).toBe('no-transform')
  })

  test('`Expect: 100-continue`: leave comes from us, and once from the origin', async () => {
    const body = TEXT
    const request = `POST ${url('api.de.test')} HTTP/1.1\r\nHost: api.de.test:${lab.http.port}\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`
    const text = await rawExchange(lab.proxy, request + body)
    expect(text).toMatch(
      /^HTTP\/1\.1 100 Continue\r\n\r\n(?:HTTP\/1\.1 100 Continue\r\n[\s\S]*?\r\n\r\n)?HTTP\/1\.1 200/,
    )
    expect(bodies).toEqual([WANT])
  })
})

describe('the same request again', () => {
  const LARGE = 'lorem ipsum dolor sit amet '.repeat(200_000)
  const body = (text: string) =>
    JSON.stringify({ to: MAIL, iban: 'DE89370400440532013000', text, cc: [MAIL] })

  test.each(['/token', '/hash', '/surrogate'])(
    '%s: becomes the same, also after a restart',
    async (path) => {
      const send = async (text: string) => {
        const file = join(lab.dir, 'upload')
        writeFileSync(file, body(text))
        const key = ['-H', 'Idempotency-Key: 4711', '-H', 'Content-Type: application/json']
        const upload = ['--data-binary', `@${file}`, '-H', 'Expect:']
        expect((await curl(lab.proxy, ...key, ...upload, url('api.us.test', path))).status).toBe(
          200,
        )
        return bodies.at(-1) ?? ''
      }
      const first = await send('short')
      expect(first).not.toContain('mustermann')
      expect(await send('short')).toBe(first)
      // One that is read on its way has the same in place of the same.
      const large = await send(LARGE)
      expect(large.replace(LARGE, 'short')).toBe(first)
      await lab.proxy.stop()
      Object.assign(lab, { proxy: await lab.restart() })
      expect(await send('short')).toBe(first)
    },
  )
})
