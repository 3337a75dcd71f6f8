/**
 * Who may decide, and when enough have. Pure. The policy in force decides, not the one under which the call was held: who is no
 * reviewer any more has no voice, also where it was raised before.
 */

import { type Hold, sayTerms, type Vote } from '../model/hold.ts'
import { ADMIN, isAmong, type Reviewer } from '../model/reviewer.ts'
import type { HoldProblem } from '../ports.ts'

/** Why somebody may not decide about a hold; null when they may. */
export function refusalOf(
  { held, requester, terms }: Hold,
  by: string,
  reviewers: readonly Reviewer[],
): HoldProblem | null {
  const reviewer = findReviewer(by, reviewers)
  if (!reviewer) {
    return notAllowed(`\`${by}\` is not a reviewer`, 'the policy names them under `reviewers`')
  }
  if (by === held.agent || by === requester) {
    return notAllowed('nobody decides about their own request', ASK_ANOTHER)
  }
  if (by === held.owner) {
    return notAllowed(`\`${by}\` answers for the agent \`${held.agent}\``, ASK_ANOTHER)
  }
  if (terms.approvals.some((approval) => isAmong(approval, reviewer))) return null
  return notAllowed(`the rule wants ${sayTerms(terms)}`, ASK_ANOTHER)
}

/** Whether enough of those who may decide have agreed. */
export function isMet(hold: Hold, votes: readonly Vote[], reviewers: readonly Reviewer[]): boolean {
  const agreed = [...new Set(votes.map(({ reviewer }) => reviewer))].flatMap((id) =>
    refusalOf(hold, id, reviewers) === null ? (findReviewer(id, reviewers) ?? []) : [],
  )
  return hold.terms.approvals.every(
    (approval) =>
      agreed.filter((reviewer) => isAmong(approval, reviewer)).length >= approval.quorum,
  )
}

function findReviewer(id: string, reviewers: readonly Reviewer[]): Reviewer | undefined {
  return id === ADMIN.id ? ADMIN : reviewers.find((reviewer) => reviewer.id === id)
}

function notAllowed(detail: string, hint: string): HoldProblem {
  return { fault: 'not-allowed', detail, hint }
}

const ASK_ANOTHER = 'ask another reviewer'
