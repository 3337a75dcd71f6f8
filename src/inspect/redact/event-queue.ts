/**
 * Events of a stream, in their order. Texts that come in pieces, one in each event, are read as one: an event waits for the next piece of
 * its text while that may change what it says, and never longer. What moved on is said by the next piece.
 *
 * INVARIANT: at most one event of each text waits, with those behind it; all that was said is said, or replaced, by the end.
 */

import { decode } from './coding.ts'
import type { EventForm, Slot } from './event-form.ts'
import { EventForms } from './event-forms.ts'
import { EventTexts, type Piece } from './event-texts.ts'
import { JsonReader } from './json.ts'
import { escapeJson, JSON_CODING } from './json-coding.ts'
import { replaceNumber } from './json-scalar.ts'
import type { OpenString } from './json-strings.ts'
import { learnForm } from './learn-form.ts'
import { readText } from './open-text.ts'
import type { Job, Patch, Place, Reader } from './reader.ts'
import { findRepeats } from './repeats.ts'
import { Unread } from './unread.ts'
import { valueRange } from './value-range.ts'

/** What an event is about, for those who know the API. */
export interface EventShape {
  /** Strings that are pieces of a text, by the path that leads there: which text. */
  readonly pieces: ReadonlyMap<string, string>
  /** Paths of those that are sealed: see `Sealed`. */
  readonly sealed: ReadonlySet<string>
  /** Texts that end with it, by how their names begin. */
  readonly ends: readonly string[]
}

/** Of a piece nothing counts but that it is a string. @returns null for an event that has no pieces */
export type ReadShape = (event: unknown, name: string) => EventShape | null

/** An event as it lies in the stream. */
export interface StreamEvent {
  readonly start: number
  readonly end: number
  /** Its name where the framing has one. */
  readonly name: string
  readonly data: Buffer
  /** In positions of the data. */
  patch(start: number, end: number, by: Buffer): void
  /** Nothing of it changes any more. */
  done(): void
}

interface Waiting {
  readonly event: StreamEvent
  readonly pieces: readonly Piece[]
  /** Texts that end with it. */
  readonly ends: readonly string[]
  readonly isJson: boolean
  readonly isChanged: boolean
}

/** A larger event has no form. */
const MAX_FORM = 4096
const NOTHING: readonly string[] = []

export class EventQueue {
  readonly #job: Job
  readonly #place: Place
  readonly #readShape: ReadShape
  readonly #queue: Waiting[] = []
  readonly #texts: EventTexts
  readonly #forms = new EventForms()

  constructor(job: Job, place: Place, readShape: ReadShape) {
    this.#job = job
    this.#place = place
    this.#readShape = readShape
    this.#texts = new EventTexts(job)
  }

  /** Where the first event begins that waits; null for none. */
  get waiting(): number | null {
    return this.#queue[0]?.event.start ?? null
  }

