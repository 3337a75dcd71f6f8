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
  ],
  admin: ['seq', 'at', 'actor', 'action', 'subject', 'detail'],
  hold_events: ['seq', 'at', 'hold', 'grant_id', 'kind', 'actor', 'detail'],
} as const

/** The last columns of a context: those that format 3 brought. */
const SINCE_3 = 3

/**
 * Hex SHA-256 of a context. Where it says nothing in the columns that format 3 brought, they are left out, so that older rows keep their
 * digests. Nothing can be put into them later: with them, the text that is hashed is another.
 */
export function digestContext(row: readonly Field[]): string {
  const older = row.length - SINCE_3
  const isOlder = row.slice(older).every((field) => field === null)
  return hashRow('', 'contexts', isOlder ? row.slice(0, older) : row)
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

/** Paths are kept for people to read; what is longer than this was not meant for them. */
const MAX_PATH = 2_048

export function toKeptPath(path: string | null): string | null {
  return path !== null && path.length > MAX_PATH ? `${path.slice(0, MAX_PATH)}…` : path
}

export function toAdminRow(seq: number, record: AdminRecord): Field[] {
  const { at, actor, action, subject, detail } = record
  return [seq, at, actor, action, subject, detail]
}
