/**
 * What a proxy that starts has to know of earlier holds and grants: all events of those that go on, or that have ended a short while ago. An
 * index by deadline finds them; what has ended long ago is not read, however much of it there is.
 */

import type { HoldEvent } from '../model/hold.ts'
import { type AuditDatabase, AuditError } from './database.ts'
import { type HoldEventRow, parseHoldEvent } from './hold-events.ts'
import { Misfit } from './shape.ts'

/** How long ended ones are remembered, in milliseconds: retries still get their answer. */
export const REMEMBERED_MS = 24 * 3_600_000

/**
 * Oldest first. The connection may be written to meanwhile; what is added then is not among them.
 *
 * @param now milliseconds since the epoch; no earlier than `lastAt`
 * @throws AuditError at a row that does not say what it should
 */
export function* readHoldEvents(db: AuditDatabase, now: number): Generator<HoldEvent> {
  // While it runs, a proxy writes down what ends by time. What ended while it did not run has its deadline after the last event.
  const last = (db.prepare(LAST_EVENT).pluck().get() as number | undefined) ?? now
  const recent = now - REMEMBERED_MS
  const from = Math.min(now, last) - REMEMBERED_MS
  const numbers = db.prepare(LIVING).pluck().all({ from, recent }) as number[]
  const find = db.prepare('SELECT * FROM hold_events WHERE seq = ?')
  for (const seq of numbers) yield parse(db, find.get(seq) as HoldEventRow, seq)
}

/**
 * The latest time in the log, in milliseconds since the epoch: among the last 100,000 rows of each table, of which the latest is not always
 * the last where a clock was set back. 0 for an empty log.
 */
export function lastAt(db: AuditDatabase): number {
  return db.prepare(LAST_AT).pluck().get() as number
}

function parse(db: AuditDatabase, row: HoldEventRow, seq: number): HoldEvent {
  try {
    return parseHoldEvent(row)
  } catch (error) {
    if (!(error instanceof Misfit)) throw error
    const what = `row ${seq} of \`hold_events\` is not what cordon writes: ${error.message}`
    const hint =
      'look what `cordon audit verify` says; a newer version of cordon may have written it'
    throw new AuditError(db.name, what, hint)
  }
}

const LAST_EVENT = 'SELECT at FROM hold_events ORDER BY seq DESC LIMIT 1'

/** The expression is that of the index `hold_deadlines`. */
const LIVING = `
  WITH near AS (
    SELECT DISTINCT hold AS id FROM hold_events INDEXED BY hold_deadlines
    WHERE kind IN ('opened', 'approved')
      AND coalesce(json_extract(detail, '$.grant.expiresAt'), json_extract(detail, '$.expiresAt')) >= @from
  )
  SELECT seq FROM hold_events WHERE hold IN (
    SELECT id FROM near
    WHERE NOT EXISTS (
      SELECT 1 FROM hold_events
      WHERE hold = id AND kind IN ('denied', 'expired', 'cancelled', 'revoked', 'grant-expired') AND at < @recent
    ) AND NOT EXISTS (
      SELECT 1 FROM hold_events AS given
      WHERE hold = id AND kind = 'approved' AND at < @recent AND json_extract(detail, '$.grant.uses') <= (
        SELECT count(*) FROM hold_events WHERE hold = id AND kind = 'used' AND at < @recent
      )
    )
  ) ORDER BY seq`

const LAST_AT = `
  SELECT max(
    (SELECT coalesce(max(at), 0) FROM (SELECT at FROM decisions ORDER BY seq DESC LIMIT 100000)),
    (SELECT coalesce(max(at), 0) FROM (SELECT at FROM outcomes ORDER BY flow DESC LIMIT 100000)),
    (SELECT coalesce(max(at), 0) FROM (SELECT at FROM admin ORDER BY seq DESC LIMIT 100000)),
    (SELECT coalesce(max(at), 0) FROM (SELECT at FROM hold_events ORDER BY seq DESC LIMIT 100000))
  )`
