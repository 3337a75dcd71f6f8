/**
 * What is on its way to one receiver. One notice at a time, each tried again with growing pauses until it is taken, refused for good,
 * or was tried often enough; a full box loses the oldest of whichever agent has most in it. Nobody waits for it: neither a decision nor another receiver.
 */

import type { Notice } from './notice.ts'

/** What became of one try. */
export type Delivery =
  | { readonly kind: 'taken' }
  /** It may work later; `after` is how many milliseconds the receiver asks for, null when it does not. */
  | { readonly kind: 'later'; readonly detail: string; readonly after: number | null }
  | { readonly kind: 'refused'; readonly detail: string }

export interface OutboxOptions {
  /** Never rejects but for a defect of ours. @param signal aborts when the box is closed */
  deliver(notice: Notice, signal: AbortSignal): Promise<Delivery>
  /** Milliseconds to wait before the next try, after so many. */
  pause(tries: number): number
  /** A notice that nobody will get, and why. Never throws. */
  onLost(notice: Notice, detail: string): void
  /** So many were lost at once because there was no room. Never throws. */
  onOverflow(count: number): void
  report(where: string, error: unknown): void
}

/** About a quarter of an hour in all. */
export const MAX_TRIES = 8
const FIRST_PAUSE_MS = 2_000
const GROWTH = 2.6
/** However long a receiver asks to be left alone. */
const MAX_PAUSE_MS = 900_000
export const MAX_WAITING = 256

/** Grows, and spreads: receivers that came back are not asked by all at once. @param random from 0 to 1 */
export function toPause(tries: number, random: number): number {
  return FIRST_PAUSE_MS * GROWTH ** (tries - 1) * (0.75 + random / 2)
}

interface Entry {
  readonly notice: Notice
  tries: number
  /** By `performance.now`: a clock that is set does not hurry or stop anything. */
  dueAt: number
}

export class Outbox {
  readonly #options: OutboxOptions
  readonly #abort = new AbortController()
  #waiting: Entry[] = []
  #timer: NodeJS.Timeout | null = null
  #busy: Promise<void> | null = null
  #overflowed = 0
  /** For /metrics. */
  readonly counts = { taken: 0, lost: 0 }

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  /** Those that were not tried yet, or will be again. */
  get waiting(): number {
    return this.#waiting.length
  }

  push(notice: Notice): void {
    if (this.#abort.signal.aborted) return
    this.#waiting.push({ notice, tries: 0, dueAt: performance.now() })
    this.#makeRoom()
    this.#next()
  }

  /** Gives up what is under way. @returns notices that nobody got */
  async close(): Promise<number> {
    this.#abort.abort()
    if (this.#timer) clearTimeout(this.#timer)
    await this.#busy
    return this.#waiting.length
  }

  #next(): void {
    if (this.#busy || this.#abort.signal.aborted) return
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    const first = this.#waiting.reduce<Entry | null>(
      (soonest, entry) => (soonest && soonest.dueAt <= entry.dueAt ? soonest : entry),
      null,
    )
    if (!first) return
    const left = first.dueAt - performance.now()
    if (left > 0) {
      this.#timer = setTimeout(() => this.#next(), left).unref()
      return
    }
    this.#waiting.splice(this.#waiting.indexOf(first), 1)
    this.#busy = this.#attempt(first).finally(() => {
      this.#busy = null
      this.#sayOverflow()
      this.#next()
    })
  }

  async #attempt(entry: Entry): Promise<void> {
    const { signal } = this.#abort
    entry.tries++
    const delivery = await this.#options.deliver(entry.notice, signal).catch((error: unknown) => {
      this.#options.report('notices', error)
      return DEFECT
    })
    if (delivery.kind === 'taken') this.counts.taken++
    else if (signal.aborted) this.#waiting.push(entry)
    else if (delivery.kind === 'later' && entry.tries < MAX_TRIES)
      this.#defer(entry, delivery.after)
    else {
      this.counts.lost++
      const tries = entry.tries === 1 ? '1 try' : `${entry.tries} tries`
      this.#options.onLost(entry.notice, `${delivery.detail}; given up after ${tries}`)
    }
  }

  #defer(entry: Entry, after: number | null): void {
    const now = performance.now()
    const pause = Math.max(this.#options.pause(entry.tries), after ?? 0)
    entry.dueAt = now + Math.min(pause, MAX_PAUSE_MS)
    this.#waiting.push(entry)
    this.#makeRoom()
    if (after === null) return
    // Who asks to be left alone means all of it.
    const earliest = now + Math.min(after, MAX_PAUSE_MS)
    for (const other of this.#waiting) other.dueAt = Math.max(other.dueAt, earliest)
  }

  /**
   * The oldest goes, of the agent of which most wait: one that asks without end takes no room from others, and whoever gets the newer ones
   * knows more of what can still be decided.
   */
  #makeRoom(): void {
    while (this.#waiting.length > MAX_WAITING) {
      const byAgent = Map.groupBy(this.#waiting, ({ notice }) => notice.hold.agent)
      const most = [...byAgent.values()].reduce((a, b) => (a.length >= b.length ? a : b))
      const oldest = most.reduce((a, b) => (a.notice.at <= b.notice.at ? a : b))
      this.#waiting.splice(this.#waiting.indexOf(oldest), 1)
      this.counts.lost++
      this.#overflowed++
    }
  }

  #sayOverflow(): void {
    if (this.#overflowed === 0) return
    this.#options.onOverflow(this.#overflowed)
    this.#overflowed = 0
  }
}

const DEFECT: Delivery = { kind: 'refused', detail: 'it could not be sent, which is our mistake' }
