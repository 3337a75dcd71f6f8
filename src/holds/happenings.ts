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
  /** Holds that have ended and are remembered; default: `MAX_ENDED`. */
  readonly maxEnded?: number
}

export type Watcher = (event: HoldEvent, hold: Hold) => void

export class Happenings {
  readonly book: Book
  readonly now: () => number
  readonly #options: HappeningsOptions
  readonly #watchers = new Set<Watcher>()
  /** What took leave away and could not be written down: each hold and each grant ends once, so these are no more than there were. */
  #unwritten: HoldEvent[] = []

  /** @param events all that happened to what may still matter, in order */
  constructor(options: HappeningsOptions, events: Iterable<HoldEvent>) {
    this.#options = options
    this.now = () => options.now()
    this.book = new Book(options.maxEnded)
    for (const event of events) this.book.apply(event)
  }

  /** Written down first; nothing has happened if that fails. @throws what the log throws */
  async afterwards(event: HoldEvent): Promise<void> {
    await this.#options.keep(event)
    this.book.apply(event)
    this.#tell(event)
  }

  /**
   * Counts at once, and stays so even if it cannot be written down. An end is written as soon as it can be, because the next start would
   * undo it; a use that was not written down let nothing pass.
   *
   * @throws what the log throws
   */
  async atOnce(event: HoldEvent): Promise<void> {
    this.book.apply(event)
    try {
      await this.#options.keep(event)
    } catch (error) {
      if (event.kind !== 'used') this.#unwritten.push(event)
      throw error
    }
    this.#tell(event)
  }

  /** Writes down what could not be written before. */
  catchUp(): void {
    const events = this.#unwritten
    this.#unwritten = []
    for (const event of events) {
      this.#options.keep(event).then(
        () => this.#tell(event),
        () => this.#unwritten.push(event),
      )
    }
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
