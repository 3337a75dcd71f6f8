/** Grants in the API: listed and revoked. */

import type { GrantState } from '../../model/hold.ts'
import { readFields, SENTENCE } from './fields.ts'
import { FOR_REVIEWERS, type Handler, hasOthers, invalid, maySee, ok, toFault } from './handler.ts'
import { toGrantRow } from './rows.ts'

const STATES: readonly GrantState[] = ['active', 'used', 'expired', 'revoked']

export const listGrants: Handler = ({ approvals, clock, caller, query }) => {
  if (hasOthers(query, ['state'])) return invalid('only `state` is understood')
  const state = query.get('state')
  if (state !== null && !STATES.some((one) => one === state)) {
    return invalid(`\`state\` is not one of ${STATES.join(', ')}`)
  }
  const isSeen = (id: string) => {
    const hold = approvals.hold(id)
    return caller.kind === 'reviewer' || (hold !== null && maySee(caller, hold))
  }
  const grants = approvals
    .grants()
    .filter((grant) => (state === null || grant.state === state) && isSeen(grant.hold))
  return ok({ grants: grants.map((grant) => toGrantRow(grant, clock.now())) })
}

export const revokeGrant: Handler = async ({ approvals, clock, caller, id, body }) => {
  if (caller.kind !== 'reviewer') return FOR_REVIEWERS
  const wish = readFields(body, { reason: SENTENCE })
  if ('fault' in wish) return invalid(wish.fault)
  const found = await approvals.revoke(id, caller.name, wish.value.reason)
  return 'fault' in found ? toFault(found) : ok({ granted: toGrantRow(found, clock.now()) })
}
