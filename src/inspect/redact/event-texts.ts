/** Texts that go over several events: what their pieces said, and what they say now. */

import { openGrowingText } from './open-text.ts'
import type { Job, Place } from './reader.ts'
import { Rewriting } from './rewriting.ts'

/** Texts that are not at their end; one more ends the oldest. */
const MAX_TEXTS = 256

export interface Piece {
  readonly text: EventText
  readonly said: Buffer
  /** Positions in the text. */
  readonly start: number
  readonly end: number
  /** Says something else. */
  readonly write: (now: Buffer) => void
}

export class EventText {
  readonly #rewriting: Rewriting
  #last: Piece | null = null
  #isEnded = false

  constructor(job: Job, path: string) {
    const place: Place = { path, key: '', kind: 'text', context: job.scan.under('') }
    this.#rewriting = new Rewriting((patch) => openGrowingText(job, place, 1, patch))
  }

  /** @param said memory of its own */
  add(said: Buffer, write: (now: Buffer) => void): Piece {
    const start = this.#rewriting.length
    this.#rewriting.push(said)
    this.#rewriting.settle()
    const piece = { text: this, said, start, end: this.#rewriting.length, write }
    this.#last = piece
    return piece
  }

  end(): void {
    if (!this.#isEnded) this.#rewriting.end()
    this.#isEnded = true
  }

  /** Whether what it says cannot change any more, or a later one can say what is left. */
  isReady(piece: Piece): boolean {
    return this.#rewriting.decided >= piece.end || this.#last !== piece
  }

  /** Lets a piece say what it does now. @returns whether that is something else */
  write({ said, start, end, write }: Piece): boolean {
    if (this.#rewriting.pass(start, end)) return false
    const now = Buffer.concat(this.#rewriting.take(end))
    if (now.equals(said)) return false
    write(now)
    return true
  }
}

export class EventTexts {
  readonly #job: Job
  readonly #texts = new Map<string, EventText>()

  constructor(job: Job) {
    this.#job = job
  }

  /** @param path where its first piece is */
  get(name: string, path: () => string): EventText {
    const known = this.#texts.get(name)
    if (known) return known
    if (this.#texts.size === MAX_TEXTS) this.#endOldest()
    const text = new EventText(this.#job, path())
    this.#texts.set(name, text)
    return text
  }

  /** Those whose names begin so. */
  end(prefix: string): void {
    for (const [name, text] of this.#texts) {
      if (!name.startsWith(prefix)) continue
      text.end()
      this.#texts.delete(name)
    }
  }

  endOne(text: EventText): void {
    text.end()
    for (const [name, other] of this.#texts) if (other === text) this.#texts.delete(name)
  }

  #endOldest(): void {
    for (const [, text] of this.#texts) return this.endOne(text)
  }
}
