/** A body, or a part of one: by its declared type and by how it begins, what it is read as. */

import { isSealed, parseContentType } from './content-type.ts'
import { CsvReader } from './csv.ts'
import { EnvelopedReader, envelopeOf } from './enveloped.ts'
import { EventQueue } from './event-queue.ts'
import { EventStreamReader } from './event-stream.ts'
import { Findings, type UnscannableReason } from './findings.ts'
import { FormReader } from './form.ts'
import { GraphQlReader } from './graphql.ts'
import { openJson } from './json-chunks.ts'
import { LineReader } from './lines.ts'
import { readModelEvent } from './llm/read-shape.ts'
import { MarkupReader } from './markup.ts'
import { MultipartReader } from './multipart.ts'
import { openText, readText } from './open-text.ts'
import { ProtobufReader } from './protobuf.ts'
import type { Job, Patch, Place, Reader } from './reader.ts'
import {
  isBinary,
  isForm,
  isMarkup,
  isNoText,
  SNIFFED,
  SNIFFED_OF_TEXT,
  TextCheck,
} from './sniff.ts'
import { SseReader } from './sse.ts'
import { Unread } from './unread.ts'

const JSON_TYPE = /^(?:application|text)\/(?:[^/]*\+)?json$/
const LINES_TYPE =
  /^(?:application|text)\/(?:x-)?(?:ndjson|jsonl|jsonlines|json-lines|json-seq|stream\+json)$/
const TEXT_TYPE = /^text\/|[/+](?:xml|yaml|x-yaml|graphql|javascript|ecmascript|x-sh|sql|toml)$/
const CSV_TYPE = /^(?:text|application)\/(?:csv|tab-separated-values|tsv|vnd\.ms-excel\.csv)$/
const FRAMES_TYPE = /^application\/vnd\.amazon\.eventstream$/
const PROTOBUF_TYPE =
  /^application\/(?:x-protobuf|protobuf|proto|x-google-protobuf|vnd\.google\.protobuf)$/
/** Messages in envelopes, also of a form that is not known. */
const ENVELOPED_TYPE = /^application\/(?:grpc|connect\b)/
const MARKUP_TYPE = /^text\/html$|[/+]xml$/

/** Character sets in which ASCII is ASCII, and nothing else is. */
const ASCII_LIKE =
  /^(?:utf-?8|us-ascii|ascii|latin-?1|iso[-_]?8859-\d{1,2}|windows-125\d|cp125\d)$/i

/** Whether bytes of zero say nothing about how text is written in it. */
export function isFramed(type: string): boolean {
  return FRAMES_TYPE.test(type) || ENVELOPED_TYPE.test(type) || PROTOBUF_TYPE.test(type)
}

export function openBody(job: Job, contentType: string | null, patch: Patch): Reader {
  const place: Place = { path: 'body', key: '', kind: 'text', context: job.scan.under('') }
  return openPart(job, contentType, place, 0, patch)
}

/** @param depth bodies that it is in */
export function openPart(
  job: Job,
  contentType: string | null,
  place: Place,
  depth: number,
  patch: Patch,
): Reader {
  const { type, param } = parseContentType(contentType)
  if (isSealed(type)) {
    job.findings.addUnscannable('sealed', place.path)
    return new Unread()
  }
  const charset = param('charset')
  if (charset !== null && !ASCII_LIKE.test(charset)) {
    return openUnread(job, 'charset', place)
  }
  if (FRAMES_TYPE.test(type)) {
    return new EventStreamReader(job, place, patch, new EventQueue(job, place, readModelEvent))
  }
  const envelope = envelopeOf(type)
  if (envelope) return new EnvelopedReader(job, place, patch, envelope)
  if (ENVELOPED_TYPE.test(type)) return openUnread(job, 'binary', place)
  if (PROTOBUF_TYPE.test(type)) return new ProtobufReader(job, place, patch)
  if (type.startsWith('multipart/')) return openParts(job, param('boundary'), place, depth, patch)
  const open = readerOf(job, type, place, depth, patch)
  const isText = open !== null || TEXT_TYPE.test(type) || (type === '' && depth > 0)
  const onNoText = () => job.findings.addUnscannable('binary', place.path)
  const check = new TextCheck(JSON_TYPE.test(type))
  return new Sniffing(isText ? SNIFFED_OF_TEXT : SNIFFED, check, onNoText, (bytes) => {
    if (isText ? isNoText(bytes) : isBinary(bytes)) return openUnread(job, 'binary', place)
    if (open) return open()
    if (MARKUP_TYPE.test(type) || isMarkup(bytes)) return new MarkupReader(job, place, patch)
    if (!isText && isForm(bytes)) return new FormReader(job, place, patch)
    return openText(job, place, depth, patch)
  })
}

