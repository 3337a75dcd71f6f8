/** Data taken out of WebSocket messages, both ways, by real clients: over HTTP/1.1 and HTTP/2, and from a page in Chromium. */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http2 from 'node:http2'
import { join } from 'node:path'
import OpenAI from 'openai'
import { OpenAIRealtimeWS } from 'openai/realtime/ws'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import WebSocket from 'ws'
import { browserNeeds, openBrowser } from '../support/browser.ts'
import { curl, openTls } from '../support/clients.ts'
import { http2Origin } from '../support/http2-origin.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { missing } from '../support/needs.ts'
import { eventually } from '../support/wait.ts'
import { type WebSocketOrigin, webSocketOn, webSocketOrigin } from '../support/websocket-origin.ts'

const MAIL = 'erika.mustermann@example.org'
const IBAN = 'DE89 3704 0044 0532 0130 00'
const TOKEN = /PII_EMAIL_[0-9A-Z]+(?:_[0-9A-Z]+)*/

const RULES = `
rules:
  - { id: out, because: personal data stays, when: { host: api.de.test }, redact: { out: [email, iban] } }
  - { id: in, because: nobody needs it here, when: { host: api.fr.test, upgrade: websocket }, redact: { in: [email, iban] } }
  - { id: back, because: the model needs a name, when: { host: api.us.test }, then: allow, redact: { out: [email], with: token } }
  - { id: no-cards, because: PCI DSS, when: { data: payment, path: /pay }, then: block }
`

let lab: Lab
let origin: WebSocketOrigin
/** What came, by the side of the origin. */
let got: string[] = []

beforeAll(async () => {
  lab = await openLab({ config: RULES })
  origin = lab.keep(
    await webSocketOrigin(lab.certificate('api.de.test', 'api.fr.test', 'api.us.test')),
  )
})
afterAll(() => lab[Symbol.asyncDispose]())

async function opened(
  host: string,
  path = '/',
  options: WebSocket.ClientOptions = {},
  by = lab,
  to = origin,
): Promise<{ socket: WebSocket; server: WebSocket }> {
  const at = `${host}:${to.port}`
  const ca = readFileSync(by.proxy.ca, 'utf8')
  const tls = await openTls(by.proxy, at, { ca, alpn: ['http/1.1'] })
  const socket = new WebSocket(`wss://${at}${path}`, {
    createConnection: () => tls,
    ...options,
  } as WebSocket.ClientOptions)
  await once(socket, 'open')
  const server = to.accepted.at(-1) as WebSocket
  got = []
  server.on('message', (data) => got.push(String(data)))
  return { socket, server }
}

async function echoOf(socket: WebSocket, data: string | Buffer): Promise<string> {
  const answer = once(socket, 'message')
  socket.send(data)
  return String((await answer)[0])
}

async function closed(socket: WebSocket): Promise<void> {
  socket.close()
  await once(socket, 'close')
}

const lastFlow = (of = lab) => of.proxy.settled(of.proxy.flows().length)
const lastRow = (of = lab) =>
  of.proxy.query('SELECT * FROM flows ORDER BY id DESC LIMIT 1')[0] as Record<string, unknown>

