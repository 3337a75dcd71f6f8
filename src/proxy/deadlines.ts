/**
 * Time-outs for many connections at the price of one timer: each keeps the moment at which it gives up, and a sweep a few times
 * a second looks for those that have passed. Moving a deadline is one assignment.
 */

import type { Clock } from '../ports.ts'

export interface Expiring {
  /** Milliseconds since the epoch; Infinity for never. */
  deadline: number
  /** Called once the deadline has passed; has to move it or to end. */
  expire(): void
}

/** Also how exact deadlines are: asking for the time costs more than moving one. */
const SWEEP_MS = 100

export class Deadlines {
  readonly #clock: Clock
  readonly #report: (where: string, error: unknown) => void
  /** The time at the last sweep. */
  #now: number
  readonly #members = new Set<Expiring>()
  readonly #timer: NodeJS.Timeout

  /** @param report told of what should not have happened: it costs one member, not the others */
  constructor(clock: Clock, report: (where: string, error: unknown) => void) {
    this.#clock = clock
    this.#report = report
    this.#now = clock.now()
    this.#timer = setInterval(() => this.#sweep(), SWEEP_MS).unref()
  }

  /** The time at the last sweep, in milliseconds: good enough for what need not be exact. */
  get now(): number {
    return this.#now
  }

  add(member: Expiring): void {
    this.#members.add(member)
  }

  delete(member: Expiring): void {
    this.#members.delete(member)
  }

  /** The moment `ms` from now, at least. */
  in(ms: number): number {
    return this.#now + SWEEP_MS + ms
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #sweep(): void {
    const now = this.#clock.now()
    this.#now = now
    for (const member of this.#members) {
      if (member.deadline > now) continue
      try {
        member.expire()
      } catch (error) {
        this.#members.delete(member)
        this.#report('deadline', error)
      }
    }
  }
}

/** How long the proxy waits for others, in milliseconds. */
export interface Timeouts {
  /** For a client to send a whole request head once the connection is open or the head has begun. */
  readonly head: number
  /** Between requests on a client's connection that is kept open. */
  readonly idle: number
  /** For which a connection to an origin is kept while nobody uses it. */
  readonly originIdle: number
  /** For a connection to an origin to become free where there may be no more of them. */
  readonly originWait: number
  /** For a destination to accept a connection, TLS included, all its addresses together. */
  readonly connect: number
  /** For a destination to begin its answer once it has the request. Language models think long. */
  readonly answer: number
  /** Without a single byte of a body. */
  readonly body: number
  /** Without a single byte in either direction of a WebSocket or a tunnel. */
  readonly tunnel: number
  /** For an answer to a client that has said goodbye: it may have half-closed, or be gone. */
  readonly halfClosed: number
}

export const DEFAULT_TIMEOUTS: Timeouts = {
  head: 30_000,
  idle: 75_000,
  originIdle: 75_000,
  originWait: 10_000,
  connect: 15_000,
  answer: 600_000,
  body: 300_000,
  tunnel: 3_600_000,
  halfClosed: 10_000,
}
