/**
 * What is remembered of hosts beyond one call: which have answered from where they should not be, and how they have changed. The log
 * itself is the memory: distrust and its end are admin rows, so both survive a restart and are part of the chain. The
 * inventory is a table beside the chain, a summary that could be made anew from the flows.
 */

import type { Destination } from '../model/destination.ts'
import type { FlowId } from '../model/flow.ts'
import { Inventory, traitsOf } from './inventory.ts'
import type { AuditLog } from './log.ts'

export interface LedgerOptions {
  readonly log: AuditLog
  /** Whether a host that contradicted what was concluded is no longer believed. */
  readonly breaker: boolean
  now(): number
  /** Told what an operator should know. */
  tell(text: string): void
  report(where: string, error: unknown): void
}

const MISMATCH = 'residency-mismatch'
const CLEARED = 'residency-cleared'

/** How often the ledger looks whether somebody has cleared a host, in milliseconds. */
const CHECK_MS = 1_000
/** Hosts with contradictions that are remembered. None makes room for another; what comes beyond is on its flows alone. */
const MAX_HOSTS = 100_000

/** Redirects remembered, and for how long, in milliseconds: clients follow at once or not at all. */
const MAX_REDIRECTS = 10_000
const REDIRECT_MS = 60_000

interface Whereto {
  readonly authority: string
  readonly path: string | null
}

function keyOf(agent: string, { authority, path }: Whereto): string {
  return `${agent} ${authority} ${path}`
}

export class HostLedger implements Disposable {
  epoch = 0
  /** Called when a host falls under distrust or is cleared. */
  onChange: (() => void) | null = null
  readonly #options: LedgerOptions
  readonly #inventory: Inventory
  readonly #distrusted = new Map<string, string>()
  readonly #redirects = new Map<string, { readonly flow: FlowId; readonly until: number }>()
  readonly #link
  readonly #timer: NodeJS.Timeout
  #seq = 0

  constructor(options: LedgerOptions) {
    this.#options = options
    const { database } = options.log
    this.#inventory = new Inventory(database)
    this.#link = database.prepare('INSERT OR IGNORE INTO links (flow, parent) VALUES (?, ?)')
    this.#read()
    this.#timer = setInterval(() => this.#guard('ledger', () => this.#read()), CHECK_MS).unref()
  }

  /** All hosts that have contradicted what was concluded, and how. */
  get contradictions(): readonly (readonly [host: string, detail: string])[] {
    return [...this.#distrusted]
  }

  distrusted(host: string): string | null {
    return this.#options.breaker ? (this.#distrusted.get(host) ?? null) : null
  }

  contradicted(host: string, flow: FlowId, detail: string): void {
    if (this.#distrusted.has(host) || this.#distrusted.size >= MAX_HOSTS) return
    this.#distrusted.set(host, `flow ${flow}: ${detail}`)
    this.#moveOn()
    this.#note(MISMATCH, host, `flow ${flow}: ${detail}`)
  }

  seen(destination: Destination): void {
    if (!destination.fault) this.saw(destination.authority.host.text, traitsOf(destination))
  }

  /** The same, by what can change about a host. */
  saw(host: string, traits: readonly string[]): void {
    this.#guard('inventory', () => {
      const change = this.#inventory.see(host, traits, this.#options.now())
      if (change) this.#note('destination-drift', host, change)
    })
  }

  redirected(from: FlowId, agent: string, to: Whereto): void {
    if (this.#redirects.size >= MAX_REDIRECTS) this.#redirects.clear()
    const until = this.#options.now() + REDIRECT_MS
    this.#redirects.set(keyOf(agent, to), { flow: from, until })
  }

  followed(flow: FlowId, agent: string, to: Whereto): void {
    if (this.#redirects.size === 0) return
    const parent = this.#redirects.get(keyOf(agent, to))
    if (!parent || parent.until < this.#options.now() || parent.flow === flow) return
    this.#guard('links', () => this.#link.run(flow, parent.flow))
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  /** Rows that were added since, by this process or by a command. */
  #read(): void {
    for (const { seq, action, subject, detail } of this.#options.log.adminSince(this.#seq)) {
      this.#seq = seq
      if (action === CLEARED && this.#distrusted.delete(subject)) this.#moveOn()
      else if (action === MISMATCH && !this.#distrusted.has(subject)) {
        this.#distrusted.set(subject, detail)
        this.#moveOn()
      }
    }
  }

  /** Nobody has to look again where distrust has no consequences. */
  #moveOn(): void {
    if (this.#options.breaker) this.epoch++
    this.onChange?.()
  }

  #note(action: string, subject: string, detail: string): void {
    const { log, now, tell, report } = this.#options
    tell(`${subject}: ${action}: ${detail}`)
    log
      .note({ at: now(), actor: 'cordon', action, subject, detail })
      .catch((error: unknown) => report('audit', error))
  }

  /** What is only told may not cost a call. */
  #guard(where: string, work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#options.report(where, error)
    }
  }
}
