/** Bodies that are redacted as they pass, because they come with content codings or are more than is read before: real sockets and clients. */

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import net from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import zlib from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { curl, openTls } from '../support/clients.ts'
import { http2Origin } from '../support/http2-origin.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { readKilobytes } from '../support/memory.ts'
import { linux, missing } from '../support/needs.ts'
import { eventually } from '../support/wait.ts'

const MAIL = 'erika.mustermann@example.org'

const CONFIG = `
rules:
  - { id: out, because: personal data stays, when: { host: api.de.test }, redact: { out: [email, iban] } }
  - { id: in, because: nobody needs it here, when: { host: api.fr.test }, redact: { in: [email, iban] } }
  - { id: back, because: the model needs a name, when: { host: api.us.test }, then: allow, redact: { out: [email], with: token } }
`

const ENCODE = {
  gzip: zlib.gzipSync,
  deflate: zlib.deflateSync,
  br: zlib.brotliCompressSync,
  zstd: zlib.zstdCompressSync,
} as const

async function openHttp2({ proxy }: Lab, at: string) {
  const ca = readFileSync(proxy.ca, 'utf8')
  const socket = await openTls(proxy, at, { ca, alpn: ['h2'] })
  const session = http2.connect(`https://${at}`, { createConnection: () => socket })
  return { session, [Symbol.asyncDispose]: async () => session.destroy() }
}

