/**
 * THE SPINE. A destination is named: `admit` finds every address of it and where each is. A request is about to
 * leave: `release` decides, writes the decision down, and only then hands out a permit. Nothing dials without one.
 *
 *   socket -> Flow -> admit: Destination -> Placement -> release: Verdict -> audit row -> Permit | Refusal
 *
 * INVARIANT: no permit without a committed row.
 * INVARIANT: whatever is thrown in here ends as a refusal.
 */

import type { DecisionContext, Ending } from './model/audit-record.ts'
import { type Authority, parseAuthority } from './model/authority.ts'
import type { Destination } from './model/destination.ts'
import { AuditUnavailable, describeCode, type Problem } from './model/errors.ts'
import type { Evidence } from './model/evidence.ts'
import type { Flow, FlowId, RequestLine } from './model/flow.ts'
import { type Refusal, refuseByProblem, refuseByVerdict } from './model/refusal.ts'
import { ANYWHERE, type Regions, UNKNOWN } from './model/region.ts'
import type { RequestFindings, RequestView } from './model/request-view.ts'
import type { Verdict } from './model/verdict.ts'
import type { Policy } from './policy/compile.ts'
import {
  type Assessment,
  assess,
  blockFor,
  type Creates,
  decide,
  zoneFor,
} from './policy/decide.ts'
import { steer } from './policy/steer.ts'
import type { Ports } from './ports.ts'

/** One caller at one destination: located and measured, not yet decided. */
export interface Admission {
  readonly flow: Flow
  /** As it was located, with all its addresses. */
  readonly located: Destination
  /** As it may be used: where only some addresses are inside the zone, without the others. */
  readonly destination: Destination
  readonly assessment: Assessment
  /** Equal for admissions that may share connections: same agent, policy, placement, scheme and authority. */
  readonly key: string
  /** Rows under the same verdict share one context. */
  readonly contexts: WeakMap<Verdict, DecisionContext>
}

/** Leave to send one request to one of the judged addresses. */
export interface Permit {
  readonly id: FlowId
  readonly admission: Admission
}

export type Release = { readonly permit: Permit } | { readonly refusal: Refusal }

export interface Enforcer {
  /** Looks the destination up and judges every address; at once when that was done just now. Never rejects. */
  admit(flow: Flow, authority: Authority): Admission | Promise<Admission>
  /** Whether a request has to show the beginning of its body before it can be decided. Never throws. */
  wantsBody(view: RequestView): boolean
  /** The admission with what the request itself says about the place taken into account. Never rejects. */
  consider(admission: Admission, view: RequestView): Admission | Promise<Admission>
  /** Decides, records, and hands out a permit or a refusal. Never rejects. */
  release(admission: Admission, request: RequestLine): Promise<Release>
  /** Records a request that is refused before or instead of being judged. Never rejects. */
  refuse(
    flow: Flow,
    authority: Authority | null,
    problem: Problem,
    request: RequestLine,
  ): Promise<Refusal>
  /** Records how a released flow ended. */
  settle(id: FlowId, ending: Ending): void
}

/** Destinations remembered for one client connection; one that visits more looks them up again. */
const ADMISSIONS_PER_FLOW = 64

export function createEnforcer(ports: Ports): Enforcer {
  const admissions = new WeakMap<Flow, Map<string, Admission>>()

  return {
    admit(flow, authority) {
      const known = admissions.get(flow)?.get(authority.text)
      if (known && isCurrent(known, ports)) return known
      return locate(ports, flow, authority).then((admission) => {
        remember(admissions, admission)
        return admission
      })
    },

    wantsBody(view) {
      try {
        return ports.locator.wantsBody(view)
      } catch (error) {
        // What cannot be told from the head is looked for in the body; `consider` says what became of it.
        ports.report('gate', error)
        return true
      }
    },

    consider(admission, view) {
      try {
        const considered = consider(ports, admission, view)
        return considered instanceof Promise
          ? considered.catch((error: unknown) => withFault(ports, admission, error))
          : considered
      } catch (error) {
        return withFault(ports, admission, error)
      }
    },

    async release(admission, request) {
      const { destination, assessment } = admission
      let id: FlowId | null = null
      try {
        const verdict = judge(admission, request)
        const passes = mayPass(verdict, admission)
        const ending = passes ? null : endRefused(verdict)
        const durable = passes && assessment.placement !== 'inside'
        id = await record(ports, contextFor(admission, verdict), request, ending, durable)
        if (passes) return { permit: { id, admission } }
        return { refusal: refuseByVerdict(id, verdict, destination) }
      } catch (error) {
        return { refusal: refuseByProblem(id, gateProblem(ports, error), destination.authority) }
      }
    },

    async refuse(flow, authority, problem, request) {
      let id: FlowId | null = null
      try {
        const policy = ports.policy()
        const verdict = blockFor(problem, policy.home)
        const { digest: policyDigest } = policy
        const context = {
          flow,
          authority,
          destination: null,
          verdict,
          policyDigest,
          enforced: true,
        }
        id = await record(ports, context, request, endRefused(verdict), false)
        return refuseByProblem(id, problem, authority)
      } catch (error) {
        return refuseByProblem(id, gateProblem(ports, error), authority)
      }
    },

    settle(id, ending) {
      ports.audit.settle({ flow: id, at: ports.clock.now(), ending })
    },
  }
}

