/** The evaluator with its reasons spelt out: every rule, and what each of its conditions said. */

import type { Action } from '../model/verdict.ts'
import type { Rule } from './compile.ts'
import { type AskedLine, type Truth, toRequestFacts } from './condition.ts'
import type { Assessment } from './decide.ts'

export interface RuleTrace {
  readonly id: string
  readonly action: Action
  readonly because: string
  readonly applies: boolean
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
    action: rule.action,
    because: rule.because,
    applies: matched.includes(rule.id),
    conditions: [
      ...rule.onDestination.map(({ says, test }) => ({ says, truth: test(facts) })),
      ...rule.onRequest.map(({ says, test }) => ({ says, truth: test(requestFacts) })),
    ],
  }))
}
