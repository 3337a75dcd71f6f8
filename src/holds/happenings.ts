/**
 * What happens to holds and grants: written down, taken into the book, told to those who watch. Whoever gives leave waits until it is
 * written; whoever takes it away need not.
 */

import type { Hold, HoldEvent, HoldId } from '../model/hold.ts'
import { Book } from './book.ts'

export interface HappeningsOptions {
  /** Resolves when it is in the log for good. */
  keep(event: HoldEvent): Promise<void>
  /** Milliseconds since the epoch; never goes back. */
  now(): number
  report(where: string, error: unknown): void
}

export type Watcher = (event: HoldEvent, hold: Hold) => void

export class Happenings {
  readonly book = new Book()
  readonly now: () => number
  readonly #options: HappeningsOptions
  readonly #watchers = new Set<Watcher>()

  /** @param events all that happened to what may still matter, in order */
  constructor(options: HappeningsOptions, events: Iterable<HoldEvent>) {
    this.#options = options
    this.now = () => options.now()
    for (const event of events) this.book.apply(event)
  }

  /** Written down first; nothing has happened if that fails. @throws what the log throws */
  async afterwards(event: HoldEvent): Promise<void> {
    await this.#options.keep(event)
    this.book.apply(event)
    this.#tell(event)
  }

  /** Counts at once, and stays so in this process even if it cannot be written down. @throws what the log throws */
  async atOnce(event: HoldEvent): Promise<void> {
    this.book.apply(event)
    await this.#options.keep(event)
    this.#tell(event)
  }

  /** The same, where nobody waits for it. */
  inPassing(event: HoldEvent): void {
    this.atOnce(event).catch((error: unknown) => this.#options.report('holds', error))
  }

  /** A hold that others join while it is being written down; it was not there if that fails. @throws what the log throws */
  async opening(event: HoldEvent & { readonly kind: 'opened' }): Promise<void> {
    this.book.apply(event)
    try {
      await this.#options.keep(event)
    } catch (error) {
      this.book.unopen(event.hold.id)
      throw error
    }
    this.#tell(event)
  }

  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  #tell(event: HoldEvent): void {
    const hold = this.book.holds.get(toHoldId(event))
    if (!hold) return
    for (const watcher of this.#watchers) {
      try {
        watcher(event, hold)
      } catch (error) {
        this.#options.report('holds', error)
      }
    }
  }
}

function toHoldId(event: HoldEvent): HoldId {
  return event.kind === 'opened' ? event.hold.id : event.hold
}
