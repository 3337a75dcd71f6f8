/**
 * The ways to send a query, one for each kind of name server. INVARIANT: a server that is asked over TLS or HTTPS is never
 * asked in another way.
 */

import type { SecureContext } from 'node:tls'
import type { HttpsServer, NameServer, TlsServer } from '../model/name-server.ts'
import { createHttpsLink } from './dns-https.ts'
import type { Query } from './dns-message.ts'
import { sendPlain } from './dns-plain.ts'
import { createTlsLink, type Link } from './dns-tls.ts'

export interface Transports extends Disposable {
  /** Rejects with a Fault, an error of a socket, or the reason of the signal. */
  send(query: Query, server: NameServer, signal: AbortSignal): Promise<Received>
}

export interface Received {
  readonly reply: Buffer
  /** Seconds it has already spent in a cache on the way. */
  readonly age: number
  readonly over: 'udp' | 'tcp' | 'tls' | 'https'
}

/** @param trust whom to believe, and the least version of TLS; may be null when all servers are asked in the clear. */
export function createTransports(trust: SecureContext | null): Transports {
  const links = new Map<string, Link>()
  return {
    async send(query, server, signal) {
      if (server.transport === 'plain') {
        return { ...(await sendPlain(query, server, signal)), age: 0 }
      }
      return { ...(await linkTo(server).send(query, signal)), over: server.transport }
    },
    [Symbol.dispose]() {
      for (const link of links.values()) link[Symbol.dispose]()
    },
  }

  function linkTo(server: TlsServer | HttpsServer): Link {
    const known = links.get(server.text)
    if (known) return known
    if (!trust) throw new Error('no roots to verify a name server with')
    const link =
      server.transport === 'tls' ? createTlsLink(server, trust) : createHttpsLink(server, trust)
    links.set(server.text, link)
    return link
  }
}
