/**
 * `data:` URLs (RFC 2397) that are all of a string: what is text in them is read as what it says it is. Pictures, sound and other files
 * are not looked at.
 */

import { CodedText } from './coded-text.ts'
import { openPart } from './open-body.ts'
import { PERCENT_CODING } from './percent.ts'
import type { Job, Patch, Place, Reader } from './reader.ts'
import { Rewriting } from './rewriting.ts'
import { TextReader } from './text.ts'

const COMMA = 0x2c
const MAX_HEAD = 256
/** Base64 of text is decoded as a whole. */
const MAX_SIZE = 4 * 1024 * 1024
const NOTHING = Buffer.alloc(0)

export class DataUrlReader implements Reader {
  readonly #job: Job
  readonly #place: Place
  readonly #depth: number
  readonly #patch: Patch
  #pieces: Buffer[] = []
  #size = 0
  /** Where what it says begins, in Base64; -1 as long as that is not known. */
  #start = -1
  #type = ''
  #reader: Reader | null = null
  /** Added to the positions of the reader. */
  #readerBase = 0

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
    this.#pieces.push(Buffer.from(bytes))
    this.#size += bytes.length
    if (this.#start < 0) this.#readHead()
    if (!this.#reader && this.#size > MAX_SIZE) this.#openText()
  }

  settle(): void {
    this.#reader?.settle()
  }

  end(): void {
    if (!this.#reader && this.#start < 0) this.#openText()
    if (this.#reader) this.#reader.end()
    else this.#endBase64(this.#take())
  }

  #readHead(): void {
    const bytes = this.#take()
    const comma = bytes.subarray(0, MAX_HEAD).indexOf(COMMA)
    if (comma < 0) {
      this.#pieces = [bytes]
      if (bytes.length >= MAX_HEAD) this.#openText()
      return
    }
    const head = bytes.toString('latin1', 5, comma)
    this.#type = head.replace(/;\s*base64\s*$/i, '') || 'text/plain'
    const isText = /^(?:text\/|application\/(?:.*[+/])?(?:json|xml|javascript|x-www-form)|;)/i
    const isBase64 = /;\s*base64\s*$/i.test(head)
    this.#pieces = [bytes]
    this.#start = comma + 1
    if (isBase64 && isText.test(this.#type)) return
    if (isBase64) {
      this.#openText()
      return
    }
    this.#open(comma + 1, (base) => {
      const open = (patch: Patch) =>
        openPart(this.#job, this.#type, this.#place, this.#depth + 1, patch)
      return new CodedText(PERCENT_CODING, base, this.#patch, open)
    })
    this.#readerBase = 0
  }

  /** @param start of what it reads */
  #open(start: number, open: (base: number) => Reader): void {
    const bytes = this.#take()
    this.#reader = open(start)
    this.#readerBase = start
    this.#reader.push(bytes.subarray(start))
  }

  #openText(): void {
    this.#open(0, () => new TextReader(this.#job, this.#place, this.#patch))
  }

  #endBase64(bytes: Buffer): void {
    const said = Buffer.from(bytes.toString('latin1', this.#start), 'base64')
    const rewriting = new Rewriting((patch) =>
      openPart(this.#job, this.#type, this.#place, this.#depth + 1, patch),
    )
    rewriting.push(said)
    rewriting.end()
    const now = Buffer.concat(rewriting.take())
    if (now.equals(said)) return
    this.#patch(this.#start, bytes.length, Buffer.from(now.toString('base64')))
  }

  #take(): Buffer {
    const [first] = this.#pieces
    const bytes = this.#pieces.length === 1 && first ? first : Buffer.concat(this.#pieces)
    this.#pieces = []
    return bytes.length === 0 ? NOTHING : bytes
  }
}
