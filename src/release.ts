/**
 * The verdict for one request carried out: written down, and then a permit or a refusal; where the policy says so, a person is asked
 * in between. Part of the spine: see `enforce`.
 */

import { type Admission, gateProblem, partiesOf } from './admission.ts'
import { sayHeld, toQuestion, type Waiting } from './holding.ts'
import type { Inspector, Parties } from './inspector.ts'
import type { DecisionContext, DecisionRecord, Ending, HoldNote } from './model/audit-record.ts'
import { describeCode } from './model/errors.ts'
import type { RedactionPlan } from './model/finding.ts'
import type { FlowId, RequestLine } from './model/flow.ts'
import type { HoldQuestion } from './model/hold.ts'
import type { Placement } from './model/placement.ts'
import { type Refusal, refuseByProblem, refuseByVerdict } from './model/refusal.ts'
import type { BodyView, HeadView } from './model/request-view.ts'
import type { Verdict } from './model/verdict.ts'
import { blockFor, decide, decideFaulty, withoutWait } from './policy/decide.ts'
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
  /** The whole plan, for what goes both ways at once; null where nothing of the call is changed. */
  readonly plan: RedactionPlan | null
  /** What was decided; where the policy is only observed, not what was carried out. */
  readonly action: Verdict['action']
  /** Aborts when the leave of a person under which it goes has ended; null where it needs none. */
  readonly lease: AbortSignal | null
  /** The same leave, for what is said later on the connection that it was given for; null where it needs none. */
  readonly leave: Leave | null
}

/** What a person has let pass. */
export interface Leave {
  readonly note: HoldNote
  /** Ids of the rules that it settles. */
  readonly rules: readonly string[]
  /** Of the admission that it was given for. */
  readonly key: string
  readonly lease: AbortSignal
}

export type Release = { readonly permit: Permit } | { readonly refusal: Refusal }

/** The verdict for one request, without consequences: `release` carries it out, `explain` shows it. */
export function judge(admission: Admission, request: RequestLine): Verdict {
  const { destination, assessment } = admission
  const { fault } = destination
  // Said of this request alone, not of the next one that has the same code.
  if (!fault && request.fault) return decideFaulty(assessment, request, request.fault)
  if (!fault) return decide(assessment, request)
  let verdict = assessment.verdicts.get(fault.code)
  if (!verdict) {
    verdict = blockFor(fault, assessment.zone)
    assessment.verdicts.set(fault.code, verdict)
  }
  return verdict
}

