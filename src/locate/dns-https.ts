/**
 * DNS over HTTPS (RFC 8484), by POST over HTTP/1.1 on connections that are kept. The address is dialled as it is configured:
 * no name is looked up, no proxy is used, no redirect followed, no cookie kept.
 */

import { once } from 'node:events'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import type { SecureContext } from 'node:tls'
import type { HttpsServer } from '../model/name-server.ts'
import { Fault, isReplyTo, isTruncated, MAX_STREAM, type Query } from './dns-message.ts'
import { type Link, type Reply, toVerifiedOptions } from './dns-tls.ts'

/** Connections to one server: HTTP/1.1 has one query at a time on each. Further queries wait for one. */
const MAX_CONNECTIONS = 16
const MAX_HEAD = 8192
const MEDIA_TYPE = 'application/dns-message'

/** @param trust whom to believe, and the least version of TLS. */
export function createHttpsLink(server: HttpsServer, trust: SecureContext): Link {
  // What an agent is made with overrides what a request says. Without kept sessions every connection proves anew who it
  // leads to.
  const verified = { ...toVerifiedOptions(server, trust), maxCachedSessions: 0 }
  const kept = new Agent({ ...verified, keepAlive: true, maxSockets: MAX_CONNECTIONS })
  const fresh = new Agent({ ...verified, maxSockets: MAX_CONNECTIONS })
  const { identity, port } = server
  const name = identity.ip?.version === 6 ? `[${identity.text}]` : identity.text
  const host = port === 443 ? name : `${name}:${port}`

  return {
    async send(query, signal) {
      const first = post(query, signal, kept)
      try {
        return await readReply(query, first)
      } catch (error) {
        if (error instanceof Fault || signal.aborted || !first.reusedSocket) throw error
        // A server may close a kept connection whenever it likes, also while a query is on its way.
        return await readReply(query, post(query, signal, fresh))
      }
    },
    [Symbol.dispose]() {
      kept.destroy()
      fresh.destroy()
    },
  }

  function post(query: Query, signal: AbortSignal, agent: Agent): ClientRequest {
    const asking = request({
      agent,
      method: 'POST',
      path: server.path,
      headers: {
        host,
        accept: MEDIA_TYPE,
        'content-type': MEDIA_TYPE,
        'content-length': query.bytes.length,
      },
      maxHeaderSize: MAX_HEAD,
      signal,
    })
    // Seen by whoever waits for the response; after that, where the body is read.
    asking.on('error', () => {})
    asking.end(query.bytes)
    return asking
  }
}

async function readReply(query: Query, asking: ClientRequest): Promise<Reply> {
  const [response] = (await once(asking, 'response')) as [IncomingMessage]
  try {
    const age = checkHead(response)
    const reply = await readBody(response)
    if (isReplyTo(query, reply) && !isTruncated(reply)) return { reply, age }
    throw new Fault('sent a malformed answer')
  } finally {
    if (!response.complete) response.destroy()
  }
}

/** @returns how old the answer is, in seconds: RFC 8484 section 5.1 counts it against its TTLs. */
function checkHead({ statusCode, headers }: IncomingMessage): number {
  if (statusCode !== 200) throw new Fault(`answered with HTTP status ${statusCode}`)
  const [type = ''] = (headers['content-type'] ?? '').split(';')
  if (type.trim().toLowerCase() !== MEDIA_TYPE) throw new Fault('answered with something else')
  const { age = '0' } = headers
  if (headers['content-encoding'] !== undefined || !/^\d{1,9}$/.test(age)) {
    throw new Fault('sent a malformed answer')
  }
  return Number(age)
}

async function readBody(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response) {
    chunks.push(chunk as Buffer)
    length += (chunk as Buffer).length
    if (length > MAX_STREAM) throw new Fault('sent too large an answer')
  }
  return Buffer.concat(chunks)
}
