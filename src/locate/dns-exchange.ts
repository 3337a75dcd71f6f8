/**
 * One DNS question to the configured servers, in their order, each in its own way. A server that answers with anything
 * but an answer fails, and the next one is asked.
 */

import type { Cidr } from '../model/address.ts'
import type { NameServer } from '../model/name-server.ts'
import type { DnsMessage, Question } from './dns-answer.ts'
import { type Decoded, decodeReply, encodeQuery, Fault } from './dns-message.ts'
import type { Received, Transports } from './dns-transports.ts'

/** How questions are asked. */
export interface Asking {
  readonly servers: readonly NameServer[]
  /** How long each try at one server waits, in ms. */
  readonly tries: readonly number[]
  /** The prefix for which answers are wanted (RFC 7871), null to say nothing. */
  readonly clientSubnet: Cidr | null
  readonly transports: Transports
}

export type Reply =
  | { readonly kind: 'message'; readonly message: DnsMessage; readonly source: string }
  | { readonly kind: 'failed'; readonly fault: string }
  | { readonly kind: 'timeout' }

const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED']
const FORMERR = 1
const NXDOMAIN = 3
const REFUSED = 5

/**
 * Asks server after server until one gives an answer that counts: NOERROR or NXDOMAIN. Only silence is tried
 * again at the same server. Never rejects.
 *
 * @param signal ends everything at once; the outcome is then that of the tries so far.
 */
export async function ask(question: Question, asking: Asking, signal: AbortSignal): Promise<Reply> {
  let outcome: Reply = { kind: 'timeout' }
  for (const server of asking.servers) {
    for (const timeout of asking.tries) {
      const reply = await exchange(question, server, timeout, asking, signal)
      if (reply.kind === 'message') return reply
      if (reply.kind === 'timeout') continue
      outcome = reply
      break
    }
  }
  return outcome
}

/** One try at one server, of `timeout` ms in all. Never rejects. */
export async function exchange(
  question: Question,
  server: NameServer,
  timeout: number,
  { clientSubnet, transports }: Pick<Asking, 'clientSubnet' | 'transports'>,
  signal: AbortSignal,
): Promise<Reply> {
  if (signal.aborted) return { kind: 'timeout' }
  const limit = new AbortController()
  const stop = () => limit.abort()
  const timer = setTimeout(stop, timeout)
  signal.addEventListener('abort', stop, { once: true })
  const send = async (subnet: Cidr | null) => {
    const encrypted = server.transport !== 'plain'
    const query = encodeQuery(question, { clientSubnet: subnet, encrypted })
    const received = await transports.send(query, server, limit.signal)
    return { ...received, ...decodeReply(query, received.reply, received.age) }
  }
  try {
    let reply = await send(clientSubnet)
    // RFC 7871 section 7.1.3 has servers refuse subnets they do not like; without one they may still answer.
    if (clientSubnet && [FORMERR, REFUSED].includes(reply.message.rcode)) reply = await send(null)
    const { rcode } = reply.message
    // Whatever else a server answers, such as SERVFAIL or REFUSED, says nothing about the name.
    if (rcode !== 0 && rcode !== NXDOMAIN) {
      throw new Fault(`answered ${RCODES[rcode] ?? `with code ${rcode}`}`)
    }
    return {
      kind: 'message',
      message: reply.message,
      source: saySource(server, reply, clientSubnet),
    }
  } catch (error) {
    if (limit.signal.aborted) return { kind: 'timeout' }
    return { kind: 'failed', fault: `${server.text} ${toFault(error)}` }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}

/** Who answered, and what its answer is worth. Over UDP and TCP anybody on the way could have said that it is validated. */
function saySource(
  server: NameServer,
  { over, validated, scope }: Received & Decoded,
  subnet: Cidr | null,
): string {
  const isPlain = server.transport === 'plain'
  const prefix = subnet && `${subnet.base.text}/${subnet.bits}`
  const steered = scope === null ? `without regard to ${prefix}` : `for ${prefix} (scope /${scope})`
  return [
    isPlain ? `${over}://${server.text}` : server.text,
    ...(validated && !isPlain ? ['(validated)'] : []),
    ...(prefix ? [steered] : []),
  ].join(' ')
}

function toFault(error: unknown): string {
  if (error instanceof Fault) return error.message
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code.startsWith('HPE_')) return 'does not answer with well-formed HTTP'
  // Node names what the system says like ECONNREFUSED, what TLS says like CERT_HAS_EXPIRED, ERR_SSL_… or EPROTO.
  const isSystem = /^(E[A-Z0-9]+)?$/.test(code) && code !== 'EPROTO'
  const what = isSystem ? 'cannot be reached' : 'fails the TLS handshake'
  return code === '' ? what : `${what} (${code})`
}
