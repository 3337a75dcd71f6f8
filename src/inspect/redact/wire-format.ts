/**
 * The wire format of Protocol Buffers, without a schema: which fields there are, and where their values lie. Strict where two readers could
 * differ about what is where; what is left open by the format (fields in any order, numbers longer than they have to be) is left open.
 */

/** Tag types. What else there is, is no message. */
const VARINT = 0
const FIXED64 = 1
export const LENGTH = 2
const GROUP = 3
const GROUP_END = 4
const FIXED32 = 5

const MAX_NUMBER = 0x1fff_ffff
/** Groups in groups. */
const MAX_GROUPS = 32

const NOTHING = Buffer.alloc(0)
/** Never added to. */
const NO_GROUPS: number[] = []

/** Goes over the fields of one message, those of groups in it as if they were its own. */
export class Fields {
  #bytes: Buffer = NOTHING
  #end = 0
  #at = 0
  #groups: number[] = NO_GROUPS
  /** Of the field that was met last. */
  number = 0
  type = 0
  /** Where its length is written; for `LENGTH` only. */
  head = 0
  /** Where its value lies. */
  start = 0
  end = 0

  /** Whether it was no message, once `next` has said that there is nothing more. */
  isBroken = false

  /** Begins with another message. */
  begin(bytes: Buffer, start: number, end: number): this {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
    this.#groups = NO_GROUPS
    this.isBroken = false
    return this
  }

  /** @returns whether there is another field */
  next(): boolean {
    if (this.isBroken) return false
    if (this.#at === this.#end) {
      this.isBroken = this.#groups.length > 0
      return false
    }
    if (this.#readField()) return true
    this.isBroken = true
    return false
  }

  #readField(): boolean {
    const tag = this.#readVarint()
    this.type = tag % 8
    this.number = Math.floor(tag / 8)
    if (this.number < 1 || this.number > MAX_NUMBER) return false
    this.head = this.#at
    switch (this.type) {
      case VARINT:
        return this.#readVarint() >= 0
      case FIXED64:
        return this.#skip(8)
      case FIXED32:
        return this.#skip(4)
      case LENGTH:
        return this.#skip(this.#readVarint())
      case GROUP:
        if (this.#groups === NO_GROUPS) this.#groups = []
        return this.#groups.push(this.number) <= MAX_GROUPS
      case GROUP_END:
        return this.#groups.pop() === this.number
      default:
        return false
    }
  }

  #skip(size: number): boolean {
    this.start = this.#at
    this.end = this.#at + size
    this.#at = this.end
    return size >= 0 && this.end <= this.#end
  }

  /** @returns -1 where there is none; beyond 2^53 not exactly the number, but large */
  #readVarint(): number {
    let value = 0
    let factor = 1
    for (let i = 0; i < 10 && this.#at < this.#end; i++) {
      const byte = this.#bytes[this.#at++] as number
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
      factor *= 128
    }
    return -1
  }
}

const PROBE = new Fields()

export function isMessage(bytes: Buffer, start: number, end: number): boolean {
  PROBE.begin(bytes, start, end)
  while (PROBE.next()) {}
  const { isBroken } = PROBE
  // Nothing of it is kept.
  PROBE.begin(NOTHING, 0, 0)
  return !isBroken
}

export function writeVarint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  return Buffer.from([...bytes, rest])
}
