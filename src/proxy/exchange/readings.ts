/**
 * What of one exchange is read on its way: the body of the request where that was more than could be read before, the fields and the body
 * of the answer. What was found is told in the end.
 */

import { STATUS_CODES } from 'node:http'
import type { Passing } from '../../inspection.ts'
import type { BodyRedactor, Found } from '../../inspector.ts'
import type { Problem } from '../../model/errors.ts'
import type { Direction, Redaction } from '../../model/finding.ts'
import {
  lengthAfter,
  type RedactedFields,
  tellsOfBody,
  UNDECODED,
  UNREADABLE,
  withoutValidators,
} from './answer-redactor.ts'
import type { Fields } from './fields.ts'
import type { BodyLength, MessageOut, ResponseHead } from './message.ts'
import { RedactedOut, type RedactedOutOptions } from './redacted-out.ts'

export interface ReadingsOptions {
  /** What the request's body goes through; null where that passes as it is. */
  readonly passing: Passing | null
  /** Takes data out of the answer; null when nothing is, a problem when it cannot be. */
  readonly redact: (head: ResponseHead) => BodyRedactor | Problem | null
  /** Takes data out of the fields of the answer, and out of trailers. */
  readonly redactFields: (direction: Direction, fields: Fields) => RedactedFields
  /** Whether data is taken out of the answer. */
  readonly redactsAnswer: boolean
  /** Whether an answer that is to be redacted, and turns out to be unreadable, is broken off. */
  readonly blocksUnread: boolean
  readonly report: (where: string, error: unknown) => void
}

/** Whoever gets what is read. */
export type Reader = Pick<RedactedOutOptions, 'onStopped' | 'onSent' | 'onEnd' | 'onDrain'>

export class Readings {
  /** What each body goes through; null where it passes as it is. */
  request: RedactedOut | null = null
  answer: RedactedOut | null = null
  readonly #options: ReadingsOptions
  #redactor: BodyRedactor | null = null
  /** In fields and trailers. */
  readonly #found: Redaction[] = []
  #passesUnread = false

  constructor(options: ReadingsOptions) {
    this.#options = options
  }

  /** @returns what takes the request's body */
  begin(out: MessageOut, reader: Reader): MessageOut {
    const { passing } = this.#options
    this.request = passing && this.#read(out, passing, reader)
    return this.request ?? out
  }

  /**
   * @param send begins the answer
   * @returns what takes its body; a problem where it may not pass
   */
  onHead(
    received: ResponseHead,
    body: BodyLength,
    method: string,
    send: (head: ResponseHead, body: BodyLength) => MessageOut,
    reader: Reader,
  ): MessageOut | Problem {
    const { redact, blocksUnread } = this.#options
    const head = this.redactHead(received)
    const isRead = body !== 0 || tellsOfBody(head, method)
    const redactor = isRead ? redact(head) : null
    if (body === 0) {
      const isChanged = redactor !== null && !('code' in redactor)
      return send(isChanged ? withoutValidators(head) : head, body)
    }
    if (redactor === null) {
      this.#passesUnread = true
      return send(head, body)
    }
    if ('code' in redactor) return redactor
    this.#redactor = redactor
    const out = send(withoutValidators(head), lengthAfter(body))
    const unread = blocksUnread ? UNREADABLE : null
    const passing = { redactor, unread, bound: null, undecoded: UNDECODED }
    this.answer = this.#read(out, passing, reader)
    return this.answer
  }

  /** Of an answer, an interim one, or one with which the connection becomes another: as it goes on. */
  redactHead(head: ResponseHead): ResponseHead {
    const fields = this.#redactFields('in', head.fields)
    if (!this.#options.redactsAnswer) return fields === head.fields ? head : { ...head, fields }
    // The phrase is whatever the origin likes, and says nothing that the status does not (RFC 9112 section 4).
    return { ...head, fields, reason: STATUS_CODES[head.status] ?? '' }
  }

  /** Trailers as they go on. */
  onTrailers(direction: Direction, trailers: Fields | null): Fields | null {
    return trailers && this.#redactFields(direction, trailers)
  }

  #redactFields(direction: Direction, fields: Fields): Fields {
    const redacted = this.#options.redactFields(direction, fields)
    this.#found.push(...withDirection(direction, redacted.found))
    return redacted.fields
  }

  #read(out: MessageOut, { redactor, ...passing }: Passing, reader: Reader): RedactedOut {
    const onDefect = (error: unknown) => {
      this.#options.report('redactor', error)
      reader.onStopped({ code: 'gate-failed', detail: 'the body could not be read' })
    }
    return new RedactedOut(out, redactor, { ...passing, ...reader, onDefect })
  }

  /** Whether any of the answer's body has passed without being read. */
  get hasUnread(): boolean {
    return this.#passesUnread || (this.#redactor?.isPartial ?? false)
  }

  /** Whether what has passed of the request's body was read on its way. */
  get hasReadRequest(): boolean {
    const { passing } = this.#options
    return passing !== null && !passing.redactor.isPartial
  }

  get redactions(): readonly Redaction[] {
    const { passing } = this.#options
    // Of what may not be changed nothing was taken out: it did not pass.
    const out = passing && !passing.bound ? passing.redactor.found : []
    const found = this.#redactor?.found ?? []
    return [...withDirection('out', out), ...this.#found, ...withDirection('in', found)]
  }

  /** Nothing passes any more. */
  stop(): void {
    this.request?.stop()
    this.answer?.stop()
  }
}

function withDirection(direction: Direction, found: readonly Found[]): Redaction[] {
  return found.map((one) => ({ ...one, direction }))
}
