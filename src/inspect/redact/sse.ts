/**
 * Server-sent events (HTML standard, section 9.2): each event is looked at as a whole, its data without what the lines add to it. No
 * event is broken, and none is joined to another. Comments between events go on at once, past events that wait.
 */

import { Backlog } from './backlog.ts'
import { CodedText } from './coded-text.ts'
import type { EventQueue } from './event-queue.ts'
import { JSON_CODING } from './json-coding.ts'
import { Patches } from './patches.ts'
import type { Job, Patch, Place, Reader } from './reader.ts'
import { SseFraming } from './sse-event.ts'
import { TextReader } from './text.ts'
import { readWhole } from './whole-text.ts'

const LF = 0x0a
const CR = 0x0d
const COLON = 0x3a
const NOTHING = Buffer.alloc(0)
/** How far bytes are looked at one by one: beyond that it pays to call for help. */
const NEAR = 32

export class SseReader implements Reader {
  readonly #job: Job
  readonly #place: Place
  readonly #patch: Patch
  readonly #queue: EventQueue
  readonly #framing: SseFraming
  readonly #backlog = new Backlog()
  /** What was not read, and the position of its first byte. */
  #bytes: Buffer = NOTHING
  #base = 0
  /** Where the event begins that is being read, the line, and how far that was; before the first byte where that is gone. */
  #event = 0
  #line = 0
  #at = 0
  /** Where the next carriage return is, if it is not before what is read. */
  #return = -1
  /** An event that is too large: read as text up to the blank line. */
  #large: CodedText | null = null

  constructor(job: Job, place: Place, patch: Patch, queue: EventQueue) {
    this.#job = job
    this.#place = place
    this.#patch = patch
    this.#queue = queue
    this.#framing = new SseFraming(job, place, patch)
  }

  get decided(): number {
    return this.#queue.waiting ?? this.#large?.decided ?? this.#base
  }

  push(bytes: Buffer): void {
    this.#backlog.add(bytes)
    this.#read(false)
  }

  settle(): void {}

  end(): void {
    this.#read(true)
    this.#bytes = this.#backlog.bytes
    this.#endEvent(this.#bytes.length)
    this.#drop()
    this.#queue.end()
  }

  #read(isEnd: boolean): void {
    this.#bytes = this.#backlog.bytes
    this.#return = -1
    for (let next = this.#lineEnd(isEnd); next >= 0; next = this.#lineEnd(isEnd)) {
      const isBlank = this.#at === this.#line
      // A comment before an event is no part of it.
      const isComment =
        this.#line === this.#event && !this.#large && this.#bytes[this.#event] === COLON
      const end = this.#at
      this.#line = this.#at = next
      if (isComment) this.#endComment(end, next)
      else if (isBlank) this.#endEvent(next)
    }
    if (this.#large || this.#bytes.length - this.#event > this.#job.limits.event)
      this.#readLarge(this.#at)
    this.#drop()
  }

  /** Sets where the line ends. @returns behind what ends it; -1 when that has not come */
  #lineEnd(isEnd: boolean): number {
    const at = this.#endFrom(this.#at)
    const bytes = this.#bytes
    this.#at = at
    if (at === bytes.length) return -1
    if (bytes[at] === LF) return at + 1
    // A line feed that belongs to it may be in the next piece.
    if (at + 1 === bytes.length && !isEnd) return -1
    return bytes[at + 1] === LF ? at + 2 : at + 1
  }

  #endFrom(start: number): number {
    const bytes = this.#bytes
    let at = start
    for (const near = Math.min(bytes.length, start + NEAR); at < near; at++) {
      const byte = bytes[at]
      if (byte === LF || byte === CR) return at
    }
    if (this.#return < at) {
      const next = bytes.indexOf(CR, at)
      this.#return = next < 0 ? bytes.length : next
    }
    const feed = bytes.indexOf(LF, at)
    return feed < 0 || feed > this.#return ? this.#return : feed
  }

  #endEvent(end: number): void {
    const start = this.#event
    if (this.#large || end - start > this.#job.limits.event) {
      this.#readLarge(end)
      this.#large?.end()
      this.#large = null
      return
    }
    this.#event = end
    if (end === start) return
    // Blank lines are no events.
    const isEmpty = end - start <= 2 && isLineEnd(this.#bytes, start, end)
    if (isEmpty && this.#queue.waiting === null) return
    this.#queue.add(this.#framing.read(this.#bytes, start, end, this.#base))
  }

  /** @param end of what it says  @param next behind its line */
  #endComment(end: number, next: number): void {
    const start = this.#event
    if (next - start > this.#job.limits.event) return this.#endEvent(next)
    this.#event = next
    const { waiting } = this.#queue
    if (waiting === null) {
      return readWhole(this.#job, this.#bytes, start, end, this.#place, this.#base, this.#patch)
    }
    const bytes = this.#bytes.subarray(start, next)
    const patches = new Patches()
    readWhole(this.#job, bytes, 0, bytes.length, this.#place, 0, patches.add)
    this.#patch(waiting, waiting, patches.apply(bytes))
    const from = this.#base + start
    const to = this.#base + next
    const done = () => this.#patch(from, to, NOTHING)
    this.#queue.add({ start: from, end: to, name: '', data: NOTHING, patch: () => {}, done })
  }

  #readLarge(end: number): void {
    const from = this.#event
    this.#large ??= new CodedText(JSON_CODING, this.#base + from, this.#patch, (patch) => {
      return new TextReader(this.#job, this.#place, patch)
    })
    this.#large.push(this.#bytes.subarray(from, end))
    this.#event = end
  }

  /** What was read is not kept. */
  #drop(): void {
    const size = this.#event
    this.#backlog.drop(size)
    this.#bytes = NOTHING
    this.#base += size
    this.#event = 0
    this.#line -= size
    this.#at -= size
  }
}

function isLineEnd(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== LF && bytes[at] !== CR) return false
  return true
}
