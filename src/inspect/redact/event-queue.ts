/**
 * Events of a stream, in their order. Texts that come in pieces, one in each event, are read as one: an event waits for the next piece of
 * its text while that may change what it says, and never longer. What moved on is said by the next piece.
 *
 * INVARIANT: at most one event of each text waits, with those behind it; all that was said is said, or replaced, by the end.
 */

import { JsonReader, type OpenString } from './json.ts'
import { openText } from './open-text.ts'
import type { Job, Patch, Place, Reader } from './reader.ts'
import { findRepeats } from './repeats.ts'
import { Rewriting } from './rewriting.ts'
import { Unread } from './unread.ts'
import { valueRange } from './value-range.ts'

/** What an event is about, for those who know the API. */
export interface EventShape {
  /** Strings that are pieces of a text, by the path that leads there: which text. Null for what is left as it is. */
  readonly pieces: ReadonlyMap<string, string | null>
  /** Texts that end with it, by how their names begin. */
  readonly ends: readonly string[]
}

/** @returns null for an event that has no pieces */
export type ReadShape = (event: unknown, name: string) => EventShape | null

/** An event as it lies in the stream. */
export interface StreamEvent {
  readonly start: number
  readonly end: number
  /** Its name where the framing has one. */
  readonly name: string
  readonly data: Buffer
  /** In positions of the data. */
  readonly patch: Patch
  /** Nothing of it changes any more. */
  readonly done: () => void
}

interface Text {
  readonly rewriting: Rewriting
  last: Piece | null
  isEnded: boolean
}

interface Piece {
  readonly text: Text
  readonly said: Buffer
  /** Position in the text. */
  readonly end: number
  readonly patch: Patch
}

interface Waiting {
  readonly event: StreamEvent
  readonly pieces: Piece[]
  isJson: boolean
  isChanged: boolean
}

export class EventQueue {
  readonly #job: Job
  readonly #place: Place
  readonly #readShape: ReadShape
  readonly #queue: Waiting[] = []
  readonly #texts = new Map<string, Text>()

  constructor(job: Job, place: Place, readShape: ReadShape) {
    this.#job = job
    this.#place = place
    this.#readShape = readShape
  }

  /** Where the first event begins that waits; null for none. */
  get waiting(): number | null {
    return this.#queue[0]?.event.start ?? null
  }

  add(event: StreamEvent): void {
    const json = parseEvent(event.data)
    const shape = json === undefined ? null : this.#readShape(json, event.name)
    const waiting: Waiting = { event, pieces: [], isJson: json !== undefined, isChanged: false }
    const patch: Patch = (start, end, by) => {
      waiting.isChanged = true
      event.patch(start, end, by)
    }
    const reader = shape
      ? new JsonReader(this.#job, this.#place, 0, patch, this.#open(shape, waiting.pieces))
      : openText(this.#job, this.#place, 0, patch)
    reader.push(event.data)
    reader.end()
    this.#queue.push(waiting)
    for (const end of shape?.ends ?? []) this.#endTexts(end)
    this.#drain()
    while (event.end - (this.waiting ?? event.end) > this.#job.limits.held) this.#endFirst()
  }

  end(): void {
    this.#endTexts('')
    this.#drain()
  }

  #open(shape: EventShape, pieces: Piece[]): OpenString {
    return (path, patch) => {
      const name = shape.pieces.get(path.toExact())
      if (name === undefined) return null
      if (name === null) return new Unread()
      const text = this.#texts.get(name) ?? this.#begin(name, path.toString())
      return new PieceReader((said) => {
        text.rewriting.push(said)
        text.rewriting.settle()
        const piece = { text, said, end: text.rewriting.length, patch }
        text.last = piece
        pieces.push(piece)
      })
    }
  }

  #begin(name: string, path: string): Text {
    const place: Place = { path, key: '', kind: 'text', context: this.#job.scan.under('') }
    const rewriting = new Rewriting((patch) => openText(this.#job, place, 1, patch))
    const text: Text = { rewriting, last: null, isEnded: false }
    this.#texts.set(name, text)
    return text
  }

  #endTexts(prefix: string): void {
    for (const [name, text] of this.#texts) {
      if (!name.startsWith(prefix)) continue
      text.rewriting.end()
      text.isEnded = true
      this.#texts.delete(name)
    }
  }

  /** Too much waits behind it. */
  #endFirst(): void {
    for (const { text } of this.#queue[0]?.pieces ?? []) {
      if (!text.isEnded) text.rewriting.end()
      text.isEnded = true
      for (const [name, other] of this.#texts) if (other === text) this.#texts.delete(name)
    }
    this.#drain()
  }

  #drain(): void {
    for (;;) {
      const [first] = this.#queue
      if (!first?.pieces.every(isReady)) return
      this.#queue.shift()
      write(first)
    }
  }
}

/** Whether what it says cannot change any more, or a later one can say what is left. */
function isReady(piece: Piece): boolean {
  const { rewriting, last } = piece.text
  return rewriting.decided >= piece.end || last !== piece
}

function write({ event, pieces, isJson, isChanged }: Waiting): void {
  let isOther = isChanged
  for (const { text, said, end, patch } of pieces) {
    const now = Buffer.concat(text.rewriting.take(end))
    if (now.equals(said)) continue
    isOther = true
    patch(0, said.length, now)
  }
  if (isOther && isJson) removeRepeats(event)
  event.done()
}

/** Values that say again, in another form, what is not said any more. */
function removeRepeats({ data, patch }: StreamEvent): void {
  for (const path of findRepeats(data)) {
    const range = valueRange(data, path)
    if (range) patch(range.start, range.end, Buffer.from('null'))
  }
}

/** @returns undefined for what is no object of JSON */
function parseEvent(data: Buffer): unknown {
  if (data.toString('latin1', 0, 64).trimStart()[0] !== '{') return undefined
  try {
    return JSON.parse(data.toString('utf8'))
  } catch {
    return undefined
  }
}

/** One piece of a text, without its escapes. */
class PieceReader implements Reader {
  readonly #done: (said: Buffer) => void
  readonly #parts: Buffer[] = []
  readonly decided = 0

  constructor(done: (said: Buffer) => void) {
    this.#done = done
  }

  push(bytes: Buffer): void {
    this.#parts.push(Buffer.from(bytes))
  }

  settle(): void {}

  end(): void {
    this.#done(Buffer.concat(this.#parts))
  }
}
