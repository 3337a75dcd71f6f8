/** What a server of PostgreSQL answers: whose it is, what of it the client hears, and what became of each statement. */

import type { Problem } from '../../model/errors.ts'
import { UNREADABLE } from '../statements/judge.ts'
import { readTypes } from './bound-values.ts'
import type { Asked, Conversation, Onward } from './conversation.ts'
import { toErrorResponse } from './error-response.ts'
import { BACKEND, HEAD } from './messages.ts'
import { redactNotice, redactNotification, redactParameter } from './notices.ts'
import { TYPE_BYTES } from './statements.ts'

/** What the server has said; rows since somebody last set them back. */
export interface Heard {
  counted: number
  readonly bytes: number
}

export class Answers {
  readonly #conversation: Conversation
  readonly #said: Heard
  /** How much the server had said when the last command ended. */
  #mark = 0
  #rows = 0

  constructor(conversation: Conversation, said: Heard) {
    this.#conversation = conversation
    this.#said = said
  }

  hear(type: number, message: Buffer): Onward {
    switch (type) {
      case BACKEND.backendKeyData:
        this.#conversation.keeper.onKey(message.subarray(HEAD))
        return true
      case BACKEND.parameterStatus:
        return this.#hearParameter(message)
      case BACKEND.errorResponse:
        return this.#hearError(message)
      case BACKEND.rowDescription:
        return this.#hearDescription(message)
      case BACKEND.parameterDescription:
        return this.#hearParameters(message)
      case BACKEND.noData:
        return this.#hearNoData()
      case BACKEND.dataRow:
        return this.#hearRow(message)
      case BACKEND.noticeResponse:
        return redactNotice(this.#conversation, this.#conversation.redacting, message)
      case BACKEND.notificationResponse:
        return redactNotification(this.#conversation, this.#conversation.redacting, message)
      case BACKEND.copyOutResponse:
        return this.#hearCopyOut()
      case BACKEND.copyData:
        return this.#hearCopied(message)
      case BACKEND.copyDone:
        return this.#hearCopyDone(message)
      case BACKEND.functionCallResponse:
        return this.#hearUnreadable(type)
      case BACKEND.readyForQuery:
        return this.#hearReady(message)
      default:
        return true
    }
  }

  /** It goes on as it is. */
  heard(type: number): void {
    const { pipeline, prepared, portals } = this.#conversation
    const entry = pipeline.answer(type)
    if (entry === 'fault') return void this.#conversation.fail(UNASKED, 'server')
    if (!entry) return
    switch (type) {
      case BACKEND.parseComplete:
        if (entry.name && entry.given) prepared.confirm(entry.name, entry.given)
        return
      case BACKEND.copyInResponse:
        return this.#conversation.copyIn.begin(entry)
      case BACKEND.bindComplete:
        if (entry.name && entry.given) portals.confirm(entry.name, entry.given)
        return
      case BACKEND.closeComplete:
        if (entry.name) (entry.isPortal ? portals : prepared).close(entry.name)
        return
      case BACKEND.commandComplete:
      case BACKEND.portalSuspended:
      case BACKEND.emptyQueryResponse:
        return this.#account(entry, entry.kind === 'execute')
    }
  }

  #answer(type: number): Asked | null {
    const entry = this.#conversation.pipeline.answer(type)
    if (entry !== 'fault') return entry
    this.#conversation.fail(UNASKED, 'server')
    return null
  }

  #hearDescription(message: Buffer): Onward {
    const entry = this.#answer(BACKEND.rowDescription)
    if (!entry) return false
    const { rows } = entry.describes ?? entry
    if (rows && !rows.describe(message)) return this.#conversation.fail(MALFORMED, 'server')
    return !entry.isOwn
  }

