/**
 * Where the parts meet, and the only such place: settings in, a bare evaluator or a running proxy out. Nothing is decided here.
 */

import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { SecureContext } from 'node:tls'
import { holdLock } from '../audit/database.ts'
import { HostLedger } from '../audit/ledger.ts'
import { AuditLog } from '../audit/log.ts'
import type { Facts, LoadOptions, Operation, Settings } from '../config/load.ts'
import { watchSettings } from '../config/watch.ts'
import { type Console, openConsole } from '../console/server.ts'
import { createEnforcer } from '../enforce.ts'
import { Revocations } from '../identity/revocations.ts'
import { openTokenKey, TokenVerifier } from '../identity/tokens.ts'
import { isOwnListener } from '../locate/address-class.ts'
import { type Geoip, openGeoip } from '../locate/geoip.ts'
import { createKnowledge, type Knowledge } from '../locate/knowledge.ts'
import { type CachingLocator, createLocator } from '../locate/locate.ts'
import { type CachingResolver, createResolver } from '../locate/resolve.ts'
import type { PrefixTables } from '../locate/tables/prefix-tables.ts'
import { CountingMeter } from '../metrics/meter.ts'
import { createRegistry } from '../metrics/registry.ts'
import type { Policy } from '../policy/compile.ts'
import { type Audit, type Clock, type Meter, NO_LEDGER, NO_METER } from '../ports.ts'
import { Acceptance } from '../proxy/acceptance.ts'
import { Budget } from '../proxy/budget.ts'
import { DEFAULT_TIMEOUTS, Deadlines } from '../proxy/deadlines.ts'
import { DEFAULT_LIMITS } from '../proxy/limits/limits.ts'
import { type Listener, listen } from '../proxy/listen.ts'
import { OriginPool } from '../proxy/origin/pool.ts'
import type { OwnContext } from '../proxy/own-request.ts'
import { openAuthority } from '../tls/authority.ts'
import type { CertificateAuthority } from '../tls/authority-pair.ts'
import { createContexts } from '../tls/contexts.ts'
import { openTrust, writeBundle } from '../tls/trust.ts'
import { createCallers } from './callers.ts'
import { sayProblem } from './commands/check.ts'
import {
  configuredListeners,
  type Endpoint,
  ownAddresses,
  toEndpoint,
  toHostPort,
} from './endpoints.ts'
import { type LiveTables, openLiveTables } from './live-tables.ts'
import { CommandError, EXIT, say } from './output.ts'
import { createReadings } from './readings.ts'
import { resolversAbroad, sayResolver } from './resolvers.ts'
import { createTurnedAway } from './turned-away.ts'

export const clock: Clock = { now: () => Date.now() }

/** What it takes to say where a destination is, as the proxy would. */
export interface Evaluation extends Disposable {
  readonly resolver: CachingResolver
  readonly locator: CachingLocator
  readonly geoip: Geoip
  readonly tables: LiveTables
}

/**
 * @param settings with facts; asked again for every destination
 * @param own our listeners; may be filled later.
 */
export async function composeEvaluation(
  settings: () => Settings,
  own: readonly Endpoint[] = configuredListeners(settings().operation),
): Promise<Evaluation> {
  const { operation } = settings()
  const geoip = await openGeoip(operation.geoipFiles ?? undefined)
  const tables = await openLiveTables(operation.tablesDir, () => factsOf(settings()).regions)
  const { dnsServers: servers, hostsFile: hosts, clientSubnet, extraRoots } = operation
  const isEncrypted = servers?.some((server) => server.includes('://')) ?? false
  const trust = isEncrypted ? await openTrust({ extraRoots }) : null
  const resolver = createResolver({ servers, hosts, clock, trust, clientSubnet })
  const locator = createLocator({
    geoip,
    tables: () => tables.current,
    edges: () => factsOf(settings()).edges,
    knowledge: knowing(settings),
    unwrapNat64: resolver.unwrapNat64,
    isOwnListener: (to, port) => isOwnListener(to, port, own, ownAddresses()),
  })
  return { resolver, locator, geoip, tables, [Symbol.dispose]: () => resolver.close() }
}

/** The knowledge that goes with the settings in force. */
function knowing(settings: () => Settings): () => Knowledge {
  const made = new WeakMap<Settings, Knowledge>()
  return () => {
    const current = settings()
    let knowledge = made.get(current)
    if (!knowledge) {
      const { regions, catalogue } = factsOf(current)
      knowledge = createKnowledge(regions, catalogue)
      made.set(current, knowledge)
    }
    return knowledge
  }
}

