/**
 * A JSON text on each line (NDJSON, JSON Lines; RFC 7464 with a mark before each): a line is looked at as a whole, as an event of the
 * stream. One that is too large is read as it comes.
 */

import { Backlog } from './backlog.ts'
import type { EventQueue, StreamEvent } from './event-queue.ts'
import { openText } from './open-text.ts'
import { Patches } from './patches.ts'
import type { Job, Patch, Place, Reader } from './reader.ts'

const LF = 0x0a
const RS = 0x1e
const NOTHING = Buffer.alloc(0)

export class LineReader implements Reader {
  readonly #job: Job
  readonly #place: Place
  readonly #patch: Patch
  readonly #queue: EventQueue
  readonly #backlog = new Backlog()
  /** What was not read, and the position of its first byte. */
  #bytes: Buffer = NOTHING
  #base = 0
  /** Where the line begins that is being read, and how far that was. */
  #line = 0
  #at = 0
  /** A line that is too large, and where it began. */
  #large: Reader | null = null
  #largeBase = 0

  constructor(job: Job, place: Place, patch: Patch, queue: EventQueue) {
    this.#job = job
    this.#place = place
    this.#patch = patch
    this.#queue = queue
  }

  get decided(): number {
    return this.#queue.waiting ?? (this.#large ? this.#largeBase + this.#large.decided : this.#base)
  }

  push(bytes: Buffer): void {
    this.#backlog.add(bytes)
    this.#bytes = this.#backlog.bytes
    while (this.#at < this.#bytes.length) {
      const feed = this.#bytes[this.#at] === LF ? this.#at : this.#bytes.indexOf(LF, this.#at)
      this.#at = feed < 0 ? this.#bytes.length : feed + 1
      if (feed >= 0) this.#endLine(this.#at)
    }
    if (this.#large || this.#at - this.#line > this.#job.limits.event) this.#readLarge(this.#at)
    this.#drop()
  }

  settle(): void {
    this.#large?.settle()
  }

  end(): void {
    this.#bytes = this.#backlog.bytes
    this.#endLine(this.#bytes.length)
    this.#drop()
    this.#queue.end()
  }

  #endLine(end: number): void {
    const start = this.#line
    if (this.#large || end - start > this.#job.limits.event) {
      this.#readLarge(end)
      this.#large?.end()
      this.#large = null
      return
    }
    this.#line = end
    if (end === start) return
    const isEmpty = end - start === 1 && this.#bytes[start] === LF
    if (isEmpty && this.#queue.waiting === null) return
    const skipped = this.#bytes[start] === RS ? 1 : 0
    const data = this.#bytes.subarray(start + skipped, end)
    this.#queue.add(new LineEvent(this.#base + start, skipped, data, this.#patch))
  }

  #readLarge(end: number): void {
    if (!this.#large) {
      const base = this.#base + this.#line
      this.#largeBase = base
      this.#large = openText(this.#job, this.#place, 0, (from, to, by) =>
        this.#patch(base + from, base + to, by),
      )
    }
    this.#large.push(this.#bytes.subarray(this.#line, end))
    this.#line = end
  }

  /** What was read is not kept. */
  #drop(): void {
    const size = this.#line
    this.#backlog.drop(size)
    this.#bytes = NOTHING
    this.#base += size
    this.#line = 0
    this.#at -= size
  }
}

class LineEvent implements StreamEvent {
  readonly start: number
  readonly end: number
  readonly name = ''
  readonly data: Buffer
  readonly #base: number
  readonly #patch: Patch
  #patches: Patches | null = null

  /** @param skipped bytes before the data */
  constructor(start: number, skipped: number, data: Buffer, patch: Patch) {
    this.start = start
    this.#base = start + skipped
    this.end = this.#base + data.length
    this.data = data
    this.#patch = patch
  }

  patch(start: number, end: number, by: Buffer): void {
    this.#patches ??= new Patches()
    this.#patches.add(this.#base + start, this.#base + end, by)
  }

  done(): void {
    this.#patches?.give(this.#patch)
  }
}
