/** What this layer writes, read by Node's own server and client over real sockets; and what they write, read by this layer. */

import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { UNTIL_CLOSE } from '../../../src/proxy/exchange/message.ts'
import { TargetReader } from '../../../src/proxy/exchange/target.ts'
import { BodyReader } from '../../../src/proxy/http1/body.ts'
import { clientFraming, toClientHead, toOriginHead } from '../../../src/proxy/http1/forward.ts'
import { responseLength } from '../../../src/proxy/http1/head.ts'
import { MessageWriter } from '../../../src/proxy/http1/message-writer.ts'
import { authority } from '../../support/nouns.ts'
import {
  answer,
  bytes,
  get,
  lines,
  post,
  readRequests,
  readResponses,
  requestHead,
  responseHead,
} from './support.ts'

const stack = new Set<() => Promise<unknown>>()
afterEach(async () => {
  for (const close of stack) await close()
  stack.clear()
})

/** @returns its port; closed, with its connections, after the test. */
async function listen(server: net.Server): Promise<number> {
  const sockets = new Set<net.Socket>()
  server.on('connection', (socket: net.Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  stack.add(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as net.AddressInfo).port
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces).toString('latin1')
}

const CHUNKED = 'Transfer-Encoding: chunked'

describe('a request we forward, as a Node server reads it', () => {
  const via = ['Via', '1.1 us']
  test.each([
    {
      name: 'GET',
      sent: get('X-a: 1', 'x-A: caf\xe9'),
      list: ['X-a', '1', 'x-A', 'caf\xe9', ...via],
    },
    {
      name: 'a length',
      sent: `${post('Content-Length: 5')}hello`,
      list: ['Content-Length', '5', ...via],
      body: 'hello',
    },
    {
      name: 'chunks and trailers',
      sent: `${post(CHUNKED, 'Connection: X-Hop', 'X-Hop: 1')}2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nX-T: 1\r\nX-Hop: 2\r\n\r\n`,
      list: ['Transfer-Encoding', 'chunked', ...via],
      body: 'hello',
      trailers: ['X-T', '1'],
    },
    {
      name: 'no body in chunks',
      sent: `${post(CHUNKED)}0\r\n\r\n`,
      list: ['Transfer-Encoding', 'chunked', ...via],
    },
    {
      name: 'a body that looks like a request',
      sent: `${post(`Content-Length: ${get().length}`)}${get()}`,
      list: ['Content-Length', `${get().length}`, ...via],
      body: get(),
    },
    {
      name: 'hop-by-hop fields',
      sent: get('Connection: close', 'Upgrade: h2c', 'TE: trailers', 'Proxy-Authorization: x'),
      list: ['TE', 'trailers', 'Connection', 'TE', ...via],
    },
  ])('$name', async ({ sent, list, body = '', trailers = [] }) => {
    const seen: unknown[] = []
    const server = http.createServer(async (request, response) => {
      const { method, url, rawHeaders } = request
      const row: unknown[] = [method, url, rawHeaders]
      seen.push(row)
      row.push(await textOf(request), request.rawTrailers)
      response.end()
    })
    const socket = net.connect(await listen(server), '127.0.0.1')
    const head = requestHead(sent.slice(0, sent.indexOf('\r\n\r\n') + 4))
    const tunnel = {
      mode: 'connect',
      scheme: 'https',
      authority: authority('a.example:443'),
    } as const
    const target = new TargetReader(tunnel).read(head)
    if ('code' in target) throw new Error(target.detail)
    const reader = new BodyReader(head.body)
    const writer = new MessageWriter(socket, head.body, toOriginHead(head, target, 'us'))
    const buffer = bytes(sent)
    reader.read(buffer, sent.indexOf('\r\n\r\n') + 4)
    writer.payload(buffer, reader.start, reader.end)
    writer.finish(reader.trailers, head.fields.nominated)
    writer.flush()
    // Read only if the server agrees where the first one ends.
    socket.write(get('Connection: close'))
    await textOf(socket)
    expect(seen).toEqual([
      [head.method, '/', ['Host', 'a.example', ...list], body, trailers],
      ['GET', '/', ['Host', 'a.example', 'Connection', 'close'], '', []],
    ])
  })
})

describe('a response we forward, as a Node client reads it', () => {
  const via = ['Via', '1.1 us']
  test.each([
    {
      name: 'a length',
      sent: `${answer('x-A: 1', 'X-a: caf\xe9', 'Content-Length: 5')}hello`,
      list: ['x-A', '1', 'X-a', 'caf\xe9', 'Content-Length', '5', ...via],
      body: 'hello',
    },
    {
      name: 'chunks and trailers',
      sent: `${answer(CHUNKED, 'Connection: X-Hop')}2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nX-T: 1\r\nX-Hop: 2\r\n\r\n`,
      list: ['Transfer-Encoding', 'chunked', ...via],
      body: 'hello',
      trailers: ['X-T', '1'],
    },
    {
      name: 'until close',
      sent: `${answer()}hello`,
      list: ['Connection', 'close', ...via],
      body: 'hello',
    },
    {
      name: '204',
      sent: lines('HTTP/1.1 204 None'),
      list: via,
      status: 204,
    },
    {
      name: 'HEAD',
      method: 'HEAD',
      sent: answer('Content-Length: 5'),
      list: ['Content-Length', '5', ...via],
    },
    {
      name: '304',
      sent: lines('HTTP/1.1 304 Same', 'Content-Length: 5'),
      list: ['Content-Length', '5', ...via],
      status: 304,
    },
  ])('$name', async ({ sent, list, body = '', trailers = [], status = 200, method = 'GET' }) => {
    const server = net.createServer((socket) => {
      socket.once('data', () => {
        const headEnd = sent.indexOf('\r\n\r\n') + 4
        const head = responseHead(sent.slice(0, headEnd))
        const framing = clientFraming(requestHead(get()), responseLength(head, method), false)
        const reader = new BodyReader(responseLength(head, method))
        const writer = new MessageWriter(socket, framing.body, toClientHead(head, framing, 'us'))
        const buffer = bytes(sent)
        reader.read(buffer, headEnd)
        writer.payload(buffer, reader.start, reader.end)
        writer.finish(reader.trailers, head.fields.nominated)
        writer.flush()
        if (framing.body === UNTIL_CLOSE) socket.end()
      })
    })
    const port = await listen(server)
    const request = http.request({ port, host: '127.0.0.1', method, agent: false })
    request.end()
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    expect(response.statusCode).toBe(status)
    expect(response.rawHeaders).toEqual(list)
    expect(await textOf(response)).toBe(body)
    expect(response.rawTrailers).toEqual(trailers)
    request.destroy()
  })
})

describe('what Node writes, we read', () => {
  test('requests of its client, one behind the other', async () => {
    const pieces: Buffer[] = []
    const server = net.createServer((socket) => {
      socket.on('data', (piece: Buffer) => {
        pieces.push(Buffer.from(piece))
        const { messages } = readRequests(pieces.map((p) => Buffer.from(p)))
        if (messages.at(-1)?.state === 'complete') socket.write(answer('Content-Length: 0'))
      })
    })
    const port = await listen(server)
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    for (const send of [
      (request: http.ClientRequest) => request.end(),
      (request: http.ClientRequest) => request.end('hello'),
      (request: http.ClientRequest) => {
        request.setHeader('Trailer', 'X-T')
        request.write('he')
        request.addTrailers({ 'X-T': '1' })
        request.end('llo')
      },
    ]) {
      const request = http.request({ port, host: '127.0.0.1', method: 'POST', agent })
      send(request)
      const [response] = (await once(request, 'response')) as [http.IncomingMessage]
      await textOf(response)
    }
    agent.destroy()
    const { messages, refused } = readRequests(pieces)
    expect(refused).toBe(false)
    expect(messages.map(({ body, state, trailers }) => [body, state, trailers])).toEqual([
      ['', 'complete', []],
      ['hello', 'complete', []],
      ['hello', 'complete', ['X-T', '1']],
    ])
  })

  test('responses of its server, interim ones included', async () => {
    const server = http.createServer((request, response) => {
      if (request.url === '/hints') response.writeEarlyHints({ link: '</x>; rel=preload' })
      if (request.url === '/none') response.writeHead(204)
      if (request.url === '/chunks') {
        response.write('he')
        response.end('llo')
      } else response.end(request.url === '/none' ? undefined : 'hello')
    })
    const socket = net.connect(await listen(server), '127.0.0.1')
    const paths = ['/', '/chunks', '/hints', '/none']
    const methods = ['HEAD', 'GET', 'GET', 'GET']
    for (const [i, path] of paths.entries()) {
      const last = i === paths.length - 1 ? ['Connection: close'] : []
      socket.write(lines(`${methods[i]} ${path} HTTP/1.1`, 'Host: a', ...last))
    }
    const { messages, refused } = readResponses([bytes(await textOf(socket))], methods)
    expect(refused).toBe(false)
    expect(messages.map(({ head, body, state }) => [head.status, body, state])).toEqual([
      [200, '', 'complete'],
      [200, 'hello', 'complete'],
      [103, '', 'complete'],
      [200, 'hello', 'complete'],
      [204, '', 'complete'],
    ])
  })
})
