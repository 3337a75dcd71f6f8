/**
 * DNS over TLS (RFC 7858): one connection to a server, kept while it is used, with many queries on it at once that are told
 * apart by id (RFC 7766 section 6.2.1). Nothing is written before the server has proved who it is. A server that says
 * something nobody asked for is no longer listened to: on a stream nobody else can have said it.
 */

import { randomInt } from 'node:crypto'
import tls from 'node:tls'
import type { HttpsServer, TlsServer } from '../model/name-server.ts'
import { createUnframer, frame } from './dns-frames.ts'
import { Fault, isReplyTo, isTruncated, type Query, withId } from './dns-message.ts'

/** A way to one server. `send` rejects with a Fault, an error of the socket, or the reason of the signal. */
export interface Link extends Disposable {
  send(query: Query, signal: AbortSignal): Promise<Reply>
}

export interface Reply {
  readonly reply: Buffer
  /** Seconds it has already spent in a cache on the way. */
  readonly age: number
}

/** ms without a byte either way after which an unused connection is closed. */
const IDLE = 10_000
/** Queries given up on before a connection is no longer used for new ones; replies to them may still come. */
const MAX_LATE = 64

/** @param trust whom to believe, and the least version of TLS. */
export function createTlsLink(server: TlsServer, trust: tls.SecureContext): Link {
  const open = new Set<Connection>()
  let current: Connection | null = null
  const connect = () => {
    const connection = openConnection(server, trust, {
      retired: () => {
        if (current === connection) current = null
      },
      closed: () => open.delete(connection),
    })
    open.add(connection)
    return connection
  }
  return {
    async send(query, signal) {
      current ??= connect()
      const used = current
      const wasProven = used.answered() > 0
      try {
        return { reply: await used.send(query, signal), age: 0 }
      } catch (error) {
        // A server may close a connection whenever it likes, also while a query is on its way (RFC 7766 section 6.2.4).
        if (!wasProven || used.hasLied() || signal.aborted) throw error
        current ??= connect()
        return { reply: await current.send(query, signal), age: 0 }
      }
    },
    [Symbol.dispose]() {
      for (const connection of open) connection.destroy()
    },
  }
}

/** What makes a connection a verified one. An address is no server name (RFC 6066 section 3), but is checked as one. */
export function toVerifiedOptions(
  { ip, port, identity }: TlsServer | HttpsServer,
  trust: tls.SecureContext,
) {
  return {
    host: ip.text,
    port,
    secureContext: trust,
    // INVARIANT: always. Left out, NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment would decide.
    rejectUnauthorized: true,
    servername: identity.ip ? '' : identity.text,
    checkServerIdentity: (_: string, certificate: tls.PeerCertificate) => {
      try {
        return tls.checkServerIdentity(identity.text, certificate)
      } catch (error) {
        return error instanceof Error ? error : new Error('the certificate cannot be read')
      }
    },
  }
}

interface Connection {
  send(query: Query, signal: AbortSignal): Promise<Buffer>
  /** Replies that came so far. */
  answered(): number
  /** Whether it said what nobody asked for, or what nobody can read. */
  hasLied(): boolean
  destroy(): void
}

interface Pending {
  readonly query: Query
  resolve(reply: Buffer): void
  reject(error: unknown): void
}

/** @param on `retired`: not for new queries; `closed`: not for anything. */
function openConnection(
  server: TlsServer,
  trust: tls.SecureContext,
  on: { retired(): void; closed(): void },
): Connection {
  const socket = tls.connect(toVerifiedOptions(server, trust))
  const pending = new Map<number, Pending>()
  const late = new Set<number>()
  const unframe = createUnframer()
  let unsent: Buffer[] = []
  let verified = false
  let retired = false
  let lied = false
  let answered = 0

  socket.setNoDelay(true)
  socket.setTimeout(IDLE, () => {
    if (pending.size === 0) socket.destroy()
  })
  socket.on('secureConnect', () => {
    verified = true
    for (const frame of unsent) socket.write(frame)
    unsent = []
  })
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const reply of unframe(chunk)) take(reply)
    } catch (error) {
      lied = true
      fail(error)
    }
  })
  socket.on('error', fail)
  socket.on('close', () => {
    fail(new Fault('closed the connection before its answer was complete'))
    on.closed()
  })

  return {
    async send(query, signal) {
      signal.throwIfAborted()
      const id = pickId()
      const asked = withId(query, id)
      const before = answered
      const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
      const stop = () => reject(signal.reason)
      signal.addEventListener('abort', stop, { once: true })
      pending.set(id, { query: asked, resolve, reject })
      const bytes = frame(asked.bytes)
      if (verified) socket.write(bytes)
      else unsent.push(bytes)
      try {
        return await promise
      } finally {
        signal.removeEventListener('abort', stop)
        if (pending.delete(id)) giveUp(id, before)
      }
    },
    answered: () => answered,
    hasLied: () => lied,
    destroy: () => socket.destroy(),
  }

  function take(reply: Buffer): void {
    const id = reply.length < 2 ? -1 : reply.readUInt16BE(0)
    if (late.delete(id)) return
    const asked = pending.get(id)
    if (!asked || !isReplyTo(asked.query, reply) || isTruncated(reply)) {
      throw new Fault('sent a malformed answer')
    }
    pending.delete(id)
    answered++
    asked.resolve(reply)
    closeIfUnused()
  }

  /** A connection on which nothing came in the time of a whole query is likely dead; the next query has another. */
  function giveUp(id: number, before: number): void {
    late.add(id)
    if (answered === before || late.size > MAX_LATE) retire()
    closeIfUnused()
  }

  function retire(): void {
    retired = true
    on.retired()
  }

  function closeIfUnused(): void {
    if (retired && pending.size === 0) socket.destroy()
  }

  function fail(error: unknown): void {
    retire()
    const waiting = [...pending.values()]
    pending.clear()
    for (const { reject } of waiting) reject(error)
    socket.destroy()
  }

  function pickId(): number {
    for (;;) {
      const id = randomInt(0x10000)
      if (!pending.has(id) && !late.has(id)) return id
    }
  }
}
