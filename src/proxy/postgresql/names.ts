/**
 * What is behind names of prepared statements and of portals, as far as the server has said so. Names that are asked for in the same series as they
 * were given can mean nothing else: were giving them to fail, the rest of the series would be skipped. Bounded; what is not known is null.
 */

import { isAscii } from 'node:buffer'

/** Names that are remembered; of more, the first are forgotten. */
const MAX_NAMES = 10_000
/** Bytes of a name that the server tells apart (its NAMEDATALEN). */
const NAME_BYTES = 63

interface Meaning<T> {
  /** What the server has confirmed last; null for nothing. */
  confirmed: T | null
  /** Given and not answered yet, oldest first. */
  readonly pending: T[]
  /** When the last was given. */
  series: number
}

export class Names<T> {
  readonly #meanings = new Map<string, Meaning<T>>()
  #series = 0

  /** A Sync was sent. */
  endSeries(): void {
    this.#series++
  }

  give(name: Buffer, value: T): void {
    const key = keyOf(name)
    const meaning = this.#meanings.get(key) ?? { confirmed: null, pending: [], series: 0 }
    meaning.pending.push(value)
    meaning.series = this.#series
    this.#meanings.set(key, meaning)
    if (this.#meanings.size <= MAX_NAMES) return
    for (const oldest of this.#meanings.keys()) {
      if (oldest === key) continue
      this.#meanings.delete(oldest)
      break
    }
  }

  /** The server has taken what was given. One that is forgotten means something else than what was given since. */
  confirm(name: Buffer, value: T): void {
    const meaning = this.#meanings.get(keyOf(name))
    if (!meaning) return
    const at = meaning.pending.indexOf(value)
    meaning.confirmed = at < 0 ? null : value
    meaning.pending.splice(0, at + 1)
  }

  /** It has skipped it. */
  drop(name: Buffer, value: T): void {
    const { pending = [] } = this.#meanings.get(keyOf(name)) ?? {}
    const at = pending.indexOf(value)
    if (at >= 0) pending.splice(at, 1)
  }

  /** The server has closed it. */
  close(name: Buffer): void {
    const key = keyOf(name)
    const meaning = this.#meanings.get(key)
    if (!meaning) return
    if (meaning.pending.length === 0) this.#meanings.delete(key)
    else meaning.confirmed = null
  }

  /** Nobody knows any more. */
  clear(): void {
    this.#meanings.clear()
  }

  /** @returns null where it cannot be told */
  get(name: Buffer): T | null {
    const meaning = this.#meanings.get(keyOf(name))
    // The server converts it before it cuts it, and not always from the same encoding: two of them may be one there.
    if (!meaning || !isAscii(name)) return null
    const { confirmed, pending, series } = meaning
    const last = pending.at(-1) ?? null
    if (last === null || series === this.#series) return last ?? confirmed
    return pending.every((each) => each === last) && (confirmed ?? last) === last ? last : null
  }
}

function keyOf(name: Buffer): string {
  return name.toString('latin1', 0, NAME_BYTES)
}
