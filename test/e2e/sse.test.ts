/**
 * Server-sent events: each is at the client before the origin makes the next, in order, over both versions of HTTP and however the
 * stream is framed. Nothing here is measured in time: a proxy that collects would leave both ends waiting for each other.
 */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import type { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTls } from '../support/clients.ts'
import { type Http2Origin, http2Origin } from '../support/http2-origin.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { eventually } from '../support/wait.ts'

let lab: Lab
let h2: Http2Origin
/** By path: writes the next event of that stream, and whether its client is still there. */
const streams = new Map<string, { write(text: string): unknown; readonly destroyed: boolean }>()
const lastIds: unknown[] = []

beforeAll(async () => {
  lab = await openLab({
    https: {
      handler(request, response) {
        lastIds.push(request.headers['last-event-id'])
        const framing = request.url?.includes('until-close') ? { Connection: 'close' } : {}
        if (request.url?.includes('until-close')) response.useChunkedEncodingByDefault = false
        response.writeHead(200, { 'Content-Type': 'text/event-stream', ...framing })
        response.flushHeaders()
        streams.set(request.url ?? '', response)
      },
    },
  })
  const onStream = (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
    lastIds.push(headers['last-event-id'])
    stream.respond({ ':status': 200, 'content-type': 'text/event-stream' })
    streams.set(headers[':path'] ?? '', stream)
  }
  const address = '127.0.0.10'
  h2 = lab.keep(await http2Origin(lab.certificate('api.de.test'), { address, onStream }))
})
afterAll(() => lab[Symbol.asyncDispose]())

interface Listening {
  readonly stream: Readable
  leave(): void
}

type Listen = (path: string) => Promise<Listening>

const ca = () => readFileSync(lab.proxy.ca, 'utf8')
const FIELDS = { accept: 'text/event-stream', 'last-event-id': '41' }

const overHttp1: Listen = async (path) => {
  const authority = `api.de.test:${lab.https.port}`
  const socket = await openTls(lab.proxy, authority, { ca: ca() })
  const headers = { host: authority, ...FIELDS }
  const request = http.request({ createConnection: () => socket, path, headers }).end()
  const [stream] = (await once(request, 'response')) as [http.IncomingMessage]
  return { stream, leave: () => socket.destroy() }
}

const overHttp2: Listen = async (path) => {
  const authority = `api.de.test:${h2.port}`
  const socket = await openTls(lab.proxy, authority, { ca: ca(), alpn: ['h2'] })
  const session = http2.connect(`https://${authority}`, { createConnection: () => socket })
  const stream = session.request({ ':path': path, ...FIELDS })
  await once(stream, 'response')
  return { stream, leave: () => session.destroy() }
}

const events = (n: number) => [
  `id: ${n}\ndata: ${n}\n\n`,
  `event: token\ndata: {"text":"gr\u00fc\u00dfe ${n}"}\n\n`,
  `: a comment, to keep it alive\n\n`,
  // One that comes in two pieces, cut within a character.
  `data: half\ndata: \u20ac ${n}\r\n\r\n`,
]

const WAYS: [string, string, Listen][] = [
  ['HTTP/1.1, in chunks', '/chunks', overHttp1],
  ['HTTP/1.1, until the connection ends', '/until-close', overHttp1],
  ['HTTP/2', '/streams', overHttp2],
]

test.each(WAYS)('%s: every event by itself, in order', async (_, path, listen) => {
  const { stream, leave } = await listen(path)
  expect(lastIds.at(-1)).toBe('41')
  const origin = streams.get(path)
  let got = ''
  let sent = ''
  let wake = () => {}
  stream.setEncoding('utf8').on('data', (text: string) => {
    got += text
    wake()
  })
  for (const event of Array.from({ length: 25 }, (_, n) => events(n)).flat()) {
    sent += event
    const arrived = new Promise<void>((resolve) => {
      wake = () => got.length >= sent.length && resolve()
    })
    origin?.write(event)
    await arrived
    // All of it, and nothing that was not said yet.
    expect(got).toBe(sent)
  }
  leave()
  // Who has only said goodbye may still be listening: that nobody is shows with what is sent next.
  await eventually('the origin to learn that nobody listens any more', () => {
    origin?.write(': anybody there?\n\n')
    return origin?.destroyed
  })
})

test.each(WAYS)(
  '%s: twenty streams side by side do not wait for each other',
  async (_, path, listen) => {
    const paths = Array.from({ length: 20 }, (_, i) => `${path}/${i}`)
    const listening = await Promise.all(paths.map(listen))
    // The last one first: none of those before it has said anything.
    for (const [i, { stream, leave }] of [...listening.entries()].reverse()) {
      const first = once(stream, 'data')
      streams.get(paths[i] ?? '')?.write(`data: ${i}\n\n`)
      expect(String((await first)[0])).toBe(`data: ${i}\n\n`)
      leave()
    }
  },
)
