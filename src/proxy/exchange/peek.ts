/**
 * The beginning of a request body, looked at before anything leaves because it may say where the request will be processed. A copy
 * is read; what came stays as it is, and is relayed as ever.
 */

import type { BodyView, HeadView, RequestView } from '../../model/request-view.ts'
import { type RequestHead, valuesOf } from './message.ts'
import type { Target } from './target.ts'

/** Bytes of a body that are looked at, framing included. Language models get long texts, and what matters may stand behind them. */
export const MAX_PEEK = 4 * 1024 * 1024

/** Bytes of all bodies that are being looked at; of what comes beyond them nobody says that it was read. */
export const MAX_PEEK_TOTAL = 128 * 1024 * 1024
/** Of those that come from one address: what waits for a person is kept for a while, and must not take the room of all others. */
export const MAX_PEEK_CLIENT = MAX_PEEK_TOTAL / 2

export class BodyPeek implements Disposable {
  /** Of all that were not disposed of: clients that begin and never end are bounded together. */
  static #total = 0
  static readonly #ofClient = new Map<string, number>()
  readonly #client: string
  #bytes = NOTHING
  #size = 0
  /** With framing: what all this keeps in memory elsewhere. */
  #cost = 0
  #isComplete = false
  #isOver = false

  /** @param client address of whoever sends it */
  constructor(client: string) {
    this.#client = client
  }

  /** Whether there is no use in waiting for more. */
  get done(): boolean {
    return this.#isOver || this.#cost >= MAX_PEEK || this.#isTooMuch
  }

  /**
   * @param payload is copied
   * @param cost bytes it took on the wire, framing included
   */
  feed(payload: Buffer, cost: number): void {
    if (this.done) return
    this.#count(cost)
    const size = this.#size + payload.length
    if (size > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(size * 2, 4_096))
      this.#bytes.copy(grown, 0, 0, this.#size)
      this.#bytes = grown
    }
    payload.copy(this.#bytes, this.#size)
    this.#size = size
  }

  /** No more will come. @param complete whether that was all of the body */
  end(complete: boolean): void {
    this.#isOver = true
    this.#isComplete = complete
  }

  view(head: RequestHead): BodyView {
    return {
      bytes: this.#bytes.subarray(0, this.#size),
      complete: this.#isComplete,
      ...codingOf(head),
    }
  }

  /** What was held for looking at it is not needed any more. */
  [Symbol.dispose](): void {
    this.#count(-this.#cost)
  }

  get #isTooMuch(): boolean {
    const theirs = BodyPeek.#ofClient.get(this.#client) ?? 0
    return BodyPeek.#total >= MAX_PEEK_TOTAL || theirs >= MAX_PEEK_CLIENT
  }

  #count(change: number): void {
    this.#cost += change
    BodyPeek.#total += change
    const theirs = (BodyPeek.#ofClient.get(this.#client) ?? 0) + change
    if (theirs === 0) BodyPeek.#ofClient.delete(this.#client)
    else BodyPeek.#ofClient.set(this.#client, theirs)
  }
}

/** Milliseconds without a byte after which a body pauses. */
const PAUSE_MS = 100

/** Tells once that nothing has come for a while, unless it was disposed of. */
export class Pause implements Disposable {
  readonly #timer: NodeJS.Timeout

  constructor(onPause: () => void) {
    this.#timer = setTimeout(onPause, PAUSE_MS)
  }

  /** Something has come. */
  touch(): void {
    this.#timer.refresh()
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
  }
}

const NOTHING = Buffer.alloc(0)

/** The body of a request that has none. */
export const EMPTY_BODY: BodyView = {
  bytes: NOTHING,
  complete: true,
  contentType: null,
  contentEncoding: null,
}

/** One of which nothing was waited for. */
export function notYet(head: RequestHead): BodyView {
  return { bytes: NOTHING, complete: false, ...codingOf(head) }
}

/** Whether what comes next in the body may depend on the answer to what came before: who waits for the end of it waits in vain. */
export function isConversation(head: RequestHead): boolean {
  const { contentType } = codingOf(head)
  return contentType !== null && /^application\/(?:grpc|connect\b)/i.test(contentType)
}

/** Of a field that is there twice one peer takes the first, another the last: both are shown. */
export function codingOf(head: RequestHead): Pick<BodyView, 'contentType' | 'contentEncoding'> {
  const all = (name: string) => valuesOf(head, name).join(', ') || null
  return { contentType: all('content-type'), contentEncoding: all('content-encoding') }
}

/** What of a request may be read to place it. */
export function toView(head: RequestHead, target: Target, body: BodyView | null): RequestView {
  return {
    host: target.authority.host.text,
    method: head.method,
    target: target.wire,
    header: (name) => valuesOf(head, name),
    body,
  }
}

/** What of a request is looked at for data, beside its body. @param target as it goes on the wire */
export function toHeadView(head: RequestHead, target: string): HeadView {
  return { target, fields: head.fields.list, header: (name) => valuesOf(head, name) }
}
