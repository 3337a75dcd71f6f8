/** What the parts of a pass share: the bytes of this call, and where they end. */

import type { Context, OpenSpan } from './scanner.ts'

export interface Bounds {
  bytes: Uint8Array
  /** Nothing at or behind it may be read. */
  limit: number
  /** Whether the text goes on behind `limit`. */
  more: boolean
  context: Context
  /** Another number for each call: what is remembered of one is nothing to the next. */
  scan: number
  /** Set by who found something without an end: it goes on from the end of what was found. */
  open: OpenSpan | null
  /** Set with NOT_YET: from where on nothing is decided. */
  held: number
}

/** Instead of a position: bytes that decide are not there yet. */
export const NOT_YET = -1
/** Instead of a position: nothing found. */
export const NOTHING = 0
