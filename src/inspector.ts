/**
 * The port behind which data is found in what passes, and taken out: of bodies, heads, messages and statements. What the spine, the proxy and those who
 * compose them say to each other; how it is done is for `inspect/`.
 */

import type { Direction, Operator, Redaction, RedactionPlan } from './model/finding.ts'
import type { BodyView, HeadView } from './model/request-view.ts'
import type { Policy } from './policy/compile.ts'

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
  /** What is said beside messages, in pings and with a goodbye, as it goes on. */
  beside(said: Buffer): Buffer
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
    beside: (said) => said,
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
