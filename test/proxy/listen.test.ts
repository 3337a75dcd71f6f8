/** The proxy port with everything real but the ports of the spine: what is refused before there is a request. */

import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createEnforcer } from '../../src/enforce.ts'
import { NO_INSPECTOR } from '../../src/inspector.ts'
import type { DecisionRecord } from '../../src/model/audit-record.ts'
import { compilePolicy } from '../../src/policy/compile.ts'
import { NO_DECODER, NO_HOLDS, NO_LEDGER, NO_METER, NO_OUTLINE } from '../../src/ports.ts'
import type { Listener } from '../../src/proxy/accept.ts'
import { Acceptance } from '../../src/proxy/acceptance.ts'
import { Budget } from '../../src/proxy/budget.ts'
import { DEFAULT_TIMEOUTS, Deadlines } from '../../src/proxy/deadlines.ts'
import { ConnectionCounts } from '../../src/proxy/limits/connections.ts'
import { DEFAULT_LIMITS } from '../../src/proxy/limits/limits.ts'
import { listen } from '../../src/proxy/listen.ts'
import { OriginPool } from '../../src/proxy/origin/pool.ts'
import { PostgresqlMemory } from '../../src/proxy/postgresql/memory.ts'
import { createPair, parsePair } from '../../src/tls/authority-pair.ts'
import { type Contexts, createContexts } from '../../src/tls/contexts.ts'
import { TlsSessions } from '../../src/tls/sessions.ts'
import { converse } from '../support/clients.ts'
import { destination, ip } from '../support/nouns.ts'
import { eventually } from '../support/wait.ts'
import { DAY } from '../tls/support.ts'

const pair = createPair(Date.now())
const authority = parsePair(pair, { certificate: 'ca.pem', key: 'ca.key' }, Date.now())
const ca = authority.anchor.toString()
const limits = { client: { burst: 2, perSecond: 0 }, all: { burst: 10, perSecond: 0 } }

let stack: AsyncDisposableStack
let listener: Listener
let leaves: Contexts
let decided: DecisionRecord[]
/** How far the clock of the certificates is ahead, and the one of deadlines, in milliseconds. */
let ahead: number
let late: number

beforeEach(async () => {
  stack = new AsyncDisposableStack()
  decided = []
  ahead = 0
  late = 0
  const compiled = compilePolicy(
    {},
    {
      builtinZones: new Map([['EEA', new Set(['DE'])]]),
      digest: 'd',
      enforced: true,
      tunnelOnly: [],
      answers: 'steer',
    },
  )
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
  const policy = () => compiled.policy
  const found = { addresses: [ip('192.0.2.1')], cnames: [], source: 'test', validUntil: Infinity }
  const report = (where: string, error: unknown) => expect.unreachable(`${where}: ${error}`)
  const timeouts = DEFAULT_TIMEOUTS
  const deadlines = new Deadlines({ now: () => Date.now() + late }, fail)
  stack.defer(() => deadlines.close())
  const shared = {
    pseudonym: 'cordon-test',
    held: { used: 0, limit: 1 },
    inspector: NO_INSPECTOR,
    meter: NO_METER,
    limits: DEFAULT_LIMITS,
    websocketBudget: new Budget(1),
    postgresql: new PostgresqlMemory(),
  }
  const sessions = new TlsSessions({ clock: Date })
  const contexts = { for: () => ({ context: tls.createSecureContext(), id: '' }) }
  const dialling = { contexts, sessions, upstreamProxy: null, deadlines, timeouts }
  const origins = new OriginPool({ ...shared, ...dialling, report })
  stack.defer(() => origins.close())
  leaves = createContexts({ authority, clock: { now: () => Date.now() + ahead }, limits })
  const counts = new ConnectionCounts(DEFAULT_LIMITS)
  const at = { host: '127.0.0.1', port: 0, fd: null, counts, proxyProtocolFrom: [] }
  listener = await listen(at, {
    enforcer: createEnforcer({
      clock: Date,
      resolver: { resolve: async () => found },
      locator: {
        locate: (to) => destination({ authority: to }),
        wantsBody: () => false,
        read: () => null,
        refine: (to) => to,
        watchAnswer: () => null,
      },
      decoder: NO_DECODER,
      outline: NO_OUTLINE,
      inspector: NO_INSPECTOR,
      holds: NO_HOLDS,
      audit: {
        decide: async (record) => decided.push(record),
        settle: () => {},
        note: async () => {},
      },
      ledger: NO_LEDGER,
      meter: NO_METER,
      policy,
      report,
    }),
    policy,
    localUserOf: () => null,
    localSenderOf: () => null,
    askingLeaves: null,
    isOwnPort: () => false,
    identify: () => ({ id: 'anonymous', groups: [], by: 'none' }),
    origins,
    leaves,
    acceptance: new Acceptance({ clock: Date, tell() {} }),
    deadlines,
    timeouts,
    ...shared,
    turnedAway: () => {},
    connections: new Set(),
    report: (where, error) => (ahead > 0 ? undefined : report(where, error)),
  })
  stack.defer(() => listener.close(0))
})
afterEach(() => stack.disposeAsync())

