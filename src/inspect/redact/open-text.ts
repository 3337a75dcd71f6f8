/** A text in another one: by how it begins, what it is read as. */

import { Base64Reader } from './base64.ts'
import { isBase64Text } from './base64-text.ts'
import { CodedText } from './coded-text.ts'
import type { Coding } from './coding.ts'
import { DataUrlReader } from './data-url.ts'
import { GraphQlReader, readGraphQl } from './graphql.ts'
import { JsonReader } from './json.ts'
import { JSON_CODING } from './json-coding.ts'
import { PERCENT_CODING } from './percent.ts'
import type { Job, Patch, Place, Reader } from './reader.ts'
import { TextReader } from './text.ts'
import { type Desk, giveBack, takeDesk } from './whole-text.ts'

/** Blanks before it that are kept; more are passed by. */
const MAX_BLANKS = 64
/** The mark of order in UTF-8, with which JSON may begin as well (RFC 8259 section 8.1). */
const MARK = [0xef, 0xbb, 0xbf] as const
/** Of a text that begins with a quote, behind so few blanks, so much is waited for: together less than of blanks. */
const MAX_INDENT = 8
const MAX_QUOTED = 48
const NOTHING = Buffer.alloc(0)
const DATA = 'data:'
const URLS = ['http://', 'https://'] as const
/** How what stands in place of something was written there is not known: it may be a text that begins with a URL. */
const URL_CODING: Coding = { ...PERCENT_CODING, write: (text) => text }
/** Under this name documents of GraphQL stand, in JSON and in forms. */
const QUERY = 'query'
/** The first bytes of one: blanks, a comment, the mark of order, `{`, and letters of `query`, `mutation`, `subscription`, `fragment`. */
const BEGINS_DOCUMENT = new Uint8Array(256)
for (const byte of Buffer.from(' \t\r\n,#\xef{qmsf', 'latin1')) BEGINS_DOCUMENT[byte] = 1

/** @param depth texts that this one is in */
export function openText(job: Job, place: Place, depth: number, patch: Patch): Reader {
  if (depth > 0 && place.key === QUERY) return new GraphQlReader(job, place, depth, patch)
  return openPlainText(job, place, depth, patch)
}

/** The same for what is no document of GraphQL. */
export function openPlainText(job: Job, place: Place, depth: number, patch: Patch): Reader {
  return new Opening(job, place, depth, patch, false)
}

/** The same for one of those that grow side by side, of which none is to be kept as a whole. */
export function openGrowingText(job: Job, place: Place, depth: number, patch: Patch): Reader {
  return new Opening(job, place, depth, patch, true)
}

/**
 * Reads a text that is all there: as `openText` does, without what a text in pieces needs.
 * @param base position of the first byte of `bytes`  @param coding how a text is written there; null for as it is
 * @param isPlain whether nothing of this one is written otherwise
 * @returns whether there may be anything in it, also where that stays
 */
export function readText(
  job: Job,
  bytes: Buffer,
  start: number,
  end: number,
  place: Place,
  depth: number,
  base: number,
  patch: Patch,
  coding: Coding | null,
  isPlain = coding === null,
): boolean {
  if (start === end) return false
  const desk = takeDesk()
  try {
    desk.lay(bytes, start, end, coding, isPlain)
    const { bytes: text, size } = desk
    const mayBeQuery = BEGINS_DOCUMENT[text[0] as number] === 1 && depth > 0 && place.key === QUERY
    const kind = kindAt(text, size, true)
    const isPlainUrl = kind === 'url' && !text.subarray(0, size).includes(PERCENT_CODING.lead)
    const isText = kind === 'text' || kind === null || isPlainUrl
    if (mayBeQuery && readQuery(job, desk, place, depth, base, patch)) return true
    if (isText) return desk.look(job, place, base, patch)
    readKind(job, kind, desk, place, depth, base, patch)
    return true
  } finally {
    giveBack(desk)
  }
}

/** A document of GraphQL that lies on a desk. @returns whether it is one */
function readQuery(
  job: Job,
  desk: Desk,
  place: Place,
  depth: number,
  base: number,
  patch: Patch,
): boolean {
  return readGraphQl(job, desk.bytes, 0, desk.size, place, depth, 0, (from, to, by) =>
    desk.replace(from, to, by, base, patch),
  )
}

/** What more than text lies on a desk. */
function readKind(
  job: Job,
  kind: Special,
  desk: Desk,
  place: Place,
  depth: number,
  base: number,
  patch: Patch,
): void {
  const reader = openKind(job, kind, place, depth, (from, to, by) =>
    desk.replace(from, to, by, base, patch),
  )
  reader.push(desk.bytes.subarray(0, desk.size))
  reader.end()
}

type Special = 'json' | 'data' | 'url' | 'base64' | 'text' | null

