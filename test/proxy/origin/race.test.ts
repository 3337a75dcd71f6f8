/** Several judged addresses, real sockets: who is taken, how long that takes, and that nobody else is left with a connection. */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { NO_METER } from '../../../src/ports.ts'
import { interleave, type RaceOptions, race } from '../../../src/proxy/origin/race.ts'
import { openBlackHole } from '../../support/black-hole.ts'
import { linux, missing } from '../../support/needs.ts'
import { ip } from '../../support/nouns.ts'
import { eventually } from '../../support/wait.ts'

let stack = new AsyncDisposableStack()
afterEach(async () => {
  await stack.disposeAsync()
  stack = new AsyncDisposableStack()
})

/** A server, and how many have ever connected to it and how many still are. */
async function serve(address: string, port = 0) {
  const counts = { port: 0, ever: 0, open: 0 }
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    counts.ever++
    counts.open++
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => counts.open--)
    socket.resume()
  })
  server.listen(port, address)
  await once(server, 'listening')
  stack.defer(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  counts.port = (server.address() as net.AddressInfo).port
  return counts
}

async function run(port: number, addresses: readonly string[], changes: Partial<RaceOptions> = {}) {
  const signal = new AbortController().signal
  const options = { port, timeout: 5_000, meter: NO_METER, signal, ...changes }
  const began = performance.now()
  const result = await race(addresses.map(ip), options)
  const ms = performance.now() - began
  if ('code' in result) return { ms, code: result.code, detail: result.detail }
  result.socket.destroy()
  return { ms, taken: result.address.text, rest: result.rest.map(({ text }) => text) }
}

/** Attempts under way of this machine to that port (state SYN_SENT). */
function attempts(port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .filter((line) => new RegExp(`:${hex} 02 `).test(line)).length
}

test('the first that accepts is taken, and the second never hears of it', async () => {
  const first = await serve('127.0.0.2')
  const second = await serve('127.0.0.3', first.port)
  expect(await run(first.port, ['127.0.0.2', '127.0.0.3'])).toMatchObject({
    taken: '127.0.0.2',
    rest: ['127.0.0.3'],
  })
  await eventually('the end of it', () => first.ever === 1 && first.open === 0)
  expect(second.ever).toBe(0)
})

test('one that refuses costs nothing', async () => {
  const server = await serve('127.0.0.3')
  const result = await run(server.port, ['127.0.0.2', '127.0.0.4', '127.0.0.3'])
  expect(result).toMatchObject({ taken: '127.0.0.3', rest: [] })
  expect(result.ms).toBeLessThan(240)
})

test('of two families the other one is tried in between', async () => {
  const server = await serve('::1')
  const result = await run(server.port, ['127.0.0.2', '::1'])
  expect(result).toMatchObject({ taken: '::1' })
})

describe.skipIf(missing(linux))('where nobody answers', () => {
  test('costs one delay, and the attempt ends with the race', async () => {
    const hole = stack.use(await openBlackHole('127.0.0.2'))
    const server = await serve('127.0.0.3', hole.port)
    // Those that fill the queue of the black hole wait as well.
    const before = attempts(hole.port)
    const result = await run(hole.port, ['127.0.0.2', '127.0.0.3'])
    expect(result).toMatchObject({ taken: '127.0.0.3', rest: ['127.0.0.2'] })
    expect(result.ms).toBeGreaterThan(240)
    expect(result.ms).toBeLessThan(1_500)
    expect(attempts(hole.port)).toBe(before)
    expect(server.ever).toBe(1)
  })

  test('everywhere, it is over when the time is', async () => {
    const hole = stack.use(await openBlackHole('127.0.0.2'))
    stack.use(await openBlackHole('127.0.0.3', hole.port))
    const before = attempts(hole.port)
    const result = await run(hole.port, ['127.0.0.2', '127.0.0.3'], { timeout: 600 })
    expect(result.code).toBe('connect-timeout')
    expect(result.ms).toBeGreaterThan(590)
    expect(result.ms).toBeLessThan(1_500)
    expect(attempts(hole.port)).toBe(before)
  })

  test('an attempt that nobody waits for is given up', async () => {
    const hole = stack.use(await openBlackHole('127.0.0.2'))
    const before = attempts(hole.port)
    const abort = new AbortController()
    setTimeout(() => abort.abort(), 50)
    const result = await run(hole.port, ['127.0.0.2'], { signal: abort.signal })
    expect(result.code).toBe('connect-reset')
    expect(attempts(hole.port)).toBe(before)
  })
})

test.each([
  { name: 'nowhere', addresses: [] as string[], want: [] as string[] },
  {
    name: 'families take turns, the first one begins',
    addresses: ['192.0.2.1', '192.0.2.2', '192.0.2.3', '2001:db8::1', '2001:db8::2'],
    want: ['192.0.2.1', '2001:db8::1', '192.0.2.2', '2001:db8::2', '192.0.2.3'],
  },
  {
    name: 'whichever that is',
    addresses: ['2001:db8::1', '192.0.2.1', '192.0.2.2'],
    want: ['2001:db8::1', '192.0.2.1', '192.0.2.2'],
  },
])('order: $name', ({ addresses, want }) => {
  expect(interleave(addresses.map(ip)).map(({ text }) => text)).toEqual(want)
})

test('all refuse: the last of them is told of', async () => {
  const server = await serve('127.0.0.4')
  const result = await run(server.port, ['127.0.0.2', '127.0.0.3'])
  expect(result).toMatchObject({ code: 'connect-refused' })
  expect(result.detail).toContain('127.0.0.3')
})
