/**
 * Records as rows: which field goes into which column. The order of columns here is their order in the hash; a table's name comes
 * first there, so that no row can pass for one of another table.
 */

import type { AdminRecord, DecisionContext } from '../model/audit-record.ts'
import { UNKNOWN } from '../model/region.ts'
import { type Field, hashRow } from './chain.ts'

/** What is hashed of each table, behind its name. A decision is hashed with the digest of its context, not with its id. */
export const COLUMNS = {
  contexts: [
    'mode',
    'client_ip',
    'agent',
    'groups',
    'scheme',
    'host',
    'port',
    'located',
    'regions',
    'placement',
    'evidence',
    'action',
    'enforced',
    'rule',
    'because',
    'reason',
    'inspection',
    'policy_digest',
    'hold_id',
    'approver',
    'would',
  ],
  decisions: ['seq', 'at', 'digest', 'method', 'path', 'protocol'],
  outcomes: [
    'seq',
    'flow',
    'at',
    'outcome',
    'status',
    'dialed_ip',
    'bytes_out',
    'bytes_in',
    'error',
    'inspection',
  ],
  redacted: ['seq', 'flow', 'direction', 'type', 'path', 'count'],
  stated: ['seq', 'flow', 'connection', 'database', 'statement', 'kinds'],
  repeated: ['seq', 'flow', 'times', 'rows'],
  admin: ['seq', 'at', 'actor', 'action', 'subject', 'detail'],
  hold_events: ['seq', 'at', 'hold', 'grant_id', 'kind', 'actor', 'detail'],
} as const

/** How many of the last columns later formats have brought: to contexts format 3, to outcomes format 4. */
const ADDED: Partial<Record<keyof typeof COLUMNS, number>> = { contexts: 3, outcomes: 1 }

/** Hex SHA-256 of a context. */
export function digestContext(row: readonly Field[]): string {
  return hashRow('', 'contexts', toHashed('contexts', row))
}

/**
 * What is hashed of a row. Where it says nothing in the columns that were added to its table, they are left out, so that older rows keep
 * their hashes. Nothing can be put into them later: with them, the text that is hashed is another.
 */
export function toHashed(table: keyof typeof COLUMNS, row: readonly Field[]): readonly Field[] {
  const older = row.length - (ADDED[table] ?? 0)
  for (let i = older; i < row.length; i++) if (row[i] !== null) return row
  return older === row.length ? row : row.slice(0, older)
}

export function toContextRow(context: DecisionContext): Field[] {
  const { flow, authority, destination, verdict, hold, would } = context
  return [
    flow.mode,
    flow.clientIp,
    flow.agent.id,
    JSON.stringify(flow.agent.groups),
    flow.scheme,
    authority?.host.text ?? null,
    authority?.port ?? null,
    destination ? 1 : 0,
    JSON.stringify(destination?.regions ?? UNKNOWN),
    verdict.placement,
    JSON.stringify(destination?.evidence ?? []),
    verdict.action,
    context.enforced ? 1 : 0,
    verdict.rule,
    verdict.because,
    verdict.reason,
    flow.inspection,
    context.policyDigest,
    hold?.id ?? null,
    hold && hold.approvers.length > 0 ? hold.approvers.join(', ') : null,
    would,
  ]
}

/** Paths and statements are kept for people to read; what is longer than this was not meant for them. */
const MAX_TEXT = 2_048

export function toKeptPath(path: string | null): string | null {
  return path === null ? null : toKeptText(path)
}

export function toKeptText(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text
}

export function toAdminRow(seq: number, record: AdminRecord): Field[] {
  const { at, actor, action, subject, detail } = record
  return [seq, at, actor, action, subject, detail]
}
