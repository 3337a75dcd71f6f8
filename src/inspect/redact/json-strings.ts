/** Strings of a JSON text: where they end, and by whom they are read. */

import { CodedText } from './coded-text.ts'
import { JSON_CODING } from './json-coding.ts'
import type { JsonPath } from './json-path.ts'
import { opaqueKind, openOpaque } from './llm/opaque.ts'
import { openText, readText } from './open-text.ts'
import { MAX_NAME } from './pair.ts'
import type { Job, Patch, Place, Reader } from './reader.ts'
import type { SignedTexts } from './signed-texts.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
/** How far bytes are looked at one by one: beyond that it pays to call for help. */
const NEAR = 48
const NOTHING = Buffer.alloc(0)

/** For those who know more of an API: how a string is read; null for as any other. */
export type OpenString = (path: JsonPath) => ((patch: Patch) => Reader) | null

export class JsonStrings {
  readonly #job: Job
  readonly #path: JsonPath
  readonly #depth: number
  readonly #patch: Patch
  readonly #signed: SignedTexts
  readonly #openString: OpenString | null
  #bytes: Buffer = NOTHING
  #base = 0
  /** Where the next backslash is, if it is not before what is read. */
  #backslash = -1
  /** Of the string whose end was looked for last. */
  isEscaped = false
  /** A string whose end has not come, or that is read by who knows the API. */
  opened: CodedText | null = null

  /** @param depth texts that the JSON is in */
  constructor(
    job: Job,
    path: JsonPath,
    depth: number,
    signed: SignedTexts,
    openString: OpenString | null,
  ) {
    this.#job = job
    this.#path = path
    this.#depth = depth
    this.#patch = signed.patch
    this.#signed = signed
    this.#openString = openString
  }

  /** @param base position of the first byte */
  begin(bytes: Buffer, base: number): void {
    this.#bytes = bytes
    this.#base = base
    this.#backslash = -1
  }

  /** @returns where the quote is that ends a string; -1 when that has not come */
  endFrom(start: number): number {
    const bytes = this.#bytes
    let at = start
    this.isEscaped = false
    for (const near = Math.min(bytes.length, start + NEAR); at < near; at++) {
      const byte = bytes[at]
      if (byte === QUOTE) return at
      if (byte === BACKSLASH) return this.#endBehind(at)
    }
    const quote = bytes.indexOf(QUOTE, at)
    if (quote < 0) return -1
    if (this.#backslash < at) {
      const next = bytes.indexOf(BACKSLASH, at)
      this.#backslash = next < 0 ? bytes.length : next
    }
    return this.#backslash < quote ? this.#endBehind(this.#backslash) : quote
  }

  #endBehind(backslash: number): number {
    const bytes = this.#bytes
    this.isEscaped = true
    for (let at = backslash; at < bytes.length; at++) {
      const byte = bytes[at]
      if (byte === QUOTE) return at
      if (byte === BACKSLASH) at++
    }
    return -1
  }

  /** Reads a string that is all there. @returns whether there may be anything in it */
  read(start: number, end: number, place: Place, patch = this.#patch): boolean {
    return readText(
      this.#job,
      this.#bytes,
      start,
      end,
      place,
      this.#depth + 1,
      this.#base,
      patch,
      JSON_CODING,
      !this.isEscaped,
    )
  }

  /**
   * Reads a value that is all there, or sets who reads it.
   * @param mayBeOpaque see `llm/opaque`
   * @returns where its quote is; -1 when `opened` reads it
   */
  readValue(start: number, mayBeOpaque: boolean): number {
    const path = this.#path
    const known = this.#openString?.(path) ?? null
    const kind =
      !known && mayBeOpaque && this.#depth === 0 ? opaqueKind(path, this.#job.sealed) : null
    const end = known ? -1 : this.endFrom(start)
    if (end >= 0 && kind === null) {
      this.read(start, end, path.text)
      if (path.isName && !this.isEscaped && end - start <= MAX_NAME)
        path.setName(this.#bytes.toString('utf8', start, end))
      return end
    }
    this.#openValue(start, known, kind)
    return -1
  }

  #openValue(
    start: number,
    known: ReturnType<OpenString>,
    kind: ReturnType<typeof opaqueKind>,
  ): void {
    const path = this.#path
    const depth = this.#depth + 1
    const begin = () => this.#signed.begin(this.#base + start, path.depth)
    this.opened = this.#open(start, (patch) => {
      if (known) return known(patch)
      if (kind) return openOpaque(kind, this.#job, path, depth, patch, begin)
      return openText(this.#job, path.text, depth, patch)
    })
  }

  openKey(start: number): void {
    this.opened = this.#open(start, (patch) =>
      openText(this.#job, this.#path.name, this.#depth + 1, patch),
    )
  }

  #open(start: number, open: (patch: Patch) => Reader): CodedText {
    return new CodedText(JSON_CODING, this.#base + start, this.#patch, open)
  }
}
