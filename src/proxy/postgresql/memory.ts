/** What is remembered of sessions of PostgreSQL beyond one connection: by which keys they can be cancelled, which servers speak no TLS, and who was refused it. Bounded. */

import type { IpAddress } from '../../model/address.ts'
import type { Problem } from '../../model/errors.ts'
import type { Permit } from '../../release.ts'

/** A session under way. */
export interface KnownSession {
  /** For its connection: whose it is, and where it leads. */
  readonly permit: Permit
  readonly address: IpAddress
  readonly isSecure: boolean
}

/** Servers that are remembered to have said no, and for how long, in milliseconds. */
const MAX_SERVERS = 1_024
const PLAIN_MS = 60_000
/** The same for clients that were refused TLS. Who then goes on without does so at once. */
const MAX_REFUSED = 1_024
const REFUSED_MS = 10_000

export class PostgresqlMemory {
  readonly #sessions = new Map<string, KnownSession>()
  /** Since when. */
  readonly #plain = new Map<string, number>()
  readonly #refused = new Map<string, { readonly problem: Problem; readonly at: number }>()

  /** @returns forgets it */
  keep(key: Buffer, session: KnownSession): () => void {
    const name = nameOf(key, session.permit.admission.flow.agent.id)
    this.#sessions.set(name, session)
    return () => {
      if (this.#sessions.get(name) === session) this.#sessions.delete(name)
    }
  }

  find(key: Buffer, agent: string): KnownSession | null {
    return this.#sessions.get(nameOf(key, agent)) ?? null
  }

  /** A server does without TLS. @param at address and port */
  notePlain(at: string, now: number): void {
    this.#plain.delete(at)
    this.#plain.set(at, now)
    const [oldest = at] = this.#plain.keys()
    if (this.#plain.size > MAX_SERVERS) this.#plain.delete(oldest)
  }

  /**
   * A session in TLS did not come about, for a reason that would not be there without this proxy.
   *
   * @param who client and destination
   */
  noteRefusedTls(who: string, problem: Problem, now: number): void {
    this.#refused.delete(who)
    this.#refused.set(who, { problem, at: now })
    const [oldest = who] = this.#refused.keys()
    if (this.#refused.size > MAX_REFUSED) this.#refused.delete(oldest)
  }

  /** INVARIANT: who tries without TLS because we have refused it does not go out in the clear. Null for others. */
  refusedTls(who: string, now: number): Problem | null {
    const refused = this.#refused.get(who)
    return refused && now - refused.at < REFUSED_MS ? refused.problem : null
  }

  isPlain(at: string, now: number): boolean {
    const since = this.#plain.get(at)
    return since !== undefined && now - since < PLAIN_MS
  }
}

function nameOf(key: Buffer, agent: string): string {
  return `${key.toString('hex')} ${agent}`
}
