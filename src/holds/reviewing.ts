/**
 * Who may decide, and when enough have. Pure. The policy in force decides, not the one under which the call was held: who is no
 * reviewer any more has no voice, also where it was raised before.
 */

import type { HoldProblem } from '../approvals.ts'
import { type Grant, type Hold, type HoldQuestion, sayTerms } from '../model/hold.ts'
import { ADMIN, isAmong, type Reviewer } from '../model/reviewer.ts'

/** What somebody decides about. */
type Asked = Pick<Hold, 'held' | 'requester' | 'terms'>

/** Why somebody may not decide about a hold; null when they may. */
export function refusalOf(
  { held, requester, terms }: Asked,
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
export function isMet(
  asked: Asked,
  names: readonly string[],
  reviewers: readonly Reviewer[],
): boolean {
  const agreed = [...new Set(names)].flatMap((id) =>
    refusalOf(asked, id, reviewers) === null ? (findReviewer(id, reviewers) ?? []) : [],
  )
  return asked.terms.approvals.every(
    (approval) =>
      agreed.filter((reviewer) => isAmong(approval, reviewer)).length >= approval.quorum,
  )
}

/** Whether those who gave leave would be enough to agree to this call now: rules, people and owners may be others than they were. */
export function stands(
  { approvers }: Grant,
  question: HoldQuestion,
  reviewers: readonly Reviewer[],
): boolean {
  return isMet(question, approvers, reviewers)
}

function findReviewer(id: string, reviewers: readonly Reviewer[]): Reviewer | undefined {
  return id === ADMIN.id ? ADMIN : reviewers.find((reviewer) => reviewer.id === id)
}

function notAllowed(detail: string, hint: string): HoldProblem {
  return { fault: 'not-allowed', detail, hint }
}

const ASK_ANOTHER = 'ask another reviewer'
