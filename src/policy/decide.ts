/**
 * The one evaluator. `assess` settles what does not change from request to request, `decide` the rest; the data path,
 * `explain`, `test` and everything else that wants a verdict come through here.
 *
 * INVARIANT: block beats hold beats allow, whatever the order of rules; the placement default speaks only when no
 * rule does. INVARIANT: nothing here knows the time, the host or a socket.
 */

import type { Agent } from '../model/agent.ts'
import type { Destination } from '../model/destination.ts'
import type { Problem } from '../model/errors.ts'
import type { Fault } from '../model/flow.ts'
import { type Placement, place, type Zone } from '../model/placement.ts'
import { type Regions, sayRegions } from '../model/region.ts'
import type { Action, Verdict, Would } from '../model/verdict.ts'
import type { Policy, Rule } from './compile.ts'
import {
  type AskedLine,
  type Condition,
  type DestinationFacts,
  toRequestFacts,
} from './condition.ts'
import { mergePlans } from './redaction.ts'
import { worst } from './steer.ts'
import { mergeTerms } from './terms.ts'

/** A destination measured against the policy for one agent. */
export interface Assessment {
  readonly policy: Policy
  readonly placement: Placement
  readonly regions: Regions
  readonly zone: Zone
  readonly facts: DestinationFacts
  /** Rules that may still match, depending on the request. */
  readonly candidates: readonly Rule[]
  /** Verdicts already given, by matching rules: equal cases share one object. */
  readonly verdicts: Map<string, Verdict>
}

/** What of a destination counts: where it is, as the locator concluded it, with the zones its declarations allow. */
export type Located = Pick<
  Destination,
  'authority' | 'regions' | 'network' | 'places' | 'allowed' | 'claim'
>

/** Where a request creates a resource: null when it creates none, `unseen` where requests are out of sight. */
export type Creates = Regions | null | 'unseen'

/** Who asks, by which scheme, and what the request creates. */
export interface Asking {
  readonly agent: Agent
  readonly scheme: string
  readonly creates: Creates
}

export function assess(policy: Policy, asking: Asking, located: Located): Assessment {
  const { agent, scheme, creates } = asking
  const { authority, regions, network, places } = located
  const zone = zoneFor(policy, agent, located.allowed)
  const strict = policy.answers === 'strict' ? worst(places, zone) : null
  const { claim } = located
  const [placement, otherwise] = claim
    ? strictestFirst(policy, place(claim.alone.regions, zone), place(claim.named.regions, zone))
    : [strict ?? place(regions, zone), null]
  const facts: DestinationFacts = {
    placement,
    otherwise,
    regions,
    transit: place(network, zone),
    creates: creates === null || creates === 'unseen' ? creates : place(creates, zone),
    host: authority.host.text,
    claimed: claim?.host.text ?? null,
    port: authority.port,
    scheme,
    agent,
  }
  const candidates = policy.rules.filter((rule) => holds(rule.action, rule.onDestination, facts))
  return { policy, placement, regions, zone, facts, candidates, verdicts: new Map() }
}

/** Of two placements of which either may be right: first the one that the policy is stricter about. */
function strictestFirst({ defaults }: Policy, a: Placement, b: Placement): [Placement, Placement] {
  const [more, less] = [STRENGTH[defaults[a]], STRENGTH[defaults[b]]]
  const isFirst = more === less ? SEVEREST.indexOf(a) <= SEVEREST.indexOf(b) : more > less
  return isFirst ? [a, b] : [b, a]
}

const SEVEREST: readonly Placement[] = ['outside', 'unknown', 'straddling', 'inside']

/** Verdicts remembered for one assessment: whoever picks paths picks which sets of rules match. */
const MAX_VERDICTS = 256

