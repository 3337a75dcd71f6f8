/** Header blocks out of HEADERS and CONTINUATION (RFC 9113 sections 4.3, 6.2 and 6.10), bounded in bytes and in frames. */

import { type ConnectionFault, ERROR, FLAG } from './frames.ts'
import { type HeaderList, HpackDecoder } from './hpack/decoder.ts'

/** Frames of one block: who needs more of them wants to keep us busy (CVE-2024-27316 and its kin). */
const MAX_CONTINUATIONS = 32

export class HeaderBlocks {
  /** A block has begun and not ended. */
  isOpen = false
  /** Of the block that is open, or was the last. */
  stream = 0
  endStream = false
  readonly #decoder: HpackDecoder
  readonly #maxBytes: number
  #pieces: Buffer[] = []
  #size = 0

  /** @param maxBytes of a list, as lines of HTTP/1.1 would have */
  constructor(maxBytes: number) {
    this.#decoder = new HpackDecoder(maxBytes)
    // A list that is too large still has to be decoded, for the sake of the table, but there are limits to that too.
    this.#maxBytes = 4 * maxBytes
  }

  /** @returns the list once it is whole, null while it is not */
  begin(flags: number, stream: number, payload: Buffer): HeaderList | ConnectionFault | null {
    let start = 0
    let end = payload.length
    if (flags & FLAG.padded) {
      end -= payload[0] ?? 0
      start = 1
    }
    // Stream dependency and weight, which nobody heeds any more (section 5.3.2).
    if (flags & FLAG.priority) start += 5
    if (start > end) return { code: ERROR.protocol, detail: 'there is more padding than frame' }
    this.stream = stream
    this.endStream = (flags & FLAG.endStream) !== 0
    this.#pieces = []
    this.#size = 0
    return this.continue(flags, payload.subarray(start, end))
  }

  continue(flags: number, fragment: Buffer): HeaderList | ConnectionFault | null {
    this.#pieces.push(fragment)
    this.#size += fragment.length
    this.isOpen = (flags & FLAG.endHeaders) === 0
    if (this.#pieces.length > MAX_CONTINUATIONS || this.#size > this.#maxBytes) {
      return { code: ERROR.enhanceYourCalm, detail: 'a header block does not end' }
    }
    if (this.isOpen) return null
    const block = this.#pieces.length === 1 ? fragment : Buffer.concat(this.#pieces)
    this.#pieces = []
    return (
      this.#decoder.decode(block) ?? {
        code: ERROR.compression,
        detail: 'a header block cannot be decoded',
      }
    )
  }
}