async function connect(): Promise<net.Socket> {
  const socket = net.connect(listener.port, '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

/** What CONNECT is answered, and the tunnel if it is one. */
async function tunnel(host: string): Promise<{ answer: string; socket: net.Socket }> {
  const socket = await connect()
  const request = `CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\n\r\n`
  return { socket, answer: await converse(socket, request, { until: /\r\n\r\n/ }) }
}

async function handshake(host: string, servername = host): Promise<string> {
  const { answer, socket } = await tunnel(host)
  if (!answer.startsWith('HTTP/1.1 200')) return answer
  const secure = tls.connect({ socket, ca, servername })
  try {
    await once(secure, 'secureConnect')
    return 'secure'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? ''
  } finally {
    secure.destroy()
    socket.destroy()
  }
}

const lastCode = () => decided.at(-1)?.context.verdict.code

test('a client that calls too many new hosts is told so in the answer to CONNECT', async () => {
  expect([await handshake('a.test'), await handshake('b.test')]).toEqual(['secure', 'secure'])
  const { answer } = await tunnel('c.test')
  expect(answer).toMatch(/^HTTP\/1\.1 429 Too Many Requests \(Cordon: leaf-rate-limited\)\r\n/)
  expect(answer).toMatch(/^Retry-After: \d+\r$/m)
  expect(answer).toContain('"code":"leaf-rate-limited"')
  expect(lastCode()).toBe('leaf-rate-limited')
  expect(decided.at(-1)?.context.authority?.text).toBe('c.test:443')
  // What has one already is served as before.
  expect(await handshake('a.test')).toBe('secure')
  expect([leaves.minted, leaves.refused, leaves.size]).toEqual([2, 1, 2])
})

test('one that asks for them by server name is told by an alert', async () => {
  await handshake('a.test')
  expect(await handshake('a.test', 'b.test')).toBe('secure')
  expect(await handshake('a.test', 'c.test')).toBe('ERR_SSL_TLSV1_ALERT_ACCESS_DENIED')
  expect(lastCode()).toBe('leaf-rate-limited')
  expect([leaves.minted, leaves.refused]).toEqual([2, 1])
})

test('one that asks the port itself for them is told by an alert', async () => {
  const ask = async (servername: string) => {
    const secure = tls.connect({ host: '127.0.0.1', port: listener.port, ca, servername })
    return once(secure, 'secureConnect').then(
      () => secure.destroy() && 'secure',
      ({ code }) => code,
    )
  }
  expect([await ask('a.test'), await ask('b.test')]).toEqual(['secure', 'secure'])
  expect(await ask('c.test')).toBe('ERR_SSL_TLSV1_ALERT_ACCESS_DENIED')
  expect(lastCode()).toBe('leaf-rate-limited')
})

test('a CA that has ended is said by an alert, and recorded as ours', async () => {
  ahead = 4_000 * DAY
  expect(await handshake('a.test')).toBe('ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR')
  expect(lastCode()).toBe('gate-failed')
})

test.each([
  ['on the port', ''],
  ['in TLS on the port', 'port'],
  ['in a tunnel', 'tunnel'],
])('who says nothing in time is told so and recorded: %s', async (_, where) => {
  let socket = await connect()
  if (where !== '') {
    if (where === 'tunnel') {
      await converse(socket, 'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n', {
        until: /\r\n\r\n/,
      })
    }
    socket = tls.connect({ socket, ca, servername: 'a.test' })
    // The first ticket comes when the other side is done as well.
    await once(socket, 'session')
  }
  await eventually('the connection to be accepted', () => listener.connections === 1)
  late = 2 * DEFAULT_TIMEOUTS.head
  expect(await converse(socket, '')).toMatch(/^HTTP\/1\.1 408 /)
  expect(lastCode()).toBe('request-timeout')
  socket.destroy()
})

function fail(where: string, error: unknown): never {
  throw new Error(where, { cause: error })
}
