/**
 * One request and its answer between one client and one origin: bytes both ways with back-pressure, and an honest end. A body that
 * was cut is never finished as if it were whole; whichever side dies, the other learns of it.
 */

import type { Hearing } from '../../hearing.ts'
import type { Ending } from '../../model/audit-record.ts'
import type { Problem } from '../../model/errors.ts'
import type { Direction } from '../../model/finding.ts'
import type { Meter } from '../../ports.ts'
import type { Channel } from '../channel.ts'
import type { Deadlines, Timeouts } from '../deadlines.ts'
import type { Fields } from './fields.ts'
import type { BodyLength, MessageOut, ResponseHead } from './message.ts'
import { type Reader, Readings, type ReadingsOptions } from './readings.ts'
import { type AnswerSink, type ClientSide, type OriginSide, type Outgoing, RESET } from './sides.ts'

/** What comes next: how the client's side goes on is for it to say. */
export type Then =
  /** The client has the whole answer. */
  | 'done'
  /** Nothing was lost, and the request may be sent once more. */
  | 'retry'
  /** The client has got nothing yet and is told what went wrong. */
  | { readonly problem: Problem }
  /** The client has to be told that no (more) answer comes, in the codes of RFC 9113 section 7. */
  | { readonly reset: number }
  /** Both sides speak another protocol from now on. */
  | { readonly upgrade: string; readonly client: Channel; readonly origin: Channel }

export interface ExchangeOptions extends ReadingsOptions {
  readonly request: Outgoing
  readonly client: ClientSide
  readonly deadlines: Deadlines
  readonly timeouts: Timeouts
  /** Whether the request may be sent once more, if that is safe. */
  readonly mayRetry: boolean
  readonly meter: Meter
  /** Listens to what the answer says of its place; null when it says nothing. */
  readonly hear: (head: ResponseHead) => Hearing | null
  /** Called once. */
  readonly onOver: (ending: Ending, then: Then) => void
}

export class Exchange implements AnswerSink {
  readonly method: string
  /** When to give up; whoever holds the exchange watches it. */
  deadline: number
  /** Whether all of the request has come, and whether all of it was handed over. */
  hasRequest: boolean
  requestDone: boolean
  readonly #options: ExchangeOptions
  readonly #origin: OriginSide
  readonly #toOrigin: MessageOut
  #toClient: MessageOut | null = null
  #answer: ResponseHead | null = null
  #hearing: Hearing | null = null
  readonly #readings: Readings
  /** Bytes of the answer once it is complete, and the origin in other hands; null before. */
  #answered: number | null = null
  readonly #began: number
  #over = false

  constructor(origin: OriginSide, options: ExchangeOptions) {
    const { request, deadlines, timeouts } = options
    this.method = request.head.method
    this.requestDone = request.head.body === 0
    this.hasRequest = this.requestDone
    this.deadline = deadlines.in(this.requestDone ? timeouts.answer : timeouts.body)
    this.#options = options
    this.#origin = origin
    this.#began = options.meter.now()
    this.#readings = new Readings(options)
    this.#toOrigin = this.#readings.begin(origin.begin(request, this), this.#readerOf('out'))
  }

  /** Request body: `buffer[start..end]`, to go out with the next `flush`. */
  payload(buffer: Buffer, start: number, end: number): void {
    this.#toOrigin.payload(buffer, start, end)
    this.deadline = this.#options.deadlines.in(this.#options.timeouts.body)
  }

  /** The request body is complete. */
  finish(trailers: Fields | null): void {
    this.hasRequest = true
    const kept = this.#readings.onTrailers('out', trailers)
    this.#toOrigin.finish(kept, this.#options.request.head.fields.nominated)
    if (!this.#readings.request) this.#onSent()
  }

  /** All of the request was handed over. */
  #onSent(): void {
    this.requestDone = true
    this.deadline = this.#options.deadlines.in(this.#options.timeouts.answer)
  }

