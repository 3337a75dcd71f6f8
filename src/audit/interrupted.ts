/** Flows that an earlier proxy left open: its end was not written down, so nobody knows what became of them. */

import type { DecisionContext } from '../model/audit-record.ts'
import type { FlowId } from '../model/flow.ts'
import type { Appender } from './appender.ts'
import type { AuditDatabase } from './database.ts'

/** A flow whose process is gone, as it is counted. */
export type InterruptedFlow = Pick<DecisionContext['verdict'], 'placement' | 'action'>

/** Its end. */
export const INTERRUPTED_ENDING = {
  outcome: 'failed',
  status: null,
  dialedIp: null,
  bytesOut: 0,
  bytesIn: 0,
  error: 'interrupted',
} as const

/** Gives them their end. @returns which there were */
export function closeInterrupted(
  db: AuditDatabase,
  appender: Appender,
  now: number,
): readonly InterruptedFlow[] {
  const flows = db.prepare(INTERRUPTED).all() as (InterruptedFlow & { seq: FlowId })[]
  appender.commit(() => {
    for (const { seq } of flows)
      appender.outcome({ flow: seq, at: now, ending: INTERRUPTED_ENDING })
  })
  return flows
}

/** Decisions of the last run without an outcome: earlier runs were closed when that one started. */
const INTERRUPTED = `
  SELECT seq, placement, action FROM decisions JOIN contexts ON contexts.id = decisions.context
  WHERE seq > coalesce((SELECT max(seq) FROM admin WHERE action = 'start'), 0)
    AND NOT EXISTS (SELECT 1 FROM outcomes WHERE flow = decisions.seq)`
