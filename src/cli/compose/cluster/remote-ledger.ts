/**
 * What is remembered of hosts, as a process that serves knows it: who contradicts is distrusted here at once and everywhere a moment later.
 * The memory itself is with the process that owns the log.
 */

import { traitsOf } from '../../../audit/inventory.ts'
import type { Destination } from '../../../model/destination.ts'
import type { FlowId } from '../../../model/flow.ts'
import type { Ledger, Whereto } from '../../../ports.ts'
import type { Contradictions, FromWorker } from './messages.ts'

/** Hosts whose last state is remembered, so that only changes are told. */
const MAX_SEEN = 10_000

export class RemoteLedger implements Ledger {
  epoch = 0
  readonly #breaker: boolean
  readonly #tell: (message: FromWorker) => void
  readonly #seen = new Map<string, string>()
  #distrusted: Map<string, string>

  /** @param breaker whether a host that contradicted is no longer believed */
  constructor(breaker: boolean, known: Contradictions, tell: (message: FromWorker) => void) {
    this.#breaker = breaker
    this.#distrusted = new Map(known)
    this.#tell = tell
  }

  /** Takes over what all processes together know. */
  take(known: Contradictions): void {
    this.#distrusted = new Map(known)
    if (this.#breaker) this.epoch++
  }

  distrusted(host: string): string | null {
    return this.#breaker ? (this.#distrusted.get(host) ?? null) : null
  }

  contradicted(host: string, flow: FlowId, detail: string): void {
    if (this.#distrusted.has(host)) return
    this.#distrusted.set(host, `flow ${flow}: ${detail}`)
    if (this.#breaker) this.epoch++
    this.#tell({ type: 'contradicted', host, flow, detail })
  }

  seen(destination: Destination): void {
    if (destination.fault) return
    const host = destination.authority.host.text
    const traits = traitsOf(destination)
    const text = traits.join('\n')
    if (this.#seen.get(host) === text) return
    if (this.#seen.size >= MAX_SEEN) this.#seen.clear()
    this.#seen.set(host, text)
    this.#tell({ type: 'saw', host, traits })
  }

  redirected(from: FlowId, agent: string, to: Whereto): void {
    this.#tell({ type: 'redirected', from, agent, to })
  }

  /** Whoever numbers the flow sees that for itself. */
  followed(): void {}
}
