/**
 * One permitted request on its way: a connection to a judged address, the exchange on it, once more on a fresh connection where an idle
 * one turned out dead, and the outcome in the log. Tells the client connection how to go on.
 */

import type { Socket } from 'node:net'
import type { Permit } from '../../enforce.ts'
import type { Ending } from '../../model/audit-record.ts'
import type { Problem } from '../../model/errors.ts'
import { type Refusal, refuseByProblem } from '../../model/refusal.ts'
import type { OriginConnection } from '../origin/connection.ts'
import type { ProxyContext } from '../proxy.ts'
import { Exchange, type Then } from './exchange.ts'
import type { RequestHead } from './head.ts'
import { valuesOf } from './peek.ts'
import type { Target } from './target.ts'

export interface RelayOptions {
  readonly context: ProxyContext
  readonly client: Socket
  readonly head: RequestHead
  readonly permit: Permit
  readonly target: Target
  /** There is a connection: `send` may be called. */
  readonly onReady: () => void
  /** Called once. */
  readonly onOver: (result: RelayResult) => void
}

/** What becomes of the client's connection; a failure is told to the client if it has got nothing yet. */
export type RelayResult =
  | 'next'
  | 'close'
  | 'abort'
  | { readonly failure: Refusal; readonly body: BodyState }

/** How much of a request's body has been read when it is refused. */
export type BodyState = 'unread' | 'partly-read' | 'read'

export class Relay {
  readonly #options: RelayOptions
  #exchange: Exchange | null = null
  #dialling: AbortController | null = null
  #isCancelled = false

  constructor(options: RelayOptions) {
    this.#options = options
  }

  /** Whether bytes of the request body are still to come, and can be sent. */
  get wantsBody(): boolean {
    return this.#exchange !== null && !this.#exchange.requestDone
  }

  /** When to give up. */
  get deadline(): number {
    return this.#exchange?.deadline ?? Number.POSITIVE_INFINITY
  }

  /** @param fresh not on a connection that was used before. */
  async start(fresh = false): Promise<void> {
    if (this.#isCancelled) return this.#end(CANCELLED, 'abort')
    const { origins } = this.#options.context
    const { admission } = this.#options.permit
    let origin = fresh ? null : origins.take(admission)
    if (!origin) {
      this.#dialling = new AbortController()
      const opened = await origins.open(admission, this.#dialling.signal)
      this.#dialling = null
      if (this.#isCancelled) {
        if (!('code' in opened)) origins.keep(admission, opened)
        return this.#end(CANCELLED, 'abort')
      }
      if ('code' in opened) return this.#fail(opened, { ...CANCELLED, outcome: 'failed' }, 'unread')
      origin = opened
    }
    const { client, context, head, target, permit, onReady } = this.#options
    this.#exchange = new Exchange(origin, {
      client,
      head,
      target,
      pseudonym: context.pseudonym,
      deadlines: context.deadlines,
      timeouts: context.timeouts,
      hear: (answer) =>
        context.enforcer.hear(permit, {
          status: answer.status,
          header: (name) => valuesOf(answer, name),
        }),
      onOver: this.#onOver,
    })
    onReady()
  }

  /**
   * Sends the head, the first time, and request body from the buffer.
   *
   * @returns the index after the last byte that belongs to this request.
   */
  send(buffer: Buffer): number {
    return this.#exchange?.send(buffer) ?? 0
  }

  /** The client can take more of the answer. */
  onClientDrain(): void {
    this.#exchange?.onClientDrain()
  }

  /** The client is gone. */
  cancel(): void {
    this.#isCancelled = true
    this.#dialling?.abort()
    this.#exchange?.cancel()
  }

  expire(): void {
    this.#exchange?.expire()
  }

  #onOver = (ending: Ending, then: Then, reusable: OriginConnection | null): void => {
    const { context, permit } = this.#options
    const body = this.#exchange?.requestDone === false ? 'partly-read' : 'read'
    this.#exchange = null
    if (reusable) context.origins.keep(permit.admission, reusable)
    if (then === 'retry' && !this.#isCancelled) {
      this.start(true).catch((error: unknown) => {
        context.report('relay', error)
        this.#options.client.destroy()
      })
    } else if (typeof then === 'object') this.#fail(then, ending, body)
    else this.#end(ending, then === 'retry' ? 'abort' : then)
  }

  #fail(problem: Problem, ending: Ending, body: BodyState): void {
    const { permit } = this.#options
    const { authority } = permit.admission.destination
    const failure = refuseByProblem(permit.id, problem, authority)
    this.#end({ ...ending, status: failure.status, error: failure.code }, { failure, body })
  }

  #end(ending: Ending, result: RelayResult): void {
    const { context, permit, onOver } = this.#options
    context.enforcer.settle(permit.id, ending)
    onOver(result)
  }
}

const CANCELLED: Ending = {
  outcome: 'cancelled',
  status: null,
  dialedIp: null,
  bytesOut: 0,
  bytesIn: 0,
  error: 'request-incomplete',
}
