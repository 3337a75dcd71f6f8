/**
 * Chromium through the proxy, with origins of HTTP/1.1 and of HTTP/2: a page with what belongs to it, fetch both ways, server-sent
 * events one by one, and WebSocket.
 */

import type http from 'node:http'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { browserNeeds, openBrowser } from '../support/browser.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { missing } from '../support/needs.ts'
import { type WebSocketOrigin, webSocketOrigin } from '../support/websocket-origin.ts'

let lab: Lab
let browser: Browser
let sockets: WebSocketOrigin
/** Speaks HTTP/2, and HTTP/1.1 with who wants that. */
let h2: http2.Http2SecureServer
/** Makes the next event of the stream that is open. */
let sendEvent: (n: number) => void = () => {}

const reason = missing(...browserNeeds)

beforeAll(async () => {
  if (reason) return
  lab = await openLab({ https: { handler: serve } })
  sockets = lab.keep(await webSocketOrigin(lab.certificate('api.de.test')))
  const { keyPem: key, pem: cert } = lab.certificate('api.de.test', 'api.us.test')
  h2 = http2.createSecureServer({ key, cert, allowHTTP1: true }, serve)
  await new Promise<void>((resolve) => h2.listen(0, '0.0.0.0', resolve))
  browser = await openBrowser(lab.proxy, join(lab.dir, 'home'))
}, 60_000)
afterAll(async () => {
  await browser?.close()
  h2?.close()
  await lab?.[Symbol.asyncDispose]()
})

function serve(
  request: http.IncomingMessage | http2.Http2ServerRequest,
  response: http.ServerResponse | http2.Http2ServerResponse,
): void {
  const answer = (type: string, body: string) => {
    response.setHeader('Content-Type', type)
    response.end(body)
  }
  switch (request.url) {
    case '/':
      return answer(
        'text/html',
        '<script src="/script.js"></script><img src="/image.svg"><h1>lab</h1>',
      )
    case '/script.js':
      return answer('text/javascript', 'window.ran = true')
    case '/image.svg':
      return answer(
        'image/svg+xml',
        '<svg xmlns="http://www.w3.org/2000/svg" width="7" height="7"/>',
      )
    case '/events':
      response.setHeader('Content-Type', 'text/event-stream')
      sendEvent = (n) => {
        ;(response as http.ServerResponse).write(`id: ${n}\nevent: tick\ndata: ${n}\n\n`)
      }
      return sendEvent(0)
    default:
      break
  }
  // `/next/N`: the page has event N-1 and asks for the next.
  const next = /^\/next\/(\d+)$/.exec(request.url ?? '')?.[1]
  if (next !== undefined) {
    sendEvent(Number(next))
    return answer('text/plain', 'sent')
  }
  let length = 0
  request.on('data', (piece: Buffer) => {
    length += piece.length
  })
  request.on('end', () =>
    answer('application/json', JSON.stringify({ method: request.method, length })),
  )
}

const portOf = (version: string) =>
  version === 'h2' ? (h2.address() as AddressInfo).port : lab.https.port

/** Opens a page and gives what a script in it, which may wait, comes to: scripts are text, because they are for another place. */
async function onPage(url: string, script: string): Promise<unknown> {
  const page = await browser.newPage()
  try {
    await page.goto(url)
    return await page.evaluate(script)
  } finally {
    await page.close()
  }
}

const WHAT_IS_THERE = `({
  ran: window.ran,
  width: document.images[0].naturalWidth,
  title: document.querySelector('h1').textContent,
  protocols: [...new Set([
    ...performance.getEntriesByType('navigation'),
    ...performance.getEntriesByType('resource'),
  ].map(({ nextHopProtocol }) => nextHopProtocol))],
})`

const UPLOAD = `(async () => {
  const response = await fetch('/up', { method: 'PUT', body: new Uint8Array(300_000) })
  return { status: response.status, body: await response.json() }
})()`

const EVENTS = `new Promise((resolve, reject) => {
  const got = []
  const source = new EventSource('/events')
  source.onerror = () => reject(new Error('the stream broke'))
  source.addEventListener('tick', ({ data, lastEventId }) => {
    got.push(lastEventId + ':' + data)
    if (got.length < 10) return fetch('/next/' + got.length)
    source.close()
    resolve(got)
  })
})`

const toSocket = (url: string) => `new Promise((resolve, reject) => {
  const socket = new WebSocket('${url}')
  socket.binaryType = 'arraybuffer'
  const got = []
  socket.onerror = () => reject(new Error('no WebSocket'))
  socket.onopen = () => {
    socket.send('gr\u00fc\u00dfe')
    socket.send(new Uint8Array(100_000))
  }
  socket.onmessage = ({ data }) => {
    got.push(typeof data === 'string' ? data : data.byteLength)
    if (got.length === 2) socket.close(3001, 'enough')
  }
  socket.onclose = ({ code, wasClean }) => resolve({ got, code, wasClean })
})`

describe.skipIf(reason).each(['http/1.1', 'h2'])('Chromium, with an origin of %s', (version) => {
  const url = (path: string, host = 'api.de.test') => `https://${host}:${portOf(version)}${path}`

  test('a page with its script and image, in that version', async () => {
    expect(await onPage(url('/'), WHAT_IS_THERE)).toEqual({
      ran: true,
      width: 7,
      title: 'lab',
      protocols: [version],
    })
  })

  test('fetch: a body up, an answer down; and a refusal that can be read', async () => {
    const body = { method: 'PUT', length: 300_000 }
    expect(await onPage(url('/'), UPLOAD)).toEqual({ status: 200, body })
    const refused = await onPage(url('/', 'api.us.test'), 'document.body.textContent')
    expect(refused).toContain('placement-outside')
  })

  test('server-sent events: the next is made only once the page has had the last', async () => {
    const want = Array.from({ length: 10 }, (_, i) => `${i}:${i}`)
    expect(await onPage(url('/'), EVENTS)).toEqual(want)
  })
})

test.skipIf(reason)('Chromium: WebSocket, texts and bytes back as sent', async () => {
  const script = toSocket(`wss://api.de.test:${sockets.port}/ws`)
  expect(await onPage(`https://api.de.test:${lab.https.port}/`, script)).toEqual({
    got: ['gr\u00fc\u00dfe', 100_000],
    code: 3_001,
    wasClean: true,
  })
})
