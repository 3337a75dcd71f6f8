/** One exchange on a stream of an HTTP/2 connection to an origin. */

import type { IpAddress } from '../../model/address.ts'
import type { Problem } from '../../model/errors.ts'
import type { Channel } from '../channel.ts'
import type { Fields } from '../exchange/fields.ts'
import { type BodyLength, type MessageOut, UNTOLD } from '../exchange/message.ts'
import type { AnswerSink, OriginSide, Outgoing } from '../exchange/sides.ts'
import { faultOf, WEBSOCKET } from '../websocket/handshake.ts'
import { toOutgoing, toResponse } from './field-list.ts'
import { ERROR } from './frames.ts'
import type { HeaderList } from './hpack/decoder.ts'
import type { OriginSession } from './origin-session.ts'
import type { Stream, StreamFault, StreamSink } from './stream.ts'
import { StreamSocket } from './stream-socket.ts'

/** As on HTTP/1: RFC 9110 section 15.2. */
const MAX_INTERIM = 64

export class OriginStream implements OriginSide, StreamSink {
  readonly #session: OriginSession
  readonly #isFirst: boolean
  #stream: Stream | null = null
  #sink: AnswerSink | null = null
  /** What asks the stream to become something else; null for a plain request. */
  #asked: Outgoing | null = null
  #hasHead = false
  #interim = 0

  /** @param session has kept a place for it */
  constructor(session: OriginSession) {
    this.#session = session
    this.#isFirst = !session.used
  }

  get address(): IpAddress {
    return this.#session.address
  }

  get used(): boolean {
    return !this.#isFirst
  }

  get received(): number {
    return this.#stream?.received ?? 0
  }

  get isPaused(): boolean {
    return this.#stream?.isPaused ?? false
  }

  begin(request: Outgoing, sink: AnswerSink): MessageOut {
    const { head, target, upgrade } = request
    const stream = this.#session.open()
    this.#stream = stream
    this.#sink = sink
    const isTunnel = upgrade !== null
    this.#asked = isTunnel ? request : null
    stream.sink = this
    const pseudo = [':method', isTunnel ? 'CONNECT' : head.method, ':scheme', target.scheme]
    pseudo.push(':authority', target.host, ':path', target.wire)
    if (isTunnel) pseudo.push(':protocol', upgrade)
    const { fields, version } = head
    if (fields.wantsTrailers) pseudo.push('te', 'trailers')
    const { list, secret } = toOutgoing(pseudo, version, fields, this.#session.pseudonym, isTunnel)
    stream.sendHeaders(list, secret, head.body === 0 && !isTunnel)
    // The connection ended between the decision and now.
    if (stream.isReset)
      queueMicrotask(() => this.onReset(ERROR.refusedStream, 'it has ended', false))
    return stream
  }

  pause(): void {
    this.#stream?.pause()
  }

  resume(): void {
    this.#stream?.resume()
  }

  release(): void {
    if (!this.#stream) this.#session.unreserve()
  }

  abandon(reset: number): void {
    this.#sink = null
    if (this.#stream) this.#stream.reset(reset === ERROR.none ? ERROR.cancel : reset)
    else this.#session.unreserve()
  }

  detach(): Channel {
    if (!this.#stream) throw new Error('the exchange has not begun')
    return new StreamSocket(this.#stream)
  }

  onHeaders(block: HeaderList, endStream: boolean): boolean {
    const sink = this.#sink
    if (!sink || this.#hasHead) return false
    const head = toResponse(block)
    if (!head) return false
    if (head.status < 200) {
      sink.onInterim(head)
      return !endStream && ++this.#interim <= MAX_INTERIM
    }
    this.#hasHead = true
    if (this.#asked && head.status < 300 && !endStream) {
      const isWebSocket = this.#asked.upgrade === WEBSOCKET
      const fault = isWebSocket ? faultOf(head, this.#asked.head, null) : null
      if (fault === null) sink.onAccepted(head)
      else this.#fail(fault)
      return true
    }
    const { contentLength } = head.fields
    const isBodiless = sink.method === 'HEAD' || head.status === 204 || head.status === 304
    if (!isBodiless && contentLength >= 0 && this.#stream) this.#stream.expect(contentLength)
    const length: BodyLength =
      isBodiless || endStream ? 0 : contentLength >= 0 ? contentLength : UNTOLD
    if (isBodiless) this.#stream?.expect(0)
    sink.onHead(head, length)
    return true
  }

  onData(buffer: Buffer, start: number, end: number): void {
    if (this.#hasHead) this.#sink?.onPayload(buffer, start, end)
    else this.#fail('a body without an answer')
  }

  onFlush(): void {
    this.#sink?.onFlush()
  }

  onEnd(trailers: Fields | null): void {
    const sink = this.#sink
    this.#sink = null
    if (this.#hasHead) sink?.onEnd(trailers, true)
    else sink?.onFailure(malformed(this.address, 'the stream ended without an answer'), null)
  }

  onReset(code: number | null, detail: string, isFault: boolean): void {
    const sink = this.#sink
    this.#sink = null
    const { fault } = this.#session
    const problem = isFault ? malformed(this.address, detail) : reset(this.address, detail)
    sink?.onFailure(fault ?? problem, fault ? null : code)
  }

  onBroken({ kind, detail }: StreamFault): void {
    const sink = this.#sink
    this.#sink = null
    const problem: Problem =
      kind === 'held' ? { code: 'held-exceeded', detail } : malformed(this.address, detail)
    sink?.onFailure(problem, null)
  }

  onDrain(): void {
    this.#sink?.onDrain()
  }

  /** What has come is no answer. */
  #fail(detail: string): void {
    this.#stream?.reset(ERROR.protocol)
    this.onBroken({ kind: 'rules', detail })
  }
}

function malformed({ text }: IpAddress, detail: string): Problem {
  return { code: 'connect-malformed', detail: `${text}: ${detail}` }
}

function reset({ text }: IpAddress, detail: string): Problem {
  return { code: 'connect-reset', detail: `${text}: ${detail}` }
}
