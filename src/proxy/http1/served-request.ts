/** One request on a connection of HTTP/1: judged, its body looked at where that has to come first, relayed, and answered. */

import type { Refusal } from '../../model/refusal.ts'
import type { BodyView } from '../../model/request-view.ts'
import type { Channel } from '../channel.ts'
import type { Passed, RequestGate } from '../exchange/gate.ts'
import { expectsContinue, type RequestHead } from '../exchange/message.ts'
import { Pause } from '../exchange/peek.ts'
import { type BodyState, Relay, type RelayResult } from '../exchange/relay.ts'
import { askedUpgrade } from '../exchange/upgrade.ts'
import type { Owner } from '../origin/owner.ts'
import type { ProxyContext } from '../proxy.ts'
import { Http1Client } from './client-side.ts'
import type { HeadBuffer } from './head-buffer.ts'
import { FramedPeek, RequestBody } from './request-body.ts'

/** The connection it came on. */
export interface ServingConnection {
  readonly socket: Channel
  readonly context: ProxyContext
  readonly gate: RequestGate
  readonly owner: Owner
  /** Address of the client. */
  readonly client: string
  /** What has come and was not read yet. */
  readonly received: HeadBuffer
  /** It is closed, or in other hands. */
  readonly isGone: boolean
  /** The client has said goodbye. */
  readonly hasEnded: boolean
  /** When to give up waiting for the client, of the clock of deadlines. */
  giveUpAt: number
  /** Lets the client wait, if it has sent too much ahead. */
  holdBack(): void
  /** Gives the socket into other hands, with what has come and was not read. */
  leave(): Channel
  /** Ends it at once. */
  destroy(): void
  /** The request is answered. @param goesOn whether another one may follow */
  onAnswered(goesOn: boolean): void
  /** It does not leave, or did not get through. @param head as it came */
  onRefused(head: RequestHead, refusal: Refusal, body: BodyState): void
}

export class ServedRequest {
  readonly #connection: ServingConnection
  readonly #head: RequestHead
  #relay: Relay | null = null
  #body: RequestBody | null = null
  #peeking: Peeking | null = null
  /** Tells a request that waits for a person that its client has left. */
  #waiting: AbortController | null = null

  constructor(connection: ServingConnection, head: RequestHead) {
    this.#connection = connection
    this.#head = head
  }

  /** Whether bytes of its body are still to come, and can be sent. */
  get wantsBody(): boolean {
    return this.#relay?.wantsBody ?? false
  }

  /** Whether its body is being looked at. */
  get isPeeking(): boolean {
    return this.#peeking !== null
  }

  /** Bytes of the answer so far. */
  get answered(): number {
    return this.#relay?.received ?? 0
  }

  /** When to give up. */
  get deadline(): number {
    return this.#relay?.deadline ?? Number.POSITIVE_INFINITY
  }

  expire(): void {
    this.#relay?.expire()
  }

  async serve(): Promise<void> {
    const connection = this.#connection
    const { context, socket, owner } = connection
    const head = this.#head
    const passed = await this.#pass()
    if ('refusal' in passed) return connection.onRefused(head, passed.refusal, 'unread')
    const client = new Http1Client(socket, head, context.pseudonym, () => connection.leave())
    const relay = new Relay({
      context,
      client,
      request: { head: passed.head, target: passed.target, upgrade: passed.upgrade },
      replaced: passed.replaced,
      passing: passed.passing,
      permit: passed.permit,
      way: 'either',
      user: owner,
      onReady: this.#onReady,
      onOver: (result) => this.#onRelayed(client.closes, result),
    })
    this.#relay = relay
    this.#body = new RequestBody(head)
    if (connection.isGone) relay.cancel()
    await relay.start()
  }

  /** Bytes that have come, of its body and what is behind it. */
  send(bytes: Buffer): void {
    const relay = this.#relay
    const at = relay ? (this.#body?.feed(bytes, relay) ?? 0) : 0
    relay?.flush()
    if (at < bytes.length) this.#connection.received.push(bytes.subarray(at))
  }

  /** The same, while it is being looked at; they stay where they are. */
  look(bytes: Buffer): void {
    this.#peeking?.body.feed(bytes)
    this.#peeking?.pause?.touch()
    if (this.#peeking?.body.done) this.endPeek()
  }

  endPeek(): void {
    if (!this.#peeking) return
    this.#peeking.pause?.[Symbol.dispose]()
    this.#peeking.settle()
    this.#peeking = null
    this.#connection.giveUpAt = Number.POSITIVE_INFINITY
    this.#connection.holdBack()
  }

  /** The client can take more of the answer. */
  onClientDrain(): void {
    this.#relay?.onClientDrain()
  }

  /** The client sends no more. */
  onGoodbye(): void {
    this.endPeek()
    // Whether it still listens cannot be seen. A person is not asked for somebody who may be gone; if it does, it is told so.
    this.#waiting?.abort()
  }

  /** The connection is lost. */
  onGone(): void {
    this.onGoodbye()
    this.#relay?.cancel()
  }

  async #pass(): Promise<Passed> {
    const { gate, client } = this.#connection
    const head = this.#head
    if (head.body === 0) return gate.pass(head, askedUpgrade(head), null, this.#whenGone)
    using body = new FramedPeek(head, client)
    const peek = (mayPause: boolean) => this.#peekAt(body, mayPause)
    return await gate.pass(head, null, peek, this.#whenGone)
  }

  #whenGone = (): AbortSignal => {
    this.#waiting = new AbortController()
    if (this.#connection.isGone) this.#waiting.abort()
    return this.#waiting.signal
  }

  /** The beginning of the body, as soon as enough of it has come, or no more will. */
  #peekAt(body: FramedPeek, mayPause: boolean): Promise<BodyView> {
    const connection = this.#connection
    const { socket, received, context } = connection
    // A client that waits for leave to send it has to get that from us (RFC 9110 section 10.1.1).
    if (expectsContinue(this.#head)) socket.write(CONTINUE, 'latin1')
    return new Promise((resolve) => {
      const pause = mayPause ? new Pause(() => this.endPeek()) : null
      this.#peeking = { body, pause, settle: () => resolve(body.view()) }
      connection.giveUpAt = context.deadlines.in(context.timeouts.body)
      socket.resume()
      const held = received.held()
      if (held) this.look(held)
      if (connection.hasEnded || connection.isGone) this.endPeek()
    })
  }

  /** The request can be sent: its head, and what has come of its body. */
  #onReady = (): void => {
    const connection = this.#connection
    connection.socket.resume()
    this.send(connection.received.drain() ?? NOTHING)
    // It said goodbye before its body was complete.
    if (connection.hasEnded && this.wantsBody) connection.destroy()
  }

  #onRelayed(closes: boolean, result: RelayResult): void {
    const connection = this.#connection
    // An early answer leaves the rest of the request unread: nobody knows where the next one begins.
    const goesOn = !closes && this.#relay?.isComplete === true
    this.#relay = null
    this.#body = null
    if (result === 'switched') return
    if (result === 'done') connection.onAnswered(goesOn)
    else if ('reset' in result) connection.destroy()
    else connection.onRefused(this.#head, result.failure, result.body)
  }
}

interface Peeking {
  readonly body: FramedPeek
  /** Null where it is waited for however long that takes. */
  readonly pause: Pause | null
  settle(): void
}

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'

const NOTHING = Buffer.alloc(0)