/** @param mayWait for more of its beginning  @returns null when that cannot be told yet */
function kindAt(bytes: Buffer, end: number, isEnd: boolean, mayWait = true): Special {
  const start = beginning(bytes, end)
  if (start === end) return null
  const byte = bytes[start] as number
  if (byte === 0x7b || byte === 0x5b) return 'json'
  if (byte === 0x22 && mayWait && start < MAX_INDENT) return quotedKind(bytes, start, end, isEnd)
  if (byte === 0x22) return 'json'
  if (byte === MARK[0] && start === 0 && end < MARK.length) return null
  // The name of a scheme is the same in upper case (RFC 3986 section 3.1).
  if (start > 0) return 'text'
  if ((byte | 0x20) === DATA.charCodeAt(0)) {
    const shown = bytes.toString('latin1', 0, Math.min(end, DATA.length)).toLowerCase()
    if (shown === DATA) return 'data'
    if (DATA.startsWith(shown) && !isEnd) return null
  }
  if (
    (byte | 0x20) === URLS[0].charCodeAt(0) &&
    (end === 1 || bytes[1] === URLS[0].charCodeAt(1))
  ) {
    const shown = bytes.toString('latin1', 0, Math.min(end, URLS[1].length))
    if (URLS.some((scheme) => shown.startsWith(scheme))) return 'url'
    if (URLS.some((scheme) => scheme.startsWith(shown)) && !isEnd) return null
  }
  const isBase64 = mayWait && isBase64Text(bytes, end, isEnd)
  return isBase64 === null ? null : isBase64 ? 'base64' : 'text'
}

/** A string of JSON, or `"name": "value"`, a line of an object: as a text the name leads to its value. */
function quotedKind(bytes: Buffer, start: number, end: number, isEnd: boolean): Special {
  const bound = Math.min(end, start + MAX_QUOTED)
  const isAll = end < start + MAX_QUOTED && !isEnd
  let at = start + 1
  while (at < bound && bytes[at] !== 0x22 && bytes[at] !== 0x5c) at++
  if (at === bound) return isAll ? null : 'json'
  if (bytes[at] === 0x5c) return 'json'
  at++
  while (at < bound && (bytes[at] === 0x20 || bytes[at] === 0x09)) at++
  if (at === bound) return isAll ? null : 'json'
  return bytes[at] === 0x3a ? 'text' : 'json'
}

/** @returns behind the mark of order and blanks */
function beginning(bytes: Buffer, end: number): number {
  let at = isMarked(bytes, end) ? MARK.length : 0
  for (; at < end; at++) {
    const byte = bytes[at] as number
    if (byte !== 0x20 && (byte < 0x09 || byte > 0x0d)) break
  }
  return at
}

function isMarked(bytes: Buffer, end: number): boolean {
  return end >= MARK.length && MARK.every((byte, i) => bytes[i] === byte)
}

function openKind(job: Job, kind: Special, place: Place, depth: number, patch: Patch): Reader {
  const isTooDeep = depth > job.limits.depth
  if (kind === null || kind === 'text' || (kind !== 'json' && isTooDeep)) {
    return new TextReader(job, place, patch)
  }
  if (kind === 'url') {
    return new CodedText(URL_CODING, 0, patch, (inner) => new TextReader(job, place, inner))
  }
  if (kind === 'base64') {
    const guess = { contentType: null, isGuess: true }
    return new Base64Reader(job, place, depth + 1, patch, guess)
  }
  if (kind === 'data') return new DataUrlReader(job, place, depth, patch)
  if (!isTooDeep) return new JsonReader(job, place, depth, patch)
  return new CodedText(JSON_CODING, 0, patch, (inner) => new TextReader(job, place, inner))
}

/** Waits for the first byte that says something. */
class Opening implements Reader {
  readonly #job: Job
  readonly #place: Place
  readonly #depth: number
  readonly #patch: Patch
  readonly #grows: boolean
  #bytes: Buffer = NOTHING
  /** Blanks that were passed by. */
  #base = 0
  #reader: Reader | null = null

  constructor(job: Job, place: Place, depth: number, patch: Patch, grows: boolean) {
    this.#job = job
    this.#place = place
    this.#depth = depth
    this.#patch = patch
    this.#grows = grows
  }

  get decided(): number {
    return this.#base + (this.#reader?.decided ?? 0)
  }

  push(bytes: Buffer): void {
    if (this.#reader) return this.#reader.push(bytes)
    const all = this.#bytes.length > 0 ? Buffer.concat([this.#bytes, bytes]) : bytes
    const kind = this.#kindOf(all, false)
    if (kind !== null) this.#open(kind, all)
    else if (all.length < MAX_BLANKS) this.#bytes = Buffer.from(all)
    else {
      this.#bytes = NOTHING
      this.#base += all.length
    }
  }

  settle(): void {
    this.#reader?.settle()
  }

  end(): void {
    if (!this.#reader) this.#open(this.#kindOf(this.#bytes, true), this.#bytes)
    this.#reader?.end()
  }

  #kindOf(bytes: Buffer, isEnd: boolean): Special {
    // Blanks that were passed by are none of it.
    return kindAt(bytes, bytes.length, isEnd, !this.#grows && this.#base === 0)
  }

  #open(kind: Special, bytes: Buffer): void {
    this.#bytes = NOTHING
    const base = this.#base
    const patch: Patch =
      base === 0 ? this.#patch : (start, end, by) => this.#patch(base + start, base + end, by)
    this.#reader = openKind(this.#job, kind, this.#place, this.#depth, patch)
    this.#reader.push(bytes)
  }
}
