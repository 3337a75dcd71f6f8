/** What a policy says of holds: in general, and what a rule says of its own. */

import type { HoldSettings } from '../model/hold.ts'
import { type HoldEntry, type RuleEntry, toList } from './document.ts'
import type { Path, References } from './references.ts'
import type { People } from './reviewers.ts'
import { type RuleTerms, termsOf } from './terms.ts'

const MINUTE = 60_000

export const DEFAULT_HOLDS: HoldSettings = {
  approval: { reviewers: null, quorum: 1 },
  // Most clients give up after 30 or 60 s; SDKs come again by themselves after a 503.
  wait: 25_000,
  expires: 60 * MINUTE,
  durable: false,
  grantDefault: 30 * MINUTE,
  grantMax: 24 * 60 * MINUTE,
  preview: true,
  maxPending: 10_000,
  maxPendingPerAgent: 1_000,
}

export function compileHolds(
  entry: HoldEntry,
  people: People,
  { report }: References,
): HoldSettings {
  const usual = DEFAULT_HOLDS
  const { grant = {}, max_pending: most = usual.maxPending, max_pending_per_agent: own } = entry
  const { max = usual.grantMax, default: lasts } = grant
  if (lasts !== undefined && lasts > max) {
    const message = 'this is longer than the longest a grant may last'
    report(['hold', 'grant', 'default'], message, 'write a higher `max` beside it')
  }
  if (own !== undefined && own > most) {
    report(['hold', 'max_pending_per_agent'], `this is more than \`max_pending\`, which is ${most}`)
  }
  return {
    approval: people.approvalAt(entry, usual.approval, ['hold']),
    wait: entry.wait ?? usual.wait,
    expires: entry.expires ?? usual.expires,
    durable: entry.durable ?? usual.durable,
    grantDefault: lasts ?? Math.min(usual.grantDefault, max),
    grantMax: max,
    preview: entry.preview ?? usual.preview,
    maxPending: most,
    maxPendingPerAgent: own ?? Math.min(usual.maxPendingPerAgent, most),
  }
}

/** @returns null for rules that do not hold. */
export function compileRuleHold(
  { then, hold, when }: RuleEntry,
  path: Path,
  holds: HoldSettings,
  people: People,
  { report }: References,
): RuleTerms | null {
  if (then !== 'hold') {
    if (hold !== undefined) {
      const message = `\`hold\` says how calls wait, and this rule says \`${then}\``
      report([...path, 'hold'], message, 'take it out, or write `then: hold`')
    }
    return null
  }
  const usual = termsOf(holds)
  const terms: RuleTerms = {
    approval: people.approvalAt(hold ?? {}, holds.approval, [...path, 'hold']),
    expires: hold?.expires ?? usual.expires,
    durable: hold?.durable ?? usual.durable,
    wait: hold?.wait ?? null,
  }
  people.checkOwners(terms.approval, toList(when.agent), [...path, hold ? 'hold' : 'then'])
  return terms
}
