/**
 * One HTTP/2 connection with a client: the plain proxy port, or the inside of a tunnel. Every stream is a request that goes the way every
 * request goes; one that is held or slow stops no other. Every request that was begun ends in one audit row.
 */

import type { Problem } from '../../model/errors.ts'
import { TokenBucket } from '../../model/token-bucket.ts'
import type { Channel } from '../channel.ts'
import type { Expiring } from '../deadlines.ts'
import { RequestGate, type Scope } from '../exchange/gate.ts'
import { Owner } from '../origin/owner.ts'
import type { ProxyContext, Served, Tunnel } from '../proxy.ts'
import { type ConnectionFault, ERROR, PREFACE } from './frames.ts'
import type { HeaderList } from './hpack/decoder.ts'
import { ServedStream } from './served-stream.ts'
import { Session } from './session.ts'
import { Stream } from './stream.ts'

export interface ClientSessionOptions {
  readonly socket: Channel
  readonly scope: Scope
  readonly context: ProxyContext
  /** Serves what is inside after CONNECT; null inside a tunnel, where CONNECT is refused. */
  readonly onConnect: ((tunnel: Tunnel) => void) | null
}

/** Payload of a request that may wait here, on each stream. */
const STREAM_WINDOW = 256 * 1024

export class ClientSession extends Session implements Expiring, Served {
  readonly scope: Scope
  readonly context: ProxyContext
  readonly onConnect: ClientSessionOptions['onConnect']
  readonly gate: RequestGate
  /** Of connections to origins that belong to this one. */
  readonly owner = new Owner()
  readonly #resets: TokenBucket
  #requests = 0
  #idleUntil: number
  #blockUntil = Number.POSITIVE_INFINITY
  #isLeaving = false

  constructor({ socket, scope, context, onConnect }: ClientSessionOptions) {
    const { deadlines, timeouts, limits, held } = context
    super({
      socket,
      preface: PREFACE,
      streamWindow: STREAM_WINDOW,
      held,
      maxHeadBytes: limits.head,
      noise: { burst: limits.http2Frames, perSecond: limits.http2FramesPerSecond },
      now: () => deadlines.now,
      report: context.report,
    })
    this.scope = scope
    this.context = context
    this.onConnect = onConnect
    this.gate = new RequestGate(scope, context)
    const resets = { burst: limits.http2Resets, perSecond: limits.http2ResetsPerSecond }
    this.#resets = new TokenBucket(resets, deadlines.now)
    this.#idleUntil = deadlines.in(timeouts.head)
    this.frames.settings({
      maxConcurrentStreams: limits.http2Streams,
      initialWindowSize: this.streamWindow,
      // Counted with 32 bytes a field there (RFC 9113 section 6.5.2), with four here.
      maxHeaderListSize: 2 * limits.head,
      enableConnectProtocol: 1,
    })
    this.widen()
    this.schedule()
    deadlines.add(this)
    context.connections.add(this)
    socket.resume()
  }

  get deadline(): number {
    if (this.isInBlock) return this.#blockUntil
    return this.streams.size > 0 ? Number.POSITIVE_INFINITY : this.#idleUntil
  }

  expire(): void {
    if (!this.isInBlock && this.#requests > 0) return this.#leave()
    const problem: Problem = {
      code: 'request-timeout',
      detail: 'no whole request head came in time',
    }
    this.#record(problem)
    this.#leave()
  }

  shutDown(): void {
    if (this.streams.size === 0) return this.#leave()
    if (this.#isLeaving) return
    this.#isLeaving = true
    this.frames.goAway(this.lastPeerStream)
    this.schedule()
  }

  #leave(): void {
    this.#isLeaving = true
    this.frames.goAway(this.lastPeerStream)
    this.end('nothing is under way any more')
  }

  protected isIdle(stream: number): boolean {
    return stream % 2 === 0 || stream > this.lastPeerStream
  }

  protected onBlockOpen(): void {
    this.#blockUntil = this.context.deadlines.in(this.context.timeouts.head)
  }

  protected onHeaders(id: number, block: HeaderList, endStream: boolean): void {
    if (id % 2 === 0) return this.fail({ code: ERROR.protocol, detail: 'a stream of ours' })
    if (!this.isIdle(id)) return this.onClosedStream(id)
    this.lastPeerStream = id
    const stream = new Stream(this, id)
    // After GOAWAY the client knows that this one was not looked at (RFC 9113 section 6.8).
    if (this.#isLeaving || this.streams.size >= this.context.limits.http2Streams) {
      this.sendReset(stream, ERROR.refusedStream)
      return this.onPeerBroke()
    }
    this.#requests++
    stream.remoteEnded = endStream
    this.streams.set(id, stream)
    new ServedStream(this, stream).serve(block, endStream).catch((error: unknown) => {
      this.context.report('client stream', error)
      stream.reset(ERROR.internal)
    })
  }

  protected onPeerReset(): void {
    this.#countReset('too many streams were taken back')
  }

  protected onPeerBroke(): void {
    this.#countReset('too many streams were broken')
  }

  #countReset(detail: string): void {
    if (this.#resets.take(this.now())) return
    this.fail({ code: ERROR.enhanceYourCalm, detail })
  }

  protected onGoAway(): void {
    // It will open no more streams of ours: there are none.
  }

  protected onSettings(): void {}

  protected onStreamClosed(): void {
    if (this.streams.size > 0) return
    this.#idleUntil = this.context.deadlines.in(this.context.timeouts.idle)
    if (this.#isLeaving) this.end('everything that was under way has ended')
  }

  protected onOver(fault: ConnectionFault | null): void {
    this.context.deadlines.delete(this)
    this.context.connections.delete(this)
    this.context.origins.disown(this.owner)
    if (fault) {
      if (fault.code === ERROR.enhanceYourCalm) this.context.meter.count('http2-flood')
      const code = fault.code === ERROR.enhanceYourCalm ? 'request-flood' : 'request-protocol'
      this.#record({ code, detail: fault.detail })
    } else if (this.#requests === 0 && this.scope.tunnel !== null && !this.#isLeaving) {
      this.#record({ code: 'request-incomplete', detail: 'the client left early' })
    }
  }

  /** What ends the connection, or came before any request, has a row of its own. */
  #record(problem: Problem): void {
    this.gate
      .refuseUnread(problem, 'HTTP/2')
      .catch((error: unknown) => this.context.report('client session', error))
  }
}
