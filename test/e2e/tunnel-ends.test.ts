/** Tunnels of which one side is gone before bytes can go both ways: they end at once, and so do their flows. */

import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import { expect, test } from 'vitest'
import { FLAG, FRAME } from '../../src/proxy/http2/frames.ts'
import { openTunnel } from '../support/clients.ts'
import { headers, RawHttp2, statusOf } from '../support/http2-frames.ts'
import { frame, uint32 } from '../support/http2-peer.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { rawOrigin } from '../support/origins.ts'
import { eventually } from '../support/wait.ts'

const UNSEEN = { config: 'intercept: { never: ["api.fr.test"] }' }

/** What a TLS client opens with. */
async function helloFor(servername: string): Promise<Buffer> {
  const server = net.createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  const client = tls.connect({ port, host: '127.0.0.1', servername })
  client.on('error', () => {})
  const [socket] = (await once(server, 'connection')) as [net.Socket]
  const [hello] = (await once(socket, 'data')) as [Buffer]
  client.destroy()
  socket.destroy()
  server.close()
  return hello
}

/** A stream that is a tunnel to an origin that never says anything. */
async function openStream(lab: Lab, authority: string): Promise<RawHttp2> {
  const socket = net.connect(lab.proxy.port, '127.0.0.1')
  await once(socket, 'connect')
  const client = new RawHttp2(socket)
  await client.ready()
  const connect = [
    [':method', 'CONNECT'],
    [':authority', authority],
  ] as const
  client.send(headers(1, connect, false))
  await eventually('the tunnel', () => statusOf(client.on(1)) === '200')
  return client
}

test('the origin has gone while the client said nothing', async () => {
  await using lab = await openLab(UNSEEN)
  const gone = Promise.withResolvers<void>()
  const origin = lab.keep(
    await rawOrigin(
      (socket) => {
        socket.on('close', () => gone.resolve())
        setTimeout(() => socket.resetAndDestroy(), 50)
      },
      { address: '127.0.0.11' },
    ),
  )
  const socket = await openTunnel(lab.proxy, `api.fr.test:${origin.port}`)
  await gone.promise
  socket.write(await helloFor('api.fr.test'))
  socket.resume()
  await once(socket, 'close')
  expect(await lab.proxy.settled(1)).toMatchObject({ outcome: 'failed', error: 'connect-reset' })
})

test('the client takes its stream back right behind its first bytes', async () => {
  await using lab = await openLab(UNSEEN)
  const origin = lab.keep(await rawOrigin(() => {}, { address: '127.0.0.11' }))
  const client = await openStream(lab, `api.fr.test:${origin.port}`)
  const hello = await helloFor('api.fr.test')
  client.send(frame(FRAME.data, 0, 1, hello), frame(FRAME.reset, 0, 1, uint32(8)))
  expect(await lab.proxy.settled(1)).toMatchObject({ outcome: 'forwarded' })
  await eventually('the end at the origin', () => origin.open() === 0)
  client.socket.destroy()
})

test('the client half-closes its stream, then takes it back without a fault', async () => {
  await using lab = await openLab(UNSEEN)
  let asked = false
  const origin = lab.keep(
    await rawOrigin((socket) => void socket.on('data', () => (asked = true)), {
      address: '127.0.0.11',
    }),
  )
  const client = await openStream(lab, `api.fr.test:${origin.port}`)
  client.send(frame(FRAME.data, 0, 1, await helloFor('api.fr.test')))
  await eventually('the first bytes at the origin', () => asked)
  client.send(frame(FRAME.data, FLAG.endStream, 1), frame(FRAME.reset, 0, 1, uint32(0)))
  expect(await lab.proxy.settled(1)).toMatchObject({ outcome: 'forwarded' })
  client.socket.destroy()
})
