/**
 * What is in a request, where rules ask for that, and what of it is taken out before it leaves. Nothing is decided or written down here:
 * see `enforce`. What cannot be read counts as holding whatever a rule that restricts looks for.
 */

import type { Admission } from './admission.ts'
import type { Problem } from './model/errors.ts'
import type { OnUnscannable } from './model/finding.ts'
import type { RequestLine } from './model/flow.ts'
import type { BodyView } from './model/request-view.ts'
import type { Verdict } from './model/verdict.ts'
import type { Inspector, Replaced } from './ports.ts'

/** A request as it is judged, and what it carries instead of its body. */
export interface Inspected {
  readonly line: RequestLine
  /** Null when the body stays as it is. */
  readonly replaced: Replaced | null
}

/** Whether rules that may match want to know what is in the body, or take something out of it. */
export function looksInside({ assessment }: Admission): boolean {
  return assessment.candidates.some(
    ({ looksAtData, redact }) => looksAtData || (redact !== null && redact.out.size > 0),
  )
}

/**
 * @param body null where there is one that was not looked at
 * @param header all values, in order, of a name in lower case
 * @param judged the verdict for a line
 */
export async function inspectRequest(
  inspector: Inspector,
  admission: Admission,
  line: RequestLine,
  body: BodyView | null,
  header: (name: string) => readonly string[],
  judged: (line: RequestLine) => Verdict,
): Promise<Inspected> {
  const { assessment, flow } = admission
  const isAsked = assessment.candidates.some(({ looksAtData }) => looksAtData)
  const data = isAsked && body ? (await inspector.look(body)).data : null
  const known = isAsked ? { ...line, data, isRead: data !== null } : line
  const { action, redact } = judged(known)
  const plan = assessment.policy.enforced && action !== 'block' ? redact?.out : undefined
  if (!plan || plan.size === 0) return { line: known, replaced: null }
  const replaced = body ? await inspector.redact(body, plan, flow.agent.id) : UNSEEN
  const fault = faultOf(replaced, assessment.policy.onUnscannable.out, header)
  const read = { ...known, isRead: replaced.unscanned === null }
  if (fault) return { line: { ...read, fault }, replaced: null }
  return { line: read, replaced: replaced.bytes === null ? null : replaced }
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
