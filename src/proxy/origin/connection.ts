/**
 * One HTTP/1.1 connection to an origin, used for one exchange at a time. Reads answers: interim heads, the final head, the
 * body up to its end. What comes when nothing was asked ends the connection.
 */

import type { Socket } from 'node:net'
import type { IpAddress } from '../../model/address.ts'
import type { Problem } from '../../model/errors.ts'
import type { Expiring } from '../deadlines.ts'
import { BodyReader, responseFraming, UNTIL_CLOSE } from '../http1/body.ts'
import { MAX_HEAD_BYTES, parseResponseHead, type ResponseHead } from '../http1/head.ts'
import { HeadBuffer } from '../http1/head-buffer.ts'

/** Who receives the answer. Every exchange ends with exactly one of `onEnd` and `onFailure`. */
export interface AnswerSink {
  /** The method asked with: it decides whether the answer has a body. */
  readonly method: string
  /** A 1xx head. */
  onInterim(head: ResponseHead): void
  onHead(head: ResponseHead, body: BodyReader): void
  /** Payload in `buffer[body.start..body.end]`. */
  onPayload(buffer: Buffer, body: BodyReader): void
  /** All bytes of one read were handed over. */
  onFlush(): void
  /** The answer is complete; no `onFlush` follows. `reusable`: the origin keeps the connection open. */
  onEnd(body: BodyReader, reusable: boolean): void
  onFailure(problem: Problem): void
  /** The origin can take more of the request. */
  onDrain(): void
}

/** A final answer may be preceded by interim ones (RFC 9110 section 15.2), but not by a flood. */
const MAX_INTERIM = 64

export class OriginConnection implements Expiring {
  /** When to close it; moved by the pool while nobody uses it. */
  deadline = Number.POSITIVE_INFINITY
  readonly socket: Socket
  readonly address: IpAddress
  /** Whether an exchange was completed on it before. */
  used = false
  closed = false
  /** Seconds the origin said it keeps an idle connection; null when it did not. */
  keepAliveSeconds: number | null = null
  /** Bytes of the current answer. */
  received = 0
  #sink: AnswerSink | null = null
  #head = new HeadBuffer()
  #body: BodyReader | null = null
  #answer: ResponseHead | null = null
  #untilClose = false
  #interim = 0
  readonly #onClose: (connection: OriginConnection) => void

  /** @param onClose called once, when the connection has ended. */
  constructor(socket: Socket, address: IpAddress, onClose: (connection: OriginConnection) => void) {
    this.socket = socket
    this.address = address
    this.#onClose = onClose
    socket.on('data', (chunk: Buffer) => this.#onData(chunk))
    socket.on('drain', () => this.#sink?.onDrain())
    socket.on('end', () => this.#onEnd())
    socket.on('error', () => this.destroy())
    socket.on('close', () => this.#onGone())
  }

  /** Starts an exchange: what comes from now on answers it. */
  begin(sink: AnswerSink): void {
    this.#sink = sink
    this.received = 0
    this.#interim = 0
  }

  /** Ends the exchange without its answer. */
  abandon(): void {
    this.#sink = null
    this.destroy()
  }

  destroy(): void {
    this.socket.destroy()
  }

  expire(): void {
    this.destroy()
  }

  #onData(chunk: Buffer): void {
    const sink = this.#sink
    if (!sink) return this.destroy()
    this.received += chunk.length
    let at = 0
    let buffer = chunk
    while (this.#body === null) {
      this.#head.push(buffer)
      const text = this.#head.take()
      if (text === null) {
        if (this.#head.length > MAX_HEAD_BYTES) this.#fail('the head of the answer is too large')
        else if (this.#head.hasBareLf || !this.#head.mayBeginWith('HTTP/1.')) this.#fail(NO_HTTP)
        return
      }
      const head = text.length > MAX_HEAD_BYTES ? null : parseResponseHead(text)
      if (!head || head.status === 101) return this.#fail(NO_HTTP)
      if (head.status < 200) {
        if (++this.#interim > MAX_INTERIM) return this.#fail('too many interim answers')
        sink.onInterim(head)
      } else {
        const framing = responseFraming(head, sink.method)
        this.#answer = head
        this.#untilClose = framing === UNTIL_CLOSE
        this.#body = new BodyReader(framing)
        sink.onHead(head, this.#body)
      }
      const rest = this.#head.drain()
      if (rest === null && !this.#body?.done) return sink.onFlush()
      buffer = rest ?? EMPTY
      at = 0
    }
    if (!this.#body.done) {
      at = this.#body.read(buffer, at)
      if (this.#body.broken) return this.#fail('the body of the answer is malformed')
      sink.onPayload(buffer, this.#body)
    }
    if (this.#body.done) this.#complete(sink, at < buffer.length)
    else sink.onFlush()
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
    sink.onEnd(body, persistent && !hasExcess && !this.#untilClose)
  }

  #onEnd(): void {
    const sink = this.#sink
    if (sink && this.#body && this.#untilClose) {
      this.#complete(sink, false)
    }
    this.destroy()
  }

  #onGone(): void {
    this.closed = true
    const sink = this.#sink
    this.#sink = null
    this.#onClose(this)
    if (!sink) return
    const detail = `${this.address.text} closed the connection before the answer was complete`
    sink.onFailure({ code: 'connect-reset', detail })
  }

  #fail(detail: string): void {
    const sink = this.#sink
    this.#sink = null
    this.destroy()
    sink?.onFailure({ code: 'connect-malformed', detail: `${this.address.text}: ${detail}` })
  }
}

const EMPTY = Buffer.alloc(0)
const NO_HTTP = 'the answer is not well-formed HTTP/1.1, or not one that was asked for'
