/**
 * Whether a table may take the place of the one in use. A table that lost much of itself, or went back in time, is more likely broken, cut or
 * forged than true; the one in use stays, and a person decides.
 */

import type { TableFacts } from './layout.ts'
import type { ParsedTable } from './table.ts'

/** More than a third gone is no ordinary week. */
const LEAST_SHARE = 2 / 3

/** @returns why not, null when it may. @param known the facts of the one in use, null when there is none */
export function findRegression(
  next: Pick<ParsedTable, 'asOf' | 'rows'>,
  known: Pick<TableFacts, 'asOf' | 'rows'> | null,
): string | null {
  if (!known) return null
  if (next.rows.length < known.rows * LEAST_SHARE) {
    return `it has ${next.rows.length} prefixes, the one in use has ${known.rows}`
  }
  if (next.asOf !== null && known.asOf !== null && next.asOf < known.asOf) {
    return `it is of ${next.asOf}, the one in use of ${known.asOf}`
  }
  return null
}
