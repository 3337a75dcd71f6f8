/** Compression of single messages, as gRPC has it: how one was done is seen in how it begins. */

import { deflateSync, gunzipSync, gzipSync, inflateSync, type Zlib } from 'node:zlib'

export interface MessageCoding {
  /** @returns null where it is not what it should be, or becomes larger than `limit` */
  decode(bytes: Buffer, limit: number): Buffer | null
  encode(bytes: Buffer): Buffer
}

/** @returns null for one that is not known */
export function codingOf(bytes: Buffer): MessageCoding | null {
  if (bytes.length < 2) return null
  const first = bytes.readUInt16BE(0)
  if (first === 0x1f8b) return GZIP
  // RFC 1950 section 2.2: what gRPC calls `deflate` is this.
  return (first & 0x0f00) === 0x0800 && first % 31 === 0 ? ZLIB : null
}

type Inflate = typeof gunzipSync

const GZIP: MessageCoding = {
  decode: (bytes, limit) => decode(gunzipSync, bytes, limit),
  encode: (bytes) => gzipSync(bytes, { level: 1 }),
}
const ZLIB: MessageCoding = {
  decode: (bytes, limit) => decode(inflateSync, bytes, limit),
  encode: (bytes) => deflateSync(bytes, { level: 1 }),
}

function decode(inflate: Inflate, bytes: Buffer, limit: number): Buffer | null {
  try {
    // With `info` it says how much of it was read; the types do not know that.
    const told = inflate(bytes, { maxOutputLength: limit, info: true }) as unknown as Told
    return told.engine.bytesWritten === bytes.length ? told.buffer : null
  } catch {
    return null
  }
}

interface Told {
  readonly buffer: Buffer
  readonly engine: Pick<Zlib, 'bytesWritten'>
}
