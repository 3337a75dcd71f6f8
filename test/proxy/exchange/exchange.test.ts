/** One exchange between a client and an origin that do nothing: what it says of itself. */

import { afterAll, expect, test } from 'vitest'
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
      redactFields: (head) => ({ head, found: [] }),
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
