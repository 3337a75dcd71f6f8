/**
 * The two sides of an exchange: a client that asked and an origin that answers, each on a connection or a stream of its own version of
 * HTTP. What the exchange between them needs, and no more.
 */

import type { IpAddress } from '../../model/address.ts'
import type { Problem } from '../../model/errors.ts'
import type { Channel } from '../channel.ts'
import type { Fields } from './fields.ts'
import type { BodyLength, MessageOut, RequestHead, ResponseHead } from './message.ts'
import type { Target } from './target.ts'

/** Who asked, for one request. */
export interface ClientSide {
  /** Whether it can be told in a code of RFC 9113 section 7 that no answer comes; else it is told in an answer. */
  readonly takesResets: boolean
  /** Sends a 1xx head at once, where the client's version has them. */
  interim(head: ResponseHead): void
  /** Begins the final answer. */
  answer(head: ResponseHead, body: BodyLength): MessageOut
  /**
   * Accepts what the client asked the connection to become.
   *
   * @returns the bytes both ways from now on
   */
  accept(head: ResponseHead, upgrade: string): Channel
  /** Stops and goes on giving pieces of the request body. */
  pause(): void
  resume(): void
  readonly isPaused: boolean
}

/** Who answers: a connection, or a stream of one, to a judged address. Used for one exchange at a time. */
export interface OriginSide {
  readonly address: IpAddress
  /** Whether it has answered before: then it may have been closed while nobody used it. */
  readonly used: boolean
  /** Bytes of the current answer. */
  readonly received: number
  /** Starts an exchange: what comes from now on answers it. */
  begin(request: Outgoing, sink: AnswerSink): MessageOut
  /** Stops and goes on giving pieces of the answer. */
  pause(): void
  resume(): void
  readonly isPaused: boolean
  /** The exchange is complete, both ways: it may serve another. */
  release(): void
  /** Ends the exchange without the rest of it. @param reset why, in the codes of RFC 9113 section 7 */
  abandon(reset: number): void
  /** After an answer that accepts another protocol: the bytes both ways from now on. */
  detach(): Channel
}

/** A request on its way out. */
export interface Outgoing {
  readonly head: RequestHead
  readonly target: Target
  /** What the connection is asked to become, as Upgrade (RFC 9110 section 7.8) or `:protocol` (RFC 8441) says it; null for nothing. */
  readonly upgrade: string | null
}

/** Who receives the answer. Every exchange ends with exactly one of `onEnd`, `onFailure` and `onAccepted`. */
export interface AnswerSink {
  /** The method asked with: it decides whether the answer has a body. */
  readonly method: string
  /** A 1xx head. */
  onInterim(head: ResponseHead): void
  onHead(head: ResponseHead, body: BodyLength): void
  onPayload(buffer: Buffer, start: number, end: number): void
  /** All bytes of one read were handed over. */
  onFlush(): void
  /** The answer is complete; no `onFlush` follows. `reusable`: nothing stands in the way of another exchange. */
  onEnd(trailers: Fields | null, reusable: boolean): void
  /** The connection becomes what was asked for: `detach` gives it. */
  onAccepted(head: ResponseHead): void
  /**
   * @param reset what the origin said when it reset the stream (RFC 9113 section 7); null when it said nothing
   * @param unread whether it cannot have read the request
   */
  onFailure(problem: Problem, reset: number | null, unread?: boolean): void
  /** The origin can take more of the request. */
  onDrain(): void
}

/** RFC 9113 section 7, as far as exchanges speak of it. */
export const RESET = { internal: 2, refused: 7, cancel: 8 } as const
