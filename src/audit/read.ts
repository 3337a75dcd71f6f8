/** Questions to the log, answered from the published views: what the commands and the console show. */

import type { WeighedEvidence } from '../model/evidence.ts'
import type { Redaction } from '../model/finding.ts'
import type { Inspection, Mode, Scheme } from '../model/flow.ts'
import type { Action } from '../model/verdict.ts'
import type { Head } from './appender.ts'
import { type AuditDatabase, openForReading } from './database.ts'
import {
  type GrantFilter,
  type GrantRow,
  type HoldFilter,
  type HoldRow,
  selectGrants,
  selectHold,
  selectHolds,
} from './read-holds.ts'
import { type Condition, toWhere } from './where.ts'

/** A row of the `flows` view; JSON columns are lists. */
export interface FlowRow {
  readonly id: number
  readonly started_at: string
  readonly ended_at: string | null
  readonly agent: string
  readonly method: string | null
  readonly scheme: string
  readonly host: string | null
  readonly port: number | null
  readonly path: string | null
  readonly regions: readonly string[]
  readonly placement: string
  readonly evidence: readonly Record<string, unknown>[]
  readonly action: string
  readonly outcome: string
  readonly rule: string | null
  readonly reason: string
  readonly status: number | null
  readonly error: string | null
  readonly hold_id: string | null
  readonly approver: string | null
  readonly redactions_out: number
  readonly redactions_in: number
  readonly redaction_types: readonly string[]
  readonly would: string | null
  /** Normalised; null for what is no statement. */
  readonly statement: string | null
  readonly [column: string]: unknown
}

export interface FlowFilter {
  readonly agent?: string | undefined
  readonly host?: string | undefined
  readonly placement?: string | undefined
  readonly action?: string | undefined
  readonly outcome?: string | undefined
  readonly would?: string | undefined
  /** ISO 8601; flows started then or later. */
  readonly since?: string | undefined
  /** Flows with a greater number. */
  readonly after?: number | undefined
  /** Flows that waited under this hold, or went under the grant it led to. */
  readonly hold?: string | undefined
  /** Flows that something was taken out of. */
  readonly redacted?: boolean | undefined
}

const EQUAL = ['agent', 'host', 'placement', 'action', 'outcome', 'would'] as const

export class AuditReader implements Disposable {
  readonly #db: AuditDatabase

  /** @throws AuditError */
  constructor(path: string) {
    this.#db = openForReading(path)
  }

  /** The newest flows that match, oldest first. */
  flows(filter: FlowFilter, limit: number): readonly FlowRow[] {
    const { where, values } = toWhere([
      ...EQUAL.map((column): Condition => [`${column} = ?`, filter[column]]),
      ['started_at >= ?', filter.since],
      ['id > ?', filter.after],
      // As `hold_id = ?` says, but found by index.
      ['id IN (SELECT flow FROM held WHERE hold = ?)', filter.hold],
      [
        'id IN (SELECT flow FROM redacted WHERE flow > ?)',
        filter.redacted ? (filter.after ?? 0) : undefined,
      ],
    ])
    const rows = this.#db
      .prepare(`SELECT * FROM flows ${where} ORDER BY id DESC LIMIT ?`)
      .all(...values, limit)
    return rows.map(toFlowRow).reverse()
  }

  flow(id: number): FlowRow | null {
    const row = this.#db.prepare('SELECT * FROM flows WHERE id = ?').get(id)
    return row === undefined ? null : toFlowRow(row)
  }

  /** What was taken out of a flow. */
  redactions(flow: number): readonly Redaction[] {
    return this.#db.prepare(REDACTIONS).all(flow) as Redaction[]
  }

  /** What a flow that is a statement does; empty for one that nobody could read, null for what is none. */
  statementKinds(flow: number): readonly string[] | null {
    const kinds = this.#db.prepare('SELECT kinds FROM statements WHERE id = ?').pluck().get(flow)
    return typeof kinds === 'string' ? JSON.parse(kinds) : null
  }

  /** How many calls there are since then. @param since milliseconds since the epoch */
  countCalls(since: number): CallRange {
    return this.#db.prepare(CALL_RANGE).get({ since }) as CallRange
  }

  /** The calls of that range, oldest first, some at a time: no more than these are in memory, and nobody is kept from writing. */
  *calls({ first, last, since }: CallRange): Generator<readonly RecordedCall[]> {
    const some = this.#db.prepare(CALLS)
    for (let from = first; from !== null && last !== null && from <= last; ) {
      const calls = some.all({ from, last, since, limit: CALLS_AT_ONCE }) as RecordedCall[]
      if (calls.length === 0) return
      yield calls
      from = (calls.at(-1)?.id ?? last) + 1
    }
  }

  /** What a call has in common with others. */
  context(id: number): RecordedContext | null {
    const row = this.#db.prepare(CONTEXT).get(id) as Record<string, unknown> | undefined
    if (row === undefined) return null
    const { groups, evidence } = row
    const lists = { groups: JSON.parse(String(groups)), evidence: JSON.parse(String(evidence)) }
    return { ...row, ...lists } as RecordedContext
  }

  /** Hosts that have answered from outside of what was concluded and were not cleared since, oldest first. */
  mismatches(): readonly Mismatch[] {
    return this.#db.prepare(MISMATCHES).all() as Mismatch[]
  }

