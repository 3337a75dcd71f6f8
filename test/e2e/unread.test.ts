/** Clients that ask and do not read what they are answered: what waits for them is bounded, and they go in the end. */

import { once } from 'node:events'
import net, { type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Lab, openLab } from '../support/lab.ts'
import { eventually } from '../support/wait.ts'

const SIZE = 32 * 1024
const ASKED = 1_000

let lab: Lab
beforeAll(async () => {
  lab = await openLab({
    config: 'timeouts: { idle: 1s, body: 1s }',
    http: { handler: (_, response) => void response.end(Buffer.alloc(SIZE, 'x')) },
  })
})
afterAll(() => lab[Symbol.asyncDispose]())

/** Asks so often, in one go, and reads nothing. */
async function ask(times: number): Promise<Socket> {
  const socket = net.connect(lab.proxy.port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  const host = `api.de.test:${lab.http.port}`
  socket.pause()
  socket.write(`GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`.repeat(times))
  return socket
}

/** Once the origin has not been asked for a while: how often it was. */
async function settled(): Promise<{ seen: number }> {
  let last = -1
  return eventually('the proxy to stop asking', async () => {
    const seen = lab.http.seen.length
    const isSame = seen === last
    last = seen
    await new Promise((resolve) => setTimeout(resolve, 300))
    return isSame ? { seen } : null
  })
}

test('requests sent ahead wait until the answers before them are read', async () => {
  const socket = await ask(ASKED)
  const { seen } = await settled()
  expect(seen).toBeLessThan(ASKED)
  let received = 0
  socket.on('data', (piece: Buffer) => {
    received += piece.length
  })
  socket.resume()
  // Their heads are received as well, and are more than a body.
  await eventually('all answers', () => received > ASKED * SIZE && lab.http.seen.length >= ASKED)
  expect(lab.http.seen).toHaveLength(ASKED)
  socket.destroy()
})

test('one that never reads is ended', async () => {
  const { connections } = await gauges()
  const socket = await ask(ASKED)
  await eventually('the connection', async () => (await gauges()).connections > connections)
  await eventually('its end', async () => (await gauges()).connections === connections)
  socket.destroy()
})

async function gauges(): Promise<{ connections: number }> {
  const answer = await fetch(`http://127.0.0.1:${lab.proxy.consolePort}/metrics`)
  const text = await answer.text()
  return { connections: Number(/^cordon_client_connections (\d+)/m.exec(text)?.[1] ?? Number.NaN) }
}
