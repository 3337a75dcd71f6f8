/**
 * A call that waits for a person, and what the person gives: leave for one request, or for all of a kind for a time. Both are what
 * their events say: see `holds/`. A call is described as a reviewer sees it; of its body there is a digest and no text.
 */

import type { Placement } from './placement.ts'
import type { Regions } from './region.ts'

/** `h-` and eight letters and digits. */
export type HoldId = string
/** `g-` and eight letters and digits. */
export type GrantId = string

/** One thing that has to be met: so many different people out of these have to agree. */
export interface Approval {
  /** Ids and groups of reviewers; null for whoever may decide at all. */
  readonly reviewers: readonly string[] | null
  readonly quorum: number
}

/** How a call is held. */
export interface HoldTerms {
  /** All of them have to be met: of several rules that hold a call none counts less. At least one. */
  readonly approvals: readonly Approval[]
  /** Milliseconds that the client is kept waiting before it is told to come again. */
  readonly wait: number
  /** Milliseconds after which nobody can approve it any more. */
  readonly expires: number
  /** Whether it goes on to wait for a decision when its client has left. */
  readonly durable: boolean
}

/** What the policy says of holds and grants as a whole. Times are milliseconds. */
export interface HoldSettings {
  /** Who has to agree where no rule says so. */
  readonly approval: Approval
  readonly wait: number
  readonly expires: number
  readonly durable: boolean
  /** How long a grant lasts when nobody says so. */
  readonly grantDefault: number
  /** Longer ones are not given. */
  readonly grantMax: number
  /** Whether those who may decide are shown what the request says, without what is recognised in it. */
  readonly preview: boolean
  /** Holds that may be pending at once, of all agents and of one. */
  readonly maxPending: number
  readonly maxPendingPerAgent: number
}

/** What a person is asked about. Nothing here is payload. */
export interface Held {
  readonly agent: string
  readonly groups: readonly string[]
  /** The person who answers for the agent: may not decide about it. */
  readonly owner: string | null
  readonly clientIp: string
  /** Whether the agent has proved who it is; else its address counts as part of its name. */
  readonly proven: boolean
  /** `CONNECT` for a tunnel that nobody looks into; null for any, when access is asked for ahead. */
  readonly method: string | null
  readonly scheme: string
  readonly host: string
  readonly port: number
  /** Up to the query; null for a tunnel, or for any. */
  readonly path: string | null
  /** What is said to a database, with placeholders for all values; null for what is no statement. */
  readonly statement: string | null
  readonly regions: Regions
  readonly placement: Placement
  /** Name of the zone it was measured against. */
  readonly zone: string
  /** Of the rule that settled it; null when the placement default did. */
  readonly rule: string | null
  readonly because: string | null
  readonly reason: string
  /** Ids of all rules that hold it, sorted. */
  readonly rules: readonly string[]
  /** One line for each piece. */
  readonly evidence: readonly string[]
  /** Bytes of the body; null when that is not known. */
  readonly bodyBytes: number | null
  /** Hex SHA-256 of the body; null when not all of it was seen. */
  readonly bodyDigest: string | null
  /** Kinds of data found in it. */
  readonly classes: readonly string[]
}

/** One request that is to wait. */
export interface HoldQuestion {
  readonly held: Held
  /** The path as it came, where the one that is shown has kinds in place of data; written nowhere. */
  readonly path: string | null
  /** Whose token it came with, whatever the policy calls them; the agent where there is none. */
  readonly requester: string
  readonly terms: HoldTerms
  /** Hex SHA-256 over what makes a request the same: agent, method, authority, target, body, placement. */
  readonly fingerprint: string
  /** The form of the body without what stands in it; shown to reviewers and written nowhere. Null where there is none. */
  readonly outline: string | null
  /** What it says, with the kind in place of whatever was recognised; shown to those who may decide, and written nowhere. Null like the outline. */
  readonly preview: string | null
}

/** How wide leave is. `request`: what has the fingerprint. `path`: the same method and path. `host`: anything at the host. */
export type Breadth = 'request' | 'path' | 'host'

/** For which calls a grant is good. INVARIANT: never more than what the reviewer was shown, but for what they widened by name. */
export interface GrantScope {
  readonly breadth: Breadth
  /** Of the one request; null for the wider ones. */
  readonly fingerprint: string | null
  /** One of the two: this agent, or all agents of a group that the held one is in. */
  readonly agent: string | null
  readonly group: string | null
  /** The address of agents that have not proved who they are; null for those that have. */
  readonly clientIp: string | null
  readonly scheme: string
  readonly host: string
  readonly port: number
  /** Null for any. */
  readonly method: string | null
  readonly path: string | null
  /** A call has to be placed within these; a place nobody knew is only that again. */
  readonly regions: Regions
  /** Rules whose hold it settles: not that of another. */
  readonly rules: readonly string[]
}

export type HoldState = 'pending' | 'approved' | 'denied' | 'expired' | 'cancelled'

