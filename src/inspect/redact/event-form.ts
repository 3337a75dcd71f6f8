/**
 * The form of an event: its bytes but for some values. An event of the same form says the same but for those values, so nothing else of it
 * has to be read or looked at again. Nearly all events of a stream are the one before with another word in it.
 */

import type { EventShape } from './event-queue.ts'
import { isScalar, scalarEnd } from './json-scalar.ts'
import type { Place } from './reader.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
/** Beyond that bytes are not compared one by one. */
const FEW = 16

/** A value that may be another one. */
export interface Slot {
  /** In the bytes of the form; of a string what is between its quotes. */
  readonly start: number
  readonly end: number
  readonly place: Place
  /** Of which it is a piece; null for what is left as it is, undefined for what is looked at for itself. */
  readonly text: string | null | undefined
}

export class EventForm {
  readonly #data: Buffer
  readonly #name: string
  readonly slots: readonly Slot[]
  readonly shape: EventShape | null
  /** Of the event that fitted last, where its values are. */
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly escaped: Uint8Array

  constructor(data: Buffer, name: string, slots: readonly Slot[], shape: EventShape | null) {
    this.#data = data
    this.#name = name
    this.slots = slots
    this.shape = shape
    this.starts = new Int32Array(slots.length)
    this.ends = new Int32Array(slots.length)
    this.escaped = new Uint8Array(slots.length)
  }

  /** Whether an event is of this form. It is JSON then. */
  fits(data: Buffer, name: string): boolean {
    if (name !== this.#name) return false
    let own = 0
    let at = 0
    for (let i = 0; i < this.slots.length; i++) {
      const slot = this.slots[i] as Slot
      const start = at + slot.start - own
      if (!this.#isSame(data, at, own, slot.start)) return false
      const end =
        slot.place.kind === 'number' ? numberEnd(data, start) : this.#stringEnd(data, start, i)
      if (end < 0) return false
      this.starts[i] = start
      this.ends[i] = end
      own = slot.end
      at = end
    }
    const left = this.#data.length - own
    return data.length - at === left && this.#isSame(data, at, own, this.#data.length)
  }

  #isSame(data: Buffer, at: number, start: number, end: number): boolean {
    const size = end - start
    if (at + size > data.length) return false
    if (size > FEW) return data.compare(this.#data, start, end, at, at + size) === 0
    for (let i = 0; i < size; i++) if (data[at + i] !== this.#data[start + i]) return false
    return true
  }

  /** @returns where the quote is; -1 where it is no string of JSON */
  #stringEnd(data: Buffer, start: number, slot: number): number {
    this.escaped[slot] = 0
    for (let at = start; at < data.length; at++) {
      const byte = data[at] as number
      if (byte === QUOTE) return at
      if (byte < 0x20) return -1
      if (byte !== BACKSLASH) continue
      this.escaped[slot] = 1
      at++
      if (ESCAPED[data[at] as number] !== 1) return -1
      if (data[at] !== 0x75) continue
      for (let i = 1; i <= 4; i++) if (HEX[data[at + i] as number] !== 1) return -1
    }
    return -1
  }
}

function numberEnd(data: Buffer, start: number): number {
  const first = data[start] as number
  if (first !== 0x2d && (first < 0x30 || first > 0x39)) return -1
  const end = scalarEnd(data, start)
  return isScalar(data, start, end) ? end : -1
}

const ESCAPED = table('"\\/bfnrtu')
const HEX = table('0123456789abcdefABCDEF')

function table(letters: string): Uint8Array {
  const out = new Uint8Array(256)
  for (const byte of Buffer.from(letters)) out[byte] = 1
  return out
}
