/**
 * One HTTP/1.1 connection to an origin, used for one exchange at a time. Reads answers: interim heads, the final head, the
 * body up to its end. What comes when nothing was asked ends the connection.
 */

import type { Socket } from 'node:net'
import type { IpAddress } from '../../model/address.ts'
import type { Problem } from '../../model/errors.ts'
import { toAlertProblem } from '../../tls/trust.ts'
import type { Channel } from '../channel.ts'
import type { Expiring } from '../deadlines.ts'
import {
  type MessageOut,
  type RequestHead,
  type ResponseHead,
  UNTIL_CLOSE,
} from '../exchange/message.ts'
import type { AnswerSink, OriginSide, Outgoing } from '../exchange/sides.ts'
import { beginsAsServer } from '../http2/frames.ts'
import type { Owner } from '../origin/owner.ts'
import { faultOf, keyOf, makeKey, WEBSOCKET } from '../websocket/handshake.ts'
import { BodyReader } from './body.ts'
import { toOriginHead, type Upgrading } from './forward.ts'
import { sendGathered } from './gathering.ts'
import { parseResponseHead, responseLength } from './head.ts'
import { HeadBuffer } from './head-buffer.ts'
import { MessageWriter } from './message-writer.ts'

export interface OriginConnectionOptions {
  readonly socket: Socket
  /** Host and port that it leads to. */
  readonly authority: string
  readonly address: IpAddress
  /** Our name in Via. */
  readonly pseudonym: string
  readonly maxHeadBytes: number
  report(where: string, error: unknown): void
  /** Called when it turns out that HTTP/2 is spoken there, and nothing else. */
  readonly onHttp2: () => void
  /** Called when an exchange is complete and another may follow. */
  readonly onIdle: (connection: OriginConnection) => void
  /** Called once, when the connection has ended. */
  readonly onClose: (connection: OriginConnection) => void
}

/** A final answer may be preceded by interim ones (RFC 9110 section 15.2), but not by a flood. */
const MAX_INTERIM = 64

export class OriginConnection implements Expiring, OriginSide {
  /** When to close it; moved by the pool while nobody uses it. */
  deadline = Number.POSITIVE_INFINITY
  readonly authority: string
  readonly address: IpAddress
  used = false
  /** For whom it is being used; whom it belongs to, once it `isBound`. */
  user: Owner | null = null
  /** Somebody has authenticated on it, or was asked to, in a way that counts for all that follows. */
  isBound = false
  /** Seconds the origin said it keeps an idle connection; null when it did not. */
  keepAliveSeconds: number | null = null
  received = 0
  readonly #options: OriginConnectionOptions
  readonly #socket: Socket
  #sink: AnswerSink | null = null
  #head = new HeadBuffer()
  #body: BodyReader | null = null
  #answer: ResponseHead | null = null
  #untilClose = false
  #interim = 0
  /** What the origin said when it ended the connection; null for nothing worth telling. */
  #fault: Problem | null = null
  /** What the connection is asked to become with the request under way. */
  #asked: (Upgrading & { readonly head: RequestHead }) | null = null

