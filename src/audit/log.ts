/**
 * The audit port. Decisions queue up while one turn of the event loop handles its sockets and are committed together at its end;
 * only then do their requests leave. What leaves home waits, besides, until the commit is on stable storage.
 *
 * INVARIANT: a number is handed out only for a row that is in the database.
 * INVARIANT: when a commit fails, every decision in it is refused, and is not written later.
 */

import { statSync } from 'node:fs'
import type { AdminRecord, DecisionRecord, OutcomeRecord } from '../model/audit-record.ts'
import { AuditUnavailable } from '../model/errors.ts'
import type { FlowId } from '../model/flow.ts'
import { Appender, type Head } from './appender.ts'
import { type AuditDatabase, isBusy, openForWriting } from './database.ts'
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

interface Entry {
  readonly append: () => FlowId
  readonly durable: boolean
  readonly resolve: (flow: FlowId) => void
  readonly reject: (error: Error) => void
}

/** An outcome waits this long for a decision to share a commit with. */
const OUTCOME_DELAY_MS = 10
/** Outcomes kept while nothing can be written; beyond it their flows stay `open`. */
const MAX_OUTCOMES = 100_000
/** How long another writer, such as an operator's command, may keep us waiting before calls are refused. */
const BUSY_MS = 1_000
const BUSY_RETRY_MS = 5
/** How often the log makes sure that it still writes to the file people read, and tries again after a failure. */
const CHECK_MS = 500

export class AuditLog {
  readonly #path: string
  readonly #db: AuditDatabase
  readonly #appender: Appender
  readonly #stable: StableStorage
  readonly #adminSince
  readonly #onHealth: (problem: string | null) => void
  readonly #inode: number
  readonly #timer: NodeJS.Timeout
  #entries: Entry[] = []
  #outcomes: OutcomeRecord[] = []
  #turn: NodeJS.Immediate | null = null
  #later: NodeJS.Timeout | null = null
  #busySince: number | null = null
  #problem: string | null = null
  #lost = false

  /** @throws AuditError when the database cannot be used. */
  constructor({ path, onHealth }: AuditLogOptions) {
    this.#path = path
    this.#onHealth = onHealth ?? (() => {})
    this.#db = openForWriting(path)
    this.#appender = new Appender(this.#db)
    this.#appender.commit(() => {})
    this.#stable = new StableStorage(`${path}-wal`)
    this.#adminSince = this.#db.prepare(
      'SELECT seq, action, subject, detail FROM admin WHERE seq > ? ORDER BY seq',
    )
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
    return this.#enqueue(() => this.#appender.decision(record), durable)
  }

  settle(record: OutcomeRecord): void {
    if (this.#outcomes.length >= MAX_OUTCOMES) return
    this.#outcomes.push(record)
    this.#later ??= setTimeout(() => this.#flush(), OUTCOME_DELAY_MS)
  }

  async note(record: AdminRecord): Promise<void> {
    await this.#enqueue(() => {
      this.#appender.admin(record)
      return 0
    }, true)
  }

  /**
   * Gives the flows that an earlier proxy left open their end. For the one process that holds the lock.
   *
   * @returns how many there were.
   */
  closeInterrupted(now: number): number {
    const flows = this.#db.prepare(INTERRUPTED).pluck().all() as number[]
    this.#appender.commit(() => {
      for (const flow of flows)
        this.#appender.outcome({ flow, at: now, ending: INTERRUPTED_ENDING })
    })
    return flows.length
  }

  /** Writes what is queued and closes the file. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#flush()
    await this.#stable.sync().catch(() => {})
    this.#stable.close()
    this.#db.close()
  }

  #enqueue(append: () => FlowId, durable: boolean): Promise<FlowId> {
    return new Promise((resolve, reject) => {
      this.#entries.push({ append, durable, resolve, reject })
      this.#turn ??= setImmediate(() => this.#flush())
    })
  }

  #flush(): void {
    if (this.#turn) clearImmediate(this.#turn)
    if (this.#later) clearTimeout(this.#later)
    this.#turn = null
    this.#later = null
    const entries = this.#entries
    const outcomes = this.#outcomes
    if (entries.length === 0 && outcomes.length === 0) return
    let flows: FlowId[]
    try {
      if (this.#lost) throw new AuditUnavailable(LOST)
      flows = this.#appender.commit(() => {
        for (const outcome of outcomes) this.#appender.outcome(outcome)
        return entries.map((entry) => entry.append())
      })
    } catch (error) {
      return this.#onFailure(error)
    }
    this.#entries = []
    this.#outcomes = []
    this.#busySince = null
    if (this.#problem) this.#setProblem(null)
    this.#release(entries, flows)
  }

  #release(entries: readonly Entry[], flows: readonly FlowId[]): void {
    let synced: Promise<void> | null = null
    let at = 0
    for (const entry of entries) {
      const flow = flows[at++] ?? 0
      if (!entry.durable) entry.resolve(flow)
      else {
        synced ??= this.#stable.sync()
        synced.then(() => entry.resolve(flow), entry.reject)
      }
    }
  }

  #onFailure(error: unknown): void {
    if (isBusy(error)) {
      this.#busySince ??= Date.now()
      if (Date.now() - this.#busySince < BUSY_MS) {
        this.#later = setTimeout(() => this.#flush(), BUSY_RETRY_MS)
        return
      }
    }
    this.#busySince = null
    this.#setProblem(error instanceof Error ? error.message : String(error))
    const refused = this.#entries
    this.#entries = []
    for (const entry of refused) entry.reject(new AuditUnavailable('the row was not written'))
  }

  /** A file that was moved or removed would take rows that nobody will ever read: it is never written to again. */
  #check(): void {
    this.#lost ||= statSync(this.#path, { throwIfNoEntry: false })?.ino !== this.#inode
    if (this.#lost) this.#setProblem(LOST)
    else if (this.#problem) this.#retry()
  }

  #retry(): void {
    if (this.#outcomes.length > 0) return this.#flush()
    try {
      this.#appender.commit(() => {})
      this.#setProblem(null)
    } catch {
      // Still broken; the next check tries again.
    }
  }

  #setProblem(problem: string | null): void {
    if (problem === this.#problem) return
    this.#problem = problem
    this.#onHealth(problem)
  }
}

const LOST = 'the database file was removed or replaced; restart the proxy'

/** Decisions of the last run without an outcome: earlier runs were closed when that one started. */
const INTERRUPTED = `
  SELECT seq FROM decisions
  WHERE seq > coalesce((SELECT max(seq) FROM admin WHERE action = 'start'), 0)
    AND NOT EXISTS (SELECT 1 FROM outcomes WHERE flow = decisions.seq)`

/** Of a flow whose process is gone. */
export const INTERRUPTED_ENDING = {
  outcome: 'failed',
  status: null,
  dialedIp: null,
  bytesOut: 0,
  bytesIn: 0,
  error: 'interrupted',
} as const
