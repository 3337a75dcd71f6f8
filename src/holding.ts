/**
 * How a request comes to be held: what a person is shown of it, and by what it is known again. Nothing is decided or written down here:
 * see `enforce`, and `holds/` for those who decide.
 */

import { createHash, hash } from 'node:crypto'
import type { Admission } from './admission.ts'
import { isProven } from './model/agent.ts'
import type { Code } from './model/errors.ts'
import { DATA_CLASSES } from './model/finding.ts'
import type { RequestLine } from './model/flow.ts'
import { partsOf } from './model/form-body.ts'
import { type Held, type HoldQuestion, type HoldTerms, sayTerms } from './model/hold.ts'
import { sayEvidence } from './model/refusal.ts'
import type { BodyView, HeadView } from './model/request-view.ts'
import type { Verdict } from './model/verdict.ts'
import type { HoldAnswer } from './ports.ts'

/** What of a request counts while it waits, besides its line. */
export interface Waiting {
  /** In origin-form with its query, as it goes on the wire; null for a tunnel. */
  readonly wire: string | null
  /** What its head says is to be done, beside its line. */
  readonly telling: readonly string[]
  /** Null for a tunnel. */
  readonly head: HeadView | null
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
/** Characters of a path that a reviewer is shown; of a longer one the digest besides, so that a grant is for that path alone. */
const MAX_PATH = 2_048
/** Characters of the name of a protocol. */
const MAX_UPGRADE = 40

export function toQuestion(
  admission: Admission,
  verdict: Verdict,
  request: RequestLine,
  waiting: Waiting,
  shown: Pick<HoldQuestion, 'outline' | 'preview'>,
): HoldQuestion {
  const { bytes = null, complete = false } = waiting.body ?? {}
  const bodyDigest = bytes && complete ? hash('sha256', bytes, 'hex') : null
  const bodyBytes = bytes && complete ? bytes.length : null
  const held = { ...toHeld(admission, verdict, request), bodyBytes, bodyDigest }
  const terms = termsOf(verdict)
  const { agent } = admission.flow
  const requester = agent.subject ?? agent.id
  const fingerprint = toFingerprint(held, terms, waiting)
  return { held, path: toShownPath(request.path), requester, terms, fingerprint, ...shown }
}

/** A call that may come later; of its body nothing is known. */
export function toHeld(
  { flow, destination, assessment }: Admission,
  verdict: Verdict,
  line: RequestLine,
): Held {
  const { agent, scheme, clientIp } = flow
  const { authority, regions, evidence } = destination
  return {
    agent: agent.id,
    groups: agent.groups,
    owner: assessment.policy.agents.find(({ id }) => id === agent.id)?.owner ?? null,
    clientIp,
    proven: isProven(agent),
    method: scheme === 'tcp' && line.method === null ? toTunnel(line) : toMethod(line),
    scheme,
    host: authority.host.text,
    port: authority.port,
    path: toShownPath(line.shownPath ?? line.path),
    statement: line.statement?.text ?? null,
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
    classes: DATA_CLASSES.filter((each) => line.data?.has(each)),
  }
}

/** What is spoken in it, where that was recognised, is another thing to give leave for as well. */
function toTunnel({ protocol }: RequestLine): string {
  return protocol === 'TLS' ? 'CONNECT' : `CONNECT (${protocol})`
}

/** What a connection becomes, or a method that another one stands in for, is another thing to give leave for. */
function toMethod({ method, overridesMethod = false, upgrade = null }: RequestLine): string | null {
  if (method === null) return null
  if (overridesMethod) return `${method} (overridden)`
  return upgrade === null ? method : `${method} (${upgrade.slice(0, MAX_UPGRADE)})`
}

function toShownPath(path: string | null): string | null {
  if (path === null || path.length <= MAX_PATH) return path
  return `${path.slice(0, MAX_PATH)}… (SHA-256 ${hash('sha256', path, 'hex')})`
}

/** A verdict that holds says how. */
export function termsOf({ terms }: Verdict): HoldTerms {
  if (!terms) throw new TypeError('a verdict that does not hold has no terms')
  return terms
}

/**
 * Hex SHA-256 over everything by which two requests are the same for whoever decides. Lists of JSON: no two different ones are written
 * alike. Who has proved nothing is known by address; of a form the boundary does not count, which SDKs draw anew at each try.
 */
function toFingerprint(held: Held, { approvals }: HoldTerms, waiting: Waiting): string {
  const { agent, groups, clientIp, proven, method, scheme, host, port } = held
  const { regions, placement, rules } = held
  return hash(
    'sha256',
    JSON.stringify([
      [agent, groups, proven ? null : clientIp],
      [method, scheme, host, port, waiting.wire, waiting.telling],
      toBodyPrint(held, waiting),
      [regions, placement, rules, approvals],
    ]),
    'hex',
  )
}

/** What it is, and as what it is to be read. */
function toBodyPrint(
  { bodyBytes, bodyDigest }: Held,
  { body, nonce }: Waiting,
): readonly unknown[] {
  const { contentType = null, contentEncoding = null } = body ?? {}
  const parts = body && partsOf(body)
  if (parts) return ['parts', contentType?.split(';')[0], toPartsDigest(parts)]
  const isKnown = bodyDigest !== null || bodyBytes === 0
  return [isKnown ? bodyDigest : nonce, contentType, contentEncoding]
}

/** Each with its length before it, so that no other parts have the same. */
function toPartsDigest(parts: readonly Uint8Array[]): string {
  const digest = createHash('sha256')
  for (const part of parts) digest.update(`${part.length}:`).update(part)
  return digest.digest('hex')
}

/**
 * Seconds after which a request that waits comes again. Short, because whoever waits here is told at once and whoever pauses is not; and
 * not above 60, beyond which some SDKs do not heed it (docs/agents.md).
 */
const RETRY_S = 10
/** The same where too much waits: that changes with a decision of a person, not at once. */
const RETRY_FULL_S = 30

/** The verdict in the words for what became of the hold, and what of it goes with the refusal. */
export function sayHeld(verdict: Verdict, answer: HoldAnswer, question: HoldQuestion) {
  const { code, detail } = toCode(answer, question)
  const reason = detail === null ? verdict.reason : `${verdict.reason}; ${detail}`
  return {
    told: { ...verdict, code, reason },
    held: {
      hold: 'hold' in answer ? answer.hold : null,
      until: answer.kind === 'pending' ? answer.expiresAt : null,
      retryAfter:
        code === 'hold-pending' ? RETRY_S : code === 'hold-exceeded' ? RETRY_FULL_S : null,
    },
  }
}

function toCode(
  answer: HoldAnswer,
  { held, terms }: HoldQuestion,
): { code: Code; detail: string | null } {
  switch (answer.kind) {
    case 'pending': {
      const until = `${new Date(answer.expiresAt).toISOString().slice(0, 16)}Z`
      const detail = `hold ${answer.hold} waits until ${until} for ${sayTerms(terms)}`
      return { code: 'hold-pending', detail }
    }
    case 'denied': {
      const why = answer.reason === null ? ', without a reason' : `: ${answer.reason}`
      return { code: 'hold-denied', detail: `hold ${answer.hold} was denied${why}` }
    }
    case 'expired': {
      const isKnown = held.bodyDigest !== null || held.bodyBytes === 0
      const detail = isKnown
        ? `nobody approved hold ${answer.hold} in time`
        : `nobody approved hold ${answer.hold} while the call waited, and as not all of its body was seen it cannot be known again when it comes`
      return { code: 'hold-expired', detail }
    }
    case 'cancelled':
      return { code: 'hold-cancelled', detail: `hold ${answer.hold} was withdrawn` }
    case 'full':
      return { code: 'hold-exceeded', detail: 'as many calls wait already as may' }
    case 'granted':
    case 'approved':
      return { code: 'grant-ended', detail: 'the leave for it was revoked' }
    case 'unavailable':
      return { code: 'hold-unavailable', detail: null }
    default:
      return answer satisfies never
  }
}