describe('an answer with a content coding, though none was asked for', () => {
  let lab: Lab
  let answer: http.RequestListener
  beforeAll(async () => {
    const handler: http.RequestListener = (request, response) => answer(request, response)
    lab = await openLab({ config: CONFIG, http: { handler } })
  })
  afterAll(() => lab[Symbol.asyncDispose]())

  const send = (body: Buffer, coding: string, type = 'application/json') => {
    answer = (_, response) => {
      response.writeHead(200, { 'Content-Type': type, 'Content-Encoding': coding, ETag: '"x"' })
      response.end(body)
    }
  }
  const fetchIt = (...args: string[]) =>
    curl(lab.proxy, ...args, `http://api.fr.test:${lab.http.port}/`)
  const last = async (count: number) => lab.proxy.settled(count)

  const TEXT = JSON.stringify({ from: MAIL, list: Array.from({ length: 2000 }, (_, i) => i) })
  const WANT = TEXT.replace(MAIL, '[EMAIL]')

  test.each(['gzip', 'deflate', 'br', 'zstd'] as const)(
    '%s: read, and without it',
    async (coding) => {
      send(ENCODE[coding](TEXT), coding)
      const before = lab.proxy.flows().length
      const { status, body } = await fetchIt('-i')
      const [head = '', text] = body.split('\r\n\r\n')
      expect(status).toBe(200)
      expect(text).toBe(WANT)
      expect(head).not.toMatch(/^(?:content-encoding|content-length):/im)
      expect(await last(before + 1)).toMatchObject({
        ...{ outcome: 'forwarded', inspection: 'full' },
        ...{ redactions_in: 1, redaction_types: '["email"]' },
      })
    },
  )

  test('one upon the other', async () => {
    send(zlib.brotliCompressSync(zlib.gzipSync(TEXT)), 'gzip, br')
    expect((await fetchIt()).body).toBe(WANT)
  })

  test('over HTTP/2', async () => {
    await using origin = await http2Origin(lab.certificate('api.fr.test'), {
      address: '127.0.0.11',
      onStream: (stream) => {
        stream.respond({ 'content-type': 'application/json', 'content-encoding': 'gzip' })
        stream.end(zlib.gzipSync(TEXT))
      },
    })
    await using client = await openHttp2(lab, `api.fr.test:${origin.port}`)
    const stream = client.session.request({ ':path': '/' })
    const [head] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
    expect(Buffer.concat(await stream.toArray()).toString()).toBe(WANT)
    expect(head['content-encoding']).toBeUndefined()
    expect(head['content-length']).toBeUndefined()
  })

  test.each([
    ['gzip', zlib.createGzip, zlib.constants.Z_SYNC_FLUSH],
    ['br', zlib.createBrotliCompress, zlib.constants.BROTLI_OPERATION_FLUSH],
    ['zstd', zlib.createZstdCompress, zlib.constants.ZSTD_e_flush],
  ] as const)('%s: events come one by one', async (coding, create, flush) => {
    let next = () => {}
    answer = async (_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Content-Encoding': coding })
      const encoder = create()
      encoder.pipe(response)
      for (let i = 0; i < 3; i++) {
        encoder.write(`data: {"n":${i},"to":"${MAIL}"}\n\n`)
        encoder.flush(flush)
        // The next one is sent when this one has come.
        await new Promise<void>((resolve) => {
          next = resolve
        })
      }
      encoder.end('data: [DONE]\n\n')
    }
    const asked = http.request({
      ...{ host: '127.0.0.1', port: lab.proxy.port },
      path: `http://api.fr.test:${lab.http.port}/`,
      headers: { Host: `api.fr.test:${lab.http.port}` },
    })
    asked.end()
    const [response] = (await once(asked, 'response')) as [http.IncomingMessage]
    let text = ''
    let seen = 0
    for await (const piece of response) {
      text += piece
      const count = text.match(/\[EMAIL\]/g)?.length ?? 0
      if (count > seen) next()
      seen = count
    }
    const events = [0, 1, 2].map((n) => `data: {"n":${n},"to":"[EMAIL]"}\n\n`)
    expect(text).toBe(`${events.join('')}data: [DONE]\n\n`)
  })

  test('the head does not wait for what is in the body', async () => {
    const text = zlib.gzipSync(TEXT)
    let goOn = () => {}
    answer = (_, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' })
      // The frame of gzip alone.
      response.write(text.subarray(0, 10))
      goOn = () => void response.end(text.subarray(10))
    }
    const asked = http.request({
      ...{ host: '127.0.0.1', port: lab.proxy.port },
      path: `http://api.fr.test:${lab.http.port}/`,
      headers: { Host: `api.fr.test:${lab.http.port}` },
    })
    asked.end()
    const [response] = (await once(asked, 'response')) as [http.IncomingMessage]
    goOn()
    expect(Buffer.concat(await response.toArray()).toString()).toBe(WANT)
  })

  test('tokens come back in it', async () => {
    answer = async (request, response) => {
      const { to } = JSON.parse(Buffer.concat(await request.toArray()).toString())
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' })
      response.end(zlib.gzipSync(JSON.stringify({ echo: to, token: String(to).slice(0, 9) })))
    }
    const upload = ['-H', 'Content-Type: application/json', '-d', JSON.stringify({ to: MAIL })]
    const { body } = await curl(lab.proxy, ...upload, `http://api.us.test:${lab.http.port}/`)
    expect(JSON.parse(body)).toEqual({ echo: MAIL, token: 'PII_EMAIL' })
  })

  test('one that says it is empty is', async () => {
    send(Buffer.alloc(0), 'gzip')
    expect(await fetchIt()).toMatchObject({ status: 200, body: '', code: 0 })
    answer = (_, response) => {
      response.writeHead(200, { 'Content-Encoding': 'gzip' })
      response.flushHeaders()
      response.end()
    }
    expect(await fetchIt()).toMatchObject({ status: 200, body: '', code: 0 })
  })

  test.each([
    ['a bomb', zlib.gzipSync(Buffer.alloc(64 * 1024 * 1024, 'a'))],
    ['no gzip at all', Buffer.from(TEXT)],
    ['cut', zlib.gzipSync(TEXT).subarray(0, -8)],
  ])('%s: it ends, and not as if it were whole', async (_, body) => {
    send(body, 'gzip')
    const before = lab.proxy.flows().length
    const got = await fetchIt('-o', '/dev/null')
    // Told instead where nothing has passed, else cut: curl knows that something is missing.
    if (got.status === 502) expect(got.code).toBe(0)
    else expect([18, 56]).toContain(got.code)
    expect(await last(before + 1)).toMatchObject({ outcome: 'failed', error: 'answer-unscannable' })
  })

  test('a coding that nobody knows passes and is said to be unread', async () => {
    send(Buffer.from(TEXT), 'x-unknown')
    const before = lab.proxy.flows().length
    expect((await fetchIt()).body).toContain('mustermann')
    expect(await last(before + 1)).toMatchObject({ inspection: 'headers', redactions_in: 0 })
  })

  test.each(['gzip', 'identity'])(
    '%s: the origin dies in the middle of a value: nothing of it passes, and no clean end',
    async (coding) => {
      answer = (_, response) => {
        response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Encoding': coding })
        const coder = coding === 'gzip' ? zlib.createGzip() : new PassThrough()
        coder.on('data', (piece: Buffer) => response.write(piece))
        coder.write(`write to ${MAIL.slice(0, 18)}`, () => {
          const die = () => void setImmediate(() => response.destroy())
          if ('flush' in coder) coder.flush(zlib.constants.Z_SYNC_FLUSH, die)
          else die()
        })
      }
      const { body, code } = await fetchIt()
      expect([18, 56, 0]).toContain(code)
      if (code === 0) expect(JSON.parse(body).code).toBe('connect-reset')
      expect(body).not.toContain('erika')
    },
  )

  test.skipIf(missing(linux))(
    'a client that reads slowly, or leaves: memory stays flat',
    async () => {
      const line = `{"a":"${'lorem ipsum '.repeat(4)}","n":[1,2,3]}\n`
      const large = zlib.gzipSync(
        Buffer.from(Array.from({ length: 600_000 }, (_, i) => `${i} ${line}`).join('')),
      )
      send(large, 'gzip', 'text/plain')
      await fetchIt('-o', '/dev/null')
      const before = readKilobytes(lab.proxy.process.pid, 'VmRSS')
      const sockets = await Promise.all(
        [1, 2, 3].map(async () => {
          const socket = net.connect(lab.proxy.port, '127.0.0.1')
          socket.write(
            `GET http://api.fr.test:${lab.http.port}/ HTTP/1.1\r\nHost: api.fr.test:${lab.http.port}\r\n\r\n`,
          )
          await once(socket, 'readable')
          return socket
        }),
      )
      const rows = lab.proxy.flows().length
      for (const socket of sockets) socket.destroy()
      expect(await last(rows)).toMatchObject({ outcome: 'cancelled' })
      expect(readKilobytes(lab.proxy.process.pid, 'VmHWM') - before).toBeLessThan(60_000)
    },
  )
})

