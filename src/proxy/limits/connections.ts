/** How many connections each client has open, and how many there are: who has too many is told so, and nobody else is slowed down. */

import type { Problem } from '../../model/errors.ts'
import type { Limits } from './limits.ts'

export type ConnectionLimits = Pick<Limits, 'connections' | 'connectionsPerClient'>

/** What a process has open, as others need to know it. */
export interface Usage {
  readonly total: number
  /** Clients with more than a few. */
  readonly clients: readonly (readonly [client: string, count: number])[]
}

export const NO_USAGE: Usage = { total: 0, clients: [] }

/** Clients with fewer connections than this, and than a share of what they may have, are nobody's concern but their own process's. */
const WORTH_TELLING = 16
const SHARE = 1 / 16

export class ConnectionCounts {
  readonly #limits: ConnectionLimits
  readonly #byClient = new Map<string, number>()
  #total = 0
  #elsewhere = 0
  #byClientElsewhere: ReadonlyMap<string, number> = new Map()

  constructor(limits: ConnectionLimits) {
    this.#limits = limits
  }

  /** Open in this process. */
  get total(): number {
    return this.#total
  }

  /** Counts one more. @returns why it has to go; it is counted all the same until `close` */
  open(client: string): Problem | null {
    const count = (this.#byClient.get(client) ?? 0) + 1
    this.#byClient.set(client, count)
    this.#total++
    const { connections, connectionsPerClient } = this.#limits
    if (count + (this.#byClientElsewhere.get(client) ?? 0) > connectionsPerClient) {
      return tooMany(`this client has more than ${connectionsPerClient} connections open`)
    }
    return this.#total + this.#elsewhere > connections
      ? tooMany('the proxy has no room for more connections')
      : null
  }

  close(client: string): void {
    const count = (this.#byClient.get(client) ?? 0) - 1
    this.#total--
    if (count > 0) this.#byClient.set(client, count)
    else this.#byClient.delete(client)
  }

  usage(): Usage {
    const least = Math.min(WORTH_TELLING, this.#limits.connectionsPerClient * SHARE)
    const clients = [...this.#byClient].filter(([, count]) => count >= least)
    return { total: this.#total, clients }
  }

  /** What other processes have open on the same port. */
  takeElsewhere({ total, clients }: Usage): void {
    this.#elsewhere = total
    this.#byClientElsewhere = new Map(clients)
  }
}

/** All together. */
export function sumUsage(all: readonly Usage[]): Usage {
  const clients = new Map<string, number>()
  let total = 0
  for (const usage of all) {
    total += usage.total
    for (const [client, count] of usage.clients) {
      clients.set(client, (clients.get(client) ?? 0) + count)
    }
  }
  return { total, clients: [...clients] }
}

function tooMany(detail: string): Problem {
  return { code: 'connections-exceeded', detail }
}
