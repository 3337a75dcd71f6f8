/** A notice in words: one line that says what has happened, and what a person has to know to decide. The shapes for chat and mail only lay it out. */

import type { Hold } from '../../model/hold.ts'
import { sayRegions } from '../../model/region.ts'
import { type Notice, type NoticedHold, toNoticedHold } from './notice.ts'

export interface Wording {
  readonly title: string
  /** In the order in which they matter. */
  readonly facts: readonly Fact[]
}

export type Fact = readonly [label: string, text: string]

export function toWording(notice: Notice): Wording {
  return { title: sayEvent(notice), facts: toFacts(notice).filter(([, text]) => text !== '') }
}

/** What a notice that asks for a decision says of a hold, and no more. */
export function describeHold(hold: Hold): readonly Fact[] {
  const asking = { hold: toNoticedHold(hold), event: 'opened', reason: null, grant: null } as const
  return toFacts(asking).filter(([, text]) => text !== '')
}

/** Without date: mail and chat show when it came. */
function sayEvent({ event, hold, by }: Notice): string {
  const what = `${hold.agent} to ${hold.host}`
  const who = by ?? 'nobody'
  switch (event) {
    case 'opened':
      return hold.kind === 'access'
        ? `${hold.requester} asks for access: ${what}`
        : `A call waits for a decision: ${what}`
    case 'agreed':
      return `${who} agrees, more have to: ${what}`
    case 'approved':
      return `Approved by ${who}: ${what}`
    case 'denied':
      return `Denied by ${who}: ${what}`
    case 'expired':
      return `Nobody has decided in time: ${what}`
    case 'cancelled':
      return by === null ? `The client has left: ${what}` : `Withdrawn by ${who}: ${what}`
    case 'used':
      return `An approval was used: ${what}`
    case 'revoked':
      return `An approval was revoked by ${who}: ${what}`
    case 'grant-expired':
      return `An approval has ended: ${what}`
    default:
      return event satisfies never
  }
}

function toFacts({
  hold,
  reason,
  grant,
  event,
}: Pick<Notice, 'hold' | 'reason' | 'grant' | 'event'>): Fact[] {
  const groups = hold.groups.length > 0 ? ` (${hold.groups.join(', ')})` : ''
  const asks = event === 'opened' || event === 'agreed'
  return [
    ['Agent', `${hold.agent}${groups}`],
    ['Asked by', hold.requester === hold.agent ? '' : hold.requester],
    ['For', hold.purpose ?? ''],
    ['Call', sayCall(hold)],
    ['Statement', hold.statement ?? ''],
    ['Where', `${sayRegions(hold.regions)}: ${hold.placement} of ${hold.zone}`],
    ['Evidence', hold.evidence.join('; ')],
    ['Data found', hold.classes.join(', ')],
    ['Body', hold.bodyBytes === null ? '' : `${hold.bodyBytes} bytes`],
    ['Rule', hold.rule === null ? '' : `${hold.rule}${hold.because ? `: ${hold.because}` : ''}`],
    ['Why it waits', hold.reason],
    ['Needs', asks ? hold.needs.map(sayNeed).join('; ') : ''],
    ['Agreed', hold.agreed.join(', ')],
    ['Reason', reason ?? ''],
    ['Approval', grant ? sayGrant(grant) : ''],
    ['Time left', asks ? `until ${sayTime(hold.expiresAt)}` : ''],
    ['Hold', hold.id],
  ]
}

function sayCall({ method, scheme, host, port, path }: NoticedHold): string {
  const isUsual = port === (scheme === 'http' ? 80 : 443)
  const where = host.includes(':') ? `[${host}]` : host
  return `${method ?? 'any method'} ${scheme}://${where}${isUsual ? '' : `:${port}`}${path ?? ''}`
}

function sayNeed({ reviewers, quorum }: NoticedHold['needs'][number]): string {
  return `${quorum} of ${reviewers === null ? 'all who may decide' : reviewers.join(', ')}`
}

function sayGrant({ breadth, uses, expiresAt }: NonNullable<Notice['grant']>): string {
  const many = uses === null ? 'any number of times' : uses === 1 ? 'once' : `${uses} times`
  return `for ${BREADTHS[breadth]}, ${many}, until ${sayTime(expiresAt)}`
}

const BREADTHS = {
  request: 'this request',
  path: 'this method and path',
  host: 'anything at this host',
} as const

/** To the second, UTC. */
function sayTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}
