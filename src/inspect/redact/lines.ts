/**
 * A JSON text on each line (NDJSON, JSON Lines; RFC 7464 with a mark before each): a line is looked at as a whole, as an event of the
 * stream. One that is too large is read as it comes.
 */

import { Backlog } from './backlog.ts'
import type { EventQueue } from './event-queue.ts'
import { openText } from './open-text.ts'
import { Patches } from './patches.ts'
import type { Job, Patch, Place, Reader } from './reader.ts'

const LF = 0x0a
const RS = 0x1e

export class LineReader implements Reader {
  readonly #job: Job
  readonly #place: Place
  readonly #patch: Patch
  readonly #queue: EventQueue
  /** A line so far. */
  readonly #backlog = new Backlog()
  /** Position of its first byte, and how far it was read. */
  #base = 0
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
    for (;;) {
      const end = this.#backlog.bytes.indexOf(LF, this.#at)
      if (end < 0) break
      this.#endLine(end + 1)
    }
    this.#at = this.#backlog.bytes.length
    if (this.#large || this.#at > this.#job.limits.event) this.#readLarge(this.#at)
  }

  settle(): void {
    this.#large?.settle()
  }

  end(): void {
    this.#endLine(this.#backlog.bytes.length)
    this.#queue.end()
  }

  #endLine(end: number): void {
    if (this.#large || end > this.#job.limits.event) {
      this.#readLarge(end)
      this.#large?.end()
      this.#large = null
      return
    }
    if (end === 0) return
    if (end === 1 && this.#backlog.bytes[0] === LF && this.#queue.waiting === null) {
      return this.#drop(end)
    }
    const start = this.#base
    const skipped = this.#backlog.bytes[0] === RS ? 1 : 0
    const data = Buffer.from(this.#backlog.bytes.subarray(skipped, end))
    this.#drop(end)
    const base = start + skipped
    const patches = new Patches()
    this.#queue.add({
      start,
      end: start + end,
      name: '',
      data,
      patch: (from, to, by) => patches.add(base + from, base + to, by),
      done: () => patches.give(this.#patch),
    })
  }

  #readLarge(end: number): void {
    if (!this.#large) {
      const base = this.#base
      this.#largeBase = base
      this.#large = openText(this.#job, this.#place, 0, (from, to, by) =>
        this.#patch(base + from, base + to, by),
      )
    }
    this.#large.push(Buffer.from(this.#backlog.bytes.subarray(0, end)))
    this.#drop(end)
  }

  #drop(size: number): void {
    this.#backlog.drop(size)
    this.#base += size
    this.#at = 0
  }
}