/** Of a text of which its type says the form; null for all others. */
function readerOf(
  job: Job,
  type: string,
  place: Place,
  depth: number,
  patch: Patch,
): (() => Reader) | null {
  const queue = () => new EventQueue(job, place, readModelEvent)
  if (JSON_TYPE.test(type)) return () => openJson(job, place, depth, patch)
  if (type === 'text/event-stream') return () => new SseReader(job, place, patch, queue())
  if (LINES_TYPE.test(type)) return () => new LineReader(job, place, patch, queue())
  if (type === 'application/graphql') return () => new GraphQlReader(job, place, depth, patch)
  if (CSV_TYPE.test(type)) return () => new CsvReader(job, place, patch)
  if (type === 'application/x-www-form-urlencoded') return () => new FormReader(job, place, patch)
  return null
}

function openParts(
  job: Job,
  boundary: string | null,
  place: Place,
  depth: number,
  patch: Patch,
): Reader {
  const isUsable = boundary && boundary.length <= 200 && depth < job.limits.depth
  if (isUsable && !isData(job, boundary, place)) {
    return new MultipartReader(job, place, boundary, depth, patch)
  }
  return openUnread(job, 'malformed', place)
}

/** Whether there is something in a text that cannot be another one. */
function isData(job: Job, text: string, place: Place): boolean {
  const findings = new Findings()
  const bytes = Buffer.from(text)
  readText({ ...job, findings }, bytes, 0, bytes.length, place, 1, 0, () => {}, null)
  return !findings.isEmpty
}

function openUnread(job: Job, reason: UnscannableReason, place: Place): Reader {
  job.findings.addUnscannable(reason, place.path)
  return new Unread()
}

const NOTHING = Buffer.alloc(0)

/** Waits for so many bytes before it is told what it is. */
class Sniffing implements Reader {
  readonly #size: number
  readonly #onNoText: () => void
  readonly #open: (bytes: Buffer) => Reader
  #bytes: Buffer = NOTHING
  #reader: Reader | null = null
  #check: TextCheck | null

  /** @param onNoText called once, where what it was told turns out to be wrong */
  constructor(
    size: number,
    check: TextCheck,
    onNoText: () => void,
    open: (bytes: Buffer) => Reader,
  ) {
    this.#size = size
    this.#check = check
    this.#onNoText = onNoText
    this.#open = open
  }

  get decided(): number {
    return this.#reader?.decided ?? 0
  }

  push(bytes: Buffer): void {
    if (this.#reader) return this.#read(this.#reader, bytes)
    const all = this.#bytes.length > 0 ? Buffer.concat([this.#bytes, bytes]) : bytes
    if (all.length < this.#size) this.#bytes = Buffer.from(all)
    else this.#begin(all)
  }

  settle(): void {
    this.#reader?.settle()
  }

  end(): void {
    if (!this.#reader) this.#begin(this.#bytes)
    if (this.#check?.end()) this.#onNoText()
    this.#reader?.end()
  }

  #begin(bytes: Buffer): void {
    this.#reader = this.#open(bytes.subarray(0, this.#size))
    // That was said already.
    if (this.#reader instanceof Unread) this.#check = null
    if (bytes.length > 0) this.#read(this.#reader, bytes)
  }

  #read(reader: Reader, bytes: Buffer): void {
    if (this.#check?.push(bytes)) {
      this.#onNoText()
      this.#check = null
    }
    reader.push(bytes)
  }
}