/** @param judged the verdict, where it was given already. Never rejects */
export async function releaseNow(
  ports: Ports,
  admission: Admission,
  request: RequestLine,
  judged: Verdict | null = null,
): Promise<Release> {
  const { destination, assessment } = admission
  let id: FlowId | null = null
  try {
    const verdict = withoutWait(assessment, judged ?? judge(admission, request))
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
export function mustAsk(verdict: Verdict, { assessment, destination }: Admission): boolean {
  return verdict.action === 'hold' && assessment.policy.enforced && destination.fault === null
}

/**
 * Asks, and carries out what was said. INVARIANT: no permit but with a use of a grant, and that is in the log with the name of whoever
 * gave it. Rejects where the log cannot be written.
 */
export async function releaseHeld(
  ports: Ports,
  admission: Admission,
  verdict: Verdict,
  request: RequestLine,
  waiting: Waiting,
): Promise<Release | 'again'> {
  const { destination } = admission
  const seen = await see(ports, admission, request, waiting)
  const question = toQuestion(admission, verdict, seen.line, waiting, seen)
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
  const id = await record(ports, context, seen.line, ending, true)
  noteFollowed(ports, id, admission, request)
  if (!isOver && granted && note) {
    const { lease } = granted
    const leave = { note, rules: verdict.holding, key: admission.key, lease }
    return { permit: toPermit(id, admission, verdict, request, leave) }
  }
  return { refusal: refuseByVerdict(id, told, destination, held) }
}

/**
 * Whether leave that was given for a connection settles what is said on it: only what rules hold that a person has seen for the connection itself, at
 * the same place and under the same policy.
 */
export function settles({ rules, key, lease }: Leave, verdict: Verdict, admission: Admission) {
  if (lease.aborted || key !== admission.key) return false
  if (verdict.holding.length === 0) return rules.length === 0
  return verdict.holding.every((rule) => rules.includes(rule))
}

/** Carries out what is settled so. Rejects where the log cannot be written. */
export async function releaseUnder(
  ports: Ports,
  admission: Admission,
  verdict: Verdict,
  request: RequestLine,
  leave: Leave,
): Promise<Release> {
  const context = { ...contextFor(admission, verdict), hold: leave.note }
  const id = await record(ports, context, request, null, true)
  return { permit: toPermit(id, admission, verdict, request, leave) }
}

/** What people are shown of a request; its line with what is in it, whether rules ask for that or not, and without that in the path. */
async function see(
  { outline, inspector: inspectorFor }: Ports,
  admission: Admission,
  request: RequestLine,
  { body, head }: Waiting,
): Promise<Pick<HoldQuestion, 'outline' | 'preview'> & { readonly line: RequestLine }> {
  const { policy } = admission.assessment
  const inspector = inspectorFor(policy)
  const data = request.data ?? (await lookAt(inspector, body, head, partiesOf(admission)))
  const path = head && !request.shownPath ? { shownPath: inspector.showPath(head.target) } : null
  return {
    line: { ...request, ...path, data },
    outline: body && (await outline(body)),
    preview: head && policy.holds.preview ? await inspector.preview(head.target, body) : null,
  }
}

/** Null where not all of it can be seen. */
async function lookAt(
  inspector: Inspector,
  body: BodyView | null,
  head: HeadView | null,
  parties: Parties,
): Promise<ReadonlySet<string> | null> {
  const inBody = body && (await inspector.look(body, parties)).data
  return inBody && head ? inBody.union(inspector.lookAtHead(head, parties)) : inBody
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
  leave: Leave | null,
): Permit {
  const plan = admission.assessment.policy.enforced ? redact : null
  const changes = plan !== null && (plan.in.size > 0 || isRestored(plan))
  const lease = leave?.lease ?? null
  const back = changes ? plan.in : null
  return { id, admission, upgrades, isRead, action, lease, leave, plan, redact: back }
}

/** Whether something was put in place of data that comes back in the answer. */
function isRestored({ out }: RedactionPlan): boolean {
  return out.values().some(({ kind }) => kind === 'token')
}

function noteFollowed(
  { ledger }: Ports,
  id: FlowId,
  { flow, destination }: Admission,
  { path, hidesPath = false }: RequestLine,
): void {
  const to = { authority: destination.authority.text, path: hidesPath ? null : path }
  ledger.followed(id, flow.agent.id, to)
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
export function mayPass(verdict: Verdict, { assessment, destination }: Admission): boolean {
  if (verdict.action === 'allow') return true
  return !assessment.policy.enforced && destination.fault === null
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

export function record(
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
  const said = toNote(request)
  return ports.audit.decide({ context, at, method, path, protocol, ...said, ending }, durable)
}

function toNote({ statement, statements }: RequestLine): Pick<DecisionRecord, 'statement'> {
  if (!statement) return NO_NOTE
  return { statement: { ...statement, kinds: [...(statements ?? [])].sort() } }
}

const NO_NOTE = {}

export function countEnding(
  { meter }: Ports,
  placement: Placement,
  action: Verdict['action'],
  { outcome, bytesOut, bytesIn, redactions, repeated }: Ending,
): void {
  // The bytes of a statement are among those of its connection.
  if (repeated) meter.flow(placement, action, outcome, 0, 0)
  else meter.flow(placement, action, outcome, bytesOut, bytesIn)
  if (!redactions) return
  for (const { direction, type, count } of redactions) meter.redacted(direction, type, count)
}

/** The path as it may be written down. */
function toRecorded({ path, shownPath, hidesPath = false }: RequestLine): string | null {
  return hidesPath ? null : (shownPath ?? path)
}

/** A refused flow ends as soon as it is decided: nothing was sent. */
export function endRefused({ code }: Verdict, { isRead = false }: RequestLine): Ending {
  const { status, side } = describeCode(code ?? 'gate-failed')
  const outcome =
    side === 'upstream' ? 'failed' : code === 'request-incomplete' ? 'cancelled' : 'blocked'
  const ending = { outcome, status, dialedIp: null, bytesOut: 0, bytesIn: 0, error: code } as const
  return isRead ? { ...ending, inspection: 'full' } : ending
}
