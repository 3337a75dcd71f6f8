/**
 * The bytes of a session of PostgreSQL: read from either side, shown to the session, and written on as fast as the other takes them. What is not
 * looked at goes on as it came. Ends both sides when one is gone, and says why where the protocol lets us.
 */

import type { Ending } from '../../model/audit-record.ts'
import type { Problem } from '../../model/errors.ts'
import { refuseByProblem } from '../../model/refusal.ts'
import type { Permit } from '../../release.ts'
import type { Channel } from '../channel.ts'
import type { Expiring } from '../deadlines.ts'
import { linger } from '../linger.ts'
import type { ProxyContext, Served } from '../proxy.ts'
import type { Heard } from './answers.ts'
import type { SessionKeeper } from './conversation.ts'
import { Direction, type DirectionKeeper } from './direction.ts'
import { STOPPING, toErrorResponse } from './error-response.ts'
import type { MessageFault } from './message-reader.ts'
import { FRONTEND, toMessage } from './messages.ts'
import type { Session } from './session.ts'
import {
  CLIENT,
  CLIENT_BEFORE,
  CLIENT_READ,
  SERVER,
  SERVER_BEFORE,
  SERVER_REDACTED,
} from './tables.ts'

export type SessionEnd = Pick<Ending, 'outcome' | 'error' | 'bytesOut' | 'bytesIn'>

export interface RelayOptions {
  readonly client: Channel
  readonly origin: Channel
  readonly permit: Permit
  readonly context: ProxyContext
  /** What goes out first. */
  readonly first: Buffer
  makeSession(keeper: SessionKeeper, said: Heard): Session
  /** Aborted when the client has left. */
  readonly abort: AbortController
  /** The server has given a key by which what it does can be cancelled. */
  onKey(key: Buffer): void
  /** It is about to end for that, and both sides are not told yet. */
  onFail(problem: Problem): void
  /** Called once, when both are closed or nearly so. */
  onEnd(end: SessionEnd): void
}

/** For the other side to close once one has said goodbye. */
const GOODBYE_MS = 5_000

export class Relay implements Expiring, Served, SessionKeeper, DirectionKeeper {
  deadline: number
  readonly #options: RelayOptions
  readonly #session: Session
  readonly #out: Direction
  readonly #in: Direction
  #end: Pick<SessionEnd, 'outcome' | 'error'> = { outcome: 'forwarded', error: null }
  /** One side has said goodbye, or was told to go. */
  #isLeaving = false
  #isStopping = false
  #isOver = false

