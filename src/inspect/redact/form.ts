/** Forms (`application/x-www-form-urlencoded`, WHATWG URL section 5): what the values say, each under its name. */

import { CodedText } from './coded-text.ts'
import { type KnownKeys, knownKeysOf } from './known-keys.ts'
import { openText, readText } from './open-text.ts'
import { FORM_CODING } from './percent.ts'
import { namedPlace } from './place.ts'
import type { Job, Patch, Place, Reader } from './reader.ts'

const AMPERSAND = 0x26
const EQUALS = 0x3d
const PERCENT = 0x25
const PLUS = 0x2b
/** A longer name is read as a value. */
const MAX_NAME = 4096
const NOTHING = Buffer.alloc(0)

export class FormReader implements Reader {
  readonly #job: Job
  readonly #place: Place
  readonly #patch: Patch
  readonly #known: KnownKeys
  readonly #keyPlace: Place
  /** A name so far, where it began in an earlier piece. */
  #name: Buffer = NOTHING
  /** Where the next value stands; null for a name. */
  #under: Place | null = null
  /** A value that began in an earlier piece. */
  #value: CodedText | null = null
  /** Position of the first byte of what is read, and behind what was read. */
  #base = 0
  #at = 0
  /** Whether all of what was looked through last stands for itself. */
  #isPlain = true

  constructor(job: Job, place: Place, patch: Patch) {
    this.#job = job
    this.#place = place
    this.#patch = patch
    this.#known = knownKeysOf(job.scan)
    this.#keyPlace = namedPlace(job, place, '', 'key')
  }

  get decided(): number {
    return this.#value?.decided ?? this.#at - this.#name.length
  }

  push(bytes: Buffer): void {
    this.#base = this.#at
    for (let at = 0; at < bytes.length; ) {
      at = this.#under ? this.#readValue(this.#under, bytes, at) : this.#readName(bytes, at)
    }
    this.#at = this.#base + bytes.length
  }

  settle(): void {
    this.#value?.settle()
  }

  end(): void {
    this.#value?.end()
    if (!this.#under) this.#endName(this.#name, 0, this.#name.length, this.#at - this.#name.length)
    this.#name = NOTHING
    this.#under = this.#value = null
  }

  #readValue(place: Place, bytes: Buffer, start: number): number {
    const end = this.#endFrom(bytes, start, AMPERSAND)
    if (end === bytes.length) {
      this.#value ??= this.#open(this.#base + start, place)
      this.#value.push(bytes.subarray(start))
      return end
    }
    if (this.#value) {
      this.#value.push(bytes.subarray(start, end))
      this.#value.end()
    } else this.#look(bytes, start, end, place, this.#base, this.#patch)
    this.#value = this.#under = null
    return end + 1
  }

  #readName(bytes: Buffer, start: number): number {
    const before = this.#name.length
    const limit = Math.min(bytes.length, start + MAX_NAME - before)
    const end = this.#endFrom(bytes, start, EQUALS, limit)
    const isWhole = before === 0 && end < limit
    if (!isWhole) this.#name = Buffer.concat([this.#name, bytes.subarray(start, end)])
    if (end === bytes.length) return end
    if (end === limit && bytes[end] !== AMPERSAND && bytes[end] !== EQUALS) {
      this.#under = this.#place
      this.#value = this.#open(this.#base + end - this.#name.length, this.#place)
      this.#value.push(this.#name)
      this.#name = NOTHING
      return end
    }
    const under = isWhole
      ? this.#endName(bytes, start, end, this.#base)
      : this.#endName(this.#name, 0, this.#name.length, this.#base + end - this.#name.length)
    this.#name = NOTHING
    if (bytes[end] === EQUALS) this.#under = under
    return end + 1
  }

  /** @returns where the next `&` is, or the other byte; `limit` when neither has come */
  #endFrom(bytes: Buffer, start: number, other: number, limit = bytes.length): number {
    this.#isPlain = true
    let at = start
    for (; at < limit; at++) {
      const byte = bytes[at]
      if (byte === AMPERSAND || byte === other) break
      if (byte === PERCENT || byte === PLUS) this.#isPlain = false
    }
    return at
  }

  /** Looks at a name. @returns the place that it names: nobody's where the name is data */
  #endName(bytes: Buffer, start: number, end: number, base: number): Place {
    this.#endFrom(bytes, start, EQUALS, end)
    const isPlain = this.#isPlain
    const known = isPlain ? this.#known.get(bytes, start, end) : null
    if (known) return namedPlace(this.#job, this.#place, known.text, 'text', known.context)
    let isData = false
    const isFound = this.#look(bytes, start, end, this.#keyPlace, base, (from, to, by) => {
      isData = true
      this.#patch(from, to, by)
    })
    const raw = isData ? '' : bytes.toString('utf8', start, end)
    const name = isPlain ? raw : toName(raw)
    const place = namedPlace(this.#job, this.#place, name)
    if (isPlain && !isFound) this.#known.add(bytes, start, end, name, place.context)
    return place
  }

  #look(
    bytes: Buffer,
    start: number,
    end: number,
    place: Place,
    base: number,
    patch: Patch,
  ): boolean {
    const isPlain = this.#isPlain
    return readText(this.#job, bytes, start, end, place, 1, base, patch, FORM_CODING, isPlain)
  }

  #open(outer: number, place: Place): CodedText {
    return new CodedText(FORM_CODING, outer, this.#patch, (inner) =>
      openText(this.#job, place, 1, inner),
    )
  }
}

function toName(raw: string): string {
  const text = raw.replaceAll('+', ' ')
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