  #hearParameters(message: Buffer): Onward {
    const entry = this.#answer(BACKEND.parameterDescription)
    if (!entry) return false
    const types = readTypes(message, HEAD)
    if (!types) return this.#conversation.fail(MALFORMED, 'server')
    const { statement } = entry
    // It has counted what the client has said; a server that makes more of it is not believed.
    if (statement && types.length * TYPE_BYTES <= statement.weight) {
      statement.parameters.types = types
    }
    return true
  }

  #hearNoData(): Onward {
    const entry = this.#answer(BACKEND.noData)
    return entry !== null && !entry.isOwn
  }

  #hearRow(message: Buffer): Onward {
    const entry = this.#answer(BACKEND.dataRow)
    if (!entry) return false
    this.#rows++
    const { rows } = entry
    if (!rows) return true
    const now = rows.rewrite(message)
    if (now === null) return this.#conversation.fail(MALFORMED, 'server')
    if (rows.isPartial && blocks(entry)) return this.#conversation.fail(UNREADABLE, 'server')
    return now === message || now
  }

  #hearCopyOut(): Onward {
    const entry = this.#answer(BACKEND.copyOutResponse)
    if (!entry) return false
    const { rows } = entry
    if (!rows || rows.beginCopy() || !blocks(entry)) return true
    return this.#conversation.fail(UNREADABLE, 'server')
  }

  #hearCopied(message: Buffer): Onward {
    const entry = this.#answer(BACKEND.copyData)
    if (!entry) return false
    const { rows } = entry
    if (!rows) return true
    const now = rows.rewriteCopied(message)
    if (rows.isPartial && blocks(entry)) return this.#conversation.fail(UNREADABLE, 'server')
    return now ?? false
  }

  #hearCopyDone(message: Buffer): Onward {
    const entry = this.#answer(BACKEND.copyDone)
    if (!entry) return false
    const rest = entry.rows?.endCopy() ?? null
    return rest === null || Buffer.concat([rest, message])
  }

  /** Where something would have to be taken out of it. */
  #hearUnreadable(type: number): Onward {
    const entry = this.#answer(type)
    if (!entry) return false
    if (!entry.rows || !blocks(entry)) return true
    return this.#conversation.fail(UNREADABLE, 'server')
  }

  /** @param isOver whether nothing more comes of it */
  #account({ released, rows }: Asked, isOver: boolean): void {
    const said = this.#said
    const count = said.counted + this.#rows
    said.counted = 0
    this.#rows = 0
    const bytes = said.bytes - this.#mark
    this.#mark = said.bytes
    rows?.end()
    if (!released) return
    released.rows += count
    released.bytesIn += bytes
    if (isOver && released.isOnce) this.#conversation.judge.settle(released)
  }

  #hearReady(message: Buffer): Onward {
    const { pipeline, statements, copyIn } = this.#conversation
    const entry = this.#answer(BACKEND.readyForQuery)
    if (!entry) return false
    if (pipeline.size === 0) {
      statements.settle(message[HEAD] === OUTSIDE)
      copyIn.settle()
    }
    this.#account(entry, true)
    return true
  }

  #hearParameter(message: Buffer): Onward {
    const [name, value] = message.toString('latin1', HEAD).split('\0')
    this.#conversation.statements.learn(name, value)
    return redactParameter(this.#conversation, this.#conversation.redacting, message)
  }

  #hearError(message: Buffer): Onward {
    const { pipeline, keeper, redacting } = this.#conversation
    // The severity that is not translated, of servers since 9.6.
    if (/\0V(FATAL|PANIC)\0/.test(message.toString('latin1', HEAD - 1))) keeper.onGoodbye()
    const entry = pipeline.answer(BACKEND.errorResponse)
    if (entry === 'fault' || !entry) return redactNotice(this.#conversation, redacting, message)
    const { refused, released = redacting } = entry
    this.#conversation.copyIn.fail()
    if (refused && message.includes(refused.nonce)) return toErrorResponse(refused.refusal, 'ERROR')
    const onward = redactNotice(this.#conversation, released, message)
    if (entry.kind === 'execute') this.#account(entry, true)
    return onward
  }
}

function blocks({ released }: Asked): boolean {
  return released?.permit.admission.assessment.policy.onUnscannable.in === 'block'
}

/** The server is in no transaction. */
const OUTSIDE = 0x49
const UNASKED: Problem = {
  code: 'connect-malformed',
  detail: 'the server answers something that it was not asked',
}
const MALFORMED: Problem = {
  code: 'connect-malformed',
  detail: 'a message of the server has not the form of its type',
}
