/**
 * Questions of clients and what they are answered (RFC 1035, EDNS as in RFC 6891, extended errors as in RFC 8914). Only what a resolver for addresses
 * needs: one question, no compression in it, no records with it but OPT. Strict, and nothing is repaired.
 */

import type { IpAddress } from '../../model/address.ts'

export interface DnsQuestion {
  readonly id: number
  /** Without the last dot, in lower case; labels are of printable ASCII without dots. */
  readonly name: string
  readonly type: number
  readonly isRecursive: boolean
  /** Bytes that an answer over UDP may have. */
  readonly room: number
  readonly hasEdns: boolean
  /** The question as it was sent: it is sent back. */
  readonly bytes: Buffer
}

export type Read =
  | { readonly question: DnsQuestion }
  /** What can still be answered: with an error under its id. Null where not even that. */
  | { readonly fault: 'format' | 'not-implemented'; readonly id: number | null }

export const TYPE = { a: 1, ptr: 12, aaaa: 28, svcb: 64, https: 65 } as const

export const RCODE = {
  ok: 0,
  format: 1,
  failed: 2,
  notFound: 3,
  notImplemented: 4,
  refused: 5,
} as const

/** Extended errors of RFC 8914: of a policy, of one who may not ask. */
export const EXTENDED = { blocked: 15, prohibited: 18 } as const

const HEADER = 12
const IN = 1
const OPT = 41
/** What passes nearly every path unfragmented (DNS flag day 2020); without EDNS it is RFC 1035's. */
const MAX_UDP = 1232
const MIN_UDP = 512
const MAX_NAME = 253

export function readQuestion(bytes: Buffer): Read {
  if (bytes.length < HEADER) return { fault: 'format', id: null }
  const id = bytes.readUInt16BE(0)
  const flags = bytes.readUInt16BE(2)
  // An answer is not answered: two resolvers would go on for ever.
  if (flags & 0x8000) return { fault: 'format', id: null }
  if ((flags & 0x7800) !== 0) return { fault: 'not-implemented', id }
  const [questions, answers, authorities, additionals] = [4, 6, 8, 10].map((at) =>
    bytes.readUInt16BE(at),
  )
  if (questions !== 1 || answers !== 0 || authorities !== 0 || (additionals ?? 0) > 1) {
    return { fault: 'format', id }
  }
  const name = readName(bytes, HEADER)
  if (!name || bytes.length < name.end + 4) return { fault: 'format', id }
  const end = name.end + 4
  const type = bytes.readUInt16BE(name.end)
  if (bytes.readUInt16BE(name.end + 2) !== IN) return { fault: 'not-implemented', id }
  const room = additionals === 1 ? readOpt(bytes, end) : end === bytes.length ? MIN_UDP : null
  if (room === null) return { fault: 'format', id }
  return {
    question: {
      id,
      name: name.text,
      type,
      isRecursive: (flags & 0x0100) !== 0,
      room,
      hasEdns: additionals === 1,
      bytes: bytes.subarray(HEADER, end),
    },
  }
}

function readName(bytes: Buffer, start: number): { text: string; end: number } | null {
  const labels: string[] = []
  let at = start
  for (;;) {
    const length = bytes[at]
    // Above 63 it is a pointer, and there is nothing to point to.
    if (length === undefined || length > 63) return null
    at++
    if (length === 0) break
    const label = bytes.toString('latin1', at, at + length)
    if (label.length < length || !/^[!-\-/-~]+$/.test(label)) return null
    labels.push(label.toLowerCase())
    at += length
    if (at - start > MAX_NAME + 1) return null
  }
  return { text: labels.join('.'), end: at }
}

/** @returns the room of the client; null for what is no OPT record at the very end */
function readOpt(bytes: Buffer, at: number): number | null {
  if (bytes.length < at + 11 || bytes[at] !== 0 || bytes.readUInt16BE(at + 1) !== OPT) return null
  if (bytes.length !== at + 11 + bytes.readUInt16BE(at + 9)) return null
  return Math.min(MAX_UDP, Math.max(MIN_UDP, bytes.readUInt16BE(at + 3)))
}

export interface DnsAnswer {
  readonly rcode: number
  readonly addresses: readonly IpAddress[]
  /** Seconds. */
  readonly ttl: number
  readonly extended: { readonly code: number; readonly text: string } | null
}

/** An error under that id, for what could not be read. */
export function encodeFault(fault: 'format' | 'not-implemented', id: number): Buffer {
  const bytes = Buffer.alloc(HEADER)
  bytes.writeUInt16BE(id, 0)
  bytes.writeUInt16BE(0x8080 | (fault === 'format' ? RCODE.format : RCODE.notImplemented), 2)
  return bytes
}

/** @param room bytes that may be sent; what does not fit is left out and said to be (TC) */
export function encodeAnswer(question: DnsQuestion, answer: DnsAnswer, room: number): Buffer {
  const records = answer.addresses.map((address) => toRecord(address, answer.ttl))
  const opt = question.hasEdns ? toOpt(answer.extended) : Buffer.alloc(0)
  const size = (list: readonly Buffer[]) => list.reduce((sum, { length }) => sum + length, 0)
  const fixed = HEADER + question.bytes.length + opt.length
  const isWhole = fixed + size(records) <= room
  const sent = isWhole ? records : []
  const header = Buffer.alloc(HEADER)
  header.writeUInt16BE(question.id, 0)
  // QR, TC, RD as it was asked, RA.
  const flags = 0x8080 | (isWhole ? 0 : 0x0200) | (question.isRecursive ? 0x0100 : 0)
  header.writeUInt16BE(flags | answer.rcode, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(sent.length, 6)
  header.writeUInt16BE(question.hasEdns ? 1 : 0, 10)
  return Buffer.concat([header, question.bytes, ...sent, opt])
}

/** Its owner is the name of the question, which stands behind the header. */
function toRecord({ version, bytes }: IpAddress, ttl: number): Buffer {
  const record = Buffer.alloc(12)
  record.writeUInt16BE(0xc000 | HEADER, 0)
  record.writeUInt16BE(version === 4 ? TYPE.a : TYPE.aaaa, 2)
  record.writeUInt16BE(IN, 4)
  record.writeUInt32BE(ttl, 6)
  record.writeUInt16BE(bytes.length, 10)
  return Buffer.concat([record, bytes])
}

/** Longer texts only make answers that do not fit. */
const MAX_TEXT = 200

function toOpt(extended: DnsAnswer['extended']): Buffer {
  const text = Buffer.from(extended?.text ?? '').subarray(0, MAX_TEXT)
  const option = Buffer.alloc(extended ? 6 : 0)
  if (extended) {
    option.writeUInt16BE(15, 0)
    option.writeUInt16BE(2 + text.length, 2)
    option.writeUInt16BE(extended.code, 4)
  }
  const record = Buffer.alloc(11)
  record.writeUInt16BE(OPT, 1)
  record.writeUInt16BE(MAX_UDP, 3)
  record.writeUInt16BE(option.length + text.length, 9)
  return Buffer.concat([record, option, text])
}
