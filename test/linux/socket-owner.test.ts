/** Real sockets, and what the kernel says of whose they are. */

import { type ChildProcess, spawn } from 'node:child_process'
import dgram from 'node:dgram'
import { once } from 'node:events'
import net from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SocketOwners } from '../../src/linux/socket-owner.ts'
import { parseIp, unmapIp } from '../../src/model/address.ts'
import type { SocketEnd } from '../../src/model/client.ts'
import { linux, missing, namespaces, program, root } from '../support/needs.ts'
import { ip } from '../support/nouns.ts'

const ME = process.getuid?.() ?? -1

describe.skipIf(missing(linux))('the owner of a connection', () => {
  let owners: SocketOwners
  const ownerOf = (near: SocketEnd, far: SocketEnd) => owners.ofConnection(near, far)
  let server: net.Server
  let port: number
  const accepted: net.Socket[] = []
  beforeAll(async () => {
    const { openSocketOwners } = await import('../../src/linux/socket-owner.ts')
    owners = openSocketOwners()
    server = net.createServer({ allowHalfOpen: true }, (socket) => accepted.push(socket))
    await once(server.listen(0, '::'), 'listening')
    port = (server.address() as net.AddressInfo).port
  })
  afterAll(() => {
    for (const socket of accepted) socket.destroy()
    server?.close()
  })

  /** The next connection, as the side sees it that has accepted it. */
  async function next(): Promise<{ near: SocketEnd; far: SocketEnd; socket: net.Socket }> {
    if (accepted.length === 0) await once(server, 'connection')
    const socket = accepted.shift() as net.Socket
    socket.on('error', () => {})
    const end = (address = '', at = 0) => {
      const parsed = parseIp(address)
      if (!parsed) throw new Error(`no address: ${address}`)
      return { address: unmapIp(parsed), port: at }
    }
    return {
      near: end(socket.remoteAddress, socket.remotePort),
      far: end(socket.localAddress, socket.localPort),
      socket,
    }
  }

  test.each(['127.0.0.1', '127.0.0.9', '::1', '::ffff:127.0.0.1'])('to %s', async (host) => {
    const client = net.connect({ host, port })
    const { near, far, socket } = await next()
    expect(ownerOf(near, far)).toBe(ME)
    // The other end of the same connection is ours as well.
    expect(ownerOf(far, near)).toBe(ME)
    expect(ownerOf({ ...near, port: near.port ^ 1 }, far)).toBeNull()
    expect(ownerOf(near, { ...far, port: far.port ^ 1 })).toBeNull()
    client.destroy()
    socket.destroy()
  })

  test('one that was left belongs to nobody', async () => {
    const client = net.connect({ host: '127.0.0.1', port })
    const { near, far, socket } = await next()
    client.end()
    await once(socket.resume(), 'end')
    // It has only said goodbye.
    expect(ownerOf(near, far)).toBe(ME)
    client.destroy()
    await once(client, 'close')
    expect(ownerOf(near, far)).toBeNull()
    socket.destroy()
  })

  test('a socket that only listens there is not it', async () => {
    const other = net.createServer()
    await once(other.listen(0, '127.0.0.1'), 'listening')
    const near = { address: ip('127.0.0.1'), port: (other.address() as net.AddressInfo).port }
    expect(ownerOf(near, { address: ip('127.0.0.1'), port })).toBeNull()
    other.close()
  })

  test('a version of IP each is no connection', () => {
    const far = { address: ip('::1'), port }
    expect(ownerOf({ address: ip('127.0.0.1'), port: 1 }, far)).toBeNull()
  })

  test('asked often, it says the same, and keeps no descriptor more', async () => {
    const { readdirSync } = await import('node:fs')
    const client = net.connect({ host: '127.0.0.1', port })
    const { near, far, socket } = await next()
    const before = readdirSync('/proc/self/fd').length
    for (let i = 0; i < 2_000; i++) {
      expect(ownerOf(near, far)).toBe(ME)
      expect(ownerOf(far, { ...near, port: 1 })).toBeNull()
    }
    expect(readdirSync('/proc/self/fd')).toHaveLength(before)
    client.destroy()
    socket.destroy()
  })

  describe('of a datagram', () => {
    const bound = async (address: string, how: dgram.SocketType, isConnected = false, at = 0) => {
      const socket = dgram.createSocket({ type: how, reuseAddr: true })
      await new Promise<void>((resolve) => socket.bind(at, address, resolve))
      if (isConnected) await new Promise<void>((resolve) => socket.connect(9, '127.0.0.1', resolve))
      return { socket, port: socket.address().port }
    }

    test.each([
      ['from any address', '0.0.0.0', 'udp4', false],
      ['from one address', '127.0.0.1', 'udp4', false],
      ['that is connected', '127.0.0.1', 'udp4', true],
      ['of either version', '::', 'udp6', false],
    ] as const)('%s', async (_, address, how, isConnected) => {
      const { socket, port: at } = await bound(address, how, isConnected)
      expect(owners.ofSender({ address: ip('127.0.0.1'), port: at })).toBe(ME)
      socket.close()
      await once(socket, 'close')
      expect(owners.ofSender({ address: ip('127.0.0.1'), port: at })).toBeNull()
    })

    test('from another address than it is bound to it is not', async () => {
      const { socket, port: at } = await bound('127.0.0.2', 'udp4')
      expect(owners.ofSender({ address: ip('127.0.0.1'), port: at })).toBeNull()
      socket.close()
    })

    test.skipIf(missing(root, program('python3', '--version')))(
      'where users share a port it is nobody’s',
      async () => {
        const { socket, port: at } = await bound('127.0.0.1', 'udp4')
        const end = { address: ip('127.0.0.1'), port: at }
        const script = `import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("0.0.0.0", ${at}))
print("up", flush=True)
sys.stdin.read()`
        const child = spawn('python3', ['-c', script], { uid: 54_321, gid: 54_321, cwd: '/' })
        await once(child.stdout, 'data')
        expect(owners.ofSender(end)).toBeNull()
        socket.close()
        await once(socket, 'close')
        expect(owners.ofSender(end)).toBe(54_321)
        await finish(child)
      },
    )
  })

  /** Holds a connection open until it is told to end. */
  const hold = (host: string) =>
    `require('net').connect({ host: '${host}', port: ${port} }).on('error', () => {}); process.stdin.resume().on('end', () => process.exit())`
  async function finish(child: ChildProcess): Promise<void> {
    const gone = once(child, 'exit')
    child.stdin?.end()
    await gone
  }

  test.skipIf(missing(root, program('python3', '--version')))('another user', async () => {
    const script = `import socket, sys; s = socket.create_connection(("127.0.0.1", ${port})); sys.stdin.read()`
    const child = spawn('python3', ['-c', script], { uid: 54_321, gid: 54_321, cwd: '/' })
    const { near, far, socket } = await next()
    expect(ownerOf(near, far)).toBe(54_321)
    await finish(child)
    socket.destroy()
  })

  test.skipIf(missing(namespaces))(
    'a process in another network namespace is not seen, whatever address it has there',
    async () => {
      const name = `cordon-owner-${process.pid}`
      const run = (...args: string[]) => once(spawn('ip', args), 'exit')
      await run('netns', 'add', name)
      await run('link', 'add', 'co0', 'type', 'veth', 'peer', 'name', 'co1', 'netns', name)
      await run('addr', 'add', '10.79.0.1/24', 'dev', 'co0')
      await run('link', 'set', 'co0', 'up')
      await run('-n', name, 'addr', 'add', '10.79.0.2/24', 'dev', 'co1')
      await run('-n', name, 'link', 'set', 'co1', 'up')
      const node = [process.execPath, '-e', hold('10.79.0.1')]
      const child = spawn('ip', ['netns', 'exec', name, ...node])
      const { near, far, socket } = await next()
      expect(near.address.text).toBe('10.79.0.2')
      expect(ownerOf(near, far)).toBeNull()
      await finish(child)
      socket.destroy()
      await run('netns', 'delete', name)
    },
  )
})
