/** What was decided and why. "No" is a value like any other. */

import type { Code } from './errors.ts'
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
  /** Ids of all rules that matched, sorted; the settling one among them. */
  readonly rules: readonly string[]
}