export function decide(assessment: Assessment, request: AskedLine): Verdict {
  const { candidates, verdicts } = assessment
  const matched = matchRules(candidates, request)
  const key = matched.map((rule) => rule.id).join(' ')
  let verdict = verdicts.get(key)
  if (!verdict) {
    verdict = conclude(assessment, matched)
    if (verdicts.size >= MAX_VERDICTS) verdicts.clear()
    verdicts.set(key, verdict)
  }
  return verdict
}

/**
 * What an agent may use: its own zones if it has an entry, else home. What a destination allows takes the place of home;
 * where the agent has zones of its own, both must hold. Of several statements about one destination all must.
 *
 * @param allowed null stands for an address nothing is said about: there the usual zone counts.
 */
export function zoneFor(policy: Policy, agent: Agent, allowed: readonly (Zone | null)[]): Zone {
  const own = policy.agents.find((entry) => entry.id === agent.id)?.zone ?? null
  const usual = own ?? policy.home
  const zones = allowed.flatMap((zone) => (zone === null ? [usual] : own ? [zone, own] : [zone]))
  const [first = usual, ...others] = new Set(zones)
  return others.reduce(
    (zone, other) => ({
      name: `${zone.name} within ${other.name}`,
      countries: zone.countries.intersection(other.countries),
    }),
    first,
  )
}

const NO_RULES: readonly Rule[] = []

function matchRules(candidates: readonly Rule[], request: AskedLine): readonly Rule[] {
  if (candidates.length === 0) return NO_RULES
  const facts = toRequestFacts(request)
  return candidates.filter((rule) => holds(rule.action, rule.onRequest, facts))
}

/** Whether a rule applies: doubt counts for rules that restrict and against rules that allow. */
function holds<Facts>(
  action: Action | null,
  conditions: readonly Condition<Facts>[],
  facts: Facts,
): boolean {
  for (const condition of conditions) {
    const truth = condition.test(facts)
    if (truth === 'no' || (truth === 'maybe' && action === 'allow')) return false
  }
  return true
}

const STRENGTH: Readonly<Record<Action, number>> = { allow: 0, hold: 1, block: 2 }

function conclude(assessment: Assessment, matched: readonly Rule[]): Verdict {
  const { placement, zone, policy, facts } = assessment
  const inForce = matched.filter(({ observed }) => !observed)
  const rule = strongest(inForce)
  const action = rule?.action ?? policy.defaults[placement]
  const holding = action === 'hold' ? inForce.filter((each) => each.action === 'hold') : []
  const where = sayPlacement(assessment)
  return {
    action,
    code: codeFor(action, placement, rule),
    placement,
    zone,
    rule: rule?.id ?? null,
    because: rule?.because ?? null,
    reason: rule
      ? `rule \`${rule.id}\` says ${action} (${rule.because}); ${where}`
      : `${where}, and the policy says ${action} for ${placement}`,
    upgrades: inForce.some((each) => each.action === 'allow' && each.upgrades),
    rules: matched.map((each) => each.id),
    redact: mergePlans(inForce.flatMap(({ redact }) => redact ?? [])),
    terms: action === 'hold' ? mergeTerms(policy, facts.agent, holding) : null,
    holding: holding.map((each) => each.id),
    would: inForce.length < matched.length ? wouldBe(action, strongest(matched)) : null,
  }
}

/** Rules come sorted by id: of equally strong ones the first id settles it, wherever it stood in the file. */
function strongest(rules: readonly Rule[]): Deciding | null {
  return rules
    .filter(isDeciding)
    .reduce<Deciding | null>(
      (best, next) => (best && STRENGTH[best.action] >= STRENGTH[next.action] ? best : next),
      null,
    )
}

/** A rule that does more than redact. */
type Deciding = Rule & { readonly action: Action }

function isDeciding(rule: Rule): rule is Deciding {
  return rule.action !== null
}

/** What the rule that would settle it if all were in force makes of it, where that is something else. */
function wouldBe(action: Action, rule: Deciding | null): Would | null {
  if (!rule || rule.action === action || rule.action === 'allow') return null
  return { action: rule.action, rule: rule.id }
}

