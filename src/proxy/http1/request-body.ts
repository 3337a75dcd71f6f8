/** The body of one request out of an HTTP/1 connection: taken out of its framing, and relayed or looked at. */

import type { BodyView } from '../../model/request-view.ts'
import type { RequestHead } from '../exchange/message.ts'
import { BodyPeek } from '../exchange/peek.ts'
import type { Relay } from '../exchange/relay.ts'
import { BodyReader } from './body.ts'

export class RequestBody {
  readonly #reader: BodyReader

  constructor(head: RequestHead) {
    this.#reader = new BodyReader(head.body)
  }

  /**
   * Hands on what belongs to the body.
   *
   * @returns the index after its last byte.
   */
  feed(buffer: Buffer, relay: Relay): number {
    const reader = this.#reader
    if (reader.done) return 0
    const at = reader.read(buffer, 0)
    if (reader.broken) {
      relay.break({ code: 'request-chunk', detail: 'a chunk of the request body is malformed' })
      return at
    }
    relay.payload(buffer, reader.start, reader.end)
    if (reader.done) relay.finish(reader.trailers)
    return at
  }
}

/** Looks at the beginning of a body. What is fed stays as it is. */
export class FramedPeek implements Disposable {
  readonly #head: RequestHead
  readonly #reader: BodyReader
  readonly #peek: BodyPeek

  /** @param client address of whoever sends it */
  constructor(head: RequestHead, client: string) {
    this.#head = head
    this.#peek = new BodyPeek(client)
    this.#reader = new BodyReader(head.body)
  }

  /** Whether there is no use in waiting for more. */
  get done(): boolean {
    return this.#reader.done || this.#reader.broken || this.#peek.done
  }

  /** @param bytes as received, framing included. */
  feed(bytes: Buffer): void {
    if (this.done) return
    const reader = this.#reader
    // The reader moves payload together where it lies.
    const copy = Buffer.from(bytes)
    reader.read(copy, 0)
    this.#peek.feed(copy.subarray(reader.start, reader.end), bytes.length)
  }

  view(): BodyView {
    this.#peek.end(this.#reader.done)
    return this.#peek.view(this.#head)
  }

  [Symbol.dispose](): void {
    this.#peek[Symbol.dispose]()
  }
}
