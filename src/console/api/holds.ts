/** Holds in the API: listed, shown with everything a decision rests on, approved, denied, withdrawn. */

import type { HoldProblem } from '../../approvals.ts'
import type { Grant, Hold, HoldState } from '../../model/hold.ts'
import type { Fault } from '../answers.ts'
import { type Field, NAME, oneOf, readFields, SENTENCE, USES } from './fields.ts'
import {
  type Ask,
  FOR_REVIEWERS,
  findHold,
  type Handler,
  hasOthers,
  invalid,
  maySee,
  ok,
  type Reply,
  toFault,
  toSeenHold,
  UNKNOWN_HOLD,
} from './handler.ts'
import { toGrantRow } from './rows.ts'

const STATES = ['pending', 'approved', 'denied', 'expired', 'cancelled'] as const

/** The newest so many, oldest first. */
export const listHolds: Handler = (ask) => {
  const { approvals, caller, query } = ask
  if (hasOthers(query, ['state', 'limit']))
    return invalid('only `state` and `limit` are understood')
  const limit = readLimit(query)
  const state = readState(query)
  if (limit === null) return invalid('`limit` is not a number from 1 to 1000')
  if (state === undefined) return invalid(`\`state\` is not one of ${STATES.join(', ')}`)
  const all = approvals
    .holds()
    .filter((hold) => maySee(caller, hold) && (state === null || hold.state === state))
  const rows = all.slice(-limit).map((hold) => toSeenHold(ask, hold))
  return ok({ holds: rows, left_off: all.length - rows.length })
}

/** Names of those who may decide that are told: whom to ask. */
const MAX_DECIDERS = 100

/** @param reviewers everybody who may decide at all */
export function showHold(reviewers: () => readonly string[]): Handler {
  return (ask) => {
    const hold = findHold(ask)
    if (!hold) return UNKNOWN_HOLD
    const { approvals, caller } = ask
    const refusal =
      caller.kind === 'reviewer' ? approvals.refusalOf(hold.id, caller.name) : FOR_REVIEWERS
    const deciders = reviewers().filter((name) => approvals.refusalOf(hold.id, name) === null)
    const seen = toSeenHold(ask, hold)
    return ok({
      ...seen,
      deciders: deciders.slice(0, MAX_DECIDERS),
      refusal: refusal?.detail ?? null,
      outline: approvals.outline(hold.id),
      // INVARIANT: for nobody but those who may decide about it.
      preview: seen.may_decide ? approvals.preview(hold.id) : null,
      granted: grantOf(ask, hold),
    })
  }
}

/** @param lasts reads how long a grant is to last */
export function approveHold(lasts: Field<number>): Handler {
  const fields = {
    for: lasts,
    uses: USES,
    scope: oneOf('request', 'path', 'host'),
    group: NAME,
    reason: SENTENCE,
  } as const
  return async (ask) => {
    const wish = readFields(ask.body, fields)
    if ('fault' in wish) return invalid(wish.fault)
    const { for: lasts, scope, ...others } = wish.value
    // Who gives time, or to a group, means more than the one request; who gives uses may mean just that.
    const isWider = lasts !== null || others.group !== null
    return decide(ask, ({ id, kind }) => {
      const breadth = scope ?? (isWider && kind === 'request' ? 'path' : null)
      return ask.approvals.approve(id, ask.caller.name, { ...others, lasts, breadth })
    })
  }
}

export const denyHold: Handler = (ask) => {
  const wish = readFields(ask.body, { reason: SENTENCE })
  if ('fault' in wish) return invalid(wish.fault)
  return decide(ask, ({ id }) => ask.approvals.deny(id, ask.caller.name, wish.value.reason))
}

export const cancelHold: Handler = async (ask) => {
  const wish = readFields(ask.body, { reason: SENTENCE })
  if ('fault' in wish) return invalid(wish.fault)
  const hold = findHold(ask)
  if (!hold) return UNKNOWN_HOLD
  return toReply(ask, await ask.approvals.cancel(hold.id, ask.caller.name, wish.value.reason))
}

/** The hold as it is then, and the grant it led to: null while more have to agree. */
export function toReply(ask: Ask, found: Hold | HoldProblem): Reply | Fault {
  if ('fault' in found) return toFault(found)
  return ok({ hold: toSeenHold(ask, found), granted: grantOf(ask, found) })
}

async function decide(
  ask: Ask,
  how: (hold: Hold) => Promise<Hold | HoldProblem>,
): Promise<Reply | Fault> {
  if (ask.caller.kind !== 'reviewer') return FOR_REVIEWERS
  const hold = findHold(ask)
  return hold ? toReply(ask, await how(hold)) : UNKNOWN_HOLD
}

function grantOf({ approvals, clock }: Ask, { grant: id }: Hold) {
  const grant: Grant | undefined = approvals.grants().find((one) => one.id === id)
  return grant ? toGrantRow(grant, clock.now()) : null
}

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1_000

function readLimit(query: URLSearchParams): number | null {
  const text = query.get('limit') ?? String(DEFAULT_LIMIT)
  const limit = /^[1-9]\d{0,3}$/.test(text) ? Number(text) : 0
  return limit >= 1 && limit <= MAX_LIMIT ? limit : null
}

/** @returns null for any, undefined for what is no state */
function readState(query: URLSearchParams): HoldState | null | undefined {
  const text = query.get('state')
  return text === null ? null : STATES.find((state) => state === text)
}
