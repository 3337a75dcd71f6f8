/** Holds and grants as the log has them, for when nobody can be asked: no proxy runs, or there is no token. */

import { existsSync } from 'node:fs'
import { AuditReader } from '../../audit/read.ts'
import type { GrantRow, HoldRow } from '../../console/api/rows.ts'
import type { GrantState, HoldState } from '../../model/hold.ts'
import { auditPath, clock } from '../compose/process.ts'
import { say } from '../output.ts'
import { load } from '../settings.ts'
import { type ApiOptions, findApi, hasToken } from './find-api.ts'

/** Whether there is nobody to ask; says so. */
export function readsLog(options: ApiOptions): boolean {
  if (findApi(options) === null) {
    say('no proxy runs with this data directory: this is what its log says')
    return true
  }
  if (hasToken(options) || options.api !== undefined) return false
  say('there is no token, so this is what the log says; `cordon reviewers token NAME` issues one')
  return true
}

/** @param state null for any. @returns the newest, oldest first; nothing where there is no log yet. @throws AuditError */
export function holdsOfLog(
  options: ApiOptions,
  state: HoldState | null,
  limit: number,
): readonly HoldRow[] {
  const rows = readLog(options, (reader) => reader.holds({ state: state ?? undefined }, limit))
  return rows.map((row) => ({ ...row, seconds_left: secondsLeft(row, 'pending') }))
}

/** @param state null for any. @throws AuditError */
export function grantsOfLog(
  options: ApiOptions,
  state: GrantState | null,
  limit: number,
): readonly GrantRow[] {
  const rows = readLog(options, (reader) => reader.grants({ state: state ?? undefined }, limit))
  return rows.map((row) => ({ ...row, seconds_left: secondsLeft(row, 'active') }))
}

function readLog<T>(options: ApiOptions, read: (reader: AuditReader) => readonly T[]) {
  const path = auditPath(load(options).operation)
  if (!existsSync(path)) return []
  using reader = new AuditReader(path)
  return read(reader)
}

function secondsLeft(
  { state, expires_at }: { readonly state: string; readonly expires_at: string },
  live: string,
): number {
  return state === live ? Math.max(0, Math.ceil((Date.parse(expires_at) - clock.now()) / 1_000)) : 0
}
