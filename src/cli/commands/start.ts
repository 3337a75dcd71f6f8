/** `cordon start`: runs the proxy, and says what it enforces, where and with which data. */

import { availableParallelism } from 'node:os'
import { relative } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import type { PrefixTables } from '../../locate/tables/prefix-tables.ts'
import { composeSupervisor } from '../compose/cluster/supervisor.ts'
import { composeProxy, type RunningProxy } from '../compose/proxy.ts'
import type { BoundTransparent } from '../compose/traffic.ts'
import { COMMAND } from '../invocation.ts'
import { sayObserved } from '../observed.ts'
import { EXIT, print, say } from '../output.ts'
import { openServiceManager, type ServiceManager } from '../service-manager.ts'
import {
  type ConfigOptions,
  loadWithFacts,
  toListenAddress,
  toLoadOptions,
  withConfig,
} from '../settings.ts'

interface StartOptions extends ConfigOptions {
  readonly json?: boolean
  readonly workers?: number
}

/** Milliseconds that calls under way get when the proxy is told to stop. */
const GRACE_MS = 10_000

export function addStart(program: Command): void {
  withConfig(program.command('start'))
    .description('run the proxy')
    .option('--home <zone...>', 'where data may be processed: zones or ISO codes, e.g. EEA CH')
    .option('--observe', 'decide and record, but let everything pass')
    .option(
      '--transparent <address:port>',
      'take over connections that a firewall leads here, e.g. 0.0.0.0:3129 (Linux)',
      toListenAddress,
    )
    .option('--workers <n>', 'processes that serve; default: one for each CPU', toWorkers)
    .option('--json', 'print what was bound as one line of JSON')
    .addHelpText(
      'after',
      '\nExample:\n  cordon start --home EEA CH\n  cordon start --observe --config cordon.yaml',
    )
    .action(async (options: StartOptions) => {
      const manager = await openServiceManager()
      const settings = loadWithFacts(options)
      const load = toLoadOptions(options, true)
      const workers = options.workers ?? settings.operation.workers ?? availableParallelism()
      const proxy =
        workers === 1
          ? await composeProxy({ settings, load })
          : await composeSupervisor({ settings, load }, workers)
      // Before anybody can know that it runs: who is told so may end it at once.
      const ended = stopped(proxy, manager)
      sayBanner(proxy, options)
      manager.ready(`listening at ${toText(proxy.bound)}`)
      if (options.json) print(JSON.stringify(toJson(proxy)))
      await ended
      process.exitCode = EXIT.ok
    })
}

/** As `workers` of the configuration. */
const MAX_WORKERS = 256

function toWorkers(text: string): number {
  const count = Number(text)
  if (!/^\d+$/.test(text) || count < 1 || count > MAX_WORKERS) {
    throw new InvalidArgumentError(`a number from 1 to ${MAX_WORKERS} is expected`)
  }
  return count
}