  constructor(options: OriginConnectionOptions) {
    const { socket, authority, address } = options
    this.#options = options
    this.#socket = socket
    this.authority = authority
    this.address = address
    socket.on('data', this.#onData)
    socket.on('drain', this.#onDrain)
    socket.on('end', this.#onEnd)
    socket.on('error', this.#onError)
    socket.on('close', this.#onGone)
  }

  begin(request: Outgoing, sink: AnswerSink): MessageOut {
    const { head, target, upgrade } = request
    this.#sink = sink
    this.received = 0
    this.#interim = 0
    if (head.fields.bindsConnection) this.isBound = true
    this.#asked = upgrade === null ? null : { head, ...toUpgrading(head, upgrade) }
    const text = toOriginHead(head, target, this.#options.pseudonym, this.#asked)
    return new MessageWriter(this.#socket, head.body, text)
  }

  get isPaused(): boolean {
    return this.#socket.isPaused()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  release(): void {
    this.#options.onIdle(this)
  }

  abandon(): void {
    this.#sink = null
    this.destroy()
  }

  detach(): Channel {
    const socket = this.#socket
    sendGathered(socket)
    socket.pause()
    socket.off('data', this.#onData)
    socket.off('drain', this.#onDrain)
    socket.off('end', this.#onEnd)
    const rest = this.#head.drain()
    if (rest) socket.unshift(rest)
    return socket
  }

  destroy(): void {
    sendGathered(this.#socket)
    this.#socket.destroy()
  }

  expire(): void {
    this.destroy()
  }

  get closed(): boolean {
    return this.#socket.destroyed
  }

  #onData = (chunk: Buffer): void => {
    try {
      this.#read(chunk)
    } catch (error) {
      // A defect of ours costs this exchange, not the process.
      this.#options.report('origin connection', error)
      this.destroy()
    }
  }

  #read(chunk: Buffer): void {
    const sink = this.#sink
    if (!sink) return this.destroy()
    if (this.received === 0 && !this.used && beginsAsServer(chunk)) return this.#failAsHttp2()
    this.received += chunk.length
    let buffer = chunk
    while (this.#body === null) {
      this.#head.push(buffer)
      const text = this.#head.take()
      if (text === null) {
        if (this.#head.length > this.#options.maxHeadBytes)
          this.#fail('the head of the answer is too large')
        else if (this.#head.hasBareLf || !this.#head.mayBeginWith('HTTP/1.')) this.#fail(NO_HTTP)
        return
      }
      const head = text.length > this.#options.maxHeadBytes ? null : parseResponseHead(text)
      if (!head) return this.#fail(NO_HTTP)
      if (head.status === 101) return this.#switch(sink, head)
      if (head.status < 200) {
        if (++this.#interim > MAX_INTERIM) return this.#fail('too many interim answers')
        sink.onInterim(head)
      } else {
        if (head.fields.bindsConnection) this.isBound = true
        const length = responseLength(head, sink.method)
        this.#answer = head
        this.#untilClose = length === UNTIL_CLOSE
        this.#body = new BodyReader(length)
        sink.onHead(head, length)
      }
      const rest = this.#head.drain()
      if (rest === null && !this.#body?.done) return sink.onFlush()
      buffer = rest ?? EMPTY
    }
    const body = this.#body
    let at = 0
    if (!body.done) {
      at = body.read(buffer, 0)
      if (body.broken) return this.#fail('the body of the answer is malformed')
      sink.onPayload(buffer, body.start, body.end)
    }
    if (body.done) this.#complete(sink, at < buffer.length)
    else sink.onFlush()
  }

  /** INVARIANT: nothing but a 101 that was asked for, and is for what was asked, makes another protocol of the connection. */
  #switch(sink: AnswerSink, head: ResponseHead): void {
    const asked = this.#asked
    const { upgrade, nominated } = head.fields
    if (!asked || upgrade?.toLowerCase() !== asked.protocol || !nominated?.includes('upgrade')) {
      return this.#fail('it becomes something that nobody asked for')
    }
    const fault = asked.key === null ? null : faultOf(head, asked.head, asked.key)
    if (fault !== null) return this.#fail(fault)
    this.#sink = null
    sink.onAccepted(head)
  }

  #complete(sink: AnswerSink, hasExcess: boolean): void {
    const body = this.#body
    const head = this.#answer
    if (!body || !head) return
    const { close, keepAlive } = head.fields
    const persistent = !close && (head.version === '1.1' || keepAlive)
    this.#sink = null
    this.#body = null
    this.#answer = null
    this.used = true
    this.keepAliveSeconds = head.fields.keepAliveSeconds
    sink.onEnd(body.trailers, persistent && !hasExcess && !this.#untilClose)
  }

  #onDrain = (): void => {
    this.#sink?.onDrain()
  }

  #onEnd = (): void => {
    const sink = this.#sink
    if (sink && this.#body && this.#untilClose) this.#complete(sink, false)
    this.destroy()
  }

  #onError = (error: Error): void => {
    this.#fault = toAlertProblem(error, this.authority)
    this.destroy()
  }

  #onGone = (): void => {
    const sink = this.#sink
    this.#sink = null
    this.#options.onClose(this)
    if (!sink) return
    const detail = `${this.address.text} closed the connection before the answer was complete`
    sink.onFailure(this.#fault ?? { code: 'connect-reset', detail }, null)
  }

  #failAsHttp2(): void {
    this.#options.onHttp2()
    this.#fail('it speaks HTTP/2 and was asked by HTTP/1.1', true)
  }

  #fail(detail: string, unread = false): void {
    const sink = this.#sink
    this.#sink = null
    this.destroy()
    const problem: Problem = {
      code: 'connect-malformed',
      detail: `${this.address.text}: ${detail}`,
    }
    sink?.onFailure(problem, null, unread)
  }
}

function toUpgrading(head: RequestHead, protocol: string): Upgrading {
  return { protocol, key: protocol === WEBSOCKET ? (keyOf(head) ?? makeKey()) : null }
}

const EMPTY = Buffer.alloc(0)
const NO_HTTP = 'the answer is not well-formed HTTP/1.1, or not one that was asked for'