function factsOf({ facts }: Settings): Facts {
  if (!facts) throw new Error('verdicts were asked for without facts')
  return facts
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

/** The way to origins; ends with the stack. */
function composeOrigins(
  stack: AsyncDisposableStack,
  operation: Operation,
  trust: SecureContext,
  meter: Meter,
) {
  // Times to wait, not times of day: a clock that is set must not end or prolong them.
  const deadlines = new Deadlines({ now: () => performance.now() })
  stack.defer(() => deadlines.close())
  const timeouts = { ...DEFAULT_TIMEOUTS, ...operation.timeouts }
  // Random for each process: seeing it in Via means that a request has been here.
  const pseudonym = `cordon-${randomBytes(6).toString('hex')}`
  const limits = { ...DEFAULT_LIMITS, ...operation.limits }
  const held = { used: 0, limit: limits.held }
  const origins = new OriginPool({
    trust,
    deadlines,
    timeouts,
    pseudonym,
    held,
    maxHeadBytes: limits.head,
    meter,
    report,
  })
  stack.defer(() => origins.close())
  const websocketBudget = new Budget(limits.websocketHeld)
  return { origins, deadlines, timeouts, pseudonym, limits, held, websocketBudget }
}

export interface RunningProxy {
  readonly settings: Settings
  readonly listener: Listener
  readonly console: Console | null
  readonly authority: CertificateAuthority
  readonly geoip: Geoip
  readonly tables: PrefixTables
  /** Flows of an earlier run that had no end. */
  readonly interrupted: number
  reload(): void
  /** Lets calls under way end for at most `grace` milliseconds. */
  close(grace: number): Promise<void>
}

export interface ComposeOptions {
  readonly load: LoadOptions
  readonly settings: Settings
  /** In place of the audit log; for the benchmark that measures what the log costs. */
  readonly audit?: Audit
}

/** Opens everything, in the order in which a failure leaves nothing half-done, and starts to listen. */
export async function composeProxy(options: ComposeOptions): Promise<RunningProxy> {
  await using stack = new AsyncDisposableStack()
  const { settings, load } = options
  const { operation } = settings
  mkdirSync(operation.dataDir, { recursive: true, mode: 0o750 })
  stack.use(holdLock(join(operation.dataDir, 'proxy.lock')))

  const isNewAuthority = !existsSync(join(operation.caDir, 'ca.pem'))
  const authority = await openAuthority(operation.caDir, { now: clock.now() })
  await writeBundle(authority, operation.caDir)
  const trust = await openTrust({ extraRoots: operation.extraRoots })
  const own: Endpoint[] = []
  let inForce = settings
  const evaluation = stack.use(await composeEvaluation(() => inForce, own))
  const { resolver, locator, geoip } = evaluation
  refuseServersAbroad(settings, evaluation)
  const tokens = new TokenVerifier(
    openTokenKey(operation.dataDir),
    new Revocations(operation.dataDir, clock),
    clock,
  )

  const log = new AuditLog({ path: auditPath(operation), onHealth: reportHealth })
  stack.defer(() => log.close())
  const audit = options.audit ?? log
  const interrupted = log.closeInterrupted(clock.now())
  const { breaker } = operation
  const ledger = stack.use(
    new HostLedger({
      log,
      breaker,
      now: clock.now,
      tell: (text) => say(`warning: ${text}`),
      report,
    }),
  )
  const note = (action: string, subject: string, detail: string) =>
    log
      .note({ at: clock.now(), actor: 'cordon', action, subject, detail })
      .catch((error: unknown) => report('audit', error))

  const watch = stack.use(
    watchSettings({
      load,
      first: settings,
      onChange: (next) => {
        inForce = next
        const { policy } = next
        say(`policy reloaded: ${policy.digest.slice(0, 12)}`)
        note('policy-reload', policy.digest, describePolicy(policy))
        warnOfServers(next)
      },
      onRestartNeeded: () =>
        say(
          'listeners, folders, DNS, TLS, GeoIP, identity, residency or timeouts changed: restart to use them',
        ),
      onFailure: (error) => {
        say(`the changed configuration has mistakes, so the last good policy stays in force:`)
        for (const problem of error.problems) say(sayProblem(problem))
        note('policy-reload-failed', watch.current.policy.digest, error.message)
      },
    }),
  )
  const renewal = setInterval(() => {
    evaluation.tables.renew().then(
      (change) => {
        if (change === null) return
        say(change.text)
        note(change.action, 'prefix tables', change.text)
      },
      (error: unknown) => report('prefix tables', error),
    )
  }, TABLES_MS)
  renewal.unref()
  stack.defer(() => clearInterval(renewal))
  const warnOfServers = (current: Settings) => {
    for (const server of resolversAbroad(current, evaluation, clock.now())) {
      say(`warning: ${sayResolver(server)}: it learns the names of all hosts that are called`)
      note('resolver-abroad', server.name, sayResolver(server))
    }
  }
  warnOfServers(settings)
  const policy = () => watch.current.policy
  const meter = new CountingMeter()
  const { origins, ...waiting } = composeOrigins(stack, operation, trust, meter)
  const leaves = createContexts({ authority, clock })
  const context = {
    enforcer: createEnforcer({ clock, resolver, locator, audit, ledger, meter, policy, report }),
    meter,
    identify: createCallers({ tokens, policy, required: operation.identityRequired }),
    origins,
    trust,
    policy,
    isOwnPort: (port: number) => own.some((endpoint) => endpoint.port === port),
    leaves,
    acceptance: new Acceptance(clock, (text) => say(`warning: ${text}`)),
    ...waiting,
    turnedAway: createTurnedAway({ clock, meter, say, note }),
    connections: new Set<{ shutDown(): void }>(),
    report,
  }

  const readings = createReadings({
    clock,
    origins,
    leaves,
    ...waiting,
    geoip,
    namesKnown: () => resolver.size,
    tables: () => evaluation.tables.current,
    policy,
    connections: () => listening?.connections ?? 0,
    audit: log,
  })
  const registry = createRegistry(meter, readings)
  let listening: Listener | null = null
  const console = operation.console
    ? await openConsole(...toHostPort(operation.console), {
        health: () => ({ audit: log.problem }),
        metrics: async () => ({ type: registry.contentType, text: await registry.metrics() }),
      })
    : null
  if (console) stack.defer(() => console.close())
  if (console) own.push(toEndpoint(console))
  const listener = await listen(...toHostPort(operation.proxy), context)
  listening = listener
  own.push(toEndpoint(listener))
  if (isNewAuthority) note('ca-create', authority.fingerprint, authority.path)
  await note('start', `${listener.address}:${listener.port}`, describePolicy(policy()))

  const resources = stack.move()
  return {
    settings,
    listener,
    console,
    authority,
    geoip,
    tables: evaluation.tables.current,
    interrupted,
    reload: () => watch.reload(),
    async close(grace) {
      await listener.close(grace)
      await note('stop', `${listener.address}:${listener.port}`, '')
      await resources.disposeAsync()
    },
  }
}

/**
 * A server that was written down by name is the operator's choice, and has to fit the operator's policy; those of the system are
 * there whether anybody chose them or not, and only warned of.
 *
 * @throws CommandError
 */
function refuseServersAbroad(settings: Settings, evaluation: Evaluation): void {
  const { policy, operation } = settings
  const [first] = resolversAbroad(settings, evaluation, clock.now())
  if (!first || operation.dnsServers === null || !policy.enforced) return
  const hint =
    'choose one inside, or declare under `destinations` where it is: { cidr: ADDRESS, region: [..] }'
  throw new CommandError(EXIT.invalid, `${sayResolver(first)}, and \`dns.servers\` names it`, hint)
}

/** How often a running proxy looks whether `cordon geoip update` has brought newer tables, in milliseconds. */
const TABLES_MS = 5_000

export function auditPath({ dataDir }: Operation): string {
  return join(dataDir, 'audit.db')
}

function describePolicy({ home, enforced, rules }: Policy): string {
  const mode = enforced ? 'enforcing' : 'observing'
  return `${mode}, home ${home.name}, ${rules.length} rules`
}

function reportHealth(problem: string | null): void {
  if (problem) say(`error: the audit log cannot be written, nothing passes: ${problem}`)
  else say('the audit log works again')
}

/** What should not have happened goes to the operator, never to a client. */
function report(where: string, error: unknown): void {
  say(`error: ${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
}
