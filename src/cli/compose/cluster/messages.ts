/**
 * What the process that owns and those that serve say to each other besides rows of the log (see `audit/remote/`). Both are of one
 * version and one user, so what arrives is believed.
 */

import type { LoadOptions } from '../../../config/load.ts'
import type { Operation } from '../../../config/operation.ts'
import type { Snapshot } from '../../../config/source.ts'
import type { Kept } from '../../../inspect/operators/vault.ts'
import type { FlowId } from '../../../model/flow.ts'
import type { GrantId, HoldQuestion } from '../../../model/hold.ts'
import type { HoldAnswer, Whereto } from '../../../ports.ts'
import type { AcceptanceNews } from '../../../proxy/acceptance.ts'
import type { Usage } from '../../../proxy/limits/connections.ts'
import type { ToldSession } from '../../../proxy/postgresql/memory.ts'
import type { Pair } from '../../../tls/authority-pair.ts'
import type { Failure } from '../../program.ts'
import type { Bound, BoundTransparent } from '../traffic.ts'

/** Hosts that have contradicted what was concluded about them, and how. */
export type Contradictions = readonly (readonly [host: string, detail: string])[]

/** What a process needs to become like the others. */
export interface Start {
  readonly load: LoadOptions
  readonly snapshot: Snapshot
  /** Of the policy in it. */
  readonly digest: string
  /** What the proxy was started with; what the files say now needs a restart. */
  readonly operation: Operation
  readonly authority: { readonly path: string; readonly pem: Pair }
  readonly tickets: Uint8Array
  /** See `makePseudonym`. */
  readonly pseudonym: string
  readonly contradictions: Contradictions
  /** The console, if there is one: not a destination. */
  readonly console: { readonly address: string; readonly port: number } | null
}

/** What the desk says to a question; a lease is told of by the id of its grant, and that it has ended already by itself. */
export type HoldReply =
  | Exclude<HoldAnswer, { readonly kind: 'granted' }>
  | (Omit<HoldAnswer & { readonly kind: 'granted' }, 'lease'> & { readonly isOver: boolean })
  | { readonly kind: 'failed'; readonly isLog: boolean; readonly message: string }

export type ToWorker =
  | { readonly type: 'start'; readonly start: Start }
  /** A new policy: read it, say so, and wait. */
  | { readonly type: 'prepare'; readonly snapshot: Snapshot }
  /** From now on. */
  | { readonly type: 'commit'; readonly digest: string }
  | { readonly type: 'tickets'; readonly tickets: Uint8Array }
  | { readonly type: 'contradictions'; readonly contradictions: Contradictions }
  /** What the other processes have open. */
  | { readonly type: 'usage'; readonly usage: Usage }
  | { readonly type: 'metrics'; readonly id: number }
  | { readonly type: 'hold-answer'; readonly id: number; readonly reply: HoldReply }
  /** What others have issued. */
  | { readonly type: 'tokens'; readonly id: number; readonly kept: readonly Kept[] }
  /** All others have it. */
  | { readonly type: 'tokens-shared'; readonly id: number }
  /** A session of PostgreSQL in another process has begun, or ended. */
  | { readonly type: 'session'; readonly name: string; readonly session: ToldSession | null }
  /** What another process has seen of clients and certificates. */
  | { readonly type: 'acceptance'; readonly news: AcceptanceNews }
  /** What another process was answered by a name server. */
  | { readonly type: 'answer'; readonly name: string; readonly addresses: readonly string[] }
  /** Leave has ended before its time. */
  | { readonly type: 'lease-end'; readonly grant: GrantId }
  | { readonly type: 'close'; readonly grace: number }

export type FromWorker =
  /** Its event loop turns. */
  | { readonly type: 'beat' }
  | {
      readonly type: 'listening'
      readonly bound: Bound
      readonly transparent: BoundTransparent | null
      readonly dns: Bound | null
      readonly digest: string
    }
  /** It cannot start. */
  | { readonly type: 'failed'; readonly failure: Failure }
  | { readonly type: 'prepared'; readonly digest: string }
  | { readonly type: 'unprepared'; readonly message: string }
  | { readonly type: 'committed'; readonly digest: string }
  | { readonly type: 'usage'; readonly usage: Usage }
  | { readonly type: 'metrics'; readonly id: number; readonly metrics: readonly object[] }
  | {
      readonly type: 'hold-ask'
      readonly id: number
      readonly question: HoldQuestion
      readonly wait: number
      /** The client has left already. */
      readonly isGone: boolean
    }
  /** What was issued here. */
  | { readonly type: 'tokens'; readonly id: number; readonly kept: readonly Kept[] }
  | { readonly type: 'tokens-taken'; readonly id: number }
  /** The same of one here. */
  | { readonly type: 'session'; readonly name: string; readonly session: ToldSession | null }
  /** What was seen here. */
  | { readonly type: 'acceptance'; readonly news: AcceptanceNews }
  /** What was answered here. */
  | { readonly type: 'answer'; readonly name: string; readonly addresses: readonly string[] }
  /** The client has left. */
  | { readonly type: 'hold-gone'; readonly id: number }
  | {
      readonly type: 'contradicted'
      readonly host: string
      readonly flow: FlowId
      readonly detail: string
    }
  | { readonly type: 'saw'; readonly host: string; readonly traits: readonly string[] }
  | {
      readonly type: 'redirected'
      readonly from: FlowId
      readonly agent: string
      readonly to: Whereto
    }
