import { once } from 'node:events'
import net from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { gather, sendGathered } from '../../../src/proxy/http1/gathering.ts'

let server: net.Server
const open: net.Socket[] = []
beforeEach(async () => {
  server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy()
  server.close()
})

/** Ours, and its peer's. */
async function connectPair(): Promise<{ ours: net.Socket; peer: net.Socket }> {
  const peer = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1')
  const [ours] = (await once(server, 'connection')) as [net.Socket]
  open.push(ours, peer)
  return { ours, peer }
}

const handedOver = ({ bytesWritten, writableLength }: net.Socket) => bytesWritten - writableLength
const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('what is written within one turn of the event loop', () => {
  test('goes out at its end, of all sockets, whole and in order', async () => {
    const pairs = [await connectPair(), await connectPair()]
    for (const { ours } of pairs) {
      gather(ours)
      ours.write('a')
      gather(ours)
      ours.write('b')
      ours.write('c')
    }
    expect(pairs.map(({ ours }) => handedOver(ours))).toEqual([0, 0])
    await turn()
    expect(pairs.map(({ ours }) => handedOver(ours))).toEqual([3, 3])
    for (const { ours, peer } of pairs) {
      ours.end()
      expect(Buffer.concat(await peer.toArray()).toString()).toBe('abc')
    }
  })

  test('goes out before that where it is asked for, and what comes later waits again', async () => {
    const { ours } = await connectPair()
    gather(ours)
    ours.write('a')
    sendGathered(ours)
    expect(handedOver(ours)).toBe(1)
    gather(ours)
    ours.write('b')
    expect(handedOver(ours)).toBe(1)
    await turn()
    expect(handedOver(ours)).toBe(2)
  })

  test('arrives although the socket is closed in the same turn', async () => {
    const { ours, peer } = await connectPair()
    gather(ours)
    ours.write('the end')
    sendGathered(ours)
    ours.destroy()
    expect(Buffer.concat(await peer.toArray()).toString()).toBe('the end')
  })

  test('takes nothing from a socket that is corked by somebody else', async () => {
    const { ours } = await connectPair()
    ours.cork()
    gather(ours)
    ours.write('a')
    await turn()
    expect(handedOver(ours)).toBe(0)
    ours.uncork()
    expect(handedOver(ours)).toBe(1)
  })
})
