/** One exchange between a client and an origin that do nothing: what it says of itself. */

import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { Decoding } from '../../../src/inspect/redact/decoding.ts'
import { NO_METER } from '../../../src/ports.ts'
import { DEFAULT_TIMEOUTS, Deadlines } from '../../../src/proxy/deadlines.ts'
import { Exchange } from '../../../src/proxy/exchange/exchange.ts'
import type { MessageOut } from '../../../src/proxy/exchange/message.ts'
import type { ClientSide, OriginSide, Outgoing } from '../../../src/proxy/exchange/sides.ts'
import { ip } from '../../support/nouns.ts'
import { requestHead, responseHead } from '../http1/support.ts'

const OUT: MessageOut = { bytes: 0, payload: () => {}, finish: () => {}, flush: () => true }
const quiet = { pause: () => {}, resume: () => {}, isPaused: false }
const ORIGIN = {
  ...{ ...quiet, address: ip('192.0.2.1'), used: false, received: 0 },
  ...{ begin: () => OUT, release: () => {}, abandon: () => {} },
} as unknown as OriginSide
const CLIENT = { ...quiet, takesResets: false, answer: () => OUT } as unknown as ClientSide
const REQUEST = {
  head: requestHead('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'),
  target: {},
  upgrade: null,
} as unknown as Outgoing

const deadlines = new Deadlines(Date, (_, error) => expect.unreachable(`${error}`))
afterAll(() => deadlines.close())

const reading = (isPartial: boolean) => ({
  decoding: null,
  push: (chunk: Buffer) => [chunk],
  end: () => [],
  found: [],
  isPartial,
})

test.each([
  ['a body that nobody reads', null, 5, true],
  ['no body', null, 0, false],
  ['a body that is read', reading(false), 5, false],
  ['a body of which not all can be read', reading(true), 5, true],
  ['no body, where somebody would have read', reading(true), 0, false],
] as const)('%s: what has passed of the answer unread', (_, redactor, length, hasUnread) => {
  const exchange = new Exchange(ORIGIN, {
    ...{ request: REQUEST, client: CLIENT, deadlines, timeouts: DEFAULT_TIMEOUTS },
    ...{
      mayRetry: false,
      meter: NO_METER,
      hear: () => null,
      redact: () => redactor,
      redactFields: (_, fields) => ({ fields, found: [] }),
      redactsAnswer: false,
      blocksUnread: false,
      passing: null,
      report: () => {},
    },
    onOver: () => {},
  })
  exchange.onHead(responseHead(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`), length)
  if (length > 0) exchange.onPayload(Buffer.from('hello'), 0, 5)
  exchange.onEnd(null, true)
  expect(exchange.hasUnread).toBe(hasUnread)
})

test.each(['client leaves', 'deadline passes', 'coding is none'])(
  'an answer is complete, and is still being decoded when the %s: the origin has nothing to do with that',
  async (what) => {
    const calls: string[] = []
    const origin = {
      ...ORIGIN,
      received: 100,
      release: () => calls.push('release'),
      abandon: () => calls.push('abandon'),
      resume: () => calls.push('resume'),
    } as unknown as OriginSide
    const decoding = new Decoding(['gzip'], 100)
    const ended = new Promise<readonly unknown[]>((resolve) => {
      const exchange = new Exchange(origin, {
        ...{ request: REQUEST, client: CLIENT, deadlines, timeouts: DEFAULT_TIMEOUTS },
        ...{
          mayRetry: false,
          meter: NO_METER,
          hear: () => null,
          redactsAnswer: false,
          blocksUnread: false,
        },
        ...{ passing: null, report: () => {} },
        redact: () => ({ ...reading(false), decoding }),
        redactFields: (_, fields) => ({ fields, found: [] }),
        onOver: ({ outcome, error, bytesIn }) => resolve([outcome, error, bytesIn]),
      })
      const coded = what === 'coding is none' ? Buffer.from('plain') : gzipSync('hello')
      exchange.onHead(responseHead('HTTP/1.1 200 OK\r\n\r\n'), coded.length)
      exchange.onPayload(coded, 0, coded.length)
      exchange.onEnd(null, true)
      // Another exchange goes on there.
      Object.assign(origin, { received: 7 })
      if (what === 'client leaves') exchange.cancel(8)
      if (what === 'deadline passes') exchange.expire()
      exchange.onClientDrain()
    })
    const [outcome, error] = {
      'client leaves': ['cancelled', 'request-incomplete'],
      'deadline passes': ['failed', 'request-timeout'],
      'coding is none': ['failed', 'answer-unscannable'],
    }[what] as [string, string]
    expect(await ended).toEqual([outcome, error, 100])
    expect(calls).toEqual(['release'])
  },
)

test('what ends with its last piece is not used again', () => {
  const calls: string[] = []
  const origin = {
    ...ORIGIN,
    ...{ release: () => calls.push('release'), abandon: () => calls.push('abandon') },
  } as unknown as OriginSide
  const exchange = new Exchange(origin, {
    ...{ request: REQUEST, client: CLIENT, deadlines, timeouts: DEFAULT_TIMEOUTS },
    ...{
      mayRetry: false,
      meter: NO_METER,
      hear: () => null,
      redactsAnswer: false,
      blocksUnread: true,
    },
    ...{ passing: null, report: () => {}, redact: () => reading(true) },
    redactFields: (_, fields) => ({ fields, found: [] }),
    onOver: () => {},
  })
  exchange.onHead(responseHead('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'), 5)
  exchange.onPayload(Buffer.from('hello'), 0, 5)
  exchange.onEnd(null, true)
  expect(calls).toEqual(['abandon'])
})
