/** Holds and grants as the API tells them: fields named as the columns of the published views, times as ISO 8601 text, lists as lists. */

import type { Grant, GrantState, Hold, HoldState } from '../../model/hold.ts'

export interface HoldRow {
  readonly id: string
  readonly kind: 'request' | 'access'
  readonly state: HoldState
  readonly created_at: string
  readonly expires_at: string
  /** Null for whatever nobody has decided. */
  readonly decided_at: string | null
  readonly ended_at: string | null
  /** Who denied or withdrew it, or was the last who had to agree. */
  readonly ended_by: string | null
  /** Whole seconds; 0 when it is not pending. */
  readonly seconds_left: number
  readonly requester: string
  readonly purpose: string | null
  readonly agent: string
  readonly groups: readonly string[]
  readonly owner: string | null
  readonly client_ip: string
  readonly method: string | null
  readonly scheme: string
  readonly host: string
  readonly port: number
  readonly path: string | null
  /** What is said to a database; null for what is no statement. */
  readonly statement: string | null
  readonly regions: readonly string[]
  readonly placement: string
  readonly zone: string
  readonly rule: string | null
  readonly because: string | null
  readonly reason: string
  readonly rules: readonly string[]
  readonly evidence: readonly string[]
  readonly body_bytes: number | null
  readonly body_digest: string | null
  readonly classes: readonly string[]
  /** All of these have to be met; `reviewers` null for any. */
  readonly approvals: readonly {
    readonly reviewers: readonly string[] | null
    readonly quorum: number
  }[]
  readonly votes: readonly {
    readonly reviewer: string
    readonly at: string
    readonly reason: string | null
  }[]
  readonly wants: WantedRow | null
  /** All who have agreed, where that was enough. */
  readonly approver: string | null
  readonly decision_reason: string | null
  readonly grant_id: string | null
}

export interface WantedRow {
  readonly starts_at: string
  readonly expires_at: string
  readonly uses: number | null
}

export interface GrantRow {
  readonly id: string
  readonly hold_id: string
  readonly state: GrantState
  readonly created_at: string
  readonly starts_at: string
  readonly expires_at: string
  readonly ended_at: string | null
  readonly ended_by: string | null
  /** Whole seconds; 0 when it has ended. */
  readonly seconds_left: number
  /** `request`, `path` or `host`. */
  readonly breadth: string
  readonly agent: string | null
  readonly agent_group: string | null
  readonly client_ip: string | null
  readonly method: string | null
  readonly scheme: string
  readonly host: string
  readonly port: number
  readonly path: string | null
  readonly regions: readonly string[]
  readonly rules: readonly string[]
  /** Null for as many as come in time. */
  readonly uses: number | null
  readonly used: number
  readonly approver: string
  readonly reason: string | null
}

/** @param now milliseconds since the epoch */
export function toHoldRow(hold: Hold, now: number): HoldRow {
  const { held, terms, wants, state } = hold
  const endedAt = hold.endedAt === null ? null : toIso(hold.endedAt)
  const approvers = hold.votes.map(({ reviewer }) => reviewer).join(', ')
  const last = state === 'approved' ? hold.votes.at(-1) : undefined
  return {
    id: hold.id,
    kind: hold.kind,
    state,
    created_at: toIso(hold.openedAt),
    expires_at: toIso(hold.expiresAt),
    decided_at: state === 'approved' || state === 'denied' ? endedAt : null,
    ended_at: endedAt,
    ended_by: last?.reviewer ?? hold.endedBy,
    seconds_left: state === 'pending' ? secondsTo(hold.expiresAt, now) : 0,
    requester: hold.requester,
    purpose: hold.purpose,
    agent: held.agent,
    groups: held.groups,
    owner: held.owner,
    client_ip: held.clientIp,
    method: held.method,
    scheme: held.scheme,
    host: held.host,
    port: held.port,
    path: held.path,
    statement: held.statement,
    regions: held.regions,
    placement: held.placement,
    zone: held.zone,
    rule: held.rule,
    because: held.because,
    reason: held.reason,
    rules: held.rules,
    evidence: held.evidence,
    body_bytes: held.bodyBytes,
    body_digest: held.bodyDigest,
    classes: held.classes,
    approvals: terms.approvals.map(({ reviewers, quorum }) => ({ reviewers, quorum })),
    votes: hold.votes.map(({ reviewer, at, reason }) => ({ reviewer, at: toIso(at), reason })),
    wants: wants && {
      starts_at: toIso(wants.startsAt),
      expires_at: toIso(wants.expiresAt),
      uses: wants.uses,
    },
    approver: state === 'approved' ? approvers : null,
    decision_reason: last ? last.reason : hold.reason,
    grant_id: hold.grant,
  }
}

/** @param now milliseconds since the epoch */
export function toGrantRow(grant: Grant, now: number): GrantRow {
  const { scope } = grant
  return {
    id: grant.id,
    hold_id: grant.hold,
    state: grant.state,
    created_at: toIso(grant.createdAt),
    starts_at: toIso(grant.startsAt),
    expires_at: toIso(grant.expiresAt),
    ended_at: grant.endedAt === null ? null : toIso(grant.endedAt),
    ended_by: grant.endedBy,
    seconds_left: grant.state === 'active' ? secondsTo(grant.expiresAt, now) : 0,
    breadth: scope.breadth,
    agent: scope.agent,
    agent_group: scope.group,
    client_ip: scope.clientIp,
    method: scope.method,
    scheme: scope.scheme,
    host: scope.host,
    port: scope.port,
    path: scope.path,
    regions: scope.regions,
    rules: scope.rules,
    uses: grant.uses,
    used: grant.used,
    approver: grant.approvers.join(', '),
    reason: grant.reason,
  }
}

function toIso(at: number): string {
  return new Date(at).toISOString()
}

function secondsTo(at: number, now: number): number {
  return Math.max(0, Math.ceil((at - now) / 1_000))
}
