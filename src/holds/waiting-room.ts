/** Clients that wait for a decision: who waits for which hold, until when, and what becomes of those that leave. */

import type { HoldId, HoldQuestion } from '../model/hold.ts'
import type { HoldAnswer } from '../ports.ts'

interface Waiter {
  readonly question: HoldQuestion
  leave(answer: HoldAnswer): void
}

export interface WaitOptions {
  readonly question: HoldQuestion
  /** Milliseconds. */
  readonly wait: number
  readonly gone: AbortSignal
  /** The time is over, or the client is gone: what it is told. Called once it waits no more. */
  onEnd(how: 'over' | 'gone'): HoldAnswer
}

export class WaitingRoom {
  readonly #waiters = new Map<HoldId, Set<Waiter>>()

  /** Clients that wait for it. */
  count(hold: HoldId): number {
    return this.#waiters.get(hold)?.size ?? 0
  }

  wait(hold: HoldId, { question, wait, gone, onEnd }: WaitOptions): Promise<HoldAnswer> {
    return new Promise((resolve) => {
      const waiters = this.#of(hold)
      const leave = (answer: HoldAnswer | 'over' | 'gone'): void => {
        if (!waiters.delete(waiter)) return
        if (waiters.size === 0 && this.#waiters.get(hold) === waiters) this.#waiters.delete(hold)
        clearTimeout(timer)
        gone.removeEventListener('abort', onGone)
        resolve(typeof answer === 'string' ? onEnd(answer) : answer)
      }
      const waiter = { question, leave }
      const onGone = () => leave('gone')
      const timer = setTimeout(() => leave('over'), wait)
      waiters.add(waiter)
      gone.addEventListener('abort', onGone)
      if (gone.aborted) onGone()
    })
  }

  /** All who wait for that hold are told. @returns how many there were */
  tell(hold: HoldId, answer: HoldAnswer): number {
    const waiters = [...(this.#waiters.get(hold) ?? [])]
    for (const waiter of waiters) waiter.leave(answer)
    return waiters.length
  }

  /** Those who wait for something of that kind are told, whatever the hold. */
  tellWhere(
    fits: (question: HoldQuestion) => boolean,
    toAnswer: (hold: HoldId) => HoldAnswer,
  ): void {
    for (const [hold, waiters] of [...this.#waiters]) {
      for (const waiter of [...waiters]) {
        if (fits(waiter.question)) waiter.leave(toAnswer(hold))
      }
    }
  }

  #of(hold: HoldId): Set<Waiter> {
    let waiters = this.#waiters.get(hold)
    if (!waiters) {
      waiters = new Set()
      this.#waiters.set(hold, waiters)
    }
    return waiters
  }
}
