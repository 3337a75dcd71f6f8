/** Where calls wait, as a process that serves knows it: every question goes to the process that owns, and every answer comes from there. */

import { Leases } from '../../../holds/leases.ts'
import { AuditUnavailable } from '../../../model/errors.ts'
import type { GrantId, HoldQuestion } from '../../../model/hold.ts'
import type { HoldAnswer, Holds } from '../../../ports.ts'
import type { FromWorker, HoldReply } from './messages.ts'

export class RemoteHolds implements Holds {
  readonly #tell: (message: FromWorker) => void
  readonly #leases = new Leases()
  readonly #asked = new Map<number, (reply: HoldReply) => void>()
  #lastId = 0

  constructor(tell: (message: FromWorker) => void) {
    this.#tell = tell
  }

  ask(question: HoldQuestion, wait: number, gone: AbortSignal): Promise<HoldAnswer> {
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      const onGone = () => this.#tell({ type: 'hold-gone', id })
      this.#asked.set(id, (reply) => {
        gone.removeEventListener('abort', onGone)
        if (reply.kind === 'failed') return reject(toError(reply))
        if (reply.kind !== 'granted') return resolve(reply)
        const { isOver, ...answer } = reply
        // Made here and now: that the lease has ended may be said in the next moment.
        resolve({ ...answer, lease: isOver ? AbortSignal.abort() : this.#leases.of(reply.grant) })
      })
      this.#tell({ type: 'hold-ask', id, question, wait, isGone: gone.aborted })
      gone.addEventListener('abort', onGone)
    })
  }

  take(id: number, reply: HoldReply): void {
    const answer = this.#asked.get(id)
    this.#asked.delete(id)
    answer?.(reply)
  }

  endLease(grant: GrantId): void {
    this.#leases.end(grant)
  }
}

function toError({ isLog, message }: HoldReply & { readonly kind: 'failed' }): Error {
  return isLog ? new AuditUnavailable(message) : new Error(message)
}
