/** What the spine needs from outside, as small as it can be. `cli/compose/` plugs the real ones in. */

import type { AnswerWatch } from './model/answer.ts'
import type { AdminRecord, DecisionRecord, Outcome, OutcomeRecord } from './model/audit-record.ts'
import type { Authority, Host } from './model/authority.ts'
import type { Declaration } from './model/declaration.ts'
import type { Destination, Resolution } from './model/destination.ts'
import type { Problem } from './model/errors.ts'
import type { Direction, Operator, Redaction, RedactionPlan } from './model/finding.ts'
import type { FlowId } from './model/flow.ts'
import type { GrantId, HoldId, HoldQuestion } from './model/hold.ts'
import type { Placement } from './model/placement.ts'
import type { BodyView, HeadView, RequestFindings, RequestView } from './model/request-view.ts'
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

/** Between whom something passes. */
export interface Parties {
  /** Whose values are replaced, and restored. */
  readonly agent: string
  /** The other side, by a name that is known to be its own, or its address. */
  readonly host: string
  /** Whether models are served there: what their APIs seal is left as it is. */
  readonly servesModels: boolean
}

/** Finds data in what passes, and takes it out. Keeps nothing of it but what may be restored to the same agent. */
export interface Inspector {
  /** Which kinds are in a whole body. Never rejects. */
  look(body: BodyView, parties: Parties): Promise<Looked>
  /** Kinds in the head of a request, and their classes. Secrets count where they do not authenticate the caller, and in its query. */
  lookAtHead(head: HeadView, parties: Parties): ReadonlySet<string>
  /** The path of a target as it may be written down: kinds in place of what is found in it. */
  showPath(target: string): string
  /**
   * What a request says, for people who decide about it: its query and the beginning of its body without what any kind is found in. Null
   * where there is nothing that can be shown. Never rejects.
   *
   * @param body null for none, and for one that was not looked at
   */
  preview(target: string, body: BodyView | null): Promise<string | null>
  /** @returns null where nothing is taken out */
  redactHead(head: HeadView, plan: RedactionPlan, parties: Parties): ReplacedHead | null
  /** The fields of an answer, names and values in turn, without what the plan takes out, and with what is restored. */
  redactFields(
    fields: readonly string[],
    plan: ReadonlyMap<string, Operator>,
    parties: Parties,
  ): ReplacedFields
  /** A whole body without what the plan takes out. Never rejects. */
  redact(body: BodyView, plan: ReadonlyMap<string, Operator>, parties: Parties): Promise<Replaced>
  /**
   * A body as it passes.
   *
   * @param plan what is taken out; of answers what was put in place of something for the same agent is restored, also where nothing is taken out
   * @returns null where it is of a kind that cannot be read
   */
  open(
    direction: Direction,
    body: Pick<BodyView, 'contentType' | 'contentEncoding'>,
    plan: ReadonlyMap<string, Operator>,
    parties: Parties,
  ): BodyRedactor | null
  /** Messages of one direction of a WebSocket, by the same plan. */
  openMessages(
    direction: Direction,
    plan: ReadonlyMap<string, Operator>,
    parties: Parties,
  ): MessageRedactor
  /**
   * What a text of SQL does, as PostgreSQL would read it.
   *
   * @param text up to its zero byte  @param isSafe whether bytes of ASCII are nothing else in the client's encoding; not so in BIG5, GBK, GB18030, JOHAB, SJIS, SHIFT_JIS_2004 and UHC
   */
  readStatement(text: Buffer, isSafe: boolean): StatementRead
  /** Kinds of data in a statement, and their classes; null when it cannot be read. */
  lookAtStatement(text: Buffer, isSafe: boolean): ReadonlySet<string> | null
  /** A statement without what is found in its literals. */
  redactStatement(
    text: Buffer,
    isSafe: boolean,
    plan: ReadonlyMap<string, Operator>,
    agent: string,
  ): ReplacedStatement
  /** Names of the columns that parameters are for, `$1` first; empty where that is not seen. */
  nameParameters(text: Buffer, isSafe: boolean): readonly string[]
  /** Kinds of data in what is bound to a statement, as `openValues` reads it; null when not all of it can be read. */
  lookAtValues(columns: readonly ValueColumn[], values: Buffer): ReadonlySet<string> | null
  /** Rows of one result of PostgreSQL, or what is bound to a statement. @param columns one for each value */
  openValues(
    direction: Direction,
    columns: readonly ValueColumn[],
    plan: ReadonlyMap<string, Operator>,
    agent: string,
  ): ValuesRedactor
  /**
   * Rows that COPY carries, as they pass.
   *
   * @param statement says how they are written
   * @returns null where it is not told, or in a way that nobody reads here, as in binary
   */
  openCopy(
    direction: Direction,
    statement: Buffer,
    isSafe: boolean,
    plan: ReadonlyMap<string, Operator>,
    agent: string,
  ): CopyRedactor | null
}

/** What is pushed comes out again as soon as it is sure that nothing in it has to be taken out. */
export type CopyRedactor = Omit<BodyRedactor, 'decoding'>

