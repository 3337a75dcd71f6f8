/**
 * One client connection that speaks HTTP/1.1: the plain proxy port, or the inside of a tunnel. Requests are read one at a time,
 * released by the spine and relayed; what a client sends ahead waits, within bounds. Every request that was begun ends in
 * one audit row.
 */

import type { Problem } from '../../model/errors.ts'
import type { Refusal } from '../../model/refusal.ts'
import type { BodyView } from '../../model/request-view.ts'
import type { Channel } from '../channel.ts'
import type { Expiring } from '../deadlines.ts'
import { type Passed, RequestGate, type Scope } from '../exchange/gate.ts'
import { expectsContinue, type RequestHead } from '../exchange/message.ts'
import { type BodyState, Relay, type RelayResult } from '../exchange/relay.ts'
import { askedUpgrade } from '../exchange/upgrade.ts'
import { linger } from '../linger.ts'
import { Owner } from '../origin/owner.ts'
import type { ProxyContext, Served, Tunnel } from '../proxy.ts'
import { refuseOn, toRefusalResponse } from '../refuse.ts'
import { Http1Client } from './client-side.ts'
import { canGoOn, Drain } from './drain.ts'
import { parseRequestHead } from './head.ts'
import { HeadBuffer } from './head-buffer.ts'
import { FramedPeek, RequestBody } from './request-body.ts'

export interface ClientOptions {
  readonly socket: Channel
  readonly scope: Scope
  readonly context: ProxyContext
  /** Takes the socket over after CONNECT; null inside a tunnel, where CONNECT is refused. */
  readonly onConnect: ((tunnel: Tunnel) => void) | null
}

/** Bytes a client may send ahead of its turn before it is paused. */
const MAX_AHEAD = 64 * 1024

export class ClientConnection implements Expiring, Served {
  readonly #socket: Channel
  readonly #scope: Scope
  readonly #context: ProxyContext
  readonly #onConnect: ClientOptions['onConnect']
  readonly #gate: RequestGate
  readonly #received = new HeadBuffer()
  readonly #owner = new Owner()
  /** Between reading a head and having answered it. */
  #busy = false
  #relay: Relay | null = null
  #body: RequestBody | null = null
  #drain: Drain | null = null
  #peeking: Peeking | null = null
  /** Tells a request that waits for a person that its client has left. */
  #waiting: AbortController | null = null
  #requests = 0
  /** Bytes of the answer when the client was last found to have said goodbye. */
  #answered = 0
  /** The client has sent FIN. */
  #ended = false
  /** The socket is closed, or somebody else's. */
  #closed = false
  /** It ends once everything was sent; nothing more is read. */
  #isLeaving = false
  #giveUpAt: number

