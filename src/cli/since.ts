/** A time in the past as commands take it: how long ago, or a date. */

import { parseDuration } from '../config/duration.ts'
import { clock } from './compose/process.ts'
import { CommandError, EXIT } from './output.ts'

/** @returns ISO 8601. @throws CommandError */
export function toSince(text: string): string {
  const length = parseDuration(text)
  const at = new Date(length === null ? Date.parse(text) : clock.now() - length)
  if (Number.isNaN(at.getTime())) {
    throw new CommandError(EXIT.invalid, `\`${text}\` is not a time`, 'write 2h, 7d or 2026-11-20')
  }
  return at.toISOString()
}
