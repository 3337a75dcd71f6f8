/**
 * What is behind names of prepared statements and of portals, as far as the server has said so. Names that are asked for in the same series as they
 * were given can mean nothing else: were giving them to fail, the rest of the series would be skipped. Bounded; what is not known is null.
 */

import { isAscii } from 'node:buffer'

/** Names that are remembered; of more, the first are forgotten. */
const MAX_NAMES = 10_000
/** What they may weigh together, about in bytes; of heavier ones, too, the first are forgotten. */
const MAX_WEIGHT = 64 * 1024 * 1024
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
  readonly #weigh: (value: T) => number
  #weight = 0
  #series = 0

  /** @param weigh what it costs to remember one, about in bytes, always the same */
  constructor(weigh: (value: T) => number) {
    this.#weigh = weigh
  }

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
    this.#weight += this.#weigh(value)
    for (const [oldest, forgotten] of this.#meanings) {
      if (this.#meanings.size <= MAX_NAMES && this.#weight <= MAX_WEIGHT) break
      if (oldest !== key) this.#forget(oldest, forgotten)
    }
  }

  /** The server has taken what was given. One that is forgotten means something else than what was given since. */
  confirm(name: Buffer, value: T): void {
    const meaning = this.#meanings.get(keyOf(name))
    if (!meaning) return
    const at = meaning.pending.indexOf(value)
    this.#lighten(meaning.confirmed === null ? [] : [meaning.confirmed])
    meaning.confirmed = at < 0 ? null : value
    this.#lighten(meaning.pending.splice(0, at + 1).slice(0, -1))
  }

  /** It has skipped it. */
  drop(name: Buffer, value: T): void {
    const { pending = [] } = this.#meanings.get(keyOf(name)) ?? {}
    const at = pending.indexOf(value)
    if (at >= 0) this.#lighten(pending.splice(at, 1))
  }

  /** The server has closed it. */
  close(name: Buffer): void {
    const key = keyOf(name)
    const meaning = this.#meanings.get(key)
    if (!meaning) return
    if (meaning.pending.length === 0) return this.#forget(key, meaning)
    this.#lighten(meaning.confirmed === null ? [] : [meaning.confirmed])
    meaning.confirmed = null
  }

  /** Nobody knows any more. */
  clear(): void {
    this.#meanings.clear()
    this.#weight = 0
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

  #forget(key: string, { confirmed, pending }: Meaning<T>): void {
    this.#meanings.delete(key)
    this.#lighten(confirmed === null ? pending : [confirmed, ...pending])
  }

  #lighten(values: readonly T[]): void {
    for (const value of values) this.#weight -= this.#weigh(value)
  }
}

function keyOf(name: Buffer): string {
  return name.toString('latin1', 0, NAME_BYTES)
}
