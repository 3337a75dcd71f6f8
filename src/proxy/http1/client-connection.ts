/**
 * One client connection that speaks HTTP/1.1: the plain proxy port, or the inside of a tunnel. Requests are read one at a time,
 * released by the spine and relayed by an exchange; what a client sends ahead waits, within bounds. Every request that
 * was begun ends in one audit row.
 */

import type { Socket } from 'node:net'
import type { Permit } from '../../enforce.ts'
import type { Ending } from '../../model/audit-record.ts'
import type { Authority } from '../../model/authority.ts'
import type { Problem } from '../../model/errors.ts'
import { type Refusal, refuseByProblem } from '../../model/refusal.ts'
import type { Expiring } from '../deadlines.ts'
import { linger } from '../linger.ts'
import type { OriginConnection } from '../origin/connection.ts'
import type { ProxyContext, Served } from '../proxy.ts'
import { refuseOn, toRefusalResponse } from '../refuse.ts'
import { BodyReader, requestFraming } from './body.ts'
import { Exchange, type Then } from './exchange.ts'
import { type Passed, RequestGate, type Scope, type Tunnelling } from './gate.ts'
import { MAX_HEAD_BYTES, parseRequestHead, type RequestHead } from './head.ts'
import { HeadBuffer } from './head-buffer.ts'

/** A CONNECT that may go on. The socket has no listeners of ours any more; `early` came right behind the head. */
export interface ConnectRequest extends Extract<Tunnelling, { authority: Authority }> {
  readonly credentials: string | null
  readonly early: Buffer | null
}

export interface ClientOptions {
  readonly socket: Socket
  readonly scope: Scope
  readonly context: ProxyContext
  /** Takes the socket over after CONNECT; null inside a tunnel, where CONNECT is refused. */
  readonly onConnect: ((request: ConnectRequest) => void) | null
}

/** Bytes a client may send ahead of its turn before it is paused. */
const MAX_AHEAD = 64 * 1024
/** The body of a refused request is read away up to this size, so that the connection can serve the next one. */
const MAX_DRAIN = 256 * 1024
/** How long a client that sent FIN may wait for its answer: it may have half-closed, or be gone. */
const HALF_CLOSE_MS = 2_000

type PermittedRequest = Extract<Passed, { permit: Permit }>

export class ClientConnection implements Expiring, Served {
  readonly #socket: Socket
  readonly #scope: Scope
  readonly #context: ProxyContext
  readonly #onConnect: ClientOptions['onConnect']
  readonly #gate: RequestGate
  readonly #received = new HeadBuffer()
  /** Between reading a head and having answered it. */
  #busy = false
  #exchange: Exchange | null = null
  /** The rest of a refused request, on its way to nowhere. */
  #drain: BodyReader | null = null
  #drained = 0
  #dialling: AbortController | null = null
  #requests = 0
  #ended = false
  #closed = false
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
    return Math.min(this.#giveUpAt, this.#exchange?.deadline ?? Number.POSITIVE_INFINITY)
  }

