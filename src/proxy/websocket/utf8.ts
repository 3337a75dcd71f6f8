/** Whether bytes that come in pieces, cut anywhere, are UTF-8 (RFC 3629): said at the first byte that rules it out. */

import { isUtf8 } from 'node:buffer'

export class Utf8Check {
  /** A character that has begun and not ended: its bytes, how many there are, and how many it has. */
  readonly #open = Buffer.alloc(4)
  #has = 0
  #needs = 0

  /** @returns whether all that came may still become UTF-8 */
  push(bytes: Buffer): boolean {
    let from = 0
    for (; this.#has > 0 && from < bytes.length; from++) {
      this.#open[this.#has++] = bytes[from] ?? 0
      if (!this.#mayGoOn()) return false
      if (this.#has === this.#needs) this.#has = 0
    }
    const to = endOfWhole(bytes, from)
    for (let at = to; at < bytes.length; at++) this.#open[this.#has++] = bytes[at] ?? 0
    if (this.#has > 0 && to < bytes.length) {
      this.#needs = lengthBy(this.#open[0] ?? 0)
      if (!this.#mayGoOn()) return false
    }
    return isUtf8(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to))
  }

  /** Nothing more comes. @returns whether the last character is whole. Ready for another text then. */
  end(): boolean {
    const isWhole = this.#has === 0
    this.#has = 0
    return isWhole
  }

  /** The table of RFC 3629 section 4, for a character whose first byte is a possible one. */
  #mayGoOn(): boolean {
    const [first = 0, second = 0] = this.#open
    if (this.#has < 2) return true
    const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
    const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
    if (second < least || second > most) return false
    for (let at = 2; at < this.#has; at++) if (((this.#open[at] ?? 0) & 0xc0) !== 0x80) return false
    return true
  }
}

/** Where a character begins that goes on behind the end; the end when there is none. */
function endOfWhole(bytes: Buffer, from: number): number {
  const { length } = bytes
  for (let at = length - 1; at >= from && at >= length - 3; at--) {
    const byte = bytes[at] ?? 0
    if ((byte & 0xc0) === 0x80) continue
    return lengthBy(byte) > length - at ? at : length
  }
  return length
}

/** Bytes of the character that begins so; one where none does. */
function lengthBy(first: number): number {
  if (first < 0xc2 || first > 0xf4) return 1
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
}
