/**
 * The audit port. Decisions queue up while one turn of the event loop handles its sockets and are committed together at its end;
 * only then do their requests leave. What leaves home waits, besides, until the commit is on stable storage. Outcomes, for which nobody
 * waits, are kept until some are together.
 *
 * INVARIANT: a number is handed out only for a row that is in the database.
 * INVARIANT: when a commit fails, every decision in it is refused, and is not written later.
 */

import { statSync } from 'node:fs'
import type { AdminRecord, DecisionRecord, OutcomeRecord } from '../model/audit-record.ts'
import { AuditUnavailable } from '../model/errors.ts'
import type { FlowId } from '../model/flow.ts'
import type { HoldEvent } from '../model/hold.ts'
import { Appender, type Head } from './appender.ts'
import { Checkpoints } from './checkpoints.ts'
import { type AuditDatabase, isBusy, isContradiction, openForWriting } from './database.ts'
import { type HoldEventRow, toHoldEventRow } from './hold-events.ts'
import { closeInterrupted, type InterruptedFlow } from './interrupted.ts'
import { withKeptRedactions } from './redactions.ts'
import { StableStorage } from './stable-storage.ts'

export interface AuditLogOptions {
  readonly path: string
  /** Told what is wrong when the log stops to work, and null when it works again. */
  readonly onHealth?: (problem: string | null) => void
}

export interface AdminRow {
  readonly seq: number
  readonly action: string
  readonly subject: string
  readonly detail: string
}

/** What becomes a row; one of the three. */
type Row =
  | { readonly decision: DecisionRecord }
  | { readonly admin: AdminRecord }
  | { readonly holdEvent: HoldEventRow }

/** A row that somebody waits for. */
interface Entry {
  readonly row: Row
  readonly durable: boolean
  /** Known when it is written. */
  flow: FlowId
  readonly resolve: (flow: FlowId) => void
  readonly reject: (error: Error) => void
}

/** An outcome waits this long for others to share a commit with, or until there are so many: each commit has a price. */
const OUTCOME_DELAY_MS = 10
const OUTCOME_ROWS = 64
/** Outcomes kept while nothing can be written; beyond it their flows stay `open`. */
const MAX_OUTCOMES = 100_000
/** How long another writer, such as an operator's command, may keep us waiting before calls are refused. */
const BUSY_MS = 1_000
const BUSY_RETRY_MS = 1
/** How often the log makes sure that it still writes to the file people read, and tries again after a failure. */
const CHECK_MS = 500

export class AuditLog {
  readonly #path: string
  readonly #db: AuditDatabase
  readonly #appender: Appender
  readonly #checkpoints: Checkpoints
  readonly #stable: StableStorage
  readonly #adminSince
  readonly #hasEnded
  readonly #onHealth: (problem: string | null) => void
  readonly #inode: number
  readonly #timer: NodeJS.Timeout
  #entries: Entry[] = []
  #outcomes: OutcomeRecord[] = []
  #turn: NodeJS.Immediate | null = null
  #outcomeTimer: NodeJS.Timeout | null = null
  #busyTimer: NodeJS.Timeout | null = null
  #busySince: number | null = null
  #problem: string | null = null
  #lost = false