describe('by the ws package', () => {
  test('what was taken out of the handshake is counted as well', async () => {
    const { socket } = await opened('api.de.test', `/?mail=${MAIL}`)
    expect(await echoOf(socket, MAIL)).toBe('[EMAIL]')
    await closed(socket)
    await lastFlow()
    expect(lastRow()).toMatchObject({ redactions_out: 2, inspection: 'full' })
  })

  test('out: JSON stays JSON, text and bytes of text as well; counted by place', async () => {
    const { socket } = await opened('api.de.test')
    const message = { type: 'session.update', to: [MAIL], note: `pay ${IBAN}`, n: 7 }
    const want = { type: 'session.update', to: ['[EMAIL]'], note: 'pay [IBAN]', n: 7 }
    expect(JSON.parse(await echoOf(socket, JSON.stringify(message)))).toEqual(want)
    expect(await echoOf(socket, `mail ${MAIL}`)).toBe('mail [EMAIL]')
    expect(await echoOf(socket, Buffer.from(`{"a":"${MAIL}"}`))).toBe('{"a":"[EMAIL]"}')
    const clean = '{ "a" :  1,\n "b": "grün" }'
    expect(await echoOf(socket, clean)).toBe(clean)
    await closed(socket)
    expect(await lastFlow()).toMatchObject({ outcome: 'forwarded', error: null, status: 101 })
    expect(lastRow()).toMatchObject({
      redactions_out: 4,
      redactions_in: 0,
      redaction_types: '["email","iban"]',
      inspection: 'full',
    })
    const places = lab.proxy.query(
      'SELECT direction, type, path, count FROM redactions ORDER BY flow DESC, path LIMIT 4',
    )
    expect(places).toEqual([
      { direction: 'out', type: 'email', path: '$.a', count: 1 },
      { direction: 'out', type: 'iban', path: '$.note', count: 1 },
      { direction: 'out', type: 'email', path: '$.to[]', count: 1 },
      { direction: 'out', type: 'email', path: 'body', count: 1 },
    ])
  })

  test('in fragments, with pings between, and with compression offered on both sides', async () => {
    const { socket } = await opened('api.de.test', '/', { perMessageDeflate: { threshold: 0 } })
    expect(socket.extensions).toBe('')
    const answer = once(socket, 'message')
    socket.send('{"to":"erika.muster', { fin: false })
    socket.ping('between')
    socket.send('mann@exam', { fin: false })
    socket.send('ple.org"}', { fin: true })
    expect(String((await answer)[0])).toBe('{"to":"[EMAIL]"}')
    expect(got).toEqual(['{"to":"[EMAIL]"}'])
    await closed(socket)
  })

  test('in: the caller never sees it', async () => {
    const { socket, server } = await opened('api.fr.test')
    const answer = once(socket, 'message')
    server.send(JSON.stringify({ from: MAIL, iban: IBAN }))
    expect(String((await answer)[0])).toBe('{"from":"[EMAIL]","iban":"[IBAN]"}')
    // What goes out there is no matter of that rule, what comes back is.
    expect(await echoOf(socket, MAIL)).toBe('[EMAIL]')
    expect(got).toEqual([MAIL])
    await closed(socket)
    await lastFlow()
    expect(lastRow()).toMatchObject({ redactions_out: 0, redactions_in: 3, inspection: 'full' })
  })

  test('tokens go out and come back, also over several messages of a text', async () => {
    const { socket, server } = await opened('api.us.test')
    expect(await echoOf(socket, JSON.stringify({ to: MAIL }))).toBe(JSON.stringify({ to: MAIL }))
    const [token = ''] = TOKEN.exec(got[0] ?? '') ?? []
    expect(token).not.toBe('')
    expect(got[0]).not.toContain('mustermann')
    const events: string[] = []
    socket.on('message', (data) => events.push(String(data)))
    const closing = once(socket, 'close')
    const say = (event: object) => server.send(JSON.stringify(event))
    const of = { item_id: 'item_1', output_index: 0, content_index: 0 }
    for (const piece of ['I wrote to ', ...(token.match(/.{1,3}/g) ?? []), '. ', 'Done']) {
      say({ type: 'response.output_text.delta', ...of, delta: piece })
    }
    say({ type: 'response.output_text.done', ...of, text: `I wrote to ${token}. Done` })
    server.close()
    await closing
    const parsed = events.map((event) => JSON.parse(event))
    expect(parsed.map(({ delta = '' }) => delta).join('')).toBe(`I wrote to ${MAIL}. Done`)
    expect(parsed.at(-1).text).toBe(`I wrote to ${MAIL}. Done`)
  })

  test('a text that stands still waits for the next message, not longer', async () => {
    const { socket, server } = await opened('api.us.test')
    const say = (delta: string) =>
      server.send(JSON.stringify({ type: 'response.output_text.delta', item_id: 'i', delta }))
    const pieces: string[] = []
    socket.on('message', (data) => pieces.push(JSON.parse(String(data)).delta))
    say('mail PII_EM')
    server.ping()
    await once(server, 'pong')
    expect(pieces).toEqual([])
    say('X is none. ')
    await eventually('both', () => pieces.length === 2)
    expect(pieces.join('')).toBe('mail PII_EMX is none. ')
    await closed(socket)
  })

  test('pings, pongs and the reason of a goodbye are read as well, both ways', async () => {
    for (const [host, isOut] of [
      ['api.de.test', true],
      ['api.fr.test', false],
    ] as const) {
      const { socket, server } = await opened(host)
      const [from, to] = isOut ? [socket, server] : [server, socket]
      for (const kind of ['ping', 'pong'] as const) {
        const heard = once(to, kind)
        from[kind](`is ${MAIL} there`)
        expect(String((await heard)[0])).toBe('is [EMAIL] there')
      }
      const heard = once(to, 'ping')
      const bytes = Buffer.from([0, 1, 2, 3, 255])
      from.ping(bytes)
      expect((await heard)[0]).toEqual(bytes)
      const goodbye = once(to, 'close')
      from.close(4000, `from ${MAIL}`)
      const [code, reason] = await goodbye
      expect([code, String(reason)]).toEqual([4000, 'from [EMAIL]'])
      await lastFlow()
      expect(lastRow()).toMatchObject(isOut ? { redactions_out: 3 } : { redactions_in: 3 })
    }
  })

  test('a thought that no model has said is read like anything else', async () => {
    const { socket } = await opened('api.de.test')
    const delta = { type: 'thinking_delta', thinking: `to ${MAIL}.` }
    const event = { type: 'content_block_delta', index: 0, delta }
    socket.send(JSON.stringify(event))
    socket.send(JSON.stringify({ type: 'content_block_stop', index: 0 }))
    await eventually('both', () => got.length === 2)
    expect(JSON.parse(got[0] ?? '').delta.thinking).toBe('to [EMAIL].')
    await closed(socket)
  })

  test('what is not text ends it with 1008, nothing of it arrives, and the log says why', async () => {
    const { socket, server } = await opened('api.de.test')
    const ends = [once(socket, 'close'), once(server, 'close')]
    socket.send(Buffer.from([0, 1, 2, 3]))
    socket.send('behind it')
    for (const [code, reason] of await Promise.all(ends)) {
      expect([code, String(reason)]).toEqual([1008, 'body-unscannable'])
    }
    expect(got).toEqual([])
    expect(await lastFlow()).toMatchObject({ outcome: 'failed', error: 'body-unscannable' })
    expect(lastRow()).toMatchObject({ inspection: 'headers' })
  })

  test('what is too large to be looked at, with 1009', async () => {
    const { socket, server } = await opened('api.de.test')
    const ends = [once(socket, 'close'), once(server, 'close')]
    socket.send('x'.repeat(4 * 1024 * 1024 + 1))
    expect((await Promise.all(ends)).map(([code]) => code)).toEqual([1009, 1009])
    expect(got).toEqual([])
    expect(await lastFlow()).toMatchObject({ outcome: 'failed', error: 'body-unscannable' })
  })

  test('towards the client it passes as it is, and the log says that not all was read', async () => {
    const { socket, server } = await opened('api.fr.test')
    const bytes = Buffer.from([0, 1, 2, 3])
    const answer = once(socket, 'message')
    server.send(bytes)
    expect((await answer)[0]).toEqual(bytes)
    await closed(socket)
    expect(await lastFlow()).toMatchObject({ outcome: 'forwarded', error: null })
    expect(lastRow()).toMatchObject({ inspection: 'headers' })
  })

  test('what will be in it is not known when it is decided: a rule about data refuses it', async () => {
    const url = `https://api.fr.test:${origin.port}/pay`
    const fields = [
      ...['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ].flatMap((field) => ['-H', field])
    const before = origin.accepted.length
    const { status, body } = await curl(lab.proxy, '--http1.1', ...fields, url)
    expect(status).toBe(403)
    expect(JSON.parse(body).code).toBe('rule-no-cards')
    expect(origin.accepted).toHaveLength(before)
  })
})

test('by the SDK of OpenAI: a conversation in Realtime, with a call of a tool', async () => {
  const at = `api.us.test:${origin.port}`
  const ca = readFileSync(lab.proxy.ca, 'utf8')
  const tls = await openTls(lab.proxy, at, { ca, alpn: ['http/1.1'] })
  const client = new OpenAI({ apiKey: 'none', baseURL: `https://${at}/v1` })
  const options = { createConnection: () => tls } as WebSocket.ClientOptions
  const realtime = new OpenAIRealtimeWS({ model: 'gpt-realtime', options }, client)
  await once(realtime.socket, 'open')
  const server = origin.accepted.at(-1) as WebSocket
  server.removeAllListeners('message')
  const came: string[] = []
  server.on('message', (data) => {
    came.push(String(data))
    if (JSON.parse(String(data)).type === 'response.create') answerRealtime(server, came[0] ?? '')
  })
  const said = { text: '', call: '', again: '' }
  realtime.on('response.output_text.delta', ({ delta }) => {
    said.text += delta
  })
  realtime.on('response.function_call_arguments.delta', ({ delta }) => {
    said.call += delta
  })
  realtime.on('response.function_call_arguments.done', (event) => {
    said.again = event.arguments
  })
  const done = new Promise<object>((resolve) => realtime.on('response.done', resolve))
  const content = [{ type: 'input_text' as const, text: `Write to ${MAIL}.` }]
  const item = { type: 'message' as const, role: 'user' as const, content }
  realtime.send({ type: 'conversation.item.create', item })
  realtime.send({ type: 'response.create' })
  const whole = await done
  expect(came.join('')).not.toContain('mustermann')
  expect(said.text).toBe(`I write to ${MAIL}, now.`)
  expect(JSON.parse(said.call)).toEqual({ to: MAIL })
  expect(JSON.parse(said.again)).toEqual({ to: MAIL })
  expect(JSON.stringify(whole)).toContain(`"text":"I write to ${MAIL}, now."`)
  realtime.close()
  await lastFlow()
  expect(lastRow()).toMatchObject({ redactions_out: 1, inspection: 'full' })
})

/** As the service does, a few letters at a time. */
function answerRealtime(server: WebSocket, asked: string): void {
  const [token = ''] = TOKEN.exec(asked) ?? []
  let count = 0
  const say = (type: string, event: object) =>
    server.send(
      JSON.stringify({ type, event_id: `event_${count++}`, response_id: 'resp_1', ...event }),
    )
  const pieces = (text: string) => text.match(/.{1,4}/g) ?? []
  const text = `I write to ${token}, now.`
  const args = JSON.stringify({ to: token })
  const ofText = { item_id: 'item_1', output_index: 0, content_index: 0 }
  const ofCall = { item_id: 'item_2', output_index: 1, call_id: 'call_1' }
  for (const delta of pieces(text)) say('response.output_text.delta', { ...ofText, delta })
  for (const delta of pieces(args))
    say('response.function_call_arguments.delta', { ...ofCall, delta })
  say('response.output_text.done', { ...ofText, text })
  say('response.function_call_arguments.done', { ...ofCall, name: 'send', arguments: args })
  const content = [{ type: 'output_text', text }]
  const output = [{ id: 'item_1', type: 'message', role: 'assistant', content }]
  say('response.done', { response: { id: 'resp_1', status: 'completed', output } })
}

test('where the policy says so, it is the other way round', async () => {
  await using other = await openLab({
    config: `${RULES}\nredaction: { on_unscannable: { out: pass, in: block } }`,
  })
  const own = other.keep(await webSocketOrigin(other.certificate('api.de.test', 'api.fr.test')))
  const bytes = Buffer.from([0, 1, 2, 3])
  const { socket } = await opened('api.de.test', '/', {}, other, own)
  const answer = once(socket, 'message')
  socket.send(bytes)
  expect((await answer)[0]).toEqual(bytes)
  expect(await echoOf(socket, MAIL)).toBe('[EMAIL]')
  await closed(socket)
  await lastFlow(other)
  expect(lastRow(other)).toMatchObject({ redactions_out: 1, inspection: 'headers' })
  const { socket: second, server } = await opened('api.fr.test', '/', {}, other, own)
  const ends = [once(second, 'close'), once(server, 'close')]
  server.send(bytes)
  for (const [code, reason] of await Promise.all(ends)) {
    expect([code, String(reason)]).toEqual([1008, 'answer-unscannable'])
  }
  expect(await lastFlow(other)).toMatchObject({ error: 'answer-unscannable' })
})

test('a connection that becomes something that cannot be read is not let through unread', async () => {
  await using other = await openLab({
    config: `${RULES}  - { id: engine, because: our own, when: { host: api.de.test, upgrade: tcp }, then: allow }`,
  })
  const url = `http://api.de.test:${other.http.port}/`
  const fields = ['-H', 'Connection: Upgrade', '-H', 'Upgrade: tcp']
  const { status, body } = await curl(other.proxy, '--http1.1', ...fields, url)
  expect(status).toBe(403)
  expect(JSON.parse(body).code).toBe('body-unscannable')
})

test('on streams of HTTP/2, from client to origin', async () => {
  const seen: string[] = []
  const h2 = lab.keep(
    await http2Origin(lab.certificate('api.us.test'), {
      address: '127.0.0.20',
      settings: { enableConnectProtocol: true },
      onStream(stream) {
        stream.respond({ ':status': 200 })
        const socket = webSocketOn(stream, false)
        socket.on('message', (data) => {
          seen.push(String(data))
          socket.send(String(data))
        })
      },
    }),
  )
  const at = `api.us.test:${h2.port}`
  const ca = readFileSync(lab.proxy.ca, 'utf8')
  const tls = await openTls(lab.proxy, at, { ca, alpn: ['h2'] })
  const session = http2.connect(`https://${at}`, { createConnection: () => tls })
  await once(session, 'remoteSettings')
  const stream = session.request(
    {
      ...{ ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'https', ':path': '/' },
      ...{ ':authority': at, 'sec-websocket-version': '13' },
    },
    { endStream: false },
  )
  await once(stream, 'response')
  const socket = webSocketOn(stream, true)
  expect(await echoOf(socket, `{"to":"${MAIL}"}`)).toBe(`{"to":"${MAIL}"}`)
  expect(seen[0]).toMatch(new RegExp(`^{"to":"${TOKEN.source}"}$`))
  await closed(socket)
  session.close()
  await lastFlow()
  expect(lastRow()).toMatchObject({ redactions_out: 1, redactions_in: 0, inspection: 'full' })
})

const reason = missing(...browserNeeds)

describe.skipIf(reason)('by a page in Chromium', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser(lab.proxy, join(lab.dir, 'home'))
  }, 60_000)
  afterAll(() => browser?.close())

  test('text and bytes without what a rule takes out, and restored', async () => {
    const page = await browser.newPage()
    await page.goto(`https://api.de.test:${lab.https.port}/`)
    const ask = (host: string) =>
      page.evaluate(`new Promise((resolve, reject) => {
        const socket = new WebSocket('wss://${host}:${origin.port}/')
        const got = []
        socket.binaryType = 'arraybuffer'
        socket.onerror = () => reject(new Error('no WebSocket'))
        socket.onopen = () => {
          socket.send(JSON.stringify({ to: '${MAIL}' }))
          socket.send(new TextEncoder().encode('mail ${MAIL}'))
        }
        socket.onmessage = ({ data }) => {
          got.push(typeof data === 'string' ? data : new TextDecoder().decode(data))
          if (got.length === 2) socket.close(3001)
        }
        socket.onclose = ({ code }) => resolve({ got, code })
      })`)
    const taken = ['{"to":"[EMAIL]"}', 'mail [EMAIL]']
    expect(await ask('api.de.test')).toEqual({ got: taken, code: 3001 })
    const restored = [`{"to":"${MAIL}"}`, `mail ${MAIL}`]
    expect(await ask('api.us.test')).toEqual({ got: restored, code: 3001 })
    await page.close()
  })
})
