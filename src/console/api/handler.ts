/** What handlers of the API work with, and how what they found becomes an answer. */

import type { Approvals, HoldProblem } from '../../approvals.ts'
import type { Hold } from '../../model/hold.ts'
import type { Clock } from '../../ports.ts'
import type { Fault, FaultCode } from '../answers.ts'
import type { Caller } from './caller.ts'
import { type HoldRow, toHoldRow } from './rows.ts'

/** One question to the API. */
export interface Ask {
  readonly approvals: Approvals
  readonly clock: Clock
  readonly caller: Caller
  /** Out of the path; empty where it has none. */
  readonly id: string
  readonly query: URLSearchParams
  /** JSON; `{}` where there was none. */
  readonly body: unknown
}

export interface Reply {
  readonly status: number
  readonly body: object
}

export type Handler = (ask: Ask) => Reply | Fault | Promise<Reply | Fault>

/** A hold as this caller may see it. */
export interface SeenHold extends HoldRow {
  /** Clients that wait for it now. */
  readonly waiting: number
  /** Whether the caller may decide now. */
  readonly may_decide: boolean
}

export function toSeenHold({ approvals, clock, caller }: Sight, hold: Hold): SeenHold {
  const mayDecide =
    caller.kind === 'reviewer' &&
    hold.state === 'pending' &&
    approvals.refusalOf(hold.id, caller.name) === null
  const waiting = hold.state === 'pending' ? approvals.waiting(hold.id) : 0
  return { ...toHoldRow(hold, clock.now()), waiting, may_decide: mayDecide }
}

type Sight = Pick<Ask, 'approvals' | 'clock' | 'caller'>

/** Reviewers see all; an agent what is about itself. */
export function maySee({ kind, name }: Caller, { held }: Hold): boolean {
  return kind === 'reviewer' || held.agent === name
}

/** @returns null when there is none, or none for these eyes. */
export function findHold({ approvals, caller, id }: Ask): Hold | null {
  const hold = approvals.hold(id)
  return hold && maySee(caller, hold) ? hold : null
}

/** Whether a query asks for what is not understood, or twice for the same: then it asks for something else than it would get. */
export function hasOthers(query: URLSearchParams, known: readonly string[]): boolean {
  const names = [...query.keys()]
  return names.some((name) => !known.includes(name)) || new Set(names).size < names.length
}

export function ok(body: object): Reply {
  return { status: 200, body }
}

export function invalid(detail: string): Fault {
  return { fault: 'invalid', detail, hint: 'docs/api.md says what is understood' }
}

export const UNKNOWN_HOLD: Fault = {
  fault: 'unknown',
  detail: 'there is no such hold',
  hint: '`GET /api/v1/holds` lists those that wait and those that have ended lately',
}

export const FOR_REVIEWERS: Fault = {
  fault: 'forbidden',
  detail: 'only reviewers decide',
  hint: 'use the token of a reviewer, which begins with crv_',
}

export function toFault({ fault, detail, hint }: HoldProblem): Fault {
  return { fault: CODES[fault], detail, hint }
}

const CODES: Readonly<Record<HoldProblem['fault'], FaultCode>> = {
  unknown: 'unknown',
  ended: 'ended',
  'not-allowed': 'forbidden',
  'too-wide': 'too-wide',
  'not-needed': 'not-needed',
  full: 'full',
}
