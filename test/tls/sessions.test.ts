/** Sessions of real handshakes with a server of Node: which are kept, for whom, how often and how long. */

import { once } from 'node:events'
import tls from 'node:tls'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { TlsSessions } from '../../src/tls/sessions.ts'
import { eventually } from '../support/wait.ts'
import { DAY, greet, issue, listen } from './support.ts'

const HOUR = 3_600_000
const root = issue({ name: 'root', ca: true })
const leaf = issue({ name: 'a.test', issuer: root, hosts: ['a.test'], notAfter: Date.now() + DAY })

let ahead = 0
let stack: AsyncDisposableStack
beforeEach(() => {
  ahead = 0
  stack = new AsyncDisposableStack()
})
afterEach(() => stack.disposeAsync())

const clock = { now: () => Date.now() + ahead }

async function serve(version: tls.SecureVersion, certificate = leaf): Promise<number> {
  const context = tls.createSecureContext({
    key: certificate.keyPem,
    cert: certificate.pem,
    minVersion: version,
    maxVersion: version,
  })
  const server = stack.use(await listen((socket) => greet(socket, context)))
  return server.port
}

/** One connection. @returns whether it was resumed */
async function connect(sessions: TlsSessions, key: string, port: number, ca = root.pem) {
  const kept = sessions.take(key)
  const session = kept ? { session: kept.session } : {}
  const socket = tls.connect({ port, host: '127.0.0.1', servername: 'a.test', ca, ...session })
  sessions.watch(key, socket, kept)
  await once(socket, 'secureConnect')
  const isResumed = socket.isSessionReused()
  socket.write('?')
  await once(socket.resume(), 'close')
  return isResumed
}

test('TLS 1.2: one session serves again and again', async () => {
  const sessions = new TlsSessions({ clock })
  const port = await serve('TLSv1.2')
  const resumed = [1, 2, 3, 4].map(() => () => connect(sessions, 'k', port))
  const got: boolean[] = []
  for (const one of resumed) got.push(await one())
  expect(got).toEqual([false, true, true, true])
  expect(sessions).toMatchObject({ size: 1, handshakes: { whole: 1, resumed: 3 } })
})

test('TLS 1.3: a ticket serves once', async () => {
  const sessions = new TlsSessions({ clock })
  const port = await serve('TLSv1.3')
  await connect(sessions, 'k', port)
  expect(sessions.size).toBe(2)
  const [first, second] = [sessions.take('k'), sessions.take('k')]
  expect(first?.session.equals(second?.session ?? Buffer.alloc(0))).toBe(false)
  expect(sessions.take('k')).toBeNull()
  expect(sessions.size).toBe(0)
})

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('%s', (version) => {
  test('another key has no part in it', async () => {
    const sessions = new TlsSessions({ clock })
    const port = await serve(version)
    await connect(sessions, 'k', port)
    expect(sessions.take('l')).toBeNull()
    expect(await connect(sessions, 'k', port)).toBe(true)
  })

  test('an hour after it was verified it is over', async () => {
    const sessions = new TlsSessions({ clock })
    const port = await serve(version)
    await connect(sessions, 'k', port)
    ahead = HOUR - 1_000
    expect(sessions.take('k')).not.toBeNull()
    ahead = HOUR
    expect(sessions.take('k')).toBeNull()
    expect(sessions.size).toBe(0)
  })

  test('what is renewed by resuming ends when the first would have', async () => {
    const sessions = new TlsSessions({ clock })
    const port = await serve(version)
    await connect(sessions, 'k', port)
    const until = sessions.take('k')?.until
    ahead = HOUR / 2
    await connect(sessions, 'k', port)
    const renewed = sessions.take('k')
    if (renewed) expect(renewed.until).toBe(until)
    ahead = HOUR
    expect(sessions.take('k')).toBeNull()
  })

  test('and with the certificate', async () => {
    const notAfter = Math.trunc(Date.now() / 1_000) * 1_000 + 60_000
    const short = issue({ name: 'a.test', issuer: root, hosts: ['a.test'], notAfter })
    const sessions = new TlsSessions({ clock })
    await connect(sessions, 'k', await serve(version, short))
    expect(sessions.take('k')?.until).toBe(notAfter)
  })

  test('nothing is kept of a server that was not believed', async () => {
    const sessions = new TlsSessions({ clock })
    const port = await serve(version)
    const other = issue({ name: 'other', ca: true }).pem
    await expect(connect(sessions, 'k', port, other)).rejects.toThrow(/unable to verify/)
    expect(sessions).toMatchObject({ size: 0, handshakes: { whole: 0, resumed: 0 } })
  })

  test('there are never more than that; who was not used for longest goes', async () => {
    const sessions = new TlsSessions({ clock, capacity: 4 })
    const port = await serve(version)
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) await connect(sessions, key, port)
    expect(sessions.size).toBeLessThanOrEqual(4)
    expect(sessions.take('a')).toBeNull()
    expect(sessions.take('f')).not.toBeNull()
  })
})

test('an origin that gives without end is kept in bounds', async () => {
  const sessions = new TlsSessions({ clock })
  const port = await serve('TLSv1.3')
  for (let i = 0; i < 12; i++) {
    const socket = tls.connect({ port, host: '127.0.0.1', servername: 'a.test', ca: root.pem })
    sessions.watch('k', socket, null)
    await once(socket, 'secureConnect')
    socket.write('?')
    await once(socket.resume(), 'close')
  }
  await eventually('all of them', () => sessions.handshakes.whole === 12)
  expect(sessions.size).toBe(16)
  sessions.forget('k')
  expect(sessions.size).toBe(0)
})