  constructor({ socket, scope, context, onConnect }: ClientOptions) {
    this.#socket = socket
    this.#scope = scope
    this.#context = context
    this.#onConnect = onConnect
    this.#gate = new RequestGate(scope, context)
    this.#giveUpAt = context.deadlines.in(context.timeouts.head)
    context.deadlines.add(this)
    context.connections.add(this)
    socket.on('data', this.#onData)
    socket.on('drain', this.#onDrain)
    socket.on('end', this.#onEnd)
    socket.on('error', this.#onError)
    socket.on('close', this.#onClose)
    socket.resume()
  }

  get deadline(): number {
    return Math.min(this.#giveUpAt, this.#relay?.deadline ?? Number.POSITIVE_INFINITY)
  }

  expire(): void {
    if (this.#relay && this.#relay.deadline <= this.#giveUpAt) return this.#relay.expire()
    if (this.#peeking) return this.#endPeek()
    if (this.#busy) return this.#awaitAnswer()
    // Only a connection that never asked, or began to ask, has something to be told and recorded.
    if (this.#isLeaving) return this.#destroy()
    const isUnread = this.#socket.writableNeedDrain
    if (this.#requests > 0 && (isUnread || this.#received.isBlank)) return this.#endSoon()
    this.#giveUpAt = Number.POSITIVE_INFINITY
    this.#run(this.#refuseUnread(TOO_LATE))
  }

  /** It has said goodbye. While an answer comes it is still listening: were it gone, writing would have shown that. */
  #awaitAnswer(): void {
    const answered = this.#relay?.received ?? 0
    if (answered === this.#answered) return this.#destroy()
    this.#answered = answered
    this.#giveUpAt = this.#context.deadlines.in(this.#context.timeouts.halfClosed)
  }

  shutDown(): void {
    this.#ended = true
    if (!this.#busy) this.#endSoon()
  }

  /** Nothing is under way; the client may still take what it was answered, but not for ever. */
  #endSoon(): void {
    if (this.#isLeaving) return
    this.#isLeaving = true
    this.#giveUpAt = this.#context.deadlines.in(this.#context.timeouts.body)
    this.#socket.destroySoon()
  }

  #onData = (chunk: Buffer): void => {
    try {
      this.#read(chunk)
    } catch (error) {
      this.#onDefect(error)
    }
  }

  #read(chunk: Buffer): void {
    if (this.#isLeaving) return
    if (this.#relay?.wantsBody) return this.#send(chunk)
    this.#received.push(chunk)
    if (this.#peeking) this.#peekAt(chunk)
    else if (!this.#busy) this.#next()
    else if (this.#received.length > MAX_AHEAD) this.#socket.pause()
  }

  #onDrain = (): void => {
    if (this.#relay) this.#relay.onClientDrain()
    else if (!this.#busy && !this.#isLeaving) this.#goOn()
  }

  #onEnd = (): void => {
    this.#ended = true
    this.#endPeek()
    // Whether it still listens cannot be seen. A person is not asked for somebody who may be gone; if it does, it is told so.
    this.#waiting?.abort()
    if (this.#relay?.wantsBody) this.#destroy()
    else if (this.#busy)
      this.#giveUpAt = this.#context.deadlines.in(this.#context.timeouts.halfClosed)
    else this.#next()
  }

  #onError = (): void => {
    this.#socket.destroy()
  }

  #onClose = (): void => {
    if (this.#closed) return
    this.#closed = true
    this.#unregister()
    this.#endPeek()
    this.#waiting?.abort()
    if (this.#relay) this.#relay.cancel()
    else if (!this.#busy && this.#leftUnasked()) this.#run(this.#recordIncomplete())
  }

  /** Reads the next request head, if it is there. */
  #next(): void {
    // Who does not read is not answered any more: `drain` goes on.
    if (this.#socket.writableNeedDrain) {
      if (this.#received.length > MAX_AHEAD) this.#socket.pause()
      return
    }
    if (this.#drain && !this.#readAway(this.#drain)) return
    const text = this.#received.take()
    if (text === null) return this.#awaitHead()
    this.#busy = true
    this.#requests++
    this.#giveUpAt = Number.POSITIVE_INFINITY
    const head = text.length > this.#context.limits.head ? TOO_LARGE : parseRequestHead(text)
    if ('code' in head) this.#run(this.#refuseUnread(head))
    else if (head.method === 'CONNECT') this.#run(this.#connect(head))
    else this.#run(this.#serve(head))
  }

  #awaitHead(): void {
    if (this.#received.length > this.#context.limits.head) this.#run(this.#refuseUnread(TOO_LARGE))
    else if (this.#received.hasBareLf) this.#run(this.#refuseUnread(BARE_LF))
    else if (this.#ended) this.#endSoon()
  }

  async #serve(head: RequestHead): Promise<void> {
    const passed = await this.#pass(head)
    if ('refusal' in passed) return this.#refuse(head, passed.refusal, 'unread')
    const { pseudonym } = this.#context
    const client = new Http1Client(this.#socket, head, pseudonym, () => this.#leave())
    const relay = new Relay({
      context: this.#context,
      client,
      request: { head: passed.head, target: passed.target, upgrade: passed.upgrade },
      replaced: passed.replaced,
      permit: passed.permit,
      way: 'either',
      user: this.#owner,
      onReady: this.#onReady,
      onOver: (result) => this.#onRelayed(head, client.closes, result),
    })
    this.#relay = relay
    this.#body = new RequestBody(head)
    if (this.#closed) relay.cancel()
    await relay.start()
  }

  async #pass(head: RequestHead): Promise<Passed> {
    if (head.body === 0) return this.#gate.pass(head, askedUpgrade(head), null, this.#whenGone)
    using body = new FramedPeek(head, this.#scope.client.text)
    return await this.#gate.pass(head, null, () => this.#peekBody(head, body), this.#whenGone)
  }

  #whenGone = (): AbortSignal => {
    this.#waiting = new AbortController()
    if (this.#closed) this.#waiting.abort()
    return this.#waiting.signal
  }

  /** The beginning of the body, as soon as enough of it has come, or no more will. */
  #peekBody(head: RequestHead, body: FramedPeek): Promise<BodyView> {
    // A client that waits for leave to send it has to get that from us (RFC 9110 section 10.1.1).
    if (expectsContinue(head)) this.#socket.write(CONTINUE, 'latin1')
    return new Promise((resolve) => {
      this.#peeking = { body, settle: () => resolve(body.view()) }
      this.#giveUpAt = this.#context.deadlines.in(this.#context.timeouts.body)
      this.#socket.resume()
      const held = this.#received.held()
      if (held) this.#peekAt(held)
      if (this.#ended || this.#closed) this.#endPeek()
    })
  }

  #peekAt(bytes: Buffer): void {
    this.#peeking?.body.feed(bytes)
    if (this.#peeking?.body.done) this.#endPeek()
  }

  #endPeek(): void {
    if (!this.#peeking) return
    this.#peeking.settle()
    this.#peeking = null
    this.#giveUpAt = Number.POSITIVE_INFINITY
    if (this.#received.length > MAX_AHEAD) this.#socket.pause()
  }

  async #connect(head: RequestHead): Promise<void> {
    const onConnect = this.#onConnect
    if (!onConnect) {
      return this.#refuseUnread({ code: 'request-target', detail: 'CONNECT inside a tunnel' })
    }
    const passed = await this.#gate.passConnect(head)
    if ('refusal' in passed) {
      // What came right behind CONNECT was meant for the tunnel: it must not be read as a request.
      const state = this.#received.length > 0 ? 'partly-read' : 'unread'
      return this.#refuse(head, passed.refusal, state)
    }
    if (this.#closed) return this.#recordIncomplete()
    this.#socket.pause()
    this.#detach()
    const socket = this.#socket
    onConnect({
      ...passed,
      credentials: head.fields.proxyAuthorization,
      socket,
      early: this.#received.drain(),
      establish: () => socket.write(ESTABLISHED, 'latin1'),
      refuse: (refusal) => refuseOn(socket, refusal),
    })
  }

  /** The request can be sent: its head, and what has come of its body. */
  #onReady = (): void => {
    this.#socket.resume()
    this.#send(this.#received.drain() ?? NOTHING)
    // It said goodbye before its body was complete.
    if (this.#ended && this.#relay?.wantsBody) this.#destroy()
  }

  #send(bytes: Buffer): void {
    const relay = this.#relay
    const at = relay ? (this.#body?.feed(bytes, relay) ?? 0) : 0
    relay?.flush()
    if (at < bytes.length) this.#received.push(bytes.subarray(at))
  }

  #onRelayed(head: RequestHead, closes: boolean, result: RelayResult): void {
    // An early answer leaves the rest of the request unread: nobody knows where the next one begins.
    const goesOn = !closes && this.#relay?.isComplete === true
    this.#relay = null
    this.#body = null
    if (result === 'switched') return
    if (result === 'done') goesOn ? this.#goOn() : this.#lingerAway()
    else if ('reset' in result) this.#destroy()
    else this.#refuse(head, result.failure, result.body)
  }

  /** The request is answered: the next one may come. */
  #goOn(): void {
    this.#busy = false
    this.#giveUpAt = this.#context.deadlines.in(this.#context.timeouts.idle)
    if (this.#closed) return
    this.#socket.resume()
    if (this.#received.length > 0 || this.#ended) this.#next()
  }

  /** Answers a request that does not leave, or did not get through. */
  #refuse(head: RequestHead, refusal: Refusal, body: BodyState): void {
    if (this.#closed) return
    const goesOn = canGoOn(head, body) && !this.#ended
    const response = toRefusalResponse(refusal, head.method, goesOn ? null : 'close')
    this.#socket.write(response, 'latin1')
    if (!goesOn) return this.#lingerAway()
    if (body === 'unread' && head.body !== 0) this.#drain = new Drain(head)
    this.#goOn()
  }

  /** @returns whether the refused body is over. */
  #readAway(drain: Drain): boolean {
    const state = drain.read(this.#received)
    if (state === 'hopeless') this.#lingerAway()
    else if (state === 'over') this.#drain = null
    else if (this.#ended) this.#endSoon()
    return state === 'over'
  }

  /** Answers what never became a request, and ends the connection: nobody knows where the next one would begin. */
  async #refuseUnread(problem: Problem): Promise<void> {
    this.#busy = true
    const refusal = await this.#gate.refuseUnread(problem)
    if (this.#closed) return
    this.#detach()
    refuseOn(this.#socket, refusal)
  }

  /** Whether the client left a destination named or a request begun without ever asking. */
  #leftUnasked(): boolean {
    return !this.#received.isBlank || (this.#scope.tunnel !== null && this.#requests === 0)
  }

  async #recordIncomplete(): Promise<void> {
    await this.#gate.refuseUnread({ code: 'request-incomplete', detail: 'the client left early' })
  }

  #lingerAway(): void {
    this.#detach()
    linger(this.#socket)
  }

  #destroy(): void {
    this.#socket.destroy()
  }

  /** A defect of ours costs this connection, not the process, and nothing passes by it. */
  #run(work: Promise<void>): void {
    work.catch((error: unknown) => this.#onDefect(error))
  }

  #onDefect(error: unknown): void {
    this.#context.report('client connection', error)
    this.#destroy()
  }

  /** Gives the socket into other hands, with what has come and was not read. */
  #leave(): Channel {
    this.#socket.pause()
    this.#detach()
    const rest = this.#received.drain()
    if (rest) this.#socket.unshift(rest)
    return this.#socket
  }

  /** Lets go of the socket. */
  #detach(): void {
    this.#unregister()
    this.#closed = true
    this.#socket.off('data', this.#onData)
    this.#socket.off('drain', this.#onDrain)
    this.#socket.off('end', this.#onEnd)
    this.#socket.off('close', this.#onClose)
  }

  #unregister(): void {
    this.#context.origins.disown(this.#owner)
    this.#context.deadlines.delete(this)
    this.#context.connections.delete(this)
  }
}

interface Peeking {
  readonly body: FramedPeek
  settle(): void
}

/** RFC 9110 section 9.3.6. No header fields: some clients stumble over them. */
const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n'

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'

const NOTHING = Buffer.alloc(0)

const TOO_LARGE: Problem = {
  code: 'request-head-too-large',
  detail: 'the head is larger than this proxy takes',
}

const TOO_LATE: Problem = {
  code: 'request-timeout',
  detail: 'no whole request head came in time',
}

const BARE_LF: Problem = {
  code: 'request-malformed',
  detail: 'a line of the head does not end in CR LF',
}
