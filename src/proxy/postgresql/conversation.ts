/** What both directions of a session of PostgreSQL know of it. */

import type { Inspector } from '../../inspector.ts'
import type { Problem } from '../../model/errors.ts'
import type { Refusal } from '../../model/refusal.ts'
import type { Permit } from '../../release.ts'
import type { Released, StatementJudge } from '../statements/judge.ts'
import type { CopyText } from './copied-rows.ts'
import { CopyIn } from './copy-in.ts'
import { Names } from './names.ts'
import { Pipeline, type Sent } from './pipeline.ts'
import type { RowsRedactor } from './rows.ts'
import type { Statement, Statements } from './statements.ts'

/** What goes on of a message: it as it is, or that instead of it, or nothing. */
export type Onward = boolean | Buffer

/** What was sent, and who is asked for what became of it. */
export interface Asked extends Sent {
  readonly released?: Released | null
  /** It was not sent: something that is no SQL was in its place. */
  readonly refused?: Refused
  /** Of a statement or a portal. */
  readonly name?: Buffer
  readonly isPortal?: boolean
  /** What the name is given to. */
  readonly given?: Statement
  /** What its rows go through; null where they stay as they are. */
  readonly rows?: RowsRedactor | null
  /** Of a statement with COPY in it. */
  readonly copy?: CopyText | null
  /** Of a Describe of a statement: its parameters are told. */
  readonly statement?: Statement | null
  /** Of a Describe of a portal: what runs right behind it. */
  describes?: Asked
}

export interface Refused {
  readonly refusal: Refusal
  /** What the server says it cannot read. */
  readonly nonce: string
}

/** Who is told what happens. */
export interface SessionKeeper {
  /** The server has let the client in. */
  onAuthenticated(): void
  /** From here on values are looked into that the client sends, and rows that it is sent. */
  onReading(): void
  onRedacting(): void
  /** By this the session can be asked to stop what it does. */
  onKey(key: Buffer): void
  /** It has to end. @param side whose doing it was */
  fail(problem: Problem, side: 'client' | 'server'): void
  /** Leave has ended under which something is under way. */
  onLeaseEnd(): void
  /** The client has said goodbye, or the server has. */
  onGoodbye(): void
}

export interface ConversationOptions {
  readonly judge: Pick<StatementJudge, 'known' | 'judge' | 'settle' | 'looksInside'>
  readonly statements: Statements
  inspectorFor(permit: Permit): Inspector
  readonly keeper: SessionKeeper
}

export class Conversation {
  readonly judge: ConversationOptions['judge']
  readonly statements: Statements
  readonly keeper: SessionKeeper
  readonly inspectorFor: ConversationOptions['inspectorFor']
  readonly pipeline = new Pipeline<Asked>()
  readonly prepared = new Names<Statement>(weightOf)
  readonly portals = new Names<Statement>(weightOf)
  readonly copyIn: CopyIn
  /** By whose leave what the server says by itself is looked into: the last under which something is taken out. Null for nobody's. */
  redacting: Released | null = null

  constructor({ judge, statements, inspectorFor, keeper }: ConversationOptions) {
    this.judge = judge
    this.statements = statements
    this.inspectorFor = inspectorFor
    this.keeper = keeper
    this.copyIn = new CopyIn(this)
  }

  fail(problem: Problem, side: 'client' | 'server'): false {
    this.keeper.fail(problem, side)
    return false
  }
}

function weightOf({ weight }: Statement): number {
  return weight
}
