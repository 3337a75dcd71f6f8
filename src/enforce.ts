/**
 * THE SPINE. A destination is named: `admit` finds every address of it and where each is. A request is about to leave: `consider`
 * hears what it says itself, `release` decides, writes the decision down, and only then hands out a permit. Nothing dials
 * without one. An answer comes: `hear` holds it against what was concluded.
 *
 *   socket -> Flow -> admit, consider: Destination -> Placement -> release: Verdict -> audit row -> Permit | Refusal
 *
 * INVARIANT: no permit without a committed row.
 * INVARIANT: whatever is thrown in here ends as a refusal.
 */

import { type Admission, considerRequest, gateProblem, isCurrent, locateFor } from './admission.ts'
import { sayHeld, toQuestion, type Waiting } from './holding.ts'
import { type Inspected, inspectRequest, looksInside } from './inspection.ts'
import type { AnswerWatch } from './model/answer.ts'
import type { DecisionContext, Ending } from './model/audit-record.ts'
import { type Authority, parseAuthority } from './model/authority.ts'
import { describeCode, type Problem } from './model/errors.ts'
import type { RedactionPlan } from './model/finding.ts'
import type { Flow, FlowId, RequestLine } from './model/flow.ts'
import type { Placement } from './model/placement.ts'
import { type Refusal, refuseByProblem, refuseByVerdict } from './model/refusal.ts'
import { isAnywhere, sayRegions } from './model/region.ts'
import type { BodyView, RequestView } from './model/request-view.ts'
import type { Verdict } from './model/verdict.ts'
import { blockFor, decide, withoutWait } from './policy/decide.ts'
import type { HoldAnswer, Ports } from './ports.ts'

/** Leave to send one request to one of the judged addresses. */
export interface Permit {
  readonly id: FlowId
  readonly admission: Admission
  /** Whether the connection may become what it is asked to, where that is nothing Cordon can read. */
  readonly upgrades: boolean
  /** Whether all of its body was read, because rules ask for that. */
  readonly isRead: boolean
  /** What is taken out of the answer, and restored in it; null where it passes as it is. */
  readonly redact: RedactionPlan['in'] | null
  /** What was decided; where the policy is only observed, not what was carried out. */
  readonly action: Verdict['action']
  /** Aborts when the leave of a person under which it goes has ended; null where it needs none. */
  readonly lease: AbortSignal | null
}

export type Release = { readonly permit: Permit } | { readonly refusal: Refusal }

export interface AnswerHead {
  readonly status: number
  /** All values, in order. @param name in lower case */
  header(name: string): readonly string[]
}

/** An answer that passes. */
export interface Hearing {
  /** To be called with each piece of payload; null where the head was all there is. */
  readonly feed: ((bytes: Uint8Array) => void) | null
  /** To be called once at the end. @returns whether the answer was made outside of what was concluded. */
  end(): boolean
}

export interface Enforcer {
  /** Looks the destination up and judges every address; at once when that was done just now. Never rejects. */
  admit(flow: Flow, authority: Authority): Admission | Promise<Admission>
  /** Whether a request has to show the beginning of its body before it can be decided. Never throws. */
  wantsBody(view: RequestView): boolean
  /** The admission with what the request itself says about the place taken into account. Never rejects. */
  consider(admission: Admission, view: RequestView): Admission | Promise<Admission>
  /** Whether a person would be asked, so that the body has to be known by which the request is recognised. Never throws. */
  holds(admission: Admission, request: RequestLine): boolean
  /** Whether rules want to know what is in the body, or take something out of it. Never throws. */
  looksInside(admission: Admission): boolean
  /** The request with what is in it, and what it carries instead of its body. Never rejects. */
  inspect(
    admission: Admission,
    request: RequestLine,
    body: BodyView | null,
    header: (name: string) => readonly string[],
  ): Promise<Inspected>
  /** Decides, records, and hands out a permit or a refusal. What would have to wait for a person is refused. Never rejects. */
  release(admission: Admission, request: RequestLine): Promise<Release>
  /**
   * The same for a request that can wait. Never rejects.
   *
   * @returns `again` when a person has said yes: what holds now is to be judged once more, beginning with `admit`
   */
  releaseOrWait(
    admission: Admission,
    request: RequestLine,
    waiting: Waiting,
  ): Promise<Release | 'again'>
  /**
   * Whether the destination may be dialled before there is a request, to find out what it speaks: only where a request of which nothing is
   * known would pass. A row in the log says so first. Never rejects.
   */
  permitProbe(admission: Admission): Promise<boolean>
  /** Records a request that is refused before or instead of being judged. Never rejects. */
  refuse(
    flow: Flow,
    authority: Authority | null,
    problem: Problem,
    request: RequestLine,
  ): Promise<Refusal>
  /** Listens to the answer of a permitted request; null when such answers never say where they were made. Never throws. */
  hear(permit: Permit, answer: AnswerHead): Hearing | null
  /** Records how a released flow ended. */
  settle(permit: Permit, ending: Ending): void
}

