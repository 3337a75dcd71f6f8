/** What is remembered of sessions of PostgreSQL beyond one connection: by which keys they can be cancelled, which servers speak no TLS, and who was refused it. Bounded. */

import { type IpAddress, parseIp } from '../../model/address.ts'
import { type Authority, parseWireAuthority } from '../../model/authority.ts'
import type { Problem } from '../../model/errors.ts'
import type { Leave } from '../../release.ts'

/** A session under way: whose it is, and where it leads. */
export interface KnownSession {
  readonly agent: string
  readonly authority: Authority
  readonly address: IpAddress
  readonly isSecure: boolean
  /** Under which its connection was opened; null where that needed none, or is known in another process. */
  readonly leave: Leave | null
}

/** The same for other processes: a request to cancel may come to any of them. */
export interface ToldSession {
  readonly agent: string
  readonly authority: string
  readonly address: string
  readonly isSecure: boolean
}

/** A session has begun, or, with null, ended. @param name by which it is found, with its key in it */
export type TellSession = (name: string, session: ToldSession | null) => void

/** Sessions of other processes. */
const MAX_ELSEWHERE = 20_000
/** Servers that are remembered to have said no, and for how long, in milliseconds. */
const MAX_SERVERS = 1_024
const PLAIN_MS = 60_000
/** The same for clients that were refused TLS. Who then goes on without does so at once. */
const MAX_REFUSED = 1_024
const REFUSED_MS = 10_000

export class PostgresqlMemory {
  readonly #tell: TellSession
  readonly #sessions = new Map<string, KnownSession>()
  readonly #elsewhere = new Map<string, KnownSession>()
  /** Since when. */
  readonly #plain = new Map<string, number>()
  readonly #refused = new Map<string, { readonly problem: Problem; readonly at: number }>()

  /** @param tell where several processes serve */
  constructor(tell: TellSession = () => {}) {
    this.#tell = tell
  }

  /** @returns forgets it */
  keep(key: Buffer, session: KnownSession): () => void {
    const { agent, authority, address, isSecure } = session
    const name = nameOf(key, agent)
    this.#sessions.set(name, session)
    this.#tell(name, { agent, authority: authority.text, address: address.text, isSecure })
    return () => {
      if (this.#sessions.get(name) !== session) return
      this.#sessions.delete(name)
      this.#tell(name, null)
    }
  }

  /** What another process tells. */
  take(name: string, told: ToldSession | null): void {
    this.#elsewhere.delete(name)
    const authority = told && parseWireAuthority(told.authority, null)
    const address = told && parseIp(told.address)
    if (!authority || 'fault' in authority || !address) return
    this.#elsewhere.set(name, { ...told, authority: authority.value, address, leave: null })
    const [oldest = name] = this.#elsewhere.keys()
    if (this.#elsewhere.size > MAX_ELSEWHERE) this.#elsewhere.delete(oldest)
  }

  find(key: Buffer, agent: string): KnownSession | null {
    const name = nameOf(key, agent)
    return this.#sessions.get(name) ?? this.#elsewhere.get(name) ?? null
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
