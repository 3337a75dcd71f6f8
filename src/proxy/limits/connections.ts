/** How many connections each client has open, and how many there are: who has too many is told so, and nobody else is slowed down. */

import type { Problem } from '../../model/errors.ts'
import type { Limits } from './limits.ts'

export type ConnectionLimits = Pick<Limits, 'connections' | 'connectionsPerClient'>

export class ConnectionCounts {
  readonly #limits: ConnectionLimits
  readonly #byClient = new Map<string, number>()
  #total = 0

  constructor(limits: ConnectionLimits) {
    this.#limits = limits
  }

  get total(): number {
    return this.#total
  }

  /** Counts one more. @returns why it has to go; it is counted all the same until `close` */
  open(client: string): Problem | null {
    const count = (this.#byClient.get(client) ?? 0) + 1
    this.#byClient.set(client, count)
    this.#total++
    const { connections, connectionsPerClient } = this.#limits
    if (count > connectionsPerClient) {
      return tooMany(`this client has more than ${connectionsPerClient} connections open`)
    }
    return this.#total > connections ? tooMany('the proxy has no room for more connections') : null
  }

  close(client: string): void {
    const count = (this.#byClient.get(client) ?? 0) - 1
    this.#total--
    if (count > 0) this.#byClient.set(client, count)
    else this.#byClient.delete(client)
  }
}

function tooMany(detail: string): Problem {
  return { code: 'connections-exceeded', detail }
}
