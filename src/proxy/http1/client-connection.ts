/**
 * One client connection that speaks HTTP/1.1: the plain proxy port, or the inside of a tunnel. Requests are read one at a time,
 * released by the spine and relayed; what a client sends ahead waits, within bounds. Every request that was begun ends in
 * one audit row.
 */

import type { Problem } from '../../model/errors.ts'
import type { Refusal } from '../../model/refusal.ts'
import type { Channel } from '../channel.ts'
import type { Expiring } from '../deadlines.ts'
import { RequestGate, type Scope } from '../exchange/gate.ts'
import type { RequestHead } from '../exchange/message.ts'
import type { BodyState } from '../exchange/relay.ts'
import { linger } from '../linger.ts'
import { Owner } from '../origin/owner.ts'
import type { ProxyContext, Served, Tunnel } from '../proxy.ts'
import { refuseOn, toRefusalResponse } from '../refuse.ts'
import { canGoOn, Drain } from './drain.ts'
import { sendGathered } from './gathering.ts'
import { parseRequestHead } from './head.ts'
import { HeadBuffer } from './head-buffer.ts'
import { ServedRequest, type ServingConnection } from './served-request.ts'

export interface ClientOptions {
  readonly socket: Channel
  readonly scope: Scope
  readonly context: ProxyContext
  /** Takes the socket over after CONNECT; null inside a tunnel, where CONNECT is refused. */
  readonly onConnect: ((tunnel: Tunnel) => void) | null
}

/** Bytes a client may send ahead of its turn before it is paused. */
const MAX_AHEAD = 64 * 1024

export class ClientConnection implements Expiring, Served, ServingConnection {
  readonly socket: Channel
  readonly #scope: Scope
  readonly context: ProxyContext
  readonly #onConnect: ClientOptions['onConnect']
  readonly gate: RequestGate
  readonly received = new HeadBuffer()
  readonly owner = new Owner()
  /** Between reading a head and having answered it. */
  #busy = false
  #request: ServedRequest | null = null
  #drain: Drain | null = null
  #requests = 0
  /** Bytes of the answer when the client was last found to have said goodbye. */
  #answered = 0
  /** The client has sent FIN. */
  #ended = false
  /** The socket is closed, or somebody else's. */
  #closed = false
  /** It ends once everything was sent; nothing more is read. */
  #isLeaving = false
  giveUpAt: number

