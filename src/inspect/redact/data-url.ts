/** `data:` URLs (RFC 2397) that are all of a string: what is text in them is read as what it says it is. */

import { Base64Reader } from './base64.ts'
import { CodedText } from './coded-text.ts'
import { openPart } from './open-body.ts'
import { PERCENT_CODING } from './percent.ts'
import type { Job, Patch, Place, Reader } from './reader.ts'
import { TextReader } from './text.ts'
import { readWhole } from './whole-text.ts'

const COMMA = 0x2c
const MAX_HEAD = 256
const NOTHING = Buffer.alloc(0)

/** Else it is a text that begins with that word. */
const HEAD =
  /^(?:[\w.+-]+\/[\w.+-]+)?(?:\s*;\s*[\w.-]+=(?:"[^"]*"|[^\s;"]*))*(?:\s*;\s*base64\s*)?$/i
const TEXT = /^(?:text\/|application\/(?:.*[+/])?(?:json|xml|javascript|x-www-form)|;)/i
const BASE64 = /;\s*base64\s*$/i

export class DataUrlReader implements Reader {
  readonly #job: Job
  readonly #place: Place
  readonly #depth: number
  readonly #patch: Patch
  /** As long as the comma has not come. */
  #head: Buffer = NOTHING
  #reader: Reader | null = null
  /** Added to the positions of the reader. */
  #readerBase = 0

  /** @param depth texts that it is in */
  constructor(job: Job, place: Place, depth: number, patch: Patch) {
    this.#job = job
    this.#place = place
    this.#depth = depth
    this.#patch = patch
  }

  get decided(): number {
    return this.#reader ? this.#readerBase + this.#reader.decided : 0
  }

  push(bytes: Buffer): void {
    if (this.#reader) return this.#reader.push(bytes)
    const all = this.#head.length > 0 ? Buffer.concat([this.#head, bytes]) : bytes
    const comma = all.subarray(0, MAX_HEAD).indexOf(COMMA)
    if (comma >= 0) this.#begin(all, comma)
    else if (all.length < MAX_HEAD) this.#head = Buffer.from(all)
    else this.#openText(all)
  }

  settle(): void {
    this.#reader?.settle()
  }

  end(): void {
    if (!this.#reader) this.#openText(this.#head)
    this.#reader?.end()
  }

  #begin(bytes: Buffer, comma: number): void {
    const head = bytes.toString('latin1', 5, comma)
    if (!HEAD.test(head)) return this.#openText(bytes)
    readWhole(this.#job, bytes, 0, comma, this.#place, 0, this.#patch)
    const type = head.replace(BASE64, '') || 'text/plain'
    const start = comma + 1
    this.#readerBase = start
    this.#reader = BASE64.test(head) ? this.#openBase64(type, start) : this.#openCoded(type, start)
    this.#reader.push(bytes.subarray(start))
  }

  #openBase64(type: string, start: number): Reader {
    const patch: Patch = (from, to, by) => this.#patch(start + from, start + to, by)
    const contentType = TEXT.test(type) ? type : null
    return new Base64Reader(this.#job, this.#place, this.#depth + 1, patch, { contentType })
  }

  #openCoded(type: string, start: number): Reader {
    const patch: Patch = (from, to, by) => this.#patch(start + from, start + to, by)
    return new CodedText(PERCENT_CODING, 0, patch, (inner) =>
      openPart(this.#job, type, this.#place, this.#depth + 1, inner),
    )
  }

  #openText(bytes: Buffer): void {
    this.#reader = new TextReader(this.#job, this.#place, this.#patch)
    this.#reader.push(bytes)
  }
}
