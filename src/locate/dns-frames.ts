/** DNS messages on a stream, each behind its length in two bytes (RFC 7766 section 8): over TCP and TLS. */

import { Fault, MAX_STREAM } from './dns-message.ts'

/** Puts its length before a message. */
export function frame(message: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  return Buffer.concat([length, message])
}

/** Takes what a stream brings, gives the messages that are complete. Throws a Fault when one would be too large. */
export function createUnframer(): (chunk: Buffer) => Generator<Buffer> {
  const received = Buffer.alloc(2 + MAX_STREAM)
  let filled = 0
  return function* unframe(chunk) {
    for (let offset = 0; offset < chunk.length; ) {
      const copied = chunk.copy(received, filled, offset)
      offset += copied
      filled += copied
      while (filled >= 2) {
        const end = 2 + received.readUInt16BE(0)
        if (end > received.length) throw new Fault('sent too large an answer')
        if (filled < end) break
        const message = Buffer.from(received.subarray(2, end))
        received.copyWithin(0, end, filled)
        filled -= end
        yield message
      }
    }
  }
}