  /** Sends what was handed over; the head with the first call. */
  flush(): void {
    if (!this.#toOrigin.flush()) this.#options.client.pause()
  }

  /** The request body turned out not to be one. */
  break(problem: Problem): void {
    this.#fail(problem)
  }

  onInterim(head: ResponseHead): void {
    this.#options.client.interim(this.#readings.redactHead(head))
  }

  onHead(head: ResponseHead, body: BodyLength): void {
    this.#answer = head
    this.#options.meter.took('upstream', this.#began)
    this.#hearing = this.#options.hear(head)
    const send = (shown: ResponseHead, length: BodyLength) =>
      this.#options.client.answer(shown, length)
    const out = this.#readings.onHead(head, body, this.method, send, this.#readerOf('in'))
    if ('code' in out) return this.#fail(out)
    this.#toClient = out
  }

  /** Who gets what is read of a body on its way. */
  #readerOf(direction: Direction): Reader {
    const { client, deadlines, timeouts } = this.#options
    return {
      onStopped: (problem) => this.#fail(problem),
      onSent: () => {
        this.deadline = deadlines.in(timeouts.body)
      },
      onEnd: () => (direction === 'out' ? this.#onSent() : this.#onAnswered()),
      onDrain: () => (direction === 'out' ? client.resume() : this.#resumeOrigin()),
    }
  }

  onPayload(buffer: Buffer, start: number, end: number): void {
    this.#hearing?.feed?.(buffer.subarray(start, end))
    this.#toClient?.payload(buffer, start, end)
  }

  onFlush(): void {
    this.deadline = this.#options.deadlines.in(this.#options.timeouts.body)
    if (this.#toClient && !this.#toClient.flush()) this.#origin.pause()
  }

  onEnd(trailers: Fields | null, reusable: boolean): void {
    // What came with the end was too much already.
    if (this.#over) return
    const nominated = this.#answer?.fields.nominated ?? null
    const { answer } = this.#readings
    const kept = this.#readings.onTrailers('in', trailers)
    if (!answer) {
      this.#toClient?.finish(kept, nominated)
      this.#toClient?.flush()
    }
    this.#answered = this.#origin.received
    // An early answer leaves the rest of the request unsent: nothing else can follow it.
    if (reusable && this.requestDone) this.#origin.release()
    else this.#origin.abandon(0)
    if (answer) answer.finish(kept, nominated)
    else this.#onAnswered()
  }

  /** The client has all of the answer. */
  #onAnswered(): void {
    const error = this.#hearing?.end() ? 'residency-mismatch' : null
    this.#end('forwarded', 'done', error)
  }

  onAccepted(head: ResponseHead): void {
    this.#answer = head
    const { request, client: side } = this.#options
    const upgrade = request.upgrade ?? ''
    // What the origin has sent right behind its head belongs to what follows.
    const origin = this.#origin.detach()
    const client = side.accept(this.#readings.redactHead(head), upgrade)
    this.#end('forwarded', { upgrade, client, origin }, null)
  }

  onFailure(problem: Problem, reset: number | null, unread = reset === RESET.refused): void {
    this.#end('failed', this.#afterFailure(problem, reset, unread), problem.code)
  }

  #afterFailure(problem: Problem, reset: number | null, unread: boolean): Then {
    if (this.#hasBegun) return { reset: reset ?? RESET.internal }
    const { mayRetry, request, client } = this.#options
    const { head } = request
    const untouched = this.#origin.used && this.#origin.received === 0 && reset === null
    const isSafe = head.body === 0 && (unread || (untouched && IDEMPOTENT.has(head.method)))
    if (mayRetry && isSafe) return 'retry'
    return reset === null || !client.takesResets ? { problem } : { reset }
  }

  /** The origin can take more of the request. */
  onDrain(): void {
    if (this.#readings.request) this.#readings.request.drain()
    else this.#options.client.resume()
  }

  /** The client can take more of the answer. */
  onClientDrain(): void {
    if (this.#readings.answer) this.#readings.answer.drain()
    else this.#resumeOrigin()
  }

  #resumeOrigin(): void {
    if (this.#answered === null) this.#origin.resume()
  }

  #abandonOrigin(reset: number): void {
    if (this.#answered === null) this.#origin.abandon(reset)
  }

  /** The client is gone, or has taken its request back. @param reset in the codes of RFC 9113 section 7 */
  cancel(reset: number): void {
    if (this.#over) return
    this.#abandonOrigin(reset)
    this.#end('cancelled', { reset }, 'request-incomplete')
  }

  /** The deadline has passed. */
  expire(): void {
    // Who is paused waits for the other side: it is not the one that stopped.
    const clientIsSlow =
      this.#answered !== null ||
      this.#origin.isPaused ||
      (!this.requestDone && !this.#options.client.isPaused)
    this.#fail(
      clientIsSlow
        ? { code: 'request-timeout', detail: 'the client stopped sending or reading' }
        : { code: 'connect-stalled', detail: `${this.#origin.address.text} stopped sending` },
    )
  }

  /** Bytes of the answer so far. */
  get received(): number {
    return this.#answered ?? this.#origin.received
  }

  /** Whether any of the answer's body has passed without being read. */
  get hasUnread(): boolean {
    return this.#readings.hasUnread
  }

  /** Whether all of the request's body was read on its way. */
  get hasReadRequest(): boolean {
    return this.requestDone && this.#readings.hasReadRequest
  }

  /** Whether the client has got any of the answer. */
  get #hasBegun(): boolean {
    return this.#toClient !== null && this.#toClient.bytes > 0
  }

  #fail(problem: Problem): void {
    this.#abandonOrigin(RESET.cancel)
    this.#end('failed', this.#hasBegun ? { reset: RESET.internal } : { problem }, problem.code)
  }

  #end(outcome: Ending['outcome'], then: Then, error: string | null): void {
    if (this.#over) return
    this.#over = true
    this.#readings.stop()
    const { redactions } = this.#readings
    const hasStatus = this.#hasBegun || 'client' in Object(then)
    const ending: Ending = {
      outcome,
      status: hasStatus ? (this.#answer?.status ?? null) : null,
      dialedIp: this.#origin.address.text,
      bytesOut: this.#toOrigin.bytes,
      bytesIn: this.received,
      error,
      ...(redactions.length > 0 ? { redactions } : {}),
    }
    this.#options.onOver(ending, then)
  }
}

/** A proxy repeats a request by itself only if that cannot do anything twice (RFC 9110 section 9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])