/** The verdict for one request, without consequences: `release` carries it out, `explain` shows it. */
export function judge(admission: Admission, request: RequestLine): Verdict {
  const { destination, assessment } = admission
  const { fault } = destination
  if (!fault) return decide(assessment, request)
  let verdict = assessment.verdicts.get(fault.code)
  if (!verdict) {
    verdict = blockFor(fault, assessment.zone)
    assessment.verdicts.set(fault.code, verdict)
  }
  return verdict
}

/** An observed policy lets pass what it would refuse; a destination with a fault it never does. */
function mayPass(verdict: Verdict, { assessment, destination }: Admission): boolean {
  if (verdict.action === 'allow') return true
  return !assessment.policy.enforced && destination.fault === null
}

async function locate(ports: Ports, flow: Flow, authority: Authority): Promise<Admission> {
  const policy = ports.policy()
  const located = await findDestination(ports, policy, authority)
  return measure(policy, flow, located, isSeen(flow) ? null : 'unseen')
}

/** Measures a located destination against the policy. */
function measure(policy: Policy, flow: Flow, located: Destination, creates: Creates): Admission {
  const { agent, scheme } = flow
  const zone = zoneFor(policy, agent, located.allowed)
  const destination = policy.answers === 'steer' ? steer(located, zone) : located
  const assessment = assess(policy, { agent, scheme, creates }, destination)
  const { text } = located.authority
  const key = [policy.digest, agent.id, assessment.placement, scheme, text].join(' ')
  return { flow, located, destination, assessment, key, contexts: new WeakMap() }
}

function isSeen({ inspection }: Flow): boolean {
  return inspection === 'headers' || inspection === 'full'
}

async function findDestination(
  ports: Ports,
  policy: Policy,
  authority: Authority,
): Promise<Destination> {
  try {
    const resolution = await ports.resolver.resolve(authority.host)
    const now = ports.clock.now()
    if ('code' in resolution) return faultyDestination(authority, resolution, now)
    return ports.locator.locate(authority, resolution, policy.declarations, now)
  } catch (error) {
    return faultyDestination(authority, gateProblem(ports, error), ports.clock.now())
  }
}

/** A failure is looked at again after a second; the resolver itself decides how long it remembers one. */
const FAULT_LIFETIME_MS = 1_000

function faultyDestination(authority: Authority, fault: Problem, now: number): Destination {
  return {
    authority,
    addresses: [],
    cnames: [],
    regions: UNKNOWN,
    network: UNKNOWN,
    why: fault.detail,
    places: [],
    dropped: [],
    evidence: [],
    instead: [],
    allowed: [],
    validUntil: now + FAULT_LIFETIME_MS,
    fault,
  }
}

function isCurrent({ assessment, destination }: Admission, ports: Ports): boolean {
  return assessment.policy === ports.policy() && destination.validUntil > ports.clock.now()
}

/** What requests say about the place, remembered for each admission: whoever picks requests picks how many there are. */
const refinements = new WeakMap<Admission, Map<string, Admission>>()
const REFINEMENTS_PER_ADMISSION = 64

/** The same call, refused: what it says could not be read. */
function withFault(ports: Ports, admission: Admission, error: unknown): Admission {
  const { flow, located, assessment } = admission
  const fault = gateProblem(ports, error)
  const faulty = faultyDestination(located.authority, fault, ports.clock.now())
  return measure(assessment.policy, flow, faulty, null)
}

