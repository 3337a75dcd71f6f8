/**
 * Rows into the database, inside one transaction at a time. Keeps the head of the chain and the contexts already stored; looks at
 * both again whenever another process has written in between, so that there is one chain however many write.
 */

import type {
  AdminRecord,
  DecisionContext,
  DecisionRecord,
  OutcomeRecord,
} from '../model/audit-record.ts'
import type { FlowId } from '../model/flow.ts'
import { Batch, insertSql } from './batch.ts'
import { type Field, GENESIS, hashRow } from './chain.ts'
import type { AuditDatabase } from './database.ts'
import { COLUMNS, toAdminRow, toContextRow, toDecisionRow, toOutcomeRow } from './rows.ts'

/** The last row: what the next one continues. */
export interface Head {
  readonly seq: number
  readonly hash: string
}

interface StoredContext {
  readonly id: number
  readonly digest: string
}

/** Contexts remembered by digest; beyond it they are looked up in the database again. */
const MAX_CONTEXTS = 20_000

export class Appender {
  readonly #db: AuditDatabase
  readonly #sql
  #seq = 0
  #hash = GENESIS
  #dataVersion: unknown = null
  #stored = new WeakMap<DecisionContext, StoredContext>()
  #byDigest = new Map<string, StoredContext>()

  constructor(db: AuditDatabase) {
    this.#db = db
    this.#sql = prepare(db)
  }

  get head(): Head {
    return { seq: this.#seq, hash: this.#hash }
  }

  /**
   * Runs `append` in a transaction: all its rows are committed, or none.
   *
   * @throws whatever SQLite throws; the chain then continues where it was.
   */
  commit<T>(append: () => T): T {
    this.#sql.begin.run()
    try {
      this.#synchronise()
      const result = append()
      this.#sql.decisions.flush()
      this.#sql.outcomes.flush()
      this.#sql.setHead.run(this.#seq, this.#hash)
      this.#sql.commit.run()
      return result
    } catch (error) {
      if (this.#db.inTransaction) this.#sql.rollback.run()
      this.#forget()
      throw error
    }
  }

  /** Inside `commit` only, like the two below. */
  decision(record: DecisionRecord): FlowId {
    const { id, digest } = this.#context(record.context)
    const row = toDecisionRow(++this.#seq, digest, record)
    const hash = this.#link('decisions', row)
    // The table names the context by number, the hash by digest.
    row[2] = id
    this.#sql.decisions.add(row, hash)
    const flow = this.#seq
    const { at, ending } = record
    if (ending) this.outcome({ flow, at, ending })
    return flow
  }

  outcome(record: OutcomeRecord): void {
    const row = toOutcomeRow(++this.#seq, record)
    this.#sql.outcomes.add(row, this.#link('outcomes', row))
  }

  admin(record: AdminRecord): void {
    const row = toAdminRow(++this.#seq, record)
    this.#sql.admin.run(...row, this.#link('admin', row))
  }

  #link(table: string, row: readonly Field[]): string {
    this.#hash = hashRow(this.#hash, table, row)
    return this.#hash
  }

  #context(context: DecisionContext): StoredContext {
    const known = this.#stored.get(context)
    if (known) return known
    const row = toContextRow(context)
    const digest = hashRow('', 'contexts', row)
    const stored = this.#byDigest.get(digest) ?? this.#storeContext(digest, row)
    this.#stored.set(context, stored)
    return stored
  }

  #storeContext(digest: string, row: readonly Field[]): StoredContext {
    const found = this.#sql.findContext.get(digest) as { id: number } | undefined
    const id = found?.id ?? Number(this.#sql.context.run(digest, ...row).lastInsertRowid)
    if (this.#byDigest.size >= MAX_CONTEXTS) this.#byDigest.clear()
    const stored = { id, digest }
    this.#byDigest.set(digest, stored)
    return stored
  }

  /** SQLite counts `data_version` up when another connection has committed. */
  #synchronise(): void {
    const { data_version: version } = this.#sql.dataVersion.get() as { data_version: number }
    if (version === this.#dataVersion) return
    const head = this.#sql.getHead.get() as Head | undefined
    this.#seq = head?.seq ?? 0
    this.#hash = head?.hash ?? GENESIS
    this.#dataVersion = version
  }

  #forget(): void {
    this.#sql.decisions.clear()
    this.#sql.outcomes.clear()
    this.#dataVersion = null
    this.#stored = new WeakMap()
    this.#byDigest.clear()
  }
}

function prepare(db: AuditDatabase) {
  const context = ['digest', ...COLUMNS.contexts]
  const insert = (table: string, columns: readonly string[]) =>
    db.prepare(insertSql(table, columns, 1))
  return {
    begin: db.prepare('BEGIN IMMEDIATE'),
    commit: db.prepare('COMMIT'),
    rollback: db.prepare('ROLLBACK'),
    dataVersion: db.prepare('PRAGMA data_version'),
    getHead: db.prepare('SELECT seq, hash FROM head'),
    setHead: db.prepare('REPLACE INTO head (one, seq, hash) VALUES (1, ?, ?)'),
    findContext: db.prepare('SELECT id FROM contexts WHERE digest = ?'),
    context: insert('contexts', context),
    decisions: new Batch(db, 'decisions', DECISION_COLUMNS),
    outcomes: new Batch(db, 'outcomes', [...COLUMNS.outcomes, 'hash']),
    admin: insert('admin', [...COLUMNS.admin, 'hash']),
  }
}

const DECISION_COLUMNS = ['seq', 'at', 'context', 'method', 'path', 'protocol', 'hash']
