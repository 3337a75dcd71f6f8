/** One server-sent event as it is written: what its data say, and where that stands. */

import type { StreamEvent } from './event-queue.ts'
import { Layer } from './layer.ts'
import { toOneLine } from './one-line.ts'
import { Patches } from './patches.ts'
import type { Job, Patch, Place } from './reader.ts'
import { readWhole } from './whole-text.ts'

const LF = 0x0a
const CR = 0x0d
const COLON = 0x3a
const BLANK = 0x20
const MARK = Buffer.of(0xef, 0xbb, 0xbf)
/** Where a longer one begins, the data is looked for each time. */
const MAX_HEAD = 256

/** Reads events. Most of them begin as the one before did. */
export class SseFraming {
  readonly #job: Job
  readonly #place: Place
  readonly #patch: Patch
  /** All before the data of an event with one line of data, the last one, in which nothing is to be replaced. */
  #head: Buffer | null = null
  #headName = ''

  constructor(job: Job, place: Place, patch: Patch) {
    this.#job = job
    this.#place = place
    this.#patch = patch
  }

  /** @param base position of the first byte of `bytes` */
  read(bytes: Buffer, start: number, end: number, base: number): StreamEvent {
    const head = this.#head
    const from = start + (head?.length ?? 0)
    const isSame = head && from < end && bytes.compare(head, 0, head.length, start, from) === 0
    const to = isSame ? lastLineEnd(bytes, from, end) : -1
    if (to >= 0) {
      const data = bytes.subarray(from, to)
      const layer = new Layer(base + from)
      return new SseEvent(base + start, base + end, this.#headName, data, layer, this.#patch)
    }
    return this.#parse(bytes.subarray(start, end), base + start)
  }

  #parse(bytes: Buffer, base: number): StreamEvent {
    const { name, data, layer, others, head } = parseSseEvent(bytes, base)
    const event = new SseEvent(base, base + bytes.length, name, data, layer, this.#patch)
    for (const { start, end } of others) {
      readWhole(this.#job, bytes, start, end, this.#place, base, event.patchRaw)
    }
    if (head > 0 && head <= MAX_HEAD && !event.isChanged && base > 0) {
      this.#head = Buffer.from(bytes.subarray(0, head))
      this.#headName = name
    }
    return event
  }
}

class SseEvent implements StreamEvent {
  readonly start: number
  readonly end: number
  readonly name: string
  readonly data: Buffer
  readonly #layer: Layer
  readonly #patch: Patch
  #patches: Patches | null = null

  constructor(start: number, end: number, name: string, data: Buffer, layer: Layer, patch: Patch) {
    this.start = start
    this.end = end
    this.name = name
    this.data = data
    this.#layer = layer
    this.#patch = patch
  }

  get isChanged(): boolean {
    return this.#patches !== null
  }

  patch(from: number, to: number, by: Buffer): void {
    this.patchRaw(this.#layer.toStart(from), this.#layer.toEnd(to), toOneLine(by))
  }

  /** In positions of the stream. */
  readonly patchRaw: Patch = (start, end, by) => {
    this.#patches ??= new Patches()
    this.#patches.add(start, end, by)
  }

  done(): void {
    this.#patches?.give(this.#patch)
  }
}

/** @returns where the line ends, if nothing but what ends lines is behind it; else -1 */
function lastLineEnd(bytes: Buffer, start: number, end: number): number {
  let at = end
  while (at > start && (bytes[at - 1] === LF || bytes[at - 1] === CR)) at--
  const feed = bytes.indexOf(LF, start)
  if (feed >= 0 && feed < at) return -1
  const back = bytes.subarray(start, at).indexOf(CR)
  return back >= 0 ? -1 : at
}

interface ParsedEvent {
  readonly name: string
  /** The lines of its data, joined. */
  readonly data: Buffer
  readonly layer: Layer
  /** All lines that are not data. */
  readonly others: readonly { readonly start: number; readonly end: number }[]
  /** Bytes before the data, where that is one line, and the last; else 0. */
  readonly head: number
}

/** @param base position of its first byte in the stream */
function parseSseEvent(bytes: Buffer, base: number): ParsedEvent {
  const layer = new Layer(base)
  const others: { start: number; end: number }[] = []
  const data: Buffer[] = []
  let name = ''
  let inner = 0
  let head = 0
  /** Position behind what of the event was made part of the data. */
  let outer = base
  const isMarked = base === 0 && bytes.subarray(0, 3).equals(MARK)
  for (let at = isMarked ? 3 : 0; at < bytes.length; ) {
    let end = at
    while (end < bytes.length && bytes[end] !== LF && bytes[end] !== CR) end++
    const field = parseField(bytes, at, end)
    if (field.name === 'data') {
      const start = base + field.value
      // The field's name stands for nothing, and between two lines all there is for a line feed.
      layer.add(inner, outer, data.length > 0 ? 1 : 0, start - outer)
      if (data.length > 0) {
        data.push(LINE_FEED)
        inner++
      }
      head = data.length === 0 ? field.value : 0
      data.push(bytes.subarray(field.value, end))
      inner += end - field.value
      outer = base + end
    } else if (end > at) {
      others.push({ start: at, end })
      head = 0
      if (field.name === 'event') name = bytes.toString('utf8', field.value, end)
    }
    at = end + 1
    if (bytes[end] === CR && bytes[at] === LF) at++
  }
  const all = data.length === 1 ? (data[0] as Buffer) : Buffer.concat(data)
  return { name, data: all, layer, others, head }
}

const LINE_FEED = Buffer.of(LF)

function parseField(bytes: Buffer, start: number, end: number): { name: string; value: number } {
  let colon = start
  while (colon < end && bytes[colon] !== COLON) colon++
  const name = bytes.toString('latin1', start, Math.min(colon, start + 8))
  // Without a colon it is the name, and the value is empty.
  if (colon === end) return { name, value: end }
  return { name, value: bytes[colon + 1] === BLANK ? colon + 2 : colon + 1 }
}
