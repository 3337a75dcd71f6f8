/** One message of `application/vnd.amazon.eventstream`: lengths, their checksum, headers, payload, and a checksum of it all. */

import { crc32 } from 'node:zlib'

/** Lengths and their checksum; with that of the whole. */
export const PRELUDE = 12
export const OVERHEAD = PRELUDE + 4

export interface Frame {
  readonly headers: Buffer
  readonly payload: Buffer
}

/** @returns null where its lengths cannot be true */
export function frameLength(bytes: Buffer): number | null {
  const total = bytes.readUInt32BE(0)
  const isRight = bytes.readUInt32BE(8) === crc32(bytes.subarray(0, 8))
  return isRight && total >= OVERHEAD + bytes.readUInt32BE(4) ? total : null
}

/** @param bytes all of it. @returns null where it is not what was sent */
export function parseFrame(bytes: Buffer): Frame | null {
  const end = bytes.length - 4
  if (bytes.readUInt32BE(end) !== crc32(bytes.subarray(0, end))) return null
  const split = PRELUDE + bytes.readUInt32BE(4)
  return { headers: bytes.subarray(PRELUDE, split), payload: bytes.subarray(split, end) }
}

export function writeFrame({ headers, payload }: Frame): Buffer {
  const bytes = Buffer.alloc(OVERHEAD + headers.length + payload.length)
  bytes.writeUInt32BE(bytes.length, 0)
  bytes.writeUInt32BE(headers.length, 4)
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8)
  headers.copy(bytes, PRELUDE)
  payload.copy(bytes, PRELUDE + headers.length)
  bytes.writeUInt32BE(crc32(bytes.subarray(0, -4)), bytes.length - 4)
  return bytes
}

/** Bytes of a value, by its type; those of type 6 and 7 say how many. */
const SIZES = [0, 0, 1, 2, 4, 8, null, null, 8, 16]

/** @returns the text of a header; empty where there is none */
export function headerOf(headers: Buffer, name: string): string {
  for (let at = 0; at < headers.length; ) {
    const nameEnd = at + 1 + (headers[at] as number)
    const size = SIZES[headers[nameEnd] ?? 99]
    if (size === undefined) return ''
    const start = nameEnd + (size === null ? 3 : 1)
    if (start > headers.length) return ''
    const end = start + (size ?? headers.readUInt16BE(nameEnd + 1))
    if (headers.toString('latin1', at + 1, nameEnd) === name) {
      return headers.toString('utf8', start, end)
    }
    at = end
  }
  return ''
}
