/** Everything a decision about a hold rests on, as names and texts: the same for a terminal and for plain output. */

import type { SeenHold } from '../../console/api/handler.ts'
import { sayTerms } from '../../model/hold.ts'
import { sayRegions } from '../../model/region.ts'
import { chop } from './live/columns.ts'
import { sayCall, sayMoment, sayOften, sayTime } from './sayings.ts'

/** What the API says of one hold alone. */
export interface Closer {
  /** The form of the body; null where there is none. */
  readonly outline: string | null
  /** What the request says without what was recognised in it; null where there is nothing to show, or not to whoever asks. */
  readonly preview: string | null
  /** Names of those who may decide. */
  readonly deciders: readonly string[]
  /** Why whoever asks may not; null when they may. */
  readonly refusal: string | null
}

/** @param closer null while it is not known yet */
export function toHoldDetails(
  hold: SeenHold,
  closer: Closer | null,
): readonly (readonly [name: string, text: string])[] {
  const isPending = hold.state === 'pending'
  const details: (readonly [string, string | null])[] = [
    ['hold', `${hold.id}, ${hold.state}${hold.kind === 'access' ? ', asked for ahead' : ''}`],
    [
      'left',
      isPending ? `${sayTime(hold.seconds_left)}, until ${sayMoment(hold.expires_at)}` : null,
    ],
    ['who', sayWho(hold)],
    ['asked by', hold.requester === hold.agent ? null : hold.requester],
    ['what for', hold.purpose],
    ['what', sayCall(hold)],
    ['statement', hold.statement],
    ['when', sayWants(hold)],
    ['where', `${sayRegions(hold.regions)}: ${hold.placement} of ${hold.zone}`],
    ['rule', hold.rule === null ? 'none: the default for this placement' : hold.rule],
    ['because', hold.because],
    ['reason', hold.reason],
    ['also held by', hold.rules.filter((rule) => rule !== hold.rule).join(', ') || null],
    ...hold.evidence.map((line, i) => [i === 0 ? 'evidence' : '', line] as const),
    ['body', hold.body_bytes === null ? null : `${hold.body_bytes} bytes`],
    ['SHA-256', hold.body_digest],
    ['contains', hold.classes.join(', ') || null],
    ...toLines('form', closer?.outline ?? null, ''),
    ...toLines('says', closer?.preview ?? null, MARK),
    ['decided by', `${sayTerms(hold)}${isPending ? sayDeciders(closer) : ''}`],
    ...hold.votes.map(
      ({ reviewer, at, reason }) =>
        ['agreed', `${reviewer}, ${sayMoment(at)}${reason ? `: ${reason}` : ''}`] as const,
    ),
    ['ended', hold.ended_at === null ? null : sayEnd(hold)],
    ['grant', hold.grant_id],
    ['waiting', isPending ? `${hold.waiting} ${hold.waiting === 1 ? 'client' : 'clients'}` : null],
    ['you', isPending && !hold.may_decide ? sayRefusal(closer) : null],
  ]
  return details.flatMap(([name, text]) => (text === null ? [] : [[name, text] as const]))
}

/** Before each line that others have written: it must not be taken for one of ours. */
const MARK = '| '
/** What a terminal would break on its own would begin without a mark. */
const MAX_COLUMNS = 64

function toLines(name: string, text: string | null, mark: string): (readonly [string, string])[] {
  const lines = text?.split('\n').flatMap((line) => chop(line, MAX_COLUMNS)) ?? []
  return lines.map((line, i) => [i === 0 ? name : '', `${mark}${line}`])
}

function sayDeciders(closer: Closer | null): string {
  return closer && closer.deciders.length > 0 ? `; that may be ${closer.deciders.join(', ')}` : ''
}

function sayRefusal(closer: Closer | null): string {
  return `may not decide about it${closer?.refusal ? `: ${closer.refusal}` : ''}`
}

function sayWho({ agent, groups, client_ip, owner }: SeenHold): string {
  const parts = [
    groups.length > 0 ? `groups ${groups.join(', ')}` : null,
    client_ip === '' ? null : `from ${client_ip}`,
    owner === null ? null : `${owner} answers for it`,
  ].filter((part) => part !== null)
  return parts.length > 0 ? `${agent}; ${parts.join('; ')}` : agent
}

function sayWants({ wants }: SeenHold): string | null {
  if (!wants) return null
  return `from ${sayMoment(wants.starts_at)} until ${sayMoment(wants.expires_at)}, ${sayOften(wants.uses)}`
}

function sayEnd({ ended_at, ended_by, decision_reason }: SeenHold): string {
  const by = ended_by === null ? '' : ` by ${ended_by}`
  const why = decision_reason === null ? '' : `: ${decision_reason}`
  return `${sayMoment(ended_at ?? '')}${by}${why}`
}
