/**
 * A list of JSON that a model says chunk by chunk (`streamGenerateContent` of Gemini without `alt=sse`): each element is an event of the stream,
 * and goes on when it ends. Any other JSON is read as ever.
 */

import { Backlog } from './backlog.ts'
import { EventQueue } from './event-queue.ts'
import { JsonReader } from './json.ts'
import { readModelEvent } from './llm/read-shape.ts'
import { Patches } from './patches.ts'
import type { Job, Patch, Place, Reader } from './reader.ts'

/** By its first key a chunk is told from other objects. */
const FIRST =
  /^\s*\[\s*\{\s*"(?:candidates|promptFeedback|usageMetadata|modelVersion|responseId|createTime)"/
/** What may still become that. */
const BEGINNING = /^\s*(?:$|\[\s*(?:$|\{\s*(?:$|"[A-Za-z]*$)))/
/** Bytes after which it has to be clear. */
const MAX_BEGINNING = 256

export function openJson(job: Job, place: Place, depth: number, patch: Patch): Reader {
  const plain = () => new JsonReader(job, place, depth, patch)
  return new Telling((beginning) => {
    if (FIRST.test(beginning)) {
      return new ChunkReader(job, place, patch, new EventQueue(job, place, readModelEvent))
    }
    return BEGINNING.test(beginning) && beginning.length < MAX_BEGINNING ? null : plain()
  }, plain)
}

/** Waits until it can be told what it is. */
class Telling implements Reader {
  readonly #tell: (beginning: string) => Reader | null
  readonly #otherwise: () => Reader
  readonly #backlog = new Backlog()
  #reader: Reader | null = null

  constructor(tell: (beginning: string) => Reader | null, otherwise: () => Reader) {
    this.#tell = tell
    this.#otherwise = otherwise
  }

  get decided(): number {
    return this.#reader?.decided ?? 0
  }

  push(bytes: Buffer): void {
    if (this.#reader) return this.#reader.push(bytes)
    this.#backlog.add(bytes)
    const all = this.#backlog.bytes
    this.#begin(this.#tell(all.toString('latin1', 0, MAX_BEGINNING)), all)
  }

  settle(): void {
    this.#reader?.settle()
  }

  end(): void {
    if (!this.#reader) this.#begin(this.#otherwise(), this.#backlog.bytes)
    this.#reader?.end()
  }

  #begin(reader: Reader | null, all: Buffer): void {
    if (!reader) return
    this.#reader = reader
    if (all.length > 0) reader.push(Buffer.from(all))
    this.#backlog.drop(all.length)
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

class ChunkReader implements Reader {
  readonly #job: Job
  readonly #place: Place
  readonly #patch: Patch
  readonly #queue: EventQueue
  /** What is not in an element that has ended. */
  readonly #backlog = new Backlog()
  /** Position of its first byte, and how far it was read. */
  #base = 0
  #at = 0
  #state: 'before' | 'between' | 'element' | 'string' | 'after' = 'before'
  /** Lists and objects that are open in the element. */
  #depth = 0
  /** What is no such list after all, or has too large an element. */
  #rest: JsonReader | null = null
  #restBase = 0

  constructor(job: Job, place: Place, patch: Patch, queue: EventQueue) {
    this.#job = job
    this.#place = place
    this.#patch = patch
    this.#queue = queue
  }

  get decided(): number {
    return this.#queue.waiting ?? (this.#rest ? this.#restBase + this.#rest.decided : this.#base)
  }

  push(bytes: Buffer): void {
    if (this.#rest) return this.#rest.push(bytes)
    this.#backlog.add(bytes)
    while (this.#at < this.#backlog.bytes.length) {
      const isTooLarge = this.#at > this.#job.limits.event
      const byte = this.#backlog.bytes[this.#at] as number
      if (isTooLarge || !this.#readByte(byte)) return this.#openRest()
    }
    if (this.#state !== 'element' && this.#state !== 'string') this.#drop(this.#at)
  }

  settle(): void {
    this.#rest?.settle()
  }

  end(): void {
    if (!this.#rest && this.#backlog.bytes.length > 0) this.#openRest()
    this.#queue.end()
    this.#rest?.end()
  }

  /** @returns whether it may stand there */
  #readByte(byte: number): boolean {
    switch (this.#state) {
      case 'string':
        // What is escaped may come with the next piece.
        this.#at += byte === BACKSLASH ? 2 : 1
        if (byte === QUOTE) this.#state = 'element'
        return true
      case 'element':
        return this.#readInElement(byte)
      case 'before':
        return this.#step(byte, byte === 0x5b ? 'between' : null)
      case 'between':
        if (byte === 0x7b) return this.#beginElement()
        return this.#step(byte, byte === 0x5d ? 'after' : byte === 0x2c ? 'between' : null)
      case 'after':
        return this.#step(byte, null)
      default:
        return this.#state satisfies never
    }
  }

  #step(byte: number, next: 'between' | 'after' | null): boolean {
    const isBlank = byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d
    if (next === null && !isBlank) return false
    this.#at++
    this.#state = next ?? this.#state
    return true
  }

  #beginElement(): boolean {
    this.#drop(this.#at)
    this.#at = 1
    this.#depth = 1
    this.#state = 'element'
    return true
  }

  #readInElement(byte: number): boolean {
    this.#at++
    if (byte === QUOTE) this.#state = 'string'
    else if (byte === 0x7b || byte === 0x5b) this.#depth++
    else if ((byte === 0x7d || byte === 0x5d) && --this.#depth === 0) this.#endElement()
    return true
  }

  #endElement(): void {
    const start = this.#base
    const end = start + this.#at
    const data = Buffer.from(this.#backlog.bytes.subarray(0, this.#at))
    const patches = new Patches()
    this.#drop(this.#at)
    this.#state = 'between'
    this.#queue.add({
      start,
      end,
      name: '',
      data,
      patch: (from, to, by) => patches.add(start + from, start + to, by),
      done: () => patches.give(this.#patch),
    })
  }

  #openRest(): void {
    // What waits comes before it.
    this.#queue.end()
    const base = this.#base
    this.#restBase = base
    this.#rest = new JsonReader(this.#job, this.#place, 0, (start, end, by) =>
      this.#patch(base + start, base + end, by),
    )
    this.#rest.push(Buffer.from(this.#backlog.bytes))
    this.#drop(this.#backlog.bytes.length)
  }

  #drop(size: number): void {
    this.#backlog.drop(size)
    this.#base += size
    this.#at = 0
  }
}