/** What a reviewer wants to give. */
export interface Giving {
  readonly breadth: Breadth
  /** In place of the agent; null for the agent alone. */
  readonly group: string | null
  /** Milliseconds. */
  readonly lasts: number
  /** Null for as many as come in that time. */
  readonly uses: number | null
}

/** One reviewer has agreed. Of several, nobody gives more than the one who gives least. */
export interface Vote {
  readonly reviewer: string
  readonly at: number
  readonly reason: string | null
  readonly giving: Giving
}

export interface Hold {
  readonly id: HoldId
  /** `request`: one that waits, or has waited. `access`: somebody asks ahead. */
  readonly kind: 'request' | 'access'
  readonly held: Held
  readonly terms: HoldTerms
  /** Null when access is asked for ahead. */
  readonly fingerprint: string | null
  /** Who asked: the agent, or the reviewer or agent who asked ahead. May not decide. */
  readonly requester: string
  /** What the requester says about it; null for nothing. */
  readonly purpose: string | null
  /** When access is asked for: what the grant would be; null for a request that waits. */
  readonly wants: Wanted | null
  readonly openedAt: number
  readonly expiresAt: number
  readonly state: HoldState
  /** Who has agreed so far. */
  readonly votes: readonly Vote[]
  /** Null while it is pending. */
  readonly endedAt: number | null
  /** Who denied or withdrew it; null for others, and for time and clients that left. */
  readonly endedBy: string | null
  readonly reason: string | null
  readonly grant: GrantId | null
}

/** What somebody asks for ahead. Times are milliseconds since the epoch. */
export interface Wanted {
  readonly startsAt: number
  readonly expiresAt: number
  /** Null for as many as come in that time. */
  readonly uses: number | null
}

export type GrantState = 'active' | 'used' | 'expired' | 'revoked'

export interface Grant {
  readonly id: GrantId
  readonly hold: HoldId
  readonly scope: GrantScope
  readonly createdAt: number
  readonly startsAt: number
  readonly expiresAt: number
  /** Null for as many as come in time. */
  readonly uses: number | null
  readonly used: number
  readonly approvers: readonly string[]
  readonly reason: string | null
  readonly state: GrantState
  readonly endedAt: number | null
  readonly endedBy: string | null
}

/** What is written down, in order; holds and grants are nothing else than these. Times are milliseconds since the epoch. */
export type HoldEvent =
  | { readonly kind: 'opened'; readonly at: number; readonly hold: Opened }
  /** One has agreed; more are needed. */
  | {
      readonly kind: 'agreed'
      readonly at: number
      readonly hold: HoldId
      readonly by: string
      readonly reason: string | null
      readonly giving: Giving
    }
  /** The last one that was needed has agreed. */
  | {
      readonly kind: 'approved'
      readonly at: number
      readonly hold: HoldId
      readonly by: string
      readonly reason: string | null
      readonly grant: Given
    }
  | {
      readonly kind: 'denied'
      readonly at: number
      readonly hold: HoldId
      readonly by: string
      readonly reason: string | null
    }
  | { readonly kind: 'expired'; readonly at: number; readonly hold: HoldId }
  | {
      readonly kind: 'cancelled'
      readonly at: number
      readonly hold: HoldId
      /** Null when the client left. */
      readonly by: string | null
      readonly reason: string | null
    }
  | { readonly kind: 'used'; readonly at: number; readonly hold: HoldId; readonly grant: GrantId }
  | {
      readonly kind: 'revoked'
      readonly at: number
      readonly hold: HoldId
      readonly grant: GrantId
      readonly by: string
      readonly reason: string | null
    }
  | {
      readonly kind: 'grant-expired'
      readonly at: number
      readonly hold: HoldId
      readonly grant: GrantId
    }

/** A hold as it begins. */
export type Opened = Pick<
  Hold,
  | 'id'
  | 'kind'
  | 'held'
  | 'terms'
  | 'fingerprint'
  | 'requester'
  | 'purpose'
  | 'wants'
  | 'openedAt'
  | 'expiresAt'
>

/** A grant as it begins. */
export type Given = Omit<Grant, 'state' | 'used' | 'endedAt' | 'endedBy'>

/** All kinds of events, in the order in which they can happen. */
export const HOLD_EVENTS = [
  'opened',
  'agreed',
  'approved',
  'denied',
  'expired',
  'cancelled',
  'used',
  'revoked',
  'grant-expired',
] as const satisfies readonly HoldEvent['kind'][]

/** e.g. `2 of dpo, security and 1 of any reviewer`. */
export function sayTerms({ approvals }: Pick<HoldTerms, 'approvals'>): string {
  return approvals.map(sayApproval).join(' and ')
}

/** e.g. `2 of dpo, security`. */
export function sayApproval({ reviewers, quorum }: Approval): string {
  return `${quorum} of ${reviewers?.join(', ') ?? 'any reviewer'}`
}