  /** The newest holds that match, oldest first. */
  holds(filter: HoldFilter, limit: number): readonly HoldRow[] {
    return selectHolds(this.#db, filter, limit)
  }

  hold(id: string): HoldRow | null {
    return selectHold(this.#db, id)
  }

  /** The newest grants that match, oldest first. */
  grants(filter: GrantFilter, limit: number): readonly GrantRow[] {
    return selectGrants(this.#db, filter, limit)
  }

  /** What the chain ends with, and whether that row is there. */
  head(): { readonly seq: number; readonly isThere: boolean } {
    const head = this.#db.prepare('SELECT seq, hash FROM head').get() as Head | undefined
    if (!head) return { seq: 0, isThere: true }
    const found = this.#db.prepare(LAST_ROW).pluck().get(head)
    return { seq: head.seq, isThere: found === head.hash }
  }

  /** Links back from notices that were used up since then, oldest first. @param since ISO 8601 */
  linkUses(since: string): readonly LinkUse[] {
    const rows = this.#db.prepare(LINK_USES).all(since) as Record<string, string>[]
    return rows.flatMap(({ at = '', actor = '', detail = '' }) => {
      const nonce = /^link ([0-9a-f]{32}) /.exec(detail)?.[1]
      return nonce ? [{ nonce, by: actor, at: Date.parse(at) }] : []
    })
  }

  /** The `agents` view. */
  agents(): readonly Record<string, unknown>[] {
    return this.#db.prepare('SELECT * FROM agents ORDER BY id').all() as Record<string, unknown>[]
  }

  /** Whether a token was ever issued to that agent. */
  hasIssuedTo(agent: string): boolean {
    return this.#db.prepare(ISSUED).get(agent) !== undefined
  }

  [Symbol.dispose](): void {
    this.#db.close()
  }
}

const ISSUED = `SELECT 1 FROM admin_actions WHERE action = 'token-issue' AND subject = ? LIMIT 1`

const LAST_ROW = ['decisions', 'outcomes', 'redacted', 'stated', 'repeated', 'admin', 'hold_events']
  .map((table) => `SELECT hash FROM ${table} WHERE seq = @seq`)
  .join(' UNION ALL ')

/** Times are milliseconds since the epoch. */
export interface LinkUse {
  readonly nonce: string
  readonly by: string
  readonly at: number
}

const LINK_USES = `
  SELECT at, actor, detail FROM admin_actions WHERE action = 'link-used' AND at >= ? ORDER BY id`

const REDACTIONS = `
  SELECT direction, type, path, count FROM redactions WHERE flow = ? ORDER BY direction DESC, type, path`

/** Calls of some time, by number. */
export interface CallRange {
  /** Milliseconds since the epoch. */
  readonly since: number
  readonly count: number
  /** Null when there are none. */
  readonly first: number | null
  readonly last: number | null
}

/** A call without what it has in common with others: that is its context. */
export interface RecordedCall {
  readonly id: number
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly context: number
  readonly method: string | null
  readonly path: string | null
  readonly protocol: string
  /** JSON list of what it does; null for what is no statement. */
  readonly kinds: string | null
  readonly bytes_out: number
  readonly bytes_in: number
  readonly error: string | null
}

export interface RecordedContext {
  readonly mode: Mode
  readonly client_ip: string
  readonly agent: string
  readonly groups: readonly string[]
  readonly scheme: Scheme
  readonly host: string | null
  readonly port: number | null
  readonly evidence: readonly WeighedEvidence[]
  readonly action: Action
  readonly inspection: Inspection
}

const CALLS_AT_ONCE = 5_000

const CALL_RANGE = `
  SELECT @since AS since, count(*) AS count, min(seq) AS first, max(seq) AS last FROM decisions WHERE at >= @since`

const CALLS = `
  SELECT d.seq AS id, d.at, d.context, d.method, d.path, d.protocol, s.kinds,
    coalesce(o.bytes_out, 0) AS bytes_out, coalesce(o.bytes_in, 0) AS bytes_in, o.error
  FROM decisions d LEFT JOIN outcomes o ON o.flow = d.seq LEFT JOIN stated s ON s.flow = d.seq
  WHERE d.seq BETWEEN @from AND @last AND d.at >= @since ORDER BY d.seq LIMIT @limit`

const CONTEXT = `
  SELECT mode, client_ip, agent, groups, scheme, host, port, evidence, action, inspection
  FROM contexts WHERE id = ?`

export interface Mismatch {
  readonly host: string
  readonly since: string
  readonly detail: string
}

const MISMATCHES = `
  SELECT subject AS host, at AS since, detail FROM admin_actions AS found
  WHERE action = 'residency-mismatch' AND NOT EXISTS (
    SELECT 1 FROM admin_actions AS later
    WHERE later.subject = found.subject AND later.id > found.id
      AND later.action IN ('residency-mismatch', 'residency-cleared'))
  ORDER BY id`

const JSON_COLUMNS = ['groups', 'regions', 'evidence', 'redaction_types'] as const

function toFlowRow(row: unknown): FlowRow {
  const flow = { ...(row as Record<string, unknown>) }
  for (const column of JSON_COLUMNS) flow[column] = JSON.parse(String(flow[column]))
  return flow as unknown as FlowRow
}
