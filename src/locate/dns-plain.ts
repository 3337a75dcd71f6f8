/**
 * A DNS query in the clear: UDP, then TCP when the answer did not fit (RFC 1035, RFC 7766). Each query has a fresh socket
 * that is connected to the server, so the kernel drops what comes from anywhere else. A datagram that is no reply to the
 * query is ignored; over TCP it fails the server.
 */

import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import type { PlainServer } from '../model/name-server.ts'
import { createUnframer, frame } from './dns-frames.ts'
import { Fault, isReplyTo, isTruncated, MAX_UDP, type Query } from './dns-message.ts'

/** Rejects with a Fault, an error of the socket, or the reason of the signal. */
export async function sendPlain(
  query: Query,
  server: PlainServer,
  signal: AbortSignal,
): Promise<{ readonly reply: Buffer; readonly over: 'udp' | 'tcp' }> {
  const reply = await askUdp(query, server, signal)
  if (!isTruncated(reply)) return { reply, over: 'udp' }
  return { reply: await askTcp(query, server, signal), over: 'tcp' }
}

/** Waits for the reply to this query; whatever else arrives is not for us. */
async function askUdp(query: Query, server: PlainServer, signal: AbortSignal): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const socket = createSocket({ type: server.ip.version === 4 ? 'udp4' : 'udp6' })
  const stop = () => reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  socket.on('error', reject)
  socket.on('message', (reply) => {
    if (reply.length <= MAX_UDP && isReplyTo(query, reply)) resolve(reply)
  })
  socket.on('connect', () => socket.send(query.bytes))
  socket.connect(server.port, server.ip.text)
  try {
    return await promise
  } finally {
    signal.removeEventListener('abort', stop)
    socket.close()
  }
}

async function askTcp(query: Query, server: PlainServer, signal: AbortSignal): Promise<Buffer> {
  const socket = connect({ host: server.ip.text, port: server.port, signal })
  socket.write(frame(query.bytes))
  const unframe = createUnframer()
  // Leaving the loop destroys the socket.
  for await (const chunk of socket) {
    for (const reply of unframe(chunk as Buffer)) {
      if (isReplyTo(query, reply) && !isTruncated(reply)) return reply
      throw new Fault('sent a malformed answer')
    }
  }
  throw new Fault('closed the connection before its answer was complete')
}
