/** The evaluator with its reasons spelt out: every rule, what each of its conditions said, and who may approve what is held. */

import { type HoldTerms, sayApproval } from '../model/hold.ts'
import { isAmong } from '../model/reviewer.ts'
import type { Action } from '../model/verdict.ts'
import type { Policy, Rule } from './compile.ts'
import { type AskedLine, type Truth, toRequestFacts } from './condition.ts'
import type { Assessment } from './decide.ts'

export interface RuleTrace {
  readonly id: string
  /** `redact` for a rule that does nothing else. */
  readonly action: Action | 'redact'
  readonly because: string
  /** Whether it matches. */
  readonly applies: boolean
  /** `observe`: it changes nothing. */
  readonly mode: 'enforce' | 'observe'
  readonly conditions: readonly { readonly says: string; readonly truth: Truth }[]
}

/** Traces every rule for one request. `applies` comes from the verdict, not from a second evaluation. */
export function traceRules(
  assessment: Assessment,
  request: AskedLine,
  matched: readonly string[],
): readonly RuleTrace[] {
  const { facts } = assessment
  const requestFacts = toRequestFacts(request)
  return assessment.policy.rules.map((rule: Rule) => ({
    id: rule.id,
    action: rule.action ?? 'redact',
    because: rule.because,
    applies: matched.includes(rule.id),
    mode: rule.observed ? 'observe' : 'enforce',
    conditions: [
      ...rule.onDestination.map(({ says, test }) => ({ says, truth: test(facts) })),
      ...rule.onRequest.map(({ says, test }) => ({ says, truth: test(requestFacts) })),
    ],
  }))
}

/** One demand of a held call, and who could meet it today. */
export interface ApprovalTrace {
  /** `2 of dpo, security` */
  readonly says: string
  readonly quorum: number
  /** Those who may agree, sorted. Fewer than the quorum: nobody can approve the call. */
  readonly people: readonly string[]
  /** Those of them who may not decide about this agent: they answer for it, or are it. */
  readonly barred: readonly string[]
}

export function traceApprovals(
  { reviewers, agents }: Policy,
  agent: string,
  { approvals }: HoldTerms,
): readonly ApprovalTrace[] {
  const owner = agents.find(({ id }) => id === agent)?.owner
  return approvals.map((approval) => {
    const named = reviewers.filter((each) => isAmong(approval, each)).map(({ id }) => id)
    const isBarred = (id: string) => id === owner || id === agent
    return {
      says: sayApproval(approval),
      quorum: approval.quorum,
      people: named.filter((id) => !isBarred(id)).sort(),
      barred: named.filter(isBarred).sort(),
    }
  })
}
