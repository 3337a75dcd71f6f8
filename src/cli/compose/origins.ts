/** The way to origins, and what bounds it; and requests of our own on it. */

import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import type { SecureContext } from 'node:tls'
import { AuditLog } from '../../audit/log.ts'
import type { Operation, Settings } from '../../config/load.ts'
import { createEnforcer } from '../../enforce.ts'
import { type Meter, NO_DECODER, NO_LEDGER, NO_METER } from '../../ports.ts'
import { Budget } from '../../proxy/budget.ts'
import { DEFAULT_TIMEOUTS, Deadlines } from '../../proxy/deadlines.ts'
import { DEFAULT_LIMITS } from '../../proxy/limits/limits.ts'
import { OriginPool } from '../../proxy/origin/pool.ts'
import type { OwnContext } from '../../proxy/own-request.ts'
import { TlsSessions } from '../../tls/sessions.ts'
import { openTrust } from '../../tls/trust.ts'
import { composeEvaluation } from './evaluation.ts'
import { auditPath, clock, report, reportHealth } from './process.ts'

/** Ends with the stack. */
export function composeOrigins(
  stack: AsyncDisposableStack,
  operation: Operation,
  trust: SecureContext,
  meter: Meter,
) {
  // Times to wait, not times of day: a clock that is set must not end or prolong them.
  const deadlines = new Deadlines({ now: () => performance.now() })
  stack.defer(() => deadlines.close())
  // Who sets one idle time means both ends.
  const { idle: originIdle = DEFAULT_TIMEOUTS.originIdle } = operation.timeouts
  const timeouts = { ...DEFAULT_TIMEOUTS, originIdle, ...operation.timeouts }
  // Random for each process: seeing it in Via means that a request has been here.
  const pseudonym = `cordon-${randomBytes(6).toString('hex')}`
  const limits = { ...DEFAULT_LIMITS, ...operation.limits }
  const held = { used: 0, limit: limits.held }
  const sessions = new TlsSessions({ clock })
  const origins = new OriginPool({
    trust,
    sessions,
    deadlines,
    timeouts,
    pseudonym,
    held,
    limits,
    meter,
    report,
  })
  stack.defer(() => origins.close())
  const websocketBudget = new Budget(limits.websocketHeld)
  return { origins, sessions, deadlines, timeouts, pseudonym, limits, held, websocketBudget }
}

/** What it takes to send requests of our own, beside a running proxy or without one. */
export interface OwnRequests extends OwnContext, AsyncDisposable {}

export async function composeOwnRequests(settings: Settings): Promise<OwnRequests> {
  const { operation, policy } = settings
  await using stack = new AsyncDisposableStack()
  mkdirSync(operation.dataDir, { recursive: true, mode: 0o750 })
  const trust = await openTrust({ extraRoots: operation.extraRoots })
  const { resolver, locator } = stack.use(await composeEvaluation(() => settings))
  const audit = new AuditLog({ path: auditPath(operation), onHealth: reportHealth })
  stack.defer(() => audit.close())
  const { origins } = composeOrigins(stack, operation, trust, NO_METER)
  const ports = {
    clock,
    resolver,
    locator,
    decoder: NO_DECODER,
    audit,
    ledger: NO_LEDGER,
    meter: NO_METER,
    policy: () => policy,
    report,
  }
  const resources = stack.move()
  return {
    enforcer: createEnforcer(ports),
    origins,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}
