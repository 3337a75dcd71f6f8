/** Each bound on what a client may take, set low: what lies beyond it is refused with its code, and others are served. */

import { once } from 'node:events'
import net, { type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { curl, openTunnel } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { eventually } from '../support/wait.ts'

async function dial(lab: Lab, stack: AsyncDisposableStack): Promise<Socket> {
  const socket = net.connect(lab.proxy.port, '127.0.0.1')
  stack.defer(() => void socket.destroy())
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** Everything up to the end of the connection. */
async function readAll(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
  })
  await once(socket, 'close')
  return text
}

const serves = async (lab: Lab) =>
  (await curl(lab.proxy, `http://api.de.test:${lab.http.port}/`)).status === 200

test('a head that is larger', async () => {
  await using lab = await openLab({ config: 'limits: { head: 2KiB }' })
  const url = `http://api.de.test:${lab.http.port}/`
  expect((await curl(lab.proxy, url, '-H', `X: ${'x'.repeat(1_500)}`)).status).toBe(200)
  const refused = await curl(lab.proxy, url, '-H', `X: ${'x'.repeat(2_500)}`)
  expect(refused.status).toBe(431)
  expect(JSON.parse(refused.body)).toMatchObject({ code: 'request-head-too-large' })
  expect(await serves(lab)).toBe(true)
})

test('a head that takes longer, byte by byte', async () => {
  await using lab = await openLab({ config: 'timeouts: { head: 1s }' })
  await using stack = new AsyncDisposableStack()
  const socket = await dial(lab, stack)
  const timer = setInterval(() => socket.write('x'), 50)
  stack.defer(() => clearInterval(timer))
  socket.write('GET http://api.de.test/ HTTP/1.1\r\nX-Slow: ')
  expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 408 [\s\S]*"code":"request-timeout"/)
})

test('a body that stops', async () => {
  await using lab = await openLab({ config: 'timeouts: { body: 1s }' })
  await using stack = new AsyncDisposableStack()
  const socket = await dial(lab, stack)
  const host = `api.de.test:${lab.http.port}`
  socket.write(`POST http://${host}/ HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 9\r\n\r\nhalf`)
  expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 408 [\s\S]*"code":"request-timeout"/)
  expect(await lab.proxy.settled(1)).toMatchObject({ outcome: 'failed', error: 'request-timeout' })
})

test('an answer that is not read', async () => {
  await using lab = await openLab({
    config: 'timeouts: { body: 1s }',
    http: { handler: (_, response) => void response.end(Buffer.alloc(64 * 1024 * 1024)) },
  })
  await using stack = new AsyncDisposableStack()
  const socket = await dial(lab, stack)
  socket.pause()
  const host = `api.de.test:${lab.http.port}`
  socket.write(`GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
  expect(await lab.proxy.settled(1)).toMatchObject({ outcome: 'failed', error: 'request-timeout' })
})

test('connections of one client', async () => {
  await using lab = await openLab({ config: 'limits: { connections_per_client: 3 }' })
  await using stack = new AsyncDisposableStack()
  const open = [await dial(lab, stack), await dial(lab, stack), await dial(lab, stack)]
  const refused = await dial(lab, stack)
  refused.write('GET http://api.de.test/ HTTP/1.1\r\n\r\n')
  expect(await readAll(refused)).toMatch(/^HTTP\/1\.1 503 [\s\S]*"code":"connections-exceeded"/)
  open[0]?.destroy()
  await eventually('room', () => serves(lab))
  await eventually('the row', () =>
    lab.proxy
      .query<{ detail: string }>(`SELECT detail FROM admin WHERE action = 'turned-away'`)
      .some(({ detail }) => detail.startsWith('connections-exceeded')),
  )
})

test('connections in all', async () => {
  await using lab = await openLab({ config: 'limits: { connections: 10 }' })
  await using stack = new AsyncDisposableStack()
  for (let i = 0; i < 10; i++) await dial(lab, stack)
  const refused = await dial(lab, stack)
  refused.write('GET http://api.de.test/ HTTP/1.1\r\n\r\n')
  expect(await readAll(refused)).toMatch(/^HTTP\/1\.1 503 [\s\S]*"code":"connections-exceeded"/)
})

test('names not asked for before', async () => {
  await using lab = await openLab({
    config: 'limits: { names_per_parent: 40B, names_per_parent_per_second: 1B }',
    records: { 'one.names.test': { A: ['127.0.0.10'] }, 'two.names.test': { A: ['127.0.0.10'] } },
  })
  const url = (host: string) => `http://${host}:${lab.http.port}/`
  expect((await curl(lab.proxy, url('one.names.test'))).status).toBe(200)
  expect((await curl(lab.proxy, url('two.names.test'))).status).toBe(200)
  const long = await curl(lab.proxy, url('three-with-more-to-say.names.test'))
  expect(long).toMatchObject({
    status: 429,
    body: expect.stringContaining('"code":"name-rate-limited"'),
  })
  // Whoever is known costs nothing.
  expect((await curl(lab.proxy, url('one.names.test'))).status).toBe(200)
})

test('certificates for hosts not seen before', async () => {
  await using lab = await openLab({
    config: 'limits: { leaves_per_client: 2, leaves_per_client_per_second: 1 }',
  })
  const url = (host: string) => `https://${host}:${lab.https.port}/`
  expect((await curl(lab.proxy, url('api.de.test'))).status).toBe(200)
  expect((await curl(lab.proxy, url('api.fr.test'))).status).toBe(200)
  // Tokens come back by time: that has to be outrun.
  const hosts = ['alias.test', 'both.test', 'api.mixed.test', '127.0.0.10']
  const answers = await Promise.all(
    hosts.map((host) =>
      openTunnel(lab.proxy, `${host}:${lab.https.port}`).then(
        (socket) => `${socket.destroy() && ''}`,
        (error: Error) => error.message,
      ),
    ),
  )
  expect(answers.some((answer) => answer.includes('"code":"leaf-rate-limited"'))).toBe(true)
  // Whoever is known needs none.
  expect((await curl(lab.proxy, url('api.de.test'))).status).toBe(200)
})
