/** What a customer adds to what is looked for, and what is left alone: plain data, as the configuration gives it. */

import type { DataClass } from '../../../model/finding.ts'

/** A kind of the customer's own: with one of `terms`, `pattern`, `dictionary` and `fields`. */
export interface OwnKind {
  /** Published name: kebab-case. */
  readonly type: string
  /** `personal` unless said. */
  readonly class?: DataClass | undefined
  /** Words, names, code words: found in any case, as whole words. */
  readonly terms?: readonly string[] | undefined
  /** A regular expression, within what takes time in proportion to the text. */
  readonly pattern?: string | undefined
  readonly ignoreCase?: boolean | undefined
  /** The pattern only where one of these is near, or in the name it stands under. */
  readonly near?: readonly string[] | undefined
  readonly dictionary?: Dictionary | undefined
  /** Whatever stands there: `$.customer.ssn`, `query.ssn`. */
  readonly fields?: readonly string[] | undefined
}

/** Exact values that nobody can read from this: made by `hashDictionary`. */
export interface Dictionary {
  /** The first two characters of the values, in lower case. */
  readonly beginnings: readonly string[]
  /** Words of the longest value. */
  readonly words: number
  /** Keyed hashes of the values, base64url. */
  readonly hashes: readonly string[]
  /** Bits by a quicker keyed hash, base64url: most words are told by it. */
  readonly filter: string
}

/** What is found and yet left alone. */
export interface AllowDocument {
  /** Values as they stand there; case and separators do not count. */
  readonly values?: readonly string[] | undefined
  /** `$.customer.ssn`, `$.messages[*].content`, `$.usage.*`, `$..id`. */
  readonly fields?: readonly string[] | undefined
}

/** What is wrong, and where: the keys that lead there from `kinds` or `allow`. */
export interface CustomProblem {
  readonly path: readonly (string | number)[]
  readonly message: string
}
