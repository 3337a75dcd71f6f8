/** What a client that was held can do next: with the names of those who decide, the hold to name to them, and times. Nothing of the call itself. */

import { type Code, describeCode } from './errors.ts'
import type { HoldId, HoldTerms } from './hold.ts'

export interface HeldSoFar {
  /** Null when there is none, or none yet. */
  readonly hold: HoldId | null
  /** Seconds after which it may come again; null where that is not known. */
  readonly retryAfter: number | null
}

/** @returns null where there is nothing more to say than for every call with that code */
export function adviseHeld(
  code: Code | `rule-${string}`,
  terms: HoldTerms,
  { hold, retryAfter }: HeldSoFar,
): string | null {
  const whom = sayWhom(terms)
  const about = hold === null ? '' : ` and name ${hold}`
  const later = retryAfter === null ? 'after the time in Retry-After' : `after ${retryAfter} s`
  switch (code) {
    case 'hold-pending':
      return `send the same request again ${later}, unchanged: it joins this hold and passes once it is approved; if it is urgent, ask ${whom}${about}`
    case 'hold-denied':
      return `do not send it again as it is: the answer stays the same; ask ${whom}${about} to hear what would be accepted`
    case 'hold-expired':
      return `send it again when ${whom} can look at it: that asks anew; for later calls ask ahead: \`cordon request\``
    case 'hold-exceeded':
      return `send it again ${later}, and fewer calls at once that need an approval; those that wait are for ${whom} to decide`
    default:
      return describeCode(code).next
  }
}

/** Whom to ask, e.g. `dpo and 2 of anna, ben, carl`. */
function sayWhom({ approvals }: HoldTerms): string {
  const each = approvals.map(({ reviewers, quorum }) => {
    if (!reviewers)
      return quorum === 1 ? 'a reviewer of this proxy' : `${quorum} reviewers of this proxy`
    if (quorum === reviewers.length && quorum === 1) return reviewers.join()
    return `${quorum === 1 ? 'one' : quorum} of ${reviewers.join(', ')}`
  })
  return each.join(' and ')
}
