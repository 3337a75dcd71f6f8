/**
 * What those who decide are told about a hold. A notice leaves the house, often to a chat vendor, which is a destination itself: it
 * says who, what, where and why, and never what stands in the request. INVARIANT: no body, no outline of one, no digest, no query,
 * no address of a client; and no text that was not made plain.
 */

import type {
  Breadth,
  Given,
  GrantId,
  Hold,
  HoldEvent,
  HoldId,
  HoldState,
} from '../../model/hold.ts'
import { toPlain } from './plain.ts'

export type NoticeEvent = HoldEvent['kind']

/** Times are milliseconds since the epoch. */
export interface Notice {
  /** The same each time it is sent. */
  readonly id: string
  readonly event: NoticeEvent
  readonly at: number
  readonly hold: NoticedHold
  /** Who did it; null where it was time, or a client that left. */
  readonly by: string | null
  /** What they say about it. */
  readonly reason: string | null
  /** What was given with `approved`. */
  readonly grant: NoticedGrant | null
  /** Where to decide; null where there is nothing to decide any more. */
  readonly link: NoticedLink | null
}

export interface NoticedHold {
  readonly id: HoldId
  readonly kind: Hold['kind']
  readonly state: HoldState
  readonly agent: string
  readonly groups: readonly string[]
  readonly requester: string
  readonly purpose: string | null
  readonly method: string | null
  readonly scheme: string
  readonly host: string
  readonly port: number
  readonly path: string | null
  /** What is said to a database, without values. */
  readonly statement: string | null
  readonly regions: readonly string[]
  readonly placement: string
  readonly zone: string
  readonly evidence: readonly string[]
  readonly classes: readonly string[]
  readonly bodyBytes: number | null
  readonly rule: string | null
  readonly because: string | null
  readonly reason: string
  readonly openedAt: number
  readonly expiresAt: number
  /** Who have agreed so far. */
  readonly agreed: readonly string[]
  /** All of them have to be met. */
  readonly needs: readonly {
    readonly reviewers: readonly string[] | null
    readonly quorum: number
  }[]
}

export interface NoticedGrant {
  readonly id: GrantId
  readonly breadth: Breadth
  readonly expiresAt: number
  /** Null for as many as come in time. */
  readonly uses: number | null
}

export interface NoticedLink {
  readonly url: string
  readonly expiresAt: number
}

/** Pieces of evidence, names and the like in one notice; the log and the console have all. */
const MAX_ITEMS = 8

export function toNotice(
  id: string,
  event: HoldEvent,
  hold: Hold,
  link: NoticedLink | null,
): Notice {
  const reason = 'reason' in event ? event.reason : null
  return {
    id,
    event: event.kind,
    at: event.at,
    hold: toNoticedHold(hold),
    by: 'by' in event && event.by !== null ? toPlain(event.by, 64) : null,
    reason: reason === null ? null : toPlain(reason, 300),
    grant: event.kind === 'approved' ? toNoticedGrant(event.grant) : null,
    link,
  }
}

export function toNoticedHold({ held, ...hold }: Hold): NoticedHold {
  const list = (texts: readonly string[], max: number) => {
    const rest = texts.length - MAX_ITEMS
    const shown = texts.slice(0, MAX_ITEMS).map((text) => toPlain(text, max))
    return rest > 0 ? [...shown, `and ${rest} more`] : shown
  }
  const line = (text: string | null, max: number) => (text === null ? null : toPlain(text, max))
  return {
    id: hold.id,
    kind: hold.kind,
    state: hold.state,
    agent: toPlain(held.agent, 64),
    groups: list(held.groups, 64),
    requester: toPlain(hold.requester, 64),
    purpose: line(hold.purpose, 300),
    method: line(held.method, 32),
    scheme: toPlain(held.scheme, 16),
    host: toPlain(held.host, 253),
    port: held.port,
    // What is behind `?` is not there; should it ever be, it goes no further.
    path: line(held.path?.replace(/[?#].*$/s, '') ?? null, 300),
    statement: line(held.statement, 300),
    regions: held.regions,
    placement: held.placement,
    zone: toPlain(held.zone, 64),
    evidence: list(held.evidence, 200),
    classes: list(held.classes, 64),
    bodyBytes: held.bodyBytes,
    rule: line(held.rule, 64),
    because: line(held.because, 300),
    reason: toPlain(held.reason, 300),
    openedAt: hold.openedAt,
    expiresAt: hold.expiresAt,
    agreed: list(
      hold.votes.map(({ reviewer }) => reviewer),
      64,
    ),
    needs: hold.terms.approvals.map(({ reviewers, quorum }) => ({
      reviewers: reviewers && list(reviewers, 64),
      quorum,
    })),
  }
}

function toNoticedGrant({ id, expiresAt, uses, scope }: Given): NoticedGrant {
  return { id, breadth: scope.breadth, expiresAt, uses }
}
