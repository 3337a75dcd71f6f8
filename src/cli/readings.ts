/** What /metrics says besides what is counted while calls pass: sizes, queues and ages, looked at when somebody asks. */

import type { Reading, Sample } from '../metrics/registry.ts'
import type { Budget } from '../proxy/budget.ts'
import type { HeldBytes } from '../proxy/http2/connection.ts'
import type { ConnectionCounts } from '../proxy/limits/connections.ts'
import type { OriginPool } from '../proxy/origin/pool.ts'
import type { Contexts } from '../tls/contexts.ts'
import type { TlsSessions } from '../tls/sessions.ts'
import type { Owner } from './compose/owner.ts'
import { clock } from './compose/process.ts'

export interface TrafficParts {
  readonly origins: OriginPool
  /** Of TLS with origins. */
  readonly sessions: TlsSessions
  readonly leaves: Contexts
  readonly held: HeldBytes
  readonly websocketBudget: Budget
  readonly counts: ConnectionCounts
  /** Names whose addresses are remembered. */
  namesKnown(): number
}

/** Of a process that serves. */
export function trafficReadings(parts: TrafficParts): readonly Reading[] {
  const { origins, sessions, leaves, held, websocketBudget, counts, namesKnown } = parts
  return [
    gauge('cordon_client_connections', 'Client connections that are open.', () =>
      one(counts.total),
    ),
    gauge(
      'cordon_origin_connections',
      'Connections to origins, by kind; `all` counts each.',
      () => {
        const { total, idle, sessions } = origins.sizes
        return [
          { labels: { kind: 'all' }, value: total },
          { labels: { kind: 'http1-idle' }, value: idle },
          { labels: { kind: 'http2' }, value: sessions },
        ]
      },
    ),
    gauge('cordon_origin_waiting', 'Calls that wait for a connection to an origin.', () =>
      one(origins.sizes.waiting),
    ),
    gauge('cordon_cache_entries', 'What is remembered, by cache.', () => [
      { labels: { cache: 'names' }, value: namesKnown() },
      { labels: { cache: 'leaves' }, value: leaves.size },
      { labels: { cache: 'protocols' }, value: origins.sizes.protocols },
      { labels: { cache: 'tls-sessions' }, value: sessions.size },
    ]),
    {
      name: 'cordon_origin_handshakes_total',
      help: 'TLS handshakes with origins that succeeded: whole ones, and those that resumed a session.',
      type: 'counter',
      read: () => [
        { labels: { kind: 'whole' }, value: sessions.handshakes.whole },
        { labels: { kind: 'resumed' }, value: sessions.handshakes.resumed },
      ],
    },
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
  ]
}

/** Of the process that owns the log and the policy. */
export function ownerReadings(owner: Owner): readonly Reading[] {
  const { log, desk } = owner
  const pending = () => desk.holds().filter(({ state }) => state === 'pending')
  return [
    gauge('cordon_audit_queue', 'Rows that wait to be committed.', () => one(log.queued)),
    gauge('cordon_audit_healthy', '1 while the log can be written, 0 while nothing passes.', () =>
      one(log.problem === null ? 1 : 0),
    ),
    gauge('cordon_data_age_seconds', 'How old the data about places is.', () => ages(owner)),
    gauge('cordon_policy_info', 'The policy in force.', () => {
      const { digest, enforced } = owner.settings.policy
      return [{ labels: { digest, mode: enforced ? 'enforce' : 'observe' }, value: 1 }]
    }),
    gauge(
      'cordon_policy_stale',
      '1 while the files ask for a policy that could not be brought into force, so that the last good one still is.',
      () => one(owner.isPolicyStale ? 1 : 0),
    ),
    gauge('cordon_holds_pending', 'Calls that wait for a person.', () => one(pending().length)),
    gauge('cordon_hold_age_seconds', 'How long the oldest of them has waited.', () => {
      const since = pending()[0]?.openedAt
      return one(since === undefined ? 0 : Math.max(0, (clock.now() - since) / 1_000))
    }),
    gauge('cordon_grants_active', 'Grants in force.', () =>
      one(desk.grants().filter(({ state }) => state === 'active').length),
    ),
    gauge('cordon_time_seconds', 'The clock of the proxy.', () => one(clock.now() / 1_000)),
  ]
}

function gauge(name: string, help: string, read: () => readonly Sample[]): Reading {
  return { name, help, type: 'gauge', read }
}

function one(value: number): readonly Sample[] {
  return [{ value }]
}

function ages({ evaluation }: Owner): readonly Sample[] {
  const { geoip, tables } = evaluation
  const dated = [
    ...geoip.files().map(({ source, asOf }) => ({ source, asOf })),
    ...tables.current
      .tables()
      .map(({ id, asOf, fetchedAt }) => ({ source: id, asOf: asOf ?? fetchedAt })),
  ]
  return dated.flatMap(({ source, asOf }) =>
    asOf === null
      ? []
      : [{ labels: { source }, value: Math.round((clock.now() - Date.parse(asOf)) / 1_000) }],
  )
}
