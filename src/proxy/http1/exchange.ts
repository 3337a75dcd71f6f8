/**
 * One request and its answer between one client and one origin: bytes both ways with back-pressure, and an honest end. A body that
 * was cut is never finished as if it were whole; whichever side dies, the other learns of it.
 */

import type { Socket } from 'node:net'
import type { Hearing } from '../../enforce.ts'
import type { Ending } from '../../model/audit-record.ts'
import type { Problem } from '../../model/errors.ts'
import type { Deadlines, Timeouts } from '../deadlines.ts'
import type { AnswerSink, OriginConnection } from '../origin/connection.ts'
import { BodyReader, requestFraming, responseFraming } from './body.ts'
import { clientFraming, toClientHead, toOriginHead } from './forward.ts'
import type { RequestHead, ResponseHead } from './head.ts'
import { MessageWriter } from './message-writer.ts'
import type { Target } from './target.ts'

/** What the client connection does next. A problem: the client has got nothing yet and is told what went wrong. */
export type Then = 'next' | 'close' | 'abort' | 'retry' | Problem

export interface ExchangeOptions {
  readonly client: Socket
  readonly head: RequestHead
  readonly target: Target
  readonly pseudonym: string
  readonly deadlines: Deadlines
  readonly timeouts: Timeouts
  /** Listens to what the answer says of its place; null when it says nothing. */
  readonly hear: (head: ResponseHead) => Hearing | null
  /** Called once. `origin` is set when the connection may serve another exchange. */
  readonly onOver: (ending: Ending, then: Then, origin: OriginConnection | null) => void
}

export class Exchange implements AnswerSink {
  readonly method: string
  /** When to give up; the client connection watches it. */
  deadline: number
  readonly #options: ExchangeOptions
  readonly #origin: OriginConnection
  readonly #request: BodyReader
  readonly #toOrigin: MessageWriter
  #toClient: MessageWriter | null = null
  #answer: ResponseHead | null = null
  #hearing: Hearing | null = null
  #closes = false
  #over = false

  constructor(origin: OriginConnection, options: ExchangeOptions) {
    const { head, target, pseudonym, deadlines, timeouts } = options
    this.method = head.method
    this.#options = options
    this.#origin = origin
    const framing = requestFraming(head)
    this.#request = new BodyReader(framing)
    this.#toOrigin = new MessageWriter(
      origin.socket,
      framing,
      toOriginHead(head, target, pseudonym),
    )
    this.deadline = deadlines.in(this.#request.done ? timeouts.answer : timeouts.body)
    origin.begin(this)
  }

  /** Whether the request body is complete. */
  get requestDone(): boolean {
    return this.#request.done
  }

  /**
   * Sends what the client sent: the head the first time, and request body from the buffer.
   *
   * @returns the index after the last byte that belongs to this request.
   */
  send(buffer: Buffer): number {
    let at = 0
    if (!this.#request.done) {
      const { deadlines, timeouts } = this.#options
      at = this.#request.read(buffer, 0)
      if (this.#request.broken) {
        this.#fail({ code: 'request-chunk', detail: 'a chunk of the request body is malformed' })
        return at
      }
      this.#toOrigin.payload(buffer, this.#request.start, this.#request.end)
      if (this.#request.done) {
        this.#toOrigin.finish(this.#request.trailers, this.#options.head.fields.nominated)
      }
      this.deadline = deadlines.in(this.#request.done ? timeouts.answer : timeouts.body)
    }
    if (!this.#toOrigin.flush()) this.#options.client.pause()
    return at
  }

  onInterim(head: ResponseHead): void {
    // An HTTP/1.0 client does not know them (RFC 9110 section 15.2).
    if (this.#options.head.version === '1.0') return
    const framing = { body: 0, connection: null } as const
    this.#options.client.write(toClientHead(head, framing, this.#options.pseudonym), 'latin1')
  }

  onHead(head: ResponseHead): void {
    const { client, head: request, pseudonym } = this.#options
    const framing = clientFraming(request, responseFraming(head, this.method), false)
    this.#answer = head
    this.#hearing = this.#options.hear(head)
    this.#closes = framing.connection === 'close'
    this.#toClient = new MessageWriter(client, framing.body, toClientHead(head, framing, pseudonym))
  }

  onPayload(buffer: Buffer, body: BodyReader): void {
    this.#hearing?.feed?.(buffer.subarray(body.start, body.end))
    this.#toClient?.payload(buffer, body.start, body.end)
  }

  onFlush(): void {
    this.deadline = this.#options.deadlines.in(this.#options.timeouts.body)
    if (this.#toClient && !this.#toClient.flush()) this.#origin.socket.pause()
  }

  onEnd(body: BodyReader, reusable: boolean): void {
    this.#toClient?.finish(body.trailers, this.#answer?.fields.nominated)
    this.#toClient?.flush()
    const keep = reusable && this.#request.done
    if (!keep) this.#origin.destroy()
    // An early answer leaves the rest of the request unread: the connection cannot be used for another.
    const then = this.#closes || !this.#request.done ? 'close' : 'next'
    const error = this.#hearing?.end() ? 'residency-mismatch' : null
    this.#end('forwarded', then, error, keep ? this.#origin : null)
  }

  onFailure(problem: Problem): void {
    if (this.#hasBegun) return this.#end('failed', 'abort', problem.code, null)
    const untouched = this.#origin.used && this.#origin.received === 0
    const then = untouched && isRepeatable(this.#options.head) ? 'retry' : problem
    this.#end('failed', then, problem.code, null)
  }

  /** The origin can take more of the request. */
  onDrain(): void {
    this.#options.client.resume()
  }

  /** The client can take more of the answer. */
  onClientDrain(): void {
    this.#origin.socket.resume()
  }

  /** The client is gone. */
  cancel(): void {
    if (this.#over) return
    this.#origin.abandon()
    this.#end('cancelled', 'abort', 'request-incomplete', null)
  }

  /** The deadline has passed. */
  expire(): void {
    // Who is paused waits for the other side: it is not the one that stopped.
    const clientIsSlow =
      this.#origin.socket.isPaused() || (!this.#request.done && !this.#options.client.isPaused())
    this.#fail(
      clientIsSlow
        ? { code: 'request-timeout', detail: 'the client stopped sending or reading' }
        : { code: 'connect-stalled', detail: `${this.#origin.address.text} stopped sending` },
    )
  }

  /** Whether the client has got any of the answer. */
  get #hasBegun(): boolean {
    return this.#toClient !== null && this.#toClient.bytes > 0
  }

  #fail(problem: Problem): void {
    this.#origin.abandon()
    this.#end('failed', this.#hasBegun ? 'abort' : problem, problem.code, null)
  }

  #end(
    outcome: Ending['outcome'],
    then: Then,
    error: string | null,
    reusable: OriginConnection | null,
  ): void {
    if (this.#over) return
    this.#over = true
    const ending: Ending = {
      outcome,
      status: this.#hasBegun ? (this.#answer?.status ?? null) : null,
      dialedIp: this.#origin.address.text,
      bytesOut: this.#toOrigin.bytes,
      bytesIn: this.#origin.received,
      error,
    }
    this.#options.onOver(ending, then, reusable)
  }
}

/** A proxy repeats a request by itself only if that cannot do anything twice (RFC 9110 section 9.2.2). */
function isRepeatable(head: RequestHead): boolean {
  return requestFraming(head) === 0 && IDEMPOTENT.has(head.method)
}

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])
