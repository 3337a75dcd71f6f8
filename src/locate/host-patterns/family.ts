/** How host patterns are written down: names that mean the same kind of thing, under suffixes that one provider owns. */

export interface HostFamily {
  /** Whose regions `{region}` names; for the others, whose the names are. */
  readonly provider: string
  /** Region names that can stand there; without it, all of the provider. Partitions of a cloud differ here. */
  readonly partition?: RegExp
  /** For names written with hyphens that the provider itself does not write (`west-europe`). */
  readonly hyphens?: 'dropped'
  /** Templates with `{region}` in a place that nobody but the provider can write to. */
  readonly region?: readonly string[]
  /** No region in the name, and served from or for any of them. */
  readonly anywhere?: readonly string[]
  /** No region in the name because the account has one; the address it resolves to is in that region. */
  readonly silent?: readonly string[]
  /** Fronts whose address is wherever the network leads. */
  readonly edge?: readonly string[]
}
