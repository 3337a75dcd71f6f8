/** Forms (`application/x-www-form-urlencoded`, WHATWG URL section 5): what the values say, each under its name. */

import { CodedText } from './coded-text.ts'
import { openText } from './open-text.ts'
import { FORM_CODING } from './percent.ts'
import { namedPlace } from './place.ts'
import type { Job, Patch, Place, Reader } from './reader.ts'

const AMPERSAND = 0x26
const EQUALS = 0x3d
/** A longer name is read as a value. */
const MAX_NAME = 4096
const NOTHING = Buffer.alloc(0)

export class FormReader implements Reader {
  readonly #job: Job
  readonly #place: Place
  readonly #patch: Patch
  /** A name so far. */
  #name: Buffer = NOTHING
  #value: CodedText | null = null
  /** Position behind what was read. */
  #at = 0

  constructor(job: Job, place: Place, patch: Patch) {
    this.#job = job
    this.#place = place
    this.#patch = patch
  }

  get decided(): number {
    return this.#value?.decided ?? this.#at - this.#name.length
  }

  push(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      at = this.#value ? this.#readValue(this.#value, bytes, at) : this.#readName(bytes, at)
    }
  }

  settle(): void {
    this.#value?.settle()
  }

  end(): void {
    if (this.#value) this.#value.end()
    else this.#endName()
    this.#value = null
  }

  #readValue(value: CodedText, bytes: Buffer, start: number): number {
    const end = bytes.indexOf(AMPERSAND, start)
    const stop = end < 0 ? bytes.length : end
    value.push(bytes.subarray(start, stop))
    this.#at += stop - start
    if (end < 0) return stop
    value.end()
    this.#value = null
    this.#at++
    return end + 1
  }

  #readName(bytes: Buffer, start: number): number {
    let end = start
    while (end < bytes.length && bytes[end] !== AMPERSAND && bytes[end] !== EQUALS) {
      if (this.#name.length + end - start >= MAX_NAME) break
      end++
    }
    this.#name = Buffer.concat([this.#name, bytes.subarray(start, end)])
    this.#at += end - start
    if (end === bytes.length) return end
    if (bytes[end] !== AMPERSAND && bytes[end] !== EQUALS) {
      this.#value = this.#open(this.#at - this.#name.length, this.#place)
      this.#value.push(this.#name)
      this.#name = NOTHING
      return end
    }
    const name = this.#endName()
    this.#at++
    if (bytes[end] === EQUALS) {
      this.#value = this.#open(this.#at, namedPlace(this.#job, this.#place, name))
    }
    return end + 1
  }

  /** @returns what it says; nothing where that is data */
  #endName(): string {
    const raw = this.#name
    this.#name = NOTHING
    if (raw.length === 0) return ''
    let isFound = false
    const patch: Patch = (start, end, by) => {
      isFound = true
      this.#patch(start, end, by)
    }
    const start = this.#at - raw.length
    const reader = this.#open(start, namedPlace(this.#job, this.#place, '', 'key'), patch)
    reader.push(raw)
    reader.end()
    if (isFound) return ''
    const text = raw.toString('utf8').replaceAll('+', ' ')
    try {
      return decodeURIComponent(text)
    } catch {
      return text
    }
  }

  #open(outer: number, place: Place, patch = this.#patch): CodedText {
    return new CodedText(FORM_CODING, outer, patch, (inner) => openText(this.#job, place, 1, inner))
  }
}
