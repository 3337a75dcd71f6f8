/** What the spine needs from outside, as small as it can be. `cli/compose/` plugs the real ones in. */

import type { InspectorFor } from './inspector.ts'
import type { AnswerWatch } from './model/answer.ts'
import type { AdminRecord, DecisionRecord, Outcome, OutcomeRecord } from './model/audit-record.ts'
import type { Authority, Host } from './model/authority.ts'
import type { Declaration } from './model/declaration.ts'
import type { Destination, Resolution } from './model/destination.ts'
import type { Problem } from './model/errors.ts'
import type { Direction } from './model/finding.ts'
import type { FlowId } from './model/flow.ts'
import type { GrantId, HoldId, HoldQuestion } from './model/hold.ts'
import type { Placement } from './model/placement.ts'
import type { BodyView, RequestFindings, RequestView } from './model/request-view.ts'
import type { Action } from './model/verdict.ts'
import type { Policy } from './policy/compile.ts'

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
}

export interface Resolver {
  /** Finds every address of a host; an IP literal is its own answer. Never throws: failure is a `dns-…` problem. */
  resolve(host: Host): Promise<Resolution | Problem>
}

export interface Locator {
  /** Judges every address and concludes where the destination is. Pure but for the data files it reads. */
  locate(
    authority: Authority,
    resolution: Resolution,
    declarations: readonly Declaration[],
    now: number,
  ): Destination
  /** Whether what the request says about the place may be in its body. */
  wantsBody(view: RequestView): boolean
  /** What the request itself says about the place; null when it says nothing. */
  read(view: RequestView, now: number): RequestFindings | null
  /** The destination with that taken into account. */
  refine(destination: Destination, findings: RequestFindings): Destination
  /** What an answer of the host may say about where it was made; null when it says nothing. */
  watchAnswer(host: string, header: (name: string) => readonly string[]): AnswerWatch | null
}

/** Undoes what hides a body from those who read it. */
export interface Decoder {
  /**
   * @param read is given the body without its content codings, or as it was when those cannot be undone; it keeps nothing of it
   * @returns what it gives; rejects only as it does
   */
  decode<T>(body: BodyView, read: (body: BodyView) => T | Promise<T>): Promise<T>
}

/** The form of a body without what stands in it, for people who decide about a call; null where there is none. Never rejects. */
export type Outliner = (body: BodyView) => Promise<string | null>

/** Nothing is shown. */
export const NO_OUTLINE: Outliner = async () => null

/** Everything stays as it is. */
export const NO_DECODER: Decoder = { decode: async (body, read) => read(body) }

/** What is remembered of hosts beyond one call. */
export interface Ledger {
  /** Counts up whenever a host falls under distrust or is cleared. */
  readonly epoch: number
  /** Why a host is not believed any more; null while it is. */
  distrusted(host: string): string | null
  /** A host has answered from outside of what was concluded. Never throws. */
  contradicted(host: string, flow: FlowId, detail: string): void
  /** A destination was located. Never throws. */
  seen(destination: Destination): void
  /** An answer told the client to go elsewhere. Never throws. */
  redirected(from: FlowId, agent: string, to: Whereto): void
  /** A flow goes there; it is linked to the one that said so, if there is one. Never throws. */
  followed(flow: FlowId, agent: string, to: Whereto): void
}

/** Host and port, and the path up to its query. */
export interface Whereto {
  readonly authority: string
  readonly path: string | null
}

/** Nothing is remembered, and nothing held against anybody. */
export const NO_LEDGER: Ledger = {
  epoch: 0,
  distrusted: () => null,
  contradicted: () => {},
  seen: () => {},
  redirected: () => {},
  followed: () => {},
}

export interface Audit {
  /**
   * Commits the decision and gives the flow its number. Resolves only when the row is in the database; with
   * `durable`, only when it is on stable storage. Rejects when that cannot be had.
   */
  decide(record: DecisionRecord, durable: boolean): Promise<FlowId>
  /** Queues the outcome for the next commit. If it is lost the flow stays `open`, which says the truth. */
  settle(record: OutcomeRecord): void
  note(record: AdminRecord): Promise<void>
}

/** Where calls wait for a person, as the spine sees it. */
export interface Holds {
  /**
   * Uses up leave that there is, or waits for it. What it says is in the log before it says so. Never rejects but where the log cannot
   * be written.
   *
   * @param wait milliseconds at most
   * @param gone aborts when the client has left
   */
  ask(question: HoldQuestion, wait: number, gone: AbortSignal): Promise<HoldAnswer>
}

export type HoldAnswer =
  /** One use of a grant is taken. `lease` aborts when the grant ends before its time. */
  | {
      readonly kind: 'granted'
      readonly hold: HoldId
      readonly grant: GrantId
      readonly approvers: readonly string[]
      readonly lease: AbortSignal
    }
  /** Somebody has said yes meanwhile: judge it once more, and ask again. */
  | { readonly kind: 'approved'; readonly hold: HoldId }
  /** Nobody has decided; the same request may come again and joins. */
  | { readonly kind: 'pending'; readonly hold: HoldId; readonly expiresAt: number }
  | { readonly kind: 'denied'; readonly hold: HoldId; readonly reason: string | null }
  | { readonly kind: 'expired' | 'cancelled'; readonly hold: HoldId }
  /** Too much waits already. */
  | { readonly kind: 'full' }
  /** There is nobody to ask. */
  | { readonly kind: 'unavailable' }

/** Nobody can be asked: what would be held is refused. */
export const NO_HOLDS: Holds = { ask: async () => ({ kind: 'unavailable' }) }

/** What takes time in a call: the decision with its row, name servers, connecting, TLS with the origin, waiting for its answer. */
export type Stage = 'decision' | 'dns' | 'dial' | 'tls' | 'upstream'

/** Things that happen beside flows. */
export type Event =
  | 'residency-mismatch'
  | 'turned-away'
  | 'client-tls-failed'
  | 'leaf-refused'
  | 'body-undecoded'
  | 'http2-flood'
  | 'websocket-message-out'
  | 'websocket-message-in'

/** Counts for operators. Nothing here throws, waits, or costs more than nanoseconds. */
export interface Meter {
  /** Milliseconds, of a clock that does not go back. */
  now(): number
  /** A flow has ended. */
  flow(
    placement: Placement,
    action: Action,
    outcome: Outcome,
    bytesOut: number,
    bytesIn: number,
  ): void
  /** Of a flow that has ended: so much of a kind was taken out of what it sent, or of its answer. @param type one that recognisers or the policy name */
  redacted(direction: Direction, type: string, count: number): void
  /** @param since when it began, by `now` */
  took(stage: Stage, since: number): void
  count(event: Event): void
}

/** Nothing is counted. */
export const NO_METER: Meter = {
  now: () => 0,
  flow: () => {},
  redacted: () => {},
  took: () => {},
  count: () => {},
}

export interface Ports {
  readonly clock: Clock
  readonly resolver: Resolver
  readonly locator: Locator
  readonly decoder: Decoder
  readonly outline: Outliner
  readonly inspector: InspectorFor
  readonly holds: Holds
  readonly audit: Audit
  readonly ledger: Ledger
  readonly meter: Meter
  /** Whether a client has asked for too much in names; null when it has not. Left out where nobody asks from outside. */
  mayAsk?(client: string, host: Host): Problem | null
  /** The policy in force now. A flow keeps the one it began with. */
  policy(): Policy
  /** Tells the operator about something that should not have happened. Never throws. */
  report(where: string, error: unknown): void
}
