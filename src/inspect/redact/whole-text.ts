/** Texts that are all there: looked at where they lie, or laid out plain. Costs next to nothing but the look itself. */

import { type Coding, decode, Walk } from './coding.ts'
import type { Job, Patch, Place } from './reader.ts'
import { contextAt, replaceIn } from './text.ts'

/** Longer texts are looked at where they lie: a view of them costs as much as a copy. */
const SHORT = 1024
/** A longer room is not kept. */
const LONG = 64 * 1024

/**
 * Looks at a whole text.
 * @param base position of the first byte of `bytes`  @param coding how a text is written there; null for as it is
 * @param isPlain whether nothing of this one is written otherwise
 */
export function readWhole(
  job: Job,
  bytes: Buffer,
  start: number,
  end: number,
  place: Place,
  base: number,
  patch: Patch,
  coding: Coding | null = null,
  isPlain = coding === null,
): void {
  if (start === end) return
  const desk = takeDesk()
  try {
    desk.lay(bytes, start, end, coding, isPlain)
    desk.look(job, place, base, patch)
  } finally {
    giveBack(desk)
  }
}

/** Whether anything is found in a whole text. */
export function isClean(
  job: Job,
  bytes: Buffer,
  start: number,
  end: number,
  place: Place,
): boolean {
  const desk = takeDesk()
  try {
    desk.lay(bytes, start, end, null, true)
    return desk.isClean(job, place)
  } finally {
    giveBack(desk)
  }
}

/** Texts are read within texts: each is laid on a desk of its own. */
const free: Desk[] = []

export function takeDesk(): Desk {
  return free.pop() ?? new Desk()
}

export function giveBack(desk: Desk): void {
  desk.clear()
  free.push(desk)
}

/** Where one text lies plain, and where it came from. */
export class Desk {
  /** What the text says: its first `size` bytes. */
  bytes: Buffer = Buffer.allocUnsafeSlow(SHORT)
  size = 0
  #room = this.bytes
  #source: Buffer = this.bytes
  #start = 0
  #end = 0
  #coding: Coding | null = null
  #isPlain = true
  #walk: Walk | null = null
  #isFound = false
  #job: Job | null = null
  #place: Place | null = null
  #patch: Patch | null = null
  #base = 0

  lay(bytes: Buffer, start: number, end: number, coding: Coding | null, isPlain: boolean): void {
    this.#source = bytes
    this.#start = start
    this.#end = end
    this.#coding = coding
    this.#isPlain = isPlain
    this.#walk = null
    const length = end - start
    if (isPlain && length > SHORT) {
      this.bytes = bytes.subarray(start, end)
      this.size = length
      return
    }
    if (length > this.#room.length) this.#room = Buffer.allocUnsafeSlow(length)
    this.bytes = this.#room
    if (coding && !isPlain) this.size = decode(coding, bytes, start, end, this.#room)
    else this.#copy(bytes, start, end)
  }

  #copy(bytes: Buffer, start: number, end: number): void {
    const room = this.#room
    if (end - start > FEW) bytes.copy(room, 0, start, end)
    else for (let i = start; i < end; i++) room[i - start] = bytes[i] as number
    this.size = end - start
  }

  /** @returns whether there is anything in it, also where that stays */
  look(job: Job, place: Place, base: number, patch: Patch): boolean {
    this.#isFound = false
    this.#job = job
    this.#place = place
    this.#patch = patch
    this.#base = base
    job.scan.scan(this.bytes, 0, this.size, contextAt(job, place), this.#sink)
    return this.#isFound
  }

  readonly #sink = (from: number, to: number, type: string): void => {
    const job = this.#job
    const place = this.#place
    if (!job || !place) return
    this.#isFound = true
    const by = replaceIn(job, this.bytes, from, to, type, place)
    if (by !== null) this.replace(from, to, by, this.#base, this.#patch)
  }

  isClean(job: Job, place: Place): boolean {
    this.#isFound = false
    job.scan.scan(this.bytes, 0, this.size, contextAt(job, place), this.#notice)
    return !this.#isFound
  }

  readonly #notice = (): void => {
    this.#isFound = true
  }

  /** In the text as it is written, and in order. */
  replace(from: number, to: number, by: Buffer, base: number, patch: Patch | null): void {
    const coding = this.#coding
    const written = coding ? coding.write(by) : by
    const start = base + this.#start
    if (this.#isPlain || !coding) return patch?.(start + from, start + to, written)
    this.#walk ??= new Walk(coding, this.#source, this.#start, this.#end)
    const outerStart = this.#walk.toStart(from)
    patch?.(base + outerStart, base + this.#walk.toEnd(to), written)
  }

  /** Keeps nothing of what lay there but its room. */
  clear(): void {
    if (this.#room.length > LONG) this.#room = Buffer.allocUnsafeSlow(SHORT)
    this.bytes = this.#source = this.#room
    this.size = 0
    this.#walk = null
    this.#job = null
    this.#place = null
    this.#patch = null
  }
}

const FEW = 24
