/** The way to origins, and what bounds it; and requests of our own on it. */

import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { AuditLog } from '../../audit/log.ts'
import type { Settings } from '../../config/load.ts'
import type { Operation } from '../../config/operation.ts'
import { createEnforcer, type Enforcer } from '../../enforce.ts'
import { NO_INSPECTOR } from '../../inspector.ts'
import { compileHostPattern } from '../../policy/pattern.ts'
import { type Meter, NO_DECODER, NO_HOLDS, NO_LEDGER, NO_METER, NO_OUTLINE } from '../../ports.ts'
import { Budget } from '../../proxy/budget.ts'
import { DEFAULT_TIMEOUTS, Deadlines } from '../../proxy/deadlines.ts'
import { DEFAULT_LIMITS } from '../../proxy/limits/limits.ts'
import { OriginPool } from '../../proxy/origin/pool.ts'
import type { OwnContext } from '../../proxy/own-request.ts'
import { OriginContexts } from '../../tls/origin-contexts.ts'
import { TlsSessions } from '../../tls/sessions.ts'
import { readAllRoots, toTrust } from '../../tls/trust.ts'
import { say } from '../output.ts'
import { openUpstreamProxy } from '../upstream-proxy.ts'
import { composeEvaluation } from './evaluation.ts'
import { auditPath, clock, report, reportHealth } from './process.ts'

/** How often it is looked whether files for TLS with origins have changed, in milliseconds. */
const FILES_MS = 2_000

/** Whom to believe, and what to show, where. @throws TlsFileError */
export async function openOriginContexts(operation: Operation): Promise<OriginContexts> {
  const roots = await readAllRoots(operation)
  const files = operation.origins.map(({ host, ...named }) => {
    const pattern = compileHostPattern(host)
    if ('fault' in pattern) throw new Error(pattern.fault)
    return { ...named, pattern: pattern.value }
  })
  const warn = (text: string) => say(`warning: ${text}`)
  return OriginContexts.open({ files, roots, trust: toTrust(roots), clock, warn })
}

/** Ends with the stack. @param tell says that one has changed */
export function watchOriginFiles(
  stack: AsyncDisposableStack,
  contexts: OriginContexts,
  tell: (sentence: string) => void,
): void {
  let looking = false
  const timer = setInterval(async () => {
    if (looking) return
    looking = true
    for (const sentence of await contexts.renew()) tell(sentence)
    looking = false
  }, FILES_MS)
  timer.unref()
  stack.defer(() => clearInterval(timer))
}

/** What a proxy is called in Via. Random: seeing it there means that a request has been here. All processes of one proxy have the same. */
export function makePseudonym(): string {
  return `cordon-${randomBytes(6).toString('hex')}`
}

/** Ends with the stack. */
export function composeOrigins(
  stack: AsyncDisposableStack,
  operation: Operation,
  contexts: OriginContexts,
  meter: Meter,
  enforcer: Enforcer,
  pseudonym: string = makePseudonym(),
) {
  // Times to wait, not times of day: a clock that is set must not end or prolong them.
  const deadlines = new Deadlines({ now: () => performance.now() }, report)
  stack.defer(() => deadlines.close())
  // Who sets one idle time means both ends.
  const { idle: originIdle = DEFAULT_TIMEOUTS.originIdle } = operation.timeouts
  const timeouts = { ...DEFAULT_TIMEOUTS, originIdle, ...operation.timeouts }
  const limits = { ...DEFAULT_LIMITS, ...operation.limits }
  const held = { used: 0, limit: limits.held }
  const sessions = new TlsSessions({ clock })
  const origins = new OriginPool({
    contexts,
    sessions,
    upstreamProxy: openUpstreamProxy(operation.upstreamProxy, { enforcer, contexts, sessions }),
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
  const contexts = await openOriginContexts(operation)
  const { resolver, locator } = stack.use(await composeEvaluation(() => settings))
  const audit = new AuditLog({ path: auditPath(operation), onHealth: reportHealth })
  stack.defer(() => audit.close())
  const ports = {
    clock,
    resolver,
    locator,
    decoder: NO_DECODER,
    outline: NO_OUTLINE,
    inspector: NO_INSPECTOR,
    holds: NO_HOLDS,
    audit,
    ledger: NO_LEDGER,
    meter: NO_METER,
    policy: () => policy,
    report,
  }
  const enforcer = createEnforcer(ports)
  const { origins } = composeOrigins(stack, operation, contexts, NO_METER, enforcer)
  const resources = stack.move()
  return {
    enforcer,
    origins,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}
