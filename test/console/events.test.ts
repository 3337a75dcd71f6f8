/** Server-sent events: the whole picture first, then every change, to those who may see it, for as long as they may. */

import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openTestConsole, type TestConsole } from '../support/console.ts'
import { eventually } from '../support/wait.ts'

let at: TestConsole
const open: AbortController[] = []
const sockets: Socket[] = []
beforeEach(async () => {
  at = await openTestConsole()
})
afterEach(async () => {
  vi.useRealTimers()
  for (const controller of open.splice(0)) controller.abort()
  for (const socket of sockets.splice(0)) socket.destroy()
  await at[Symbol.asyncDispose]()
})

interface Event {
  readonly id: string
  readonly event: string
  // biome-ignore lint/suspicious/noExplicitAny: whatever it is, the test says what it has to be
  readonly data: any
}

async function listen(token = 'crv_ada', headers: Record<string, string> = {}) {
  const controller = new AbortController()
  open.push(controller)
  const response = await fetch(`${at.url}/api/v1/events`, {
    headers: { Authorization: `Bearer ${token}`, ...headers },
    signal: controller.signal,
  })
  const events: Event[] = []
  let text = ''
  let ended = false
  const reading = (async () => {
    for await (const piece of response.body ?? []) {
      text += Buffer.from(piece).toString()
      for (;;) {
        const end = text.indexOf('\n\n')
        if (end < 0) break
        const lines = text.slice(0, end).split('\n')
        text = text.slice(end + 2)
        const field = (name: string) =>
          lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
        const data = field('data')
        if (data === undefined) continue
        events.push({
          id: field('id') ?? '',
          event: field('event') ?? '',
          data: JSON.parse(data),
        })
      }
    }
  })()
  reading.then(
    () => {
      ended = true
    },
    () => {
      ended = true
    },
  )
  const upTo = (count: number) =>
    eventually(`${count} events`, () => (events.length >= count ? events : null))
  return { response, events, upTo, close: () => controller.abort(), hasEnded: () => ended }
}

test('first what waits and what is granted, then each change', async () => {
  at.approvals.open()
  at.approvals.open()
  await at.approvals.approve('h-1x000000', 'bob', NOTHING)
  const { response, upTo } = await listen()
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  expect((await upTo(1))[0]).toMatchObject({
    id: '1',
    event: 'snapshot',
    data: {
      caller: { kind: 'reviewer', name: 'ada' },
      holds: [{ id: 'h-2x000000', may_decide: true, seconds_left: 3600 }],
      left_off: 0,
      grants: [{ id: 'g-1x000000', state: 'active' }],
    },
  })
  at.approvals.open({ host: 'b.test' })
  await at.approvals.deny('h-2x000000', 'bob', 'no')
  await at.approvals.revoke('g-1x000000', 'bob', null)
  const events = await upTo(4)
  expect(events.slice(1).map(({ id, event, data }) => [id, event, data.event])).toEqual([
    ['2', 'change', 'opened'],
    ['3', 'change', 'denied'],
    ['4', 'change', 'revoked'],
  ])
  expect(events[1]?.data).toMatchObject({
    by: null,
    hold: { host: 'b.test', state: 'pending' },
    granted: null,
  })
  expect(events[2]?.data).toMatchObject({ by: 'bob', hold: { state: 'denied' } })
  expect(events[3]?.data).toMatchObject({ granted: { state: 'revoked' } })
})

test('an approval comes with what was granted', async () => {
  at.approvals.open()
  const { upTo } = await listen()
  await upTo(1)
  await at.approvals.approve('h-1x000000', 'bob', NOTHING)
  expect((await upTo(2))[1]?.data).toMatchObject({
    event: 'approved',
    by: 'bob',
    granted: { breadth: 'request', uses: 1 },
  })
})