  /** @throws AuditError when the database cannot be used. */
  constructor({ path, onHealth }: AuditLogOptions) {
    this.#path = path
    this.#onHealth = onHealth ?? (() => {})
    this.#db = openForWriting(path)
    this.#checkpoints = new Checkpoints(path, this.#db)
    this.#appender = new Appender(this.#db)
    this.#appender.noteHead()
    this.#stable = new StableStorage(`${path}-wal`)
    this.#adminSince = this.#db.prepare(
      'SELECT seq, action, subject, detail FROM admin WHERE seq > ? ORDER BY seq',
    )
    this.#hasEnded = this.#db.prepare('SELECT 1 FROM outcomes WHERE flow = ?')
    this.#inode = statSync(path).ino
    this.#timer = setInterval(() => this.#check(), CHECK_MS).unref()
  }

  /** What is wrong, null while the log works. */
  get problem(): string | null {
    return this.#problem
  }

  /** Rows that wait to be committed. */
  get queued(): number {
    return this.#entries.length + this.#outcomes.length
  }

  get head(): Head {
    return this.#appender.head
  }

  /** For tables beside the chain. */
  get database(): AuditDatabase {
    return this.#db
  }

  /** Admin rows behind that one, oldest first, whoever wrote them. */
  adminSince(seq: number): readonly AdminRow[] {
    return this.#adminSince.all(seq) as AdminRow[]
  }

  decide(record: DecisionRecord, durable: boolean): Promise<FlowId> {
    const ending = record.ending && withKeptRedactions(record.ending)
    const decision = ending === record.ending ? record : { ...record, ending }
    return this.#enqueue({ decision }, durable)
  }

  settle(record: OutcomeRecord): void {
    if (this.#outcomes.length >= MAX_OUTCOMES) return
    const ending = withKeptRedactions(record.ending)
    this.#outcomes.push(ending === record.ending ? record : { ...record, ending })
    // Left running when they are written earlier: that costs less than to stop it each time.
    this.#outcomeTimer ??= setTimeout(() => {
      this.#outcomeTimer = null
      this.#flush(true)
    }, OUTCOME_DELAY_MS)
  }

  async note(record: AdminRecord): Promise<void> {
    await this.#enqueue({ admin: record }, true)
  }

  /**
   * Writes down what happens to a hold or a grant. Resolves when what a person decided is on stable storage; anything else, when a killed
   * process would not lose it: a use is followed by its decision, which waits for both.
   *
   * @throws Misfit when the event is not of its form: then nothing is written
   */
  async keep(event: HoldEvent): Promise<void> {
    await this.#enqueue({ holdEvent: toHoldEventRow(event) }, DECIDED.has(event.kind))
  }

  /**
   * Gives the flows that an earlier proxy left open their end. For the one process that holds the lock.
   *
   * @returns which there were.
   */
  closeInterrupted(now: number): readonly InterruptedFlow[] {
    return closeInterrupted(this.#db, this.#appender, now)
  }

  /** Writes what is queued and closes the file. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#flush(true)
    this.#noteHead()
    await this.#stable.sync().catch(() => {})
    await this.#checkpoints.close()
    this.#stable.close()
    this.#db.close()
  }

  #enqueue(row: Row, durable: boolean): Promise<FlowId> {
    return new Promise((resolve, reject) => {
      this.#entries.push({ row, durable, flow: 0, resolve, reject })
      this.#turn ??= setImmediate(() => this.#flush(false))
    })
  }

  /** @param all whether outcomes are written however few there are. */
  #flush(all: boolean): void {
    if (this.#turn) clearImmediate(this.#turn)
    this.#turn = null
    const entries = this.#entries
    const outcomes = all || this.#outcomes.length >= OUTCOME_ROWS ? this.#outcomes : NONE
    if (entries.length === 0 && outcomes.length === 0) return
    try {
      if (this.#lost) throw new AuditUnavailable(LOST)
      this.#appender.commit(() => this.#append(entries, outcomes))
    } catch (error) {
      return this.#onFailure(error)
    }
    this.#entries = []
    if (outcomes !== NONE) this.#outcomes = []
    this.#busySince = null
    if (this.#problem) this.#setProblem(null)
    this.#release(entries)
    this.#checkpoints.onCommit()
  }

  /** Decisions last: most commits then end in one, and need not note where the chain ends. */
  #append(entries: readonly Entry[], outcomes: readonly OutcomeRecord[]): void {
    for (const outcome of outcomes) this.#appender.outcome(outcome)
    for (const entry of entries) {
      const { row } = entry
      if ('decision' in row) entry.flow = this.#appender.decision(row.decision)
      else if ('admin' in row) this.#appender.admin(row.admin)
      else this.#appender.holdEvent(row.holdEvent)
    }
  }

  #release(entries: readonly Entry[]): void {
    let synced: Promise<void> | null = null
    for (const entry of entries) {
      if (!entry.durable) entry.resolve(entry.flow)
      else {
        synced ??= this.#stable.sync()
        synced.then(() => entry.resolve(entry.flow), entry.reject)
      }
    }
  }

  #onFailure(error: unknown): void {
    if (isBusy(error)) {
      this.#busySince ??= Date.now()
      if (Date.now() - this.#busySince < BUSY_MS) {
        this.#busyTimer ??= setTimeout(() => {
          this.#busyTimer = null
          this.#flush(true)
        }, BUSY_RETRY_MS)
        return
      }
    }
    this.#busySince = null
    // Nothing else could ever be written beside it.
    if (isContradiction(error) && this.#forgetRepeated()) return this.#flush(true)
    this.#setProblem(error instanceof Error ? error.message : String(error))
    const refused = this.#entries
    this.#entries = []
    for (const entry of refused) entry.reject(new AuditUnavailable('the row was not written'))
  }

  /** A flow ends once: whoever says it again is not heard. @returns whether there was such an outcome */
  #forgetRepeated(): boolean {
    const before = this.#outcomes.length
    const ended = new Set<FlowId>()
    this.#outcomes = this.#outcomes.filter(({ flow }) => {
      const isFirst = !ended.has(flow) && this.#hasEnded.get(flow) === undefined
      ended.add(flow)
      return isFirst
    })
    return this.#outcomes.length < before
  }

  /** A file that was moved or removed would take rows that nobody will ever read: it is never written to again. */
  #check(): void {
    this.#lost ||= statSync(this.#path, { throwIfNoEntry: false })?.ino !== this.#inode
    if (this.#lost) this.#setProblem(LOST)
    else if (this.#problem) this.#retry()
    else this.#noteHead()
  }

  #retry(): void {
    if (this.#outcomes.length > 0) return this.#flush(true)
    try {
      this.#appender.noteHead()
      this.#setProblem(null)
    } catch {
      // Still broken; the next check tries again.
    }
  }

  #noteHead(): void {
    try {
      if (!this.#appender.noted && !this.#lost) this.#appender.noteHead()
    } catch {
      // Somebody else is writing, or nothing can be written: the next commit will tell.
    }
  }

  #setProblem(problem: string | null): void {
    if (problem === this.#problem) return
    this.#problem = problem
    this.#onHealth(problem)
  }
}

/** What people have done. */
const DECIDED: ReadonlySet<HoldEvent['kind']> = new Set(['agreed', 'approved', 'denied', 'revoked'])

const NONE: OutcomeRecord[] = []

const LOST = 'the database file was removed or replaced; restart the proxy'
