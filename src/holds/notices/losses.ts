/**
 * Notices that will not arrive, as the operator is told of them: at once, and then for each receiver once a minute how many more there were.
 * Whoever makes calls wait decides how many notices there are; the log and the screen are not theirs to fill.
 */

const EVERY_MS = 60_000

export class Losses {
  readonly #tell: (receiver: string, what: string) => void
  readonly #later = new Map<string, Later>()

  /** @param tell writes it down and says it; never throws */
  constructor(tell: (receiver: string, what: string) => void) {
    this.#tell = tell
  }

  /** @param what begins lower-case; without secrets */
  add(receiver: string, what: string, count = 1): void {
    const later = this.#later.get(receiver)
    if (!later) {
      this.#tell(receiver, what)
      this.#wait(receiver)
      return
    }
    later.count += count
    later.latest = what
  }

  /** Tells what is left to tell. */
  close(): void {
    for (const [receiver, later] of this.#later) {
      clearTimeout(later.timer)
      this.#tellLater(receiver, later)
    }
    this.#later.clear()
  }

  #wait(receiver: string): void {
    const timer = setTimeout(() => {
      const later = this.#later.get(receiver)
      this.#later.delete(receiver)
      if (later && this.#tellLater(receiver, later)) this.#wait(receiver)
    }, EVERY_MS)
    timer.unref()
    this.#later.set(receiver, { timer, count: 0, latest: '' })
  }

  #tellLater(receiver: string, { count, latest }: Later): boolean {
    if (count > 0)
      this.#tell(receiver, count === 1 ? latest : `${count} more; the latest: ${latest}`)
    return count > 0
  }
}

interface Later {
  readonly timer: NodeJS.Timeout
  count: number
  latest: string
}
