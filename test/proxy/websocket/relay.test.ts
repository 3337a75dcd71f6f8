/** A WebSocket between two real sockets: gates on its messages, back-pressure, and ends that nobody has to guess at. */

import { once } from 'node:events'
import net, { type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { NO_METER } from '../../../src/ports.ts'
import { Budget } from '../../../src/proxy/budget.ts'
import { DEFAULT_TIMEOUTS, Deadlines } from '../../../src/proxy/deadlines.ts'
import { DEFAULT_LIMITS } from '../../../src/proxy/limits/limits.ts'
import type { Served } from '../../../src/proxy/proxy.ts'
import type { ChannelEnd } from '../../../src/proxy/tunnel.ts'
import { FrameReader } from '../../../src/proxy/websocket/frame-reader.ts'
import { toClose, toFrame } from '../../../src/proxy/websocket/frames.ts'
import type { Message, MessageGate, Passage } from '../../../src/proxy/websocket/message.ts'
import { WebSocketRelay } from '../../../src/proxy/websocket/relay.ts'
import { eventually } from '../../support/wait.ts'
import { BINARY, CLOSE, PING, TEXT } from './support.ts'

let stack = new DisposableStack()
afterEach(() => {
  stack.dispose()
  stack = new DisposableStack()
})

/** One side of the relay as its peer sees it: what it was sent, as `opcode payload`. */
class Peer {
  readonly socket: Socket
  readonly got: string[] = []
  readonly #masks: boolean

  constructor(socket: Socket, masks: boolean) {
    this.socket = socket
    this.#masks = masks
    const reader = new FrameReader(
      { isMasked: !masks, maxMessage: 1e9, budget: new Budget(1e9) },
      {
        onMessage: ({ opcode, payload }) => void this.got.push(`${opcode} ${payload}`),
        onControl: (opcode, payload) =>
          void this.got.push(`${opcode} ${payload.toString('latin1')}`),
        onFault: ({ detail }) => void this.got.push(detail),
      },
    )
    socket.on('data', (chunk: Buffer) => reader.push(chunk))
    socket.on('error', () => {})
  }

  send(opcode: number, payload: string | Buffer): void {
    for (const piece of toFrame(opcode, Buffer.from(payload), this.#masks)) this.socket.write(piece)
  }

  async until(count: number): Promise<readonly string[]> {
    await eventually(`${count} frames`, () => this.got.length >= count)
    return this.got
  }
}

/** Two ends of a connection. */
async function connected(): Promise<readonly [Socket, Socket]> {
  const server = net.createServer({ allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const near = net.connect({ port: (server.address() as AddressInfo).port, allowHalfOpen: true })
  const [far] = (await once(server, 'connection')) as [Socket]
  server.close()
  for (const socket of [near, far]) stack.defer(() => socket.destroy())
  return [near, far]
}

interface Gates {
  readonly out?: MessageGate
  readonly in?: MessageGate
}

async function open({ out, in: back }: Gates = {}, timeouts = DEFAULT_TIMEOUTS) {
  const [clientFar, client] = await connected()
  const [originFar, origin] = await connected()
  const deadlines = new Deadlines({ now: Date.now }, fail)
  stack.defer(() => deadlines.close())
  const budget = new Budget(DEFAULT_LIMITS.websocketHeld)
  const reports: unknown[] = []
  const ends: ChannelEnd[] = []
  const context = {
    deadlines,
    timeouts,
    connections: new Set<Served>(),
    limits: DEFAULT_LIMITS,
    websocketBudget: budget,
    meter: NO_METER,
    report: (_: string, error: unknown) => void reports.push(error),
  }
  const options = {
    client,
    origin,
    context,
    lease: null,
    onEnd: (end: ChannelEnd) => void ends.push(end),
  }
  const relay = new WebSocketRelay(options, { out: out ?? null, in: back ?? null })
  return {
    relay,
    client: new Peer(clientFar, true),
    origin: new Peer(originFar, false),
    budget,
    reports,
    ended: () => eventually('the end', () => ends[0]),
  }
}

/** A gate that keeps nothing back. */
const as: MessageGate['control'] = (_, payload) => payload
const by = (pass: MessageGate['pass']): MessageGate => ({
  pass,
  control: as,
  end: () => [],
  held: 0,
})

const shout = by(({ opcode, payload }) => [
  { opcode, payload: Buffer.from(payload.toString().toUpperCase()) },
])

describe('a gate', () => {
  test('may put another message in place of one, larger or smaller, either way', async () => {
    const { client, origin } = await open({
      out: shout,
      in: by(({ opcode }) => [{ opcode, payload: Buffer.alloc(70_000, 'z') }]),
    })
    client.send(TEXT, 'secret')
    expect(await origin.until(1)).toEqual([`${TEXT} SECRET`])
    origin.send(BINARY, 'x')
    expect(await client.until(1)).toEqual([`${BINARY} ${'z'.repeat(70_000)}`])
  })

  test('may withhold one; the others go on', async () => {
    const { client, origin } = await open({
      out: by((message) => (message.payload.includes('no') ? [] : [message])),
    })
    for (const text of ['a', 'no', 'b']) client.send(TEXT, text)
    expect(await origin.until(2)).toEqual([`${TEXT} a`, `${TEXT} b`])
  })

  test('may take its time: nothing overtakes, nothing is lost, what waits is counted', async () => {
    let answer = (_: boolean): void => {}
    let asked = 0
    const { client, origin, budget } = await open({
      out: by((message) => {
        asked++
        return new Promise((resolve) => {
          answer = (passes) => resolve(passes ? shout.pass(message) : [])
        })
      }),
    })
    const [begin] = toFrame(TEXT, Buffer.from('fi'), true)
    client.socket.write(Buffer.from(begin?.map((byte, i) => (i === 0 ? byte & 0x7f : byte)) ?? []))
    client.send(0, 'rst')
    client.send(TEXT, 'second')
    client.send(PING, 'are you there')
    client.send(CLOSE, toClose(1000, ''))
    await eventually('the question', () => asked === 1)
    await sleep(50)
    expect([origin.got, asked]).toEqual([[], 1])
    expect(budget.used).toBeGreaterThanOrEqual(5)
    answer(true)
    await eventually('the second question', () => asked === 2)
    expect(await origin.until(1)).toEqual([`${TEXT} FIRST`])
    expect(budget.used).toBe(0)
    answer(false)
    expect(await origin.until(3)).toEqual([
      `${TEXT} FIRST`,
      `${PING} are you there`,
      `${CLOSE} ${toClose(1000, '').toString('latin1')}`,
    ])
  })

  test('may keep one until the next, or until the end', async () => {
    const late = (): MessageGate => {
      const kept: Message[] = []
      return {
        pass: (message) => kept.splice(0, 1, message),
        control: as,
        end: () => kept.splice(0),
        get held() {
          return kept.reduce((sum, { payload }) => sum + payload.length, 0)
        },
      }
    }
    const { client, origin, budget } = await open({ out: late() })
    client.send(TEXT, 'a')
    client.send(PING, 'past it')
    client.send(BINARY, 'bcd')
    expect(await origin.until(2)).toEqual([`${PING} past it`, `${TEXT} a`])
    // It counts among all that waits.
    expect(budget.used).toBe(3)
    client.send(CLOSE, toClose(1000, ''))
    const closing = `${CLOSE} ${toClose(1000, '').toString('latin1')}`
    expect((await origin.until(4)).slice(2)).toEqual([`${BINARY} bcd`, closing])
    await eventually('the budget', () => budget.used === 0)
    // The same without a goodbye.
    const other = await open({ in: late() })
    other.origin.send(TEXT, 'c')
    other.origin.socket.end()
    expect(await other.client.until(1)).toEqual([`${TEXT} c`])
  })

  test('that keeps more than there is room for ends it', async () => {
    const held = DEFAULT_LIMITS.websocketHeld + 1
    const gate: MessageGate = { pass: () => [], control: as, end: () => [], held }
    const { client, origin, budget, ended } = await open({ out: gate })
    client.send(TEXT, 'a')
    expect(await client.until(1)).toEqual([`${CLOSE} ${toClose(1009, '').toString('latin1')}`])
    client.socket.end()
    origin.socket.end()
    expect(await ended()).toMatchObject({ outcome: 'failed', error: 'request-too-large' })
    expect(budget.used).toBe(0)
  })

  test.each(['out', 'in'] as const)('may refuse one: %s', async (direction) => {
    const refusal = { closeCode: 1008, error: 'body-unscannable' } as const
    const gate = by(({ payload }) => (payload.includes('no') ? refusal : []))
    const { client, origin, reports, ended } = await open({ [direction]: gate })
    const from = direction === 'out' ? client : origin
    from.send(TEXT, 'yes')
    from.send(TEXT, 'no')
    const closing = `${CLOSE} ${toClose(1008, 'body-unscannable').toString('latin1')}`
    expect(await client.until(1)).toEqual([closing])
    expect(await origin.until(1)).toEqual([closing])
    client.socket.end()
    origin.socket.end()
    expect(await ended()).toMatchObject({ outcome: 'failed', error: 'body-unscannable' })
    expect(reports).toEqual([])
  })

  test.each<[string, MessageGate]>([
    [
      'throws',
      by(() => {
        throw new Error('broken')
      }),
    ],
    ['rejects', by(() => Promise.reject(new Error('broken')))],
  ])('that %s ends the WebSocket: nothing of the message goes on', async (_, gate) => {
    const { client, origin, reports, ended } = await open({ out: gate })
    client.send(TEXT, 'secret')
    client.send(TEXT, 'behind it')
    const closing = `${CLOSE} ${toClose(1011, '').toString('latin1')}`
    expect(await client.until(1)).toEqual([closing])
    expect(await origin.until(1)).toEqual([closing])
    client.socket.end()
    origin.socket.end()
    expect(await ended()).toMatchObject({ outcome: 'failed', error: 'gate-failed' })
    expect(reports).toHaveLength(1)
  })

  test('that answers when both are gone does no harm', async () => {
    let answer = (_: Passage): void => {}
    const { client, origin, ended, reports } = await open({
      out: by(() => {
        return new Promise((resolve) => {
          answer = resolve
        })
      }),
    })
    client.send(TEXT, 'secret')
    await sleep(50)
    origin.socket.resetAndDestroy()
    await ended()
    answer([{ opcode: TEXT, payload: Buffer.from('late') }])
    await sleep(20)
    expect(reports).toEqual([])
  })
})

describe('a side that does not read', () => {
  const MESSAGE = Buffer.alloc(500_000, 'm')

  test('holds the other up; what waits is counted, and all of it arrives', async () => {
    const { client, origin, budget } = await open()
    client.socket.pause()
    const count = 50
    for (let i = 0; i < count; i++) origin.send(BINARY, MESSAGE)
    await eventually('back-pressure', () => budget.used > 0)
    await sleep(100)
    expect(origin.socket.writableLength).toBeGreaterThan(10 * MESSAGE.length)
    expect(budget.used).toBeLessThan(2.1 * MESSAGE.length)
    client.socket.resume()
    await client.until(count)
    expect(client.got.every((text) => text.length === MESSAGE.length + 2)).toBe(true)
    await eventually('the end of the wait', () => budget.used === 0)
  })

  test('gets everything before the goodbye behind it', async () => {
    const { client, origin, ended } = await open()
    client.socket.pause()
    for (let i = 0; i < 20; i++) origin.send(BINARY, MESSAGE)
    origin.send(CLOSE, toClose(1000, ''))
    client.socket.resume()
    expect((await client.until(21)).at(-1)).toMatch(/^8 /)
    client.send(CLOSE, toClose(1000, ''))
    await origin.until(1)
    origin.socket.end()
    client.socket.end()
    expect(await ended()).toMatchObject({ outcome: 'forwarded', error: null })
  })
})

describe('an end', () => {
  test('silence for too long is one', async () => {
    const { ended } = await open({}, { ...DEFAULT_TIMEOUTS, tunnel: 100 })
    expect(await ended()).toMatchObject({ outcome: 'failed', error: 'connect-stalled' })
  })

  test('pings are no silence', async () => {
    const { client, origin, ended } = await open({}, { ...DEFAULT_TIMEOUTS, tunnel: 300 })
    for (let i = 0; i < 12; i++) {
      client.send(PING, '')
      await sleep(50)
    }
    expect(await origin.until(12)).toHaveLength(12)
    expect(await ended()).toMatchObject({ error: 'connect-stalled' })
  })

  test('nothing follows a Close that was sent, whoever sent it', async () => {
    const { relay, client, origin } = await open()
    relay.shutDown()
    const stopping = `${CLOSE} ${toClose(1001, 'stopping').toString('latin1')}`
    expect(await client.until(1)).toEqual([stopping])
    client.send(TEXT, 'still here')
    client.send(CLOSE, toClose(1001, ''))
    origin.send(CLOSE, toClose(1001, ''))
    await once(origin.socket, 'end')
    expect(origin.got).toEqual([stopping])
    expect(client.got).toEqual([stopping])
  })

  test('a side that sends garbage behind its goodbye is not told twice', async () => {
    const { client, origin } = await open()
    client.send(CLOSE, toClose(1000, ''))
    await origin.until(1)
    client.socket.write('garbage')
    origin.send(CLOSE, toClose(1000, ''))
    await once(client.socket, 'end')
    expect(client.got).toHaveLength(1)
  })
})

function fail(where: string, error: unknown): never {
  throw new Error(where, { cause: error })
}
