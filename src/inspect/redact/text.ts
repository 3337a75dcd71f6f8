/** A text without any form that comes in pieces. Keeps as little of it as what is looked for allows, and a little before that. */

import { type Context, LOOK_BEHIND, openStream } from '../scan/scanner.ts'
import type { Job, Patch, Place, Reader } from './reader.ts'

const NOTHING = Buffer.alloc(0)
/** Least size of the room for what is kept. */
const ROOM = 256

export class TextReader implements Reader {
  readonly #job: Job
  readonly #place: Place
  readonly #patch: Patch
  readonly #stream = openStream()
  /** What is undecided, with what is shown before it, and what was not looked at. Bytes of the room before `#size`. */
  #room: Buffer = NOTHING
  #size = 0
  /** Position of the first byte of what is looked at. */
  #base = 0
  #fresh = 0
  /** What is looked at. */
  #bytes: Buffer = NOTHING
  /** Of something that has no end yet, the type. */
  #open: string | null = null
  /** Whether that stays. */
  #isLeft = false
  decided = 0

  constructor(job: Job, place: Place, patch: Patch) {
    this.#job = job
    this.#place = place
    this.#patch = patch
  }

  push(bytes: Buffer): void {
    if (bytes.length === 0) return
    if (this.#size === 0) {
      this.#look(bytes, bytes.length)
      const from = Math.max(0, this.decided - this.#base - LOOK_BEHIND)
      this.#base += from
      this.#add(bytes.subarray(from))
      return
    }
    this.#add(bytes)
    this.#fresh += bytes.length
    // What waits is looked at again and again: not for every byte that is added to it.
    const undecided = this.#base + this.#size - this.decided - this.#fresh
    if (this.#fresh * 4 >= undecided) this.settle()
  }

  settle(): void {
    if (this.#fresh > 0) this.#look(this.#room, this.#size)
  }

  end(): void {
    this.#stream.ended = true
    this.#look(this.#room, this.#size)
  }

  #look(bytes: Buffer, size: number): void {
    this.#fresh = 0
    this.#bytes = bytes
    const from = this.decided - this.#base
    const { scan } = this.#job.scan
    this.decided =
      this.#base +
      scan(bytes, from, size, contextAt(this.#job, this.#place), this.#sink, this.#stream)
    this.#bytes = NOTHING
  }

  #add(bytes: Buffer): void {
    if (this.#size + bytes.length > this.#room.length) this.#makeRoom(bytes.length)
    bytes.copy(this.#room, this.#size)
    this.#size += bytes.length
  }

  /** Forgets what is not needed any more. */
  #makeRoom(size: number): void {
    const cut = Math.max(0, this.decided - this.#base - LOOK_BEHIND)
    const kept = this.#size - cut
    const isEnough = kept + size <= this.#room.length && kept * 2 <= this.#room.length
    const room = isEnough ? this.#room : Buffer.allocUnsafe(Math.max((kept + size) * 2, ROOM))
    this.#room.copy(room, 0, cut, this.#size)
    this.#room = room
    this.#size = kept
    this.#base += cut
  }

  readonly #sink = (start: number, end: number, type: string, isOpen: boolean): void => {
    const isMore = this.#open === type
    this.#open = isOpen ? type : null
    const by = isMore ? NOTHING : replaceIn(this.#job, this.#bytes, start, end, type, this.#place)
    if (!isMore) this.#isLeft = by === null
    if (by !== null && !this.#isLeft) this.#patch(this.#base + start, this.#base + end, by)
  }
}

/** What the place says, or else the name that the text stands under. Of names nobody says what they are. */
export function contextAt({ scan }: Job, place: Place): Context {
  const said = scan.contextAt && place.kind !== 'key' ? scan.contextAt(place.path) : null
  return said ?? place.context
}

/** @returns what takes its place; null where it stays */
export function replaceIn(
  { replace, findings }: Job,
  bytes: Buffer,
  start: number,
  end: number,
  type: string,
  place: Place,
): Buffer | null {
  const by = replace(type, bytes.subarray(start, end), place)
  if (by !== null) findings.add(type, place.path)
  return by
}
