/**
 * A WebSocket between a client and an origin: whole messages one way and the other, control frames as they come, back-pressure, and an end
 * that each side sees as it was. No extension is in use, so nothing passes that could not be read (permessage-deflate is declined
 * in the handshake).
 */

import type { Code } from '../../model/errors.ts'
import type { Expiring } from '../deadlines.ts'
import { linger } from '../linger.ts'
import type { Served } from '../proxy.ts'
import type { ChannelEnd, ChannelOptions } from '../tunnel.ts'
import { Direction, type DirectionKeeper } from './direction.ts'
import type { FrameFault } from './frame-reader.ts'
import { CLOSE } from './frames.ts'
import { type MessageGates, type MessageRefusal, NO_GATES } from './message.ts'

/** For the other side to say goodbye, or to close, once one has. */
const GOODBYE_MS = 5_000

export class WebSocketRelay implements Expiring, Served, DirectionKeeper {
  deadline: number
  readonly #options: ChannelOptions
  readonly #out: Direction
  readonly #in: Direction
  #isEnding = false
  #end: Pick<ChannelEnd, 'outcome' | 'error'> = { outcome: 'forwarded', error: null }
  #isOver = false

  constructor(options: ChannelOptions, gates: MessageGates = NO_GATES) {
    const { client, origin, context } = options
    this.#options = options
    this.deadline = context.deadlines.in(context.timeouts.tunnel)
    const both = { keeper: this, context }
    const { out, in: back } = gates
    this.#out = new Direction({ ...both, from: client, to: origin, isFromClient: true, gate: out })
    this.#in = new Direction({ ...both, from: origin, to: client, isFromClient: false, gate: back })
    context.deadlines.add(this)
    context.connections.add(this)
    options.lease?.addEventListener('abort', this.#onLeaseEnd)
    client.resume()
    origin.resume()
    if (options.lease?.aborted) this.#onLeaseEnd()
  }

  /** Both sides are told that the policy ends it, and nothing more passes. */
  #onLeaseEnd = (): void => {
    if (this.#isEnding) return this.#finish()
    this.#end = { outcome: 'failed', error: 'grant-ended' }
    this.#sendCloses(CLOSE.policy, 'the leave for this has ended')
    this.#finish()
  }

  expire(): void {
    if (!this.#isEnding) this.#end = { outcome: 'failed', error: 'connect-stalled' }
    this.#finish()
  }

  shutDown(): void {
    if (this.#isEnding) return
    this.#sendCloses(CLOSE.goingAway, 'stopping')
    this.#leave()
  }

  touch(): void {
    const { deadlines, timeouts } = this.#options.context
    if (!this.#isEnding) this.deadline = deadlines.in(timeouts.tunnel)
  }

  onGoodbye(): void {
    this.#leave()
    // Both have said it: the connections have no use any more.
    if (!this.#out.hasClosed || !this.#in.hasClosed) return
    linger(this.#options.client)
    linger(this.#options.origin)
  }

  /** The side is told so, and the other sees that it is gone (1006). */
  fail(direction: Direction, { code }: FrameFault): void {
    const isClient = direction === this.#out
    const error = (isClient ? CLIENT_FAULTS : ORIGIN_FAULTS)[code === CLOSE.tooLarge ? 1 : 0]
    this.#end = { outcome: 'failed', error }
    this.#leave()
    const other = isClient ? this.#in : this.#out
    other.sendClose(code, '')
    linger(direction.from)
    direction.to.end()
  }

  refuse({ closeCode, error }: MessageRefusal): void {
    this.#breakOff(closeCode, error, error)
  }

  /** It costs this WebSocket, not the process. */
  onDefect(error: unknown): void {
    this.#options.context.report('websocket', error)
    this.#breakOff(CLOSE.internalError, '', 'gate-failed')
  }

  /** Both sides are told so, and what either of them still says is not heard. */
  #breakOff(code: number, reason: string, error: Code): void {
    const { client, origin } = this.#options
    if (this.#isOver) return
    this.#end = { outcome: 'failed', error }
    this.#sendCloses(code, reason)
    this.#leave()
    this.#dispose()
    linger(client)
    linger(origin)
  }

  onGone(direction: Direction, isClean: boolean): void {
    if (!this.#isEnding && direction === this.#in) {
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

  #sendCloses(code: number, reason: string): void {
    for (const direction of [this.#out, this.#in]) direction.sendClose(code, reason)
  }

  /** A side has said goodbye, or is about to be gone: the rest has to follow soon. */
  #leave(): void {
    if (this.#isEnding) return
    this.#isEnding = true
    this.deadline = this.#options.context.deadlines.in(GOODBYE_MS)
  }

  #finish(): void {
    if (this.#isOver) return
    this.#isOver = true
    const { client, origin, context, onEnd } = this.#options
    context.deadlines.delete(this)
    context.connections.delete(this)
    this.#dispose()
    this.#options.lease?.removeEventListener('abort', this.#onLeaseEnd)
    client.destroy()
    origin.destroy()
    onEnd({ ...this.#end, bytesOut: this.#out.bytes, bytesIn: this.#in.bytes })
  }

  #dispose(): void {
    for (const direction of [this.#out, this.#in]) direction[Symbol.dispose]()
  }
}

/** Frames that break the rules, and messages that are too large. */
const CLIENT_FAULTS = ['request-websocket', 'request-too-large'] as const
const ORIGIN_FAULTS = ['connect-malformed', 'connect-too-large'] as const
