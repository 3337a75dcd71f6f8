/**
 * The beginning of a request body, looked at before anything leaves because it may say where the request will be processed. A copy
 * is read; what came stays as it is, and is relayed as ever.
 */

import type { BodyView, RequestView } from '../../model/request-view.ts'
import { BodyReader, requestFraming } from './body.ts'
import { isHopByHop } from './fields.ts'
import type { RequestHead } from './head.ts'
import { HeadBuffer } from './head-buffer.ts'
import type { Target } from './target.ts'

/** Bytes of a body that are looked at, framing included. Language models get long texts, and what matters may stand behind them. */
export const MAX_PEEK = 4 * 1024 * 1024

/** Bytes of all bodies that are being looked at; of what comes beyond them nobody says that it was read. */
export const MAX_PEEK_TOTAL = 128 * 1024 * 1024

export class BodyPeek implements Disposable {
  /** Of all that were not disposed of: clients that begin and never end are bounded together. */
  static #total = 0
  readonly #reader: BodyReader
  readonly #payload = new HeadBuffer()
  #size = 0

  constructor(head: RequestHead) {
    this.#reader = new BodyReader(requestFraming(head))
  }

  /** Whether there is no use in waiting for more. */
  get done(): boolean {
    const { done, broken } = this.#reader
    return done || broken || this.#size >= MAX_PEEK || BodyPeek.#total >= MAX_PEEK_TOTAL
  }

  /** @param bytes as received, framing included. */
  feed(bytes: Buffer): void {
    if (this.done) return
    // The reader moves payload together where it lies.
    const copy = Buffer.from(bytes)
    this.#reader.read(copy, 0)
    this.#payload.push(copy.subarray(this.#reader.start, this.#reader.end))
    this.#size += bytes.length
    BodyPeek.#total += bytes.length
  }

  view(head: RequestHead): BodyView {
    return {
      bytes: this.#payload.held() ?? NOTHING,
      complete: this.#reader.done,
      ...codingOf(head),
    }
  }

  /** What was held for looking at it is not needed any more. */
  [Symbol.dispose](): void {
    BodyPeek.#total -= this.#size
    this.#size = 0
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

/**
 * Values of a field in order. INVARIANT: a field that ends here, because it is hop-by-hop or Connection says so, has none: what the
 * origin will not get says nothing about it.
 *
 * @param name in lower case
 */
export function valuesOf({ fields }: Pick<RequestHead, 'fields'>, name: string): readonly string[] {
  const { list, nominated } = fields
  if (isHopByHop(name) || nominated?.includes(name)) return []
  const values: string[] = []
  for (let i = 0; i < list.length; i += 2) {
    const found = list[i] ?? ''
    if (found.length === name.length && found.toLowerCase() === name) values.push(list[i + 1] ?? '')
  }
  return values
}
