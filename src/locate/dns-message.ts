/**
 * DNS messages: a question to bytes, bytes to what they say (RFC 1035, RFC 6891). dns-packet's only door. It must never
 * let a message reach the decoder whose size, counts and question were not checked.
 */

import { randomInt } from 'node:crypto'
import {
  AUTHENTIC_DATA,
  decode,
  encode,
  type OptAnswer,
  type Answer as PacketRecord,
  RECURSION_DESIRED,
  type RecordType,
} from 'dns-packet'
import type { Cidr } from '../model/address.ts'
import type { DnsMessage, DnsRecord, Question, QuestionType } from './dns-answer.ts'

/** Bytes offered by EDNS: what passes nearly every path unfragmented (DNS flag day 2020). */
export const MAX_UDP = 1232
/** Bytes of an answer over a stream, and records in any answer. Together they bound what a compression bomb can cost. */
export const MAX_STREAM = 16_384
const MAX_RECORDS = 256
/** Queries that nobody may read are all of a size that says nothing (RFC 8467 section 4.1). */
const PADDED = 128

/** The numbers of RFC 6891 section 9 that are used here. */
const CLIENT_SUBNET = 8
const PADDING = 12

export interface QueryOptions {
  /** The prefix for which the answer is wanted (RFC 7871), null to say nothing. */
  readonly clientSubnet: Cidr | null
  /** Over TLS: padded, and asking whether the answer was validated. */
  readonly encrypted: boolean
}

export interface Query {
  readonly bytes: Buffer
  /** Where the question section ends. */
  readonly end: number
  readonly clientSubnet: Cidr | null
}

export interface Decoded {
  readonly message: DnsMessage
  /** The server says that it validated the answer. Worth as much as the server and the way to it. */
  readonly validated: boolean
  /** How many bits of the client subnet the answer depends on; null when the server did not look at it. */
  readonly scope: number | null
}

/** What a server did wrong, as the rest of a sentence that begins with its address. */
export class Fault extends Error {}

export function encodeQuery(question: Question, options: QueryOptions): Query {
  const { clientSubnet, encrypted } = options
  const bare = encodePacket(question, options, 0)
  const padding = (PADDED - (bare.length % PADDED)) % PADDED
  const bytes = encrypted ? encodePacket(question, options, padding) : bare
  // Header, name with its length bytes, type and class.
  return { bytes, end: 12 + question.name.length + 2 + 4, clientSubnet }
}

/** The same query under another id. */
export function withId(query: Query, id: number): Query {
  const bytes = Buffer.from(query.bytes)
  bytes.writeUInt16BE(id, 0)
  return { ...query, bytes }
}

/**
 * Whether the bytes are a response to this query: its id, QR set, opcode QUERY, and exactly its one question,
 * in whatever case the server echoes it.
 */
export function isReplyTo(query: Query, reply: Buffer): boolean {
  // Type and class stand at the end, and are numbers: 65 is an `A` as well.
  const nameEnd = query.end - 4
  return (
    reply.length >= query.end &&
    reply.readUInt16BE(0) === query.bytes.readUInt16BE(0) &&
    (reply.readUInt8(2) & 0xf8) === 0x80 &&
    reply.readUInt16BE(4) === 1 &&
    // Length bytes are below `A`, so lowering a whole name changes letters only.
    reply.toString('latin1', 12, nameEnd).toLowerCase() ===
      query.bytes.toString('latin1', 12, nameEnd) &&
    reply.compare(query.bytes, nameEnd, query.end, nameEnd, query.end) === 0
  )
}

export function isTruncated(reply: Buffer): boolean {
  return (reply.readUInt8(2) & 0x02) !== 0
}

/**
 * Decodes a reply to the query that was checked; throws a Fault when it is malformed. Known gap of the decoder: a dot inside
 * a label looks like one between labels. That can rename an alias in the evidence, which grants nothing, and no more.
 *
 * @param age seconds the reply has already spent in a cache on the way, by which its TTLs are shorter.
 */
