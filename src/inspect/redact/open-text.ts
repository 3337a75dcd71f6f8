/** A text in another one: by how it begins, what it is read as. */

import { DataUrlReader } from './data-url.ts'
import { JsonReader } from './json.ts'
import { JsonText } from './json-text.ts'
import type { Job, Patch, Place, Reader } from './reader.ts'
import { TextReader } from './text.ts'

/** Blanks before it that are skipped. */
const MAX_BLANKS = 64
const NOTHING = Buffer.alloc(0)
const DATA = Buffer.from('data:')

/** @returns whether a whole text may be something else than text */
export function isSpecial(bytes: Buffer, start: number, end: number): boolean {
  return start < end && kindAt(bytes, start, Math.min(end, start + MAX_BLANKS)) !== 'text'
}

/** @param depth texts that this one is in */
export function openText(job: Job, place: Place, depth: number, patch: Patch): Reader {
  return new Opening(job, place, depth, patch)
}

type Special = 'json' | 'data' | 'text' | null

/** @returns null when that cannot be told yet */
function kindAt(bytes: Buffer, start: number, end: number): Special {
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    if (byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)) continue
    if (byte === 0x7b || byte === 0x5b || byte === 0x22) return 'json'
    if (byte !== DATA[0] || at > start) return 'text'
    const shown = bytes.subarray(at, Math.min(end, at + DATA.length))
    if (!shown.equals(DATA.subarray(0, shown.length))) return 'text'
    return shown.length === DATA.length ? 'data' : null
  }
  return null
}

/** Waits for the first byte that says something. */
class Opening implements Reader {
  readonly #open: (kind: Special) => Reader
  #bytes: Buffer = NOTHING
  #reader: Reader | null = null

  constructor(job: Job, place: Place, depth: number, patch: Patch) {
    this.#open = (kind) => {
      if (kind === 'data') return new DataUrlReader(job, place, depth, patch)
      if (kind !== 'json') return new TextReader(job, place, patch)
      if (depth <= job.limits.depth) return new JsonReader(job, place, depth, patch)
      return new JsonText(0, false, patch, (inner) => new TextReader(job, place, inner))
    }
  }

  get decided(): number {
    return this.#reader?.decided ?? 0
  }

  push(bytes: Buffer): void {
    if (this.#reader) return this.#reader.push(bytes)
    const all = this.#bytes.length > 0 ? Buffer.concat([this.#bytes, bytes]) : bytes
    const kind = kindAt(all, 0, Math.min(all.length, MAX_BLANKS))
    if (kind === null && all.length < MAX_BLANKS) {
      this.#bytes = Buffer.from(all)
      return
    }
    this.#reader = this.#open(kind)
    this.#reader.push(all)
  }

  settle(): void {
    this.#reader?.settle()
  }

  end(): void {
    if (!this.#reader) {
      this.#reader = this.#open(null)
      this.#reader.push(this.#bytes)
    }
    this.#reader.end()
  }
}
