/**
 * How many connections to origins there may be, in all and to one authority, from before the first packet until they are closed. Who
 * finds no room waits, first come first served and not for ever, for one to close or for one of his own to be free again.
 */

import type { Problem } from '../../model/errors.ts'
import type { Limits } from '../limits/limits.ts'

export interface SlotsOptions {
  readonly limits: Pick<Limits, 'originConnections' | 'originConnectionsPerAuthority'>
  /** Closes a connection that nobody uses: to that authority, null: to any. */
  readonly makeRoom: (authority: string | null) => void
}

/** A connection may be opened, or one that may be shared has become free, or neither. */
export type Turn = 'granted' | 'reuse' | Problem

export interface Asking {
  readonly authority: string
  /** Under which connections are shared; null: with nobody. */
  readonly key: string | null
  /** Milliseconds to wait. */
  readonly patience: number
  readonly signal: AbortSignal
}

interface Waiter {
  readonly authority: string
  readonly key: string | null
  readonly settle: (turn: Turn) => void
}

interface Authority {
  count: number
  /** They wait for one of its connections to close. */
  readonly queue: Set<Waiter>
}

export class OriginSlots {
  readonly #limits: SlotsOptions['limits']
  readonly #makeRoom: SlotsOptions['makeRoom']
  readonly #byAuthority = new Map<string, Authority>()
  /** They wait for any connection to close. A Set keeps the order. */
  readonly #queue = new Set<Waiter>()
  #total = 0
  #waiting = 0

  constructor({ limits, makeRoom }: SlotsOptions) {
    this.#limits = limits
    this.#makeRoom = makeRoom
  }

  /** Connections that are open or being opened. */
  get total(): number {
    return this.#total
  }

  get waiting(): number {
    return this.#waiting
  }

  /** Whether one more may be opened at once. */
  hasRoom(authority: string): boolean {
    return this.#queue.size === 0 && this.#fullness(authority) === null
  }

  /** Whether somebody waits for a connection to that authority to close, or for any to. */
  isWanted(authority: string): boolean {
    return this.#queue.size > 0 || (this.#byAuthority.get(authority)?.queue.size ?? 0) > 0
  }

  /** At once where there is room. Who is granted one has to `release` it. Never rejects. */
  acquire(asking: Asking): Turn | Promise<Turn> {
    const { authority } = asking
    if (this.hasRoom(authority)) {
      this.#grant(authority)
      return 'granted'
    }
    const full = this.#fullness(authority) ?? 'all'
    if (asking.patience > 0) {
      this.#makeRoom(full === 'authority' ? authority : null)
      return this.#wait(asking)
    }
    return toProblem(full)
  }

  /** One that was granted is closed, or never came to be. */
  release(authority: string): void {
    const entry = this.#byAuthority.get(authority)
    if (!entry) return
    entry.count--
    this.#total--
    // Its head waits for nothing but the total now.
    const [first] = entry.queue
    if (first) {
      entry.queue.delete(first)
      this.#queue.add(first)
    } else if (entry.count === 0) this.#byAuthority.delete(authority)
    this.#advance()
  }

  /**
   * A connection could be used again.
   *
   * @returns whether to keep it: for who waits for it and has been told, or because nobody wants its place
   */
  offer(authority: string, key: string): boolean {
    if (this.#waiting === 0) return true
    const waiter =
      firstFor(this.#byAuthority.get(authority)?.queue, key) ?? firstFor(this.#queue, key)
    if (!waiter) return !this.isWanted(authority)
    this.#leave(waiter)
    waiter.settle('reuse')
    return true
  }

  /** What there is too many of; null: nothing. */
  #fullness(authority: string): 'authority' | 'all' | null {
    const { originConnections, originConnectionsPerAuthority } = this.#limits
    const count = this.#byAuthority.get(authority)?.count ?? 0
    if (count >= originConnectionsPerAuthority) return 'authority'
    return this.#total >= originConnections ? 'all' : null
  }

  #grant(authority: string): void {
    this.#entry(authority).count++
    this.#total++
  }

  #entry(authority: string): Authority {
    let entry = this.#byAuthority.get(authority)
    if (!entry) {
      entry = { count: 0, queue: new Set() }
      this.#byAuthority.set(authority, entry)
    }
    return entry
  }

  #wait({ authority, key, patience, signal }: Asking): Promise<Turn> {
    return new Promise((resolve) => {
      this.#waiting++
      const settle = (turn: Turn) => {
        this.#waiting--
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
        resolve(turn)
      }
      const waiter = { authority, key, settle }
      const giveUp = (problem: Problem) => {
        this.#leave(waiter)
        settle(problem)
      }
      const onAbort = () => giveUp(ABORTED)
      const timer = setTimeout(() => giveUp(toProblem(this.#fullness(authority))), patience)
      signal.addEventListener('abort', onAbort)
      this.#enqueue(waiter)
      if (signal.aborted) onAbort()
    })
  }

  #enqueue(waiter: Waiter): void {
    const { authority } = waiter
    if (this.#fullness(authority) === 'authority') this.#entry(authority).queue.add(waiter)
    else this.#queue.add(waiter)
  }

  #leave(waiter: Waiter): void {
    this.#queue.delete(waiter)
    this.#byAuthority.get(waiter.authority)?.queue.delete(waiter)
  }

  /** Lets in whom the total kept out. */
  #advance(): void {
    for (const waiter of this.#queue) {
      const full = this.#fullness(waiter.authority)
      if (full === 'all') return
      this.#queue.delete(waiter)
      if (full === 'authority') this.#enqueue(waiter)
      else {
        this.#grant(waiter.authority)
        waiter.settle('granted')
      }
    }
  }
}

function firstFor(queue: ReadonlySet<Waiter> | undefined, key: string): Waiter | null {
  for (const waiter of queue ?? []) if (waiter.key === key) return waiter
  return null
}

function toProblem(full: 'authority' | 'all' | null): Problem {
  return full === 'authority'
    ? { code: 'origin-busy', detail: 'every connection to the destination stayed in use' }
    : { code: 'origins-exceeded', detail: 'no connection to any destination became free' }
}

const ABORTED: Problem = { code: 'connect-reset', detail: 'nobody waits for it any more' }
