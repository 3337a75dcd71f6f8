/** What people do about holds, between the desk and whoever shows it to them: the console, commands, notices. The spine knows nothing of it. */

import type { Authority } from './model/authority.ts'
import type { Breadth, Grant, GrantId, Hold, HoldEvent, HoldId, Wanted } from './model/hold.ts'

/** Holds and grants as those see them who decide and those who ask ahead. Who they are was found out before. */
export interface Approvals {
  /** Pending ones and those that have ended lately, oldest first. */
  holds(): readonly Hold[]
  /** Lately ended ones included. */
  hold(id: HoldId): Hold | null
  /** The form of the body, without what stands in it; null when there is none, or it was forgotten with a restart. */
  outline(id: HoldId): string | null
  /** What the request says without what was recognised in it, for those who may decide about it; null like the outline. */
  preview(id: HoldId): string | null
  /** Clients that wait for it now. */
  waiting(id: HoldId): number
  /** Active ones and those that have ended lately, oldest first. */
  grants(): readonly Grant[]
  /** Why somebody may not decide; null when they may. */
  refusalOf(id: HoldId, reviewer: string): HoldProblem | null
  approve(id: HoldId, by: string, wish: ApprovalWish): Promise<Hold | HoldProblem>
  deny(id: HoldId, by: string, reason: string | null): Promise<Hold | HoldProblem>
  /** Withdrawn by whoever asked for it. */
  cancel(id: HoldId, by: string, reason: string | null): Promise<Hold | HoldProblem>
  revoke(grant: GrantId, by: string, reason: string | null): Promise<Grant | HoldProblem>
  /** Access asked for ahead. */
  request(wish: AccessWish): Promise<Hold | HoldProblem>
  /** @returns stops it */
  watch(onEvent: (event: HoldEvent, hold: Hold) => void): () => void
}

/** How wide and for how long; null for what is usual. */
export interface ApprovalWish {
  readonly breadth: Breadth | null
  /** For all agents of this group, which has to be one that the held agent is in. */
  readonly group: string | null
  /** Milliseconds. */
  readonly lasts: number | null
  readonly uses: number | null
  readonly reason: string | null
}

export interface AccessWish {
  /** Who asks: a reviewer, or the agent itself. */
  readonly requester: string
  readonly purpose: string | null
  readonly agent: string
  readonly groups: readonly string[]
  readonly scheme: 'http' | 'https'
  readonly authority: Authority
  /** Null for any. */
  readonly method: string | null
  readonly path: string | null
  readonly wants: Wanted
}

/** Why a decision cannot be made, in words for whoever wanted to make it. */
export interface HoldProblem {
  readonly fault: 'unknown' | 'ended' | 'not-allowed' | 'too-wide' | 'not-needed' | 'full'
  readonly detail: string
  readonly hint: string
}
