/**
 * What is kept of what was taken out of a flow: so many places, and the rest of them together. Whoever writes a body decides how many
 * places it has and what they are called; neither may fill the log, or what waits to be written.
 */

import type { Ending } from '../model/audit-record.ts'
import type { Redaction } from '../model/finding.ts'

/** Rows of one flow. */
const MAX_ROWS = 200
/** Characters of a path. */
const MAX_PATH = 200
/** All the places, or kinds, that have no row of their own. */
const REST = '…'

/** The same ending with no more redactions than are kept; itself where there are none. */
export function withKeptRedactions(ending: Ending): Ending {
  const { redactions } = ending
  if (redactions === undefined) return ending
  return { ...ending, redactions: toKeptRedactions(redactions) }
}

/** Every count is in one of the rows, with its direction and, unless there are more kinds than rows, its type. */
export function toKeptRedactions(redactions: readonly Redaction[]): readonly Redaction[] {
  const placed = sumUp(redactions.map((one) => ({ ...one, path: toKeptPath(one.path) })))
  const some = joinBeyond(placed, (one) => ({ ...one, path: REST }))
  return joinBeyond(some, (one) => ({ ...one, type: REST, path: REST }))
}

function toKeptPath(path: string): string {
  return path.length > MAX_PATH ? `${path.slice(0, MAX_PATH - 1)}${REST}` : path
}

/** As many rows as there are, or so many that there is room for the others as they are joined. */
function joinBeyond(
  rows: readonly Redaction[],
  join: (row: Redaction) => Redaction,
): readonly Redaction[] {
  if (rows.length <= MAX_ROWS) return rows
  const room = Math.max(0, MAX_ROWS - sumUp(rows.map(join)).length)
  return [...rows.slice(0, room), ...sumUp(rows.slice(room).map(join))]
}

/** One row for what differs in nothing but its count. */
function sumUp(rows: readonly Redaction[]): readonly Redaction[] {
  const sums = new Map<string, Redaction>()
  for (const row of rows) {
    const key = JSON.stringify([row.direction, row.type, row.path])
    const known = sums.get(key)
    sums.set(key, known ? { ...known, count: known.count + row.count } : row)
  }
  return [...sums.values()]
}
