/** What /metrics says besides what is counted while calls pass: sizes, queues and ages, looked at when somebody asks. */

import type { Geoip } from '../locate/geoip.ts'
import type { PrefixTables } from '../locate/tables/prefix-tables.ts'
import type { Reading, Sample } from '../metrics/registry.ts'
import type { Policy } from '../policy/compile.ts'
import type { Clock } from '../ports.ts'
import type { Budget } from '../proxy/budget.ts'
import type { HeldBytes } from '../proxy/http2/session.ts'
import type { OriginPool } from '../proxy/origin/pool.ts'
import type { Contexts } from '../tls/contexts.ts'

export interface ReadingsOptions {
  readonly clock: Clock
  readonly origins: OriginPool
  readonly leaves: Contexts
  readonly held: HeldBytes
  readonly websocketBudget: Budget
  readonly geoip: Geoip
  /** Names whose addresses are remembered. */
  namesKnown(): number
  tables(): PrefixTables
  policy(): Policy
  /** Client connections that are open. */
  connections(): number
  audit: { readonly problem: string | null; readonly queued: number }
}

export function createReadings(options: ReadingsOptions): readonly Reading[] {
  const { clock, origins, leaves, held, websocketBudget, audit } = options
  const gauge = (name: string, help: string, read: () => readonly Sample[]): Reading => ({
    name,
    help,
    type: 'gauge',
    read,
  })
  const one = (value: number): readonly Sample[] => [{ value }]
  return [
    gauge('cordon_client_connections', 'Client connections that are open.', () =>
      one(options.connections()),
    ),
    gauge('cordon_origin_connections', 'Connections to origins that wait to be used again.', () => {
      const { idle, sessions } = origins.sizes
      return [
        { labels: { kind: 'http1-idle' }, value: idle },
        { labels: { kind: 'http2' }, value: sessions },
      ]
    }),
    gauge('cordon_cache_entries', 'What is remembered, by cache.', () => [
      { labels: { cache: 'names' }, value: options.namesKnown() },
      { labels: { cache: 'leaves' }, value: leaves.size },
      { labels: { cache: 'protocols' }, value: origins.sizes.protocols },
    ]),
    {
      name: 'cordon_leaves_minted_total',
      help: 'Certificates made for intercepted hosts.',
      type: 'counter',
      read: () => one(leaves.minted),
    },
    gauge('cordon_held_bytes', 'Bytes of bodies and messages that wait for somebody.', () => [
      { labels: { what: 'http2' }, value: held.used },
      { labels: { what: 'websocket' }, value: websocketBudget.used },
    ]),
    gauge('cordon_audit_queue', 'Rows that wait to be committed.', () => one(audit.queued)),
    gauge('cordon_audit_healthy', '1 while the log can be written, 0 while nothing passes.', () =>
      one(audit.problem === null ? 1 : 0),
    ),
    gauge('cordon_data_age_seconds', 'How old the data about places is.', () => ages(options)),
    gauge('cordon_policy_info', 'The policy in force.', () => {
      const { digest, enforced } = options.policy()
      return [{ labels: { digest, mode: enforced ? 'enforce' : 'observe' }, value: 1 }]
    }),
    gauge('cordon_time_seconds', 'The clock of the proxy.', () => one(clock.now() / 1_000)),
  ]
}

function ages({ clock, geoip, tables }: ReadingsOptions): readonly Sample[] {
  const dated = [
    ...geoip.files().map(({ source, asOf }) => ({ source, asOf })),
    ...tables()
      .tables()
      .map(({ id, asOf, fetchedAt }) => ({ source: id, asOf: asOf ?? fetchedAt })),
  ]
  return dated.flatMap(({ source, asOf }) =>
    asOf === null
      ? []
      : [{ labels: { source }, value: Math.round((clock.now() - Date.parse(asOf)) / 1_000) }],
  )
}
