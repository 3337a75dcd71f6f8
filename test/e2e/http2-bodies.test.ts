/**
 * Bodies of every size both ways over every pair of versions: many at once, read slowly, sent slowly. What was sent is what arrives, and
 * nothing waits for ever.
 */

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTls } from '../support/clients.ts'
import { type Http2Origin, http2Origin } from '../support/http2-origin.ts'
import { type Lab, openLab } from '../support/lab.ts'

const MIB = 1024 * 1024

let lab: Lab
let ca: string
let h2: Http2Origin
beforeAll(async () => {
  lab = await openLab({ https: { handler: serve }, http: { handler: serve } })
  ca = readFileSync(lab.proxy.ca, 'utf8')
  const certificate = lab.certificate('api.de.test')
  h2 = lab.keep(
    await http2Origin(certificate, {
      address: '127.0.0.10',
      onStream(stream, { ':path': path }) {
        stream.respond({ ':status': 200 })
        serve(Object.assign(stream, { url: path }), stream)
      },
    }),
  )
})
afterAll(() => lab[Symbol.asyncDispose]())

/** `/down?SIZE` answers with that many bytes; anything else with the hash of what it got. */
function serve(
  request: Readable & { readonly url?: string | undefined },
  response: NodeJS.WritableStream,
): void {
  const [, size] = /^\/down\?(\d+)$/.exec(request.url ?? '') ?? []
  // Node resets a stream whose request nobody reads, at times before its answer has ended.
  if (size !== undefined) request.resume()
  const done =
    size === undefined
      ? digest(request).then((hash) => response.end(hash))
      : pipeline(pieces(Number(size)), response)
  // A client that goes away ends it.
  done.catch(() => {})
}

/** So many bytes, which differ, in pieces that are no multiple of anything. */
function pieces(size: number): Readable {
  return Readable.from(cut(size))
}

function* cut(size: number): Generator<Buffer> {
  for (let at = 0; at < size; ) {
    const length = Math.min(size - at, 1 + ((at * 7919) % 50_000))
    yield Buffer.alloc(length, `${at} `)
    at += length
  }
}

/** @param delay milliseconds between one piece and the next; null to read as fast as it comes */
async function digest(body: Readable, delay: number | null = null): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of body) {
    hash.update(piece as Buffer)
    if (delay !== null) await (delay === 0 ? turn() : sleep(delay))
  }
  return hash.digest('hex')
}

const expected = (size: number) => digest(pieces(size))

interface Client extends AsyncDisposable {
  /** @param body null for GET */
  send(path: string, body: Readable | null): Promise<Readable>
}

/** A tunnel, TLS, and one connection to the origin's like. */
async function speakHttp2(): Promise<Client> {
  const authority = `api.de.test:${h2.port}`
  const socket = await openTls(lab.proxy, authority, { ca, alpn: ['h2'] })
  return toClient(
    http2.connect(`https://${authority}`, { createConnection: () => socket }),
    'https',
    authority,
  )
}

/** HTTP/2 to the proxy itself, which asks origins in the clear by HTTP/1.1. */
function speakHttp2ToProxy(): Client {
  return toClient(http2.connect(lab.proxy.url), 'http', `api.de.test:${lab.http.port}`)
}

function toClient(session: http2.ClientHttp2Session, scheme: string, authority: string): Client {
  session.on('error', () => {})
  return {
    async send(path, body) {
      const stream = session.request({
        ':method': body ? 'POST' : 'GET',
        ':scheme': scheme,
        ':authority': authority,
        ':path': path,
      })
      if (body) pipeline(body, stream).catch(() => {})
      const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
      expect(headers[':status']).toBe(200)
      return stream
    },
    async [Symbol.asyncDispose]() {
      session.destroy()
    },
  }
}

function speakHttp1(port = lab.https.port): Client {
  const authority = `api.de.test:${port}`
  const stack = new DisposableStack()
  return {
    async send(path, body) {
      const socket = await openTls(lab.proxy, authority, { ca, alpn: ['http/1.1'] })
      stack.defer(() => socket.destroy())
      const request = http.request({
        createConnection: () => socket,
        method: body ? 'POST' : 'GET',
        path,
        headers: { host: authority },
      })
      if (body) pipeline(body, request).catch(() => {})
      else request.end()
      const [response] = (await once(request, 'response')) as [http.IncomingMessage]
      expect(response.statusCode).toBe(200)
      return response
    },
    async [Symbol.asyncDispose]() {
      stack.dispose()
    },
  }
}

describe.each<[string, () => Client | Promise<Client>]>([
  ['HTTP/2 to HTTP/2', speakHttp2],
  ['HTTP/2 to HTTP/1.1', speakHttp2ToProxy],
  ['HTTP/1.1 to HTTP/2', () => speakHttp1(h2.port)],
  ['HTTP/1.1 to HTTP/1.1', speakHttp1],
])('%s', (_, connect) => {
  test.each([
    ['one of 20 MiB, read at once', 1, 20 * MIB, null],
    ['30 of 2 MiB, read at once', 30, 2 * MIB, null],
    ['30 of 1 MiB, read in turns', 30, MIB, 0],
    ['10 of 3 MiB, read slowly', 10, 3 * MIB, 5],
    ['60 of every small size', 60, 70_000, 0],
  ])('answers: %s', async (_name, count, size, delay) => {
    await using client = await connect()
    const sizes = Array.from({ length: count }, (_, i) => size - i * Math.floor(size / count / 2))
    const got = await Promise.all(
      sizes.map(async (bytes) => digest(await client.send(`/down?${bytes}`, null), delay)),
    )
    expect(got).toEqual(await Promise.all(sizes.map(expected)))
  })

  test.each([
    ['one of 20 MiB', 1, 20 * MIB],
    ['30 of 1 MiB', 30, MIB],
    ['60 of every small size', 60, 70_000],
  ])('requests: %s', async (_name, count, size) => {
    await using client = await connect()
    const sizes = Array.from({ length: count }, (_, i) => size - i * Math.floor(size / count / 2))
    const got = await Promise.all(
      sizes.map(async (bytes) => {
        const answer = await client.send('/up', pieces(bytes))
        return (await answer.toArray()).join('')
      }),
    )
    expect(got).toEqual(await Promise.all(sizes.map(expected)))
  })
})
