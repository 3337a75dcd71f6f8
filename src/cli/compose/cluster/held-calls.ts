/** Calls of one process that serves, as far as they wait for a person: asked for here, where the desk is. */

import { AuditUnavailable } from '../../../model/errors.ts'
import type { Holds } from '../../../ports.ts'
import type { FromWorker, HoldReply, ToWorker } from './messages.ts'

export class HeldCalls {
  readonly #holds: Holds
  readonly #tell: (message: ToWorker) => void
  readonly #waiting = new Map<number, AbortController>()

  constructor(holds: Holds, tell: (message: ToWorker) => void) {
    this.#holds = holds
    this.#tell = tell
  }

  /** Never rejects. */
  async ask(asked: FromWorker & { readonly type: 'hold-ask' }): Promise<void> {
    const { id, question, wait, isGone } = asked
    const gone = new AbortController()
    if (isGone) gone.abort()
    this.#waiting.set(id, gone)
    let reply: HoldReply
    try {
      const answer = await this.#holds.ask(question, wait, gone.signal)
      if (answer.kind === 'granted') {
        const { lease, ...told } = answer
        // Ended while the use was written down: whoever is told of that later has nothing to end yet.
        reply = { ...told, isOver: lease.aborted }
      } else reply = answer
    } catch (error) {
      const isLog = error instanceof AuditUnavailable
      const message = error instanceof Error ? error.message : String(error)
      reply = { kind: 'failed', isLog, message }
    }
    this.#waiting.delete(id)
    this.#tell({ type: 'hold-answer', id, reply })
  }

  /** The client has left; the process has not: then its clients come again, and find what they waited for. */
  leave(id: number): void {
    this.#waiting.get(id)?.abort()
  }
}
