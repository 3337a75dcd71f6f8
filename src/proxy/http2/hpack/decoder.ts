/**
 * Header blocks to lists of fields (RFC 7541). One decoder for a connection's life: its table is what both sides remember, so a block
 * that cannot be decoded ends the connection. A list that is too large is decoded to its end all the same, and not kept.
 */

import { decodeHuffman } from './huffman.ts'
import { STATIC_TABLE } from './static-table.ts'

/** What one block said. */
export interface HeaderList {
  /** Names and values in turn, latin-1. */
  readonly list: readonly string[]
  /** Indices in `list` of names whose value may never enter a table (section 6.2.3); null for none. */
  readonly secret: ReadonlySet<number> | null
  /** There was more than the limit; the list is cut. */
  readonly isTooLarge: boolean
}

/** What our SETTINGS_HEADER_TABLE_SIZE says: the default (RFC 9113 section 6.5.2). */
const TABLE_SIZE = 4_096
/** What an entry counts besides its characters (section 4.1). */
const ENTRY_OVERHEAD = 32
const STATIC_COUNT = STATIC_TABLE.length

export class HpackDecoder {
  readonly #maxBytes: number
  /** The dynamic table as names and values in turn, oldest first. */
  #entries: string[] = []
  /** Where in `#entries` the oldest is: those before it were evicted. */
  #oldest = 0
  #size = 0
  #capacity = TABLE_SIZE
  #bytes: Buffer = NOTHING
  #at = 0
  #end = 0
  #isBroken = false

  /** @param maxBytes of names and values in one list, four more for each field, as lines of HTTP/1.1 would have. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** @returns null when the block is broken: nothing after it can be understood. */
  decode(block: Buffer): HeaderList | null {
    this.#bytes = block
    this.#at = 0
    this.#end = block.length
    const list: string[] = []
    let secret: Set<number> | null = null
    let size = 0
    let mayResize = true
    while (this.#at < this.#end) {
      const first = block[this.#at] ?? 0
      if ((first & 0xe0) === 0x20) {
        if (!mayResize || !this.#resize()) return this.#fail()
        continue
      }
      mayResize = false
      const isIndexed = (first & 0x80) !== 0
      const isStored = (first & 0xc0) === 0x40
      const index = this.#integer(isIndexed ? 7 : isStored ? 6 : 4)
      const name = index === 0 && !isIndexed ? this.#string() : this.#nameAt(index)
      const value = isIndexed ? this.#valueAt(index) : this.#string()
      if (this.#isBroken) return this.#fail()
      if (isStored) this.#store(name, value)
      size += name.length + value.length + 4
      if (size > this.#maxBytes) continue
      if ((first & 0xf0) === 0x10) {
        secret ??= new Set()
        secret.add(list.length)
      }
      list.push(name, value)
    }
    this.#bytes = NOTHING
    return { list, secret, isTooLarge: size > this.#maxBytes }
  }

  #fail(): null {
    this.#bytes = NOTHING
    return null
  }

  /** Section 5.1, up to 2^28: nothing here is larger. */
  #integer(prefix: number): number {
    const mask = 2 ** prefix - 1
    let value = (this.#bytes[this.#at++] ?? 0) & mask
    if (value < mask) return value
    for (let shift = 0; shift <= 21; shift += 7) {
      if (this.#at >= this.#end) break
      const byte = this.#bytes[this.#at++] ?? 0
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    this.#isBroken = true
    return 0
  }

  /** Section 5.2. */
  #string(): string {
    const isHuffman = ((this.#bytes[this.#at] ?? 0) & 0x80) !== 0
    if (this.#at >= this.#end) this.#isBroken = true
    const length = this.#integer(7)
    const start = this.#at
    this.#at += length
    if (this.#isBroken || this.#at > this.#end) {
      this.#isBroken = true
      return ''
    }
    if (!isHuffman) return this.#bytes.toString('latin1', start, this.#at)
    const text = decodeHuffman(this.#bytes, start, this.#at)
    if (text === null) this.#isBroken = true
    return text ?? ''
  }

  #nameAt(index: number): string {
    return index <= STATIC_COUNT ? this.#static(index, 0) : this.#dynamic(index, 0)
  }

  #valueAt(index: number): string {
    return index <= STATIC_COUNT ? this.#static(index, 1) : this.#dynamic(index, 1)
  }

  #static(index: number, part: 0 | 1): string {
    const text = STATIC_TABLE[index - 1]?.[part]
    if (text === undefined) this.#isBroken = true
    return text ?? ''
  }

  /** The newest entry has the lowest number (section 2.3.3). */
  #dynamic(index: number, part: 0 | 1): string {
    const at = this.#entries.length - 2 * (index - STATIC_COUNT)
    if (at < this.#oldest) {
      this.#isBroken = true
      return ''
    }
    return this.#entries[at + part] ?? ''
  }

  /** Section 6.3: the sender's choice, up to what we allow. */
  #resize(): boolean {
    const capacity = this.#integer(5)
    if (this.#isBroken || capacity > TABLE_SIZE) return false
    this.#capacity = capacity
    this.#evict(0)
    return true
  }

  #store(name: string, value: string): void {
    const size = name.length + value.length + ENTRY_OVERHEAD
    this.#evict(size)
    // An entry larger than the table empties it, and is no error (section 4.4).
    if (size > this.#capacity) return
    this.#entries.push(name, value)
    this.#size += size
  }

  #evict(room: number): void {
    const { length } = this.#entries
    while (this.#size + room > this.#capacity && this.#oldest < length) {
      const name = this.#entries[this.#oldest] ?? ''
      const value = this.#entries[this.#oldest + 1] ?? ''
      this.#size -= name.length + value.length + ENTRY_OVERHEAD
      this.#oldest += 2
    }
    // What was evicted is cut off once it is most of the list.
    if (this.#oldest > 256 && this.#oldest * 2 > length) {
      this.#entries = this.#entries.slice(this.#oldest)
      this.#oldest = 0
    }
  }
}

const NOTHING = Buffer.alloc(0)
