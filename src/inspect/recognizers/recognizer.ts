/**
 * The noun `Recognizer`: one kind of personal data or secret, by its form, what makes it certain, and the words that go with it. The
 * scanner compiles all of them into one pass; so a recogniser says what it looks like in one of a few shapes, and never searches itself.
 *
 * Everything here is called on every candidate in the traffic: no allocation, no regular expression, no exception, under 50 ns.
 */

import type { DataClass, Readiness } from '../../model/finding.ts'

export interface Recognizer {
  /** Published: kebab-case, countries in front as in `de-tax-id`. */
  readonly type: string
  readonly class: DataClass
  /**
   * By itself (`on`), only near one of `words` or under a name that has one (`context`), or only where asked for (`off`). A shape may
   * differ: dashes make a number rare enough to be `on` where the bare digits are not.
   */
  readonly readiness: Readiness
  /**
   * Lower-case words and phrases (`social security`): ASCII, which `inSpellings` makes of accents, or another script. They are looked for in the name the text stands under, split at case, digits,
   * `_`, `-` and `.`, and close by in the text. A phrase is also found written together. Say `ssn`, not `ssns`: a plural s is added.
   */
  readonly words: readonly string[]
  readonly shapes: readonly Shape[]
  /** What makes it certain, in a few words for the table in docs/redaction.md: `mod 97-10, length by country`. */
  readonly basis: string
}

export type Shape = PatternShape | PrefixShape | AnchorShape | KeyShape

/**
 * Letters and digits of known lengths, perhaps in groups: `999-99-9999`, `AA99 XXXX XXXX XXXX XX`, `99999999999`.
 * Stands alone: what is before and behind it is no letter or digit, and it is no piece of a longer dashed or dotted thing, number or hash.
 */
export interface PatternShape {
  readonly kind: 'pattern'
  /**
   * `9` a digit, `A` an upper-case letter, `a` a letter, `X` an upper-case letter or digit, `x` a letter or digit. Between groups one of blank, `-`, `.`, `/`, `_`:
   * `999.999.999-99`. At most 16 groups, 64 characters. A letter that must be just that one is up to `valid`.
   */
  readonly layouts: readonly string[]
  /** Instead of the recogniser's. */
  readonly readiness?: Readiness
  /** @param text ASCII as written but for the separators, in 0…length; behind that is rubbish */
  readonly valid?: (text: Uint8Array, length: number) => boolean
}

/** What begins with one of some literals: `ghp_`, `AKIA`, `sk-ant-`. */
export interface PrefixShape {
  readonly kind: 'prefix'
  /** Case-sensitive, two bytes or more. The byte before is no letter or digit (where the literal begins with one). */
  readonly prefixes: readonly string[]
  /** What follows: ranges as between the brackets of a regular expression: `A-Za-z0-9_-`. */
  readonly alphabet: string
  /** How many of the alphabet follow the prefix; more than `max` is no match. */
  readonly min: number
  readonly max: number
  readonly readiness?: Readiness
  /** @param start of the prefix  @param end behind the last of the alphabet */
  readonly valid?: (bytes: Uint8Array, start: number, end: number) => boolean
}

/** Something around a literal that nothing else has: `@`, `-----BEGIN `, `://`. */
export interface AnchorShape {
  readonly kind: 'anchor'
  /** Case-sensitive. One that begins with a letter or digit is found only where the byte before is none. */
  readonly literal: string
  /** What has to follow it, ranges as in `PrefixShape`: where something else does, `extent` is not asked. Anything unless said. */
  readonly next?: string
  readonly readiness?: Readiness
  /** How far left of the literal it may begin: so much is held back in streams. 0 unless said. */
  readonly reach?: number
  /** What it may reach over, ranges as in `PrefixShape`: only a run of these is held back. Any bytes unless said. */
  readonly before?: string
  /**
   * Finds what the literal at `at` belongs to. It must read no byte left of `floor` (nor more than `reach` left of `at`), none at or behind
   * `limit`, and each at most a few times. Sets `out.start` and `out.end` as if the text ended at `limit` (both the same: nothing here), and `out.reached`
   * where more bytes might have changed that.
   */
  readonly extent: (
    bytes: Uint8Array,
    at: number,
    floor: number,
    limit: number,
    out: Extent,
  ) => void
  /** What an endless one goes on with (ranges as in `PrefixShape`): it is eaten as long as that lasts. Without it: to the next blank. */
  readonly rest?: string
}

export interface Extent {
  start: number
  end: number
  reached: boolean
}

/** Any value under a name that ends with one of these: `user_password`, `firstName`; not `password_length`. */
export interface KeyShape {
  readonly kind: 'key'
  /** Words and phrases as in `words`. Trailing digits of a name do not count: `address_2`. */
  readonly keys: readonly string[]
  /** The name has to be one of `keys` and nothing else. */
  readonly whole?: boolean
  /** Also as `name=value` and `name: value` inside of a text: up to a blank, or to the end of the line. */
  readonly loose?: 'word' | 'line'
  /** Of a line the part that is one; `start` for nothing. All of it unless said. */
  readonly endOf?: (bytes: Uint8Array, start: number, end: number) => number
  readonly readiness?: Readiness
  /** @param start, end the value without quotes and outer blanks; never empty */
  readonly valid?: (bytes: Uint8Array, start: number, end: number) => boolean
}
