/**
 * One permitted request on its way: a connection to a judged address, the exchange on it, once more on a fresh connection where an idle
 * one turned out dead, and the outcome in the log. Tells the client's side how to go on.
 */

import type { Passing } from '../../inspection.ts'
import type { Replaced } from '../../inspector.ts'
import type { Ending } from '../../model/audit-record.ts'
import type { Problem } from '../../model/errors.ts'
import { type Refusal, refuseByProblem } from '../../model/refusal.ts'
import type { Permit } from '../../release.ts'
import type { Owner } from '../origin/owner.ts'
import type { Way } from '../origin/way.ts'
import type { ProxyContext } from '../proxy.ts'
import { type ChannelEnd, relayChannels } from '../tunnel.ts'
import { WEBSOCKET } from '../websocket/handshake.ts'
import { openGates, withMessages } from '../websocket/redacting-gate.ts'
import { WebSocketRelay } from '../websocket/relay.ts'
import { openRedactor, redactFieldsOf } from './answer-redactor.ts'
import { changeFields, speaksOfBody } from './changed-fields.ts'
import { Exchange, type Then } from './exchange.ts'
import type { Fields } from './fields.ts'
import { valuesOf } from './message.ts'
import { type ClientSide, type Outgoing, RESET } from './sides.ts'

export interface RelayOptions {
  readonly context: ProxyContext
  readonly client: ClientSide
  readonly request: Outgoing
  readonly permit: Permit
  /** What goes on in place of the body of the request; null for the body as it is. */
  readonly replaced: Replaced | null
  /** How that body is read on its way; null where it is not. */
  readonly passing: Passing | null
  /** What it may go over. */
  readonly way: Way
  /** The client's connection, as far as connections to origins belong to it. */
  readonly user: Owner
  /** There is a connection: the request body may come. */
  readonly onReady: () => void
  /** Called once. */
  readonly onOver: (result: RelayResult) => void
}

/** What becomes of the client's side; a failure is told to the client, which has got nothing yet. */
export type RelayResult =
  | 'done'
  /** Its connection or stream is in other hands. */
  | 'switched'
  | { readonly reset: number }
  | { readonly failure: Refusal; readonly body: BodyState }

/** How much of a request's body has been read when it is refused. */
export type BodyState = 'unread' | 'partly-read' | 'read'

export class Relay {
  /** Once it is over: whether all of the request was handed over. */
  isComplete = true
  readonly #options: RelayOptions
  #exchange: Exchange | null = null
  #dialling: AbortController | null = null
  #isCancelled = false
  #hasReadRequest = false
  #hasUnread = false

