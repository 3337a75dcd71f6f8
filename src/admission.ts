/**
 * How an admission comes about: a destination located, what is held against it, what the request itself says and whom it makes the
 * destination call, and all that measured against the policy. Nothing is decided or written down here: see `enforce`.
 */

import type { Parties } from './inspector.ts'
import type { IpAddress } from './model/address.ts'
import { isProven } from './model/agent.ts'
import type { DecisionContext } from './model/audit-record.ts'
import { type Authority, parseAuthority } from './model/authority.ts'
import type { Destination } from './model/destination.ts'
import { AuditUnavailable, describeCode, type Problem } from './model/errors.ts'
import type { Evidence } from './model/evidence.ts'
import type { Flow } from './model/flow.ts'
import { ANYWHERE, type Regions, UNKNOWN } from './model/region.ts'
import { isCoded, type RequestFindings, type RequestView } from './model/request-view.ts'
import type { Verdict } from './model/verdict.ts'
import { locateOriginal, refineOriginal } from './original.ts'
import type { Policy } from './policy/compile.ts'
import { type Assessment, assess, type Creates, zoneFor } from './policy/decide.ts'
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
  /** Equal for admissions that may share connections: same caller, policy, conclusion, scheme and authority, and both or neither by name. */
  readonly key: string
  /** Of the ledger, when it was made. */
  readonly epoch: number
  /** Rows under the same verdict share one context. */
  readonly contexts: WeakMap<Verdict, DecisionContext>
}

/** INVARIANT: of a name that nothing shows to be right nothing is known: its address is the host then. */
export function partiesOf({ flow, destination, assessment }: Admission): Parties {
  const host = destination.authority.host.text
  const isNamed = assessment.policy.models.some((pattern) => pattern.matches(host))
  return { agent: flow.agent.id, host, servesModels: isNamed || destination.servesModels === true }
}

/** Finds every address of the destination and measures where they are. Never rejects. */
export async function locateFor(
  ports: Ports,
  flow: Flow,
  authority: Authority,
): Promise<Admission> {
  const policy = ports.policy()
  const found = await findDestination(ports, policy, flow, authority, flow.original ?? null)
  const distrust =
    ports.ledger.distrusted(authority.host.text) ??
    ports.ledger.distrusted(found.authority.host.text)
  ports.ledger.seen(found)
  const located = distrust ? withDistrust(ports, found, distrust) : found
  return measure(policy, flow, located, isSeen(flow) ? null : 'unseen', ports.ledger.epoch)
}

function withDistrust({ locator }: Ports, found: Destination, detail: string): Destination {
  const piece: Evidence = {
    kind: 'response',
    source: 'answers seen before',
    asOf: null,
    claim: UNKNOWN,
    strength: 'strong',
    address: null,
    detail,
  }
  return refineOriginal(locator, found, {
    evidence: [piece],
    creates: null,
    onward: [],
    instead: [],
  })
}

/** Measures a located destination against the policy. */
function measure(
  policy: Policy,
  flow: Flow,
  located: Destination,
  creates: Creates,
  epoch: number,
): Admission {
  const { agent, scheme } = flow
  const zone = zoneFor(policy, agent, located.allowed)
  const destination = policy.answers === 'steer' ? steer(located, zone) : located
  const assessment = assess(policy, { agent, scheme, creates }, destination)
  const { placement } = assessment
  const { regions, authority } = destination
  const way = destination.delegated ? ['delegated'] : []
  const name = destination.claim ? [`named ${destination.claim.host.text}`] : []
  const caller = toCaller(flow)
  const key = [
    policy.digest,
    caller,
    placement,
    regions,
    scheme,
    authority.text,
    ...way,
    ...name,
  ].join('\n')
  return { flow, located, destination, assessment, key, epoch, contexts: new WeakMap() }
}

/**
 * Whose connections these are. INVARIANT: callers who have proved nothing share with nobody at another address, whatever the policy
 * calls them.
 */
function toCaller({ agent, clientIp }: Flow): string {
  return isProven(agent)
    ? `${agent.by} ${agent.id} ${agent.groups.join(' ')}`
    : `${agent.by} ${agent.id} ${clientIp}`
}