export function decodeReply(query: Query, reply: Buffer, age = 0): Decoded {
  const count = reply.readUInt16BE(6) + reply.readUInt16BE(8) + reply.readUInt16BE(10)
  if (count > MAX_RECORDS) throw new Fault('sent too many records')
  const { flags = 0, answers = [], authorities = [], additionals = [] } = decodePacket(reply)
  const [edns, ...more] = additionals.filter((record) => record.type === 'OPT')
  // RFC 6891 section 6.1.1.
  if (more.length > 0) throw new Fault('sent a malformed answer')
  return {
    message: {
      rcode: ((edns?.extendedRcode ?? 0) << 4) | (flags & 0xf),
      answers: answers.flatMap((record) => toRecord(record, age)),
      authorities: authorities.flatMap((record) => toRecord(record, age)),
    },
    validated: (flags & AUTHENTIC_DATA) !== 0,
    scope: query.clientSubnet && edns ? readScope(query.clientSubnet, edns) : null,
  }
}

function encodePacket(question: Question, options: QueryOptions, padding: number): Buffer {
  const { clientSubnet, encrypted } = options
  return encode({
    type: 'query',
    id: randomInt(0x10000),
    // RFC 6840 section 5.7: who sets AD wants to know whether the answer was validated.
    flags: RECURSION_DESIRED | (encrypted ? AUTHENTIC_DATA : 0),
    questions: [{ name: question.name, type: toWireType(question.type), class: 'IN' }],
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: MAX_UDP,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: 0,
        flag_do: false,
        options: [
          ...(clientSubnet ? [toSubnetOption(clientSubnet)] : []),
          ...(encrypted ? [{ code: PADDING, length: padding } as const] : []),
        ],
      },
    ],
  })
}

/** dns-packet knows no HTTPS and would write type 0 for it. */
const HTTPS: string = 'UNKNOWN_65'

function toWireType(type: QuestionType): RecordType {
  return type === 'HTTPS' ? (HTTPS as RecordType) : type
}

function toSubnetOption({ base, bits }: Cidr) {
  const family = toFamily(base.version)
  return { code: CLIENT_SUBNET, family, sourcePrefixLength: bits, ip: base.text } as const
}

/** IANA's address family numbers. */
function toFamily(version: 4 | 6): number {
  return version === 4 ? 1 : 2
}

function decodePacket(reply: Buffer): ReturnType<typeof decode> {
  try {
    const packet = decode(reply)
    // The decoder trusts fixed sizes over the stated ones; where they differ it does not end at the end.
    if (decode.bytes === reply.length) return packet
  } catch {
    // As below: what does not decode is malformed.
  }
  throw new Fault('sent a malformed answer')
}

/** RFC 7871 section 7.3: an answer for any subnet but the one asked for may not be used. */
function readScope({ base, bits }: Cidr, { options }: OptAnswer): number | null {
  const [option, ...more] = options.filter(({ code }) => code === CLIENT_SUBNET)
  if (!option) return null
  const { data = Buffer.alloc(0) } = option
  const prefix = base.bytes.subarray(0, Math.ceil(bits / 8))
  const isEcho =
    more.length === 0 &&
    data.length === 4 + prefix.length &&
    data.readUInt16BE(0) === toFamily(base.version) &&
    data.readUInt8(2) === bits &&
    data.subarray(4).equals(prefix)
  const scope = isEcho ? data.readUInt8(3) : Number.POSITIVE_INFINITY
  if (scope > base.bytes.length * 8) throw new Fault('answered for another client subnet')
  return scope
}

/** The record if it is of class IN and of a type that matters here, else nothing. */
function toRecord(record: PacketRecord, age: number): DnsRecord[] {
  // The decoder takes the top bit of the class for multicast's `flush`; here it makes another class.
  if (record.type === 'OPT' || record.class !== 'IN' || record.flush) return []
  const { name: owner } = record
  const ttl = Math.max(0, (record.ttl ?? 0) - age)
  switch (record.type) {
    case 'A':
    case 'AAAA':
    case 'CNAME':
      return [{ type: record.type, owner, ttl, data: record.data }]
    case 'SOA':
      return [{ type: 'SOA', owner, ttl, minimum: record.data.minimum ?? 0 }]
    default:
      return (record.type as string) === HTTPS && record.data instanceof Uint8Array
        ? [{ type: 'HTTPS', owner, ttl, data: record.data }]
        : []
  }
}
