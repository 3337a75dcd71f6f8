/** The frame of gzip (RFC 1952) around deflated data: its header, and the eight bytes that follow. */

/** Bytes of the longest header that is read: a name and a comment have no bound of their own. */
const MAX_HEADER = 4_096

/** Section 2.3.1. */
const FLAG = { crc: 0x02, extra: 0x04, name: 0x08, comment: 0x10, reserved: 0xe0 } as const

export const GZIP_TRAILER = 8
/** Of a header without names, comments and extra fields. */
export const GZIP_HEADER = 10

/** @returns where the data begins; null when the header is malformed, or not all there */
export function endOfGzipHeader(bytes: Buffer): number | null {
  const flags = bytes[3] ?? 0
  const isGzip =
    bytes.length >= GZIP_HEADER && bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8
  if (!isGzip || (flags & FLAG.reserved) !== 0) return null
  let at = GZIP_HEADER
  if (flags & FLAG.extra) {
    if (bytes.length < at + 2) return null
    at += 2 + bytes.readUInt16LE(at)
  }
  for (const flag of [FLAG.name, FLAG.comment]) {
    if ((flags & flag) === 0) continue
    const end = bytes.subarray(0, MAX_HEADER).indexOf(0, at)
    if (end < 0) return null
    at = end + 1
  }
  // What few readers check nobody may have to.
  if (flags & FLAG.crc) return null
  return at <= Math.min(bytes.length, MAX_HEADER) ? at : null
}
