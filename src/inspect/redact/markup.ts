/**
 * XML and HTML: what stands between tags, in values of attributes, comments and CDATA, each under the name of its tag or attribute. Lenient:
 * what is not well-formed is cut differently, and looked at all the same.
 */

import type { Context } from '../scan/scanner.ts'
import { CodedText } from './coded-text.ts'
import { ENTITY_CODING } from './entities.ts'
import type { KnownKey } from './known-keys.ts'
import { KEPT, Labels } from './labels.ts'
import { namedPlace } from './place.ts'
import type { Job, Patch, Place, Reader } from './reader.ts'
import { TagNames } from './tag-names.ts'
import { TextReader } from './text.ts'
import { readWhole } from './whole-text.ts'

const LT = 0x3c
const GT = 0x3e
/** By which it is told what begins with `<`. */
const LONGEST = 9
const CDATA = Buffer.from('<![CDATA[')
const COMMENT = Buffer.from('<!--')
const ENDS = { cdata: Buffer.from(']]>'), comment: Buffer.from('-->') }
const NOTHING = Buffer.alloc(0)

type State = 'text' | 'tag' | 'value' | 'cdata' | 'comment'

export class MarkupReader implements Reader {
  readonly #job: Job
  readonly #place: Place
  readonly #patch: Patch
  readonly #nameless: Place
  #state: State = 'text'
  /** What is read: where it stands, whether there may be references in it, and where it begins. */
  #under: Place
  #isCoded = true
  #start = 0
  /** Reads what began in an earlier piece. */
  #reader: Reader | null = null
  /** Added to the positions of the reader. */
  #readerBase = 0
  /** What was not read, the position of its first byte, and the index of the next one. */
  #bytes: Buffer = NOTHING
  #base = 0
  #at = 0
  #quote = 0
  readonly #names: TagNames
  readonly #labels: Labels
  /** The attribute whose value is read; null for a text. */
  #attribute: KnownKey | null = null
  #isText = true
  /** How a text begins that is read in pieces. */
  #shown: Buffer = NOTHING

  constructor(job: Job, place: Place, patch: Patch) {
    this.#job = job
    this.#place = place
    this.#patch = patch
    this.#nameless = namedPlace(job, place, '')
    this.#under = this.#nameless
    this.#names = new TagNames(job)
    this.#labels = new Labels(job)
  }

  get decided(): number {
    return this.#reader ? this.#readerBase + this.#reader.decided : this.#base
  }

  push(bytes: Buffer): void {
    this.#bytes = this.#bytes.length > 0 ? Buffer.concat([this.#bytes, bytes]) : bytes
    while (this.#read(false)) {}
    if (this.#state === 'tag') this.#names.keep(this.#bytes, this.#at)
    else if (this.#state === 'value') this.#names.keepTag(this.#bytes, this.#at)
    this.#show()
    this.#giveRest()
    this.#bytes = Buffer.from(this.#bytes.subarray(this.#at))
    this.#base += this.#at
    this.#start = this.#at = 0
  }

  settle(): void {
    this.#reader?.settle()
  }

  end(): void {
    while (this.#read(true)) {}
    this.#at = this.#bytes.length
    this.#end()
    this.#base += this.#at
  }

  /** @returns whether there is more to read */
  #read(isEnd: boolean): boolean {
    switch (this.#state) {
      case 'text':
        return this.#readText(isEnd)
      case 'tag':
        return this.#readTag()
      case 'value':
        return this.#readUntil(this.#bytes.indexOf(this.#quote, this.#at), 0, 'tag')
      case 'cdata':
      case 'comment': {
        const end = ENDS[this.#state]
        return this.#readUntil(this.#bytes.indexOf(end, this.#at), end.length - 1, 'text')
      }
      default:
        return this.#state satisfies never
    }
  }

  #readText(isEnd: boolean): boolean {
    const bytes = this.#bytes
    const at = bytes.indexOf(LT, this.#at)
    this.#at = at < 0 ? bytes.length : at
    if (at < 0) return false
    const next = bytes[at + 1]
    const isOpen = next === undefined || (next === 0x21 && at + LONGEST > bytes.length)
    if (isOpen && !isEnd) return false
    if (next === undefined || !isTagStart(next)) {
      this.#at++
      return true
    }
    const isData = next === 0x21 && bytes.subarray(at, at + LONGEST).equals(CDATA)
    const isComment = next === 0x21 && bytes.subarray(at, at + COMMENT.length).equals(COMMENT)
    this.#state = isData ? 'cdata' : isComment ? 'comment' : 'tag'
    this.#end()
    this.#open(null, false)
    if (isData) {
      this.#at += CDATA.length
      this.#end()
      this.#openText(false)
    }
    if (this.#state === 'tag') {
      this.#names.beginTag(at)
      this.#labels.beginTag()
    }
    return true
  }

  /** Up to what ends it, or to the value of an attribute. */
  #readTag(): boolean {
    const bytes = this.#bytes
    let at = this.#at
    while (at < bytes.length && bytes[at] !== GT && bytes[at] !== 0x22 && bytes[at] !== 0x27) at++
    this.#at = at
    if (at === bytes.length) return false
    this.#at++
    if (bytes[at] === GT) {
      this.#state = 'text'
      this.#names.endTag(bytes, at, this.#labels.isInside)
      this.#end()
      this.#labels.beginText(this.#names.tag, this.#names.closed)
      this.#openText(true)
    } else {
      this.#state = 'value'
      this.#quote = bytes[at] as number
      const name = this.#names.attribute(bytes, at)
      this.#end()
      this.#open(name, true, name && isSilent(name) ? this.#labels.ofValue(name) : null)
      this.#attribute = name
    }
    return true
  }

  /** @param extra bytes of what ends it that are kept back until it is all there */
  #readUntil(found: number, extra: number, next: State): boolean {
    this.#at = found < 0 ? Math.max(this.#at, this.#bytes.length - extra) : found
    if (found < 0) return false
    this.#state = next
    this.#end()
    if (next === 'text') this.#openText(true)
    else this.#open(null, false)
    if (next === 'tag') this.#names.endValue(this.#at + 1)
    // What ends it is in the text that follows, of which it is no part that matters.
    this.#at += next === 'text' ? extra + 1 : 1
    return true
  }

  #openText(isCoded: boolean): void {
    const { tag } = this.#names
    this.#open(tag, isCoded, isSilent(tag) ? this.#labels.ofText() : null)
    this.#isText = true
  }

  /** What is read begins here. @param said of it by a label; null for nothing */
  #open(name: KnownKey | null, isCoded: boolean, said: Context | null = null): void {
    this.#start = this.#at
    this.#isCoded = isCoded
    this.#isText = false
    this.#attribute = null
    const context = said ?? name?.context
    const key = name?.text ?? ''
    if (!context) this.#under = this.#nameless
    else if (key !== this.#under.key || context !== this.#under.context) {
      this.#under = namedPlace(this.#job, this.#place, key, 'text', context)
    }
  }

