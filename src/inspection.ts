/**
 * What is in a request, where rules ask for that, and what of it is taken out before it leaves. Nothing is decided or written down here:
 * see `enforce`. What cannot be read counts as holding whatever a rule that restricts looks for.
 */

import type { Admission } from './admission.ts'
import type { Problem } from './model/errors.ts'
import type { OnUnscannable } from './model/finding.ts'
import type { RequestLine } from './model/flow.ts'
import type { BodyView, HeadView } from './model/request-view.ts'
import { readSignedParts } from './model/signed-parts.ts'
import type { Verdict } from './model/verdict.ts'
import type { Inspector, Replaced, ReplacedHead } from './ports.ts'

/** A request as it is judged, and what it carries instead of its body and its head. */
export interface Inspected {
  readonly line: RequestLine
  /** Null when nothing is taken out; its bytes are, when the body stays as it is. */
  readonly replaced: Replaced | null
  /** Null when the head stays as it is. */
  readonly head: ReplacedHead | null
}

/** Whether rules that may match want to know what is in the request, or take something out of it. */
export function looksInside({ assessment }: Admission): boolean {
  return assessment.candidates.some(
    ({ looksAtData, redact }) => looksAtData || (redact !== null && redact.out.size > 0),
  )
}

/**
 * @param body null where there is one that was not looked at
 * @param judged the verdict for a line
 */
export async function inspectRequest(
  inspector: Inspector,
  admission: Admission,
  line: RequestLine,
  body: BodyView | null,
  head: HeadView,
  judged: (line: RequestLine) => Verdict,
): Promise<Inspected> {
  const { assessment, flow } = admission
  const isAsked = assessment.candidates.some(({ looksAtData }) => looksAtData)
  const inBody = isAsked && body ? (await inspector.look(body)).data : null
  const data = inBody?.union(inspector.lookAtHead(head)) ?? null
  const shown = { ...line, shownPath: inspector.showPath(head.target) }
  const known = isAsked ? { ...shown, data, isRead: data !== null } : shown
  const { action, redact } = judged(known)
  const isChanged = assessment.policy.enforced && action !== 'block' && redact?.out.size
  if (!isChanged) return { line: known, replaced: null, head: null }
  const replaced = body ? await inspector.redact(body, redact.out, flow.agent.id) : UNSEEN
  const rewritten = inspector.redactHead(head, redact, flow.agent.id)
  const fault =
    faultOf(replaced, assessment.policy.onUnscannable.out, head.header) ??
    (rewritten && faultOfHead(head, rewritten))
  const read = { ...known, isRead: replaced.unscanned === null }
  if (fault) return { line: { ...read, fault }, replaced: null, head: null }
  const found = [...(rewritten?.found ?? []), ...replaced.found]
  return {
    line: rewritten ? strictest(read, rewritten, judged) : read,
    replaced: found.length > 0 ? { ...replaced, found } : null,
    head: rewritten,
  }
}

/** INVARIANT: what goes on is judged as well as what came; the stricter one counts. */
function strictest(
  came: RequestLine,
  { target, shownPath }: ReplacedHead,
  judged: (line: RequestLine) => Verdict,
): RequestLine {
  const asCame = { ...came, shownPath }
  const asSent = { ...asCame, path: target.split('?', 1)[0] ?? '' }
  return STRICTNESS.indexOf(judged(asSent).action) > STRICTNESS.indexOf(judged(asCame).action)
    ? asSent
    : asCame
}

const STRICTNESS: readonly Verdict['action'][] = ['allow', 'hold', 'block']

function faultOfHead(before: HeadView, after: ReplacedHead): Problem | null {
  const [path, query = null] = splitTarget(before.target)
  const [pathAfter, queryAfter = null] = splitTarget(after.target)
  const signed = readSignedParts(query, before.header)
  const isField = before.fields.some(
    (name, i) =>
      i % 2 === 0 &&
      before.fields[i + 1] !== after.fields[i + 1] &&
      signed.field(name.toLowerCase()),
  )
  const where = [
    ...(signed.path && path !== pathAfter ? ['the path'] : []),
    ...(signed.query && query !== queryAfter ? ['the query'] : []),
    ...(isField ? ['a header field'] : []),
  ]
  if (where.length === 0) return null
  const detail = `there is data in ${where.join(' and ')} that a rule takes out, and the request is signed`
  return { code: 'redaction-signed', detail }
}

/** Up to its first `?`, and what follows. */
function splitTarget(target: string): string[] {
  const mark = target.indexOf('?')
  return mark < 0 ? [target] : [target.slice(0, mark), target.slice(mark + 1)]
}

function faultOf(
  { unscanned, bytes }: Replaced,
  onUnscannable: OnUnscannable['out'],
  header: (name: string) => readonly string[],
): Problem | null {
  if (unscanned !== null && onUnscannable === 'block') {
    const detail = `a rule takes data out of such requests, and this one cannot be read: ${unscanned}`
    return { code: 'body-unscannable', detail }
  }
  if (bytes === null || !isSigned(header)) return null
  const detail = 'there is data in the body that a rule takes out, and the body is signed'
  return { code: 'redaction-signed', detail }
}

/** Whether somebody would notice that the body was changed, and refuse it. */
function isSigned(header: (name: string) => readonly string[]): boolean {
  const payload = header('x-amz-content-sha256')
  if (payload.some((value) => value.toUpperCase() === 'UNSIGNED-PAYLOAD')) return false
  return (
    header('authorization').some((value) => /^(?:aws4-|sharedkey |oauth )/i.test(value)) ||
    SIGNATURES.some((name) => header(name).length > 0)
  )
}

const SIGNATURES = [
  'signature-input',
  'content-md5',
  'content-digest',
  'digest',
  'x-amz-content-sha256',
  'x-hub-signature-256',
  'stripe-signature',
  'x-signature',
]

const UNSEEN: Replaced = { bytes: null, found: [], unscanned: 'it was not looked at' }