const MIB = 1024 * 1024

/** What came in a request, as far as one wants to know it of a large one. */
interface Got {
  readonly head: http.IncomingHttpHeaders
  readonly trailers: NodeJS.Dict<string>
  readonly size: number
  readonly digest: string
  readonly mails: number
  readonly leaks: number
  readonly isWhole: boolean
}

/** Reads all, keeps nothing. */
async function take(
  request: http.IncomingMessage | http2.ServerHttp2Stream,
): Promise<Omit<Got, 'head' | 'trailers'>> {
  const digest = createHash('sha256')
  let [size, mails, leaks] = [0, 0, 0]
  let tail = ''
  let isWhole = true
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length
      digest.update(chunk)
      const text = tail + chunk.toString('latin1')
      mails += count(text, '[EMAIL]') - count(tail, '[EMAIL]')
      leaks += count(text, 'erika') - count(tail, 'erika')
      tail = text.slice(-12)
    }
  } catch {
    isWhole = false
  }
  return { size, mails, leaks, isWhole, digest: digest.digest('hex') }
}

function count(text: string, word: string): number {
  return text.split(word).length - 1
}

describe('a request that is larger than is read before', () => {
  let lab: Lab
  let got: Promise<Got>[] = []
  let answer: http.RequestListener | null = null
  beforeAll(async () => {
    const handler: http.RequestListener = (request, response) => {
      if (answer) return answer(request, response)
      const taking = take(request)
      got.push(
        taking.then((taken) => ({ ...taken, head: request.headers, trailers: request.trailers })),
      )
      taking.then(() => response.end('ok'))
    }
    lab = await openLab({ config: CONFIG, http: { handler } })
  })
  beforeEach(() => {
    got = []
    answer = null
  })
  afterAll(() => lab[Symbol.asyncDispose]())

  const to = (host = 'api.de.test') => `http://${host}:${lab.http.port}/`
  const send = (body: string | Buffer, type: string, ...args: string[]) => {
    const file = join(lab.dir, 'upload')
    writeFileSync(file, body)
    const fields = ['-H', `Content-Type: ${type}`, '-H', 'Expect:']
    return curl(lab.proxy, ...fields, '--data-binary', `@${file}`, ...args, to())
  }
  const large = (size = 6 * MIB) => {
    const texts = Array.from(
      { length: size / 64 },
      (_, i) => `${i} lorem ipsum dolor sit amet consectetur`,
    )
    texts[10] = `to ${MAIL}`
    texts[texts.length - 10] = `cc ${MAIL}`
    return JSON.stringify({ texts, last: MAIL })
  }

  test('passes redacted, without a length, and the log says what was found', async () => {
    const body = large()
    const before = lab.proxy.flows().length
    expect((await send(body, 'application/json')).status).toBe(200)
    const want = body.replaceAll(MAIL, '[EMAIL]')
    const one = await got[0]
    expect(one).toMatchObject({ size: want.length, mails: 3, leaks: 0, isWhole: true })
    expect(one?.digest).toBe(createHash('sha256').update(want).digest('hex'))
    expect(one?.head).toMatchObject({ 'transfer-encoding': 'chunked' })
    expect(one?.head['content-length']).toBeUndefined()
    const row = await lab.proxy.settled(before + 1)
    expect(row).toMatchObject({ outcome: 'forwarded', inspection: 'full', redactions_out: 3 })
    const places = lab.proxy.query(
      `SELECT path, count FROM redactions WHERE flow = ${row.id} ORDER BY 1`,
    )
    expect(places).toEqual([
      { path: '$.last', count: 1 },
      { path: '$.texts[]', count: 2 },
    ])
  })

  test('with a content coding: read, and without it; trailers that speak of the body end', async () => {
    const body = zlib.gzipSync(large(40 * MIB), { level: 0 })
    const asked = http.request({
      ...{ host: '127.0.0.1', port: lab.proxy.port, path: to(), method: 'POST' },
      headers: {
        ...{ Host: `api.de.test:${lab.http.port}`, 'Content-Type': 'application/json' },
        ...{ 'Content-Encoding': 'gzip', Trailer: 'Content-Digest, X-Count' },
      },
    })
    asked.write(body)
    asked.addTrailers({ 'X-Count': '7', 'Repr-Digest': 'sha-256=:eA==:' })
    asked.end()
    const [response] = (await once(asked, 'response')) as [http.IncomingMessage]
    response.resume()
    expect(response.statusCode).toBe(200)
    const one = await got[0]
    expect(one).toMatchObject({ mails: 3, leaks: 0, isWhole: true })
    expect(one?.head['content-encoding']).toBeUndefined()
    expect(one?.trailers).toEqual({ 'x-count': '7' })
  })

  test('over HTTP/2, both ways', async () => {
    const body = Buffer.from(large())
    const seen: Promise<Omit<Got, 'head' | 'trailers'>>[] = []
    const heads: http2.IncomingHttpHeaders[] = []
    await using origin = await http2Origin(lab.certificate('api.de.test'), {
      address: '127.0.0.10',
      onStream: (stream, head) => {
        heads.push(head)
        const taking = take(stream)
        seen.push(taking)
        taking.then(() => {
          stream.respond({ ':status': 200 })
          stream.end('ok')
        })
      },
    })
    await using client = await openHttp2(lab, `api.de.test:${origin.port}`)
    const stream = client.session.request({
      ...{ ':method': 'POST', ':path': '/', 'content-type': 'application/json' },
      'content-length': body.length,
    })
    stream.end(body)
    expect(Buffer.concat(await stream.toArray()).toString()).toBe('ok')
    expect(await seen[0]).toMatchObject({ mails: 3, leaks: 0, isWhole: true })
    expect(heads[0]?.['content-length']).toBeUndefined()
  })

  test('with `Expect: 100-continue` the client gets leave to send it', async () => {
    const { status } = await send(large(), 'application/json', '-H', 'Expect: 100-continue')
    expect(status).toBe(200)
    expect(await got[0]).toMatchObject({ mails: 3, leaks: 0 })
  })

  test('what cannot be read from the beginning is refused before anything leaves', async () => {
    const binary = Buffer.alloc(6 * MIB, '\x89PNG\r\n\x1a\n\0\0', 'latin1')
    const { status, body } = await send(binary, 'application/octet-stream')
    expect(status).toBe(403)
    expect(JSON.parse(body)).toMatchObject({ code: 'body-unscannable', rule: 'out' })
    expect(got).toEqual([])
  })

  test('what turns out not to be readable ends without a clean end, and the client is told', async () => {
    const part = (type: string, text: string) =>
      `--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\nContent-Type: ${type}\r\n\r\n${text}\r\n`
    const body = `${part('text/plain', 'lorem ipsum '.repeat(MIB / 2))}${part('image/png', '\x89PNG\r\n\x1a\n\0')}--b--\r\n`
    const before = lab.proxy.flows().length
    const said = await send(Buffer.from(body, 'latin1'), 'multipart/form-data; boundary=b')
    expect(said.status).toBe(403)
    expect(JSON.parse(said.body)).toMatchObject({ code: 'body-unscannable' })
    expect(JSON.parse(said.body).detail).toContain('rule `out`')
    expect(await got[0]).toMatchObject({ isWhole: false })
    expect(await lab.proxy.settled(before + 1)).toMatchObject({
      ...{ outcome: 'failed', error: 'body-unscannable', inspection: 'headers' },
    })
  })

  test('signed: passes to the byte where there is nothing in it, and ends before what there is', async () => {
    const signed = [
      '-H',
      'Authorization: AWS4-HMAC-SHA256 Credential=x, SignedHeaders=host, Signature=x',
    ]
    const clean = large().replaceAll(MAIL, 'nobody')
    expect((await send(clean, 'application/json', ...signed)).status).toBe(200)
    expect(await got[0]).toMatchObject({
      digest: createHash('sha256').update(clean).digest('hex'),
      head: { 'content-length': String(clean.length) },
    })
    const body = clean.replace('"last":"nobody"', `"last":"${MAIL}"`)
    const before = lab.proxy.flows().length
    const said = await send(body, 'application/json', ...signed)
    expect(said.status).toBe(403)
    expect(JSON.parse(said.body)).toMatchObject({ code: 'redaction-signed' })
    expect(await got[1]).toMatchObject({ leaks: 0, isWhole: false })
    expect(await lab.proxy.settled(before + 1)).toMatchObject({
      ...{ outcome: 'failed', error: 'redaction-signed', redactions_out: 0 },
    })
    // What was sent before it was decoded could not be taken back.
    const coded = zlib.gzipSync(clean, { level: 0 })
    const hidden = await send(coded, 'application/json', ...signed, '-H', 'Content-Encoding: gzip')
    expect(JSON.parse(hidden.body)).toMatchObject({ code: 'body-unscannable' })
  })

  test('a bomb ends', async () => {
    // Not too much for what its beginning is, and too much in the end.
    const bomb = zlib.gzipSync(Buffer.alloc(64 * MIB, ' '))
    const said = await send(bomb, 'application/json', '-H', 'Content-Encoding: gzip')
    expect(said.status).toBe(403)
    expect(JSON.parse(said.body)).toMatchObject({ code: 'body-unscannable' })
    for (const one of got) expect(await one).toMatchObject({ isWhole: false })
  })

  test('a client that leaves in the middle: the origin gets no clean end', async () => {
    const body = large()
    const socket = net.connect(lab.proxy.port, '127.0.0.1')
    socket.write(
      `POST ${to()} HTTP/1.1\r\nHost: api.de.test:${lab.http.port}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
    )
    // In the middle of a value.
    socket.write(body.slice(0, body.lastIndexOf(MAIL, body.length - 100) + 12))
    await eventually('the request', () => got.length)
    socket.destroy()
    expect(await got[0]).toMatchObject({ isWhole: false, leaks: 0 })
  })

  test('who sends a little and waits for an answer gets it', async () => {
    answer = async (request, response) => {
      response.setHeader('Content-Type', 'application/x-ndjson')
      for await (const line of createInterface(request)) response.write(`${line}\n`)
      response.end()
    }
    const asked = http.request({
      ...{ host: '127.0.0.1', port: lab.proxy.port, path: to(), method: 'POST' },
      headers: { Host: `api.de.test:${lab.http.port}`, 'Content-Type': 'application/x-ndjson' },
    })
    asked.write(`{"n":1,"to":"${MAIL}"}\n`)
    const [response] = (await once(asked, 'response')) as [http.IncomingMessage]
    const lines = createInterface(response)[Symbol.asyncIterator]()
    expect((await lines.next()).value).toBe('{"n":1,"to":"[EMAIL]"}')
    for (const n of [2, 3]) {
      asked.write(`{"n":${n},"to":"${MAIL}"}\n`)
      expect((await lines.next()).value).toBe(`{"n":${n},"to":"[EMAIL]"}`)
    }
    asked.end()
    expect((await lines.next()).done).toBe(true)
  })

  test('the same over HTTP/2, where the origin speaks first', async () => {
    await using origin = await http2Origin(lab.certificate('api.de.test'), {
      address: '127.0.0.10',
      onStream: (stream) => {
        stream.respond({ 'content-type': 'application/x-ndjson' })
        stream.write('{"hello":1}\n')
        stream.pipe(stream)
      },
    })
    await using client = await openHttp2(lab, `api.de.test:${origin.port}`)
    const stream = client.session.request({
      ...{ ':method': 'POST', ':path': '/', 'content-type': 'application/x-ndjson' },
    })
    const lines = createInterface(stream)[Symbol.asyncIterator]()
    expect((await lines.next()).value).toBe('{"hello":1}')
    for (const n of [1, 2]) {
      stream.write(`{"n":${n},"to":"${MAIL}"}\n`)
      expect((await lines.next()).value).toBe(`{"n":${n},"to":"[EMAIL]"}`)
    }
    stream.end()
    expect((await lines.next()).done).toBe(true)
  })

  test('over HTTP/2 what turns out not to be readable is told, and reset where it went', async () => {
    const resets: number[] = []
    await using origin = await http2Origin(lab.certificate('api.de.test'), {
      address: '127.0.0.10',
      onStream: (stream) => {
        stream.resume()
        stream.on('close', () => resets.push(stream.rstCode))
      },
    })
    await using client = await openHttp2(lab, `api.de.test:${origin.port}`)
    const stream = client.session.request({
      ...{ ':method': 'POST', ':path': '/', 'content-type': 'multipart/form-data; boundary=b' },
    })
    const part = (type: string, text: string) =>
      `--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\nContent-Type: ${type}\r\n\r\n${text}\r\n`
    stream.write(part('text/plain', 'lorem ipsum '.repeat(MIB / 2)))
    stream.end(Buffer.from(part('image/png', '\x89PNG\r\n\x1a\n\0'), 'latin1'))
    const [head] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
    expect(head[':status']).toBe(403)
    const text = Buffer.concat(await stream.toArray()).toString()
    expect(JSON.parse(text)).toMatchObject({ code: 'body-unscannable' })
    await eventually('the origin to be told', () => resets.length)
    expect(resets).toEqual([http2.constants.NGHTTP2_CANCEL])
  })

  test('an origin that answers early is heard', async () => {
    answer = (request, response) => {
      request.resume()
      response.writeHead(413).end('too much')
    }
    expect(await send(large(20 * MIB), 'application/json')).toMatchObject({
      status: 413,
      body: 'too much',
    })
  })

  test.skipIf(missing(linux))(
    'fifty megabytes in one line: memory stays flat',
    async () => {
      await send(large(), 'application/json')
      const before = readKilobytes(lab.proxy.process.pid, 'VmRSS')
      const text = 'lorem ipsum dolor sit amet '.repeat((44 * MIB) / 27)
      const list = Array.from({ length: MIB }, (_, i) => i)
      const body = JSON.stringify({ text, list, last: MAIL })
      expect(body.length).toBeGreaterThan(50 * MIB)
      got = []
      const { status } = await send(body, 'application/json')
      expect(status).toBe(200)
      expect(await got[0]).toMatchObject({ mails: 1, leaks: 0 })
      expect(readKilobytes(lab.proxy.process.pid, 'VmHWM') - before).toBeLessThan(50_000)
    },
    60_000,
  )
})
