/**
 * What the formats of bodies have in common: each reads a text that comes in pieces, and says what of it is to be replaced, in positions of
 * that text. A text within a text has positions of its own, and whoever holds it knows what they are outside; so formats nest.
 *
 * INVARIANT: what is replaced does not depend on where the pieces end.
 */

import type { Context, Scanner } from '../scan/scanner.ts'
import type { Findings } from './findings.ts'

/** @returns what takes its place, as it would be written in a plain text; the format writes it in its own way. Null: it stays, and does not count */
export type Replace = (type: string, value: Buffer, place: Place) => Buffer | null

/** What a text is within the body. */
export type Kind = 'text' | 'number' | 'key'

/** Where a text stands. */
export interface Place {
  /** Keys such as `$.messages[].content`, the name of a field, or `body`; no data. */
  readonly path: string
  /** The nearest name: a key, a field, a tag, the head of a column; empty for none. */
  readonly key: string
  readonly kind: Kind
  /** What the scanner makes of the key. */
  readonly context: Context
}

export interface RedactLimits {
  /** Texts in texts: JSON in strings of JSON. */
  readonly depth: number
  /** Bytes of an event, a line or a frame that is looked at as a whole; larger ones are looked at as text. */
  readonly event: number
  /** Bytes of events that wait for the rest of a text. */
  readonly held: number
}

export const REDACT_LIMITS: RedactLimits = {
  depth: 12,
  event: 4 * 1024 * 1024,
  held: 8 * 1024 * 1024,
}

/**
 * What becomes of what APIs of models seal (see `llm/opaque`), which anybody may write anywhere: it is read like all else, or left as it is
 * where the other side is known to have such an API. `left-in-answers` leaves thoughts as well whose signature has not come yet.
 */
export type Sealed = 'read' | 'left' | 'left-in-answers'

/** What is the same for all readers of one body. */
export interface Job {
  readonly scan: Scanner
  readonly replace: Replace
  readonly limits: RedactLimits
  readonly findings: Findings
  readonly sealed: Sealed
}

/** Replaces what stands from `start` to `end`; in order, none over another, and none before what was decided. */
export type Patch = (start: number, end: number, by: Buffer) => void

export interface Reader {
  /** All before it is decided. */
  readonly decided: number
  push(bytes: Buffer): void
  /** Decides as much as it can now, also where it would rather wait for more to do it at once. */
  settle(): void
  /** That was all of the text; all of it is decided then. */
  end(): void
}
