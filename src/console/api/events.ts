/**
 * Changes as they happen, as server-sent events (WHATWG HTML section 9.2): first all that waits and all grants in force, then one event a
 * change. A client that comes again gets the whole picture again, whatever Last-Event-ID it names. Whoever reads too slowly is let go of,
 * and comes again; a token that is not good any more ends its stream.
 */

import type { ServerResponse } from 'node:http'
import type { Approvals } from '../../approvals.ts'
import type { Hold, HoldEvent } from '../../model/hold.ts'
import type { Clock } from '../../ports.ts'
import { answerFault } from '../answers.ts'
import type { Caller } from './caller.ts'
import { maySee, toSeenHold } from './handler.ts'
import { toGrantRow } from './rows.ts'

const MAX_CLIENTS = 64
/** Agents can do without; people who decide shall not find them all taken. */
const MAX_CLIENTS_AGENTS = 32
const MAX_CLIENTS_OF_ONE = 8
const BEAT_MS = 15_000
/** When a client that was cut off tries again. */
const RETRY_MS = 2_000
/** Bytes that may wait for a reader, besides the first picture. */
const MAX_WAITING = 4 * 1024 * 1024
/** Holds in the first picture: the newest. */
const MAX_SHOWN = 1_000

export interface Stream {
  readonly response: ServerResponse
  readonly approvals: Approvals
  readonly caller: Caller
  /** Whether the token is still good. */
  isKnown(): Promise<boolean>
}

/** The streams of one console. */
export class EventStreams {
  readonly #clock: Clock
  readonly #callers = new Map<ServerResponse, string>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  open(stream: Stream): void {
    const { response, approvals, caller } = stream
    const who = `${caller.kind} ${caller.name}`
    if (this.#isFull(who)) {
      const hint = 'close one that is not needed, or ask `GET /api/v1/holds` now and then'
      return answerFault(response, 'full', 'too many listen for events already', hint)
    }
    this.#callers.set(response, who)
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    let id = 0
    let limit = MAX_WAITING
    const send = (text: string) => {
      if (response.writableLength > limit) response.destroy()
      else response.write(text)
    }
    const tell = (event: string, data: object) =>
      send(`id: ${++id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
    send(`retry: ${RETRY_MS}\n\n`)
    tell('snapshot', this.#snapshot(stream))
    limit += response.writableLength
    const unwatch = approvals.watch((event, hold) => {
      if (maySee(caller, hold)) tell('change', this.#change(stream, event, hold))
    })
    const beat = setInterval(() => {
      send(':\n\n')
      stream.isKnown().then((isKnown) => {
        if (!isKnown) response.end()
      })
    }, BEAT_MS)
    beat.unref()
    response.on('close', () => {
      clearInterval(beat)
      unwatch()
      this.#callers.delete(response)
    })
  }

  #isFull(who: string): boolean {
    const all = [...this.#callers.values()]
    const theirs = all.filter((one) => one === who).length
    if (all.length >= MAX_CLIENTS || theirs >= MAX_CLIENTS_OF_ONE) return true
    const isAgent = (one: string) => one.startsWith('agent ')
    return isAgent(who) && all.filter(isAgent).length >= MAX_CLIENTS_AGENTS
  }

  #snapshot(stream: Stream): object {
    const { approvals, caller } = stream
    const pending = approvals
      .holds()
      .filter((hold) => hold.state === 'pending' && maySee(caller, hold))
    const shown = pending.slice(-MAX_SHOWN)
    const grants = approvals.grants().filter(({ state, hold }) => {
      const origin = approvals.hold(hold)
      return (
        state === 'active' && (caller.kind === 'reviewer' || (origin && maySee(caller, origin)))
      )
    })
    const now = this.#clock.now()
    return {
      caller: { kind: caller.kind, name: caller.name },
      holds: shown.map((hold) => toSeenHold({ ...stream, clock: this.#clock }, hold)),
      left_off: pending.length - shown.length,
      grants: grants.map((grant) => toGrantRow(grant, now)),
    }
  }

  #change(stream: Stream, event: HoldEvent, hold: Hold): object {
    const id = 'grant' in event ? idOf(event.grant) : null
    const grant = id === null ? undefined : stream.approvals.grants().find((one) => one.id === id)
    return {
      event: event.kind,
      at: new Date(event.at).toISOString(),
      by: 'by' in event ? event.by : null,
      hold: toSeenHold({ ...stream, clock: this.#clock }, hold),
      granted: grant ? toGrantRow(grant, this.#clock.now()) : null,
    }
  }
}

function idOf(grant: string | { readonly id: string }): string {
  return typeof grant === 'string' ? grant : grant.id
}
