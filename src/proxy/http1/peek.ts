/**
 * The beginning of a request body, looked at before anything leaves because it may say where the request will be processed. A copy
 * is read; what came stays as it is, and is relayed as ever.
 */

import type { BodyView, RequestView } from '../../model/request-view.ts'
import { BodyReader, requestFraming } from './body.ts'
import type { RequestHead } from './head.ts'
import type { Target } from './target.ts'

/** Bytes of a body that are looked at, framing included. Language models get long texts, and what matters may stand behind them. */
export const MAX_PEEK = 4 * 1024 * 1024

export class BodyPeek {
  readonly #reader: BodyReader
  readonly #parts: Buffer[] = []
  #size = 0

  constructor(head: RequestHead) {
    this.#reader = new BodyReader(requestFraming(head))
  }

  /** Whether there is no use in waiting for more. */
  get done(): boolean {
    return this.#reader.done || this.#reader.broken || this.#size >= MAX_PEEK
  }

  /** @param bytes as received, framing included. */
  feed(bytes: Buffer): void {
    if (this.done) return
    // The reader moves payload together where it lies.
    const copy = Buffer.from(bytes)
    this.#reader.read(copy, 0)
    this.#parts.push(copy.subarray(this.#reader.start, this.#reader.end))
    this.#size += bytes.length
  }

  view(head: RequestHead): BodyView {
    return {
      bytes: Buffer.concat(this.#parts),
      complete: this.#reader.done,
      contentType: valuesOf(head, 'content-type')[0] ?? null,
      contentEncoding: valuesOf(head, 'content-encoding')[0] ?? null,
    }
  }
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

/** Values of a field in order. @param name in lower case */
export function valuesOf({ fields }: Pick<RequestHead, 'fields'>, name: string): readonly string[] {
  const { list } = fields
  const values: string[] = []
  for (let i = 0; i < list.length; i += 2) {
    const found = list[i] ?? ''
    if (found.length === name.length && found.toLowerCase() === name) values.push(list[i + 1] ?? '')
  }
  return values
}
