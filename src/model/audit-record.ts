/**
 * What is written down. A flow is two rows: the decision, committed before any byte leaves, and the outcome at
 * its end. Names follow the published `flows` view. No payload, no query string, no credential is ever a field.
 */

import type { Authority } from './authority.ts'
import type { Destination } from './destination.ts'
import type { Redaction } from './finding.ts'
import type { Flow, FlowId, Inspection, Statement } from './flow.ts'
import type { GrantId, HoldId } from './hold.ts'
import type { Action, Verdict } from './verdict.ts'

/** What is the same for every request of one caller to one destination under one verdict; stored once. */
export interface DecisionContext {
  readonly flow: Flow
  /** Null when the request was refused before it named a usable destination. */
  readonly authority: Authority | null
  /** Null when the destination was never looked up. */
  readonly destination: Pick<Destination, 'regions' | 'evidence'> | null
  readonly verdict: Pick<Verdict, 'action' | 'code' | 'placement' | 'rule' | 'because' | 'reason'>
  /** Hex SHA-256 of the policy in force. */
  readonly policyDigest: string
  /** False when the policy is only observed: the action is recorded, not carried out. */
  readonly enforced: boolean
  /** The hold it waited under, or whose grant it used; null for a call that asked nobody. */
  readonly hold: HoldNote | null
  /** What would have become of it, had what asks for that not only been observed; null when nothing else. */
  readonly would: Exclude<Action, 'allow'> | null
}

/** Whose leave a call had, or did not get. */
export interface HoldNote {
  readonly id: HoldId
  /** The grant that let it through; null for a call that was refused. */
  readonly grant: GrantId | null
  /** Who gave the grant; none where there is none. */
  readonly approvers: readonly string[]
}

export interface DecisionRecord {
  /** Shared by identity between records: the writer keeps what it already stored. */
  readonly context: DecisionContext
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly method: string | null
  readonly path: string | null
  readonly protocol: string
  /** Left out for what is no statement. */
  readonly statement?: StatementNote
  /** Set when the flow ends with its decision, because nothing is sent. */
  readonly ending: Ending | null
}

/** What of a statement is written down. */
export interface StatementNote extends Statement {
  /** As rules name them, sorted. */
  readonly kinds: readonly string[]
}

/** How a flow ended. `open` is not written: it is a decision without an outcome. */
export type Outcome = 'forwarded' | 'blocked' | 'denied' | 'expired' | 'cancelled' | 'failed'

export interface Ending {
  readonly outcome: Outcome
  /** The status the client got; null when it got none. */
  readonly status: number | null
  /** The address that was connected to; null when none was. */
  readonly dialedIp: string | null
  /** Bytes sent to and received from the destination: heads and bodies as HTTP, without TLS. */
  readonly bytesOut: number
  readonly bytesIn: number
  /** The code of what went wrong or was refused; null for a clean end. */
  readonly error: string | null
  /** What was taken out; left out for nothing. */
  readonly redactions?: readonly Redaction[]
  /** Set where more was seen of it than its flow says. */
  readonly inspection?: Inspection
  /** Of a statement; left out for what is none. */
  readonly repeated?: Repeated
}

/** The same statement is one flow, however often it comes on its connection. */
export interface Repeated {
  /** How often it was sent. */
  readonly times: number
  /** Rows that were answered. */
  readonly rows: number
}

export interface OutcomeRecord {
  readonly flow: FlowId
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly ending: Ending
}

/** Something an operator or Cordon itself did that changes what is enforced. */
export interface AdminRecord {
  readonly at: number
  /** Who did it: `cordon` for the running proxy, else the operating system user of the command. */
  readonly actor: string
  /** e.g. `start`, `stop`, `policy-reload`, `token-issue`, `token-revoke`, `ca-create`, `ca-rotate`. */
  readonly action: string
  /** What it was done to; one line, no secret. */
  readonly subject: string
  readonly detail: string
}
