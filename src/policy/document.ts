/**
 * What a policy says, as written: the shape of the YAML in DESIGN 2.4 after it was parsed and checked for form, before
 * `compile` gives it meaning. Plain data; names still refer to each other, patterns are still text.
 */

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
}

/** Who an agent is and what it may use. All conditions of `match` must hold; without `match` the token's subject is the id. */
export interface AgentEntry {
  readonly id: string
  readonly match?:
    | {
        readonly subject?: OneOrMany<string> | undefined
        readonly group?: OneOrMany<string> | undefined
        readonly source?: OneOrMany<string> | undefined
      }
    | undefined
  readonly groups?: readonly string[] | undefined
  readonly zones?: OneOrMany<string> | undefined
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
  readonly then: Action
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
  readonly method?: OneOrMany<string> | undefined
  readonly path?: OneOrMany<string> | undefined
  /** What the connection is asked to become: the name in Upgrade, or `websocket`. */
  readonly upgrade?: OneOrMany<string> | undefined
  readonly agent?: OneOrMany<string> | undefined
  readonly group?: OneOrMany<string> | undefined
}

export function toList<T extends string | number>(value: OneOrMany<T> | undefined): readonly T[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value as T]
}