export interface ReplacedStatement {
  /** Null when nothing was taken out. */
  readonly bytes: Buffer | null
  readonly found: readonly Found[]
  /**
   * It cannot be told what is a literal in it (`form`), or something is found where nothing can be put in its place, as in a number or a name
   * (`fixed`): then nothing was taken out.
   */
  readonly problem: 'form' | 'fixed' | null
}

/** Whose values they are: a column of a result, or a parameter. */
export interface ValueColumn {
  /** Empty for none. */
  readonly name: string
  /** Number of its type; 0 for what is not known. */
  readonly type: number
  readonly isBinary: boolean
}

/** Values as PostgreSQL has them in messages: how many there are (int16), and each with its length before it (int32, -1 for NULL). */
export interface ValuesRedactor {
  /** @returns what goes on instead, the very same where that is all of it; null for what are no values of these columns */
  push(values: Buffer): Buffer | null
  readonly found: readonly Found[]
  /** Whether not all of what has passed could be read. */
  readonly isPartial: boolean
}

export interface StatementRead {
  /**
   * In lower case: the leading word of each statement, and what it is about (`drop table`), also of those within others that act. Null where
   * that cannot be told.
   */
  readonly kinds: ReadonlySet<string> | null
  /** With `?` in place of all values, and without what is found in names; 2 KiB at most. Null where it cannot be told what is a value. */
  readonly normalised: string | null
}

export interface Looked {
  /** Kinds and their classes; null when not all of it could be read. */
  readonly data: ReadonlySet<string> | null
}

export interface ReplacedFields {
  /** The same list where nothing changes. */
  readonly fields: readonly string[]
  readonly found: readonly Found[]
}

export interface ReplacedHead extends ReplacedFields {
  /** As it goes on. */
  readonly target: string
  /** The path as it may be written down, whatever stands in the other one. */
  readonly shownPath: string
}

/** What was found, without its direction. */
export type Found = Omit<Redaction, 'direction'>

export interface Replaced {
  /** Without content coding; null when nothing was taken out, and the coding has no room for what is not in it. */
  readonly bytes: Buffer | null
  readonly found: readonly Found[]
  /** Why not all of it could be read; null when it could. */
  readonly unscanned: string | null
  /** Whether it is more than can be read at once: then only its beginning was, to see whether it can be, and nothing was taken out. */
  readonly isLarger: boolean
}

/** What is pushed comes out again as soon as it is sure that nothing in it has to be taken out. */
export interface BodyRedactor {
  /** What undoes its content codings before anything is pushed; null where there are none. */
  readonly decoding: BodyDecoding | null
  push(chunk: Buffer): readonly Buffer[]
  /** The rest. */
  end(): readonly Buffer[]
  readonly found: readonly Found[]
  /** Whether not all of what has passed could be read. */
  readonly isPartial: boolean
}

/** Content codings undone as a body passes. */
export interface BodyDecoding {
  /** Called once, before all others. */
  start(sink: DecodedSink): void
  /** @returns false when it wants a pause; `onDrain` tells when that is over */
  write(coded: Buffer): boolean
  /** That was all. */
  end(): void
  /** Stops and goes on giving what comes out. */
  pause(): void
  resume(): void
  /** Nothing comes out any more, and nobody is told. */
  stop(): void
}

/** Who takes what comes out. Ends with one of `onEnd` and `onFault`. */
export interface DecodedSink {
  onPiece(plain: Buffer): void
  onEnd(): void
  /** It is not what its coding says, or too much for what it is. */
  onFault(): void
  /** All that went in was taken; perhaps nothing has come out of it. */
  onTaken(): void
  /** There is room again for what goes in. */
  onDrain(): void
}

/** A message of a WebSocket. */
export interface WholeMessage {
  /** Whether it says of itself that it is a text; then it is UTF-8. */
  readonly isText: boolean
  readonly bytes: Buffer
}

/** Messages come out as many as they went in, and in that order; one may wait for the next where a text goes over several. */
export interface MessageRedactor {
  push(message: WholeMessage): readonly WholeMessage[]
  /** The rest. */
  end(): readonly WholeMessage[]
  /** Bytes of those that wait. */
  readonly held: number
  readonly found: readonly Found[]
  /** Why one of those that have come could not be read; null when all could. */
  readonly unscanned: 'size' | 'form' | null
}

/** What is found differs from policy to policy. */
export type InspectorFor = (policy: Policy) => Inspector

/** Nothing is found. */
export const NO_INSPECTOR: InspectorFor = () => NOTHING_FOUND

const NOTHING_FOUND: Inspector = {
  look: async () => ({ data: new Set() }),
  lookAtHead: () => new Set(),
  showPath: (target) => target.split('?', 1)[0] ?? '',
  preview: async () => null,
  redactHead: () => null,
  redactFields: (fields) => ({ fields, found: [] }),
  redact: async () => ({ bytes: null, found: [], unscanned: null, isLarger: false }),
  open: () => null,
  openMessages: () => ({
    push: (message) => [message],
    end: () => [],
    held: 0,
    found: [],
    unscanned: null,
  }),
  readStatement: () => ({ kinds: null, normalised: null }),
  lookAtStatement: () => new Set(),
  redactStatement: () => ({ bytes: null, found: [], problem: null }),
  nameParameters: () => [],
  lookAtValues: () => new Set(),
  openCopy: () => null,
  openValues: () => ({ push: (values) => values, found: [], isPartial: false }),
}

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
