/** What the kernel says of a connection that nobody has redirected, and that nothing is guessed where it says nothing. */

import { once } from 'node:events'
import net, { type Server, Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { openLinuxSockets } from '../../../src/proxy/transparent/sockets.ts'
import { linux, missing } from '../../support/needs.ts'

describe.skipIf(missing(linux))('sockets of Linux', () => {
  async function accepted(
    host: string,
  ): Promise<{ readonly socket: Socket; readonly server: Server }> {
    const server = net.createServer()
    server.listen(0, host)
    await once(server, 'listening')
    const { port } = server.address() as net.AddressInfo
    const client = net.connect(port, host === '::' ? '127.0.0.1' : host)
    client.on('error', () => {})
    const [socket] = (await once(server, 'connection')) as [Socket]
    socket.on('close', () => client.destroy())
    return { socket, server }
  }

  test.each(['127.0.0.1', '::1', '::'])(
    'where it arrived is where it was going: %s',
    async (host) => {
      const sockets = await openLinuxSockets()
      const { socket, server } = await accepted(host)
      expect(sockets.originalOf(socket)).toMatchObject({
        mode: 'tproxy',
        address: { text: host === '::' ? '127.0.0.1' : host },
        port: socket.localPort,
      })
      socket.destroy()
      server.close()
    },
  )

  test('of one that is gone, or that Node says nothing of, nobody knows', async () => {
    const sockets = await openLinuxSockets()
    const { socket, server } = await accepted('127.0.0.1')
    socket.destroy()
    expect(sockets.originalOf(socket)).toBeNull()
    expect(sockets.originalOf(new Socket())).toBeNull()
    const hidden = { localAddress: '192.0.2.1', localPort: 443, _handle: {} }
    expect(sockets.originalOf(hidden as unknown as Socket)).toBeNull()
    const wrong = { ...hidden, _handle: { fd: 999_999 } }
    expect(sockets.originalOf(wrong as unknown as Socket)).toBeNull()
    server.close()
    expect(sockets.allowForeign(server)).toBe('its descriptor is not known')
  })
})