  add(event: StreamEvent): void {
    const form = this.#forms.find(event.data, event.name)
    const waiting = form ? this.#readAs(form, event) : this.#read(event)
    if (this.#queue.length === 0 && waiting.pieces.length === 0 && waiting.ends.length === 0) {
      return write(waiting)
    }
    this.#queue.push(waiting)
    for (const end of waiting.ends) this.#texts.end(end)
    this.#drain()
    while (event.end - (this.waiting ?? event.end) > this.#job.limits.held) this.#endFirst()
  }

  end(): void {
    this.#texts.end('')
    this.#drain()
  }

  #read(event: StreamEvent): Waiting {
    const { data, name } = event
    const json = parseEvent(data)
    const shape = json === undefined ? null : this.#readShape(json, name)
    const pieces: Piece[] = []
    let isChanged = false
    const patch: Patch = (start, end, by) => {
      isChanged = true
      event.patch(start, end, by)
    }
    if (shape) {
      const open = this.#open(shape, pieces)
      const reader = new JsonReader(this.#job, this.#place, 0, patch, open)
      reader.push(data)
      reader.end()
    } else readText(this.#job, data, 0, data.length, this.#place, 0, 0, patch, null)
    if (json !== undefined && !isChanged && data.length <= MAX_FORM && this.#forms.wants(data)) {
      const form = learnForm(this.#job, this.#place, data, name, json, shape, this.#readShape)
      this.#forms.add(form)
    }
    return { event, pieces, ends: shape?.ends ?? NOTHING, isJson: json !== undefined, isChanged }
  }

  #open(shape: EventShape, pieces: Piece[]): OpenString {
    return (path) => {
      const exact = path.toExact()
      if (isLeft(this.#job, shape, exact)) return () => new Unread()
      const name = shape.pieces.get(exact)
      if (name === undefined) return null
      const text = this.#texts.get(name, () => path.toString())
      return (patch) =>
        new PieceReader((said) => {
          pieces.push(text.add(said, (now) => patch(0, said.length, now)))
        })
    }
  }

  /** An event whose form is known: only its values are read. */
  #readAs(form: EventForm, event: StreamEvent): Waiting {
    const { slots, starts, ends, escaped, shape } = form
    const pieces: Piece[] = []
    let isChanged = false
    const patch: Patch = (start, end, by) => {
      isChanged = true
      event.patch(start, end, by)
    }
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i] as Slot
      const start = starts[i] as number
      const end = ends[i] as number
      const isEscaped = escaped[i] === 1
      if (slot.text === undefined) this.#look(event.data, start, end, slot.place, isEscaped, patch)
      else if (slot.text !== null) {
        const text = this.#texts.get(slot.text, () => slot.place.path)
        const said = toText(event.data, start, end, isEscaped)
        pieces.push(text.add(said, (now) => event.patch(start, end, escapeJson(now))))
      }
    }
    return { event, pieces, ends: shape?.ends ?? NOTHING, isJson: true, isChanged }
  }

  #look(
    data: Buffer,
    start: number,
    end: number,
    place: Place,
    isEscaped: boolean,
    patch: Patch,
  ): void {
    if (place.kind === 'number') {
      const by = replaceNumber(this.#job, data, start, end, place)
      if (by) patch(start, end, by)
      return
    }
    readText(this.#job, data, start, end, place, 1, 0, patch, JSON_CODING, !isEscaped)
  }

  /** Too much waits behind it. */
  #endFirst(): void {
    for (const { text } of this.#queue[0]?.pieces ?? []) this.#texts.endOne(text)
    this.#drain()
  }

  #drain(): void {
    for (;;) {
      const [first] = this.#queue
      if (!first?.pieces.every((piece) => piece.text.isReady(piece))) return
      this.#queue.shift()
      write(first)
    }
  }
}

function write({ event, pieces, isJson, isChanged }: Waiting): void {
  let isOther = isChanged
  for (const piece of pieces) if (piece.text.write(piece)) isOther = true
  if (isOther && isJson) removeRepeats(event)
  event.done()
}

/** Whether nobody reads it. */
export function isLeft({ sealed }: Job, shape: EventShape, path: string): boolean {
  return sealed === 'left-in-answers' && shape.sealed.has(path)
}

/** Values that say again, in another form, what is not said any more. */
function removeRepeats(event: StreamEvent): void {
  for (const path of findRepeats(event.data)) {
    const range = valueRange(event.data, path)
    if (range) event.patch(range.start, range.end, Buffer.from('null'))
  }
}

/** @returns undefined for what is no object of JSON */
function parseEvent(data: Buffer): unknown {
  let at = 0
  while (at < data.length && (data[at] as number) <= 0x20) at++
  if (data[at] !== OPEN) return undefined
  try {
    return JSON.parse(data.toString('utf8'))
  } catch {
    return undefined
  }
}

const OPEN = 0x7b

/** What a string says, in memory of its own. */
function toText(data: Buffer, start: number, end: number, isEscaped: boolean): Buffer {
  const text = Buffer.from(data.subarray(start, end))
  return isEscaped ? text.subarray(0, decode(JSON_CODING, data, start, end, text)) : text
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
