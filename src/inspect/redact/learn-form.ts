/**
 * What of an event makes its form: all that was read off it to know its shape, and the keys. Other values may change, but for those that may
 * be what nobody reads, of which more counts than where they stand.
 */

import { EventForm, type Slot } from './event-form.ts'
import { type EventShape, isLeft, type ReadShape } from './event-queue.ts'
import { JsonPath } from './json-path.ts'
import { scalarEnd } from './json-scalar.ts'
import { mayBeOpaque } from './llm/opaque.ts'
import type { Job, Kind, Place } from './reader.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const MAX_DEPTH = 32
const MAX_SLOTS = 64

/**
 * @param data JSON in which nothing is to be replaced outside of pieces
 * @param json the same  @param shape what was read off it
 * @returns null where it is too large a form
 */
export function learnForm(
  job: Job,
  place: Place,
  data: Buffer,
  name: string,
  json: unknown,
  shape: EventShape | null,
  readShape: ReadShape,
): EventForm | null {
  const read = new Set<string>()
  readShape(watch(json, '', read), name)
  const slots: Slot[] = []
  const path = new JsonPath(job, place)
  const leaves = new Leaves(data, path, (start, end, kind) => {
    const exact = path.toExact()
    const text = kind === 'text' && shape ? textAt(job, shape, exact) : undefined
    if (text === undefined && (read.has(exact) || mayBeOpaque(path.key))) return
    const now = { path: path.toString(), key: path.key, kind, context: path.context }
    slots.push({ start, end, place: now, text })
  })
  if (!leaves.read() || slots.length > MAX_SLOTS) return null
  return new EventForm(Buffer.from(data), name, slots, shape)
}

/** As in a slot. */
function textAt(job: Job, shape: EventShape, path: string): string | null | undefined {
  return isLeft(job, shape, path) ? null : shape.pieces.get(path)
}

/** The same value; notes the paths of those members that are read off it and are no lists or objects. */
function watch(value: unknown, path: string, read: Set<string>): unknown {
  if (typeof value !== 'object' || value === null) return value
  return new Proxy(value, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key)
      if (typeof key === 'symbol') return member
      const inner = path === '' ? key : `${path}.${key}`
      if (typeof member === 'object' && member !== null) return watch(member, inner, read)
      read.add(inner)
      return member
    },
  })
}

/** The strings and numbers of JSON that is known to be some, with their paths. */
class Leaves {
  readonly #bytes: Buffer
  readonly #path: JsonPath
  readonly #found: (start: number, end: number, kind: Kind) => void
  #at = 0

  constructor(
    bytes: Buffer,
    path: JsonPath,
    found: (start: number, end: number, kind: Kind) => void,
  ) {
    this.#bytes = bytes
    this.#path = path
    this.#found = found
  }

  /** @returns false where it is nested too deep */
  read(): boolean {
    const byte = this.#skip()
    if (byte === QUOTE) {
      const start = this.#at + 1
      this.#found(start, this.#skipString(), 'text')
      return true
    }
    if (byte === 0x7b || byte === 0x5b) return this.#readMembers(byte === 0x7b)
    const start = this.#at
    this.#at = scalarEnd(this.#bytes, start)
    if (byte <= 0x39) this.#found(start, this.#at, 'number')
    return true
  }

  #readMembers(isObject: boolean): boolean {
    if (this.#path.depth === MAX_DEPTH) return false
    this.#path.enter(isObject)
    this.#at++
    for (let byte = this.#skip(); byte !== 0x7d && byte !== 0x5d; byte = this.#skip()) {
      if (byte === 0x2c) {
        this.#path.next()
        this.#at++
        continue
      }
      if (isObject) this.#readKey()
      if (!this.read()) return false
    }
    this.#at++
    this.#path.leave()
    return true
  }

  #readKey(): void {
    const start = this.#at
    this.#skipString()
    this.#path.setKey(JSON.parse(this.#bytes.toString('utf8', start, this.#at)))
    // The colon.
    this.#skip()
    this.#at++
  }

  /** @returns where its quote is */
  #skipString(): number {
    for (this.#at++; this.#bytes[this.#at] !== QUOTE; this.#at++) {
      if (this.#bytes[this.#at] === BACKSLASH) this.#at++
    }
    return this.#at++
  }

  /** @returns the byte behind the blanks */
  #skip(): number {
    while ((this.#bytes[this.#at] as number) <= 0x20) this.#at++
    return this.#bytes[this.#at] as number
  }
}