  constructor(options: RelayOptions) {
    this.#options = options
    options.permit.lease?.addEventListener('abort', this.#onLeaseEnd)
  }

  /** Whether bytes of the request body are still to come, and can be sent. */
  get wantsBody(): boolean {
    return this.#exchange !== null && !this.#exchange.hasRequest
  }

  /** Bytes of the answer so far. */
  get received(): number {
    return this.#exchange?.received ?? 0
  }

  /** When to give up. */
  get deadline(): number {
    return this.#exchange?.deadline ?? Number.POSITIVE_INFINITY
  }

  /** @param fresh not on a connection that was used before. */
  async start(fresh = false): Promise<void> {
    if (this.#isCancelled || this.#options.permit.lease?.aborted) return this.#stop()
    const { context, permit, client, request, user, onReady } = this.#options
    const { origins } = context
    const { admission } = permit
    // What authenticates a connection has no place on one that is shared: clients go back to HTTP/1.1 for it, and so do we.
    const way = request.head.fields.bindsConnection ? 'http/1.1' : this.#options.way
    const passage = { way, upgrade: request.upgrade, user }
    let origin = fresh ? null : origins.take(admission, passage)
    if (!origin) {
      this.#dialling = new AbortController()
      const opened = await origins.open(admission, passage, this.#dialling.signal)
      this.#dialling = null
      if (this.#isCancelled) {
        if (!('code' in opened)) opened.release()
        return this.#stop()
      }
      if ('code' in opened) return this.#fail(opened, { ...CANCELLED, outcome: 'failed' }, 'unread')
      origin = opened
    }
    this.#exchange = new Exchange(origin, {
      client,
      passing: this.#options.passing,
      report: context.report,
      request,
      deadlines: context.deadlines,
      timeouts: context.timeouts,
      mayRetry: !fresh,
      meter: context.meter,
      blocksUnread: permit.admission.assessment.policy.onUnscannable.in === 'block',
      redactsAnswer: permit.redact !== null,
      redact: (answer) => openRedactor(context, permit, answer),
      redactFields: (direction, fields) => redactFieldsOf(context, permit, direction, fields),
      hear: (answer) =>
        context.enforcer.hear(permit, {
          status: answer.status,
          header: (name) => valuesOf(answer, name),
        }),
      onOver: this.#onOver,
    })
    onReady()
  }

  /** Request body, once there is a connection: `buffer[start..end]`, to go out with the next `flush`. */
  payload(buffer: Buffer, start: number, end: number): void {
    if (!this.#options.replaced?.bytes) this.#exchange?.payload(buffer, start, end)
  }

  finish(trailers: Fields | null): void {
    const { bytes = null } = this.#options.replaced ?? {}
    if (bytes) this.#exchange?.payload(bytes, 0, bytes.length)
    // What speaks of the body would lie.
    this.#exchange?.finish(bytes && trailers ? changeFields(trailers, speaksOfBody) : trailers)
  }

  /** Sends what was handed over; the head with the first call. */
  flush(): void {
    this.#exchange?.flush()
  }

  /** The request body turned out not to be one. */
  break(problem: Problem): void {
    this.#exchange?.break(problem)
  }

  /** The client can take more of the answer. */
  onClientDrain(): void {
    this.#exchange?.onClientDrain()
  }

  /** The client is gone, or has taken its request back. @param reset in the codes of RFC 9113 section 7 */
  cancel(reset: number = RESET.cancel): void {
    this.#isCancelled = true
    this.#dialling?.abort()
    this.#exchange?.cancel(reset)
  }

  expire(): void {
    this.#exchange?.expire()
  }

  /** Nothing more passes, wherever it is. */
  #onLeaseEnd = (): void => {
    if (this.#exchange) return this.#exchange.break(GRANT_ENDED)
    this.#isCancelled = true
    this.#dialling?.abort()
  }

  /** It ends before anything was sent. */
  #stop(): void {
    if (!this.#options.permit.lease?.aborted) return this.#end(CANCELLED, { reset: RESET.cancel })
    this.#fail(GRANT_ENDED, { ...CANCELLED, outcome: 'failed' }, 'unread')
  }

  #onOver = (ended: Ending, then: Then): void => {
    const ending = this.#withFound(ended)
    this.#hasUnread = this.#exchange?.hasUnread ?? false
    this.#hasReadRequest = this.#exchange?.hasReadRequest ?? false
    this.isComplete = this.#exchange?.requestDone !== false
    const body = this.isComplete ? 'read' : 'partly-read'
    this.#exchange = null
    if (then === 'done') this.#end(ending, then)
    else if (then === 'retry') this.#retry(ending)
    else if ('problem' in then) this.#fail(then.problem, ending, body)
    else if ('reset' in then) this.#end(ending, then)
    else this.#becomes(then, ending)
  }

  #withFound(ending: Ending): Ending {
    const { found = [] } = this.#options.replaced ?? {}
    if (found.length === 0) return ending
    const out = found.map((one) => ({ ...one, direction: 'out' as const }))
    return { ...ending, redactions: [...out, ...(ending.redactions ?? [])] }
  }

  /** Both sides speak another protocol from now on; the row ends with that. */
  #becomes({ upgrade, client, origin }: Extract<Then, { upgrade: string }>, ending: Ending): void {
    const { context, permit, onOver } = this.#options
    permit.lease?.removeEventListener('abort', this.#onLeaseEnd)
    const gates = upgrade === WEBSOCKET ? openGates(context, permit) : null
    const started = {
      client,
      origin,
      context,
      lease: permit.lease,
      onEnd: (end: ChannelEnd) => {
        const bytesOut = ending.bytesOut + end.bytesOut
        const bytesIn = ending.bytesIn + end.bytesIn
        const { outcome, error } = end
        const whole = { ...ending, outcome, error, bytesOut, bytesIn }
        context.enforcer.settle(permit, gates ? withMessages(whole, gates) : whole)
      },
    }
    if (gates) new WebSocketRelay(started, gates)
    else relayChannels(started)
    onOver('switched')
  }

  #retry(ending: Ending): void {
    if (this.#isCancelled) return this.#stop()
    this.start(true).catch((error: unknown) => {
      this.#options.context.report('relay', error)
      this.#end({ ...ending, outcome: 'failed' }, { reset: RESET.internal })
    })
  }

  #fail(problem: Problem, ending: Ending, body: BodyState): void {
    const { permit } = this.#options
    const { authority } = permit.admission.destination
    const failure = refuseByProblem(permit.id, problem, authority)
    this.#end({ ...ending, status: failure.status, error: failure.code }, { failure, body })
  }

  #end(ending: Ending, result: RelayResult): void {
    const { context, permit, onOver } = this.#options
    permit.lease?.removeEventListener('abort', this.#onLeaseEnd)
    context.enforcer.settle(permit, this.#isWhole ? { ...ending, inspection: 'full' } : ending)
    onOver(result)
  }

  /** Whether all was read that rules want to be: the request, if it has a body, and what has passed of the answer. */
  get #isWhole(): boolean {
    const { permit, request } = this.#options
    const isRead = permit.isRead || this.#hasReadRequest
    if (permit.redact === null) return isRead
    return (isRead || request.head.body === 0) && !this.#hasUnread
  }
}

const GRANT_ENDED: Problem = {
  code: 'grant-ended',
  detail: 'the leave under which the call ran has ended',
}

const CANCELLED: Ending = {
  outcome: 'cancelled',
  status: null,
  dialedIp: null,
  bytesOut: 0,
  bytesIn: 0,
  error: 'request-incomplete',
}
