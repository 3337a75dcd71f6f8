/**
 * What is counted while calls pass: numbers in arrays, made for being counted up in nanoseconds. They become text only when somebody asks
 * for /metrics; see `registry`.
 */

import type { Outcome } from '../model/audit-record.ts'
import type { Direction } from '../model/finding.ts'
import type { Placement } from '../model/placement.ts'
import type { Action } from '../model/verdict.ts'
import type { Event, Meter, Stage } from '../ports.ts'

export const PLACEMENTS: readonly Placement[] = ['inside', 'outside', 'straddling', 'unknown']
export const ACTIONS: readonly Action[] = ['allow', 'block', 'hold']
export const OUTCOMES: readonly Outcome[] = [
  ...(['forwarded', 'blocked', 'denied', 'expired', 'cancelled', 'failed'] as const),
]
export const STAGES: readonly Stage[] = ['decision', 'dns', 'dial', 'tls', 'upstream']
export const EVENTS: readonly Event[] = [
  ...(['residency-mismatch', 'turned-away', 'client-tls-failed', 'http2-flood'] as const),
  ...(['websocket-message-out', 'websocket-message-in', 'leaf-refused', 'body-undecoded'] as const),
]

/** Upper ends of the buckets of every histogram, in milliseconds; what is longer is in none of them. */
export const BUCKETS_MS: readonly number[] = [
  ...[0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500],
  ...[1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000],
]

export class Histogram {
  readonly counts = new Float64Array(BUCKETS_MS.length + 1)
  sumMs = 0

  add(ms: number): void {
    let at = 0
    while (at < BUCKETS_MS.length && ms > (BUCKETS_MS[at] ?? 0)) at++
    this.counts[at] = (this.counts[at] ?? 0) + 1
    this.sumMs += ms
  }
}

/** Kinds that are counted each by its name: far more than there are. What comes beyond is counted as `other`. */
const MAX_KINDS = 1_000

export class CountingMeter implements Meter {
  /** By placement, action and outcome, in this order. */
  readonly flows = new Float64Array(PLACEMENTS.length * ACTIONS.length * OUTCOMES.length)
  readonly stages: readonly Histogram[] = STAGES.map(() => new Histogram())
  readonly events = new Float64Array(EVENTS.length)
  /** By type. */
  readonly redactions: Readonly<Record<Direction, Map<string, number>>> = {
    out: new Map(),
    in: new Map(),
  }
  bytesOut = 0
  bytesIn = 0

  now(): number {
    return performance.now()
  }

  flow(
    placement: Placement,
    action: Action,
    outcome: Outcome,
    bytesOut: number,
    bytesIn: number,
  ): void {
    const at = flowIndex(placement, action, outcome)
    this.flows[at] = (this.flows[at] ?? 0) + 1
    this.bytesOut += bytesOut
    this.bytesIn += bytesIn
  }

  redacted(direction: Direction, type: string, count: number): void {
    const counts = this.redactions[direction]
    const kind = counts.size < MAX_KINDS || counts.has(type) ? type : 'other'
    counts.set(kind, (counts.get(kind) ?? 0) + count)
  }

  took(stage: Stage, since: number): void {
    this.stages[STAGES.indexOf(stage)]?.add(performance.now() - since)
  }

  count(event: Event): void {
    const at = EVENTS.indexOf(event)
    this.events[at] = (this.events[at] ?? 0) + 1
  }
}

export function flowIndex(placement: Placement, action: Action, outcome: Outcome): number {
  const line = PLACEMENTS.indexOf(placement) * ACTIONS.length + ACTIONS.indexOf(action)
  return line * OUTCOMES.length + OUTCOMES.indexOf(outcome)
}