test('an agent hears of its own alone', async () => {
  at.approvals.open()
  at.approvals.open({ agent: 'other' })
  await at.approvals.approve('h-1x000000', 'bob', NOTHING)
  const { upTo, events } = await listen('agent-other')
  expect((await upTo(1))[0]?.data).toMatchObject({ holds: [{ agent: 'other' }], grants: [] })
  at.approvals.open({ agent: 'crawler' })
  at.approvals.open({ agent: 'other', host: 'mine.test' })
  await upTo(2)
  expect(events[1]?.data.hold.host).toBe('mine.test')
})

test('who comes again gets the whole picture again', async () => {
  const { upTo } = await listen('crv_ada', { 'Last-Event-ID': '17' })
  expect((await upTo(1))[0]).toMatchObject({ id: '1', event: 'snapshot' })
})

test('a client that has left is forgotten', async () => {
  let watching = 0
  const { watch } = at.approvals
  at.approvals.watch = (onEvent) => {
    const stop = watch(onEvent)
    watching++
    return () => {
      watching--
      stop()
    }
  }
  const { upTo, close } = await listen()
  await upTo(1)
  expect(watching).toBe(1)
  close()
  await eventually('nobody to watch', () => watching === 0)
})

test('only so many of one may listen', async () => {
  const streams = []
  for (let i = 0; i < 8; i++) streams.push(await listen())
  expect((await listen()).response.status).toBe(503)
  expect((await listen('crv_bob')).response.status).toBe(200)
  streams[0]?.close()
  await eventually('a free place', async () => (await listen()).response.status === 200)
})

test('agents do not take all places', async () => {
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    at.people.set(`agent-${name}`, { kind: 'agent', name })
  }
  for (const name of ['a', 'b', 'c', 'd']) {
    for (let i = 0; i < 8; i++) expect((await listen(`agent-${name}`)).response.status).toBe(200)
  }
  expect((await listen('agent-e')).response.status).toBe(503)
  expect((await listen()).response.status).toBe(200)
})

test('a token that is not good any more ends its stream with the next beat', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const { upTo, hasEnded } = await listen()
  await upTo(1)
  vi.advanceTimersByTime(15_000)
  at.people.delete('crv_ada')
  expect(hasEnded()).toBe(false)
  vi.advanceTimersByTime(15_000)
  await eventually('the end of the stream', hasEnded)
})

test('a first picture that is larger than what may wait is no reason to let go', async () => {
  const evidence = Array(60).fill('x'.repeat(100))
  for (let i = 0; i < 900; i++) at.approvals.open({ evidence })
  const { watch } = at.approvals
  at.approvals.watch = (onEvent) => {
    const stop = watch(onEvent)
    // Before anything of the picture can have left.
    queueMicrotask(() => at.approvals.open({ host: 'next.test' }))
    return stop
  }
  const { upTo, events } = await listen()
  await upTo(2)
  expect(events[0]?.data.holds).toHaveLength(900)
  expect(events[1]?.data.hold.host).toBe('next.test')
})

test('a reader that does not read is let go of', async () => {
  const socket = connect(at.console.port, '127.0.0.1')
  sockets.push(socket)
  let closed = false
  socket.on('close', () => {
    closed = true
  })
  socket.on('error', () => {})
  let watched = false
  const { watch } = at.approvals
  at.approvals.watch = (onEvent) => {
    watched = true
    const stop = watch(onEvent)
    return () => {
      watched = false
      stop()
    }
  }
  socket.write(
    'GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer crv_ada\r\n\r\n',
  )
  socket.pause()
  await eventually('the stream', () => watched)
  const evidence = Array(100).fill('x'.repeat(1_000))
  await eventually('an end', () => {
    for (let i = 0; i < 20; i++) at.approvals.open({ evidence })
    return !watched
  })
  socket.resume()
  await eventually('the socket to close', () => closed)
})

const NOTHING = { breadth: null, group: null, lasts: null, uses: null, reason: null }