function isSeen({ inspection }: Flow): boolean {
  return inspection === 'headers' || inspection === 'full'
}

async function findDestination(
  ports: Ports,
  policy: Policy,
  { clientIp }: Flow,
  authority: Authority,
  original: IpAddress | null = null,
): Promise<Destination> {
  try {
    // Whoever runs a name server reads the names that it is asked for.
    const excess = ports.mayAsk?.(clientIp, authority.host) ?? null
    if (excess) return faultyDestination(authority, excess, ports.clock.now())
    const began = ports.meter.now()
    const resolution = await ports.resolver.resolve(authority.host)
    ports.meter.took('dns', began)
    if (original) return locateOriginal(ports, policy, authority, original, resolution)
    const now = ports.clock.now()
    if ('code' in resolution) return withoutAddress(ports, policy, authority, resolution)
    return ports.locator.locate(authority, resolution, policy.declarations, now)
  } catch (error) {
    return faultyDestination(authority, gateProblem(ports, error), ports.clock.now())
  }
}

/** A name that leads nowhere: what is said about it is shown all the same. */
function withoutAddress(
  { locator, clock }: Ports,
  policy: Policy,
  authority: Authority,
  fault: Problem,
): Destination {
  const now = clock.now()
  const nowhere = { addresses: [], cnames: [], source: '', validUntil: now }
  const { evidence, instead } = locator.locate(authority, nowhere, policy.declarations, now)
  const faulty = faultyDestination(authority, fault, now)
  return { ...faulty, evidence: evidence.filter(({ kind }) => kind !== 'dns'), instead }
}

/** A failure is looked at again after a second; the resolver itself decides how long it remembers one. */
const FAULT_LIFETIME_MS = 1_000

function faultyDestination(authority: Authority, fault: Problem, now: number): Destination {
  return {
    authority,
    addresses: [],
    delegated: false,
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

/** Whether it still says what would be said now. */
export function isCurrent({ assessment, destination, epoch }: Admission, ports: Ports): boolean {
  return (
    assessment.policy === ports.policy() &&
    epoch === ports.ledger.epoch &&
    destination.validUntil > ports.clock.now()
  )
}

/** What requests say about the place, remembered for each admission: whoever picks requests picks how many there are. */
const refinements = new WeakMap<Admission, Map<string, Admission>>()
const REFINEMENTS_PER_ADMISSION = 64

/** The same call, refused: what it says could not be read. */
function withFault(ports: Ports, admission: Admission, error: unknown): Admission {
  const { flow, located, assessment } = admission
  const fault = gateProblem(ports, error)
  const faulty = faultyDestination(located.authority, fault, ports.clock.now())
  return measure(assessment.policy, flow, faulty, null, admission.epoch)
}

/** The admission with what the request itself says taken into account. Never throws, never rejects. */
export function considerRequest(
  ports: Ports,
  admission: Admission,
  view: RequestView,
): Admission | Promise<Admission> {
  try {
    const { body } = view
    // What says something compressed is to say what it says plain.
    const considered =
      body && isCoded(body) && !admission.located.fault
        ? ports.decoder.decode(body, (plain) =>
            consider(ports, admission, { ...view, body: plain }),
          )
        : consider(ports, admission, view)
    return considered instanceof Promise
      ? considered.catch((error: unknown) => withFault(ports, admission, error))
      : considered
  } catch (error) {
    return withFault(ports, admission, error)
  }
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
    const refinedTo = refineOriginal(ports.locator, located, whole)
    const destination = { ...refinedTo, validUntil: Math.min(refinedTo.validUntil, validUntil) }
    const refined = measure(assessment.policy, flow, destination, findings.creates, admission.epoch)
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
  { assessment, flow }: Admission,
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
      const to = await findDestination(ports, assessment.policy, flow, authority.value)
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

/** What was thrown is told to the operator, never to the client. */
export function gateProblem(ports: Ports, error: unknown): Problem {
  const code = error instanceof AuditUnavailable ? 'audit-unavailable' : 'gate-failed'
  if (code === 'gate-failed') ports.report('gate', error)
  return { code, detail: describeCode(code).title }
}
