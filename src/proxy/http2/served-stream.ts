/** One request on a stream of a client's HTTP/2 connection: judged, relayed, and answered. */

import type { Problem } from '../../model/errors.ts'
import type { Refusal } from '../../model/refusal.ts'
import type { BodyView } from '../../model/request-view.ts'
import type { Channel } from '../channel.ts'
import type { Expiring } from '../deadlines.ts'
import type { Fields } from '../exchange/fields.ts'
import type { Passed } from '../exchange/gate.ts'
import {
  type BodyLength,
  expectsContinue,
  type MessageOut,
  type RequestHead,
  type ResponseHead,
} from '../exchange/message.ts'
import { BodyPeek, Pause } from '../exchange/peek.ts'
import { Relay, type RelayResult } from '../exchange/relay.ts'
import { type ClientSide, RESET } from '../exchange/sides.ts'
import type { Target } from '../exchange/target.ts'
import type { Way } from '../origin/way.ts'
import { toRefusalBody, toRefusalFields } from '../refuse.ts'
import { WEBSOCKET } from '../websocket/handshake.ts'
import type { ClientSession } from './client-session.ts'
import { toOutgoing, toRequest } from './field-list.ts'
import { ERROR } from './frames.ts'
import type { HeaderList } from './hpack/decoder.ts'
import { Pieces } from './pieces.ts'
import type { Stream, StreamFault, StreamSink } from './stream.ts'
import { StreamSocket } from './stream-socket.ts'

export class ServedStream implements StreamSink, ClientSide, Expiring {
  readonly #session: ClientSession
  readonly #stream: Stream
  #method = ''
  #relay: Relay | null = null
  #peeking: Peeking | null = null
  /** Tells a request that waits for a person that its client has left. */
  #waiting: AbortController | null = null
  /** What came while the body was looked at, in order, and whether that was all. */
  readonly #ahead = new Pieces()
  #aheadEnd: { readonly trailers: Fields | null } | null = null
  /** Why the client does not want an answer any more, in the codes of RFC 9113 section 7; null while it does. */
  #lost: number | null = null
  #giveUpAt = Number.POSITIVE_INFINITY

  constructor(session: ClientSession, stream: Stream) {
    const { deadlines } = session.context
    this.#session = session
    this.#stream = stream
    stream.sink = this
    // Nobody wants the body before the request is decided.
    stream.pause()
    stream.onClosed = () => deadlines.delete(this)
    deadlines.add(this)
  }

