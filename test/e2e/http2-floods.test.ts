/** Clients that keep the proxy busy or full without asking for anything: each is bounded, told to calm down, and in the log. */

import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTls } from '../support/clients.ts'
import { type Http2Origin, http2Origin } from '../support/http2-origin.ts'
import {
  ACK,
  block,
  data,
  END_HEADERS,
  END_STREAM,
  frame,
  goAway,
  headers,
  PREFACE,
  RawPeer,
  reset,
  settings,
  uint32,
} from '../support/http2-peer.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { readKilobytes } from '../support/memory.ts'
import { linux, missing } from '../support/needs.ts'
import { eventually } from '../support/wait.ts'

const LIMITS = `
timeouts: { head: 500ms }
limits:
  head: 16KiB
  held: 8MiB
  http2_streams: 40
  http2_resets: 60
  http2_resets_per_second: 1
  http2_frames: 200
  http2_frames_per_second: 1
`

let lab: Lab
let ca: string
let h2: Http2Origin
let authority: string
beforeAll(async () => {
  lab = await openLab({ config: LIMITS })
  ca = readFileSync(lab.proxy.ca, 'utf8')
  h2 = lab.keep(
    await http2Origin(lab.certificate('api.de.test'), {
      address: '127.0.0.10',
      maxSessionMemory: 1_000,
      onStream(stream, { ':path': path = '' }) {
        if (path === '/never') return
        stream.resume()
        stream.respond({ ':status': 200 })
        stream.end(path === '/large' ? Buffer.alloc(2 * 1024 * 1024) : 'ok')
      },
    }),
  )
  authority = `api.de.test:${h2.port}`
})
afterAll(() => lab[Symbol.asyncDispose]())

async function connect(...first: Buffer[]): Promise<RawPeer> {
  const socket = await openTls(lab.proxy, authority, { ca, alpn: ['h2'] })
  const peer = new RawPeer(socket)
  peer.send(PREFACE, settings(), ...first)
  return peer
}

const request = (method: string, path: string, ...more: string[]) => [
  ...[':method', method, ':scheme', 'https', ':authority', authority, ':path', path],
  ...more,
]

