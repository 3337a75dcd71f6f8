/** What every connection of the proxy shares; put together in `cli/compose/`. */

import type { Enforcer } from '../enforce.ts'
import type { InspectorFor } from '../inspector.ts'
import type { IpAddress } from '../model/address.ts'
import type { Agent } from '../model/agent.ts'
import type { Authority } from '../model/authority.ts'
import type { Client, SocketEnd } from '../model/client.ts'
import type { Problem } from '../model/errors.ts'
import type { Mode } from '../model/flow.ts'
import type { Refusal } from '../model/refusal.ts'
import type { Meter, Ports } from '../ports.ts'
import type { Contexts } from '../tls/contexts.ts'
import type { Acceptance } from './acceptance.ts'
import type { Budget } from './budget.ts'
import type { Channel } from './channel.ts'
import type { Deadlines, Timeouts } from './deadlines.ts'
import type { HeldBytes } from './http2/connection.ts'
import type { Limits } from './limits/limits.ts'
import type { OriginPool } from './origin/pool.ts'
import type { PostgresqlMemory } from './postgresql/memory.ts'

/** A connection that can be asked to end. */
export interface Served {
  /** Ends it as soon as nothing is under way on it. */
  shutDown(): void
}

/** What a client asked for with CONNECT, on a connection or on a stream of one, or in another way, once its form is right and its caller known. */
export interface Tunnel {
  readonly mode: Exclude<Mode, 'absolute'>
  readonly authority: Authority
  readonly agent: Agent
  readonly credentials: string | null
  /** Where the client's own connection was going, where it was taken over on its way. */
  readonly original?: IpAddress | null
  /** The bytes inside, once established. Paused, and nobody else listens to it. */
  readonly socket: Channel
  /** What came right behind CONNECT; null for nothing. */
  readonly early: Buffer | null
  /** Says yes. */
  establish(): void
  /** Says no, and ends it. */
  refuse(refusal: Refusal): void
}

/** What is needed of `tls/contexts`, which says more. */
export type Leaves = Pick<Contexts, 'get' | 'refusal'>

export interface ProxyContext {
  readonly enforcer: Enforcer
  readonly policy: Ports['policy']
  /** Whether something of ours listens on that port. */
  isOwnPort(port: number): boolean
  readonly inspector: InspectorFor
  readonly meter: Meter
  /** Who is calling. @param credentials the value of Proxy-Authorization, null when there is none. Never rejects. */
  identify(credentials: string | null, client: Client): Agent | Problem | Promise<Agent | Problem>
  /** Whose process on this host is at the near end of a connection; null where nobody asks or knows. */
  localUserOf(near: SocketEnd, far: SocketEnd): number | null
  /** The same of who has sent a datagram. */
  localSenderOf(near: SocketEnd): number | null
  readonly origins: OriginPool
  /** Leaf certificates for hosts, as contexts for TLS with clients. */
  readonly leaves: Leaves
  /** The same for TLS to the proxy itself, where clients are asked for a certificate; null where they are not. */
  readonly askingLeaves: Leaves | null
  readonly acceptance: Acceptance
  readonly deadlines: Deadlines
  readonly timeouts: Timeouts
  readonly limits: Limits
  /** A connection was refused before it could ask for anything. Never throws. */
  turnedAway(client: IpAddress, problem: Problem): void
  readonly held: HeldBytes
  /** Of messages that have begun and not ended, or that wait for a slow reader: of WebSockets, and of PostgreSQL. */
  readonly websocketBudget: Budget
  readonly postgresql: PostgresqlMemory
  /** Our name in Via, random per process: seeing it in a request means the request has been here. */
  readonly pseudonym: string
  /** Every connection that serves requests adds itself here, tunnels' insides included. */
  readonly connections: Set<Served>
  report(where: string, error: unknown): void
}
