/** A connection that is ended politely: what was written before arrives, however slowly it is read. */

import { once } from 'node:events'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { linger } from '../../src/proxy/linger.ts'

test('a peer that pauses for longer than it may send gets everything, and a clean end', async () => {
  const size = 32 * 1024 * 1024
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    socket.write(Buffer.alloc(size))
    linger(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1')
  await once(socket, 'connect')
  await sleep(5_500)
  let received = 0
  socket.on('data', (piece: Buffer) => {
    received += piece.length
  })
  await once(socket, 'end')
  expect(received).toBe(size)
  socket.destroy()
  server.close()
})
