/** A text without any form: what everything ends in. Keeps as little of it as what is looked for allows, and a little before that. */

import { LOOK_BEHIND, openStream } from '../scan/scanner.ts'
import type { Job, Patch, Place, Reader } from './reader.ts'

const NOTHING = Buffer.alloc(0)

export class TextReader implements Reader {
  readonly #job: Job
  readonly #place: Place
  readonly #patch: Patch
  readonly #stream = openStream()
  /** What is undecided, with what is shown before it. */
  #kept: Buffer = NOTHING
  /** Position of its first byte. */
  #base = 0
  #fresh: Buffer[] = []
  #freshSize = 0
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
    this.#fresh.push(bytes)
    this.#freshSize += bytes.length
    // What waits is looked at again and again: not for every byte that is added to it.
    const undecided = this.#base + this.#kept.length - this.decided
    if (this.#freshSize * 4 >= undecided) this.#look()
  }

  settle(): void {
    if (this.#freshSize > 0) this.#look()
  }

  end(): void {
    this.#stream.ended = true
    this.#look()
  }

  #look(): void {
    const [first] = this.#fresh
    const isFirst = this.#kept.length === 0 && this.#fresh.length === 1 && first !== undefined
    const bytes = isFirst ? first : Buffer.concat([this.#kept, ...this.#fresh])
    this.#fresh = []
    this.#freshSize = 0
    const base = this.#base
    const { context } = this.#place
    const safe = this.#job.scan.scan(
      bytes,
      this.decided - base,
      bytes.length,
      context,
      (start, end, type, isOpen) => this.#found(bytes, start, end, type, isOpen),
      this.#stream,
    )
    this.decided = base + safe
    const cut = Math.max(0, safe - LOOK_BEHIND)
    this.#kept = Buffer.from(bytes.subarray(cut))
    this.#base = base + cut
  }

  #found(bytes: Buffer, start: number, end: number, type: string, isOpen: boolean): void {
    const isMore = this.#open === type
    this.#open = isOpen ? type : null
    const by = isMore ? NOTHING : replaceIn(this.#job, bytes, start, end, type, this.#place)
    if (!isMore) this.#isLeft = by === null
    if (by !== null && !this.#isLeft) this.#patch(this.#base + start, this.#base + end, by)
  }
}

/** Looks at a whole text where it lies. @param base position of the first byte of `bytes` */
export function readWhole(
  job: Job,
  bytes: Buffer,
  start: number,
  end: number,
  place: Place,
  base: number,
  patch: Patch,
): void {
  // Nothing before it belongs to it.
  const text = end - start <= DESK.length ? lay(bytes, start, end) : bytes.subarray(start, end)
  job.scan.scan(text, 0, end - start, place.context, (from, to, type) => {
    const by = replaceIn(job, text, from, to, type, place)
    if (by !== null) patch(base + start + from, base + start + to, by)
  })
}

/** Where short texts are looked at: views of their own would be more work than that. */
const DESK = Buffer.alloc(1024)

function lay(bytes: Buffer, start: number, end: number): Buffer {
  if (end - start > 24) bytes.copy(DESK, 0, start, end)
  else for (let i = start; i < end; i++) DESK[i - start] = bytes[i] as number
  return DESK
}

function replaceIn(
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
