/**
 * Rows into the database, inside one transaction at a time. Keeps the head of the chain and the contexts already stored; looks at
 * both again whenever another process has written in between, so that there is one chain however many write.
 *
 * INVARIANT: the chain ends at the row that the table `head` names, or at the last decision if that came later. A commit that ends in
 * another row than a decision notes it; one that ends in a decision, as most do, is spared the write.
 */

import type {
  AdminRecord,
  DecisionContext,
  DecisionRecord,
  OutcomeRecord,
  StatementNote,
} from '../model/audit-record.ts'
import type { Redaction } from '../model/finding.ts'
import type { FlowId } from '../model/flow.ts'
import { Batch, insertSql } from './batch.ts'
import {
  encodeInteger,
  encodeText,
  encodeWord,
  type Field,
  GENESIS,
  hashRow,
  hashText,
} from './chain.ts'
import type { AuditDatabase } from './database.ts'
import { fieldsOf, type HoldEventRow } from './hold-events.ts'
import { COLUMNS, digestContext, toAdminRow, toContextRow, toKeptPath, toKeptText } from './rows.ts'

/** The last row: what the next one continues. */
export interface Head {
  readonly seq: number
  readonly hash: string
}

interface StoredContext {
  readonly id: number
  /** The digest as it stands in the text that is hashed. */
  readonly encodedDigest: string
}

/** Contexts remembered by digest; beyond it they are looked up in the database again. */
const MAX_CONTEXTS = 20_000

export class Appender {
  readonly #db: AuditDatabase
  readonly #sql
  #seq = 0
  #hash = GENESIS
  #at = 0
  #encodedAt = encodeInteger(0)
  /** Whether the table `head` names the last row. */
  #noted = false
  /** Whether the last row, where it is not noted, is a decision. */
  #endsInDecision = false
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

  /** Whether the database says where the chain ends, which shows when its end is cut off. */
  get noted(): boolean {
    return this.#noted
  }

  /** Writes down where the chain ends. @throws whatever SQLite throws */
  noteHead(): void {
    this.commit(() => {
      this.#endsInDecision = false
    })
  }

