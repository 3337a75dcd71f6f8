/** Of a call that would be held: who may approve it, and how long it waits for them. */

import { sayDuration } from '../config/duration.ts'
import { type ApprovalTrace, traceApprovals } from '../policy/explain.ts'
import type { Evaluated } from './evaluate.ts'
import { print } from './output.ts'

/** @returns null when it would not be held. Times are milliseconds. */
export function toHoldJson({ admission, verdict }: Evaluated) {
  const { terms, holding } = verdict
  if (!terms) return null
  const { assessment, flow } = admission
  return {
    rules: holding,
    approvals: traceApprovals(assessment.policy, flow.agent.id, terms),
    wait_ms: terms.wait,
    expires_ms: terms.expires,
    durable: terms.durable,
  }
}

/** The same in lines of the answer; none when it would not be held. */
export function sayHold(evaluated: Evaluated): void {
  const hold = toHoldJson(evaluated)
  if (!hold) return
  for (const approval of hold.approvals) print(`  approval   ${sayWho(approval)}`)
  const stays = hold.durable ? 'stays when its client leaves' : 'ends when its client leaves'
  print(
    `  waits      ${sayDuration(hold.wait_ms)}, then its client has to come again; can be approved for ${sayDuration(hold.expires_ms)}; ${stays}`,
  )
}

function sayWho({ says, quorum, people, barred }: ApprovalTrace): string {
  const who = [`${says}: ${people.join(', ') || 'nobody'}`]
  if (barred.length > 0) who.push(`not ${barred.join(', ')}, who may not decide about it`)
  if (people.length < quorum) who.push('so nobody can approve it')
  return who.join('; ')
}
