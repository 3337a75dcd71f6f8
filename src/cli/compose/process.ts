/** What every part of a process shares: its clock, where its log is, and its voice for what should not have happened. */

import { join } from 'node:path'
import type { Operation } from '../../config/operation.ts'
import type { Clock } from '../../ports.ts'
import { say } from '../output.ts'

export const clock: Clock = { now: () => Date.now() }

export function auditPath({ dataDir }: Pick<Operation, 'dataDir'>): string {
  return join(dataDir, 'audit.db')
}

export function reportHealth(problem: string | null): void {
  if (problem) say(`error: the audit log cannot be written, nothing passes: ${problem}`)
  else say('the audit log works again')
}

/** What should not have happened goes to the operator, never to a client. */
export function report(where: string, error: unknown): void {
  say(`error: ${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
}
