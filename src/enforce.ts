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
import { type AnswerHead, type Hearing, hear } from './hearing.ts'
import type { Waiting } from './holding.ts'
import { type Inspected, inspectRequest, judgesBody, looksInside } from './inspection.ts'
import type { IpAddress } from './model/address.ts'
import type { Ending } from './model/audit-record.ts'
import type { Authority } from './model/authority.ts'
import type { Problem } from './model/errors.ts'
import type { Flow, FlowId, RequestLine } from './model/flow.ts'
import { type Refusal, refuseByProblem } from './model/refusal.ts'
import type { BodyView, HeadView, RequestView } from './model/request-view.ts'
import { blockFor, decideName } from './policy/decide.ts'
import type { Ports } from './ports.ts'
import {
  countEnding,
  endRefused,
  judge,
  type Leave,
  mayPass,
  mustAsk,
  type Permit,
  type Release,
  record,
  releaseHeld,
  releaseNow,
  releaseUnder,
  settles,
} from './release.ts'

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
  /** Whether they do the former, so that the body has to be there before it is decided. Never throws. */
  judgesBody(admission: Admission): boolean
  /** The request with what is in it, and what becomes of its body and its head. Never rejects. */
  inspect(
    admission: Admission,
    request: RequestLine,
    body: BodyView | null,
    head: HeadView,
  ): Promise<Inspected>
  /** Decides, records, and hands out a permit or a refusal. What would have to wait for a person is refused. Never rejects. */
  release(admission: Admission, request: RequestLine): Promise<Release>
  /**
   * The same for a request that can wait. Never rejects.
   *
   * @param leave given for the connection that it is said on; what that settles is not asked for again
   * @returns `again` when a person has said yes: what holds now is to be judged once more, beginning with `admit`
   */
  releaseOrWait(
    admission: Admission,
    request: RequestLine,
    waiting: Waiting,
    leave?: Leave | null,
  ): Promise<Release | 'again'>
  /**
   * Whether the destination may be dialled before there is a request, to find out what it speaks: only where a request of which nothing is
   * known would pass. A row in the log says so first. Never rejects.
   */
  permitProbe(admission: Admission): Promise<boolean>
  /**
   * For who asks where a host is, and not yet for anything of it: the addresses that a call might go to, or why none could. On record, like a call.
   * Never rejects.
   */
  answerName(flow: Flow, authority: Authority, request: RequestLine): Promise<NameAnswer>
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

export type NameAnswer =
  | { readonly addresses: readonly IpAddress[] }
  | { readonly refusal: Refusal }

/** Destinations remembered for one client connection; one that visits more looks them up again. */
const ADMISSIONS_PER_FLOW = 64

export function createEnforcer(ports: Ports): Enforcer {
  const admissions = new WeakMap<Flow, Map<string, Admission>>()

  return {
    admit(flow, authority) {
      const known = admissions.get(flow)?.get(authority.text)
      if (known && isCurrent(known, ports)) return known
      return locateFor(ports, flow, authority).then((admission) => {
        remember(admissions, authority, admission)
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

    judgesBody: (admission) => judgesBody(admission),

    looksInside(admission) {
      try {
        return looksInside(admission)
      } catch (error) {
        ports.report('gate', error)
        return true
      }
    },

    async inspect(admission, request, body, head) {
      try {
        const judged = (line: RequestLine) => judge(admission, line)
        const inspector = ports.inspector(admission.assessment.policy)
        return await inspectRequest(inspector, admission, request, body, head, judged)
      } catch (error) {
        const fault = gateProblem(ports, error)
        return {
          line: { ...request, fault, hidesPath: true },
          replaced: null,
          passing: null,
          head: null,
        }
      }
    },

    release: (admission, request) => releaseNow(ports, admission, request),

    async releaseOrWait(admission, request, waiting, leave = null) {
      try {
        const verdict = judge(admission, request)
        if (!mustAsk(verdict, admission)) {
          return await releaseNow(ports, admission, request, verdict)
        }
        if (leave && settles(leave, verdict, admission)) {
          return await releaseUnder(ports, admission, verdict, request, leave)
        }
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

    async answerName(flow, authority, request) {
      try {
        const admitting = this.admit(flow, authority)
        const admission = admitting instanceof Promise ? await admitting : admitting
        const { destination, assessment } = admission
        const verdict = destination.fault ? judge(admission, request) : decideName(assessment)
        const released = await releaseNow(ports, admission, request, verdict)
        if ('refusal' in released) return released
        const { id, action } = released.permit
        ports.audit.settle({ flow: id, at: ports.clock.now(), ending: ANSWERED })
        countEnding(ports, assessment.placement, action, ANSWERED)
        return { addresses: destination.addresses }
      } catch (error) {
        return { refusal: refuseByProblem(null, gateProblem(ports, error), authority) }
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

    hear: (permit, answer) => hear(ports, permit, answer),

    settle({ id, action, admission }, ending) {
      ports.audit.settle({ flow: id, at: ports.clock.now(), ending })
      countEnding(ports, admission.assessment.placement, action, ending)
    },
  }
}

const ANSWERED: Ending = {
  outcome: 'forwarded',
  status: null,
  dialedIp: null,
  bytesOut: 0,
  bytesIn: 0,
  error: null,
}

/** A request nobody has seen: rules that restrict count as matching, rules that allow do not. */
const UNSEEN: RequestLine = { method: null, path: null, protocol: 'TLS' }

function remember(
  admissions: WeakMap<Flow, Map<string, Admission>>,
  asked: Authority,
  admission: Admission,
): void {
  let known = admissions.get(admission.flow)
  if (!known || known.size >= ADMISSIONS_PER_FLOW) {
    known = new Map()
    admissions.set(admission.flow, known)
  }
  known.set(asked.text, admission)
}
