/** An answer with data taken out as it passes: who reads it, and how its head then reads. */

import { partiesOf } from '../../admission.ts'
import type { BodyRedactor, Found } from '../../inspector.ts'
import type { Problem } from '../../model/errors.ts'
import type { Direction } from '../../model/finding.ts'
import type { Permit } from '../../release.ts'
import type { ProxyContext } from '../proxy.ts'
import { changeFields, replaceFields, speaksOfBody } from './changed-fields.ts'
import type { Fields } from './fields.ts'
import { type BodyLength, type ResponseHead, UNTOLD, valuesOf } from './message.ts'

/** @returns null where nothing is taken out; a problem where something would have to be, and the answer cannot be read */
export function openRedactor(
  { inspector }: Pick<ProxyContext, 'inspector'>,
  { redact, admission }: Permit,
  answer: ResponseHead,
): BodyRedactor | Problem | null {
  if (redact === null) return null
  // Passed on where such answers may pass unread it would be a way around the rule: clients choose where parts end.
  if (answer.status === 206) return PART
  const { policy } = admission.assessment
  const contentType = valuesOf(answer, 'content-type').join(', ') || null
  const contentEncoding = valuesOf(answer, 'content-encoding').join(', ') || null
  const told = { contentType, contentEncoding }
  const redactor = inspector(policy).open('in', told, redact, partiesOf(admission))
  return redactor === null && policy.onUnscannable.in === 'block' ? UNREADABLE : redactor
}

export interface RedactedFields {
  /** The very same where nothing changes. */
  readonly fields: Fields
  readonly found: readonly Found[]
}

/** The header fields of an answer, or the trailers of either side, without what is taken out of them, and with what is restored. */
export function redactFieldsOf(
  { inspector }: Pick<ProxyContext, 'inspector'>,
  { plan, redact, admission }: Permit,
  direction: Direction,
  fields: Fields,
): RedactedFields {
  const parties = partiesOf(admission)
  const { policy } = admission.assessment
  const { list } = fields
  const redacted =
    direction === 'in'
      ? redact && inspector(policy).redactFields(list, redact, parties)
      : plan && inspector(policy).redactHead({ ...NO_TARGET, fields: list }, plan, parties)
  if (!redacted || redacted.fields === list) return { fields, found: [] }
  return { fields: replaceFields(fields, redacted.fields), found: redacted.found }
}

/** Trailers are fields and nothing else. */
const NO_TARGET = { target: '*', header: () => [] }

export const UNREADABLE: Problem = {
  code: 'answer-unscannable',
  detail: 'it has a content coding that nobody here knows, or is of no kind that can be read',
}

export const UNDECODED: Problem = {
  code: 'answer-unscannable',
  detail: 'it is not what its content coding says, or becomes too large for what it is',
}

const PART: Problem = {
  code: 'answer-unscannable',
  detail: 'it is a part of something, and a value may lie across its ends',
}

/** The head of an answer whose body is no more as it was. What was the same byte for byte may still mean the same. */
export function withoutValidators(head: ResponseHead): ResponseHead {
  const [etag = ''] = valuesOf(head, 'etag')
  const weak = /^(?:W\/)?("[!#-~\x80-\xff]*")$/.exec(etag)?.[1]
  const added = weak === undefined ? [] : ['ETag', `W/${weak}`]
  const fields = changeFields(head.fields, speaksOfBody, added)
  fields.contentLength = -1
  return { ...head, fields }
}

/** Whether an answer without a body tells what one would be like (RFC 9110 sections 9.3.2 and 15.4.5). */
export function tellsOfBody({ status }: ResponseHead, method: string): boolean {
  return method === 'HEAD' || status === 304
}

/** How long the body is after that. */
export function lengthAfter(body: BodyLength): BodyLength {
  return body > 0 ? UNTOLD : body
}
