/** What is found in bodies, URLs and fields: kinds and places of personal data and secrets. Never the data itself. */

/** What a policy can say something about as a whole. */
export type DataClass = 'personal' | 'special' | 'payment' | 'secret'

export const DATA_CLASSES: readonly DataClass[] = ['personal', 'special', 'payment', 'secret']

/**
 * Whether a kind is found by itself, only where something says that it is one (the name of a field, a word nearby), or only where the
 * policy asks for it. Follows from how much of random text has its form: see docs/redaction.md.
 */
export type Readiness = 'on' | 'context' | 'off'

/** What is known of a kind. */
export interface Kind {
  readonly class: DataClass
  readonly readiness: Readiness
}

/** Something found in a text. */
export interface Span {
  /** Of its first byte, and behind its last, in what was scanned. */
  readonly start: number
  readonly end: number
  /** The published name of the kind, e.g. `iban`. */
  readonly type: string
}

/** What becomes of what is found. */
export type Operator =
  /** Every letter and digit but the last `keep` becomes `*`. */
  | { readonly kind: 'mask'; readonly keep: number }
  /** `[IBAN]` */
  | { readonly kind: 'label' }
  | { readonly kind: 'remove' }
  /** A keyed hash: equal values stay equal, and nobody can find out which. */
  | { readonly kind: 'hash' }
  /** Of the same form, out of a range that belongs to nobody. */
  | { readonly kind: 'surrogate' }
  /** `PII_EMAIL_7Q3K`: restored in answers to the same agent. Not for secrets. */
  | { readonly kind: 'token' }

export type Direction = 'out' | 'in'

/** What was done to one flow, for the log: how often, of which kind, where. */
export interface Redaction {
  readonly direction: Direction
  readonly type: string
  /** Where it stood: a path of keys such as `$.messages[].content`, the name of a field or parameter, or `body`; no data. */
  readonly path: string
  readonly count: number
}

/** What of a call is redacted, by kind, and how. */
export interface RedactionPlan {
  readonly out: ReadonlyMap<string, Operator>
  readonly in: ReadonlyMap<string, Operator>
  /** Kinds that rules name themselves for requests, rather than their class. */
  readonly named: ReadonlySet<string>
}

/** What becomes of bodies that a rule takes data out of, and that cannot be read. */
export interface OnUnscannable {
  readonly out: 'block' | 'hold' | 'pass'
  /** Nobody can be asked about an answer. */
  readonly in: 'block' | 'pass'
}
