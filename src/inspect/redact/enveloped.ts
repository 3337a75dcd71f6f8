/**
 * Messages with a byte of flags and their length before each: gRPC over HTTP/2, gRPC-Web, and streams of Connect. Each is looked at when
 * it is whole, also a compressed one, and goes on at once; trailers stay as they are.
 */

import { Backlog } from './backlog.ts'
import type { UnscannableReason } from './findings.ts'
import { codingOf } from './message-coding.ts'
import { readText } from './open-text.ts'
import { Patches } from './patches.ts'
import { redactProtobuf } from './protobuf.ts'
import type { Job, Patch, Place, Reader } from './reader.ts'

const HEAD = 5
const COMPRESSED = 0x01

export type Payload = 'protobuf' | 'json'

export interface Envelope {
  readonly payload: Payload
  /** The flag of what ends a stream: trailers, or a text of JSON; null where the body has no such thing. */
  readonly ending: { readonly flag: number; readonly payload: 'trailers' | 'json' } | null
}

/** @param type in lower case, without parameters. @returns null for another one */
export function envelopeOf(type: string): Envelope | null {
  const [, protocol, form = '+proto'] =
    /^application\/(grpc|grpc-web|connect)(\+proto|\+json)?$/.exec(type) ?? []
  const payload = form === '+json' ? 'json' : 'protobuf'
  switch (protocol) {
    case 'grpc':
      return { payload, ending: null }
    case 'grpc-web':
      return { payload, ending: { flag: 0x80, payload: 'trailers' } }
    case 'connect':
      return { payload, ending: { flag: 0x02, payload: 'json' } }
    default:
      return null
  }
}

export class EnvelopedReader implements Reader {
  readonly #job: Job
  readonly #place: Place
  readonly #patch: Patch
  readonly #envelope: Envelope
  readonly #backlog = new Backlog()
  /** Of a message that is not looked at: bytes still to come. */
  #skipped = 0
  #isBroken = false
  /** Position of the first byte of the backlog. */
  decided = 0

  constructor(job: Job, place: Place, patch: Patch, envelope: Envelope) {
    this.#job = job
    this.#place = place
    this.#patch = patch
    this.#envelope = envelope
  }

  push(bytes: Buffer): void {
    this.#backlog.add(bytes)
    while (this.#read()) {}
  }

  settle(): void {}

  end(): void {
    const { length } = this.#backlog.bytes
    if (length > 0) this.#unread('malformed')
    this.#drop(length)
  }

  /** @returns whether there may be more to read */
  #read(): boolean {
    const { bytes } = this.#backlog
    if (this.#isBroken || this.#skipped > 0) {
      const size = this.#isBroken ? bytes.length : Math.min(bytes.length, this.#skipped)
      if (!this.#isBroken) this.#skipped -= size
      this.#drop(size)
      return size > 0
    }
    if (bytes.length < HEAD) return false
    const flags = bytes.readUInt8(0)
    const length = bytes.readUInt32BE(1)
    if ((flags & ~(COMPRESSED | (this.#envelope.ending?.flag ?? 0))) !== 0) {
      this.#isBroken = true
      this.#unread('malformed')
      return true
    }
    if (length > this.#job.limits.event) {
      this.#unread('size')
      this.#skipped = HEAD + length
      return true
    }
    if (bytes.length < HEAD + length) return false
    // The backlog is written over by what follows; pieces of the message are not.
    const message = Buffer.from(bytes.subarray(HEAD, HEAD + length))
    const now = this.#redact(flags, message)
    if (now) this.#patch(this.decided, this.decided + HEAD + length, toEnvelope(flags, now))
    this.#drop(HEAD + length)
    return true
  }

  /** @returns null where it stays as it is */
  #redact(flags: number, message: Buffer): Buffer | null {
    const payload = this.#payloadOf(flags)
    if (payload === 'trailers' || message.length === 0) return null
    if ((flags & COMPRESSED) === 0) return this.#redactPlain(message, payload)
    const coding = codingOf(message)
    const plain = coding?.decode(message, this.#job.limits.event) ?? null
    if (!coding || plain === null) {
      this.#unread(coding ? 'malformed' : 'binary')
      return null
    }
    const now = this.#redactPlain(plain, payload)
    return now && coding.encode(now)
  }

  #payloadOf(flags: number): Payload | 'trailers' {
    const { payload, ending } = this.#envelope
    return ending && (flags & ending.flag) !== 0 ? ending.payload : payload
  }

  #redactPlain(message: Buffer, payload: Payload): Buffer | null {
    if (payload === 'protobuf') return redactProtobuf(this.#job, message, this.#place)
    const patches = new Patches()
    readText(this.#job, message, 0, message.length, this.#place, 0, 0, patches.add, null)
    return patches.isEmpty ? null : patches.apply(message)
  }

  #unread(reason: UnscannableReason): void {
    this.#job.findings.addUnscannable(reason, this.#place.path)
  }

  #drop(size: number): void {
    this.#backlog.drop(size)
    this.decided += size
  }
}

function toEnvelope(flags: number, message: Buffer): Buffer {
  const bytes = Buffer.alloc(HEAD + message.length)
  bytes.writeUInt8(flags, 0)
  bytes.writeUInt32BE(message.length, 1)
  message.copy(bytes, HEAD)
  return bytes
}