function codeFor(action: Action, placement: Placement, rule: Deciding | null): Verdict['code'] {
  if (action === 'allow') return null
  if (action === 'hold') return 'hold-pending'
  return rule ? `rule-${rule.id}` : `placement-${placement}`
}

/** The verdict for a request that cannot pass as it is: where a person may be asked, and nothing else is in its way, it is held. */
export function decideFaulty(assessment: Assessment, request: AskedLine, fault: Fault): Verdict {
  const { rules = [], mayAsk = false, detail } = fault
  const named = { rule: rules[0]?.id ?? null, because: rules[0]?.because ?? null }
  const { placement } = assessment
  if (!mayAsk) return { ...blockFor(fault, assessment.zone), placement, ...named }
  const verdict = decide(assessment, request)
  if (verdict.action === 'block') return verdict
  const { action, terms, holding } = verdict
  const before = holding.length > 0 || action === 'allow' ? holding : [`placement-${placement}`]
  return {
    ...verdict,
    ...(action === 'allow' ? named : {}),
    action: 'hold',
    code: 'hold-pending',
    reason: action === 'allow' ? detail : `${verdict.reason}; ${detail}`,
    terms: terms ?? mergeTerms(assessment.policy, assessment.facts.agent, []),
    // Whoever gives leave for one of them has not given it for the others.
    holding: [...before, ...rules.map(({ id }) => id)].sort(),
  }
}

/**
 * For who asks only for the name: what the mildest of all calls would get. Doubt counts the other way round: what restricts only some calls does not
 * count, and what may allow some does.
 */
export function decideName(assessment: Assessment): Verdict {
  const { candidates, policy, placement } = assessment
  const inForce = candidates.filter(({ observed }) => !observed)
  const always = inForce.filter(
    ({ action, onRequest }) => action === 'block' && onRequest.length === 0,
  )
  if (always.length > 0) return conclude(assessment, always)
  const milder = inForce.filter(({ action }) => action === 'allow' || action === 'hold')
  const usual = conclude(assessment, [])
  if (policy.defaults[placement] === 'block' && milder.length === 0) return usual
  const reason = `${sayPlacement(assessment)}; calls are judged when they come`
  return { ...usual, action: 'allow', code: null, terms: null, reason }
}

/** The verdict for what no policy can allow, and for requests that never name a usable destination. */
export function blockFor(problem: Problem, zone: Zone): Verdict {
  const { code, detail } = problem
  return {
    action: 'block',
    code,
    placement: 'unknown',
    zone,
    rule: null,
    because: null,
    reason: detail,
    upgrades: false,
    rules: [],
    terms: null,
    holding: [],
    redact: null,
    would: null,
  }
}

/** What is said instead of a hold where nobody can wait; another verdict as it is. Equal cases share one object. */
export function withoutWait({ verdicts }: Assessment, verdict: Verdict): Verdict {
  if (verdict.action !== 'hold') return verdict
  const key = `hold-unavailable: ${verdict.rules.join(' ')}`
  const known = verdicts.get(key) ?? { ...verdict, code: 'hold-unavailable' }
  verdicts.set(key, known)
  return known
}

/** Where the data would be processed, measured against the zone, as one clause. */
export function sayPlacement(located: {
  readonly placement: Placement
  readonly regions: Regions
  readonly zone: Zone
}): string {
  const { placement, regions, zone } = located
  switch (placement) {
    case 'inside':
      return `${sayRegions(regions)} is inside the allowed zone (${zone.name})`
    case 'outside':
      return `${sayRegions(regions)} is outside the allowed zone (${zone.name})`
    case 'straddling':
      return `${sayRegions(regions)} is not wholly inside the allowed zone (${zone.name})`
    case 'unknown':
      return `nothing says for sure where it would be processed (allowed zone: ${zone.name})`
    default:
      return placement satisfies never
  }
}
