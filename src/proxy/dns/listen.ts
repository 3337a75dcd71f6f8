/** The port for questions of clients that have no other name server: UDP, and TCP for what does not fit. */

import { createSocket, type RemoteInfo } from 'node:dgram'
import net, { type AddressInfo, type Socket } from 'node:net'
import { parseIp, unmapIp } from '../../model/address.ts'
import type { Client } from '../../model/client.ts'
import { withLocalUser } from '../local-user.ts'
import type { ProxyContext } from '../proxy.ts'
import { type Answering, answerQuestion } from './answer.ts'
import { type DnsAnswer, encodeAnswer, encodeFault, RCODE, readQuestion } from './message.ts'

export interface DnsListener {
  readonly address: string
  readonly port: number
  close(): Promise<void>
}

/** Questions being answered at once; more are not heard, and clients ask again. */
const MAX_UNDER_WAY = 1_024
/** Connections, bytes of one question over TCP, and how long one may be silent, in milliseconds. */
const MAX_CONNECTIONS = 256
const MAX_QUESTION = 1_024
const SILENCE_MS = 10_000
const MAX_STREAM = 65_535

/** @throws the system's error when the address cannot be bound */
export async function listenDns(
  { host, port }: { readonly host: string; readonly port: number },
  context: Answering & Pick<ProxyContext, 'report' | 'localUserOf' | 'localSenderOf'>,
): Promise<DnsListener> {
  const connections = new Set<Socket>()
  let underWay = 0

  /** @param send given the answer; not called where there is none */
  const answer = async (
    bytes: Buffer,
    client: Client,
    isStream: boolean,
  ): Promise<Buffer | null> => {
    const read = readQuestion(bytes)
    if ('fault' in read) return read.id === null ? null : encodeFault(read.fault, read.id)
    if (underWay >= MAX_UNDER_WAY) return null
    underWay++
    const { question } = read
    const room = isStream ? MAX_STREAM : question.room
    try {
      return encodeAnswer(question, await answerQuestion(question, client, context), room)
    } catch (error) {
      context.report('DNS', error)
      return encodeAnswer(question, FAILED, room)
    } finally {
      underWay--
    }
  }

  const family = net.isIPv6(host) ? 'udp6' : 'udp4'
  const server = net.createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {})
    const client = parseIp(socket.remoteAddress ?? '')
    if (!client || connections.size >= MAX_CONNECTIONS) {
      socket.destroy()
      return
    }
    connections.add(socket)
    socket.on('close', () => connections.delete(socket))
    const caller = withLocalUser(socket, unmapIp(client), null, context)
    serveStream(socket, (bytes) => answer(bytes, caller, true))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, resolve)
  })
  const bound = server.address() as AddressInfo
  const udp = createSocket(family, (bytes: Buffer, from: RemoteInfo) => {
    const client = parseIp(from.address.replace(/%.*$/, ''))
    if (!client) return
    const address = unmapIp(client)
    const uid = context.localSenderOf({ address, port: from.port })
    answer(bytes, uid === null ? address : { ...address, uid }, false).then(
      (reply) => reply && udp.send(reply, from.port, from.address, () => {}),
      (error: unknown) => context.report('DNS', error),
    )
  })
  try {
    await new Promise<void>((resolve, reject) => {
      udp.once('error', reject)
      udp.bind({ address: host, port: bound.port }, resolve)
    })
  } catch (error) {
    server.close()
    throw error
  }
  udp.on('error', (error) => context.report('DNS', error))
  server.on('error', (error) => context.report('DNS', error))
  return {
    address: bound.address,
    port: bound.port,
    async close() {
      const closed = [
        new Promise((resolve) => server.close(resolve)),
        new Promise<void>((resolve) => udp.close(() => resolve())),
      ]
      for (const socket of connections) socket.destroy()
      await Promise.all(closed)
    },
  }
}

/** Questions with their length in front (RFC 1035 section 4.2.2), one after the other. */
function serveStream(socket: Socket, answer: (bytes: Buffer) => Promise<Buffer | null>): void {
  let held: Buffer = Buffer.alloc(0)
  let isBusy = false
  const goOn = () => {
    if (isBusy || held.length < 2) return
    const length = held.readUInt16BE(0)
    if (length > MAX_QUESTION) return void socket.destroy()
    if (held.length < 2 + length) return
    const bytes = held.subarray(2, 2 + length)
    held = held.subarray(2 + length)
    isBusy = true
    socket.pause()
    answer(bytes).then(
      (reply) => {
        isBusy = false
        if (!reply || socket.destroyed) return void socket.destroy()
        const size = Buffer.alloc(2)
        size.writeUInt16BE(reply.length)
        socket.write(Buffer.concat([size, reply]))
        socket.resume()
        goOn()
      },
      () => socket.destroy(),
    )
  }
  socket.setTimeout(SILENCE_MS, () => socket.destroy())
  socket.on('data', (piece: Buffer) => {
    held = Buffer.concat([held, piece])
    goOn()
  })
}

const FAILED: DnsAnswer = { rcode: RCODE.failed, addresses: [], ttl: 0, extended: null }