async function metric(name: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${lab.proxy.consolePort}/metrics`)
  const line = (await response.text()).split('\n').find((text) => text.startsWith(`${name} `))
  return Number(line?.slice(name.length + 1))
}

const HELD = 'cordon_held_bytes{what="http2"}'

/** Sends the frames over and over, until the proxy has ended the connection. */
async function flood(peer: RawPeer, ...bytes: Buffer[]): Promise<void> {
  const many = Buffer.concat(Array(20).fill(Buffer.concat(bytes)))
  for (let i = 0; i < 2_000 && !peer.isClosed; i++) {
    peer.send(many)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await peer.closed()
}

describe('a flood of', () => {
  test.each<[string, () => Buffer[]]>([
    ['PING', () => [frame('PING', 0, 0, uint32(1, 2))]],
    ['answers to PING', () => [frame('PING', ACK, 0, uint32(1, 2))]],
    ['SETTINGS', () => [settings(4, 65_535)]],
    ['empty SETTINGS', () => [settings()]],
    ['acknowledgements', () => [frame('SETTINGS', ACK, 0)]],
    ['PRIORITY', () => [frame('PRIORITY', 0, 1, Buffer.alloc(5))]],
    ['empty DATA', () => [data(1, '')]],
    ['DATA of padding alone', () => [frame('DATA', 0x8, 1, Buffer.alloc(11, 10))]],
    ['windows of the connection', () => [frame('WINDOW_UPDATE', 0, 0, uint32(1))]],
    ['windows of a stream', () => [frame('WINDOW_UPDATE', 0, 1, uint32(1))]],
    ['unknown frames', () => [frame(0x77, 0, 0)]],
    ['GOAWAY', () => [goAway(0)]],
    ['resets of a stream that is over', () => [reset(3)]],
    ['DATA of a stream that is over', () => [data(3, 'x')]],
  ])('%s', async (_, bytes) => {
    const before = await metric('cordon_events_total{event="http2-flood"}')
    const peer = await connect(headers(1, request('POST', '/never'), 0))
    peer.send(headers(3, request('GET', '/')))
    expect(await peer.end(3)).toEqual([200])
    await flood(peer, ...bytes())
    expect(await peer.goodbye()).toBe('ENHANCE_YOUR_CALM')
    expect(await metric('cordon_events_total{event="http2-flood"}')).toBe(before + 1)
    await eventually('the row of the flood', () =>
      lab.proxy
        .flows()
        .slice(-3)
        .some(({ error }) => error === 'request-flood'),
    )
  })

  test('rapid resets (CVE-2023-44487)', async () => {
    const before = h2.seen.length
    const peer = await connect()
    for (let id = 1; id < 10_000 && !peer.isClosed; id += 2) {
      peer.send(headers(id, request('GET', '/never')), reset(id))
      if (id % 200 === 1) await new Promise((resolve) => setImmediate(resolve))
    }
    await peer.closed()
    expect(await peer.goodbye()).toBe('ENHANCE_YOUR_CALM')
    expect(h2.seen.length - before).toBeLessThanOrEqual(120)
  })

  test('requests that make the proxy reset (CVE-2025-8671)', async () => {
    const peer = await connect()
    for (let id = 1; id < 10_000 && !peer.isClosed; id += 2) {
      peer.send(headers(id, request('GET', '/never')), frame('WINDOW_UPDATE', 0, id, uint32(0)))
      if (id % 200 === 1) await new Promise((resolve) => setImmediate(resolve))
    }
    await peer.closed()
    expect(await peer.goodbye()).toBe('ENHANCE_YOUR_CALM')
  })

  test('requests beyond the number of streams', async () => {
    const peer = await connect()
    for (let id = 1; id <= 81; id += 2) peer.send(headers(id, request('GET', '/never')))
    expect(await peer.end(81)).toEqual(['REFUSED_STREAM'])
    for (let id = 83; id < 10_000 && !peer.isClosed; id += 2) {
      peer.send(headers(id, request('GET', '/never')))
      if (id % 200 === 1) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await peer.goodbye()).toBe('ENHANCE_YOUR_CALM')
    await peer.closed()
  })

  test.each([
    ['empty CONTINUATION', ''],
    ['CONTINUATION', block('a', 'b'.repeat(10_000))],
  ])('%s (CVE-2024-27316)', async (_, bytes) => {
    const peer = await connect()
    peer.send(frame('HEADERS', END_STREAM, 1, block(...request('GET', '/'))))
    await flood(peer, frame('CONTINUATION', 0, 1, Buffer.from(bytes)))
    expect(await peer.goodbye()).toBe('ENHANCE_YOUR_CALM')
  })
})

describe('a head', () => {
  test.each<[string, () => Buffer]>([
    [
      'that is too large',
      () => {
        const whole = block(...request('GET', '/', 'a', 'b'.repeat(16_320)))
        const [first, rest] = [whole.subarray(0, 9_000), whole.subarray(9_000)]
        return Buffer.concat([
          frame('HEADERS', END_STREAM, 1, first),
          frame('CONTINUATION', END_HEADERS, 1, rest),
        ])
      },
    ],
    ['of too many fields', () => headers(1, request('GET', '/', ...Array(2 * 1_001).fill('a')))],
    [
      'that is small on the wire and large in memory',
      () => {
        // One field of 4,000 bytes enters the table, and is then named 10,000 times with one byte.
        const field = Buffer.concat([Buffer.of(0x40), block('', 'x'.repeat(4_000)).subarray(1)])
        const bomb = Buffer.concat([field, Buffer.alloc(10_000, 0xbe)])
        return frame('HEADERS', END_STREAM | END_HEADERS, 1, bomb)
      },
    ],
  ])('%s is refused with 431; the connection goes on', async (_, bytes) => {
    const peer = await connect(bytes())
    expect((await peer.end(1))[0]).toBe(431)
    peer.send(headers(3, request('GET', '/')))
    expect(await peer.end(3)).toEqual([200])
    peer.socket.destroy()
  })

  test('that never ends ends the connection in time', async () => {
    const peer = await connect(frame('HEADERS', END_STREAM, 1, block(...request('GET', '/'))))
    expect(await peer.goodbye()).toBe('NO_ERROR')
    await peer.closed()
    await eventually('its row', () => lab.proxy.flows().at(-1)?.error === 'request-timeout')
  })
})

describe('what waits', () => {
  test('answers nobody reads: over the limit, streams end one by one', async () => {
    const peer = await connect()
    // No window at all for bodies.
    peer.send(settings(4, 0))
    const ids = Array.from({ length: 40 }, (_, i) => 1 + 2 * i)
    for (const id of ids) peer.send(headers(id, request('GET', '/large')))
    await eventually('a stream to be ended', () =>
      peer.frames.some(({ type }) => type === 'RST_STREAM'),
    )
    expect(await metric(HELD)).toBeLessThan(10 * 1024 * 1024)
    await eventually('its row', () =>
      lab.proxy.flows().some(({ error }) => error === 'held-exceeded'),
    )
    peer.socket.destroy()
    await eventually('nothing to wait any more', async () => (await metric(HELD)) === 0)
  })

  test.skipIf(missing(linux))(
    'a body in frames of one byte costs what its bytes cost',
    async () => {
      const peer = await connect()
      const streams = Array.from({ length: 20 }, (_, i) => 1 + 2 * i)
      // The origin reads nothing: what comes waits.
      for (const id of streams) peer.send(headers(id, request('POST', '/never'), 0))
      await eventually('all to have been asked', async () => {
        const paths = h2.seen.slice(-20)
        return paths.every((path) => path === 'POST /never')
      })
      const before = readKilobytes(lab.proxy.process.pid)
      const wanted = 20 * 200_000
      for (let i = 0; i < 200; i++) {
        for (const id of streams) peer.send(...Array(1_000).fill(data(id, 'x')))
        await new Promise((resolve) => setImmediate(resolve))
      }
      const held = await eventually('it to have come', async () => {
        const bytes = await metric(HELD)
        return bytes > 0.5 * wanted ? bytes : null
      })
      await sleep(500)
      // The heap's own slack, for what passed through it, and what waits.
      expect(readKilobytes(lab.proxy.process.pid) - before).toBeLessThan(60_000 + (3 * held) / 1024)
      peer.socket.destroy()
      await eventually('nothing to wait any more', async () => (await metric(HELD)) === 0)
    },
  )
})