  #end(): void {
    const isShown = this.#start < this.#at || this.#shown.length > 0
    if (this.#attribute !== null || (this.#isText && isShown)) this.#tellLabels()
    this.#isText = false
    if (this.#reader) {
      this.#giveRest()
      this.#reader.end()
      this.#reader = null
      this.#start = this.#at
      return
    }
    const start = this.#start
    this.#start = this.#at
    const isPlain = !this.#isCoded || !hasReference(this.#bytes, start, this.#at)
    readWhole(
      this.#job,
      this.#bytes,
      start,
      this.#at,
      this.#under,
      this.#base,
      this.#patch,
      ENTITY_CODING,
      isPlain,
    )
  }

  #tellLabels(): void {
    let bytes = this.#bytes
    let start = this.#start
    let end = this.#at
    if (this.#shown.length > 0) {
      this.#show()
      bytes = this.#shown
      start = 0
      end = bytes.length
      this.#shown = NOTHING
    }
    if (this.#isText) this.#labels.endText(bytes, start, end)
    else if (this.#attribute) this.#labels.endValue(this.#attribute, bytes, start, end)
    this.#isText = false
    this.#attribute = null
  }

  /** Keeps how it begins, for it may be a label. */
  #show(): void {
    if (!this.#isText && this.#attribute === null) return
    const room = KEPT - this.#shown.length
    if (room <= 0) return
    const more = this.#bytes.subarray(this.#start, Math.min(this.#at, this.#start + room))
    this.#shown = Buffer.concat([this.#shown, more])
  }

  /** What has not ended goes to a reader. */
  #giveRest(): void {
    if (this.#start === this.#at) return
    this.#reader ??= this.#openReader()
    this.#reader.push(this.#bytes.subarray(this.#start, this.#at))
    this.#start = this.#at
  }

  #openReader(): Reader {
    const base = this.#base + this.#start
    const place = this.#under
    const open = (patch: Patch) => new TextReader(this.#job, place, patch)
    this.#readerBase = this.#isCoded ? 0 : base
    if (this.#isCoded) return new CodedText(ENTITY_CODING, base, this.#patch, open)
    return open((start, end, by) => this.#patch(base + start, base + end, ENTITY_CODING.write(by)))
  }
}

/** Whether a name says nothing of what stands under it. */
function isSilent(name: KnownKey | null): boolean {
  return name === null || (name.context.hinted === null && name.context.keys === null)
}

function hasReference(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === ENTITY_CODING.lead) return true
  return false
}

/** A letter, `/`, `!`, `?`. */
function isTagStart(byte: number): boolean {
  const letter = byte | 0x20
  if (letter >= 0x61 && letter <= 0x7a) return true
  return byte === 0x2f || byte === 0x21 || byte === 0x3f
}
