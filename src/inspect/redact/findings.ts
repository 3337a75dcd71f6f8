/** What was found in a body: how often, of which kind and where. And what could not be looked at. */

import type { Redaction } from '../../model/finding.ts'

export type UnscannableReason =
  /** Not a text. */
  | 'binary'
  /** A character set that nobody here reads. */
  | 'charset'
  /** Changed in any place it would be good for nothing. */
  | 'sealed'
  /** Not what it says it is, in a way that leaves open what is where. */
  | 'malformed'
  /** Larger than what is looked at as a whole. */
  | 'size'

export interface Unscannable {
  readonly reason: UnscannableReason
  readonly path: string
}

/** Places that are told apart; what comes beyond them is counted together. */
const MAX_PLACES = 256

export class Findings {
  readonly #counts = new Map<string, { type: string; path: string; count: number }>()
  readonly unscannable: Unscannable[] = []
  #heir: Findings | null = null

  get isEmpty(): boolean {
    return this.#counts.size === 0 && this.unscannable.length === 0
  }

  /** How much was found. */
  get total(): number {
    return this.toList().reduce((sum, { count }) => sum + count, 0)
  }

  add(type: string, path: string, count = 1): void {
    if (this.#heir) return this.#heir.add(type, path, count)
    const isKnown = this.#counts.has(`${type} ${path}`)
    const where = isKnown || this.#counts.size < MAX_PLACES ? path : '…'
    const key = `${type} ${where}`
    const entry = this.#counts.get(key) ?? { type, path: where, count: 0 }
    entry.count += count
    this.#counts.set(key, entry)
  }

  addUnscannable(reason: UnscannableReason, path: string): void {
    if (this.#heir) return this.#heir.addUnscannable(reason, path)
    if (this.unscannable.length < MAX_PLACES) this.unscannable.push({ reason, path })
  }

  /** What was found in a part of it that was looked at for itself. */
  absorb(other: Findings): void {
    for (const { type, path, count } of other.#counts.values()) this.add(type, path, count)
    for (const { reason, path } of other.unscannable) this.addUnscannable(reason, path)
  }

  /** Gives what was found, and what will be, to those of the whole. */
  leaveTo(heir: Findings): void {
    heir.absorb(this)
    this.#heir = heir
  }

  toList(): Omit<Redaction, 'direction'>[] {
    return [...this.#counts.values()].map((entry) => ({ ...entry }))
  }
}
