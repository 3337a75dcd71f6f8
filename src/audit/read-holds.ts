/** Holds and grants as the published views have them, with typed rows: what commands show of those that the running proxy has forgotten too. */

import type { Approval, GrantState, HoldState } from '../model/hold.ts'
import type { AuditDatabase } from './database.ts'
import { toWhere } from './where.ts'

/** A row of the `holds` view; JSON columns are lists. */
export interface HoldRow {
  readonly id: string
  readonly created_at: string
  /** When it was approved or denied; null otherwise. */
  readonly decided_at: string | null
  readonly expires_at: string
  readonly state: HoldState
  readonly kind: 'request' | 'access'
  readonly agent: string
  readonly requester: string
  readonly method: string | null
  readonly scheme: string
  readonly host: string
  readonly port: number
  readonly path: string | null
  /** What was said to a database; null for what is no statement. */
  readonly statement: string | null
  readonly regions: readonly string[]
  readonly placement: string
  readonly rule: string | null
  /** Why it is held. */
  readonly reason: string
  readonly votes: readonly VoteRow[]
  /** All who gave the grant; null without one. */
  readonly approver: string | null
  /** What was said with the decision. */
  readonly decision_reason: string | null
  readonly grant_id: string | null
  /** The first that went through, or was refused, under it. */
  readonly flow: number | null
  /** Whenever it ended, however. */
  readonly ended_at: string | null
  readonly ended_by: string | null
  readonly purpose: string | null
  readonly client_ip: string
  readonly because: string | null
  readonly body_bytes: number | null
  readonly body_digest: string | null
  readonly classes: readonly string[]
  readonly groups: readonly string[]
  readonly owner: string | null
  readonly zone: string
  readonly rules: readonly string[]
  readonly evidence: readonly string[]
  readonly approvals: readonly Approval[]
  readonly wants: WantsRow | null
  readonly [column: string]: unknown
}

export interface WantsRow {
  readonly starts_at: string
  readonly expires_at: string
  readonly uses: number | null
}

export interface VoteRow {
  readonly reviewer: string
  readonly at: string
  readonly reason: string | null
}

/** A row of the `grants` view; JSON columns are lists. */
export interface GrantRow {
  readonly id: string
  readonly hold_id: string
  readonly created_at: string
  readonly starts_at: string
  readonly expires_at: string
  readonly state: GrantState
  readonly breadth: string
  readonly agent: string | null
  readonly agent_group: string | null
  readonly scheme: string
  readonly host: string
  readonly port: number
  readonly method: string | null
  readonly path: string | null
  readonly regions: readonly string[]
  readonly uses: number | null
  readonly used: number
  readonly approver: string
  readonly reason: string | null
  readonly ended_at: string | null
  readonly ended_by: string | null
  readonly client_ip: string | null
  readonly rules: readonly string[]
  readonly [column: string]: unknown
}

export interface HoldFilter {
  readonly state?: HoldState | undefined
  readonly agent?: string | undefined
  readonly host?: string | undefined
  /** ISO 8601; opened then or later. */
  readonly since?: string | undefined
}

export interface GrantFilter {
  readonly state?: GrantState | undefined
  /** Of the agent itself, not of a group it is in. */
  readonly agent?: string | undefined
  readonly host?: string | undefined
  /** ISO 8601; given then or later. */
  readonly since?: string | undefined
}

/** The newest that match, oldest first. */
export function selectHolds(
  db: AuditDatabase,
  filter: HoldFilter,
  limit: number,
): readonly HoldRow[] {
  return select(db, 'holds', filter, limit).map((row) => toLists(row, HOLD_LISTS) as HoldRow)
}

export function selectHold(db: AuditDatabase, id: string): HoldRow | null {
  const row = db.prepare('SELECT * FROM holds WHERE id = ?').get(id) as Columns | undefined
  return row === undefined ? null : (toLists(row, HOLD_LISTS) as HoldRow)
}

/** The newest that match, oldest first. */
export function selectGrants(
  db: AuditDatabase,
  filter: GrantFilter,
  limit: number,
): readonly GrantRow[] {
  return select(db, 'grants', filter, limit).map((row) => toLists(row, GRANT_LISTS) as GrantRow)
}

type Columns = Record<string, unknown>

const HOLD_LISTS = [
  'regions',
  'votes',
  'classes',
  'groups',
  'rules',
  'evidence',
  'approvals',
  'wants',
]
const GRANT_LISTS = ['regions', 'rules']

function select(
  db: AuditDatabase,
  view: 'holds' | 'grants',
  { state, agent, host, since }: HoldFilter | GrantFilter,
  limit: number,
): readonly Columns[] {
  const { where, values } = toWhere([
    ['state = ?', state],
    ['agent = ?', agent],
    ['host = ?', host],
    ['created_at >= ?', since],
  ])
  const sql = `SELECT * FROM ${view} ${where} ORDER BY seq DESC LIMIT ?`
  return (db.prepare(sql).all(...values, limit) as Columns[]).reverse()
}

function toLists(row: Columns, columns: readonly string[]): Columns {
  const lists = columns.map((column) => [column, JSON.parse(String(row[column]))])
  return { ...row, ...Object.fromEntries(lists) }
}
