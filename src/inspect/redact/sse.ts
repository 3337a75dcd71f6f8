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
import { parseSseEvent } from './sse-event.ts'
import { TextReader } from './text.ts'
import { readWhole } from './whole-text.ts'

const LF = 0x0a
const CR = 0x0d
const COLON = 0x3a
const NOTHING = Buffer.alloc(0)

export class SseReader implements Reader {
  readonly #job: Job
  readonly #place: Place
  readonly #patch: Patch
  readonly #queue: EventQueue
  /** An event so far. */
  readonly #backlog = new Backlog()
  /** Position of its first byte. */
  #base = 0
  /** Where the line begins that is being read, and how far it was; before the first byte where that is gone. */
  #line = 0
  #at = 0
  /** An event that is too large: read as text up to the blank line. */
  #large: CodedText | null = null

  constructor(job: Job, place: Place, patch: Patch, queue: EventQueue) {
    this.#job = job
    this.#place = place
    this.#patch = patch
    this.#queue = queue
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
    this.#endEvent(this.#backlog.bytes.length)
    this.#queue.end()
  }

  #read(isEnd: boolean): void {
    for (let next = this.#lineEnd(isEnd); next >= 0; next = this.#lineEnd(isEnd)) {
      const isBlank = this.#at === this.#line
      // A comment before an event is no part of it.
      const isComment = this.#line === 0 && !this.#large && this.#backlog.bytes[0] === COLON
      this.#line = this.#at = next
      if (isComment) this.#endComment(next)
      else if (isBlank) this.#endEvent(next)
    }
    if (this.#large || this.#backlog.bytes.length > this.#job.limits.event)
      this.#readLarge(this.#at)
  }

  /** Sets where the line ends. @returns behind what ends it; -1 when that has not come */
  #lineEnd(isEnd: boolean): number {
    const { bytes } = this.#backlog
    let at = this.#at
    while (at < bytes.length && bytes[at] !== LF && bytes[at] !== CR) at++
    this.#at = at
    if (at === bytes.length) return -1
    if (bytes[at] === LF) return at + 1
    // A line feed that belongs to it may be in the next piece.
    if (at + 1 === bytes.length && !isEnd) return -1
    return bytes[at + 1] === LF ? at + 2 : at + 1
  }

  #endEvent(end: number): void {
    if (this.#large || end > this.#job.limits.event) {
      this.#readLarge(end)
      this.#large?.end()
      this.#large = null
      return
    }
    if (end === 0) return
    // Blank lines are no events.
    if (end <= 2 && this.#queue.waiting === null && isLineEnd(this.#backlog.bytes, end)) {
      return this.#drop(end)
    }
    const bytes = Buffer.from(this.#backlog.bytes.subarray(0, end))
    const { name, data, layer, others } = parseSseEvent(bytes, this.#base)
    const patches = new Patches()
    for (const { start, end } of others) {
      readWhole(this.#job, bytes, start, end, this.#place, this.#base, patches.add)
    }
    const event = {
      start: this.#base,
      end: this.#base + end,
      name,
      data,
      patch: (from: number, to: number, by: Buffer) =>
        patches.add(layer.toStart(from), layer.toEnd(to), toOneLine(by)),
      done: () => patches.give(this.#patch),
    }
    this.#drop(end)
    this.#queue.add(event)
  }

  #endComment(end: number): void {
    const { waiting } = this.#queue
    if (waiting === null || end > this.#job.limits.event) return this.#endEvent(end)
    const bytes = Buffer.from(this.#backlog.bytes.subarray(0, end))
    const patches = new Patches()
    readWhole(this.#job, bytes, 0, end, this.#place, 0, patches.add)
    this.#patch(waiting, waiting, patches.apply(bytes))
    const start = this.#base
    this.#drop(end)
    const done = () => this.#patch(start, start + end, NOTHING)
    this.#queue.add({ start, end: start + end, name: '', data: NOTHING, patch: () => {}, done })
  }

  #readLarge(end: number): void {
    this.#large ??= new CodedText(JSON_CODING, this.#base, this.#patch, (patch) => {
      return new TextReader(this.#job, this.#place, patch)
    })
    this.#large.push(Buffer.from(this.#backlog.bytes.subarray(0, end)))
    this.#drop(end)
  }

  #drop(size: number): void {
    this.#backlog.drop(size)
    this.#base += size
    this.#line -= size
    this.#at -= size
  }
}

function toOneLine(text: Buffer): Buffer {
  if (!text.includes(LF) && !text.includes(CR)) return text
  return Buffer.from(text.toString('utf8').replace(/[\r\n]+/g, ' '))
}

function isLineEnd(bytes: Buffer, end: number): boolean {
  for (let at = 0; at < end; at++) if (bytes[at] !== LF && bytes[at] !== CR) return false
  return true
}