  constructor(options: RelayOptions) {
    const { client, origin, context, permit, first } = options
    this.#options = options
    this.deadline = context.deadlines.in(context.timeouts.tunnel)
    this.#out = new Direction({
      from: client,
      to: origin,
      keeper: this,
      table: CLIENT_BEFORE,
      context,
      onTold: (type) => this.#session.asked(type),
      onMessage: (type, message) => this.#onAsked(type, message),
    })
    this.#in = new Direction({
      from: origin,
      to: client,
      keeper: this,
      table: SERVER_BEFORE,
      context,
      onTold: (type) => this.#onHeard(type),
      onMessage: (type, message) => {
        const onward = this.#session.hear(type, message)
        this.#stopWhenIdle()
        return onward
      },
    })
    this.#session = options.makeSession(this, this.#in.reader)
    context.deadlines.add(this)
    context.connections.add(this)
    permit.lease?.addEventListener('abort', this.onLeaseEnd)
    this.#out.write(first)
    client.resume()
    origin.resume()
    if (permit.lease?.aborted) this.onLeaseEnd()
  }

  expire(): void {
    if (!this.#isLeaving) this.#end = { outcome: 'failed', error: 'connect-stalled' }
    this.#finish()
  }

  /** A session that does nothing ends now, another one when its answers have come. */
  shutDown(): void {
    this.#isStopping = true
    if (this.#session.isIdle) this.#stop()
  }

  touch(): void {
    const { deadlines, timeouts } = this.#options.context
    if (!this.#isLeaving) this.deadline = deadlines.in(timeouts.tunnel)
  }

  onAuthenticated(): void {
    this.#out.reader.table = CLIENT
    this.#in.reader.table = SERVER
  }

  onRedacting(): void {
    this.#in.reader.table = SERVER_REDACTED
  }

  onReading(): void {
    if (this.#out.reader.table === CLIENT) this.#out.reader.table = CLIENT_READ
  }

  onKey(key: Buffer): void {
    this.#options.onKey(key)
  }

  onGoodbye(): void {
    this.#leave()
  }

  fail(problem: Problem, side: 'client' | 'server'): void {
    if (this.#isOver) return
    this.#end = { outcome: 'failed', error: problem.code }
    this.#options.onFail(problem)
    // What a server sends that does not follow the protocol may have come in the middle of a message.
    this.#say(problem, side === 'client' || !this.#in.isWithin)
  }

  /** It costs this session, not the process. */
  onDefect(error: unknown): void {
    this.#options.context.report('postgresql', error)
    this.fail({ code: 'gate-failed', detail: 'the proxy has failed' }, 'server')
  }

  onFault(direction: Direction, { kind, detail }: MessageFault): void {
    const isClient = direction === this.#out
    const [malformed, large] = isClient ? CLIENT_FAULTS : SERVER_FAULTS
    const code = kind === 'malformed' ? malformed : large
    this.fail({ code, detail }, isClient ? 'client' : 'server')
  }

  /** A side has sent FIN, or is gone. */
  onGone(direction: Direction, isClean: boolean): void {
    if (!this.#isLeaving && direction === this.#in) {
      this.#end = { outcome: 'failed', error: 'connect-reset' }
    }
    this.#leave()
    if (isClean) direction.to.end()
    else direction.to.destroy()
  }

  onClosed(): void {
    const { client, origin } = this.#options
    if (client.destroyed && origin.destroyed) this.#finish()
  }

  /** Who waits for a person has left. */
  onLeft(): void {
    this.#options.abort.abort()
  }

  #onHeard(type: number): void {
    this.#session.heard(type)
    this.#stopWhenIdle()
  }

  #stopWhenIdle(): void {
    // Not before the client has what ends it.
    if (this.#isStopping && this.#session.isIdle) setImmediate(() => this.#stop())
  }

  #onAsked(type: number, message: Buffer): boolean | Buffer {
    const onward = this.#session.ask(type, message, this.#out.reader.hasMore)
    if (!(onward instanceof Promise)) return onward
    this.#out.hold(message, onward)
    return false
  }

  /** Leave has ended under which something is under way. */
  onLeaseEnd = (): void => {
    this.#end = { outcome: 'failed', error: 'grant-ended' }
    this.#say({ code: 'grant-ended', detail: 'the leave under which it ran has ended' }, true)
  }

  #stop(): void {
    this.#endWith(STOPPING, true)
  }

  /** Tells both sides that it is over, the client why, and hears nothing more of either. */
  #say(problem: Problem, isAudible: boolean): void {
    const { permit } = this.#options
    const { authority } = permit.admission.destination
    const refusal = refuseByProblem(permit.id, problem, authority)
    this.#endWith(toErrorResponse(refusal, 'FATAL'), isAudible)
  }

  #endWith(message: Buffer, isAudible: boolean): void {
    if (this.#isOver) return
    const { client, origin } = this.#options
    this.#leave()
    this.#dispose()
    if (isAudible && client.writable && !this.#in.isWithin) client.write(message)
    if (origin.writable && !this.#out.isWithin) origin.write(toMessage(FRONTEND.terminate))
    linger(client)
    linger(origin)
  }

  #leave(): void {
    if (this.#isLeaving) return
    this.#isLeaving = true
    this.deadline = this.#options.context.deadlines.in(GOODBYE_MS)
  }

  #finish(): void {
    if (this.#isOver) return
    this.#isOver = true
    const { client, origin, context, permit, onEnd } = this.#options
    context.deadlines.delete(this)
    context.connections.delete(this)
    permit.lease?.removeEventListener('abort', this.onLeaseEnd)
    this.#options.abort.abort()
    this.#dispose()
    client.destroy()
    origin.destroy()
    onEnd({ ...this.#end, bytesOut: this.#out.bytes, bytesIn: this.#in.bytes })
  }

  #dispose(): void {
    this.#out[Symbol.dispose]()
    this.#in[Symbol.dispose]()
  }
}

const CLIENT_FAULTS = ['request-statement', 'request-too-large'] as const
const SERVER_FAULTS = ['connect-malformed', 'connect-too-large'] as const
