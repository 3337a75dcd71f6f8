/** Rows that a client copies in: from when the server asks for them until they are over, or it has refused them. */

import type { Problem } from '../../model/errors.ts'
import type { Asked, Conversation, Onward } from './conversation.ts'
import { type CopiedRows, openCopiedRows } from './copied-rows.ts'
import { addFound } from './rows.ts'

export class CopyIn {
  readonly #conversation: Pick<Conversation, 'inspectorFor' | 'fail'>
  /** Statements out of whose rows something is taken, and that the server has not asked for them. */
  #announced = 0
  #asked: Asked | null = null
  /** Null where they go as they are. */
  #rows: CopiedRows | null = null
  /** The server wants no more of them, and the client may not know yet. */
  #isRefused = false

  constructor(conversation: Pick<Conversation, 'inspectorFor' | 'fail'>) {
    this.#conversation = conversation
  }

  /** A statement goes out behind which rows may be copied in. */
  announce({ released }: Asked): void {
    if (released?.permit.plan?.out.size) this.#announced++
  }

  /** Nothing is under way. */
  settle(): void {
    this.#announced = 0
  }

  /** The server asks for them. */
  begin(asked: Asked): void {
    const { released, copy = null } = asked
    const out = released?.permit.plan?.out
    this.#isRefused = false
    this.#asked = asked
    this.#rows = null
    if (!released || !out?.size) return
    this.#announced = Math.max(0, this.#announced - 1)
    const { permit, isOnce } = released
    const { inspectorFor } = this.#conversation
    const { agent } = permit.admission.flow
    this.#rows = openCopiedRows(inspectorFor(permit), 'out', copy, out, agent.id)
    if (!this.#rows && !isOnce && blocks(asked)) this.#conversation.fail(UNREADABLE, 'client')
  }

  /** A CopyData. */
  push(message: Buffer): Onward {
    const asked = this.#asked
    // What comes before it is asked for cannot be told from what is not wanted any more.
    if (!asked && this.#announced > 0) return this.#conversation.fail(TOO_EARLY, 'client')
    if (!asked || !this.#rows) return !this.#isRefused
    const now = this.#rows.push(message)
    if (this.#rows.isPartial && !asked.released?.isOnce && blocks(asked)) {
      return this.#conversation.fail(UNREADABLE, 'client')
    }
    return now ?? false
  }

  /** The client has no more of them. @returns the rest; null for none */
  end(): Buffer | null {
    const rest = this.#rows?.end() ?? null
    this.#close()
    return rest
  }

  /** The server has refused something. */
  fail(): void {
    if (!this.#asked) return
    this.#isRefused = true
    this.#close()
  }

  #close(): void {
    const released = this.#asked?.released
    if (released && this.#rows) addFound(released.redactions, 'out', this.#rows.found)
    this.#asked = this.#rows = null
  }
}

function blocks({ released }: Asked): boolean {
  return released?.permit.admission.assessment.policy.onUnscannable.out !== 'pass'
}

const UNREADABLE: Problem = {
  code: 'body-unscannable',
  detail: 'a rule takes data out of what goes to the destination, and nobody can read these rows',
}
const TOO_EARLY: Problem = {
  code: 'request-statement',
  detail: 'rows of COPY come before the server asks for them, and a rule takes data out of them',
}
