/**
 * What happens to holds and grants, as rows and back. Columns have what is asked for most, `detail` the rest, as JSON.
 *
 * INVARIANT: a row is made only of an event that can be read back from it: a proxy that starts has to understand all of them.
 */

import type { HoldEvent } from '../model/hold.ts'
import type { Field } from './chain.ts'
import {
  AGREED,
  APPROVED,
  HAS_ACTOR,
  HAS_GRANT,
  KIND,
  NOTHING,
  OPENED,
  REASON,
} from './hold-forms.ts'
import { integer, Misfit, text } from './shape.ts'

/** A row of `hold_events` without its number and hash. */
export interface HoldEventRow {
  readonly at: number
  readonly hold: string
  readonly grant_id: string | null
  readonly kind: string
  readonly actor: string | null
  readonly detail: string
}

/** @throws Misfit when the event is not of its form */
export function toHoldEventRow(event: HoldEvent): HoldEventRow {
  const row = rowOf(event)
  parseHoldEvent(row)
  return row
}

/** In the order in which they are hashed. */
export function fieldsOf(seq: number, row: HoldEventRow): Field[] {
  return [seq, row.at, row.hold, row.grant_id, row.kind, row.actor, row.detail]
}

/** @throws Misfit when the row is not one that was made above */
export function parseHoldEvent(row: HoldEventRow): HoldEvent {
  const at = integer(row.at, 'at')
  const hold = text(row.hold, 'hold')
  const kind = KIND(row.kind, 'kind')
  const detail = parseJson(row.detail)
  const grantOf = () => text(row.grant_id, 'grant_id')
  const byOf = () => text(row.actor, 'actor')
  if (!HAS_GRANT.has(kind)) nothing(row.grant_id, 'grant_id')
  if (!HAS_ACTOR.has(kind)) nothing(row.actor, 'actor')
  switch (kind) {
    case 'opened':
      return { kind, at, hold: { id: hold, requester: byOf(), ...OPENED(detail, 'detail') } }
    case 'agreed':
      return { kind, at, hold, by: byOf(), ...AGREED(detail, 'detail') }
    case 'approved': {
      const { reason, grant } = APPROVED(detail, 'detail')
      return { kind, at, hold, by: byOf(), reason, grant: { id: grantOf(), hold, ...grant } }
    }
    case 'denied':
      return { kind, at, hold, by: byOf(), ...REASON(detail, 'detail') }
    case 'cancelled':
      return { kind, at, hold, by: row.actor, ...REASON(detail, 'detail') }
    case 'revoked':
      return { kind, at, hold, grant: grantOf(), by: byOf(), ...REASON(detail, 'detail') }
    case 'expired':
      return { kind, at, hold, ...NOTHING(detail, 'detail') }
    case 'used':
    case 'grant-expired':
      return { kind, at, hold, grant: grantOf(), ...NOTHING(detail, 'detail') }
    default:
      return kind satisfies never
  }
}

function rowOf(event: HoldEvent): HoldEventRow {
  const { kind, at } = event
  const row = { at, grant_id: null, kind, actor: null, detail: '{}' }
  switch (event.kind) {
    case 'opened': {
      const { id, requester, ...rest } = event.hold
      return { ...row, hold: id, actor: requester, detail: JSON.stringify(rest) }
    }
    case 'agreed': {
      const { hold, by, reason, giving } = event
      return { ...row, hold, actor: by, detail: JSON.stringify({ reason, giving }) }
    }
    case 'approved': {
      const { hold, by, reason } = event
      const { id, hold: from, ...grant } = event.grant
      if (from !== hold) throw new Misfit(`the grant of \`${hold}\` names \`${from}\``)
      const detail = JSON.stringify({ reason, grant })
      return { ...row, hold, grant_id: id, actor: by, detail }
    }
    case 'denied':
    case 'cancelled': {
      const { hold, by, reason } = event
      return { ...row, hold, actor: by, detail: JSON.stringify({ reason }) }
    }
    case 'revoked': {
      const { hold, grant, by, reason } = event
      return { ...row, hold, grant_id: grant, actor: by, detail: JSON.stringify({ reason }) }
    }
    case 'expired':
      return { ...row, hold: event.hold }
    case 'used':
    case 'grant-expired':
      return { ...row, hold: event.hold, grant_id: event.grant }
    default:
      return event satisfies never
  }
}

function parseJson(detail: unknown): unknown {
  try {
    return JSON.parse(text(detail, 'detail'))
  } catch (error) {
    if (error instanceof Misfit) throw error
    throw new Misfit('`detail` is no JSON')
  }
}

function nothing(value: unknown, path: string): void {
  if (value !== null) throw new Misfit(`\`${path}\` is set`)
}
