/** What a changed policy would have changed, counted: by agent, host, and what becomes of what. Bounded, whatever was called. */

import type { RecordedCall, RecordedContext } from '../../audit/read.ts'
import type { Action, Verdict } from '../../model/verdict.ts'

export interface Counts {
  readonly calls: number
  readonly bytesOut: number
  readonly bytesIn: number
}

/** Calls that something else would have become of. */
export interface Change extends Counts {
  readonly agent: string
  readonly host: string
  readonly from: Action
  readonly to: Action
  /** What would have settled it; null for what the policy says of the placement. */
  readonly rule: string | null
  readonly placement: string
}

export interface Total extends Counts {
  readonly from: Action
  readonly to: Action
}

/** Combinations that are listed one by one; of what comes beyond, only the totals are known. */
const MAX_CHANGES = 10_000

export class Tally {
  readonly #changes = new Map<string, Change>()
  readonly #totals = new Map<string, Total>()
  #unlisted = 0
  #observed = 0

  add(call: RecordedCall, { agent, host, action: from }: RecordedContext, verdict: Verdict): void {
    const { action: to, rule, placement, would } = verdict
    const counts = { calls: 1, bytesOut: call.bytes_out, bytesIn: call.bytes_in }
    if (would) this.#observed++
    addTo(this.#totals, `${from} ${to}`, { from, to, ...counts })
    if (from === to) return
    const key = [agent, host, from, to, rule ?? '', placement].join('\n')
    if (this.#changes.size >= MAX_CHANGES && !this.#changes.has(key)) this.#unlisted++
    else
      addTo(this.#changes, key, { agent, host: host ?? '', from, to, rule, placement, ...counts })
  }

  /** Most calls first. */
  get changes(): readonly Change[] {
    return [...this.#changes.values()].sort(
      (a, b) => b.calls - a.calls || (keyOf(a) < keyOf(b) ? -1 : 1),
    )
  }

  /** All of them, also of what stays as it was. */
  get totals(): readonly Total[] {
    return [...this.#totals.values()].sort((a, b) => b.calls - a.calls)
  }

  /** Changed calls that are in no line of `changes`. */
  get unlisted(): number {
    return this.#unlisted
  }

  /** Calls of which rules that are only observed would make something else. */
  get observed(): number {
    return this.#observed
  }
}

function keyOf({ agent, host, from, to, rule }: Change): string {
  return [agent, host, from, to, rule].join('\n')
}

function addTo<T extends Counts>(all: Map<string, T>, key: string, one: T): void {
  const { calls, bytesOut, bytesIn } = all.get(key) ?? { calls: 0, bytesOut: 0, bytesIn: 0 }
  all.set(key, {
    ...one,
    calls: calls + one.calls,
    bytesOut: bytesOut + one.bytesOut,
    bytesIn: bytesIn + one.bytesIn,
  })
}
