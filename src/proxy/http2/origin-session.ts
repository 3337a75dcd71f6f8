/**
 * One HTTP/2 connection to an origin, shared by all exchanges that may share it: each is a stream. What the origin takes back is told
 * with its code; what it has not looked at (GOAWAY, REFUSED_STREAM) may be asked again elsewhere.
 */

import type { IpAddress } from '../../model/address.ts'
import type { Problem } from '../../model/errors.ts'
import { toAlertProblem } from '../../tls/trust.ts'
import type { Expiring } from '../deadlines.ts'
import type { ConnectionOptions } from './connection.ts'
import { ERROR, PREFACE } from './frames.ts'
import type { HeaderList } from './hpack/decoder.ts'
import { OriginStream } from './origin-stream.ts'
import { Session } from './session.ts'
import { Stream } from './stream.ts'

export interface OriginSessionOptions extends ConnectionOptions {
  /** Host and port that it leads to. */
  readonly authority: string
  readonly address: IpAddress
  /** Our name in Via. */
  readonly pseudonym: string
  /** When its settings have to be there, of the clock of `now`. */
  readonly settingsBy: number
  /** Called when it has room for a stream again, or none for ever. */
  readonly onChange: (session: OriginSession) => void
  /** Called once, when it has ended. */
  readonly onClose: (session: OriginSession) => void
}

/** Streams on one connection, whatever the origin allows; until it says, what most allow. */
const MAX_STREAMS = 256
const STREAMS_BEFORE_SETTINGS = 100
/** The last number a stream may have (RFC 9113 section 5.1.1), with room to spare. */
const LAST_STREAM = 0x7fff_0000

export class OriginSession extends Session implements Expiring {
  /** When to close it if nobody uses it until then; moved by the pool. */
  idleUntil = Number.POSITIVE_INFINITY
  readonly authority: string
  readonly address: IpAddress
  readonly pseudonym: string
  /** Whether an exchange was completed on it before. */
  used = false
  /** What the origin said when it ended the connection; null for nothing worth telling. */
  fault: Problem | null = null
  readonly #session: OriginSessionOptions
  #nextStream = 1
  #reserved = 0
  #saidGoodbye = false
  #knowsPeer = false
  readonly #settings = Promise.withResolvers<void>()

  constructor(options: OriginSessionOptions) {
    super(options)
    this.#session = options
    this.authority = options.authority
    this.address = options.address
    this.pseudonym = options.pseudonym
    // Before the session hears of it and ends its streams.
    options.socket.prependOnceListener('error', (error: Error) => {
      this.fault = toAlertProblem(error, options.authority)
    })
    this.frames.raw(PREFACE)
    this.frames.settings({
      enablePush: 0,
      initialWindowSize: this.streamWindow,
      maxHeaderListSize: options.maxHeadBytes,
    })
    this.widen()
    this.schedule()
  }

  /** Resolves when the settings of the origin are known, or never will be. */
  get settingsKnown(): Promise<void> {
    return this.#settings.promise
  }

  /** Streams that are open, or that somebody is about to open. */
  get load(): number {
    return this.streams.size + this.#reserved
  }

  /** Whether one more stream may be opened now. */
  get hasCapacity(): boolean {
    const allowed = this.#knowsPeer ? this.peer.maxStreams : STREAMS_BEFORE_SETTINGS
    return this.isUsable && this.load < Math.min(allowed, MAX_STREAMS)
  }

  /** Whether streams may be opened on it at all. */
  get isUsable(): boolean {
    return !this.isOver && !this.#saidGoodbye && this.#nextStream < LAST_STREAM
  }

  /** Keeps the place of a stream that will be opened. */
  reserve(): OriginStream {
    this.#reserved++
    this.idleUntil = Number.POSITIVE_INFINITY
    return new OriginStream(this)
  }

  /** The place is not needed any more, or not yet. */
  unreserve(): void {
    this.#reserved--
    this.#onFewer()
  }

  open(): Stream {
    this.#reserved--
    const stream = new Stream(this, this.#nextStream)
    this.#nextStream += 2
    if (this.isOver) stream.isReset = true
    else this.streams.set(stream.id, stream)
    return stream
  }

  get deadline(): number {
    return this.#knowsPeer ? this.idleUntil : Math.min(this.idleUntil, this.#session.settingsBy)
  }

  expire(): void {
    if (!this.#knowsPeer && this.now() >= this.#session.settingsBy) {
      return this.fail({ code: ERROR.settingsTimeout, detail: 'its settings did not come in time' })
    }
    if (this.load > 0) return
    this.frames.goAway(0)
    this.end('nobody used it')
  }

  protected isIdle(stream: number): boolean {
    // Even numbers are pushes, and none was allowed.
    return stream % 2 === 0 || stream >= this.#nextStream
  }

  protected onHeaders(stream: number, _: HeaderList): void {
    if (this.isIdle(stream)) {
      this.fail({ code: ERROR.protocol, detail: 'an answer to what nobody asked' })
    }
  }

  protected onPeerReset(): void {}

  protected onPeerBroke(): void {}

  protected onGoAway(lastStream: number): void {
    this.#saidGoodbye = true
    for (const stream of [...this.streams.values()]) {
      if (stream.id <= lastStream) continue
      this.streams.delete(stream.id)
      stream.lose(ERROR.refusedStream, 'the origin went away before it had looked at it')
    }
    this.#onFewer()
  }

  protected onStreamClosed(): void {
    this.used = true
    this.#onFewer()
  }

  protected onBlockOpen(): void {}

  protected onSettings(): void {
    this.#knowsPeer = true
    this.#settings.resolve()
    this.#session.onChange(this)
  }

  protected onOver(): void {
    this.#settings.resolve()
    this.#session.onClose(this)
  }

  #onFewer(): void {
    if (this.#saidGoodbye && this.load === 0) this.end('the origin went away')
    else if (!this.isOver) this.#session.onChange(this)
  }
}
