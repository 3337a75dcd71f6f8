/** A running proxy: one process that does everything, or one that owns and several that serve. */

import type { LoadOptions, Settings } from '../../config/load.ts'
import type { Geoip } from '../../locate/geoip.ts'
import type { PrefixTables } from '../../locate/tables/prefix-tables.ts'
import { createRegistry, expose } from '../../metrics/registry.ts'
import type { Audit } from '../../ports.ts'
import type { CertificateAuthority } from '../../tls/authority-pair.ts'
import { TicketRing } from '../../tls/tickets.ts'
import { ownerReadings } from '../readings.ts'
import type { OwnConsole } from './console.ts'
import { composeOwner, describePolicy, type Owner } from './owner.ts'
import { composePeople } from './people.ts'
import { clock } from './process.ts'
import { type Bound, type BoundTransparent, composeTraffic } from './traffic.ts'

export interface RunningProxy {
  readonly settings: Settings
  /** Where the proxy port was bound. */
  readonly bound: Bound
  readonly transparent: BoundTransparent | null
  readonly dns: Bound | null
  readonly console: OwnConsole | null
  readonly workers: number
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

/** Everything in this process. */
export async function composeProxy(options: ComposeOptions): Promise<RunningProxy> {
  await using stack = new AsyncDisposableStack()
  const owner = stack.use(await composeOwner(options))
  const { ledger, desk, authority, evaluation, own, note } = owner
  const traffic = stack.use(
    await composeTraffic({
      settings: () => owner.settings,
      audit: options.audit ?? owner.log,
      ledger,
      holds: desk,
      authority,
      evaluation,
      own,
      tickets: new TicketRing({ clock }),
      note,
    }),
  )
  const { listener, transparent, dns, meter, readings } = traffic
  for (const { placement, action } of owner.interrupted) {
    meter.flow(placement, action, 'failed', 0, 0)
  }
  const metrics = () => expose(registry)
  const people = stack.use(await composePeople(owner, { metrics }))
  const { console } = people
  const all = [...readings, ...ownerReadings(owner), ...people.readings]
  const registry = createRegistry(meter, all)
  await noteStart(owner, listener)
  const resources = stack.move()
  return {
    ...toRunning(owner),
    bound: listener,
    transparent,
    dns,
    console,
    workers: 1,
    async close(grace) {
      desk.close()
      await traffic.close(grace)
      await note('stop', sayBound(listener), '')
      await resources.disposeAsync()
    },
  }
}

export function toRunning(owner: Owner) {
  const { settings, authority, evaluation, interrupted } = owner
  const { geoip, tables } = evaluation
  const { length } = interrupted
  const reload = () => owner.reload()
  return { settings, authority, geoip, tables: tables.current, interrupted: length, reload }
}

export async function noteStart(owner: Owner, bound: RunningProxy['bound']): Promise<void> {
  await owner.note('start', sayBound(bound), describePolicy(owner.settings.policy))
}

export function sayBound({ address, port }: RunningProxy['bound']): string {
  return `${address}:${port}`
}
