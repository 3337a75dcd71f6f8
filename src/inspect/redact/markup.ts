/**
 * XML and HTML: what stands between tags, in values of attributes, comments and CDATA, each under the name of its tag or attribute. Lenient:
 * what is not well-formed is cut differently, and looked at all the same.
 */

import { CodedText } from './coded-text.ts'
import { ENTITY_CODING } from './entities.ts'
import { namedPlace } from './place.ts'
import type { Job, Patch, Place, Reader } from './reader.ts'
import { TextReader } from './text.ts'

const LT = 0x3c
const GT = 0x3e
/** By which it is told what begins with `<`. */
const LONGEST = 9
const CDATA = Buffer.from('<![CDATA[')
const COMMENT = Buffer.from('<!--')
const ENDS = { cdata: Buffer.from(']]>'), comment: Buffer.from('-->') }
const MAX_NAME = 64
const NOTHING = Buffer.alloc(0)

type State = 'text' | 'tag' | 'value' | 'cdata' | 'comment'

export class MarkupReader implements Reader {
  readonly #job: Job
  readonly #place: Place
  readonly #patch: Patch
  #state: State = 'text'
  #reader: Reader
  /** Added to the positions of the reader. */
  #readerBase = 0
  /** What was not read. */
  #bytes: Buffer = NOTHING
  #base = 0
  #quote = 0
  /** Of the tag so far, the beginning; and what was last before a quote. */
  #tag = ''
  #recent = ''

  constructor(job: Job, place: Place, patch: Patch) {
    this.#job = job
    this.#place = place
    this.#patch = patch
    this.#reader = this.#openText('', true)
  }

  get decided(): number {
    return this.#readerBase + this.#reader.decided
  }

  push(bytes: Buffer): void {
    this.#bytes = this.#bytes.length > 0 ? Buffer.concat([this.#bytes, bytes]) : bytes
    while (this.#read(false)) {}
    this.#bytes = Buffer.from(this.#bytes)
  }

  settle(): void {
    this.#reader.settle()
  }

  end(): void {
    while (this.#read(true)) {}
    this.#give(this.#bytes.length)
    this.#reader.end()
  }

  /** @returns whether there is more to read */
  #read(isEnd: boolean): boolean {
    switch (this.#state) {
      case 'text':
        return this.#readText(isEnd)
      case 'tag':
        return this.#readTag()
      case 'value':
        return this.#readUntil(this.#bytes.indexOf(this.#quote), 0, 'tag')
      case 'cdata':
      case 'comment': {
        const end = ENDS[this.#state]
        return this.#readUntil(this.#bytes.indexOf(end), end.length - 1, 'text')
      }
      default:
        return this.#state satisfies never
    }
  }

  #readText(isEnd: boolean): boolean {
    const bytes = this.#bytes
    const at = bytes.indexOf(LT)
    if (at < 0) {
      this.#give(bytes.length)
      return false
    }
    const shown = bytes.subarray(at, at + LONGEST)
    const next = shown[1]
    const isOpen = next === undefined || (next === 0x21 && shown.length < LONGEST)
    if (isOpen && !isEnd) {
      this.#give(at)
      return false
    }
    const isTag = next !== undefined && /[A-Za-z/!?]/.test(String.fromCharCode(next))
    this.#give(isTag ? at : at + 1)
    if (!isTag) return true
    const isData = shown.equals(CDATA)
    this.#state = isData ? 'cdata' : shown.subarray(0, 4).equals(COMMENT) ? 'comment' : 'tag'
    const name = this.#tagName()
    this.#open('', false)
    if (isData) {
      this.#give(CDATA.length)
      this.#open(name, false)
    }
    if (this.#state === 'tag') this.#tag = this.#recent = ''
    return true
  }

  /** Up to what ends it, or to the value of an attribute. */
  #readTag(): boolean {
    const bytes = this.#bytes
    let at = 0
    while (at < bytes.length && bytes[at] !== GT && bytes[at] !== 0x22 && bytes[at] !== 0x27) at++
    const text = bytes.toString('latin1', 0, at)
    if (this.#tag.length < MAX_NAME) this.#tag = (this.#tag + text).slice(0, MAX_NAME)
    this.#recent = (this.#recent + text).slice(-MAX_NAME)
    if (at === bytes.length) {
      this.#give(at)
      return false
    }
    this.#give(at + 1)
    if (bytes[at] === GT) {
      this.#state = 'text'
      this.#open(this.#tagName(), true)
    } else {
      this.#state = 'value'
      this.#quote = bytes[at] as number
      this.#open(/([\w:.-]+)\s*=\s*$/.exec(this.#recent)?.[1] ?? '', true)
      this.#recent = ''
    }
    return true
  }

  /** @param extra bytes of what ends it that are kept back until it is all there */
  #readUntil(found: number, extra: number, next: State): boolean {
    if (found < 0) {
      this.#give(Math.max(0, this.#bytes.length - extra))
      return false
    }
    this.#give(found)
    this.#state = next
    this.#open(next === 'text' ? this.#tagName() : '', next === 'text')
    return this.#skipEnd(next === 'text' ? extra + 1 : 1)
  }

  /** What ends it is in the text that follows, of which it is no part that matters. */
  #skipEnd(size: number): true {
    this.#give(size)
    return true
  }

  /** `</a>` is nothing's name. */
  #tagName(): string {
    return /^<([A-Za-z][\w:.-]*)/.exec(this.#tag)?.[1] ?? ''
  }

  #open(name: string, isCoded: boolean): void {
    this.#reader.end()
    this.#reader = this.#openText(name, isCoded)
  }

  #openText(name: string, isCoded: boolean): Reader {
    const place = namedPlace(this.#job, this.#place, name)
    const base = this.#base
    const open = (patch: Patch) => new TextReader(this.#job, place, patch)
    this.#readerBase = isCoded ? 0 : base
    if (isCoded) return new CodedText(ENTITY_CODING, base, this.#patch, open)
    return open((start, end, by) => this.#patch(base + start, base + end, ENTITY_CODING.write(by)))
  }

  #give(size: number): void {
    if (size === 0) return
    this.#reader.push(this.#bytes.subarray(0, size))
    this.#bytes = this.#bytes.subarray(size)
    this.#base += size
  }
}
