/** What a refused client is told, whatever the protocol it is told in. Never payload, never internals. */

import type { Authority } from './authority.ts'
import type { Destination } from './destination.ts'
import { type Code, describeCode, type Problem } from './errors.ts'
import type { WeighedEvidence } from './evidence.ts'
import type { FlowId } from './flow.ts'
import { adviseHeld } from './held-advice.ts'
import type { Approval, HoldId } from './hold.ts'
import { place } from './placement.ts'
import { type Regions, sayRegions, UNKNOWN } from './region.ts'
import type { Verdict } from './verdict.ts'

export interface Refusal {
  readonly code: Code | `rule-${string}`
  readonly status: number
  readonly title: string
  /** One sentence about this very call. */
  readonly detail: string
  /** Null when not even the log could be written. */
  readonly flow: FlowId | null
  readonly host: string | null
  readonly regions: Regions
  /** Sorted country codes of the zone the call was measured against; empty when it was not measured. */
  readonly allowed: readonly string[]
  readonly rule: string | null
  readonly because: string | null
  /** One line for each piece. */
  readonly evidence: readonly string[]
  /** What the caller can do about it. */
  readonly next: string
  /** Where it waits, or has waited, for a person; null for what needs none. */
  readonly hold: HoldId | null
  /** Who has to agree; empty for what needs nobody. */
  readonly approvals: readonly Approval[]
  /** Until when it waits, in milliseconds since the epoch; null where it does not. */
  readonly until: number | null
  /** Seconds after which the same request may come again; null where that is not said for this case. */
  readonly retryAfter: number | null
}

/** All that is to be known of it in one text: SDKs show no more of an error than its `message`, and agents read no more. */
export function sayRefusal({ code, title, detail, host, next }: Refusal): string {
  const whose = host === null ? 'from the proxy Cordon' : `from the proxy Cordon, not from ${host}`
  return `${title} (${code}; ${whose}). Why: ${detail}. What to do: ${next}.`
}

/** A refusal by verdict: everything that was known goes with it. */
export function refuseByVerdict(
  flow: FlowId | null,
  verdict: Verdict,
  destination: Destination,
  held: Pick<Refusal, 'hold' | 'until' | 'retryAfter'> = NOT_HELD,
): Refusal {
  const code = verdict.code ?? 'gate-failed'
  const { status, title } = describeCode(code)
  return {
    code,
    status,
    title,
    detail: verdict.reason,
    flow,
    host: destination.authority.host.text,
    regions: destination.regions,
    allowed: [...verdict.zone.countries].sort(),
    rule: verdict.rule,
    because: verdict.because,
    evidence: destination.evidence.map(sayEvidence),
    next: sayNext(verdict, destination, held),
    approvals: isAsked(code) ? (verdict.terms?.approvals ?? []) : [],
    ...held,
  }
}

const NOT_HELD = { hold: null, until: null, retryAfter: null } as const

/** Whether a person is asked about calls with that code. */
function isAsked(code: Refusal['code']): boolean {
  return code.startsWith('hold-') && code !== 'hold-unavailable'
}

/** What the caller can do: hosts of the same vendor that it may use instead, where some are known, and otherwise. */
export function sayNext(
  { zone, code, terms }: Verdict,
  { instead }: Destination,
  held: Pick<Refusal, 'hold' | 'retryAfter'> = NOT_HELD,
): string {
  const { next } = describeCode(code ?? 'gate-failed')
  const advice = code && terms && isAsked(code) ? adviseHeld(code, terms, held) : null
  const fitting = instead.filter(({ regions }) => place(regions, zone) === 'inside')
  if (fitting.length === 0) return advice ?? next
  const said = fitting.map(({ host, asking, regions }) => {
    const how = asking ? ` with ${asking}` : ''
    return `${host}${how} (${sayRegions(regions)})`
  })
  return `use ${said.join(' or ')}, or ${advice ?? ASK}`
}

const ASK = 'ask the operator of this proxy to allow this one'

/** A refusal or failure that no verdict stands behind: a malformed request, an upstream that failed. */
export function refuseByProblem(
  flow: FlowId | null,
  problem: Problem,
  authority: Authority | null,
): Refusal {
  const { status, title, next } = describeCode(problem.code)
  return {
    code: problem.code,
    status,
    title,
    detail: problem.detail,
    flow,
    host: authority?.host.text ?? null,
    regions: UNKNOWN,
    allowed: [],
    rule: null,
    because: null,
    evidence: [],
    next,
    approvals: [],
    ...NOT_HELD,
  }
}

/** One piece of evidence as one line: who says what of whom, and why it did not count. */
export function sayEvidence(piece: WeighedEvidence): string {
  const { kind, source, asOf, claim, address, detail, discarded } = piece
  if (kind === 'dns') return `${source} answers ${detail}`
  if (kind === 'response' || kind === 'delegated') return `${source}: ${detail}`
  const dated = asOf ? ` (${asOf})` : ''
  const subject = address ? ` of ${address}` : ''
  const what = kind === 'edge' ? 'edge' : claim.length > 0 ? sayRegions(claim) : 'nothing'
  return `${source}${dated} says ${what}${subject}${discarded ? `; not counted: ${discarded}` : ''}`
}
