/**
 * Lists of fields to header blocks (RFC 7541). A field enters the table when it comes for the second time in a row, so that values that are
 * never repeated do not push out those that are; secrets never do (section 7.1.3). Strings go out as they are.
 */

import { detach } from '../../exchange/text.ts'
import type { FrameBuffer } from '../frame-buffer.ts'
import { STATIC_FIELDS, STATIC_NAMES, STATIC_TABLE } from './static-table.ts'

/** At most, whatever the other side allows: what it costs is ours, and the default is what everybody can. */
const MAX_CAPACITY = 4_096
const ENTRY_OVERHEAD = 32
const STATIC_COUNT = STATIC_TABLE.length
/** Names whose last value is remembered. */
const MAX_RECENT = 128

/** Bytes that a field may take besides its characters. */
const FIELD_OVERHEAD = 12

/** Never indexed, whatever the sender said: who can guess a value must not see whether it was right by its length. */
const SECRETS = new Set([
  'api-key',
  'authorization',
  'cookie',
  'proxy-authorization',
  'set-cookie',
  'x-api-key',
  'x-amz-security-token',
  'x-goog-api-key',
])

interface Entry {
  readonly name: string
  readonly value: string
  /** Counted from the first entry ever. */
  readonly ordinal: number
}

export class HpackEncoder {
  /** Oldest first. */
  #entries: Entry[] = []
  #oldest = 0
  /** Entries ever made. */
  #made = 0
  #size = 0
  #capacity = MAX_CAPACITY
  /** The smallest capacity since the last block, to be announced; null for no change (section 4.2). */
  #announce: number | null = null
  /** By name, then value. */
  readonly #stored = new Map<string, Map<string, Entry>>()
  readonly #recent = new Map<string, string>()

  /** SETTINGS_HEADER_TABLE_SIZE of the other side. */
  allow(capacity: number): void {
    const next = Math.min(capacity, MAX_CAPACITY)
    if (next === this.#capacity) return
    this.#announce = Math.min(this.#announce ?? next, next)
    this.#capacity = next
    this.#evict(0)
  }

  /** Bytes that the block of this list has at most. */
  static bound(list: readonly string[]): number {
    let size = 16
    for (const text of list) size += text.length + FIELD_OVERHEAD / 2
    return size
  }

  /** @param list names in lower case and values, in turn, latin-1 */
  encode(list: readonly string[], secret: ReadonlySet<number> | null, out: FrameBuffer): void {
    this.#sayCapacity(out)
    for (let i = 0; i < list.length; i += 2) {
      const name = list[i] ?? ''
      const value = list[i + 1] ?? ''
      const known = STATIC_FIELDS.get(name)?.get(value)
      if (known !== undefined) out.integer(0x80, 7, known)
      else if (SECRETS.has(name) || secret?.has(i)) this.#literal(0x10, 4, name, value, out)
      else this.#encodeField(name, value, out)
    }
  }

  #encodeField(name: string, value: string, out: FrameBuffer): void {
    const entry = this.#stored.get(name)?.get(value)
    if (entry) return out.integer(0x80, 7, this.#indexOf(entry))
    if (this.#recent.get(name) === value) {
      this.#literal(0x40, 6, name, value, out)
      return this.#store(name, value)
    }
    this.#remember(name, value)
    this.#literal(0, 4, name, value, out)
  }

  /** What would not fit into the table is not worth its memory either. */
  #remember(name: string, value: string): void {
    if (name.length + value.length + ENTRY_OVERHEAD > this.#capacity) return
    if (this.#recent.size >= MAX_RECENT) this.#recent.clear()
    this.#recent.set(name, detach(value))
  }

  /** Section 6.2. */
  #literal(first: number, prefix: number, name: string, value: string, out: FrameBuffer): void {
    const index = STATIC_NAMES.get(name)
    if (index === undefined) {
      out.integer(first, prefix, 0)
      out.text(name)
    } else out.integer(first, prefix, index)
    out.text(value)
  }

  #indexOf({ ordinal }: Entry): number {
    return STATIC_COUNT + this.#made - ordinal
  }

  #sayCapacity(out: FrameBuffer): void {
    if (this.#announce === null) return
    if (this.#announce < this.#capacity) out.integer(0x20, 5, this.#announce)
    out.integer(0x20, 5, this.#capacity)
    this.#announce = null
  }

  #store(name: string, value: string): void {
    const size = name.length + value.length + ENTRY_OVERHEAD
    this.#evict(size)
    if (size > this.#capacity) return
    const entry = { name, value, ordinal: this.#made++ }
    this.#entries.push(entry)
    this.#size += size
    const values = this.#stored.get(name)
    if (values) values.set(value, entry)
    else this.#stored.set(name, new Map([[value, entry]]))
  }

  #evict(room: number): void {
    while (this.#size + room > this.#capacity && this.#oldest < this.#entries.length) {
      const entry = this.#entries[this.#oldest++]
      if (!entry) break
      const { name, value } = entry
      this.#size -= name.length + value.length + ENTRY_OVERHEAD
      const values = this.#stored.get(name)
      values?.delete(value)
      if (values?.size === 0) this.#stored.delete(name)
    }
    if (this.#oldest > 128 && this.#oldest * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#oldest)
      this.#oldest = 0
    }
  }
}
