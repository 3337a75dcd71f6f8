/** Whether there is somebody who can decide about what is held: whom the policy names, and who of them has a token. */

import type { Settings } from '../../config/load.ts'
import { ReviewerTokens, ReviewerTokensError } from '../../identity/reviewer-tokens.ts'
import { type Approval, sayApproval } from '../../model/hold.ts'
import { isAmong } from '../../model/reviewer.ts'
import type { Policy } from '../../policy/compile.ts'
import { clock } from '../compose/process.ts'
import { type Finding, fail, ok, skip, warn } from './finding.ts'

const CHECK = 'reviewers'

export function lookAtDeciders({ operation, policy }: Settings): Finding {
  const tokens = new ReviewerTokens(operation.dataDir, clock)
  if (!tokens.exist()) {
    return skip(CHECK, 'there are no tokens yet', 'the first `cordon start` makes one of `admin`')
  }
  let withToken: ReadonlySet<string>
  try {
    withToken = new Set(tokens.list().map(({ reviewer }) => reviewer))
  } catch (error) {
    if (!(error instanceof ReviewerTokensError)) throw error
    const hint = 'put it right, or move it away: then the next start makes a token of `admin`'
    return fail(CHECK, `\`${error.path}\`: ${error.message}: nobody may decide`, hint)
  }
  const able = policy.reviewers.filter(({ id }) => withToken.has(id))
  for (const approval of demandsOf(policy)) {
    const those = able.filter((reviewer) => isAmong(approval, reviewer))
    if (those.length >= approval.quorum) continue
    const who = those.map(({ id }) => id).join(', ') || 'nobody'
    const found = `${sayApproval(approval)} would have to agree, and ${who} of them has a token`
    return warn(CHECK, found, '`cordon reviewers token NAME` issues one')
  }
  return ok(CHECK, `${able.length} of ${policy.reviewers.length} have a token`)
}

/** What has to be met somewhere: by rules that hold, or by placement. */
function demandsOf({ rules, defaults, holds }: Policy): readonly Approval[] {
  const byRules = rules.flatMap(({ hold, observed }) => (hold && !observed ? [hold.approval] : []))
  const holdsByPlacement = Object.values(defaults).includes('hold')
  return holdsByPlacement ? [...byRules, holds.approval] : byRules
}