/** Resolves when the proxy was told to stop and has stopped. A second signal does not wait. */
function stopped(proxy: RunningProxy, manager: ServiceManager): Promise<void> {
  process.on('SIGHUP', () => proxy.reload())
  return new Promise((resolve) => {
    let stopping = false
    const stop = () => {
      if (stopping) process.exit(EXIT.failed)
      stopping = true
      say('stopping; calls under way may end')
      manager.stopping()
      proxy.close(GRACE_MS).then(resolve, (error: unknown) => {
        say(`error: ${String(error)}`)
        process.exit(EXIT.failed)
      })
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
  })
}

function sayBanner(
  {
    settings,
    bound,
    transparent,
    dns,
    console,
    authority,
    geoip,
    tables,
    interrupted,
    workers,
  }: RunningProxy,
  { config, data }: StartOptions,
): void {
  const { policy, operation, configPath } = settings
  const here = (path: string) => relative(process.cwd(), path) || '.'
  const lines = [
    [
      'proxy',
      `http://${bound.address}:${bound.port}, ${workers === 1 ? '1 process' : `${workers} processes`}`,
    ],
    ['transparent', transparent ? sayTransparent(transparent) : 'off'],
    ['names', dns ? `answered at ${toText(dns)}` : 'off'],
    ['console', console ? `http://${console.address}:${console.port}/readyz` : 'off'],
    [
      'policy',
      `${configPath ? here(configPath) : 'built in (rules/default.yaml)'}, ${policy.rules.length} rules`,
    ],
    [
      'placement',
      Object.entries(policy.defaults)
        .map(([key, action]) => `${key} ${action}`)
        .join(', '),
    ],
    [
      'GeoIP',
      geoip
        .files()
        .map(({ source, asOf }) => `${source} ${asOf ?? 'undated'}`)
        .join(', '),
    ],
    ['tables', sayTables(tables)],
    ['log', here(`${operation.dataDir}/audit.db`)],
    ['CA', `${here(authority.path)} SHA-256 ${authority.fingerprint}`],
  ]
  const { name, countries } = policy.home
  say(
    `${policy.enforced ? 'enforcing' : 'OBSERVING ONLY, nothing is blocked or held'}: home is ${name} (${countries.size} ${countries.size === 1 ? 'country' : 'countries'})`,
  )
  for (const [key = '', value = ''] of lines) say(`  ${key.padEnd(11)} ${value}`)
  for (const line of sayObserved(policy)) say(`warning: ${line}`)
  if (interrupted > 0)
    say(`${interrupted} flows of an earlier run had no end and are recorded as failed`)
  say(
    'another home: `npm start -- --home US`; look without blocking: `npm start -- --observe`; own rules: `cordon init`',
  )
  say('on an agent host run this line, then the agent:')
  say(`  eval "$(${COMMAND} env${sayOptions({ config })})"`)
  if (!console?.adminToken) return
  say('to decide about what is held use this token of `admin`; it is not shown again:')
  say(`  export CORDON_TOKEN=${console.adminToken}`)
  say(`  ${COMMAND} holds${sayOptions({ config, data })}`)
}

/** What other commands need to find the same proxy. `env` needs no data. */
function sayOptions(options: Readonly<Record<string, string | undefined>>): string {
  const words = Object.entries(options).map(([name, value]) =>
    value === undefined ? '' : ` --${name} ${toShell(value)}`,
  )
  return words.join('')
}

function toShell(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** The oldest date counts: that is how far the tables can be behind. */
function sayTables(tables: PrefixTables): string {
  const dates = tables.tables().map(({ asOf, fetchedAt }) => asOf ?? fetchedAt.slice(0, 10))
  const [oldest] = dates.sort()
  return oldest === undefined
    ? 'none: `cordon geoip update` fetches what providers say of their own addresses'
    : `${dates.length} of providers, the oldest of ${oldest}`
}

function toJson({ settings, bound, transparent, dns, console, authority, workers }: RunningProxy) {
  const { policy, operation } = settings
  return {
    proxy: toText(bound),
    transparent: transparent ? toText(transparent) : null,
    dns: dns ? toText(dns) : null,
    transparent_modes: transparent ? modesOf(transparent) : [],
    console: console ? toText(console) : null,
    mode: policy.enforced ? 'enforce' : 'observe',
    observed: policy.rules.filter(({ observed }) => observed).map(({ id }) => id),
    home: [...policy.home.countries].sort(),
    policy_digest: policy.digest,
    ca: authority.path,
    data: operation.dataDir,
    workers,
    pid: process.pid,
    ...(console?.adminToken ? { admin_token: console.adminToken } : {}),
  }
}

function sayTransparent(transparent: BoundTransparent): string {
  const { withoutTproxy } = transparent
  const without = withoutTproxy === null ? '' : ` (no TPROXY: ${withoutTproxy})`
  return `${toText(transparent)}, by ${modesOf(transparent).join(' and ')}${without}`
}

function modesOf({ withoutTproxy }: BoundTransparent): readonly string[] {
  return withoutTproxy === null ? ['redirect', 'tproxy'] : ['redirect']
}

function toText({ address, port }: { readonly address: string; readonly port: number }): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