  constructor({ socket, scope, context, onConnect }: ClientOptions) {
    this.socket = socket
    this.#scope = scope
    this.context = context
    this.#onConnect = onConnect
    this.gate = new RequestGate(scope, context)
    this.giveUpAt = context.deadlines.in(context.timeouts.head)
    context.deadlines.add(this)
    context.connections.add(this)
    socket.on('data', this.#onData)
    socket.on('drain', this.#onDrain)
    socket.on('end', this.#onEnd)
    socket.on('error', this.#onError)
    socket.on('close', this.#onClose)
    socket.resume()
  }

  get client(): string {
    return this.#scope.client.text
  }

  get isGone(): boolean {
    return this.#closed
  }

  get hasEnded(): boolean {
    return this.#ended
  }

  get deadline(): number {
    return Math.min(this.giveUpAt, this.#request?.deadline ?? Number.POSITIVE_INFINITY)
  }

  expire(): void {
    const request = this.#request
    if (request && Number.isFinite(request.deadline) && request.deadline <= this.giveUpAt) {
      return request.expire()
    }
    if (request?.isPeeking) return request.endPeek()
    if (this.#busy) return this.#awaitAnswer()
    // Only a connection that never asked, or began to ask, has something to be told and recorded.
    if (this.#isLeaving) return this.destroy()
    const isUnread = this.socket.writableNeedDrain
    if (this.#requests > 0 && (isUnread || this.received.isBlank)) return this.#endSoon()
    this.giveUpAt = Number.POSITIVE_INFINITY
    this.#run(this.#refuseUnread(TOO_LATE))
  }

  /** It has said goodbye. While an answer comes it is still listening: were it gone, writing would have shown that. */
  #awaitAnswer(): void {
    const answered = this.#request?.answered ?? 0
    if (answered === this.#answered) return this.destroy()
    this.#answered = answered
    this.giveUpAt = this.context.deadlines.in(this.context.timeouts.halfClosed)
  }

  shutDown(): void {
    this.#ended = true
    if (!this.#busy) this.#endSoon()
  }

  /** Nothing is under way; the client may still take what it was answered, but not for ever. */
  #endSoon(): void {
    if (this.#isLeaving) return
    this.#isLeaving = true
    this.giveUpAt = this.context.deadlines.in(this.context.timeouts.body)
    this.socket.destroySoon()
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
    const request = this.#request
    if (request?.wantsBody) return request.send(chunk)
    this.received.push(chunk)
    if (request?.isPeeking) request.look(chunk)
    else if (this.#busy) this.holdBack()
    else this.#next()
  }

  #onDrain = (): void => {
    if (this.#request) this.#request.onClientDrain()
    else if (!this.#busy && !this.#isLeaving) this.#goOn()
  }

  #onEnd = (): void => {
    this.#ended = true
    this.#request?.onGoodbye()
    if (this.#request?.wantsBody) this.destroy()
    else if (this.#busy) this.giveUpAt = this.context.deadlines.in(this.context.timeouts.halfClosed)
    else this.#next()
  }

  #onError = (): void => {
    this.socket.destroy()
  }

  #onClose = (): void => {
    if (this.#closed) return
    this.#closed = true
    this.#unregister()
    if (this.#request) this.#request.onGone()
    else if (!this.#busy && this.#leftUnasked()) this.#run(this.#recordIncomplete())
  }

  /** Reads the next request head, if it is there. */
  #next(): void {
    // Who does not read is not answered any more: `drain` goes on.
    if (this.socket.writableNeedDrain) {
      return this.holdBack()
    }
    if (this.#drain && !this.#readAway(this.#drain)) return
    const text = this.received.take()
    if (text === null) return this.#awaitHead()
    this.#busy = true
    this.#requests++
    this.giveUpAt = Number.POSITIVE_INFINITY
    const head = text.length > this.context.limits.head ? TOO_LARGE : parseRequestHead(text)
    if ('code' in head) this.#run(this.#refuseUnread(head))
    else if (head.method === 'CONNECT') this.#run(this.#connect(head))
    else {
      this.#request = new ServedRequest(this, head)
      this.#run(this.#request.serve())
    }
  }

  holdBack(): void {
    if (this.received.length > MAX_AHEAD) this.socket.pause()
  }

  #awaitHead(): void {
    if (this.received.length > this.context.limits.head) this.#run(this.#refuseUnread(TOO_LARGE))
    else if (this.received.hasBareLf) this.#run(this.#refuseUnread(BARE_LF))
    else if (this.#ended) this.#endSoon()
  }

  async #connect(head: RequestHead): Promise<void> {
    const onConnect = this.#onConnect
    if (!onConnect) {
      return this.#refuseUnread({ code: 'request-target', detail: 'CONNECT inside a tunnel' })
    }
    const passed = await this.gate.passConnect(head)
    if ('refusal' in passed) {
      // What came right behind CONNECT was meant for the tunnel: it must not be read as a request.
      const state = this.received.length > 0 ? 'partly-read' : 'unread'
      return this.#refuse(head, passed.refusal, state)
    }
    if (this.#closed) return this.#recordIncomplete()
    this.socket.pause()
    this.#detach()
    const socket = this.socket
    onConnect({
      ...passed,
      credentials: head.fields.proxyAuthorization,
      socket,
      early: this.received.drain(),
      establish: () => socket.write(ESTABLISHED, 'latin1'),
      refuse: (refusal) => refuseOn(socket, refusal),
    })
  }

  onAnswered(goesOn: boolean): void {
    this.#request = null
    if (goesOn) this.#goOn()
    else this.#lingerAway()
  }

  onRefused(head: RequestHead, refusal: Refusal, body: BodyState): void {
    this.#request = null
    this.#refuse(head, refusal, body)
  }

  /** The request is answered: the next one may come. */
  #goOn(): void {
    this.#busy = false
    this.giveUpAt = this.context.deadlines.in(this.context.timeouts.idle)
    if (this.#closed) return
    this.socket.resume()
    if (this.received.length > 0 || this.#ended) this.#next()
  }

  /** Answers a request that does not leave, or did not get through. */
  #refuse(head: RequestHead, refusal: Refusal, body: BodyState): void {
    if (this.#closed) return
    const goesOn = canGoOn(head, body) && !this.#ended
    const response = toRefusalResponse(refusal, head.method, goesOn ? null : 'close')
    this.socket.write(response, 'latin1')
    if (!goesOn) return this.#lingerAway()
    if (body === 'unread' && head.body !== 0) this.#drain = new Drain(head)
    this.#goOn()
  }

  /** @returns whether the refused body is over. */
  #readAway(drain: Drain): boolean {
    const state = drain.read(this.received)
    if (state === 'hopeless') this.#lingerAway()
    else if (state === 'over') this.#drain = null
    else if (this.#ended) this.#endSoon()
    return state === 'over'
  }

  /** Answers what never became a request, and ends the connection: nobody knows where the next one would begin. */
  async #refuseUnread(problem: Problem): Promise<void> {
    this.#busy = true
    const refusal = await this.gate.refuseUnread(problem)
    if (this.#closed) return
    this.#detach()
    refuseOn(this.socket, refusal)
  }

  /** Whether the client left a destination named or a request begun without ever asking. */
  #leftUnasked(): boolean {
    return !this.received.isBlank || (this.#scope.tunnel !== null && this.#requests === 0)
  }

  async #recordIncomplete(): Promise<void> {
    await this.gate.refuseUnread({ code: 'request-incomplete', detail: 'the client left early' })
  }

  #lingerAway(): void {
    this.#detach()
    linger(this.socket)
  }

  destroy(): void {
    sendGathered(this.socket)
    this.socket.destroy()
  }

  /** A defect of ours costs this connection, not the process, and nothing passes by it. */
  #run(work: Promise<void>): void {
    work.catch((error: unknown) => this.#onDefect(error))
  }

  #onDefect(error: unknown): void {
    this.context.report('client connection', error)
    this.destroy()
  }

  /** Gives the socket into other hands, with what has come and was not read. */
  leave(): Channel {
    this.socket.pause()
    this.#detach()
    const rest = this.received.drain()
    if (rest) this.socket.unshift(rest)
    return this.socket
  }

  /** Lets go of the socket. */
  #detach(): void {
    sendGathered(this.socket)
    this.#unregister()
    this.#closed = true
    this.socket.off('data', this.#onData)
    this.socket.off('drain', this.#onDrain)
    this.socket.off('end', this.#onEnd)
    this.socket.off('close', this.#onClose)
  }

  #unregister(): void {
    this.context.origins.disown(this.owner)
    this.context.deadlines.delete(this)
    this.context.connections.delete(this)
  }
}

/** RFC 9110 section 9.3.6. No header fields: some clients stumble over them. */
const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n'

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