  get deadline(): number {
    return Math.min(this.#giveUpAt, this.#relay?.deadline ?? Number.POSITIVE_INFINITY)
  }

  expire(): void {
    if (this.#relay && this.#relay.deadline <= this.#giveUpAt) return this.#relay.expire()
    if (this.#peeking) return this.#endPeek()
    this.#stream.reset(ERROR.cancel)
  }

  async serve(block: HeaderList, endStream: boolean): Promise<void> {
    const { scope, gate } = this.#session
    const request = toRequest(block, scope.tunnel?.scheme ?? null, endStream)
    if ('code' in request) {
      const refusal = await gate.refuseUnread(request, 'HTTP/2')
      this.refuse(refusal)
      if (request.code === 'request-malformed') this.#stream.resetAtEnd(ERROR.protocol)
      return
    }
    const { head, protocol } = request
    this.#method = head.method
    if (protocol !== null && protocol !== WEBSOCKET) {
      return this.refuse(await gate.refuseUnread(NO_UPGRADE, 'HTTP/2'))
    }
    if (head.method === 'CONNECT') return this.#connect(head)
    if (!endStream && head.body >= 0 && protocol === null) this.#stream.expect(head.body)
    const passed = await this.#pass(head, protocol)
    if ('refusal' in passed) return this.refuse(passed.refusal)
    const { permit, target, upgrade, replaced, passing } = passed
    const relay = new Relay({
      context: this.#session.context,
      client: this,
      request: { head: passed.head, target, upgrade },
      replaced,
      passing,
      permit,
      user: this.#session.owner,
      way: this.#wayTo(target),
      onReady: this.#onReady,
      onOver: this.#onOver,
    })
    this.#relay = relay
    if (this.#lost !== null) relay.cancel(this.#lost)
    await relay.start()
  }

  /** Who spoke HTTP/2 in the clear inside a tunnel knew that the origin does; a proxy is not told what others speak. */
  #wayTo({ scheme }: Target): Way {
    if (scheme === 'https') return 'h2'
    return this.#session.scope.tunnel ? 'h2c' : 'either'
  }

  /** Answers with the refusal, and wants no more of the request. */
  refuse(refusal: Refusal): void {
    const body = Buffer.from(toRefusalBody(refusal))
    const fields = toRefusalFields(refusal, body.length)
    const list = [':status', String(refusal.status)]
    for (const [i, text] of fields.entries()) list.push(i % 2 === 0 ? text.toLowerCase() : text)
    const stream = this.#stream
    const isHead = this.#method === 'HEAD'
    stream.sendHeaders(list, null, isHead)
    if (!isHead) {
      stream.payload(body, 0, body.length)
      stream.finish(null, null)
      stream.flush()
    }
    this.#endAnswer()
  }

  async #connect(head: RequestHead): Promise<void> {
    const { onConnect, gate } = this.#session
    if (!onConnect) {
      const problem: Problem = { code: 'request-target', detail: 'CONNECT inside a tunnel' }
      return this.refuse(await gate.refuseUnread(problem, 'HTTP/2'))
    }
    const passed = await gate.passConnect(head)
    if ('refusal' in passed) return this.refuse(passed.refusal)
    if (this.#lost !== null) {
      await gate.refuseUnread({ code: 'request-incomplete', detail: 'the client left early' })
      return
    }
    const { proxyAuthorization: credentials } = head.fields
    onConnect({
      ...passed,
      credentials,
      early: null,
      socket: new StreamSocket(this.#stream),
      establish: () => this.#stream.sendHeaders([':status', '200'], null, false),
      refuse: (refusal) => this.refuse(refusal),
    })
  }

  async #pass(head: RequestHead, upgrade: string | null): Promise<Passed> {
    const { gate, scope } = this.#session
    if (head.body === 0) return gate.pass(head, upgrade, null, this.#whenGone)
    using body = new BodyPeek(scope.client.text)
    const peek = (mayPause: boolean) => this.#peekBody(head, body, mayPause)
    return await gate.pass(head, null, peek, this.#whenGone)
  }

  #whenGone = (): AbortSignal => {
    this.#waiting = new AbortController()
    if (this.#lost !== null) this.#waiting.abort()
    return this.#waiting.signal
  }

  /** The beginning of the body, as soon as enough of it has come, or no more will. */
  #peekBody(head: RequestHead, body: BodyPeek, mayPause: boolean): Promise<BodyView> {
    const { deadlines, timeouts } = this.#session.context
    // A client that waits for leave to send it has to get that from us (RFC 9110 section 10.1.1).
    if (expectsContinue(head)) this.#stream.sendHeaders([':status', '100'], null, false)
    return new Promise((resolve) => {
      const pause = mayPause ? new Pause(() => this.#endPeek()) : null
      this.#peeking = { body, pause, settle: () => resolve(body.view(head)) }
      this.#giveUpAt = deadlines.in(timeouts.body)
      if (this.#lost === null) this.#stream.resume()
      else this.#endPeek()
    })
  }

  #endPeek(): void {
    if (!this.#peeking) return
    this.#stream.pause()
    this.#peeking.pause?.[Symbol.dispose]()
    this.#peeking.settle()
    this.#peeking = null
    this.#giveUpAt = Number.POSITIVE_INFINITY
  }

  /** The request can be sent: its head, and what has come of its body. */
  #onReady = (): void => {
    const ahead = this.#ahead
    for (let piece = ahead.first; piece; piece = ahead.first) {
      const { buffer, start, end } = piece
      this.#relay?.payload(buffer, start, end)
      ahead.drop(end - start)
    }
    if (this.#aheadEnd) this.#finish(this.#aheadEnd.trailers)
    this.#stream.resume()
    this.#relay?.flush()
  }

  #finish(trailers: Fields | null): void {
    if (this.#relay?.wantsBody) this.#relay.finish(trailers)
  }

  #onOver = (result: RelayResult): void => {
    this.#relay = null
    if (result === 'switched') return
    if (result === 'done') this.#endAnswer()
    else if ('reset' in result) this.#stream.reset(result.reset)
    else this.refuse(result.failure)
  }

  /** The whole answer was handed over; the rest of the request is not wanted (RFC 9113 section 8.1). */
  #endAnswer(): void {
    const { deadlines, timeouts } = this.#session.context
    this.#giveUpAt = deadlines.in(timeouts.body)
    this.#stream.resume()
    this.#stream.resetAtEnd(ERROR.none)
  }

  // The stream's other end.

  onHeaders(): boolean {
    return false
  }

  onData(buffer: Buffer, start: number, end: number): void {
    if (!this.#peeking) return this.#relay?.payload(buffer, start, end)
    this.#ahead.push(buffer, start, end)
    this.#peeking.body.feed(buffer.subarray(start, end), end - start)
    this.#peeking.pause?.touch()
    if (this.#peeking.body.done) this.#endPeek()
  }

  onFlush(): void {
    this.#relay?.flush()
  }

  onEnd(trailers: Fields | null): void {
    if (this.#peeking) {
      this.#aheadEnd = { trailers }
      this.#peeking.body.end(true)
      return this.#endPeek()
    }
    this.#finish(trailers)
    this.#relay?.flush()
  }

  onReset(code: number | null): void {
    this.#lost = code ?? RESET.cancel
    this.#endPeek()
    this.#waiting?.abort()
    this.#relay?.cancel(this.#lost)
  }

  onBroken({ kind, detail }: StreamFault): void {
    this.#lost = RESET.cancel
    this.#endPeek()
    this.#waiting?.abort()
    this.#relay?.break({ code: kind === 'held' ? 'held-exceeded' : 'request-framing', detail })
  }

  onDrain(): void {
    this.#relay?.onClientDrain()
  }

  // The client's side of the exchange.

  readonly takesResets = true

  interim(head: ResponseHead): void {
    this.#sendHead(head, false)
  }

  answer(head: ResponseHead, body: BodyLength): MessageOut {
    this.#sendHead(head, body === 0)
    return this.#stream
  }

  accept(head: ResponseHead): Channel {
    const { deadlines } = this.#session.context
    // What 101 says on HTTP/1.1, a stream says with 200 (RFC 8441 section 5).
    this.#sendHead({ ...head, status: 200 }, false, true)
    deadlines.delete(this)
    return new StreamSocket(this.#stream)
  }

  #sendHead(head: ResponseHead, endStream: boolean, isTunnel = false): void {
    const { pseudonym } = this.#session.context
    const pseudo = [':status', String(head.status)]
    const { list, secret } = toOutgoing(pseudo, head.version, head.fields, pseudonym, isTunnel)
    this.#stream.sendHeaders(list, secret, endStream)
  }

  pause(): void {
    this.#stream.pause()
  }

  resume(): void {
    this.#stream.resume()
  }

  get isPaused(): boolean {
    return this.#stream.isPaused
  }
}

interface Peeking {
  readonly body: BodyPeek
  /** Null where it is waited for however long that takes. */
  readonly pause: Pause | null
  settle(): void
}

const NO_UPGRADE: Problem = {
  code: 'upgrade-refused',
  detail: 'no rule lets the connection become what `:protocol` asks for',
}
