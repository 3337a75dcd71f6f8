/** Bytes of a connection whose statements are judged, over streams in memory: nothing is lost, nobody is flooded, and each end is the right one. */

import { once } from 'node:events'
import { type Duplex, duplexPair } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Channel } from '../../../src/proxy/channel.ts'
import { Deadlines } from '../../../src/proxy/deadlines.ts'
import {
  type StatementLine,
  type StatementReader,
  StatementRelay,
} from '../../../src/proxy/statements/relay.ts'
import type { ChannelEnd, ChannelOptions } from '../../../src/proxy/tunnel.ts'
import { eventually } from '../../support/wait.ts'

let time: number
let deadlines: Deadlines
let reported: unknown[]
let ends: ChannelEnd[]
let client: Duplex
let server: Duplex
/** Ours of the two. */
let [near, far]: [Channel, Channel] = [] as never
let ended: number
let lease: AbortController

beforeEach(() => {
  time = 1_000
  reported = []
  ends = []
  ended = 0
  lease = new AbortController()
  deadlines = new Deadlines({ now: () => time }, () => {})
  ;[client, near] = pair()
  ;[server, far] = pair()
})
afterEach(() => deadlines.close())

function pair(): [Duplex, Channel] {
  const [theirs, ours] = duplexPair({ highWaterMark: 1_000 })
  theirs.on('error', () => {})
  ours.on('error', () => {})
  return [theirs, Object.assign(ours, { destroySoon: () => void ours.end() })]
}

/** Lets all through, but for what the test says. */
function relay(changes: Partial<StatementReader> & { line?: (line: StatementLine) => void } = {}) {
  const { line: onLine, ...reader } = changes
  const context = {
    deadlines,
    timeouts: { tunnel: 60_000 },
    report: (_: string, e: unknown) => reported.push(e),
  }
  return new StatementRelay({
    client: near,
    origin: far,
    context: context as unknown as ChannelOptions['context'],
    lease: lease.signal,
    onEnd: (end) => ends.push(end),
    open(line) {
      onLine?.(line)
      return {
        fromClient(piece) {
          line.toOrigin(piece)
          return null
        },
        fromOrigin: (piece) => [piece],
        end: () => void ended++,
        ...reader,
      }
    },
  })
}

async function hear(side: Duplex, length: number): Promise<string> {
  let text = ''
  side.on('data', (piece) => {
    text += piece
  })
  side.resume()
  await eventually(`${length} bytes`, () => text.length >= length || null)
  side.removeAllListeners('data')
  side.pause()
  return text
}

test('bytes pass both ways and are counted, and a goodbye of both is a clean end', async () => {
  relay()
  client.write('to the server')
  expect(await hear(server, 13)).toBe('to the server')
  server.write('back')
  expect(await hear(client, 4)).toBe('back')
  client.end()
  server.end()
  server.resume()
  client.resume()
  await eventually('the end', () => ends.length || null)
  expect(ends).toEqual([{ outcome: 'forwarded', error: null, bytesOut: 13, bytesIn: 4 }])
  expect(ended).toBe(1)
})

describe('who does not read is not sent more than some', () => {
  const piece = Buffer.alloc(500, 'x')
  test.each([
    ['the client', () => [server, client] as const],
    ['the server', () => [client, server] as const],
  ])('%s', async (_, sides) => {
    relay()
    const [from, to] = sides()
    let sent = 0
    while (sent < 1_000) {
      if (from.write(piece)) {
        await new Promise(setImmediate)
        if (from.writableLength < 1_000) continue
      }
      // Nobody takes any more of it.
      if (await Promise.race([once(from, 'drain').then(() => false), turns(50)])) break
      sent++
    }
    expect(sent).toBeLessThan(1_000)
    expect(from.writableLength).toBeGreaterThan(0)
    // And it goes on when they read.
    to.resume()
    await eventually('all to be taken', () => from.writableLength === 0 || null)
  })

  async function turns(count: number): Promise<true> {
    for (let i = 0; i < count; i++) await new Promise(setImmediate)
    return true
  }
})

describe('while a statement waits', () => {
  let decide: () => void
  let gone: AbortSignal | null
  const waiting = () => {
    gone = null
    const lines: StatementLine[] = []
    const line = () => lines[0] as StatementLine
    return relay({
      line: (each) => void lines.push(each),
      async fromClient(piece) {
        await null
        gone = line().gone()
        await new Promise<void>((resolve) => {
          decide = resolve
        })
        line().toOrigin(piece)
      },
    })
  }

  test('what comes behind it is kept, what the server says goes on, and the order stays', async () => {
    waiting()
    client.write('first')
    await eventually('the wait', () => gone)
    client.write(' second')
    server.write('news')
    expect(await hear(client, 4)).toBe('news')
    expect(server.readableLength).toBe(0)
    gone = null
    decide()
    expect(await hear(server, 5)).toBe('first')
    await eventually('the next wait', () => gone)
    decide()
    expect(await hear(server, 7)).toBe(' second')
  })

  test('a client that says goodbye has left', async () => {
    waiting()
    client.write('first')
    const signal = await eventually('the wait', () => gone)
    client.end()
    await eventually('the goodbye', () => signal.aborted || null)
    decide()
    await eventually('the end', () => ends.length || null)
    expect(ends).toMatchObject([{ outcome: 'forwarded', error: null }])
  })

  test('it does not end by silence; without one it does', async () => {
    const running = waiting()
    client.write('first')
    await eventually('the wait', () => gone)
    running.expire()
    expect(ends).toEqual([])
    decide()
    await hear(server, 5)
    running.expire()
    expect(ends).toMatchObject([{ outcome: 'failed', error: 'connect-stalled' }])
  })
})

test.each([
  ['the lease', () => lease.abort(), { outcome: 'failed', error: 'grant-ended' }],
  [
    'the server',
    () => server.destroy(new Error('gone')),
    { outcome: 'failed', error: 'connect-reset' },
  ],
  ['the client', () => client.destroy(new Error('gone')), { outcome: 'forwarded', error: null }],
])('%s ends it, once', async (_, end, wanted) => {
  relay()
  client.write('x')
  await hear(server, 1)
  end()
  await eventually('the end', () => ends.length || null)
  lease.abort()
  expect(ends).toMatchObject([wanted])
  expect([near.destroyed, far.destroyed, ended]).toEqual([true, true, 1])
})

test('a defect costs one connection', async () => {
  relay({
    fromClient() {
      throw new Error('a defect')
    },
  })
  client.write('x')
  await eventually('the end', () => ends.length || null)
  expect(ends).toMatchObject([{ outcome: 'failed', error: 'gate-failed', bytesOut: 0 }])
  expect(reported).toHaveLength(1)
})

test('what fails is told to the client first', async () => {
  relay({
    line: (line) =>
      queueMicrotask(() => {
        line.toClient(Buffer.from('-ERR no'))
        line.fail('request-statement')
      }),
  })
  expect(await hear(client, 7)).toBe('-ERR no')
  expect(ends).toMatchObject([{ outcome: 'failed', error: 'request-statement' }])
})