/** Destinations remembered for one client connection; one that visits more looks them up again. */
const ADMISSIONS_PER_FLOW = 64

export function createEnforcer(ports: Ports): Enforcer {
  const admissions = new WeakMap<Flow, Map<string, Admission>>()

  return {
    admit(flow, authority) {
      const known = admissions.get(flow)?.get(authority.text)
      if (known && isCurrent(known, ports)) return known
      return locateFor(ports, flow, authority).then((admission) => {
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

    consider: (admission, view) => considerRequest(ports, admission, view),

    holds(admission, request) {
      try {
        return mustAsk(judge(admission, request), admission)
      } catch (error) {
        ports.report('gate', error)
        return true
      }
    },

    looksInside(admission) {
      try {
        return looksInside(admission)
      } catch (error) {
        ports.report('gate', error)
        return true
      }
    },

    async inspect(admission, request, body, header) {
      try {
        const judged = (line: RequestLine) => judge(admission, line)
        return await inspectRequest(ports.inspector, admission, request, body, header, judged)
      } catch (error) {
        return { line: { ...request, fault: gateProblem(ports, error) }, replaced: null }
      }
    },

    release: (admission, request) => releaseNow(ports, admission, request),

    async releaseOrWait(admission, request, waiting) {
      try {
        const verdict = judge(admission, request)
        if (!mustAsk(verdict, admission)) return await releaseNow(ports, admission, request)
        return await releaseHeld(ports, admission, verdict, request, waiting)
      } catch (error) {
        const { authority } = admission.destination
        return { refusal: refuseByProblem(null, gateProblem(ports, error), authority) }
      }
    },

    async permitProbe(admission) {
      const { flow, destination } = admission
      try {
        if (!mayPass(judge(admission, UNSEEN), admission)) return false
        const whom = destination.delegated
          ? 'whatever the upstream proxy connects to'
          : destination.addresses.map(({ text }) => text).join(', ')
        await ports.audit.note({
          at: ports.clock.now(),
          actor: flow.agent.id,
          action: 'protocol-probe',
          subject: destination.authority.text,
          detail: `a TLS handshake with ${whom}, to see which version of HTTP it speaks`,
        })
        return true
      } catch (error) {
        gateProblem(ports, error)
        return false
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
          hold: null,
          would: null,
        }
        id = await record(ports, context, request, endRefused(verdict, request), false)
        return refuseByProblem(id, problem, authority)
      } catch (error) {
        return refuseByProblem(id, gateProblem(ports, error), authority)
      }
    },

    hear(permit, { status, header }) {
      try {
        if (LEADS_ON.has(status)) noteRedirect(ports, permit, header('location')[0] ?? '')
        // Who refuses or sends elsewhere has not processed anything.
        if (status < 200 || status > 299) return null
        const { host } = permit.admission.destination.authority
        const watch = ports.locator.watchAnswer(host.text, header)
        return watch && { feed: watch.feed, end: () => compareAnswer(ports, permit, watch) }
      } catch (error) {
        ports.report('answer', error)
        return null
      }
    },

    settle({ id, action, admission }, ending) {
      ports.audit.settle({ flow: id, at: ports.clock.now(), ending })
      countEnding(ports, admission.assessment.placement, action, ending)
    },
  }
}

/** The verdict for one request, without consequences: `release` carries it out, `explain` shows it. */
export function judge(admission: Admission, request: RequestLine): Verdict {
  const { destination, assessment } = admission
  const fault = destination.fault ?? request.fault
  if (!fault) return decide(assessment, request)
  let verdict = assessment.verdicts.get(fault.code)
  if (!verdict) {
    verdict = blockFor(fault, assessment.zone)
    assessment.verdicts.set(fault.code, verdict)
  }
  return verdict
}

async function releaseNow(
  ports: Ports,
  admission: Admission,
  request: RequestLine,
): Promise<Release> {
  const { destination, assessment } = admission
  let id: FlowId | null = null
  try {
    const verdict = withoutWait(assessment, judge(admission, request))
    const passes = mayPass(verdict, admission)
    const ending = passes ? null : endRefused(verdict, request)
    const durable = passes && assessment.placement !== 'inside'
    id = await record(ports, contextFor(admission, verdict), request, ending, durable)
    noteFollowed(ports, id, admission, request)
    if (passes) return { permit: toPermit(id, admission, verdict, request, null) }
    return { refusal: refuseByVerdict(id, verdict, destination) }
  } catch (error) {
    return { refusal: refuseByProblem(id, gateProblem(ports, error), destination.authority) }
  }
}

/** Whether it is for a person to say. */
function mustAsk(verdict: Verdict, { assessment, destination }: Admission): boolean {
  return verdict.action === 'hold' && assessment.policy.enforced && destination.fault === null
}

/**
 * Asks, and carries out what was said. INVARIANT: no permit but with a use of a grant, and that is in the log with the name of whoever
 * gave it. Rejects where the log cannot be written.
 */
async function releaseHeld(
  ports: Ports,
  admission: Admission,
  verdict: Verdict,
  request: RequestLine,
  waiting: Waiting,
): Promise<Release | 'again'> {
  const { destination } = admission
  const outline = waiting.body && (await ports.outline(waiting.body))
  const data = request.data ?? (waiting.body && (await ports.inspector.look(waiting.body)).data)
  const question = toQuestion(admission, verdict, { ...request, data }, waiting, outline)
  const left = Math.max(0, question.terms.wait - waiting.waited)
  const answer = await ports.holds.ask(question, left, waiting.gone())
  if (answer.kind === 'approved') return 'again'
  const granted = answer.kind === 'granted' ? answer : null
  const isOver = granted?.lease.aborted ?? true
  const { told, held } = sayHeld(verdict, answer, question)
  const { hold } = held
  const { grant = null, approvers = [] } = granted ?? {}
  const note = hold === null ? null : { id: hold, grant, approvers }
  const context = { ...contextFor(admission, isOver ? told : verdict), hold: note }
  const ending = isOver ? endHeld(answer, told, request) : null
  const id = await record(ports, context, request, ending, true)
  noteFollowed(ports, id, admission, request)
  if (!isOver && granted) {
    return { permit: toPermit(id, admission, verdict, request, granted.lease) }
  }
  return { refusal: refuseByVerdict(id, told, destination, held) }
}

function endHeld({ kind }: HoldAnswer, told: Verdict, request: RequestLine): Ending {
  const ending = endRefused(told, request)
  return kind === 'denied' || kind === 'expired' || kind === 'cancelled'
    ? { ...ending, outcome: kind }
    : ending
}

function toPermit(
  id: FlowId,
  admission: Admission,
  { upgrades, action, redact }: Verdict,
  { isRead = false }: RequestLine,
  lease: AbortSignal | null,
): Permit {
  const { enforced } = admission.assessment.policy
  const changes = enforced && redact !== null && (redact.in.size > 0 || isRestored(redact))
  return { id, admission, upgrades, isRead, action, lease, redact: changes ? redact.in : null }
}

/** Whether something was put in place of data that comes back in the answer. */
function isRestored({ out }: RedactionPlan): boolean {
  return out.values().some(({ kind }) => kind === 'token')
}

function noteFollowed(
  { ledger }: Ports,
  id: FlowId,
  { flow, destination }: Admission,
  request: RequestLine,
): void {
  const to = { authority: destination.authority.text, path: toRecorded(request) }
  ledger.followed(id, flow.agent.id, to)
}

/** A request nobody has seen: rules that restrict count as matching, rules that allow do not. */
const UNSEEN: RequestLine = { method: null, path: null, protocol: 'TLS' }

/** With a Location (RFC 9110 section 10.2.2). */
const LEADS_ON: ReadonlySet<number> = new Set([201, 301, 302, 303, 307, 308])

/** Remembers where an answer sends its client, so that the call that follows can be told from others. */
function noteRedirect({ ledger }: Ports, permit: Permit, location: string): void {
  const { flow, destination } = permit.admission
  const match = /^(?:(https?):\/\/([^/?#]+))?(\/[^?#]*)?/i.exec(location)
  // Relative to a folder, or to a scheme: rare, and not worth guessing at.
  if (!match?.[0] || location.startsWith('//')) return
  const [, scheme, named, path = '/'] = match
  const port = (scheme ?? flow.scheme).toLowerCase() === 'http' ? 80 : 443
  const to = named === undefined ? null : parseAuthority(named, port)
  if (to && 'fault' in to) return
  const authority = to ? to.value.text : destination.authority.text
  ledger.redirected(permit.id, flow.agent.id, { authority, path })
}

/** Holds what an answer said against what was concluded; a contradiction is remembered. */
function compareAnswer(
  ports: Ports,
  { id, admission }: Permit,
  { evidence }: AnswerWatch,
): boolean {
  const { regions, authority } = admission.destination
  if (regions.length === 0 || isAnywhere(regions)) return false
  const wrong = evidence.find(({ claim }) => claim.some((code) => !regions.includes(code)))
  if (!wrong) return false
  ports.meter.count('residency-mismatch')
  ports.ledger.contradicted(
    authority.host.text,
    id,
    `${wrong.detail}, not in ${sayRegions(regions)}`,
  )
  return true
}

/** What would become of a request if nothing were only observed; null where it becomes of it anyway. */
export function wouldOf(
  { assessment, destination }: Admission,
  { action, would }: Verdict,
): DecisionContext['would'] {
  // What no policy can allow is refused all the same.
  const isOnlySaid = !assessment.policy.enforced && destination.fault === null
  if (isOnlySaid && action !== 'allow') return action
  return would?.action ?? null
}

/** An observed policy lets pass what it would refuse; a destination with a fault it never does. */
function mayPass(verdict: Verdict, { assessment, destination }: Admission): boolean {
  if (verdict.action === 'allow') return true
  return !assessment.policy.enforced && destination.fault === null
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
    context = {
      flow,
      authority,
      destination,
      verdict,
      policyDigest,
      enforced,
      hold: null,
      would: wouldOf(admission, verdict),
    }
    admission.contexts.set(verdict, context)
  }
  return context
}

function record(
  ports: Ports,
  context: DecisionContext,
  request: RequestLine,
  ending: Ending | null,
  durable: boolean,
): Promise<FlowId> {
  const at = ports.clock.now()
  const { placement, action } = context.verdict
  if (ending) countEnding(ports, placement, action, ending)
  const { method, protocol } = request
  const path = toRecorded(request)
  return ports.audit.decide({ context, at, method, path, protocol, ending }, durable)
}

function countEnding(
  { meter }: Ports,
  placement: Placement,
  action: Verdict['action'],
  { outcome, bytesOut, bytesIn, redactions }: Ending,
): void {
  meter.flow(placement, action, outcome, bytesOut, bytesIn)
  if (!redactions) return
  for (const { direction, type, count } of redactions) meter.redacted(direction, type, count)
}

/** The path as it may be written down. */
function toRecorded({ path, hidesPath = false }: RequestLine): string | null {
  return hidesPath ? null : path
}

/** A refused flow ends as soon as it is decided: nothing was sent. */
function endRefused({ code }: Verdict, { isRead = false }: RequestLine): Ending {
  const { status, side } = describeCode(code ?? 'gate-failed')
  const outcome =
    side === 'upstream' ? 'failed' : code === 'request-incomplete' ? 'cancelled' : 'blocked'
  const ending = { outcome, status, dialedIp: null, bytesOut: 0, bytesIn: 0, error: code } as const
  return isRead ? { ...ending, inspection: 'full' } : ending
}
