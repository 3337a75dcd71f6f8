/** People who may decide about calls that wait: named by the policy, known by their tokens. */

import type { Approval } from './hold.ts'

export interface Reviewer {
  /** As agent names: see `isAgentName`. */
  readonly id: string
  /** Sorted. */
  readonly groups: readonly string[]
}

/** Whoever has the token that is made at the first start: in no group, so never one of those a rule names by group. */
export const ADMIN: Reviewer = { id: 'admin', groups: [] }

/** Whether somebody is one of those who may agree; who must not for reasons of their own is not asked here. */
export function isAmong({ reviewers }: Approval, { id, groups }: Reviewer): boolean {
  return reviewers === null || reviewers.some((name) => name === id || groups.includes(name))
}
