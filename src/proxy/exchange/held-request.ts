/** What of a request counts if it has to wait for a person. Costs next to nothing for the many that do not. */

import { randomUUID } from 'node:crypto'
import type { Waiting } from '../../holding.ts'
import type { BodyView, HeadView } from '../../model/request-view.ts'
import { type RequestHead, valuesOf } from './message.ts'
import { toHeadView } from './peek.ts'

export class HeldRequest implements Waiting {
  readonly wire: string | null
  body: BodyView | null
  readonly gone: () => AbortSignal
  readonly #head: RequestHead | null
  #nonce: string | null = null
  #since: number | null = null

  /** @param head null for a tunnel. @param gone gives what aborts when the client has left */
  constructor(
    wire: string | null,
    head: RequestHead | null,
    body: BodyView | null,
    gone: () => AbortSignal,
  ) {
    this.wire = wire
    this.#head = head
    this.body = body
    this.gone = gone
  }

  get telling(): readonly string[] {
    const head = this.#head
    return head ? TELLING.map((name) => JSON.stringify(valuesOf(head, name))) : []
  }

  get head(): HeadView | null {
    const head = this.#head
    if (!head || this.wire === null) return null
    return toHeadView(head, this.wire)
  }

  get nonce(): string {
    this.#nonce ??= randomUUID()
    return this.#nonce
  }

  get hasWaited(): boolean {
    return this.#since !== null
  }

  /** Counts from when it is asked for. */
  get waited(): number {
    const now = performance.now()
    this.#since ??= now
    return now - this.#since
  }
}

/**
 * Fields that say what is to be done; how the body is to be read is looked at with it. The rest of a head is another one each time a client tries: signatures,
 * dates, counts of tries, traces.
 */
const TELLING = [
  'content-range',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  // The operation of AWS services whose path is always `/`, and of SOAP.
  'x-amz-target',
  'soapaction',
  // From where to copy, and where to (WebDAV).
  'x-amz-copy-source',
  'x-goog-copy-source',
  'x-ms-copy-source',
  'destination',
]
