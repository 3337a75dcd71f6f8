/**
 * What a policy says, as written: the shape of the YAML in DESIGN 2.4 after it was parsed and checked for form, before
 * `compile` gives it meaning. Plain data; names still refer to each other, patterns are still text.
 */

import type { DataClass, OnUnscannable, Operator } from '../model/finding.ts'
import type { Protocol } from '../model/flow.ts'
import type { Placement } from '../model/placement.ts'
import type { Action } from '../model/verdict.ts'

/** A list, or one value standing for a list of one. */
export type OneOrMany<T> = T | readonly T[]

export interface PolicyDocument {
  readonly zones?: Readonly<Record<string, readonly string[]>> | undefined
  readonly home?: OneOrMany<string> | undefined
  readonly agents?: readonly AgentEntry[] | undefined
  readonly destinations?: readonly DestinationEntry[] | undefined
  readonly placement?: Partial<Readonly<Record<Placement, Action>>> | undefined
  readonly rules?: readonly RuleEntry[] | undefined
  /** In general; how single calls are redacted is for rules. */
  readonly redaction?:
    | {
        readonly on_unscannable?:
          | {
              readonly out?: OnUnscannable['out'] | 'pass-and-record' | undefined
              readonly in?: OnUnscannable['in'] | 'pass-and-record' | undefined
            }
          | undefined
        readonly kinds?: readonly KindEntry[] | undefined
        /** Hosts that models are served at, besides those of the catalogue. */
        readonly models?: readonly string[] | undefined
        readonly allow?:
          | {
              readonly values?: readonly string[] | undefined
              readonly fields?: readonly string[] | undefined
            }
          | undefined
      }
    | undefined
  readonly reviewers?: readonly ReviewerEntry[] | undefined
  readonly hold?: HoldEntry | undefined
}

/** A kind of data of the operator's own, with one of `terms`, `pattern`, `values` and `fields`. */
export interface KindEntry {
  readonly id: string
  readonly class?: DataClass | undefined
  readonly terms?: readonly string[] | undefined
  readonly pattern?: string | undefined
  readonly ignore_case?: boolean | undefined
  readonly near?: readonly string[] | undefined
  /** A file with a value on each line. */
  readonly values?: string | undefined
  readonly fields?: readonly string[] | undefined
}

/** A person who may decide about what is held. */
export interface ReviewerEntry {
  readonly id: string
  readonly groups?: readonly string[] | undefined
}

/** How calls are held where no rule says otherwise, and what holds and grants may take. Times are milliseconds. */
export interface HoldEntry {
  readonly wait?: number | undefined
  readonly expires?: number | undefined
  /** Ids and groups of reviewers. */
  readonly reviewers?: OneOrMany<string> | undefined
  readonly quorum?: number | undefined
  readonly durable?: boolean | undefined
  readonly grant?:
    | { readonly default?: number | undefined; readonly max?: number | undefined }
    | undefined
  readonly preview?: boolean | undefined
  readonly max_pending?: number | undefined
  readonly max_pending_per_agent?: number | undefined
}

/** Who an agent is and what it may use. All conditions of `match` must hold; without `match` the token's subject is the id. */
export interface AgentEntry {
  readonly id: string
  readonly match?:
    | {
        readonly subject?: OneOrMany<string> | undefined
        readonly group?: OneOrMany<string> | undefined
        readonly source?: OneOrMany<string> | undefined
        /** Names of certificates of clients, or fingerprints: `sha256:` and hex. */
        readonly certificate?: OneOrMany<string> | undefined
        /** Numbers of users of this host, or ranges such as `2000-2999`. */
        readonly uid?: OneOrMany<number | string> | undefined
      }
    | undefined
  readonly groups?: readonly string[] | undefined
  readonly zones?: OneOrMany<string> | undefined
  /** Id of the reviewer who answers for it, and so may not decide about it. */
  readonly owner?: string | undefined
  readonly hold?: { readonly wait?: number | undefined } | undefined
}

/** The operator's own statement about a host or a prefix. */
export interface DestinationEntry {
  readonly host?: string | undefined
  readonly cidr?: string | undefined
  /** Where data sent there is processed. */
  readonly region?: OneOrMany<string> | undefined
  /** The zone calls to it are measured against, in place of `home`. */
  readonly allowed?: OneOrMany<string> | undefined
  readonly because?: string | undefined
  /** Last day on which it counts, `YYYY-MM-DD`, UTC. */
  readonly expires?: string | undefined
}

export interface RuleEntry {
  readonly id: string
  readonly because: string
  readonly when: WhenEntry
  /** Left out by a rule that only redacts. */
  readonly then?: Action | undefined
  readonly redact?: RedactEntry | undefined
  /** How it holds; of the keys only those of one call. */
  readonly hold?: RuleHoldEntry | undefined
  /** `observe`: what it would have done is recorded, and nothing else. */
  readonly mode?: 'enforce' | 'observe' | undefined
}

/** Kinds of data, or classes of them, that are taken out of what passes, and how. */
export interface RedactEntry {
  readonly out?: OneOrMany<string> | undefined
  readonly in?: OneOrMany<string> | undefined
  readonly with?: Operator['kind'] | undefined
  /** Letters and digits that `mask` leaves. */
  readonly keep?: number | undefined
}

export interface RuleHoldEntry
  extends Pick<HoldEntry, 'wait' | 'expires' | 'reviewers' | 'quorum' | 'durable'> {
  readonly on_expiry?: 'block' | undefined
}

/** All keys given must hold; within one key any value may. */
export interface WhenEntry {
  readonly placement?: OneOrMany<Placement> | undefined
  /** How the addresses lie to the zone, whatever happens behind them. */
  readonly transit?: OneOrMany<Placement> | undefined
  /** How the place lies in which the request creates a resource. */
  readonly creates?: OneOrMany<Placement> | undefined
  readonly zone?: OneOrMany<string> | undefined
  readonly host?: OneOrMany<string> | undefined
  readonly port?: OneOrMany<number> | undefined
  readonly scheme?: OneOrMany<'http' | 'https'> | undefined
  /** What is spoken on the connection. */
  readonly protocol?: OneOrMany<Protocol> | undefined
  /** What a statement of SQL does: a leading word, or two. */
  readonly statement?: OneOrMany<string> | undefined
  /** The same of a command, as of Redis. */
  readonly command?: OneOrMany<string> | undefined
  readonly method?: OneOrMany<string> | undefined
  readonly path?: OneOrMany<string> | undefined
  /** Kinds of data, or classes of them, that are in the request. */
  readonly data?: OneOrMany<string> | undefined
  /** What the connection is asked to become: the name in Upgrade, or `websocket`. */
  readonly upgrade?: OneOrMany<string> | undefined
  readonly agent?: OneOrMany<string> | undefined
  readonly group?: OneOrMany<string> | undefined
}

export function toList<T extends string | number>(value: OneOrMany<T> | undefined): readonly T[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value as T]
}