  /**
   * Runs `append` in a transaction: all its rows are committed, or none.
   *
   * @throws whatever SQLite throws; the chain then continues where it was.
   */
  commit(append: () => void): void {
    this.#sql.begin.run()
    try {
      this.#synchronise()
      append()
      this.#sql.decisions.flush()
      this.#sql.outcomes.flush()
      this.#sql.redacted.flush()
      if (!this.#endsInDecision) this.#sql.setHead.run(this.#seq, this.#hash)
      this.#sql.commit.run()
      this.#noted = !this.#endsInDecision
    } catch (error) {
      if (this.#db.inTransaction) this.#sql.rollback.run()
      this.#forget()
      throw error
    }
  }

  /** Inside `commit` only, like the four below. The table names the context by number, the hash by digest. */
  decision(record: DecisionRecord): FlowId {
    const { at, method, protocol, statement, ending } = record
    const { id, encodedDigest } = this.#context(record.context)
    const path = toKeptPath(record.path)
    const flow = ++this.#seq
    this.#link(
      DECISIONS +
        encodeInteger(flow) +
        this.#encodeTime(at) +
        encodedDigest +
        encodeWord(method) +
        encodeText(path) +
        encodeWord(protocol),
    )
    const rows = this.#sql.decisions
    rows.put(flow)
    rows.put(at)
    rows.put(id)
    rows.put(method)
    rows.put(path)
    rows.put(protocol)
    rows.put(this.#hash)
    rows.endRow()
    this.#endsInDecision = true
    const { hold } = record.context
    if (hold) this.#sql.held.run(hold.id, flow)
    if (statement) this.#stated(flow, statement)
    if (ending) this.outcome({ flow, at, ending })
    return flow
  }

  outcome({ flow, at, ending }: OutcomeRecord): void {
    const { outcome, status, dialedIp, bytesOut, bytesIn, error, inspection = null } = ending
    const seq = ++this.#seq
    this.#link(
      OUTCOMES +
        encodeInteger(seq) +
        encodeInteger(flow) +
        this.#encodeTime(at) +
        encodeWord(outcome) +
        encodeInteger(status) +
        encodeWord(dialedIp) +
        encodeInteger(bytesOut) +
        encodeInteger(bytesIn) +
        encodeWord(error) +
        (inspection === null ? '' : encodeWord(inspection)),
    )
    const rows = this.#sql.outcomes
    rows.put(seq)
    rows.put(flow)
    rows.put(at)
    rows.put(outcome)
    rows.put(status)
    rows.put(dialedIp)
    rows.put(bytesOut)
    rows.put(bytesIn)
    rows.put(error)
    rows.put(inspection)
    rows.put(this.#hash)
    rows.endRow()
    this.#endsInDecision = false
    if (ending.redactions) this.#redacted(flow, ending.redactions)
    const { repeated } = ending
    if (repeated) this.#row('repeated', [flow, repeated.times, repeated.rows])
  }

  #stated(flow: FlowId, { connection, database, text, kinds }: StatementNote): void {
    this.#row('stated', [flow, connection, database, toKeptText(text), JSON.stringify(kinds)])
  }

  #row(table: 'stated' | 'repeated', fields: readonly Field[]): void {
    const row = [++this.#seq, ...fields]
    this.#hash = hashRow(this.#hash, table, row)
    this.#sql[table].run(...row, this.#hash)
    this.#endsInDecision = false
  }

  #redacted(flow: FlowId, redactions: readonly Redaction[]): void {
    const rows = this.#sql.redacted
    for (const { direction, type, path, count } of redactions) {
      const row = [++this.#seq, flow, direction, type, path, count]
      this.#hash = hashRow(this.#hash, 'redacted', row)
      for (const field of row) rows.put(field)
      rows.put(this.#hash)
      rows.endRow()
    }
  }

  admin(record: AdminRecord): void {
    const row = toAdminRow(++this.#seq, record)
    this.#hash = hashRow(this.#hash, 'admin', row)
    this.#sql.admin.run(...row, this.#hash)
    this.#endsInDecision = false
  }

  holdEvent(event: HoldEventRow): void {
    const row = fieldsOf(++this.#seq, event)
    this.#hash = hashRow(this.#hash, 'hold_events', row)
    this.#sql.holdEvent.run(...row, this.#hash)
    this.#endsInDecision = false
  }

  /** The next row, as `hashRow` would write it. */
  #link(encoded: string): void {
    this.#hash = hashText(this.#hash + encoded)
  }

  /** Rows of one commit mostly have the same. */
  #encodeTime(at: number): string {
    if (at !== this.#at) {
      this.#at = at
      this.#encodedAt = encodeInteger(at)
    }
    return this.#encodedAt
  }

  #context(context: DecisionContext): StoredContext {
    const known = this.#stored.get(context)
    if (known) return known
    const row = toContextRow(context)
    const digest = digestContext(row)
    const stored = this.#byDigest.get(digest) ?? this.#storeContext(digest, row)
    this.#stored.set(context, stored)
    return stored
  }

  #storeContext(digest: string, row: readonly Field[]): StoredContext {
    const found = this.#sql.findContext.get(digest) as { id: number } | undefined
    const id = found?.id ?? Number(this.#sql.context.run(digest, ...row).lastInsertRowid)
    if (this.#byDigest.size >= MAX_CONTEXTS) this.#byDigest.clear()
    const stored = { id, encodedDigest: encodeText(digest) }
    this.#byDigest.set(digest, stored)
    return stored
  }

  /** SQLite counts `data_version` up when another connection has committed. */
  #synchronise(): void {
    const version = this.#sql.dataVersion.get()
    if (version === this.#dataVersion) return
    const head = readHead(this.#db)
    this.#seq = head.seq
    this.#hash = head.hash
    this.#endsInDecision = false
    this.#dataVersion = version
  }

  #forget(): void {
    this.#sql.decisions.clear()
    this.#sql.outcomes.clear()
    this.#sql.redacted.clear()
    this.#dataVersion = null
    this.#stored = new WeakMap()
    this.#byDigest.clear()
  }
}

/** The last row of the chain. */
function readHead(db: AuditDatabase): Head {
  const noted = db.prepare('SELECT seq, hash FROM head').get() as Head | undefined
  const decided = db.prepare(LAST_DECISION).get() as Head | undefined
  if (decided && decided.seq > (noted?.seq ?? 0)) return decided
  return noted ?? { seq: 0, hash: GENESIS }
}

const LAST_DECISION = 'SELECT seq, hash FROM decisions ORDER BY seq DESC LIMIT 1'

function prepare(db: AuditDatabase) {
  const context = ['digest', ...COLUMNS.contexts]
  const decisions = new Batch(db, 'decisions', DECISION_COLUMNS)
  const outcomes = new Batch(db, 'outcomes', [...COLUMNS.outcomes, 'hash'], decisions)
  const insert = (table: string, columns: readonly string[]) =>
    db.prepare(insertSql(table, columns, 1))
  return {
    begin: db.prepare('BEGIN IMMEDIATE'),
    commit: db.prepare('COMMIT'),
    rollback: db.prepare('ROLLBACK'),
    dataVersion: db.prepare('PRAGMA data_version').pluck(),
    setHead: db.prepare('REPLACE INTO head (one, seq, hash) VALUES (1, ?, ?)'),
    findContext: db.prepare('SELECT id FROM contexts WHERE digest = ?'),
    context: insert('contexts', context),
    decisions,
    outcomes,
    redacted: new Batch(db, 'redacted', [...COLUMNS.redacted, 'hash'], outcomes),
    stated: insert('stated', [...COLUMNS.stated, 'hash']),
    repeated: insert('repeated', [...COLUMNS.repeated, 'hash']),
    admin: insert('admin', [...COLUMNS.admin, 'hash']),
    holdEvent: insert('hold_events', [...COLUMNS.hold_events, 'hash']),
    held: insert('held', ['hold', 'flow']),
  }
}

const DECISIONS = encodeText('decisions')
const OUTCOMES = encodeText('outcomes')
const DECISION_COLUMNS = ['seq', 'at', 'context', 'method', 'path', 'protocol', 'hash']