  expire(): void {
    if (this.#exchange && this.#exchange.deadline <= this.#giveUpAt) return this.#exchange.expire()
    if (this.#busy) return this.#destroy()
    // Only a connection that never asked, or began to ask, has something to be told and recorded.
    if (this.#requests > 0 && this.#received.isBlank) return this.#socket.destroySoon()
    this.#giveUpAt = Number.POSITIVE_INFINITY
    this.#run(this.#refuseUnread(TOO_LATE))
  }

  shutDown(): void {
    this.#ended = true
    if (!this.#busy) this.#socket.destroySoon()
  }

  #onData = (chunk: Buffer): void => {
    if (this.#exchange && !this.#exchange.requestDone) {
      const at = this.#exchange.send(chunk, 0)
      if (at < chunk.length) this.#received.push(chunk.subarray(at))
      return
    }
    this.#received.push(chunk)
    if (!this.#busy) this.#next()
    else if (this.#received.length > MAX_AHEAD) this.#socket.pause()
  }

  #onDrain = (): void => {
    this.#exchange?.onClientDrain()
  }

  #onEnd = (): void => {
    this.#ended = true
    if (this.#exchange && !this.#exchange.requestDone) this.#destroy()
    else if (this.#busy) this.#giveUpAt = this.#context.deadlines.in(HALF_CLOSE_MS)
    else this.#next()
  }

  #onError = (): void => {
    this.#socket.destroy()
  }

  #onClose = (): void => {
    if (this.#closed) return
    this.#closed = true
    this.#unregister()
    this.#dialling?.abort()
    if (this.#exchange) this.#exchange.cancel()
    else if (!this.#busy && this.#leftUnasked()) this.#run(this.#recordIncomplete())
  }

  /** Reads the next request head, if it is there. */
  #next(): void {
    if (this.#drain && !this.#readAway(this.#drain)) {
      if (this.#ended) this.#socket.destroySoon()
      return
    }
    const text = this.#received.take()
    if (text === null) return this.#awaitHead()
    this.#busy = true
    this.#requests++
    this.#giveUpAt = Number.POSITIVE_INFINITY
    const head = text.length > MAX_HEAD_BYTES ? TOO_LARGE : parseRequestHead(text)
    if ('code' in head) this.#run(this.#refuseUnread(head))
    else if (head.method === 'CONNECT') this.#run(this.#connect(head))
    else this.#run(this.#serve(head))
  }

  #awaitHead(): void {
    if (this.#received.length > MAX_HEAD_BYTES) this.#run(this.#refuseUnread(TOO_LARGE))
    else if (this.#received.hasBareLf) this.#run(this.#refuseUnread(BARE_LF))
    else if (this.#ended) this.#socket.destroySoon()
  }

  async #serve(head: RequestHead): Promise<void> {
    const passed = await this.#gate.pass(head)
    if ('refusal' in passed) this.#refuse(head, passed.refusal)
    else await this.#relay(head, passed, false)
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
    const { proxyAuthorization: credentials } = head.fields
    onConnect({ ...passed, credentials, early: this.#received.drain() })
  }

  /** Sends a permitted request to its origin. `fresh`: not on a connection that was used before. */
  async #relay(head: RequestHead, passed: PermittedRequest, fresh: boolean): Promise<void> {
    const { origins } = this.#context
    const { admission } = passed.permit
    let origin = fresh || this.#closed ? null : origins.take(admission)
    if (!origin && !this.#closed) {
      this.#dialling = new AbortController()
      const opened = await origins.open(admission, this.#dialling.signal)
      this.#dialling = null
      if (!('code' in opened)) origin = opened
      else if (!this.#closed) return this.#failUnsent(head, passed, opened)
    }
    if (!origin) return this.#settle(passed, CANCELLED)
    if (this.#closed) {
      origins.keep(admission, origin)
      return this.#settle(passed, CANCELLED)
    }
    const exchange = new Exchange(origin, {
      client: this.#socket,
      head,
      target: passed.target,
      pseudonym: this.#context.pseudonym,
      deadlines: this.#context.deadlines,
      timeouts: this.#context.timeouts,
      onOver: (ending, then, reusable) => this.#onOver(head, passed, ending, then, reusable),
    })
    this.#exchange = exchange
    this.#socket.resume()
    const ahead = this.#received.drain() ?? NOTHING
    const at = exchange.send(ahead, 0)
    if (at < ahead.length) this.#received.push(ahead.subarray(at))
    // It said goodbye before its body was complete.
    if (this.#ended && this.#exchange && !exchange.requestDone) this.#destroy()
  }

  #onOver(
    head: RequestHead,
    passed: PermittedRequest,
    ending: Ending,
    then: Then,
    reusable: OriginConnection | null,
  ): void {
    const requestDone = this.#exchange?.requestDone ?? true
    this.#exchange = null
    if (reusable) this.#context.origins.keep(passed.permit.admission, reusable)
    if (then === 'retry' && !this.#closed) return this.#run(this.#relay(head, passed, true))
    if (typeof then === 'object') {
      const refusal = this.#toRefusal(passed, then)
      this.#settle(passed, { ...ending, status: refusal.status })
      return this.#refuse(head, refusal, requestDone ? 'read' : 'partly-read')
    }
    this.#settle(passed, ending)
    if (then === 'next') this.#goOn()
    else if (then === 'close') this.#lingerAway()
    else this.#destroy()
  }

  #failUnsent(head: RequestHead, passed: PermittedRequest, problem: Problem): void {
    const refusal = this.#toRefusal(passed, problem)
    const { status } = refusal
    this.#settle(passed, { ...CANCELLED, outcome: 'failed', status, error: problem.code })
    this.#refuse(head, refusal)
  }

  #toRefusal({ permit }: PermittedRequest, problem: Problem): Refusal {
    return refuseByProblem(permit.id, problem, permit.admission.destination.authority)
  }

  #settle({ permit }: PermittedRequest, ending: Ending): void {
    this.#context.enforcer.settle(permit.id, ending)
  }

  /** The request is answered: the next one may come. */
  #goOn(): void {
    this.#busy = false
    this.#giveUpAt = this.#context.deadlines.in(this.#context.timeouts.idle)
    if (this.#closed) return
    this.#socket.resume()
    if (this.#received.length > 0 || this.#ended) this.#next()
  }

  /** Answers a request that does not leave. What of its body was not read decides whether the connection can go on. */
  #refuse(head: RequestHead, refusal: Refusal, body: BodyState = 'unread'): void {
    if (this.#closed) return
    const framing = body === 'read' ? 0 : requestFraming(head)
    const persistent = head.version === '1.1' ? !head.fields.close : false
    // A client that waits for 100 Continue may or may not send its body now: nobody can tell where the next request begins.
    const waits = framing !== 0 && hasExpect(head)
    if (!persistent || waits || body === 'partly-read' || framing > MAX_DRAIN || this.#ended) {
      this.#socket.write(toRefusalResponse(refusal, head.method, 'close'), 'latin1')
      return this.#lingerAway()
    }
    this.#socket.write(toRefusalResponse(refusal, head.method, null), 'latin1')
    this.#drain = framing === 0 ? null : new BodyReader(framing)
    this.#drained = 0
    this.#goOn()
  }

  /** @returns whether the refused body is over. */
  #readAway(drain: BodyReader): boolean {
    const bytes = this.#received.drain() ?? NOTHING
    const at = drain.read(bytes, 0)
    this.#drained += at
    if (drain.broken || this.#drained > MAX_DRAIN) {
      this.#lingerAway()
      return false
    }
    if (!drain.done) return false
    this.#drain = null
    if (at < bytes.length) this.#received.push(bytes.subarray(at))
    return true
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
    work.catch((error: unknown) => {
      this.#context.report('client connection', error)
      this.#destroy()
    })
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
    this.#context.deadlines.delete(this)
    this.#context.connections.delete(this)
  }
}

/** How much of a request's body has come when it is refused. */
type BodyState = 'unread' | 'partly-read' | 'read'

const NOTHING = Buffer.alloc(0)

const TOO_LARGE: Problem = {
  code: 'request-head-too-large',
  detail: `the head is larger than ${MAX_HEAD_BYTES} bytes`,
}

const TOO_LATE: Problem = {
  code: 'request-timeout',
  detail: 'no whole request head came in time',
}

const BARE_LF: Problem = {
  code: 'request-malformed',
  detail: 'a line of the head does not end in CR LF',
}

const CANCELLED: Ending = {
  outcome: 'cancelled',
  status: null,
  dialedIp: null,
  bytesOut: 0,
  bytesIn: 0,
  error: 'request-incomplete',
}

function hasExpect(head: RequestHead): boolean {
  return head.fields.list.some((name, i) => i % 2 === 0 && name.toLowerCase() === 'expect')
}