function consider(
  ports: Ports,
  admission: Admission,
  view: RequestView,
): Admission | Promise<Admission> {
  const { located } = admission
  if (located.fault) return admission
  const findings = ports.locator.read(view, ports.clock.now())
  if (!findings) return admission
  const key = JSON.stringify(findings)
  const known = refinements.get(admission)?.get(key)
  if (known && known.located.validUntil > ports.clock.now()) return known
  return withOnward(ports, admission, findings).then(({ whole, validUntil }) => {
    const { flow, assessment } = admission
    const refinedTo = ports.locator.refine(located, whole)
    const destination = { ...refinedTo, validUntil: Math.min(refinedTo.validUntil, validUntil) }
    const refined = measure(assessment.policy, flow, destination, findings.creates)
    let all = refinements.get(admission)
    if (!all || all.size >= REFINEMENTS_PER_ADMISSION) {
      all = new Map()
      refinements.set(admission, all)
    }
    all.set(key, refined)
    return refined
  })
}

/** Places a request makes its destination fetch from; who names more than these names anywhere. */
const MAX_ONWARD = 8

/** The findings with the places of all that the destination is made to call in turn, and for how long those hold. */
async function withOnward(
  ports: Ports,
  { assessment }: Admission,
  findings: RequestFindings,
): Promise<{ readonly whole: RequestFindings; readonly validUntil: number }> {
  const { onward } = findings
  const named = onward.length > MAX_ONWARD ? ['*'] : onward
  let validUntil = Number.POSITIVE_INFINITY
  const pieces = await Promise.all(
    named.map(async (text): Promise<Evidence> => {
      const authority = text === '*' ? null : parseAuthority(text, 443)
      if (!authority) return sayOnward('any host', ANYWHERE)
      if ('fault' in authority) return sayOnward('a host that is none', UNKNOWN)
      const to = await findDestination(ports, assessment.policy, authority.value)
      validUntil = Math.min(validUntil, to.validUntil)
      return sayOnward(authority.value.text, to.regions)
    }),
  )
  return { whole: { ...findings, evidence: [...findings.evidence, ...pieces] }, validUntil }
}

function sayOnward(host: string, claim: Regions): Evidence {
  return {
    kind: 'request-breadth',
    source: 'request',
    asOf: null,
    claim,
    strength: 'strong',
    address: null,
    detail: `the request makes it fetch from ${host} (${claim.join(', ') || 'unknown'})`,
  }
}

function remember(admissions: WeakMap<Flow, Map<string, Admission>>, admission: Admission): void {
  let known = admissions.get(admission.flow)
  if (!known || known.size >= ADMISSIONS_PER_FLOW) {
    known = new Map()
    admissions.set(admission.flow, known)
  }
  known.set(admission.destination.authority.text, admission)
}

function contextFor(admission: Admission, verdict: Verdict): DecisionContext {
  let context = admission.contexts.get(verdict)
  if (!context) {
    const { flow, destination, assessment } = admission
    const { digest: policyDigest, enforced } = assessment.policy
    const { authority } = destination
    context = { flow, authority, destination, verdict, policyDigest, enforced }
    admission.contexts.set(verdict, context)
  }
  return context
}

function record(
  ports: Ports,
  context: DecisionContext,
  { method, path, protocol }: RequestLine,
  ending: Ending | null,
  durable: boolean,
): Promise<FlowId> {
  const at = ports.clock.now()
  return ports.audit.decide({ context, at, method, path, protocol, ending }, durable)
}

/** A refused flow ends as soon as it is decided: nothing was sent. */
function endRefused({ code }: Verdict): Ending {
  const { status, side } = describeCode(code ?? 'gate-failed')
  const outcome =
    side === 'upstream' ? 'failed' : code === 'request-incomplete' ? 'cancelled' : 'blocked'
  return { outcome, status, dialedIp: null, bytesOut: 0, bytesIn: 0, error: code }
}

/** What was thrown is told to the operator, never to the client. */
function gateProblem(ports: Ports, error: unknown): Problem {
  const code = error instanceof AuditUnavailable ? 'audit-unavailable' : 'gate-failed'
  if (code === 'gate-failed') ports.report('gate', error)
  return { code, detail: describeCode(code).title }
}
