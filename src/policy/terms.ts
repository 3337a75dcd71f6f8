/** What one rule demands of those who decide, and what several rules demand together. */

import type { Agent } from '../model/agent.ts'
import type { Approval, HoldSettings, HoldTerms } from '../model/hold.ts'
import type { Policy, Rule } from './compile.ts'

/** What one rule demands; what it does not say itself is what the policy says in general. Times are milliseconds. */
export interface RuleTerms {
  readonly approval: Approval
  readonly expires: number
  readonly durable: boolean
  /** Null where the rule says nothing. */
  readonly wait: number | null
}

/** What a rule demands that says nothing of its own. */
export function termsOf({ approval, expires, durable }: HoldSettings): RuleTerms {
  return { approval, expires, durable, wait: null }
}

/**
 * The demands of all rules that hold a call. INVARIANT: none of them counts less because of another, and their order does not matter.
 *
 * @param rules that hold; none where the placement default does
 */
export function mergeTerms(
  { holds, agents }: Policy,
  agent: Agent,
  rules: readonly Rule[],
): HoldTerms {
  const demands = rules.flatMap(({ hold }) => hold ?? [])
  const all = demands.length > 0 ? demands : [termsOf(holds)]
  const waits = all.flatMap(({ wait }) => wait ?? [])
  const own = agents.find(({ id }) => id === agent.id)?.wait
  const expires = Math.min(...all.map((each) => each.expires))
  const wait = own ?? (waits.length > 0 ? Math.min(...waits) : holds.wait)
  return {
    approvals: distinct(all.map(({ approval }) => approval)),
    wait: Math.min(wait, expires),
    expires,
    durable: all.every(({ durable }) => durable),
  }
}

/** Sorted, so that what is shown and compared does not depend on the names of rules. */
function distinct(approvals: readonly Approval[]): readonly Approval[] {
  const byText = new Map(approvals.map((approval) => [JSON.stringify(approval), approval]))
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, approval]) => approval)
}
