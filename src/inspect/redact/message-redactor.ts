/**
 * Messages that come one after another, each of them whole, as those of one direction of a WebSocket: none is broken, and none joined to
 * another. One may wait for the next where a text goes over several of them: see `event-queue`.
 */

import type { Redaction } from '../../model/finding.ts'
import type { Scanner } from '../scan/scanner.ts'
import { EventQueue, type EventShape, type ReadShape } from './event-queue.ts'
import { Findings, type Unscannable, type UnscannableReason } from './findings.ts'
import { readModelEvent } from './llm/read-shape.ts'
import { readText } from './open-text.ts'
import { Patches } from './patches.ts'
import { type Job, type Place, REDACT_LIMITS, type Replace, type Sealed } from './reader.ts'
import { isBinary, SNIFFED } from './sniff.ts'

export interface WholeMessage {
  /** Whether it says of itself that it is a text; then it is UTF-8. */
  readonly isText: boolean
  /** Kept while it waits. */
  readonly bytes: Buffer
}

export interface MessageRedactor {
  /** @returns what can go on, in order */
  push(message: WholeMessage): readonly WholeMessage[]
  /** A text by itself that is no message. @returns what goes on of it; the very same where that is all */
  beside(said: Buffer): Buffer
  /** That was all. @returns the rest */
  end(): readonly WholeMessage[]
  /** Bytes of messages that wait. */
  readonly held: number
  readonly findings: Omit<Redaction, 'direction'>[]
  /** Grows before the messages it is about are returned. */
  readonly unscannable: readonly Unscannable[]
}

export interface MessageRedactorOptions {
  readonly scan: Scanner
  readonly replace: Replace
  /** `read` where it is left out. */
  readonly sealed?: Sealed
}

/** Bytes of messages that wait, of one connection: there may be many. */
const HELD = 1024 * 1024
/** What Socket.IO, Engine.IO and SockJS write before their JSON: kinds, a namespace, the number of an answer. */
const FRAMING = /^(?:[a-z]|\d{1,4}-?(?:\/[A-Za-z/_-]{0,64},)?\d{0,4})(?=[[{])/
const MAX_FRAMING = 96

/**
 * A WebSocket stays open when all was said, and how that is said nobody knows of a protocol that nobody knows: there whatever is no piece of
 * a text ends all of them, or else the last piece would wait for ever.
 */
const ENDS_UNKNOWN: EventShape = {
  pieces: new Map(),
  sealed: new Set(),
  ends: ['delta/', 'token/'],
}
const readMessage: ReadShape = (event, name) => readModelEvent(event, name) ?? ENDS_UNKNOWN

export function createMessageRedactor(options: MessageRedactorOptions): MessageRedactor {
  const findings = new Findings()
  const { scan, replace, sealed = 'read' } = options
  const limits = { ...REDACT_LIMITS, held: HELD }
  const job: Job = { scan, replace, findings, sealed, limits }
  const messages = new Messages(job)
  return {
    push: (message) => messages.push(message),
    beside: (said) => messages.beside(said),
    end: () => messages.end(),
    get held() {
      return messages.held
    },
    get findings() {
      return findings.toList()
    },
    get unscannable() {
      return findings.unscannable
    },
  }
}

class Messages {
  readonly #job: Job
  readonly #place: Place
  readonly #queue: EventQueue
  /** Position behind all that came, as if it were one stream. */
  #end = 0
  #ready: WholeMessage[] = []

  constructor(job: Job) {
    this.#job = job
    this.#place = { path: 'body', key: '', kind: 'text', context: job.scan.under('') }
    this.#queue = new EventQueue(job, this.#place, readMessage)
  }

  get held(): number {
    return this.#end - (this.#queue.waiting ?? this.#end)
  }

  push(message: WholeMessage): readonly WholeMessage[] {
    const { isText, bytes } = message
    const unread = this.#whyUnread(message)
    if (unread) this.#job.findings.addUnscannable(unread, this.#place.path)
    const skipped = unread ? bytes.length : framingOf(message)
    const patches = new Patches()
    const start = this.#end
    this.#end += bytes.length
    this.#queue.add({
      start,
      end: this.#end,
      name: '',
      data: bytes.subarray(skipped),
      patch: (from, to, by) => patches.add(skipped + from, skipped + to, by),
      done: () => {
        this.#ready.push(patches.isEmpty ? message : { isText, bytes: patches.apply(bytes) })
      },
    })
    return this.#take()
  }

  beside(said: Buffer): Buffer {
    const patches = new Patches()
    readText(this.#job, said, 0, said.length, this.#place, 0, 0, patches.add, null)
    return patches.isEmpty ? said : patches.apply(said)
  }

  end(): readonly WholeMessage[] {
    this.#queue.end()
    return this.#take()
  }

  #whyUnread({ isText, bytes }: WholeMessage): UnscannableReason | null {
    if (bytes.length > this.#job.limits.event) return 'size'
    return !isText && isBinary(bytes.subarray(0, SNIFFED)) ? 'binary' : null
  }

  #take(): readonly WholeMessage[] {
    const ready = this.#ready
    this.#ready = []
    return ready
  }
}

/** @returns bytes before the JSON that it says */
function framingOf({ isText, bytes }: WholeMessage): number {
  if (!isText) return 0
  return FRAMING.exec(bytes.toString('latin1', 0, MAX_FRAMING))?.[0].length ?? 0
}
