/**
 * How a request comes to be held: what a person is shown of it, and by what it is known again. Nothing is decided or written down here:
 * see `enforce`, and `holds/` for those who decide.
 */

import { hash } from 'node:crypto'
import type { Admission } from './admission.ts'
import type { RequestLine } from './model/flow.ts'
import { type Held, type HoldQuestion, type HoldTerms, sayTerms } from './model/hold.ts'
import { sayEvidence } from './model/refusal.ts'
import type { BodyView } from './model/request-view.ts'
import type { Verdict } from './model/verdict.ts'
import type { HoldAnswer } from './ports.ts'

/** What of a request counts while it waits, besides its line. */
export interface Waiting {
  /** In origin-form with its query, as it goes on the wire; null for a tunnel. */
  readonly wire: string | null
  /** Null when there is one that was not looked at. */
  readonly body: BodyView | null
  /** Random: makes requests different that cannot be told to be the same. */
  readonly nonce: string
  /** Milliseconds that it has waited so far. */
  readonly waited: number
  /** Aborts when the client has left. */
  gone(): AbortSignal
}

/** Of pieces that say where the destination is: reviewers read some, not hundreds. */
const MAX_EVIDENCE = 20
/** Characters of a path that a reviewer is shown, and that a grant for it can have. */
const MAX_PATH = 2_048

export function toQuestion(
  admission: Admission,
  verdict: Verdict,
  request: RequestLine,
  waiting: Waiting,
  outline: string | null,
): HoldQuestion {
  const { bytes = null, complete = false } = waiting.body ?? {}
  const bodyDigest = bytes && complete ? hash('sha256', bytes, 'hex') : null
  const bodyBytes = bytes && complete ? bytes.length : null
  const held = { ...toHeld(admission, verdict, request), bodyBytes, bodyDigest }
  return {
    held,
    terms: termsOf(verdict),
    fingerprint: toFingerprint(held, request, waiting),
    outline,
  }
}

/** A call that may come later; of its body nothing is known. */
export function toHeld(
  { flow, destination, assessment }: Admission,
  verdict: Verdict,
  { method, path }: RequestLine,
): Held {
  const { agent, scheme, clientIp } = flow
  const { authority, regions, evidence } = destination
  return {
    agent: agent.id,
    groups: agent.groups,
    owner: assessment.policy.agents.find(({ id }) => id === agent.id)?.owner ?? null,
    clientIp,
    proven: agent.by === 'token',
    method: scheme === 'tcp' ? 'CONNECT' : method,
    scheme,
    host: authority.host.text,
    port: authority.port,
    path: path !== null && path.length > MAX_PATH ? path.slice(0, MAX_PATH) : path,
    regions,
    placement: verdict.placement,
    zone: verdict.zone.name,
    rule: verdict.rule,
    because: verdict.because,
    reason: verdict.reason,
    rules: verdict.holding,
    evidence: evidence.slice(0, MAX_EVIDENCE).map(sayEvidence),
    bodyBytes: null,
    bodyDigest: null,
    classes: [],
  }
}

/** A verdict that holds says how. */
export function termsOf({ terms }: Verdict): HoldTerms {
  if (!terms) throw new TypeError('a verdict that does not hold has no terms')
  return terms
}

/**
 * Hex SHA-256 over everything by which two requests are the same for whoever decides. Lists of JSON: no two different ones are written
 * alike. Who has proved nothing is known by address.
 */
function toFingerprint(held: Held, { overridesMethod }: RequestLine, waiting: Waiting): string {
  const { agent, groups, clientIp, proven, method, scheme, host, port } = held
  const { regions, placement, rules, bodyBytes, bodyDigest } = held
  const isKnown = bodyDigest !== null || bodyBytes === 0
  return hash(
    'sha256',
    JSON.stringify([
      [agent, groups, proven ? null : clientIp],
      [method, overridesMethod ?? false, scheme, host, port, waiting.wire],
      [isKnown ? bodyDigest : waiting.nonce],
      [regions, placement, rules],
    ]),
    'hex',
  )
}

/** Seconds after which a request that waits comes again: it then waits anew, so the pause may be short. */
export const RETRY_S = 10

/** The verdict in the words for what became of the hold. */
export function sayHeld(verdict: Verdict, answer: HoldAnswer): Verdict {
  const { reason } = verdict
  switch (answer.kind) {
    case 'pending': {
      const until = new Date(answer.expiresAt).toISOString().slice(0, 16)
      const whom = verdict.terms ? sayTerms(verdict.terms) : ''
      const detail = `hold ${answer.hold} waits for ${whom} until ${until}Z`
      return { ...verdict, code: 'hold-pending', reason: `${reason}; ${detail}` }
    }
    case 'denied': {
      const why = answer.reason === null ? '' : `: ${answer.reason}`
      return {
        ...verdict,
        code: 'hold-denied',
        reason: `${reason}; hold ${answer.hold} was denied${why}`,
      }
    }
    case 'expired':
    case 'cancelled': {
      const detail = `hold ${answer.hold} is ${answer.kind}`
      return { ...verdict, code: `hold-${answer.kind}`, reason: `${reason}; ${detail}` }
    }
    case 'full':
      return { ...verdict, code: 'hold-exceeded', reason: `${reason}; too many calls wait already` }
    case 'granted':
    case 'approved':
      return { ...verdict, code: 'grant-ended', reason: `${reason}; the leave for it was revoked` }
    case 'unavailable':
      return { ...verdict, code: 'hold-unavailable' }
    default:
      return answer satisfies never
  }
}
