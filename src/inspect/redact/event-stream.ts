/**
 * Event streams of AWS (`application/vnd.amazon.eventstream`): each message is an event; lengths and checksums are made anew where something
 * is replaced. The events of InvokeModelWithResponseStream are once more in Base64. What is no such message is read as text.
 */

import { Backlog } from './backlog.ts'
import { CodedText } from './coded-text.ts'
import type { EventQueue } from './event-queue.ts'
import { type Frame, frameLength, headerOf, PRELUDE, parseFrame, writeFrame } from './frame.ts'
import { JSON_CODING } from './json-coding.ts'
import { Patches } from './patches.ts'
import type { Job, Patch, Place, Reader } from './reader.ts'
import { TextReader } from './text.ts'

export class EventStreamReader implements Reader {
  readonly #job: Job
  readonly #place: Place
  readonly #patch: Patch
  readonly #queue: EventQueue
  readonly #backlog = new Backlog()
  /** Position of its first byte. */
  #base = 0
  #rest: CodedText | null = null

  constructor(job: Job, place: Place, patch: Patch, queue: EventQueue) {
    this.#job = job
    this.#place = place
    this.#patch = patch
    this.#queue = queue
  }

  get decided(): number {
    return this.#queue.waiting ?? this.#rest?.decided ?? this.#base
  }

  push(bytes: Buffer): void {
    this.#backlog.add(bytes)
    while (!this.#rest && this.#readFrame()) {}
    if (this.#rest) this.#readRest()
  }

  settle(): void {}

  end(): void {
    if (this.#backlog.bytes.length > 0) this.#readRest()
    this.#queue.end()
    this.#rest?.end()
  }

  /** @returns whether there was one */
  #readFrame(): boolean {
    const { bytes } = this.#backlog
    if (bytes.length < PRELUDE) return false
    const length = frameLength(bytes)
    const isTooLarge = length === null || length > this.#job.limits.event
    if (!isTooLarge && bytes.length < length) return false
    const frame = isTooLarge ? null : parseFrame(Buffer.from(bytes.subarray(0, length)))
    if (frame === null || length === null) this.#openRest()
    else {
      const start = this.#base
      this.#backlog.drop(length)
      this.#base += length
      this.#add(frame, start, this.#base)
    }
    return true
  }

  #add(frame: Frame, start: number, end: number): void {
    const inner = unwrap(frame.payload)
    const patches = new Patches()
    this.#queue.add({
      start,
      end,
      name: headerOf(frame.headers, ':event-type'),
      data: inner ?? frame.payload,
      patch: patches.add,
      done: () => {
        if (patches.isEmpty) return
        const data = patches.apply(inner ?? frame.payload)
        const payload = inner ? wrap(frame.payload, data) : data
        this.#patch(start, end, writeFrame({ headers: frame.headers, payload }))
      },
    })
  }

  #openRest(): void {
    this.#rest = new CodedText(JSON_CODING, this.#base, this.#patch, (patch) => {
      return new TextReader(this.#job, this.#place, patch)
    })
  }

  #readRest(): void {
    if (!this.#rest) this.#openRest()
    // What waits comes before it.
    this.#queue.end()
    const { bytes } = this.#backlog
    this.#rest?.push(Buffer.from(bytes))
    this.#backlog.drop(bytes.length)
    this.#base += bytes.length
  }
}

/** `{"bytes":"…"}`. @returns null for another payload */
function unwrap(payload: Buffer): Buffer | null {
  const text = bytesOf(payload)
  return text === null ? null : Buffer.from(text, 'base64')
}

function wrap(payload: Buffer, data: Buffer): Buffer {
  const fields = JSON.parse(payload.toString('utf8'))
  return Buffer.from(JSON.stringify({ ...fields, bytes: data.toString('base64') }))
}

function bytesOf(payload: Buffer): string | null {
  try {
    const { bytes } = JSON.parse(payload.toString('utf8'))
    return typeof bytes === 'string' && /^[A-Za-z0-9+/]+=*$/.test(bytes) ? bytes : null
  } catch {
    return null
  }
}
