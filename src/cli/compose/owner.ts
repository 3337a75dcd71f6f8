/**
 * What there is once, however many processes serve traffic: the lock on the data directory, the CA, the log, what is remembered of hosts,
 * and the one version of the policy that is in force.
 */

import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { holdLock } from '../../audit/database.ts'
import type { InterruptedFlow } from '../../audit/interrupted.ts'
import { HostLedger } from '../../audit/ledger.ts'
import { AuditLog } from '../../audit/log.ts'
import type { LoadOptions, Settings } from '../../config/load.ts'
import { watchSettings } from '../../config/watch.ts'
import type { Desk } from '../../holds/desk.ts'
import { openTokenKey } from '../../identity/tokens.ts'
import type { Policy } from '../../policy/compile.ts'
import { openAuthority } from '../../tls/authority.ts'
import type { CertificateAuthority } from '../../tls/authority-pair.ts'
import { writeBundle } from '../../tls/trust.ts'
import { sayProblem } from '../commands/check.ts'
import type { Endpoint } from '../endpoints.ts'
import { expectFreePorts } from '../free-ports.ts'
import { sayObserved } from '../observed.ts'
import { CommandError, EXIT, say } from '../output.ts'
import { resolversAbroad, sayResolver } from '../resolvers.ts'
import { composeDesk } from './desk.ts'
import { composeEvaluation, type Evaluation } from './evaluation.ts'
import { auditPath, clock, report, reportHealth } from './process.ts'

export interface Owner extends AsyncDisposable {
  /** In force now. */
  readonly settings: Settings
  readonly log: AuditLog
  readonly ledger: HostLedger
  readonly desk: Desk
  readonly authority: CertificateAuthority
  readonly evaluation: Evaluation
  /** Our listeners, as they come to be bound. */
  readonly own: Endpoint[]
  /** Flows of an earlier run that had no end. */
  readonly interrupted: readonly InterruptedFlow[]
  /** Whether the files ask for a policy that could not be brought into force: then the last good one still is. */
  readonly isPolicyStale: boolean
  /** To be called when another policy has come into force; none may throw. */
  readonly onPolicy: Set<() => void>
  /** Writes down what was done; never rejects. */
  note(action: string, subject: string, detail: string): Promise<void>
  reload(): void
}

export interface OwnerOptions {
  readonly load: LoadOptions
  readonly settings: Settings
  /** Brings a new version of the settings into force, before anybody is told. Default: there is nothing to do. */
  readonly bringIntoForce?: (next: Settings) => Promise<void>
}

/** How often it is looked whether `cordon geoip update` has brought newer tables, in milliseconds. */
export const TABLES_MS = 5_000

/** Opens everything, in the order in which a failure leaves nothing half-done. */
export async function composeOwner({
  settings,
  load,
  bringIntoForce,
}: OwnerOptions): Promise<Owner> {
  await using stack = new AsyncDisposableStack()
  const { operation } = settings
  const lock = join(operation.dataDir, 'proxy.lock')
  // Where a proxy runs already, that is what to say: its lock is there.
  const isFirst = !existsSync(lock)
  if (isFirst) await expectFreePorts(operation)
  mkdirSync(operation.dataDir, { recursive: true, mode: 0o750 })
  stack.use(holdLock(lock))
  if (!isFirst) await expectFreePorts(operation)

  const isNewAuthority = !existsSync(join(operation.caDir, 'ca.pem'))
  const authority = await openAuthority(operation.caDir, { now: clock.now() })
  await writeBundle(authority, operation.caDir)
  openTokenKey(operation.dataDir)
  const own: Endpoint[] = []
  let inForce = settings
  const evaluation = stack.use(await composeEvaluation(() => inForce, own))
  refuseServersAbroad(settings, evaluation)

  const log = new AuditLog({ path: auditPath(operation), onHealth: reportHealth })
  stack.defer(() => log.close())
  const interrupted = log.closeInterrupted(clock.now())
  const { breaker } = operation
  const tell = (text: string) => say(`warning: ${text}`)
  const ledger = stack.use(new HostLedger({ log, breaker, now: clock.now, tell, report }))
  const desk = stack.use(composeDesk({ log, settings: () => inForce, evaluation }))
  const note = (action: string, subject: string, detail: string) =>
    log
      .note({ at: clock.now(), actor: 'cordon', action, subject, detail })
      .catch((error: unknown) => report('audit', error))
  const warnOfServers = (current: Settings) => {
    for (const server of resolversAbroad(current, evaluation, clock.now())) {
      say(`warning: ${sayResolver(server)}: it learns the names of all hosts that are called`)
      note('resolver-abroad', server.name, sayResolver(server))
    }
  }
  const onPolicy = new Set<() => void>()
  const change = async (next: Settings) => {
    await bringIntoForce?.(next)
    inForce = next
    const { policy } = next
    say(`policy reloaded: ${policy.digest.slice(0, 12)}`)
    for (const line of sayObserved(policy)) say(`warning: ${line}`)
    await note('policy-reload', policy.digest, describePolicy(policy))
    warnOfServers(next)
    for (const tell of onPolicy) tell()
  }
  let hasMistakes = false
  // One after the other: a version that is being brought into force is not overtaken by the next.
  let changing: Promise<void> = Promise.resolve()
  const watch = stack.use(
    watchSettings({
      load,
      first: settings,
      onChange: (next) => {
        changing = changing
          .then(() => change(next))
          .catch((error: unknown) => report('policy reload', error))
      },
      onRestartNeeded: () =>
        say(
          'listeners, notices, workers, folders, DNS, TLS, origins, GeoIP, identity, residency, limits or timeouts changed: restart to use them',
        ),
      onRead: () => {
        hasMistakes = false
      },
      onFailure: (error) => {
        hasMistakes = true
        say(`the changed configuration has mistakes, so the last good policy stays in force:`)
        for (const problem of error.problems) say(sayProblem(problem))
        note('policy-reload-failed', watch.current.policy.digest, error.message)
      },
    }),
  )
  const renewal = setInterval(() => {
    evaluation.tables.renew().then(
      (found) => {
        if (found === null) return
        say(found.text)
        note(found.action, 'prefix tables', found.text)
      },
      (error: unknown) => report('prefix tables', error),
    )
  }, TABLES_MS)
  renewal.unref()
  stack.defer(() => clearInterval(renewal))
  warnOfServers(settings)
  if (isNewAuthority) note('ca-create', authority.fingerprint, authority.path)

  const resources = stack.move()
  return {
    get settings() {
      return inForce
    },
    log,
    ledger,
    desk,
    authority,
    evaluation,
    own,
    interrupted,
    get isPolicyStale() {
      return hasMistakes || watch.current.policy.digest !== inForce.policy.digest
    },
    onPolicy,
    note,
    reload: () => watch.reload(),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
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

export function describePolicy({ home, enforced, rules }: Policy): string {
  const mode = enforced ? 'enforcing' : 'observing'
  const observed = rules.filter((rule) => rule.observed).length
  const only = enforced && observed > 0 ? `, ${observed} of them only observed` : ''
  return `${mode}, home ${home.name}, ${rules.length} rules${only}`
}
