/**
 * One DNS question on the wire: UDP, then TCP when the answer did not fit (RFC 1035, 6891, 7766). dns-packet's
 * only door. Each try has a fresh id and a fresh socket that is connected to the server, so the kernel drops what
 * comes from anywhere else. A reply that is not to this question is ignored; one that is, but is malformed, fails
 * the server. It must never let a message reach the decoder whose size, counts and question were not checked.
 */

import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { decode, encode, type Answer as PacketRecord, RECURSION_DESIRED } from 'dns-packet'
import type { DnsMessage, DnsRecord, Question } from './dns-answer.ts'
import type { NameServer } from './system-dns.ts'

export type Reply =
  | { readonly kind: 'message'; readonly message: DnsMessage; readonly source: string }
  | { readonly kind: 'failed'; readonly fault: string }
  | { readonly kind: 'timeout' }

/** Bytes offered by EDNS: what passes nearly every path unfragmented (DNS flag day 2020). */
const MAX_UDP = 1232
/** Bytes of an answer over TCP, and records in any answer. Together they bound what a compression bomb can cost. */
const MAX_TCP = 16_384
const MAX_RECORDS = 256

const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED']

/**
 * Asks server after server until one gives an answer that counts: NOERROR or NXDOMAIN. Only silence is tried
 * again at the same server. Never rejects.
 *
 * @param tries how long each try waits, in ms.
 * @param signal ends everything at once; the outcome is then that of the tries so far.
 */
export async function ask(
  question: Question,
  servers: readonly NameServer[],
  tries: readonly number[],
  signal: AbortSignal,
): Promise<Reply> {
  let outcome: Reply = { kind: 'timeout' }
  for (const server of servers) {
    for (const timeout of tries) {
      const reply = await exchange(question, server, timeout, signal)
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
  signal: AbortSignal,
): Promise<Reply> {
  if (signal.aborted) return { kind: 'timeout' }
  const limit = new AbortController()
  const stop = () => limit.abort()
  const timer = setTimeout(stop, timeout)
  signal.addEventListener('abort', stop, { once: true })
  try {
    const query = encodeQuery(question)
    let reply = await askUdp(query, server, limit.signal)
    const truncated = isTruncated(reply)
    if (truncated) reply = await askTcp(query, server, limit.signal)
    const message = decodeReply(reply)
    // Whatever else a server answers, such as SERVFAIL or REFUSED, says nothing about the name.
    if (message.rcode !== 0 && message.rcode !== 3) {
      throw new Fault(`answered ${RCODES[message.rcode] ?? `with code ${message.rcode}`}`)
    }
    const source = `${truncated ? 'tcp' : 'udp'}://${server.text}`
    return { kind: 'message', message, source }
  } catch (error) {
    if (limit.signal.aborted) return { kind: 'timeout' }
    return { kind: 'failed', fault: `${server.text} ${toFault(error)}` }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}

/** What a server did wrong, as the rest of a sentence that begins with its address. */
class Fault extends Error {}

function toFault(error: unknown): string {
  if (error instanceof Fault) return error.message
  const code = error instanceof Error && 'code' in error ? ` (${error.code})` : ''
  return `cannot be reached${code}`
}

interface Query {
  readonly bytes: Buffer
  /** Where the question section ends. */
  readonly end: number
}

function encodeQuery(question: Question): Query {
  const bytes = encode({
    type: 'query',
    id: randomInt(0x10000),
    flags: RECURSION_DESIRED,
    questions: [{ name: question.name, type: question.type, class: 'IN' }],
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: MAX_UDP,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: 0,
        flag_do: false,
        options: [],
      },
    ],
  })
  // Header, name with its length bytes, type and class.
  return { bytes, end: 12 + question.name.length + 2 + 4 }
}

/** Waits for the reply to this query; whatever else arrives is not for us. */
async function askUdp(query: Query, server: NameServer, signal: AbortSignal): Promise<Buffer> {
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

/** Reads one message behind its two length bytes (RFC 7766 section 8). */
async function askTcp(query: Query, server: NameServer, signal: AbortSignal): Promise<Buffer> {
  const socket = connect({ host: server.ip.text, port: server.port, signal })
  const length = Buffer.alloc(2)
  length.writeUInt16BE(query.bytes.length)
  socket.write(Buffer.concat([length, query.bytes]))
  const received = Buffer.alloc(2 + MAX_TCP)
  let filled = 0
  // Leaving the loop destroys the socket.
  for await (const chunk of socket) {
    filled += (chunk as Buffer).copy(received, filled)
    if (filled < 2) continue
    const end = 2 + received.readUInt16BE(0)
    if (end > received.length) throw new Fault('sent too large an answer')
    if (filled < end) continue
    const reply = received.subarray(2, end)
    if (isReplyTo(query, reply) && !isTruncated(reply)) return reply
    throw new Fault('sent a malformed answer')
  }
  throw new Fault('closed the connection before its answer was complete')
}

/**
 * Whether the bytes are a response to this query: its id, QR set, opcode QUERY, and exactly its one question,
 * in whatever case the server echoes it.
 */
function isReplyTo(query: Query, reply: Buffer): boolean {
  return (
    reply.length >= query.end &&
    reply.readUInt16BE(0) === query.bytes.readUInt16BE(0) &&
    (reply.readUInt8(2) & 0xf8) === 0x80 &&
    reply.readUInt16BE(4) === 1 &&
    // Length bytes are below `A`, so lowering the whole section changes letters only.
    reply.toString('latin1', 12, query.end).toLowerCase() ===
      query.bytes.toString('latin1', 12, query.end)
  )
}

function isTruncated(reply: Buffer): boolean {
  return (reply.readUInt8(2) & 0x02) !== 0
}

/**
 * Decodes a checked reply; throws a Fault when it is malformed. Known gap of the decoder: a dot inside a label looks
 * like one between labels. That can rename an alias in the evidence, which grants nothing, and no more.
 */
function decodeReply(reply: Buffer): DnsMessage {
  const count = reply.readUInt16BE(6) + reply.readUInt16BE(8) + reply.readUInt16BE(10)
  if (count > MAX_RECORDS) throw new Fault('sent too many records')
  try {
    const { flags = 0, answers = [], authorities = [], additionals = [] } = decode(reply)
    // The decoder trusts fixed sizes over the stated ones; where they differ it does not end at the end.
    if (decode.bytes !== reply.length) throw new Error('bytes are left over')
    const edns = additionals.find((record) => record.type === 'OPT')
    return {
      rcode: ((edns?.extendedRcode ?? 0) << 4) | (flags & 0xf),
      answers: answers.flatMap(toRecord),
      authorities: authorities.flatMap(toRecord),
    }
  } catch {
    throw new Fault('sent a malformed answer')
  }
}

/** The record if it is of class IN and of a type that matters here, else nothing. */
function toRecord(record: PacketRecord): DnsRecord[] {
  // The decoder takes the top bit of the class for multicast's `flush`; here it makes another class.
  if (record.type === 'OPT' || record.class !== 'IN' || record.flush) return []
  const { name: owner, ttl = 0 } = record
  switch (record.type) {
    case 'A':
    case 'AAAA':
    case 'CNAME':
      return [{ type: record.type, owner, ttl, data: record.data }]
    case 'SOA':
      return [{ type: 'SOA', owner, ttl, minimum: record.data.minimum ?? 0 }]
    default:
      return []
  }
}
