/** What was decided and why. "No" is a value like any other. */

import type { Code } from './errors.ts'
import type { RedactionPlan } from './finding.ts'
import type { HoldTerms } from './hold.ts'
import type { Placement, Zone } from './placement.ts'

export type Action = 'allow' | 'block' | 'hold'

export interface Verdict {
  readonly action: Action
  /** The published code of a refusal; null when allowed. For rules it is `rule-` followed by the rule's id. */
  readonly code: Code | `rule-${string}` | null
  readonly placement: Placement
  /** The zone the call was measured against. */
  readonly zone: Zone
  /** The rule that settled it, or null when the placement default did. */
  readonly rule: string | null
  /** The `because` of that rule. */
  readonly because: string | null
  /** One sentence that a person who has never seen the policy understands. */
  readonly reason: string
  /** Whether a rule that allows names the protocol the connection is asked to become. */
  readonly upgrades: boolean
  /** Ids of all rules that matched, sorted; the settling one among them, and those that are only observed. */
  readonly rules: readonly string[]
  /** How it is held; null for whatever is not. */
  readonly terms: HoldTerms | null
  /** Ids of all rules that hold it, sorted; empty where it is not held, or by the placement default. */
  readonly holding: readonly string[]
  /** What of it is redacted when it passes; null for nothing. */
  readonly redact: RedactionPlan | null
  /** What rules that are only observed would have made of it; null where that is no other action. */
  readonly would: Would | null
}

export interface Would {
  readonly action: 'block' | 'hold'
  readonly rule: string
}
