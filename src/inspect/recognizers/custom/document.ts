/** What a customer adds to what is looked for, and what is left alone: plain data, as the configuration gives it. */

import type { DataClass } from '../../../model/finding.ts'

/** Words, names, code words: found in any case, as whole words. */
export interface TermList {
  /** Published name of the kind: kebab-case. */
  readonly type: string
  /** `personal` unless said. */
  readonly class?: DataClass
  readonly terms: readonly string[]
}

/** A regular expression, within what takes time in proportion to the text. */
export interface CustomPattern {
  readonly type: string
  readonly class?: DataClass
  readonly pattern: string
  readonly ignoreCase?: boolean
  /** Only where one of these is near, or in the name it stands under. */
  readonly near?: readonly string[]
}

/** Exact values that nobody can read from this: made by `hashDictionary`. */
export interface Dictionary {
  readonly type: string
  readonly class?: DataClass
  /** The first two characters of the values, in lower case. */
  readonly beginnings: readonly string[]
  /** Words of the longest value. */
  readonly words: number
  /** Keyed hashes of the values, base64url. */
  readonly hashes: readonly string[]
  /** Bits by a quicker keyed hash, base64url: most words are told by it. */
  readonly filter: string
}

export interface CustomDocument {
  readonly terms?: readonly TermList[]
  readonly patterns?: readonly CustomPattern[]
  readonly dictionaries?: readonly Dictionary[]
}

/** What is found and yet left alone. */
export interface AllowDocument {
  /** Values as they stand there; case and separators do not count. */
  readonly values?: readonly string[]
  /** `$.customer.ssn`, `$.messages[*].content`, `$.usage.*`, `$..id`. */
  readonly fields?: readonly string[]
}

/** What is wrong with a document, and where: `patterns[2].pattern`. */
export interface CustomProblem {
  readonly at: string
  readonly message: string
}
