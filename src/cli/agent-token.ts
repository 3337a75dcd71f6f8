/** Issuing and revoking agent tokens, with the row in the log that says so. */

import { mkdirSync } from 'node:fs'
import { userInfo } from 'node:os'
import { AuditLog } from '../audit/log.ts'
import type { Operation } from '../config/operation.ts'
import { issueToken, MAX_TTL_MS, openTokenKey, type TokenClaims } from '../identity/tokens.ts'
import { isAgentName, isReservedName } from '../model/agent.ts'
import type { AdminRecord } from '../model/audit-record.ts'
import { auditPath, clock } from './compose/process.ts'
import { CommandError, EXIT } from './output.ts'

/** @throws CommandError when name, group or time is not one. */
export async function issueAgentToken(operation: Operation, claims: TokenClaims): Promise<string> {
  for (const name of [claims.name, ...claims.groups]) checkName(name)
  if (claims.ttl > MAX_TTL_MS) {
    throw new CommandError(EXIT.invalid, 'a token lasts at most 30 days', 'use a shorter `--ttl`')
  }
  mkdirSync(operation.dataDir, { recursive: true, mode: 0o750 })
  const key = openTokenKey(operation.dataDir)
  const now = clock.now()
  const until = new Date(now + claims.ttl).toISOString()
  await recordAction(operation, 'token-issue', claims.name, `valid until ${until}`)
  return issueToken(key, claims, now)
}

/** @throws CommandError */
export function checkName(name: string): void {
  if (isAgentName(name) && !isReservedName(name)) return
  const hint = 'use letters, digits and . _ @ - , at most 64, beginning with a letter or digit'
  throw new CommandError(EXIT.invalid, `\`${name}\` cannot be the name of an agent or group`, hint)
}

/** Writes an admin action into the log; the action is taken only after that. The proxy may be running. */
export async function recordAction(
  operation: Operation,
  action: string,
  subject: string,
  detail: string,
): Promise<void> {
  mkdirSync(operation.dataDir, { recursive: true, mode: 0o750 })
  const log = new AuditLog({ path: auditPath(operation) })
  try {
    const record: AdminRecord = { at: clock.now(), actor: userName(), action, subject, detail }
    await log.note(record)
  } finally {
    await log.close()
  }
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // No entry in the user database, as in some containers.
    return `uid ${process.getuid?.() ?? '?'}`
  }
}
