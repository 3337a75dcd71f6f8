/** An answer with data taken out as it passes: how its head then reads, and its body piece by piece. */

import type { Problem } from '../../model/errors.ts'
import type { AnswerRedactor, Found } from '../../ports.ts'
import type { Permit } from '../../release.ts'
import type { ProxyContext } from '../proxy.ts'
import { changeFields, replaceFields, speaksOfBody } from './changed-fields.ts'
import type { Fields } from './fields.ts'
import { type BodyLength, type MessageOut, type ResponseHead, UNTOLD, valuesOf } from './message.ts'

/** @returns null where nothing is taken out; a problem where something would have to be, and the answer cannot be read */
export function openRedactor(
  { inspector }: Pick<ProxyContext, 'inspector'>,
  { redact, admission }: Permit,
  answer: ResponseHead,
): AnswerRedactor | Problem | null {
  if (redact === null) return null
  const { onUnscannable } = admission.assessment.policy
  const contentType = valuesOf(answer, 'content-type').join(', ') || null
  const contentEncoding = valuesOf(answer, 'content-encoding').join(', ') || null
  const told = { contentType, contentEncoding }
  const redactor = inspector.open(told, redact, admission.flow.agent.id)
  return redactor === null && onUnscannable.in === 'block' ? UNREADABLE : redactor
}

/** The fields of an answer without what is taken out of it, and with what is restored. */
export function redactFieldsOf(
  { inspector }: Pick<ProxyContext, 'inspector'>,
  { redact, admission }: Permit,
  head: ResponseHead,
): { readonly head: ResponseHead; readonly found: readonly Found[] } {
  const { list } = head.fields
  if (redact === null) return { head, found: [] }
  const { fields, found } = inspector.redactFields(list, redact, admission.flow.agent.id)
  const isSame = fields === list
  return { head: isSame ? head : { ...head, fields: replaceFields(head.fields, fields) }, found }
}

export const UNREADABLE: Problem = {
  code: 'answer-unscannable',
  detail:
    'it comes with a content coding, although none was asked for, or is of no kind that can be read',
}

/** The head of an answer whose body is no more as it was. */
export function withoutValidators(head: ResponseHead): ResponseHead {
  const fields = changeFields(head.fields, speaksOfBody)
  fields.contentLength = -1
  return { ...head, fields }
}

/** Puts an answer through the redactor on its way to the client. */
export class RedactedOut implements MessageOut {
  readonly #out: MessageOut
  readonly #redactor: AnswerRedactor
  readonly #onUnread: (() => void) | null
  #isStopped = false

  /** @param onUnread called once before anything passes that cannot be read; nothing passes after that. Null lets it pass */
  constructor(out: MessageOut, redactor: AnswerRedactor, onUnread: (() => void) | null) {
    this.#out = out
    this.#redactor = redactor
    this.#onUnread = onUnread
  }

  get bytes(): number {
    return this.#out.bytes
  }

  payload(buffer: Buffer, start: number, end: number): void {
    if (!this.#isStopped) this.#pass(this.#redactor.push(buffer.subarray(start, end)))
  }

  /** Trailers that speak of the body would lie. */
  finish(trailers: Fields | null, nominated: readonly string[] | null): void {
    if (!this.#isStopped) this.#pass(this.#redactor.end())
    if (this.#isStopped) return
    this.#out.finish(trailers && changeFields(trailers, speaksOfBody), nominated)
  }

  flush(): boolean {
    return this.#isStopped || this.#out.flush()
  }

  #pass(pieces: readonly Buffer[]): void {
    if (this.#onUnread && this.#redactor.isPartial) {
      this.#isStopped = true
      return this.#onUnread()
    }
    for (const piece of pieces) this.#out.payload(piece, 0, piece.length)
  }
}

/** How long the body is after that. */
export function lengthAfter(body: BodyLength): BodyLength {
  return body === 0 ? 0 : body > 0 ? UNTOLD : body
}
